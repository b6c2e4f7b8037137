//! What must be seen: values by equality, or one matcher.

use std::fmt;

use regex::{Regex, RegexBuilder};
use serde_json::{Number, Value};

use crate::problem::Faults;
use crate::source::Span;
use crate::tree::{Node, Tree};
use crate::yaml::escaped;

/// The words that make a map of one key a matcher.
pub const MATCHERS: [&str; 8] = ["is", "not", "has", "matches", "starts_with", "one_of", "between", "absent"];

/// What a value must be, and where the file says so.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// Equal: a value as written, or `{ is: value }`, which takes a map or list as a whole.
    Is(Value, Span),
    /// `{ not: … }`: whatever is said below does not hold.
    Not(Box<Expected>, Span),
    /// `{ has: … }`: a text has this part, a list this element, a map this key. Of a list, everything.
    Has(Vec<Expected>, Span),
    /// `{ matches: regex }`: the regular expression is found in the text.
    Matches(String, Span),
    /// `{ starts_with: text }`.
    StartsWith(String, Span),
    /// `{ one_of: [ … ] }`: one of these holds.
    OneOf(Vec<Expected>, Span),
    /// `{ between: [least, most] }`: both ends belong to it.
    Between(Number, Number, Span),
    /// `{ absent: true }`: nothing is there, or null; `{ absent: false }`: something is.
    Absent(bool, Span),
    /// A map: these keys at least, each as expected.
    Map(Vec<(String, Expected)>, Span),
    /// A list: as many elements, each as expected.
    List(Vec<Expected>, Span),
}

/// One difference between what was expected and what came.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// Where the file says what was expected.
    pub span: Span,
    /// The member that differs, below what was compared; empty for the whole.
    pub path: String,
    /// What was expected, in words or as a value.
    pub expected: String,
    /// What came.
    pub received: String,
}

impl Expected {
    /// Reads what the file says.
    pub(crate) fn read(node: &Node, faults: &mut Faults) -> Self {
        let span = node.span.clone();
        match &node.tree {
            Tree::List(nodes) => Self::List(nodes.iter().map(|node| Self::read(node, faults)).collect(), span),
            Tree::Map(map) => {
                let mut words = map.entries.iter().filter(|(key, _)| MATCHERS.contains(&key.as_str()));
                match (words.next(), map.entries.len()) {
                    (Some((word, entry)), 1) => Self::matcher(word, &entry.value, &span, faults),
                    (Some((word, entry)), _) => {
                        let message = format!("`{word}` is a matcher, and a matcher stands alone");
                        let fix = format!("keep `{word}` only, or write {{ is: {{ … }} }} for a map with such a key");
                        faults.at(&entry.key, "matcher.alone", message, fix);
                        Self::Is(Value::Null, span)
                    }
                    (None, 1) => {
                        let (key, entry) = map.in_order()[0];
                        if let Some(near) = misspelled(key) {
                            let message = format!("`{}` is no matcher", escaped(key));
                            faults.at(&entry.key, "matcher.unknown", message, format!("write `{near}`"));
                        }
                        Self::Map(vec![(key.to_owned(), Self::read(&entry.value, faults))], span)
                    }
                    (None, _) => {
                        let entries = map.in_order().into_iter();
                        Self::Map(
                            entries.map(|(key, entry)| (key.to_owned(), Self::read(&entry.value, faults))).collect(),
                            span,
                        )
                    }
                }
            }
            Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::Text(_) => Self::Is(node.to_json(), span),
        }
    }

