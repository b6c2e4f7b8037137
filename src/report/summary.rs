//! The end of a run: what passed and what did not.

use serde_json::{Value, json};

use crate::play::Played;
use crate::report::account::{headline, notes};
use crate::report::terminal::Paint;
use crate::report::visible::visible;

/// The one line of `run --json`, where `selected` were to be played.
#[must_use]
pub fn json(played: &[Played], selected: usize) -> Value {
    let failed = played.iter().filter(|played| !played.passed()).count();
    let scenarios: Vec<Value> = played
        .iter()
        .map(|played| {
            let mut entry = json!({ "name": played.name, "file": played.file, "passed": played.passed() });
            let notes = notes(played, &played.redaction());
            if !notes.is_empty() {
                entry["notes"] = json!(notes);
            }
            if let Some(failure) = &played.failure {
                entry["failure"] = json!(failure.text(&played.redaction()));
            }
            entry
        })
        .collect();
    let mut summary = json!({ "passed": played.len() - failed, "failed": failed, "scenarios": scenarios });
    if selected > played.len() {
        summary["not_played"] = json!(selected - played.len());
    }
    summary
}

/// The last lines of `run`.
#[must_use]
pub fn text(played: &[Played], colored: bool) -> String {
    let paint = Paint { colored };
    let failed: Vec<&Played> = played.iter().filter(|played| !played.passed()).collect();
    let mut text = String::new();
    for played in &failed {
        let why = headline(played, &played.redaction()).unwrap_or_default();
        text.push_str(&format!("{} {}: {why}\n", paint.red("failed"), visible(&played.name)));
    }
    text.push_str(&format!("{} passed, {} failed\n", played.len() - failed.len(), failed.len()));
    text
}
