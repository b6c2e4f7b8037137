//! Reads the strict subset of YAML that files are written in: what JSON can say, with comments and without brackets.
//!
//! The events of serde-saphyr's parser are read here, not through serde, because every key and value must keep its
//! place and because all faults are wanted at once.

use std::collections::BTreeMap;

use serde_json::Number;
use serde_saphyr::granit_parser::{self, Event, Options, Parser, ScalarStyle};

use crate::problem::{Faults, Problem, Problems};
use crate::source::{Source, Span};
use crate::tree::{Entry, Map, Node, Tree};

/// The largest file that is read.
pub const LARGEST_FILE_BYTES: usize = 1024 * 1024;
/// How deep values may stand in each other.
pub const DEEPEST: usize = 64;
/// How many values a file may hold.
pub const MOST_VALUES: usize = 50_000;

/// Reads a whole file.
///
/// # Errors
/// All faults of the text that can be found in one reading; the first that makes the rest unreadable ends it.
pub fn parse(source: &Source) -> Result<Node, Problems> {
    if source.text().len() > LARGEST_FILE_BYTES {
        return Err(too_large(source.file()).into());
    }
    let mut options = Options::default();
    options.disallow_directives = true;
    options.emit_unresolved_aliases = true;
    options.set_emit_comments(false);
    options.flow_nesting_limit = DEEPEST;
    options.block_nesting_limit = DEEPEST;
    let mut reading = Reading { source, faults: Faults::default(), open: Vec::new(), whole: None, values: 0 };
    for event in Parser::new_from_str_with_options(source.text(), options) {
        let finished = match event {
            Ok((event, span)) => reading.event(event, &span),
            Err(error) => {
                let at = error.marker();
                let place = source.span(at.byte_offset().unwrap_or_default(), at.byte_offset().unwrap_or_default() + 1);
                reading.unreadable(&place, error.kind(), &error.info());
                break;
            }
        };
        if finished || reading.faults.full() {
            break;
        }
    }
    let Reading { mut faults, whole, .. } = reading;
    if whole.is_none() && faults.count() == 0 {
        let start = source.span(0, 0);
        faults.at(
            &start,
            "file.empty",
            "the file is empty",
            "write a scenario: `entralab show the-article` prints one, `entralab new` begins one",
        );
    }
    let nothing = Node { span: source.span(0, 0), tree: Tree::Null };
    faults.or(whole.unwrap_or(nothing))
}

/// A file is larger than any scenario.
pub(crate) fn too_large(file: &str) -> Problem {
    Problem::of_file(
        file,
        "file.size",
        "the file is larger than 1 MiB",
        "a scenario is one story: split it into several files",
    )
}

/// A collection whose end has not come yet.
enum Open {
    List { span: Span, nodes: Vec<Node> },
    Map { span: Span, entries: BTreeMap<String, Entry>, key: Option<Key> },
}

/// A key whose value has not come yet; without a name where it is no text.
struct Key {
    name: Option<String>,
    span: Span,
}

struct Reading<'s> {
    source: &'s Source,
    faults: Faults,
    open: Vec<Open>,
    whole: Option<Node>,
    values: usize,
}

