//! A file as it was written: values with their places, before anything is known of their types.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

use crate::source::Span;

/// A value, and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What stands there.
    pub tree: Tree,
}

/// A value of the file format: what JSON can say.
#[derive(Clone, Debug)]
pub enum Tree {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as JSON writes it.
    Number(Number),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map.
    Map(Map),
}

/// The entries of a map, and what a change removed from it.
#[derive(Clone, Debug, Default)]
pub struct Map {
    /// The entries, by key.
    pub entries: BTreeMap<String, Entry>,
    /// The keys that a change set to null.
    pub removed: BTreeMap<String, Removed>,
}

/// One entry of a map.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where the key stands.
    pub key: Span,
    /// The value.
    pub value: Node,
}

/// A key that a change set to null.
#[derive(Clone, Debug)]
pub struct Removed {
    /// Where the change says so.
    pub span: Span,
    /// Whether there was something to remove.
    pub existed: bool,
}

impl Map {
    /// The entries in the order in which they stand in the file.
    pub(crate) fn in_order(&self) -> Vec<(&str, &Entry)> {
        let mut entries: Vec<_> = self.entries.iter().map(|(key, entry)| (key.as_str(), entry)).collect();
        entries.sort_by_key(|(_, entry)| entry.key.start());
        entries
    }
}

impl Node {
    /// A node that stands at `span` with all that is in it.
    #[must_use]
    pub fn from_json(value: &Value, span: &Span) -> Self {
        let tree = match value {
            Value::Null => Tree::Null,
            Value::Bool(value) => Tree::Bool(*value),
            Value::Number(value) => Tree::Number(value.clone()),
            Value::String(value) => Tree::Text(value.clone()),
            Value::Array(values) => Tree::List(values.iter().map(|value| Self::from_json(value, span)).collect()),
            Value::Object(values) => Tree::Map(Map {
                entries: values
                    .iter()
                    .map(|(key, value)| (key.clone(), Entry { key: span.clone(), value: Self::from_json(value, span) }))
                    .collect(),
                removed: BTreeMap::new(),
            }),
        };
        Self { span: span.clone(), tree }
    }

    /// The value without the places.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.tree {
            Tree::Null => Value::Null,
            Tree::Bool(value) => Value::Bool(*value),
            Tree::Number(value) => Value::Number(value.clone()),
            Tree::Text(value) => Value::String(value.clone()),
            Tree::List(nodes) => Value::Array(nodes.iter().map(Self::to_json).collect()),
            Tree::Map(map) => {
                Value::Object(map.entries.iter().map(|(key, entry)| (key.clone(), entry.value.to_json())).collect())
            }
        }
    }

    /// The map's entry of this key; none where this is no map.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.map()?.entries.get(key)
    }

    /// The map's value of this key; none where this is no map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value under several keys, one below the other.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The map, where it is one.
    #[must_use]
    pub fn map(&self) -> Option<&Map> {
        if let Tree::Map(map) = &self.tree { Some(map) } else { None }
    }

    /// The list's elements; none where it is no list.
    #[must_use]
    pub fn list(&self) -> &[Self] {
        if let Tree::List(nodes) = &self.tree { nodes } else { &[] }
    }

    /// The text, where it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Tree::Text(text) = &self.tree { Some(text) } else { None }
    }

    /// Leaves one entry out.
    pub(crate) fn without(&mut self, key: &str) {
        if let Tree::Map(map) = &mut self.tree {
            map.entries.remove(key);
        }
    }

    /// What kind of value this is, in words.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.tree {
            Tree::Null => "null",
            Tree::Bool(_) => "true or false",
            Tree::Number(_) => "a number",
            Tree::Text(_) => "a text",
            Tree::List(_) => "a list",
            Tree::Map(_) => "a map",
        }
    }
}

/// Applies `patch` to `target` as RFC 7396 says: null removes, maps merge, everything else is replaced. Every value
/// keeps the place where the winning one was written.
#[must_use]
pub fn merge(target: Node, patch: &Node) -> Node {
    let Tree::Map(changes) = &patch.tree else {
        return patch.clone();
    };
    let (span, mut map) = match target.tree {
        Tree::Map(map) => (target.span, map),
        _ => (patch.span.clone(), Map::default()),
    };
    for (key, change) in &changes.entries {
        let before = map.entries.remove(key);
        if matches!(change.value.tree, Tree::Null) {
            let removed = Removed { span: change.key.clone(), existed: before.is_some() };
            map.removed.insert(key.clone(), removed);
            continue;
        }
        let entry = match before {
            Some(before) => Entry { key: before.key, value: merge(before.value, &change.value) },
            None => {
                let nothing = Node { span: change.value.span.clone(), tree: Tree::Null };
                Entry { key: change.key.clone(), value: merge(nothing, &change.value) }
            }
        };
        map.removed.remove(key);
        map.entries.insert(key.clone(), entry);
    }
    Node { span, tree: Tree::Map(map) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::Source;

    fn merged(target: &Value, patch: &Value) -> Value {
        let span = Source::new("test", "").span(0, 0);
        merge(Node::from_json(target, &span), &Node::from_json(patch, &span)).to_json()
    }

    #[test]
    fn the_examples_of_rfc_7396_appendix_a_hold() {
        for (target, patch, result) in [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a":"b"}), json!(["c"]), json!(["c"])),
            (json!({"a":"foo"}), json!(null), json!(null)),
            (json!({"a":"foo"}), json!("bar"), json!("bar")),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
        ] {
            assert_eq!(merged(&target, &patch), result, "{target} with {patch}");
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// The standard's own pseudocode.
    fn by_the_standard(target: Value, patch: &Value) -> Value {
        let Value::Object(changes) = patch else { return patch.clone() };
        let mut map = if let Value::Object(map) = target { map } else { serde_json::Map::new() };
        for (key, change) in changes {
            let before = map.remove(key);
            if !change.is_null() {
                map.insert(key.clone(), by_the_standard(before.unwrap_or_default(), change));
            }
        }
        Value::Object(map)
    }

    proptest! {
        #[test]
        fn merging_is_what_the_standard_says(target in values(), patch in values()) {
            prop_assert_eq!(merged(&target, &patch), by_the_standard(target, &patch));
        }

        #[test]
        fn merging_twice_is_merging_once(target in values(), patch in values()) {
            let once = merged(&target, &patch);
            prop_assert_eq!(merged(&once, &patch), once);
        }

        #[test]
        fn merging_nothing_changes_nothing(target in values()) {
            let target = json!({ "a": target });
            prop_assert_eq!(merged(&target, &json!({})), target);
        }

        #[test]
        fn null_removes_its_key_and_nothing_else(target in prop::collection::btree_map("[a-c]", values(), 0..4), key in "[a-d]") {
            let target = Value::Object(target.into_iter().collect());
            let mut without = target.clone();
            without.as_object_mut().unwrap().remove(&key);
            prop_assert_eq!(merged(&target, &json!({ key: null })), without);
        }
    }
}
