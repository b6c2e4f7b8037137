//! A run as a list of events: `run --json --events` prints one line for each, before the summary.

use serde_json::{Value, json};
use wire::exports::Secrets;

use super::Account;
use crate::play::Played;
use scenarios::Scenario;

/// What happened in one scenario, in order.
#[must_use]
pub fn events(scenario: &Scenario, played: &Played) -> Vec<Value> {
    let account = Account::of(scenario, played, Secrets::Replaced);
    let mut events = vec![json!({
        "event": "scenario_started",
        "scenario": played.name,
        "file": played.file,
        "title": scenario.title,
    })];
    for phase in &played.phases {
        for step in &phase.steps {
            events.push(json!({
                "event": "step_played",
                "scenario": played.name,
                "phase": phase.purpose.name(),
                "step": account.text(&step.label),
                "line": step.span.line(),
                "passed": !account.is_failed(step),
                "duration_us": step.duration_us,
                "exchanges": step.exchanges.len(),
                "outcome": account.value(&step.outcome),
            }));
        }
    }
    let mut end = json!({ "event": "scenario_finished", "scenario": played.name, "passed": played.passed() });
    if let Some(failure) = account.failure() {
        end["failure"] = json!(failure);
    }
    events.push(end);
    events
}
