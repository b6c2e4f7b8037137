//! Compares a tree with a JSON Schema made from the Rust types, and says what is wrong in the file's own words.
//!
//! Only what those schemas use is understood: `$ref`, `type`, `properties`, `required`, `additionalProperties`,
//! `propertyNames`, `items`, `minItems`, `enum`, `const`, `anyOf`, `oneOf`, `pattern`, `format: date-time`, `minimum`
//! and `maximum`.

use std::collections::BTreeMap;

use regex::Regex;
use schemars::JsonSchema;
use serde_json::Value;

use crate::nearest::{listed, nearest};
use crate::problem::{Faults, Problems, masked::is_secret_key};
use crate::source::{Source, Span};
use crate::tree::{Map, Node, Tree};
use crate::yaml::escaped;

/// What keeps JSON from being a `T`, in the words that files are judged with; `name` is what they call the value.
///
/// # Errors
/// Everything that is wrong with its shape.
pub fn fits<T: JsonSchema>(value: &Value, name: &str) -> Result<(), Problems> {
    let rules = Rules::of(schemars::schema_for!(T).to_value());
    let mut faults = Faults::default();
    rules.shape().check(&Node::from_json(value, &Source::new(name, "").span(0, 0)), name, &mut faults);
    faults.or(())
}

/// A whole schema, ready to compare trees with.
pub(crate) struct Rules {
    schema: Value,
    patterns: BTreeMap<String, Regex>,
}

impl Rules {
    /// Reads the schema's patterns once.
    pub(crate) fn of(schema: Value) -> Self {
        let mut patterns = BTreeMap::new();
        collect_patterns(&schema, &mut patterns);
        Self { schema, patterns }
    }

    /// The shape of a whole value.
    pub(crate) fn shape(&self) -> Shape<'_> {
        Shape { rules: self, schema: &self.schema }
    }
}

fn collect_patterns(schema: &Value, patterns: &mut BTreeMap<String, Regex>) {
    match schema {
        Value::Object(members) => {
            let pattern = members.get("pattern").and_then(Value::as_str);
            patterns.extend(pattern.and_then(|pattern| Some((pattern.to_owned(), Regex::new(pattern).ok()?))));
            members.values().for_each(|value| collect_patterns(value, patterns));
        }
        Value::Array(elements) => elements.iter().for_each(|value| collect_patterns(value, patterns)),
        _ => {}
    }
}

/// A schema, or a part of one, with the definitions that it refers to.
#[derive(Clone, Copy)]
pub(crate) struct Shape<'s> {
    rules: &'s Rules,
    schema: &'s Value,
}

impl<'s> Shape<'s> {
    /// The definition of this name.
    pub(crate) fn definition(self, name: &str) -> Self {
        self.with(&self.rules.schema["$defs"][name])
    }

    /// The part of it at `schema`.
    fn with(self, schema: &'s Value) -> Self {
        Self { schema, ..self }.resolved()
    }

    /// The definition that a `$ref` names.
    fn resolved(self) -> Self {
        let target = self.schema["$ref"].as_str().and_then(|name| self.rules.schema.pointer(name.strip_prefix('#')?));
        target.map_or(self, |schema| Self { schema, ..self })
    }

    /// The shape of the list's elements, or of the map's values, at one step below.
    fn below(self, key: &str) -> Self {
        let shape = self.resolved();
        shape.with(&shape.schema["properties"][key])
    }

