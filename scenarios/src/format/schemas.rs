//! Schemas of members whose types say less than they allow.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::BasedWorld;
use crate::patterns::{KEPT_PATTERN, REPORT_PATTERN, TIME_PATTERN};
use crate::world::{NAME_PATTERN, World};

pub(super) fn version(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "const": 1, "description": "The version of the format: 1." })
}

pub(super) fn reports(_: &mut SchemaGenerator) -> Schema {
    let one = json!({ "type": "string", "pattern": REPORT_PATTERN });
    json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
}

pub(super) fn tags(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "string", "pattern": NAME_PATTERN } })
}

pub(super) fn time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": TIME_PATTERN })
}

pub(super) fn party(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["browser", "idp", "connector", "gate", "mcp", "client"] })
}

pub(super) fn sender(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["browser", "client"] })
}

pub(super) fn method(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["GET", "POST", "OPTIONS", "PUT", "DELETE", "HEAD", "PATCH"] })
}

pub(super) fn parameters(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } })
}

pub(super) fn matrix(_: &mut SchemaGenerator) -> Schema {
    let value = json!({ "type": ["string", "number", "boolean", "null"] });
    json_schema!({
        "type": "object",
        "propertyNames": { "pattern": KEPT_PATTERN },
        "additionalProperties": { "type": "array", "minItems": 1, "items": value },
    })
}

pub(super) fn name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": NAME_PATTERN })
}

pub(super) fn keep(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "propertyNames": { "pattern": KEPT_PATTERN },
        "additionalProperties": { "type": "string", "pattern": "^[^ ]+$" },
    })
}

/// A whole world, or a base and a change.
pub(super) fn world(generator: &mut SchemaGenerator) -> Schema {
    let based = generator.subschema_for::<BasedWorld>();
    let whole = generator.subschema_for::<World>();
    json_schema!({ "anyOf": [based, whole] })
}

/// A world of which nothing is required; its definition is added by [`crate::schema`].
pub(super) fn partial_world(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "$ref": "#/$defs/PartialWorld" })
}
