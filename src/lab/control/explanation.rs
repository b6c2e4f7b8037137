//! `explain` over the control API.

use axum::Json;
use schemars::JsonSchema;
use serde::Deserialize;

use super::operation::{Operation, Verb};
use super::refusal::{Asked, Refusal};
use crate::explain::{Explanation, explain};

/// What is to be explained.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Question {
    /// A code, a named check or lint, or a message or address that speaks of one.
    of: String,
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new::<Explanation, _, _>(
            Verb::Get,
            "/_lab/explain",
            "explain",
            "What a code or named check means, where it shows, what brings it about and what mends it.",
            answer,
        )
        .query::<Question>()
        .refused(404, "Nothing is known of it."),
    ]
}

async fn answer(Asked(Question { of }): Asked<Question>) -> Result<Json<Explanation>, Refusal> {
    explain(&of).map(Json).map_err(|unknown| {
        let fix = match unknown.nearest {
            Some(near) => format!("did you mean {near}?"),
            None => "ask for a code such as AADSTS50011, or for a check that a trace names".to_owned(),
        };
        Refusal::not_found("no code or check of that name is known", fix)
    })
}
