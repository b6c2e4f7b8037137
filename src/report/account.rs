//! A played scenario as reports tell it: with placeholders for secrets, unless somebody asked for the secrets.

use scenarios::{Mismatch, Scenario};
use serde_json::Value;
use wire::exports::{Secrets, Section};
use wire::{CheckResult, Exchange, Redaction};

use super::visible::{shown, visible};
use crate::play::{Failure, Phase, Played, PlayedStep, Purpose};

/// One played scenario, and how to tell it.
#[derive(Debug)]
pub struct Account<'p> {
    /// What was written.
    pub scenario: &'p Scenario,
    /// What came.
    pub played: &'p Played,
    /// Whether secrets are told.
    pub secrets: Secrets,
    redaction: Redaction,
}

/// What reports call a step that could not be played.
pub(super) const NOT_PLAYABLE: &str = "a step that could not be played";

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as the user wrote it, or `bundled:<theme>/<name>`.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl<'p> Account<'p> {
    /// The account of one played scenario.
    #[must_use]
    pub fn of(scenario: &'p Scenario, played: &'p Played, secrets: Secrets) -> Self {
        let redaction = match secrets {
            Secrets::Replaced => played.redaction(),
            Secrets::Included => Redaction::default(),
        };
        Self { scenario, played, secrets, redaction }
    }

    /// Why the scenario failed, in the words of the terminal.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        failure_text(self.played, &self.redaction)
    }

    /// Why the scenario failed, in one line: the first difference, and the check that refused.
    #[must_use]
    pub fn headline(&self) -> Option<String> {
        headline(self.played, &self.redaction)
    }

    /// What passed only because the file expects nothing there, a line each.
    pub(super) fn notes(&self) -> Vec<String> {
        notes(self.played, &self.redaction)
    }

    /// Where the file says what did not hold.
    #[must_use]
    pub fn failure_place(&self) -> Option<Place> {
        let failure = self.played.failure.as_ref()?;
        let span = match failure {
            Failure::Unplayable(problems) => {
                let problem = problems.0.first()?;
                let (line, column) = (problem.line.max(1), problem.column.max(1));
                return Some(Place { file: problem.file.clone(), line, column });
            }
            _ => {
                let step = self.failed_step()?;
                step.mismatches.first().map_or(&step.span, |mismatch| &mismatch.span)
            }
        };
        Some(Place { file: span.file().to_owned(), line: span.line(), column: span.column() })
    }

    /// The step at which the scenario failed: the last one played. None where all held, or the step could not be played.
    #[must_use]
    pub fn failed_step(&self) -> Option<&'p PlayedStep> {
        failed_step(self.played)
    }

    /// Whether the scenario failed at a step that could not be played at all.
    #[must_use]
    pub fn is_unplayable(&self) -> bool {
        matches!(self.played.failure, Some(Failure::Unplayable(_)))
    }

    /// Whether this is the step at which the scenario failed.
    #[must_use]
    pub fn is_failed(&self, step: &PlayedStep) -> bool {
        self.failed_step().is_some_and(|failed| std::ptr::eq(failed, step))
    }

    /// What went over the wire, step by step.
    #[must_use]
    pub fn sections(&self) -> Vec<Section> {
        self.played.phases.iter().flat_map(|phase| self.phase_sections(phase)).collect()
    }

    /// What went over the wire in the phase that failed.
    #[must_use]
    pub fn failed_sections(&self) -> Vec<Section> {
        let failed = self.played.failure.as_ref().and(self.played.phases.last());
        failed.into_iter().flat_map(|phase| self.phase_sections(phase)).collect()
    }

    fn phase_sections<'a>(&'a self, phase: &'a Phase) -> impl Iterator<Item = Section> + 'a {
        phase.steps.iter().map(move |step| Section {
            title: format!("{}: {}", self.played.name, self.step_name(phase, &step.label)),
            exchanges: step.exchanges.iter().map(|exchange| self.exchange(exchange)).collect(),
        })
    }

    /// What a step does, in words, with what its phase is to prove.
    #[must_use]
    pub fn step_name(&self, phase: &Phase, label: &str) -> String {
        let label = self.text(label);
        heading(phase.purpose).map_or_else(|| label.clone(), |heading| format!("{heading}: {label}"))
    }

    /// An exchange as it is told.
    #[must_use]
    pub fn exchange(&self, exchange: &Exchange) -> Exchange {
        let mut copy = self.redaction.exchange(exchange);
        for check in &mut copy.checks.0 {
            check.fix = check.fix.as_deref().map(|fix| self.text(fix));
        }
        copy
    }

    /// A check's result as it is told.
    #[must_use]
    pub fn check(&self, result: &CheckResult) -> CheckResult {
        CheckResult {
            expected: self.text(&result.expected),
            received: self.text(&result.received),
            fix: result.fix.as_deref().map(|fix| self.text(fix)),
            ..result.clone()
        }
    }

    /// A difference as it is told: the member, what was expected, what came.
    #[must_use]
    pub fn mismatch(&self, mismatch: &Mismatch) -> [String; 3] {
        [&mismatch.path, &mismatch.expected, &mismatch.received].map(|text| self.text(text))
    }

    /// Text as it is told.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        self.redaction.hide(text)
    }

    /// A value as it is told.
    #[must_use]
    pub fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, member)| (self.text(name), self.value(member))).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// What came of a step, in one line.
    #[must_use]
    pub fn outcome(&self, step: &PlayedStep) -> String {
        came_of_it(&step.outcome, &self.redaction)
    }
}

