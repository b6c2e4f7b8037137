//! Playing a scenario: its steps on real labs, and the three proofs of a scenario that has a change and a fix.
//!
//! 1. `steps` with the change show the symptom.
//! 2. `steps` on a fresh lab of the base do not: the last step's expectation fails there, and the check that it names
//!    passed. So the change, and nothing else, is the cause.
//! 3. `fix` and `then` hold in the lab of the first proof.

use scenarios::{Expected, Mismatch, Problem, Problems, Scenario, Span, Step};
use serde_json::{Value, json};
use wire::clock::Stopwatch;
use wire::exchange::deciding_refusal;
use wire::{Check, CheckResult, Exchange, Outcome, Redaction};

use crate::lab::{Lab, StartError};
use crate::report::meaning::registers_second_factor;

pub(crate) mod accidents;
mod acts;
mod hops;
mod labels;
mod requests;

use acts::Player;
use labels::label;

/// A scenario that was played.
#[derive(Debug)]
pub struct Played {
    /// The scenario's name.
    pub name: String,
    /// Its file, as it was named.
    pub file: String,
    /// What was played, in order, up to the failure.
    pub phases: Vec<Phase>,
    /// What did not hold.
    pub failure: Option<Failure>,
}

/// Steps played in one lab for one purpose.
#[derive(Debug)]
pub struct Phase {
    /// What they are to prove.
    pub purpose: Purpose,
    /// The steps that were played.
    pub steps: Vec<PlayedStep>,
    /// The steps after a failure.
    pub unplayed: Vec<Unplayed>,
}

/// A step that was not played, because one before it failed.
#[derive(Debug)]
pub struct Unplayed {
    /// What would have been done, in words, with references as they are written.
    pub label: String,
    /// Where the step stands in the file.
    pub span: Span,
}

/// What a phase is to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The steps show what they say.
    Steps,
    /// Without the change they do not.
    Base,
    /// The fix mends it.
    Fix,
    /// What follows the fix holds.
    Then,
}

/// A step that was played.
#[derive(Debug)]
pub struct PlayedStep {
    /// What was done, in words.
    pub label: String,
    /// What came of it, as expectations see it.
    pub outcome: Value,
    /// What went over the wire.
    pub exchanges: Vec<Exchange>,
    /// How long it took, in microseconds of real time.
    pub duration_us: u64,
    /// Where the step stands in the file.
    pub span: Span,
    /// What was expected and did not come.
    pub mismatches: Vec<Mismatch>,
    /// Whether the file expects nothing of it, so that nothing can differ.
    pub expects_nothing: bool,
}

impl PlayedStep {
    /// The check that refused, where the file expects nothing of the step. That the Test tab reached the server is none.
    #[must_use]
    pub fn unexpected_refusal(&self) -> Option<&str> {
        let is_well = self.outcome["verdict"] == "reachable_and_authorized";
        self.outcome["check"].as_str().filter(|_| self.expects_nothing && !is_well)
    }
}

/// Something that was done in a lab, and what came of it.
#[derive(Debug)]
pub struct Observed {
    /// What was done, in words.
    pub label: String,
    /// What came of it, with the check that refused.
    pub outcome: Value,
    /// What went over the wire.
    pub exchanges: Vec<Exchange>,
    /// How long it took, in microseconds of real time.
    pub duration_us: u64,
}

/// Does `act` in `lab`, and watches what goes over the wire, in the lab that it is joined to as well.
///
/// # Errors
/// When the act could not be done.
pub async fn observe<E>(lab: &Lab, label: String, act: impl Future<Output = Result<Value, E>>) -> Result<Observed, E> {
    observe_with(lab, label, act, |_| false).await
}

