//! Wrong versions of a scenario file.

use scenarios::{Bundled, Source, parse};
use serde_json::{Value, json};

/// Each wrong version, with what is wrong in it: without one line of the change, or with one expectation reversed.
pub fn of(bundled: &Bundled) -> Vec<(String, String)> {
    let Ok(node) = parse(&Source::new(bundled.file.as_str(), bundled.text)) else { return Vec::new() };
    let file = node.to_json();
    let mut leaves = Vec::new();
    if let Some(change) = file.pointer("/world/change") {
        collect(change, "/world/change", &mut leaves);
    }
    let without = leaves.into_iter().filter_map(|pointer| {
        let (parent, key) = pointer.rsplit_once('/')?;
        let mut mutated = file.clone();
        mutated.pointer_mut(parent)?.as_object_mut()?.remove(key)?;
        Some((format!("{pointer} was taken away"), mutated.to_string()))
    });
    let reversed =
        ["steps", "fix", "then"].into_iter().flat_map(|list| expectations(&file, list)).filter_map(|pointer| {
            let mut mutated = file.clone();
            let place = mutated.pointer_mut(&pointer)?;
            *place = json!({ "not": place.take() });
            Some((format!("{pointer} was reversed"), mutated.to_string()))
        });
    without.chain(reversed).collect()
}

/// The places of a change's values; a list is one value.
fn collect(value: &Value, pointer: &str, leaves: &mut Vec<String>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                collect(value, &format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), leaves);
            }
        }
        _ => leaves.push(pointer.to_owned()),
    }
}

/// The places of everything that a list of steps expects.
fn expectations(file: &Value, list: &str) -> Vec<String> {
    let steps = file[list].as_array().into_iter().flatten().enumerate();
    let members = |(index, step): (usize, &Value)| {
        let keys: Vec<String> = step["expect"].as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect();
        keys.into_iter().map(move |key| format!("/{list}/{index}/expect/{key}"))
    };
    steps.flat_map(members).collect()
}
