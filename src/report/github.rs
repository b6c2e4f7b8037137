//! What GitHub Actions shows of a run: an annotation at the line that did not hold, and a step summary.

use scenarios::{Problem, Problems};
use wire::exports::Secrets;
use wire::exports::mermaid::mermaid;

use super::Account;
use super::account::Place;
use super::visible::visible;

/// How many failed scenarios the summary tells in full: GitHub takes at most 1 MiB.
const MOST_TOLD: usize = 20;

/// The workflow commands that put an annotation on each failed scenario.
#[must_use]
pub fn annotations(accounts: &[Account]) -> String {
    let failed = accounts.iter().filter_map(|account| Some((account, account.failure()?)));
    failed.map(|(account, failure)| annotation(account, &failure)).collect()
}

/// The workflow commands that put an annotation on each fault of a file.
#[must_use]
pub fn file_annotations(problems: &Problems) -> String {
    let one = |problem: &Problem| {
        let (line, column) = (problem.line.max(1), problem.column.max(1));
        let place = Place { file: problem.file.clone(), line, column };
        command(Some(place), problem.check, &visible(&problem.to_string()))
    };
    problems.0.iter().map(one).collect()
}

fn annotation(account: &Account, failure: &str) -> String {
    command(account.failure_place(), &account.played.name, failure)
}

fn command(place: Option<Place>, title: &str, text: &str) -> String {
    // A bundled file is not in the user's repository.
    let place = place.filter(|place| !place.file.starts_with("bundled:"));
    let mut properties = place
        .map(|place| format!("file={},line={},col={},", property(&visible(&place.file)), place.line, place.column))
        .unwrap_or_default();
    properties.push_str(&format!("title={}", property(&visible(&format!("entralab: {title}")))));
    format!("::error {properties}::{}\n", message(text))
}

/// The escape rule of a command's message.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The escape rule of a command's properties.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

/// The step summary: a table, and for each failed scenario its failure and the diagram of the phase that failed.
#[must_use]
pub fn step_summary(accounts: &[Account]) -> String {
    let failed: Vec<_> = accounts.iter().filter_map(|account| Some((account, account.failure()?))).collect();
    let passed = accounts.len() - failed.len();
    let mut text = format!("## entralab: {passed} passed, {} failed\n\n", failed.len());
    if !failed.is_empty() {
        text.push_str("| | Scenario | What happens |\n|---|---|---|\n");
    }
    for (account, _) in &failed {
        let (name, title) = (cell(&account.played.name), cell(&account.scenario.title));
        text.push_str(&format!("| ❌ | {name} | {title} |\n"));
    }
    for (account, failure) in failed.iter().take(MOST_TOLD) {
        let diagram = mermaid(&account.failed_sections(), Secrets::Replaced);
        let name = cell(&account.played.name);
        text.push_str(&format!("\n### {name}\n\n{}\n{}", fenced("text", failure), fenced("mermaid", &diagram)));
    }
    if failed.len() > MOST_TOLD {
        text.push_str(&format!("\n{} more failed.\n", failed.len() - MOST_TOLD));
    }
    text.push('\n');
    text
}

/// Text as a code block that nothing in it can end.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

/// Text as a cell of a table, or a heading, with no markup of its own.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    for c in visible(text).chars() {
        match c {
            c if c.is_control() => cell.push(' '),
            c if c.is_ascii_punctuation() && !"-.,:()'/".contains(c) => cell.push_str(&format!("&#{};", u32::from(c))),
            c => cell.push(c),
        }
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atk_h14_both_escape_rules_hold() {
        let hostile = "100%\r\n::error file=x,line=1::forged";
        assert_eq!(message(hostile), "100%25%0D%0A::error file=x,line=1::forged");
        assert_eq!(property(hostile), "100%25%0D%0A%3A%3Aerror file=x%2Cline=1%3A%3Aforged");
    }

    #[test]
    fn nothing_ends_a_code_block_or_adds_a_cell() {
        let block = fenced("text", "a\n````\n# forged");
        assert!(block.starts_with("`````text\n") && block.ends_with("\n`````\n"), "{block}");
        assert_eq!(cell("a|b\n<img src=x> [l](j)"), "a&#124;b &#60;img src&#61;x&#62; &#91;l&#93;(j)");
    }
}
