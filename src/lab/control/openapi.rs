//! The OpenAPI document of the control API, made of its table of operations.

use axum::Json;
use axum::response::{IntoResponse, Response};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::operation::{Answer, Operation, shape};
use super::refusal::Refused;

/// Where it stands.
pub(super) const PATH: &str = "/_lab/openapi.json";

/// What any operation can answer; those with 408, 413, 415 or 422 only where there is a body, 400 where there is something to read.
const COMMON: [(u16, &str); 7] = [
    (400, "The body is no JSON, or a parameter of the query or path has the wrong form."),
    (401, "The control token is missing, or another one."),
    (403, "A page of another site, or a foreign host name."),
    (408, "The body did not come in time."),
    (413, "The body is larger than 4 MiB."),
    (415, "The body is not declared as application/json."),
    (422, "The body is JSON of another shape, or would make no setup: `problems` says all that is wrong."),
];

pub(super) async fn document() -> Response {
    Json(openapi(super::operations())).into_response()
}

/// The document, OpenAPI 3.1.
pub(super) fn openapi(operations: Vec<Operation>) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let refused = shape::<Refused>(&mut generator).to_value();
    let mut paths = Map::new();
    for operation in operations {
        let mut responses = Map::new();
        let is_common = |status: u16| match status {
            400 => operation.body.is_some() || operation.query.is_some() || operation.path.contains('{'),
            408 | 413 | 415 | 422 => operation.body.is_some(),
            _ => true,
        };
        for (status, description) in COMMON.into_iter().filter(|(status, _)| is_common(*status)) {
            responses.insert(
                status.to_string(),
                json!({
                    "description": description, "content": { "application/json": { "schema": refused } }
                }),
            );
        }
        for Answer { status, description, media_type, shape } in &operation.answers {
            let mut response = json!({ "description": description });
            if let Some(shape) = shape {
                response["content"] = json!({ *media_type: { "schema": shape(&mut generator).to_value() } });
            }
            responses.insert(status.to_string(), response);
        }
        responses.sort_keys();
        let mut entry = json!({
            "operationId": operation.id,
            "summary": operation.summary,
            "tags": [operation.path.split('/').nth(2).unwrap_or_default()],
            "responses": responses,
        });
        let mut parameters: Vec<Value> = operation
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
            .collect();
        if let Some(query) = operation.query {
            let mut own = schemars::SchemaGenerator::new(SchemaSettings::draft2020_12().with(|settings| {
                settings.inline_subschemas = true;
            }));
            parameters.extend(members(&query(&mut own).to_value()));
        }
        if !parameters.is_empty() {
            entry["parameters"] = parameters.into();
        }
        if let Some(body) = operation.body {
            let schema = body(&mut generator).to_value();
            entry["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
        }
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.verb.to_string()] = entry;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "entralab control API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What programs may do with a running lab. The ready file holds its address (`lab`) and \
                            `control_token`. Every refusal is JSON: `error` holds a stable `code`, a `message`, and the `fix`. \
                            A path under /_lab that is not here answers 404, another method 405.",
        },
        "security": [{ "control_token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "control_token": { "type": "http", "scheme": "bearer" } },
            "schemas": generator.take_definitions(true),
        },
    })
}

/// The members of a struct, as parameters of the query.
fn members(schema: &Value) -> Vec<Value> {
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, schema)| {
            let mut schema = schema.clone();
            let description = schema.as_object_mut().and_then(|members| members.remove("description"));
            json!({
                "name": name, "in": "query", "required": required(name), "description": description, "schema": schema
            })
        })
        .collect()
}