impl Reading<'_> {
    /// Takes one event; true when nothing after it is of use.
    fn event(&mut self, event: Event<'_>, span: &granit_parser::Span) -> bool {
        let place = match span.byte_range() {
            Some(range) => self.source.span(range.start, range.end),
            None => self.source.span(0, 0),
        };
        if event.is_node() {
            self.values += 1;
            if self.values > MOST_VALUES {
                let message = format!("the file holds more than {MOST_VALUES} values");
                self.faults.at(&place, "file.size", message, "a scenario is one story: split it into several files");
                return true;
            }
            if event.anchor_id().is_some() {
                let fix = "write the value out where it is needed, or put it into a base world";
                self.faults.at(&place, "yaml.anchor", "anchors (`&name`) are not part of this format", fix);
            }
            if let Some(tag) = event.tag() {
                let message = format!("tags (`{}`) are not part of this format", escaped(&tag.original()));
                self.faults.at(
                    &place,
                    "yaml.tag",
                    message,
                    "leave the tag out; put a text in quotes to keep it a text",
                );
            }
        }
        match event {
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.faults.at(
                    &place,
                    "yaml.alias",
                    "aliases (`*name`) are not part of this format",
                    "write the value out",
                );
                self.add(Node { span: place, tree: Tree::Null });
            }
            Event::Scalar(text, style, ..) => {
                let node = self.scalar(&text, style, place);
                self.add(node);
            }
            Event::SequenceStart(..) => {
                self.key_must_be_text(&place);
                self.open.push(Open::List { span: place, nodes: Vec::new() });
            }
            Event::MappingStart(..) => {
                self.key_must_be_text(&place);
                self.open.push(Open::Map { span: place, entries: BTreeMap::new(), key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&place),
            Event::DocumentStart(..) if self.whole.is_some() => {
                let fix = "put each scenario into a file of its own";
                self.faults.at(&place, "yaml.documents", "a second document starts here", fix);
                return true;
            }
            _ => {}
        }
        false
    }

    /// A plain text that JSON would read as something else is that; anything else is a text.
    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Span) -> Node {
        let is_key = matches!(self.open.last(), Some(Open::Map { key: None, .. }));
        if style != ScalarStyle::Plain || is_key {
            return Node { span, tree: Tree::Text(text.to_owned()) };
        }
        // The parser stands in `~` for a value that is not written.
        let written = text != "~" || span.text().starts_with('~');
        let tree = match text {
            _ if !written || text.is_empty() => {
                let span = match self.open.last() {
                    Some(Open::Map { key: Some(key), .. }) => &key.span,
                    _ => &span,
                };
                let fix = "write `{}` for nothing special, `null` to remove, or `\"\"` for an empty text";
                self.faults.at(span, "yaml.empty", "no value is written here", fix);
                Tree::Null
            }
            "null" => Tree::Null,
            "true" => Tree::Bool(true),
            "false" => Tree::Bool(false),
            _ => number(text).map_or_else(|| Tree::Text(text.to_owned()), Tree::Number),
        };
        Node { span, tree }
    }

    /// A list or map cannot be a key.
    fn key_must_be_text(&mut self, place: &Span) {
        if matches!(self.open.last(), Some(Open::Map { key: None, .. })) {
            self.faults.at(place, "yaml.key", "a key must be a text", "write a plain word before the colon");
        }
    }

    fn close(&mut self, end: &Span) {
        let (start, tree) = match self.open.pop() {
            Some(Open::List { span, nodes }) => (span, Tree::List(nodes)),
            Some(Open::Map { span, entries, .. }) => (span, Tree::Map(Map { entries, removed: BTreeMap::new() })),
            None => return,
        };
        let end = end.end().max(start.end());
        let span = self.source.span(start.start(), end);
        self.add(Node { span, tree });
    }

    /// Puts a finished value where it belongs.
    fn add(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.whole = Some(node),
            Some(Open::List { nodes, .. }) => nodes.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                None => *key = Some(Key { name: node.text().map(str::to_owned), span: node.span }),
                Some(Key { name: None, .. }) => {}
                Some(Key { name: Some(name), span }) => {
                    if name == "<<" {
                        let message = "merge keys (`<<`) are not part of this format";
                        self.faults.at(
                            &span,
                            "yaml.merge_key",
                            message,
                            "use `base` and `change`, or write the keys out",
                        );
                    }
                    if let Some(first) = entries.get(&name) {
                        let message = format!("the key `{}` is already on line {}", escaped(&name), first.key.line());
                        self.faults.at(&span, "key.duplicate", message, "keep one of the two");
                        return;
                    }
                    entries.insert(name, Entry { key: span, value: node });
                }
            },
        }
    }

    fn unreadable(&mut self, place: &Span, kind: &granit_parser::ErrorKind, info: &str) {
        use granit_parser::ErrorKind as Kind;
        let (check, message, fix) = match kind {
            Kind::RecursionLimitExceeded => (
                "file.depth",
                format!("values stand in each other more than {DEEPEST} deep"),
                "no part of a scenario is that deep: look for brackets that are not closed",
            ),
            Kind::DirectiveDisallowed => {
                ("yaml.directive", "directives (`%`) are not part of this format".to_owned(), "leave the line out")
            }
            Kind::TabNotAllowed | Kind::TabInBlockIndentation | Kind::TabInIndentation => {
                ("yaml.syntax", "a tab cannot indent".to_owned(), "write spaces")
            }
            // the place is where the text before it began
            _ if info.ends_with("found a tab") => {
                ("yaml.syntax", "a tab cannot indent, here or on the next line".to_owned(), "write spaces")
            }
            Kind::UndeclaredTagHandle => {
                ("yaml.tag", "tags (`!`) are not part of this format".to_owned(), "leave the tag out")
            }
            _ => (
                "yaml.syntax",
                format!("this is not YAML: {}", escaped(info)),
                "check indentation, colons, quotes and brackets here and on the line above",
            ),
        };
        self.faults.at(place, check, message, fix);
    }
}

/// The number, where the text is one as JSON writes it, without an exponent.
fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
        && digits.len() <= 40;
    if plain { serde_json::from_str(text).ok() } else { None }
}

