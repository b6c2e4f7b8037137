//! The JSON Schema of the file format, made from its types.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::format::{Fault, File};
use crate::world::{NAME_PATTERN, World};

/// The JSON Schema of the file format, for editors and for `entralab schema`.
#[must_use]
pub fn schema() -> Value {
    let mut schema = file_schema();
    or_reference(&mut schema);
    schema
}

/// The schema of a fault, as the `fault` step of a file has it.
pub fn fault_schema(generator: &mut SchemaGenerator) -> Schema {
    <Fault as JsonSchema>::json_schema(generator)
}

/// The JSON Schema of a file in which each `${…}` has been replaced.
pub(crate) fn file_schema() -> Value {
    let mut schema = schemars::schema_for!(File).to_value();
    let world = world_schema();
    for list in ["steps", "fix", "then"] {
        let copied = json!({ "allOf": [{ "$ref": "#/$defs/PartialStep" }, { "required": ["same_as"] }] });
        schema["properties"][list]["items"] = json!({ "anyOf": [{ "$ref": "#/$defs/Step" }, copied] });
    }
    if let (Some(definitions), Some(own)) = (schema["$defs"].as_object_mut(), world["$defs"].as_object()) {
        let partial_steps =
            definitions.iter().map(|(name, definition)| (format!("Partial{name}"), partial(definition)));
        definitions.extend(partial_steps.collect::<Vec<_>>());
        for (name, definition) in own {
            definitions.insert(name.clone(), definition.clone());
            definitions.insert(format!("Partial{name}"), partial(definition));
        }
        definitions.insert("World".to_owned(), without_definitions(&world));
        definitions.insert("PartialWorld".to_owned(), partial(&without_definitions(&world)));
    }
    schema["title"] = json!("A scenario of entralab");
    schema
}

/// Allows `${…}` wherever a value has a form that such a text lacks: it is replaced before anything is checked.
fn or_reference(schema: &mut Value) {
    let Value::Object(members) = schema else { return };
    for (key, value) in members.iter_mut() {
        match (key.as_str(), value) {
            ("properties" | "$defs", Value::Object(parts)) => parts.values_mut().for_each(or_reference),
            ("anyOf" | "allOf" | "oneOf", Value::Array(parts)) => parts.iter_mut().for_each(or_reference),
            ("items" | "additionalProperties", part) => or_reference(part),
            _ => {}
        }
    }
    let is_formed = members.contains_key("enum")
        || members.contains_key("pattern")
        || members.get("type").is_some_and(|kind| ["integer", "number", "boolean"].iter().any(|name| kind == name));
    let reference = json!({ "type": "string", "pattern": r"\$\{[^}]+\}" });
    match members.get_mut("oneOf") {
        Some(Value::Array(alternatives)) => alternatives.push(reference),
        _ if is_formed => *schema = json!({ "anyOf": [schema, reference] }),
        _ => {}
    }
}

/// The JSON Schema of a whole world.
pub(crate) fn world_schema() -> Value {
    let mut schema = schemars::schema_for!(World).to_value();
    name_keys(&mut schema);
    schema
}

/// Says of every map that holds several of a thing that its keys are names.
fn name_keys(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("additionalProperties").is_some_and(Value::is_object) {
                members.insert("propertyNames".to_owned(), json!({ "pattern": NAME_PATTERN }));
            }
            members.values_mut().for_each(name_keys);
        }
        Value::Array(elements) => elements.iter_mut().for_each(name_keys),
        _ => {}
    }
}

fn without_definitions(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(members) = schema.as_object_mut() {
        members.remove("$defs");
        members.remove("$schema");
    }
    schema
}

/// The same with nothing required, and null, which removes, allowed everywhere.
fn partial(schema: &Value) -> Value {
    let Value::Object(members) = schema else { return schema.clone() };
    let nullable = |schema: &Value| json!({ "anyOf": [partial(schema), { "type": "null" }] });
    let changed = members.iter().filter(|(key, _)| !["required", "default"].contains(&key.as_str()));
    let changed = changed.map(|(key, value)| {
        let value = match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                properties.iter().map(|(key, schema)| (key.clone(), nullable(schema))).collect::<Map<_, _>>().into()
            }
            ("additionalProperties", Value::Object(_)) => nullable(value),
            ("$ref", Value::String(name)) if !name.contains("Partial") => {
                json!(name.replace("#/$defs/", "#/$defs/Partial"))
            }
            ("anyOf", Value::Array(several)) => several.iter().map(partial).collect(),
            _ => value.clone(),
        };
        (key.clone(), value)
    });
    Value::Object(changed.collect())
}