/// The members of an outcome that tell most, in one line.
pub(super) fn came_of_it(outcome: &Value, redaction: &Redaction) -> String {
    let mut parts = Vec::new();
    let told = [
        "connection",
        "aadsts",
        "error",
        "status",
        "verdict",
        "tools",
        "tool",
        "arguments",
        "refused",
        "refreshed",
        "check",
    ];
    for member in told {
        match outcome.get(member) {
            None | Some(Value::Null | Value::Bool(false)) => {}
            Some(Value::String(word)) if member == "check" => parts.push(format!("[{word}]")),
            Some(Value::String(word)) => parts.push(word.clone()),
            Some(Value::Bool(true)) => parts.push(member.to_owned()),
            Some(value) if member == "aadsts" => parts.push(format!("AADSTS{value}")),
            Some(Value::Array(items)) => {
                let words: Vec<_> = items.iter().filter_map(Value::as_str).collect();
                parts.push(words.join(", "));
            }
            Some(value) => parts.push(value.to_string()),
        }
    }
    let mut text = if parts.is_empty() { String::new() } else { format!(": {}", shown(redaction, &parts.join(" "))) };
    if let Some(answer) = outcome.get("answer").and_then(Value::as_str) {
        for line in shown(redaction, answer).lines().take(12) {
            text.push_str(&format!("\n      {line}"));
        }
    }
    text
}

fn failed_step(played: &Played) -> Option<&PlayedStep> {
    match played.failure.as_ref()? {
        Failure::Unplayable(_) => None,
        _ => played.phases.last()?.steps.last(),
    }
}

/// What passed only because the file expects nothing there, a line each.
pub(super) fn notes(played: &Played, redaction: &Redaction) -> Vec<String> {
    let phases = played.phases.iter().filter(|phase| phase.purpose != Purpose::Base);
    let steps = phases.flat_map(|phase| &phase.steps);
    let note = |step: &PlayedStep| {
        let check = step.unexpected_refusal()?;
        let label = visible(&redaction.hide(&step.label).replace('\n', " "));
        Some(format!("{label}: {check} refused, and the step expects nothing: write `expect:`"))
    };
    steps.filter_map(note).collect()
}

/// Why `played` failed, in one line: the first difference, and the check that refused.
pub(super) fn headline(played: &Played, redaction: &Redaction) -> Option<String> {
    let failure = played.failure.as_ref()?;
    let text = match (failed_step(played).and_then(|step| step.mismatches.first()), failure) {
        (Some(difference), Failure::Expectation { refused, .. }) => {
            let refused = refused.as_ref().map(|refused| refused.by.check);
            let by = refused.map(|check| format!("; refused by {} at {check}", check.party())).unwrap_or_default();
            format!("{}: expected {}, received {}{by}", difference.path, difference.expected, difference.received)
        }
        (_, Failure::Unplayable(problems)) => problems.0.first().map(ToString::to_string).unwrap_or_default(),
        (_, failure) => failure.text(redaction).lines().next().unwrap_or_default().to_owned(),
    };
    Some(visible(&redaction.hide(&text).replace('\n', " ")))
}

/// Why `played` failed, in words, and where to see more.
pub(super) fn failure_text(played: &Played, redaction: &Redaction) -> Option<String> {
    let failure = played.failure.as_ref()?;
    let mut text = visible(&redaction.hide(&failure.text(redaction)));
    if !text.ends_with('\n') {
        text.push('\n');
    }
    if matches!(failure, Failure::Program { .. }) {
        return Some(text);
    }
    let file = visible(played.file.trim_start_matches("bundled:"));
    text.push_str(&format!("see every message: entralab run {file} --report html=report.html\n"));
    Some(text)
}

/// What a phase is to prove, where that is not plain.
pub(super) fn heading(purpose: Purpose) -> Option<&'static str> {
    match purpose {
        Purpose::Steps => None,
        Purpose::Base => Some("without the change, on a fresh lab"),
        Purpose::Fix => Some("the fix"),
        Purpose::Then => Some("then"),
    }
}
