//! `--report json=FILE`: everything that is known of a run.

use serde_json::{Value, json};
use wire::Exchange;
use wire::exports::Secrets;

use super::Account;
use crate::play::{Phase, PlayedStep};

/// The version of the document's shape; it grows when a member changes its meaning or goes away.
pub const VERSION: u64 = 1;

/// The document.
#[must_use]
pub fn json(accounts: &[Account], secrets: Secrets) -> Value {
    let failed = accounts.iter().filter(|account| !account.played.passed()).count();
    json!({
        "version": VERSION,
        "entralab": env!("CARGO_PKG_VERSION"),
        "secrets": match secrets {
            Secrets::Replaced => "replaced",
            Secrets::Included => "included",
        },
        "note": secrets.note(),
        "passed": accounts.len() - failed,
        "failed": failed,
        "scenarios": accounts.iter().map(scenario).collect::<Vec<_>>(),
    })
}

fn scenario(account: &Account) -> Value {
    let (scenario, played) = (account.scenario, account.played);
    let mut entry = json!({
        "name": played.name,
        "file": played.file,
        "title": scenario.title,
        "reports": scenario.reports,
        "tags": scenario.tags,
        "passed": played.passed(),
        "phases": played.phases.iter().map(|phase| self::phase(account, phase)).collect::<Vec<_>>(),
    });
    let notes = account.notes();
    if !notes.is_empty() {
        entry["notes"] = json!(notes);
    }
    if let Some(text) = account.failure() {
        entry["failure"] = json!({ "text": text });
        if let Some(place) = account.failure_place() {
            entry["failure"]["file"] = json!(place.file);
            entry["failure"]["line"] = json!(place.line);
            entry["failure"]["column"] = json!(place.column);
        }
    }
    entry
}

fn phase(account: &Account, phase: &Phase) -> Value {
    let steps: Vec<Value> = phase.steps.iter().map(|step| self::step(account, step)).collect();
    let unplayed: Vec<Value> = phase
        .unplayed
        .iter()
        .map(
            |step| json!({ "step": account.text(&step.label), "line": step.span.line(), "column": step.span.column() }),
        )
        .collect();
    json!({ "purpose": phase.purpose.name(), "steps": steps, "unplayed": unplayed })
}

fn step(account: &Account, step: &PlayedStep) -> Value {
    let mismatch = |mismatch: &scenarios::Mismatch| {
        let [path, expected, received] = account.mismatch(mismatch);
        let (line, column) = (mismatch.span.line(), mismatch.span.column());
        json!({ "path": path, "expected": expected, "received": received, "line": line, "column": column })
    };
    json!({
        "step": account.text(&step.label),
        "line": step.span.line(),
        "column": step.span.column(),
        "failed": account.is_failed(step),
        "duration_us": step.duration_us,
        "outcome": account.value(&step.outcome),
        "mismatches": step.mismatches.iter().map(mismatch).collect::<Vec<_>>(),
        "exchanges": step.exchanges.iter().map(|exchange| account.exchange(exchange)).collect::<Vec<Exchange>>(),
    })
}