    /// Notes everything in `node` that does not fit. `name` is what messages call the value.
    pub(crate) fn check(self, node: &Node, name: &str, faults: &mut Faults) {
        if faults.full() {
            return;
        }
        let shape = self.resolved();
        let schema = shape.schema;
        if let Some(choices) = shape.choices() {
            shape.check_choice(node, name, &choices, faults);
        } else if let Some(alternatives) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
            shape.check_alternatives(node, name, alternatives, faults);
        } else if !shape.fits_type(node) {
            shape.wrong_type(node, name, faults);
        } else {
            match &node.tree {
                Tree::Map(map) => shape.check_map(node, map, name, faults),
                Tree::List(nodes) => shape.check_list(node, nodes, name, faults),
                Tree::Text(text) => shape.check_text(node, text, name, faults),
                Tree::Number(number) => shape.check_number(node, number.as_f64(), name, faults),
                Tree::Null | Tree::Bool(_) => {}
            }
        }
    }

    /// The values to choose from, where the schema lists them.
    fn choices(self) -> Option<Vec<&'s Value>> {
        if let Some(values) = self.schema["enum"].as_array() {
            return Some(values.iter().collect());
        }
        if let Some(value) = self.schema.get("const") {
            return Some(vec![value]);
        }
        let alternatives = self.schema["oneOf"].as_array().or(self.schema["anyOf"].as_array())?;
        let nested: Option<Vec<_>> = alternatives.iter().map(|schema| self.with(schema).choices()).collect();
        nested.map(|lists| lists.into_iter().flatten().collect())
    }

    fn check_choice(self, node: &Node, name: &str, choices: &[&Value], faults: &mut Faults) {
        let received = node.to_json();
        if choices.contains(&&received) {
            return;
        }
        let words: Vec<String> = choices.iter().map(|choice| word(choice)).collect();
        let fix = match nearest(&word(&received), words.iter().map(String::as_str)) {
            Some(near) => format!("write `{near}`"),
            None if words.len() == 1 => format!("write `{}`", words[0]),
            None => format!("write one of {}", listed(words.iter().map(String::as_str))),
        };
        faults.at(&node.span, "value.choice", format!("{} cannot be {}", called(name), shown(node, name)), fix);
    }

    fn check_alternatives(self, node: &Node, name: &str, alternatives: &'s [Value], faults: &mut Faults) {
        let fitting: Vec<Self> =
            alternatives.iter().map(|schema| self.with(schema)).filter(|shape| shape.fits_type(node)).collect();
        if fitting.is_empty() {
            return self.wrong_type(node, name, faults);
        }
        let mut fewest: Option<Faults> = None;
        for shape in fitting {
            let mut found = Faults::default();
            shape.check(node, name, &mut found);
            if fewest.as_ref().is_none_or(|fewest| found.count() < fewest.count()) {
                fewest = Some(found);
            }
        }
        if let Some(Err(problems)) = fewest.map(|found| found.or(())) {
            faults.extend(problems);
        }
    }

    /// Whether the value is of a kind that the schema allows.
    fn fits_type(self, node: &Node) -> bool {
        let shape = self.resolved();
        let fits = |wanted: &str| match &node.tree {
            Tree::Null => wanted == "null",
            Tree::Bool(_) => wanted == "boolean",
            Tree::Number(number) => wanted == "number" || wanted == "integer" && !number.is_f64(),
            Tree::Text(_) => wanted == "string",
            Tree::List(_) => wanted == "array",
            Tree::Map(_) => wanted == "object",
        };
        match &shape.schema["type"] {
            Value::String(wanted) => fits(wanted),
            Value::Array(wanted) => wanted.iter().filter_map(Value::as_str).any(fits),
            _ => match (shape.schema["anyOf"].as_array().or(shape.schema["oneOf"].as_array()), shape.choices()) {
                (_, Some(choices)) => {
                    let kind = |value: &Value| std::mem::discriminant(value);
                    let own = kind(&node.to_json());
                    choices.iter().any(|choice| kind(choice) == own)
                }
                (Some(alternatives), None) => alternatives.iter().any(|schema| shape.with(schema).fits_type(node)),
                (None, None) => true,
            },
        }
    }

    fn wrong_type(self, node: &Node, name: &str, faults: &mut Faults) {
        let mut kinds = Vec::new();
        self.kinds(&mut kinds);
        kinds.dedup();
        let wanted = kinds.join(" or ");
        let scalar = matches!(node.tree, Tree::Number(_) | Tree::Bool(_));
        let pattern = self.schema["pattern"].as_str();
        let fix = if let (true, Some(pattern)) = (kinds.contains(&"a text") && scalar, pattern) {
            format!("write {}", in_words(pattern))
        } else if kinds.contains(&"a text") && scalar {
            format!("put it in quotes: \"{}\"", if is_secret_key(name) { "…" } else { node.span.text() })
        } else if kinds == ["a list"] && matches!(node.tree, Tree::Text(_)) {
            "put it in brackets: [ … ]".to_owned()
        } else {
            format!("write {wanted}{}", if name.is_empty() { String::new() } else { self.meaning() })
        };
        faults.at(
            &node.span,
            "value.type",
            format!("{} must be {wanted}, and this is {}", called(name), node.kind()),
            fix,
        );
    }

    /// The kinds of values that the schema allows, in words.
    fn kinds(self, kinds: &mut Vec<&'static str>) {
        let word = |kind: &str| match kind {
            "null" => "null",
            "boolean" => "true or false",
            "integer" => "a whole number",
            "number" => "a number",
            "array" => "a list",
            "object" => "a map",
            _ => "a text",
        };
        match &self.schema["type"] {
            Value::String(kind) => kinds.push(word(kind)),
            Value::Array(several) => kinds.extend(several.iter().filter_map(Value::as_str).map(word)),
            _ => {
                for schema in self.schema["anyOf"].as_array().or(self.schema["oneOf"].as_array()).into_iter().flatten()
                {
                    self.with(schema).kinds(kinds);
                }
            }
        }
    }

    fn check_map(self, node: &Node, map: &Map, name: &str, faults: &mut Faults) {
        let properties = self.schema["properties"].as_object();
        let additional = &self.schema["additionalProperties"];
        for (key, entry) in &map.entries {
            if let Some(schema) = properties.and_then(|properties| properties.get(key)) {
                self.with(schema).check(&entry.value, key, faults);
            } else if additional == &Value::Bool(false) {
                self.unknown_key(&entry.key, key, name, faults);
            } else {
                self.check_name(&entry.key, key, faults);
                if additional.is_object() {
                    self.with(additional).check(&entry.value, key, faults);
                }
            }
        }
        for (key, removed) in &map.removed {
            if properties.is_some_and(|properties| properties.contains_key(key)) || map.entries.contains_key(key) {
                continue;
            }
            if additional == &Value::Bool(false) {
                self.unknown_key(&removed.span, key, name, faults);
            } else if !removed.existed {
                let fix = match nearest(key, map.entries.keys().map(String::as_str)) {
                    Some(near) => format!("write `{near}`"),
                    None if map.entries.is_empty() => "leave the line out: there is nothing here".to_owned(),
                    None => format!("the names here are {}", listed(map.entries.keys().map(String::as_str))),
                };
                let message = format!("there is no `{}` in {} to remove", escaped(key), called(name));
                faults.at(&removed.span, "name.unknown", message, fix);
            }
        }
        for key in self.schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if map.entries.contains_key(key) {
                continue;
            }
            let meaning = self.below(key).meaning();
            match map.removed.get(key) {
                Some(removed) => {
                    let message = format!("`{key}` cannot be removed: {} must have it", called(name));
                    faults.at(&removed.span, "key.missing", message, format!("write a value for `{key}`{meaning}"));
                }
                None => {
                    let message = format!("{} lacks `{key}`", called(name));
                    faults.at(&start_of(node), "key.missing", message, format!("add `{key}:`{meaning}"));
                }
            }
        }
    }

    fn unknown_key(self, span: &Span, key: &str, name: &str, faults: &mut Faults) {
        let known = || self.schema["properties"].as_object().into_iter().flatten().map(|(key, _)| key.as_str());
        let fix = match nearest(key, known()) {
            Some(near) => format!("write `{near}`"),
            None => format!("the keys of {} are {}", called(name), listed(known())),
        };
        faults.at(span, "key.unknown", format!("`{}` is not a key of {}", escaped(key), called(name)), fix);
    }

    /// The keys of maps that hold several of a thing are names.
    fn check_name(self, span: &Span, key: &str, faults: &mut Faults) {
        let Some(pattern) = self.schema["propertyNames"]["pattern"].as_str() else { return };
        if self.matches(pattern, key) {
            return;
        }
        let message = format!("`{}` cannot be a name", escaped(key));
        faults.at(span, "name.form", message, format!("write {}", in_words(pattern)));
    }

    fn check_list(self, node: &Node, nodes: &[Node], name: &str, faults: &mut Faults) {
        if let Some(least) = self.schema["minItems"].as_u64()
            && (nodes.len() as u64) < least
        {
            let message =
                format!("{} must have at least {least} element{}", called(name), if least == 1 { "" } else { "s" });
            faults.at(&node.span, "value.range", message, format!("add one{}", self.meaning()));
        }
        if self.schema["items"].is_object() {
            let shape = self.with(&self.schema["items"]);
            for node in nodes {
                shape.check(node, name, faults);
            }
        }
    }

    fn check_text(self, node: &Node, text: &str, name: &str, faults: &mut Faults) {
        if let Some(pattern) = self.schema["pattern"].as_str()
            && !self.matches(pattern, text)
        {
            let message = format!("{} cannot be {}", called(name), shown(node, name));
            faults.at(&node.span, "value.form", message, format!("write {}", in_words(pattern)));
        }
        if self.schema["format"] == "date-time" && text.parse::<jiff::Timestamp>().is_err() {
            let message = format!("{} cannot be {}", called(name), shown(node, name));
            faults.at(&node.span, "value.form", message, "write an instant such as \"2026-01-15T09:00:00Z\"");
        }
    }

    fn check_number(self, node: &Node, number: Option<f64>, name: &str, faults: &mut Faults) {
        let (least, most) = (self.schema["minimum"].as_f64(), self.schema["maximum"].as_f64());
        let number = number.unwrap_or(f64::NAN);
        let inside = least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most);
        if !inside {
            let fix = match (least, most) {
                (Some(least), Some(most)) => format!("write a number from {least} to {most}"),
                (Some(least), None) => format!("write a number from {least}"),
                (None, most) => format!("write a number up to {}", most.unwrap_or_default()),
            };
            faults.at(&node.span, "value.range", format!("{} cannot be {}", called(name), shown(node, name)), fix);
        }
    }

    fn matches(self, pattern: &str, text: &str) -> bool {
        self.rules.patterns.get(pattern).is_some_and(|pattern| pattern.is_match(text))
    }

    /// What the value means, from the doc comment of its type, as the end of a sentence.
    fn meaning(self) -> String {
        let text = self.schema["description"].as_str().unwrap_or_default().replace('\n', " ");
        let sentence = text.split_once(". ").map_or(text.as_str(), |(sentence, _)| sentence).trim_end_matches('.');
        if sentence.is_empty() { String::new() } else { format!(" ({sentence})") }
    }
}

