//! The signing keys over the control API.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::operation::{Operation, Verb};
use super::refusal::{Refusal, Sent};
use crate::Lab;

/// The keys that are published.
#[derive(Serialize, JsonSchema)]
struct Keys {
    /// Their `kid`s; the first signs.
    kids: Vec<String>,
}

/// How the keys change.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rotation {
    /// Whether the key that signed until now stays published, so that its tokens are still good. Default: true.
    #[serde(default = "yes")]
    overlap: bool,
}

fn yes() -> bool {
    true
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new::<Keys, _, _>(Verb::Get, "/_lab/keys", "getKeys", "The signing keys by name.", get),
        Operation::new::<Keys, _, _>(
            Verb::Post,
            "/_lab/keys/rotate",
            "rotateKeys",
            "Lets the identity provider sign with a new key.",
            rotate,
        )
        .body::<Rotation>()
        .refused(500, "No key could be made."),
    ]
}

fn keys(lab: &Lab) -> Json<Keys> {
    Json(Keys { kids: lab.key_ids() })
}

async fn get(State(lab): State<Lab>) -> Json<Keys> {
    keys(&lab)
}

async fn rotate(State(lab): State<Lab>, Sent(Rotation { overlap }): Sent<Rotation>) -> Result<Json<Keys>, Refusal> {
    match lab.rotate_keys(overlap) {
        Ok(()) => Ok(keys(&lab)),
        Err(error) => {
            let fix = "this is a bug in entralab: please report it";
            Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "keys.made", error.to_string(), fix))
        }
    }
}