/// A text as a message may show it.
pub(crate) fn escaped(text: &str) -> String {
    let mut short = String::new();
    for c in text.chars().take(80) {
        // what only a string literal needs escaped stays: what YAML's reader says is escaped already
        if matches!(c, '\\' | '"' | '\'') { short.push(c) } else { short.extend(c.escape_debug()) }
    }
    if text.chars().nth(80).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Value {
        parse(&Source::new("test", text)).unwrap().to_json()
    }

    fn faults(text: &str) -> Vec<&'static str> {
        parse(&Source::new("test", text)).unwrap_err().0.iter().map(|problem| problem.check).collect()
    }

    #[test]
    fn only_what_json_reads_otherwise_is_not_a_text() {
        let text = "[no, on, yes, 1e3, ~, True, 0x1f, 012, +1, .5, 1_000, 2026-01-15, null, true, 406, -2, 1.5, \"406\", 'null']";
        assert_eq!(
            read(text),
            json!([
                "no",
                "on",
                "yes",
                "1e3",
                "~",
                "True",
                "0x1f",
                "012",
                "+1",
                ".5",
                "1_000",
                "2026-01-15",
                null,
                true,
                406,
                -2,
                1.5,
                "406",
                "null"
            ])
        );
    }

    #[test]
    fn values_keep_their_places() {
        let node = parse(&Source::new("f", "a:\n  ü: [x, 12]\n  c: |\n    d\n")).unwrap();
        let twelve = &node.at(&["a", "ü"]).unwrap().list()[1];
        assert_eq!((twelve.span.line(), twelve.span.column(), twelve.span.text()), (2, 10, "12"));
        assert_eq!(node.entry("a").unwrap().value.entry("c").unwrap().key.line(), 3);
    }

    #[test]
    fn what_json_cannot_say_is_refused_all_at_once() {
        let text = "a: &x 1\nb: *x\nc: !!str 2\nd: !mine 3\na: 4\n<<: { e: 5 }\nf:\n? [g]\n: 6\nh: *unknown\n";
        assert_eq!(
            faults(text),
            [
                "yaml.anchor",
                "yaml.alias",
                "yaml.tag",
                "yaml.tag",
                "key.duplicate",
                "yaml.merge_key",
                "yaml.empty",
                "yaml.key",
                "yaml.alias"
            ]
        );
        assert_eq!(faults("a: 1\n---\nb: 2\n"), ["yaml.documents"]);
        assert_eq!(faults("%YAML 1.2\n---\na: 1\n"), ["yaml.directive"]);
        assert_eq!(faults(""), ["file.empty"]);
        assert_eq!(faults("# only a comment\n"), ["file.empty"]);
        assert_eq!(faults("a: [1\n"), ["yaml.syntax"]);
    }

    // atk-H17
    #[test]
    fn a_bomb_is_refused_by_what_it_is_made_of() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..40 {
            let alias = format!("*a{}", level - 1);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![alias; 10].join(", ")));
        }
        assert!(faults(&bomb).iter().all(|check| ["yaml.anchor", "yaml.alias"].contains(check)));
        for (open, close) in [("[", "]"), ("{a: ", "}")] {
            assert_eq!(faults(&(open.repeat(10_000) + &close.repeat(10_000))), ["file.depth"]);
        }
        let stairs: String = (0..10_000_usize).map(|depth| format!("{}a:\n", " ".repeat(depth))).take(1_000).collect();
        assert_eq!(faults(&stairs), ["file.depth"]);
        assert_eq!(faults(&"- ".repeat(10_000)), ["file.depth"]);
        assert_eq!(faults(&"- x\n".repeat(MOST_VALUES + 1)), ["file.size"]);
        assert_eq!(faults(&"#".repeat(LARGEST_FILE_BYTES + 1)), ["file.size"]);
        let twice: String = (0..2_000).map(|_| "a: 1\n").collect();
        assert!(faults(&twice).len() <= 100);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "(?s).{0,200}") {
            let _ = parse(&Source::new("test", text));
        }

        #[test]
        fn no_yaml_like_text_makes_the_parser_panic(text in "[-a-c:,{}\\[\\]&*!|>'\"# \n\t%?<.0-9]{0,120}") {
            if let Err(problems) = parse(&Source::new("test", text)) {
                prop_assert!(!problems.0.is_empty());
                prop_assert!(!problems.render(false).is_empty());
            }
        }

        #[test]
        fn json_without_exponents_is_read_as_json(text in "[a-z \u{e4}]{0,9}", number in any::<i64>(), flag in any::<bool>()) {
            let value = json!({ "text": text, "list": [number, flag, null], "map": { "deep": { "er": text } } });
            prop_assert_eq!(read(&value.to_string()), value);
        }
    }
}