/// Where a message about a whole map points: its first key, or the map where it has none of its own.
fn start_of(node: &Node) -> Span {
    let first = node.map().and_then(|map| map.in_order().first().map(|(_, entry)| entry.key.clone()));
    first.filter(|key| key.file() == node.span.file()).unwrap_or_else(|| node.span.clone())
}

/// How a message names a value: by its key; the file itself has none.
fn called(name: &str) -> String {
    match name {
        "" => "the file".to_owned(),
        _ if name.contains(' ') => name.to_owned(),
        _ => format!("`{}`", escaped(name)),
    }
}

/// A value as a message may show it: never a secret.
fn shown(node: &Node, name: &str) -> String {
    match &node.tree {
        _ if is_secret_key(name) => "this value".to_owned(),
        Tree::Text(text) => format!("\"{}\"", escaped(text)),
        Tree::Number(number) => number.to_string(),
        Tree::Bool(value) => value.to_string(),
        Tree::Null | Tree::List(_) | Tree::Map(_) => node.kind().to_owned(),
    }
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a pattern asks for, in words.
fn in_words(pattern: &str) -> String {
    match pattern {
        crate::patterns::REPORT_PATTERN => {
            "an AADSTS code (AADSTS50011), a catalogue row (bug-G05) or an issue (owner/repo#1)".to_owned()
        }
        crate::patterns::TIME_PATTERN => "a time, such as 70m, 1h 10m or 91d".to_owned(),
        crate::world::SKEW_PATTERN => "how far the clock is ahead, such as 10m, or behind, such as -1h 30m".to_owned(),
        crate::patterns::KEPT_PATTERN => "small letters, digits, `-` and `_`, starting with a letter".to_owned(),
        crate::world::NAME_PATTERN => "small letters, digits and `-`, starting with a letter or digit".to_owned(),
        _ if pattern.starts_with("^[0-9a-fA-F]{8}-") => {
            "a GUID such as 3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b".to_owned()
        }
        _ => format!("something that matches {pattern}"),
    }
}
