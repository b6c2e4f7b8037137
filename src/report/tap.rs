//! `--report tap=FILE`: Test Anything Protocol 14 (<https://testanything.org/tap-version-14-specification.html>): one test
//! point for each scenario, with a subtest for its steps.

use serde_json::json;
use wire::exports::Secrets;

use super::Account;
use super::account::NOT_PLAYABLE;
use super::visible::visible;

/// The document.
#[must_use]
pub fn tap(accounts: &[Account], secrets: Secrets) -> String {
    let mut text = format!("TAP version 14\n# entralab: {}\n1..{}\n", secrets.note(), accounts.len());
    for (index, account) in accounts.iter().enumerate() {
        text.push_str(&steps(account));
        let name = description(&format!("{}: {}", account.played.name, account.scenario.title));
        text.push_str(&format!("{} {} - {name}\n", ok(account.played.passed()), index + 1));
        if let Some(failure) = account.failure() {
            // A JSON text is a YAML value on one line, whatever is in it.
            let place = account.failure_place().map(|place| (place.file, place.line, place.column));
            text.push_str(&format!("  ---\n  message: {}\n", json!(failure)));
            if let Some((file, line, column)) = place {
                text.push_str(&format!("  at: {}\n", json!({ "file": file, "line": line, "column": column })));
            }
            text.push_str("  ...\n");
        }
    }
    text
}

fn steps(account: &Account) -> String {
    let played = account.played;
    let steps: Vec<_> =
        played.phases.iter().flat_map(|phase| phase.steps.iter().map(move |step| (phase, step))).collect();
    let mut points = Points::default();
    for (phase, step) in &steps {
        points.add(!account.is_failed(step), &description(&account.step_name(phase, &step.label)));
    }
    // What could not be played is a point of its own: a subtest must fail where its parent does.
    if account.is_unplayable() {
        points.add(false, NOT_PLAYABLE);
    }
    for phase in &played.phases {
        for step in &phase.unplayed {
            let name = description(&account.step_name(phase, &step.label));
            points.add(true, &format!("{name} # SKIP a step before it failed"));
        }
    }
    format!("# Subtest: {}\n{}    1..{}\n", description(&played.name), points.text, points.count)
}

/// The test points of a subtest.
#[derive(Default)]
struct Points {
    text: String,
    count: usize,
}

impl Points {
    fn add(&mut self, passed: bool, name: &str) {
        self.count += 1;
        self.text.push_str(&format!("    {} {} - {name}\n", ok(passed), self.count));
    }
}

fn ok(passed: bool) -> &'static str {
    if passed { "ok" } else { "not ok" }
}

/// Text that is one line and no directive: `#` would begin one.
fn description(text: &str) -> String {
    let one_line: String = visible(text).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    one_line.replace('\\', "\\\\").replace('#', "\\#")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_one_line_and_no_directive() {
        assert_eq!(description("it works # SKIP\nnot ok 2 \\ x"), "it works \\# SKIP not ok 2 \\\\ x");
    }
}