    fn matcher(word: &str, node: &Node, whole: &Span, faults: &mut Faults) -> Self {
        let span = node.span.clone();
        let mut wrong = |wanted: &str, example: &str| {
            let message = format!("`{word}` takes {wanted}, and this is {}", node.kind());
            faults.at(&node.span, "matcher.value", message, format!("write {example}"));
            Self::Is(Value::Null, whole.clone())
        };
        match (word, &node.tree) {
            ("is", _) => Self::Is(node.to_json(), span),
            ("not", _) => Self::Not(Box::new(Self::read(node, faults)), span),
            ("has", Tree::List(nodes)) => Self::Has(nodes.iter().map(|node| Self::read(node, faults)).collect(), span),
            ("has", _) => Self::Has(vec![Self::read(node, faults)], span),
            ("matches", Tree::Text(pattern)) => {
                if !pattern.contains("${")
                    && let Err(reason) = regex(pattern)
                {
                    let message = format!("this is no regular expression: {reason}");
                    faults.at(&span, "matcher.value", message, "see https://docs.rs/regex for what it may hold");
                }
                Self::Matches(pattern.clone(), span)
            }
            ("matches", _) => wrong("a regular expression", "{ matches: \"^api://\" }"),
            ("starts_with", Tree::Text(text)) => Self::StartsWith(text.clone(), span),
            ("starts_with", _) => wrong("a text", "{ starts_with: \"api://\" }"),
            ("one_of", Tree::List(nodes)) if !nodes.is_empty() => {
                Self::OneOf(nodes.iter().map(|node| Self::read(node, faults)).collect(), span)
            }
            ("one_of", _) => wrong("a list of values", "{ one_of: [401, 403] }"),
            ("between", Tree::List(nodes)) => match nodes.as_slice() {
                [Node { tree: Tree::Number(least), .. }, Node { tree: Tree::Number(most), .. }]
                    if least.as_f64() <= most.as_f64() =>
                {
                    Self::Between(least.clone(), most.clone(), span)
                }
                _ => wrong("two numbers, the smaller first", "{ between: [3599, 5400] }"),
            },
            ("between", _) => wrong("two numbers, the smaller first", "{ between: [3599, 5400] }"),
            ("absent", Tree::Bool(absent)) => Self::Absent(*absent, span),
            _ => wrong("true or false", "{ absent: true }"),
        }
    }

    /// Where the file says so.
    #[must_use]
    pub fn span(&self) -> &Span {
        match self {
            Self::Is(_, span)
            | Self::Not(_, span)
            | Self::Has(_, span)
            | Self::Matches(_, span)
            | Self::StartsWith(_, span)
            | Self::OneOf(_, span)
            | Self::Between(_, _, span)
            | Self::Absent(_, span)
            | Self::Map(_, span)
            | Self::List(_, span) => span,
        }
    }

    /// All differences from what came; none means that it holds.
    #[must_use]
    pub fn compare(&self, received: Option<&Value>) -> Vec<Mismatch> {
        let mut found = Vec::new();
        self.compare_at("", received, &mut found);
        found
    }

    fn compare_at(&self, path: &str, received: Option<&Value>, found: &mut Vec<Mismatch>) {
        let holds = match (self, received) {
            (Self::Map(entries, _), Some(Value::Object(members))) => {
                for (key, expected) in entries {
                    expected.compare_at(&joined(path, key), members.get(key), found);
                }
                return;
            }
            (Self::List(elements, _), Some(Value::Array(values))) if elements.len() == values.len() => {
                for (index, (expected, value)) in elements.iter().zip(values).enumerate() {
                    expected.compare_at(&joined(path, &index.to_string()), Some(value), found);
                }
                return;
            }
            (Self::Map(entries, _), None) => entries.iter().all(|(_, expected)| expected.compare(None).is_empty()),
            (Self::Map(..) | Self::List(..), _) => false,
            (Self::Is(expected, _), Some(value)) => equal(expected, value),
            (Self::Is(..), None) => false,
            (Self::Not(expected, _), received) => !expected.compare(received).is_empty(),
            (Self::Has(parts, _), Some(value)) => parts.iter().all(|part| part.is_part_of(value)),
            (Self::Has(..), None) => false,
            (Self::Matches(pattern, _), Some(Value::String(text))) => {
                regex(pattern).is_ok_and(|regex| regex.is_match(text))
            }
            (Self::StartsWith(start, _), Some(Value::String(text))) => text.starts_with(start.as_str()),
            (Self::Matches(..) | Self::StartsWith(..), _) => false,
            (Self::OneOf(several, _), received) => several.iter().any(|expected| expected.compare(received).is_empty()),
            (Self::Between(least, most, _), Some(Value::Number(number))) => {
                least.as_f64() <= number.as_f64() && number.as_f64() <= most.as_f64()
            }
            (Self::Between(..), _) => false,
            (Self::Absent(absent, _), received) => received.is_none_or(Value::is_null) == *absent,
        };
        if !holds {
            found.push(Mismatch {
                span: self.span().clone(),
                path: path.to_owned(),
                expected: self.to_string(),
                received: received.map_or_else(|| "nothing".to_owned(), shown),
            });
        }
    }