/// The same; in a lab that others use too, what they do is left out, but for `also`.
///
/// # Errors
/// When the act could not be done.
pub async fn observe_with<E>(
    lab: &Lab,
    label: String,
    act: impl Future<Output = Result<Value, E>>,
    also: impl Fn(&Exchange) -> bool,
) -> Result<Observed, E> {
    let before = lab.trace.last_number_everywhere().await;
    let stopwatch = Stopwatch::start();
    let outcome = act.await?;
    let duration_us = stopwatch.elapsed_us();
    let exchanges = lab.trace.own_everywhere_after(before, also).await;
    let also = if registers_second_factor(&exchanges) { ", registering a second factor" } else { "" };
    Ok(Observed { label: label + also, outcome: outcome_with_refusal(outcome, &exchanges), exchanges, duration_us })
}

/// The check that refused a message.
#[derive(Debug)]
pub struct Refused {
    /// What it says.
    pub by: CheckResult,
    /// The checks of the same party that the message had passed, each once.
    pub passed: Vec<Check>,
}

/// Why a scenario failed.
#[derive(Debug)]
pub enum Failure {
    /// A step's expectations do not match what came.
    Expectation {
        /// The phase.
        purpose: Purpose,
        /// The step, in words.
        label: String,
        /// Each difference, with its place in the file, rendered with a caret.
        differences: Vec<String>,
        /// The check that refused, where one did.
        refused: Option<Box<Refused>>,
        /// What came instead.
        outcome: Value,
    },
    /// The symptom shows without the change as well.
    BaseShowsIt(String),
    /// The check that the last step names did not pass without the change.
    CheckNotPassed(Check),
    /// A step could not be played: a capture is missing, a change makes no valid world.
    Unplayable(Problems),
    /// A program that was run ended in failure.
    Program {
        /// How it was run.
        label: String,
        /// How it ended, in words.
        ended: String,
        /// The check that refused, where one did.
        refused: Option<Box<Refused>>,
    },
}

impl Purpose {
    /// The word that reports have for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Base => "base",
            Self::Fix => "fix",
            Self::Then => "then",
        }
    }
}

impl Played {
    /// Whether everything held.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failure.is_none()
    }

    /// The placeholders for every secret that went over the wire.
    #[must_use]
    pub fn redaction(&self) -> Redaction {
        let exchanges: Vec<Exchange> = self.steps().flat_map(|step| step.exchanges.clone()).collect();
        Redaction::of(&exchanges)
    }

    /// All played steps.
    pub fn steps(&self) -> impl Iterator<Item = &PlayedStep> {
        self.phases.iter().flat_map(|phase| &phase.steps)
    }
}

/// What kept a step from sending anything, and so is in no exchange; none where nothing did.
#[must_use]
pub fn kept_back(outcome: &Value) -> Option<String> {
    let member = |name: &str| outcome[name].as_str();
    let (by, check) = (member("by")?, member("check")?);
    let line = |name: &str| member(name).map(|text| format!("  {name:<9} {text}\n")).unwrap_or_default();
    let told: String = ["expected", "received", "fix"].map(line).concat();
    Some(format!("refused by {by} at {check}\n{told}  more      entralab explain {check}\n"))
}

impl Failure {
    /// The failure in words, without secrets.
    #[must_use]
    pub fn text(&self, redaction: &Redaction) -> String {
        let text = match self {
            Self::Expectation { purpose, label, differences, refused, outcome } => {
                let phase = match purpose {
                    Purpose::Steps => "steps",
                    Purpose::Base => "steps on the base world",
                    Purpose::Fix => "fix",
                    Purpose::Then => "then",
                };
                let mut text = format!("{phase}: {label}: not as expected\n");
                differences.iter().for_each(|difference| text.push_str(difference));
                let refused = refused.as_ref().map(|refused| refused.text()).or_else(|| kept_back(outcome));
                text.push_str(refused.as_deref().unwrap_or("no party refused anything in this step\n"));
                text.push_str(&format!("what came: {}\n", told_once(outcome)));
                text
            }
            Self::BaseShowsIt(label) => format!(
                "{label}: the base world, without the change, shows the same: so the change is not the cause\n\
                 fix: let the last step expect something that only the change brings about\n"
            ),
            Self::CheckNotPassed(check) => format!(
                "the check {check} did not pass on the base world, without the change\n\
                 fix: name the check that refuses with the change and passes without it\n"
            ),
            Self::Unplayable(problems) => problems.0.iter().map(|problem| problem.render(false)).collect(),
            Self::Program { label, ended, refused } => {
                let refused = refused.as_ref().map(|refused| refused.text()).unwrap_or_default();
                format!("{label}: {ended}\n{refused}")
            }
        };
        redaction.hide(&text)
    }
}

