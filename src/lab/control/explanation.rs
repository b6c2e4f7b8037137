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
        let meant = unknown.nearest.map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
        Refusal::not_found(format!("no code or check of that name is known{meant}"))
    })
}