    /// Whether the value has this: a part of a text, an element of a list, a key of a map.
    fn is_part_of(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Is(Value::String(part), _), Value::String(text)) => text.contains(part.as_str()),
            (Self::Is(Value::String(key), _), Value::Object(members)) => members.contains_key(key),
            (Self::Map(..), Value::Object(_)) => self.compare(Some(value)).is_empty(),
            (_, Value::Array(elements)) => elements.iter().any(|element| self.compare(Some(element)).is_empty()),
            _ => false,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |values: &[Self]| values.iter().map(Self::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Self::Is(value, _) => f.write_str(&shown(value)),
            Self::Not(expected, _) => write!(f, "not {expected}"),
            Self::Has(parts, _) => write!(f, "something that has {}", list(parts)),
            Self::Matches(pattern, _) => write!(f, "a text that matches {}", escaped(pattern)),
            Self::StartsWith(start, _) => write!(f, "a text that starts with \"{}\"", escaped(start)),
            Self::OneOf(several, _) => write!(f, "one of {}", list(several)),
            Self::Between(least, most, _) => write!(f, "a number from {least} to {most}"),
            Self::Absent(true, _) => f.write_str("nothing"),
            Self::Absent(false, _) => f.write_str("something"),
            Self::Map(entries, _) => {
                let entries: Vec<String> = entries.iter().map(|(key, expected)| format!("{key}: {expected}")).collect();
                write!(f, "{{ {} }}", entries.join(", "))
            }
            Self::List(elements, _) => write!(f, "[{}]", list(elements)),
        }
    }
}

/// The matcher that was probably meant; a key that is further away from all of them is a key.
fn misspelled(key: &str) -> Option<&'static str> {
    let folded = key.to_lowercase().replace('-', "_");
    MATCHERS.into_iter().filter(|word| word.len() > 3).find(|word| {
        folded.len() <= 40 && (strsim::damerau_levenshtein(&folded, word) == 1 || folded == word.replace('_', ""))
    })
}

fn regex(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(1 << 20).build().map_err(|error| {
        let text = error.to_string();
        text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
    })
}