impl Refused {
    /// The check that decided these exchanges, where one refused.
    #[must_use]
    pub fn of(exchanges: &[Exchange]) -> Option<Self> {
        let refusal = deciding_refusal(exchanges)?;
        let message = exchanges.iter().find(|one| one.checks.0.iter().any(|check| std::ptr::eq(check, refusal)))?;
        let own = message.checks.0.iter().filter(|one| one.check.party() == refusal.check.party());
        let mut passed = Vec::new();
        for check in own.filter(|one| one.outcome == Outcome::Passed).map(|one| one.check) {
            if !passed.contains(&check) {
                passed.push(check);
            }
        }
        Some(Self { by: refusal.clone(), passed })
    }

    /// What it is, expected and received, and what mends it, for programs; without secrets.
    #[must_use]
    pub fn json(&self, redaction: &Redaction) -> Value {
        let CheckResult { check, expected, received, fix, .. } = &self.by;
        let hide = |text: &str| redaction.hide(text);
        json!({
            "check": check,
            "expected": hide(expected),
            "received": hide(received),
            "fix": fix.as_deref().map(hide),
        })
    }

    /// What it expected, what it received, what mends it, and what had passed before.
    #[must_use]
    pub fn text(&self) -> String {
        let CheckResult { check, expected, received, fix, .. } = &self.by;
        let party = check.party();
        let mut text = format!("refused by {party} at {check}\n  expected  {expected}\n  received  {received}\n");
        if let Some(fix) = fix {
            text.push_str(&format!("  fix       {fix}\n"));
        }
        if !self.passed.is_empty() {
            let passed: Vec<&str> = self.passed.iter().map(|check| check.name()).collect();
            text.push_str(&format!("  passed    {}\n", passed.join(", ")));
        }
        text.push_str(&format!("  more      entralab explain {check}\n"));
        text
    }
}

/// Plays `scenario` and proves what it says.
///
/// # Errors
/// When a lab cannot be started; that says nothing about the scenario.
pub async fn play(scenario: &Scenario) -> Result<Played, StartError> {
    let mut played =
        Played { name: scenario.name.clone(), file: scenario.file.clone(), phases: Vec::new(), failure: None };
    let lab = Lab::start((*scenario.world).clone()).await?;
    let mut player = Player::new(scenario, lab);
    played.failure = judged(&mut player, Purpose::Steps, &scenario.steps, &mut played.phases).await;
    if played.failure.is_none() && scenario.has_change && !scenario.fix.is_empty() {
        let base = Player::new(scenario, Lab::start((*scenario.base).clone()).await?);
        played.failure = unseen_on_base(base, scenario, &mut played.phases).await;
    }
    for (purpose, steps) in [(Purpose::Fix, &scenario.fix), (Purpose::Then, &scenario.then)] {
        if played.failure.is_none() && !steps.is_empty() {
            played.failure = judged(&mut player, purpose, steps, &mut played.phases).await;
        }
    }
    Ok(played)
}

