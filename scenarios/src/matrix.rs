//! `matrix`: one file, played once for each of several values.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::nearest::{listed, nearest};
use crate::problem::{Faults, Problems};
use crate::tree::{Node, Tree};
use crate::yaml::escaped;

/// How many times one file may be played.
const MOST_CASES: usize = 24;

/// One way to play a file.
pub(crate) struct Case {
    /// The values, as the scenario's name shows them; none where the file has no matrix.
    pub label: Option<String>,
    /// The file with the values in the place of their names.
    pub tree: Node,
}

/// All ways to play a file: one for each combination of the matrix's values.
///
/// # Errors
/// When there are too many, or a reference names what the matrix does not have.
pub(crate) fn cases(tree: Node) -> Result<Vec<Case>, Problems> {
    let axes: Vec<(String, Vec<Node>)> = match tree.get("matrix").and_then(Node::map) {
        Some(map) => {
            map.in_order().into_iter().map(|(name, entry)| (name.to_owned(), entry.value.list().to_vec())).collect()
        }
        None => Vec::new(),
    };
    let count = axes.iter().try_fold(1_usize, |count, (_, values)| count.checked_mul(values.len()));
    let mut faults = Faults::default();
    match (count, tree.entry("matrix")) {
        // what is wrong with an empty one is said where shapes are compared
        (Some(0), _) | (_, None) => return Ok(vec![Case { label: None, tree }]),
        (Some(count), _) if count <= MOST_CASES && !axes.is_empty() => {}
        (_, Some(entry)) if axes.is_empty() => {
            if entry.value.map().is_some() {
                let message = "a matrix has at least one name with its values";
                faults.at(&entry.key, "matrix.size", message, "write such as { world: [article, article-v2] }");
            }
            return faults.or(vec![Case { label: None, tree }]);
        }
        (_, Some(entry)) => {
            let message = format!("this matrix has more than {MOST_CASES} combinations");
            faults.at(&entry.key, "matrix.size", message, "list fewer values, or write several files");
            return faults.or(Vec::new());
        }
    }
    let mut cases = Vec::new();
    for index in 0..count.unwrap_or_default() {
        let mut rest = index;
        let mut chosen = BTreeMap::new();
        for (name, values) in axes.iter().rev() {
            chosen.insert(name.as_str(), &values[rest % values.len()]);
            rest /= values.len();
        }
        let shown: Vec<String> =
            axes.iter().filter_map(|(name, _)| chosen.get(name.as_str()).map(|node| word(node))).collect();
        let mut tree = tree.clone();
        if let Tree::Map(map) = &mut tree.tree {
            let entries = map.entries.iter_mut().filter(|(key, _)| *key != "matrix");
            entries.for_each(|(_, entry)| put(&mut entry.value, &chosen, &mut faults));
        }
        cases.push(Case { label: Some(shown.join(", ")), tree });
    }
    faults.or(cases)
}

fn word(node: &Node) -> String {
    match node.to_json() {
        Value::String(text) => text,
        value => value.to_string(),
    }
}

/// Replaces every `${matrix.…}` below `node`. A text that is one reference becomes the value itself.
fn put(node: &mut Node, chosen: &BTreeMap<&str, &Node>, faults: &mut Faults) {
    const START: &str = "${matrix.";
    match &mut node.tree {
        Tree::Text(text) if text.contains(START) => {
            let mut made = String::new();
            let mut rest = text.as_str();
            while let Some(start) = rest.find(START) {
                let after = &rest[start + START.len()..];
                let Some(end) = after.find('}') else { break };
                let Some(value) = chosen.get(&after[..end]) else {
                    let names = || chosen.keys().copied();
                    let fix = match nearest(&after[..end], names()) {
                        Some(near) => format!("write `${{matrix.{near}}}`"),
                        None => format!("the matrix has {}", listed(names())),
                    };
                    let message = format!("the matrix has no `{}`", escaped(&after[..end]));
                    faults.at(&node.span, "reference.unknown", message, fix);
                    return;
                };
                if start == 0 && made.is_empty() && after.len() == end + 1 {
                    node.tree = value.tree.clone();
                    return;
                }
                made.push_str(&rest[..start]);
                made.push_str(&word(value));
                rest = &after[end + 1..];
            }
            made.push_str(rest);
            *text = made;
        }
        Tree::List(nodes) => nodes.iter_mut().for_each(|node| put(node, chosen, faults)),
        Tree::Map(map) => map.entries.values_mut().for_each(|entry| put(&mut entry.value, chosen, faults)),
        Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::Text(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::Source;
    use crate::yaml::parse;

    fn read(text: &str) -> Result<Vec<(Option<String>, Value)>, Problems> {
        let cases = cases(parse(&Source::new("test", text)).unwrap())?;
        Ok(cases.into_iter().map(|case| (case.label, case.tree.to_json())).collect())
    }

    #[test]
    fn each_combination_is_a_case_and_a_value_keeps_its_type() {
        let text =
            "matrix: { b: [1, null], a: [x, \"${matrix.b}\"] }\nl: [\"${matrix.b}\", \"${matrix.a}-${matrix.b}\"]\n";
        let cases = read(text).unwrap();
        let shown: Vec<_> = cases.iter().map(|(label, tree)| (label.as_deref().unwrap(), &tree["l"])).collect();
        assert_eq!(
            shown,
            [
                ("1, x", &json!([1, "x-1"])),
                ("1, ${matrix.b}", &json!([1, "${matrix.b}-1"])),
                ("null, x", &json!([null, "x-null"])),
                ("null, ${matrix.b}", &json!([null, "${matrix.b}-null"])),
            ],
            "and what a name stands for is not read again"
        );
        assert_eq!(read("a: 1\n").unwrap(), [(None, json!({"a": 1}))]);
        assert!(read(&format!("matrix: {{ a: [{}] }}\n", vec!["1"; 25].join(","))).is_err());
        assert!(read("matrix: { a: [1] }\nb: \"${matrix.c}\"\n").is_err());
        assert!(read("matrix: {}\n").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[-ab:{}\\[\\]$., \n]{0,40}") {
            let text = format!("matrix: {{ a: [x, 2], b: [{{}}] }}\nt: [\"{}\"]\n", text.replace('$', "${matrix."));
            if let Ok(tree) = parse(&Source::new("test", text)) {
                let _ = cases(tree);
            }
        }
    }
}