/// Equal as JSON, and numbers by their value.
fn equal(expected: &Value, received: &Value) -> bool {
    match (expected, received) {
        (Value::Number(expected), Value::Number(received)) => {
            expected == received || expected.as_f64() == received.as_f64()
        }
        (Value::Array(expected), Value::Array(received)) => {
            expected.len() == received.len() && expected.iter().zip(received).all(|(a, b)| equal(a, b))
        }
        (Value::Object(expected), Value::Object(received)) => {
            expected.len() == received.len()
                && expected.iter().all(|(key, value)| received.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => expected == received,
    }
}

/// A value as a message shows it: short, and never a whole token.
pub(crate) fn shown(value: &Value) -> String {
    const LONGEST: usize = 300;
    let text = value.to_string();
    let is_token = |text: &str| text.starts_with("eyJ") && text.len() > 60 && !text.contains(char::is_whitespace);
    if let Value::String(text) = value
        && is_token(text)
    {
        return "a token".to_owned();
    }
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::Source;
    use crate::yaml::parse;

    fn expected(text: &str) -> Expected {
        let mut faults = Faults::default();
        let expected = Expected::read(&parse(&Source::new("test", text)).unwrap(), &mut faults);
        faults.or(expected).unwrap()
    }

    #[test]
    fn every_matcher_holds_and_fails() {
        for (text, good, bad) in [
            ("406", json!(406), json!("406")),
            ("1.0", json!(1), json!(2)),
            ("{ is: { a: 1 } }", json!({"a": 1}), json!({"a": 1, "b": 2})),
            ("{ a: 1 }", json!({"a": 1, "b": 2}), json!({"b": 2})),
            ("{ not: 5 }", json!(6), json!(5)),
            ("{ not: { has: x } }", json!("abc"), json!("axc")),
            ("{ has: b }", json!("abc"), json!("acd")),
            ("{ has: b }", json!(["a", "b"]), json!(["abc"])),
            ("{ has: b }", json!({"b": null}), json!({"a": "b"})),
            ("{ has: [a, b] }", json!(["b", "c", "a"]), json!(["a", "c"])),
            ("{ has: { name: x } }", json!([{"name": "x", "n": 1}]), json!([{"name": "y"}])),
            ("{ matches: \"^a+$\" }", json!("aaa"), json!("ab")),
            ("{ starts_with: ab }", json!("abc"), json!("b")),
            ("{ one_of: [401, { between: [500, 599] }] }", json!(503), json!(403)),
            ("{ between: [1, 2] }", json!(2), json!(2.5)),
            ("{ absent: true }", json!(null), json!(0)),
            ("{ absent: false }", json!(0), json!(null)),
            ("[1, { has: b }]", json!([1, "abc"]), json!([1])),
            ("null", json!(null), json!(0)),
        ] {
            let expected = expected(text);
            assert_eq!(expected.compare(Some(&good)), [], "{text} with {good}");
            assert!(!expected.compare(Some(&bad)).is_empty(), "{text} with {bad}");
        }
        assert!(expected("{ a: { absent: true } }").compare(None).is_empty());
        assert!(expected("{ not: x }").compare(None).is_empty());
        assert!(!expected("x").compare(None).is_empty());
    }

    #[test]
    fn a_mismatch_says_where_and_what() {
        let mismatches = expected("token:\n  aud: { starts_with: \"api://\" }\n  ver: '1.0'\n")
            .compare(Some(&json!({"token": {"aud": "guid", "ver": "1.0"}})));
        let [mismatch] = mismatches.as_slice() else { panic!("{mismatches:?}") };
        assert_eq!(mismatch.path, "token.aud");
        assert_eq!(mismatch.span.to_string(), "test:2:23");
        assert_eq!(mismatch.expected, "a text that starts with \"api://\"");
        assert_eq!(mismatch.received, "\"guid\"");
    }

    #[test]
    fn a_token_is_not_shown() {
        let token = format!("eyJ{}.x.y", "a".repeat(80));
        let mismatch = &expected("other").compare(Some(&json!(token)))[0];
        assert_eq!(mismatch.received, "a token");
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_is_what_it_is(value in values(), other in values()) {
            let span = Source::new("test", "").span(0, 0);
            let expected = Expected::read(&Node::from_json(&value, &span), &mut Faults::default());
            prop_assert_eq!(expected.compare(Some(&value)), []);
            let whole = Expected::Is(value.clone(), span.clone());
            prop_assert_eq!(whole.compare(Some(&other)).is_empty(), equal(&value, &other));
            let not = Expected::Not(Box::new(whole.clone()), span);
            prop_assert_ne!(not.compare(Some(&other)).is_empty(), whole.compare(Some(&other)).is_empty());
        }

        #[test]
        fn no_expectation_makes_the_matcher_panic(text in "[-a-c:,{}\\[\\]\" \n.0-9]{0,60}", value in values()) {
            let text = format!("{{ {} }}", text.replace("a", "has").replace("b", "matches").replace("c", "between"));
            if let Ok(node) = parse(&Source::new("test", text)) {
                let expected = Expected::read(&node, &mut Faults::default());
                let _ = expected.compare(Some(&value));
                let _ = expected.to_string();
            }
        }
    }
}