/// Plays steps and judges each; stops at the first that is not as expected.
async fn judged(player: &mut Player<'_>, purpose: Purpose, steps: &[Step], phases: &mut Vec<Phase>) -> Option<Failure> {
    let mut phase = Phase { purpose, steps: Vec::new(), unplayed: Vec::new() };
    let mut failure = None;
    let mut rest = steps.iter();
    for step in rest.by_ref() {
        match player.play(step).await {
            Ok(step) => {
                failure = expectation_failure(purpose, &step);
                phase.steps.push(step);
            }
            Err(problems) => failure = Some(Failure::Unplayable(problems)),
        }
        if failure.is_some() {
            break;
        }
    }
    phase.unplayed = rest.map(|step| Unplayed { label: label(&step.action), span: step.span.clone() }).collect();
    phases.push(phase);
    failure
}

fn expectation_failure(purpose: Purpose, step: &PlayedStep) -> Option<Failure> {
    if step.mismatches.is_empty() {
        return None;
    }
    let difference = |mismatch: &Mismatch| {
        let message = format!("{}: expected {}, received {}", mismatch.path, mismatch.expected, mismatch.received);
        Problem::at(&mismatch.span, "", message, "").render(false)
    };
    Some(Failure::Expectation {
        purpose,
        label: step.label.clone(),
        differences: step.mismatches.iter().map(difference).collect(),
        refused: Refused::of(&step.exchanges).map(Box::new),
        outcome: step.outcome.clone(),
    })
}

/// An outcome without what is said of the refusal anyway.
fn told_once(outcome: &Value) -> Value {
    let mut outcome = outcome.clone();
    if let Value::Object(members) = &mut outcome {
        members.retain(|name, _| !["by", "check", "expected", "received"].contains(&name.as_str()));
    }
    outcome
}

/// The second proof: the last step's expectation fails on the base, and the check that it names passed there.
async fn unseen_on_base(mut player: Player<'_>, scenario: &Scenario, phases: &mut Vec<Phase>) -> Option<Failure> {
    let mut phase = Phase { purpose: Purpose::Base, steps: Vec::new(), unplayed: Vec::new() };
    for step in &scenario.steps {
        match player.play(step).await {
            Ok(step) => phase.steps.push(step),
            // A later step may use a capture that only the symptom brings; what was played until then decides.
            Err(_) if !phase.steps.is_empty() => break,
            Err(problems) => return Some(Failure::Unplayable(problems)),
        }
    }
    let failure = match (phase.steps.last(), scenario.steps.last()) {
        (Some(last), Some(_)) if last.mismatches.is_empty() => Some(Failure::BaseShowsIt(last.label.clone())),
        (Some(last), Some(written)) => {
            written.named_check().filter(|check| !passed_in(&last.exchanges, *check)).map(Failure::CheckNotPassed)
        }
        _ => None,
    };
    phases.push(phase);
    failure
}

fn passed_in(exchanges: &[Exchange], check: Check) -> bool {
    let results = exchanges.iter().flat_map(|exchange| &exchange.checks.0);
    results.filter(|result| result.check == check).any(|result| result.outcome == Outcome::Passed)
}

/// The outcome of a step, with the refusal that the trace shows.
pub(crate) fn outcome_with_refusal(outcome: Value, exchanges: &[Exchange]) -> Value {
    let Value::Object(mut members) = outcome else { return outcome };
    if let Some(result) = deciding_refusal(exchanges) {
        let text = |text: &str| Value::String(text.to_owned());
        members.insert("by".into(), text(&result.check.party().to_string()));
        members.insert("check".into(), text(result.check.name()));
        members.insert("expected".into(), text(&result.expected));
        members.insert("received".into(), text(&result.received));
    }
    Value::Object(members)
}

/// Compares one member of an outcome or exchange; the paths of the differences begin with its name.
fn compare_member(member: &str, expected: &Expected, received: Option<&Value>) -> Vec<Mismatch> {
    let mut found = expected.compare(received);
    for mismatch in &mut found {
        let below = std::mem::take(&mut mismatch.path);
        mismatch.path = if below.is_empty() { member.to_owned() } else { format!("{member}.{below}") };
    }
    found
}
