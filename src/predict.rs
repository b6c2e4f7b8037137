//! What a setup will do, and what is unwise in it, told without starting anything.
//!
//! [`walk`] goes the way of the story through the parties themselves, in memory: the rules are theirs, so that what is
//! foretold is what `run` shows. [`lints`] looks at settings that work and should not stay. [`place`] finds the value
//! that decides in the file.

use scenarios::{Action, Captures, Expected, Problem, Scenario, Step};
use serde::Serialize;
use serde_json::Value;

pub mod lints;
pub mod place;
pub mod walk;

use crate::lab::StartError;
use lints::Lint;
use walk::{Prediction, Station};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It will fail, or the file is at fault.
    Error,
    /// It works, and is unwise.
    Warning,
    /// It will fail, and the file says so itself.
    Expected,
}

/// Something that is worth saying of a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// `AADSTS<number>`, where the identity provider refuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Where, what, and what mends it.
    #[serde(flatten)]
    pub problem: Problem,
}

impl From<Problem> for Finding {
    /// A fault of a file.
    fn from(problem: Problem) -> Self {
        Self { severity: Severity::Error, code: None, problem }
    }
}

/// Everything worth saying of the world of `scenario`: what will fail first, then what is unwise.
///
/// # Errors
/// When a URL of the world has no origin that a party could serve.
pub async fn judge(scenario: &Scenario) -> Result<Vec<Finding>, StartError> {
    let tree = scenarios::parse(&scenario.source).ok();
    let span = |fix: &str, message: &str| {
        let found = tree.as_ref().and_then(|tree| place::find(tree, fix, message));
        found.unwrap_or_else(|| scenario.source.span(0, 0))
    };
    let predictions = walk::predict(&scenario.world).await?;
    let foretold = predictions.iter().map(|prediction| Finding {
        severity: severity(scenario, prediction),
        code: prediction.code.map(|number| format!("AADSTS{number}")),
        problem: Problem::at(
            &span(&prediction.fix, &prediction.message),
            prediction.name(),
            prediction.message.as_str(),
            prediction.fix.as_str(),
        ),
    });
    // what the base does unwisely is said of the base, unless this file repeats it
    let is_based = tree.as_ref().is_some_and(|tree| tree.at(&["world", "base"]).is_some());
    let of_base = if is_based { lints::lint(&scenario.base) } else { Vec::new() };
    let own =
        |lint: &Lint| !of_base.contains(lint) || tree.as_ref().is_some_and(|tree| place::is_written(tree, &lint.path));
    let unwise = lints::lint(&scenario.world).into_iter().filter(own).map(|lint| Finding {
        severity: Severity::Warning,
        code: None,
        problem: Problem::at(
            &span(&lint.path, &lint.message),
            lint.name,
            lint.message,
            format!("{}: {}", lint.path, lint.fix),
        ),
    });
    Ok(foretold.chain(unwise).collect())
}

/// What the file itself says will happen is no error; that there is no refresh token shows after an hour, and is a lint.
fn severity(scenario: &Scenario, prediction: &Prediction) -> Severity {
    if says(scenario, prediction) {
        Severity::Expected
    } else if prediction.check == Some(wire::Check::ConnectionFresh) {
        Severity::Warning
    } else {
        Severity::Error
    }
}

/// Whether the file reports the code, or its steps expect what is foretold.
fn says(scenario: &Scenario, prediction: &Prediction) -> bool {
    let reported = prediction.code.is_some_and(|number| scenario.reports.contains(&format!("AADSTS{number}")));
    let is_check = |expected: &Expected| {
        let name = prediction.check.map(wire::Check::name);
        matches!(expected, Expected::Is(Value::String(expected), _) if Some(expected.as_str()) == name)
    };
    reported
        || scenario.steps.iter().any(|step| {
            (step.named_check().is_some() && step.named_check() == prediction.check)
                || step.hops.iter().any(|hop| hop.check.as_ref().is_some_and(is_check))
                || expects(scenario, step, prediction)
        })
}

/// Whether all that the step expects holds of what is foretold for a step of its kind.
fn expects(scenario: &Scenario, step: &Step, prediction: &Prediction) -> bool {
    let is_of_kind = match &step.action {
        Action::Connect { .. } => prediction.at == Station::Connect,
        Action::TestOperation { .. } => prediction.at == Station::Test,
        Action::ListTools { .. } | Action::Ask { .. } => prediction.at == Station::Chat,
        _ => false,
    };
    let holds = |(member, expected): &(String, Expected)| expected.compare(prediction.outcome.get(member)).is_empty();
    let step = scenario.interpolate(step, &scenario.world, &Captures::default());
    is_of_kind && step.is_ok_and(|step| !step.expect.is_empty() && step.expect.iter().all(holds))
}
