//! Commands, streams and exit codes.

use std::process::{Command, Output};

use serde_json::Value;

pub(crate) fn entralab(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_entralab")).args(arguments).env("NO_COLOR", "1").output().expect("entralab runs")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

#[test]
fn run_json_is_one_line_with_a_verdict_for_each_scenario() {
    let output = entralab(&["run", "--json", "the-article", "wrong-secret"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let stdout = text(&output.stdout);
    assert_eq!(stdout.lines().count(), 1, "{stdout}");
    let summary: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&summary["passed"], &summary["failed"]), (&2.into(), &0.into()));
    assert_eq!(summary["scenarios"][0]["name"], "the-article");
    assert_eq!(summary["scenarios"][0]["passed"], true);
}

#[test]
fn a_failed_expectation_shows_caret_check_and_fix_and_exits_1() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.scenario.yaml");
    let scenario = "scenario: 1\ntitle: A wrong hope\nworld:\n  base: article\n  change:\n    gate: { allowed_audiences: [] }\n\
                    steps:\n  - connect: { as: megan }\n  - test_operation: {}\n    expect: { status: 406 }\n";
    std::fs::write(&file, scenario).unwrap();
    let output = entralab(&["run", file.to_str().unwrap()]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{stdout}{}", text(&output.stderr));
    for expected in ["mine.scenario.yaml:10", "406", "401", "audience.allowed", "gate.allowed_audiences", "───"] {
        assert!(stdout.contains(expected), "no {expected} in:\n{stdout}");
    }
}

#[test]
fn a_file_in_error_exits_2_with_its_place_and_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("typo.scenario.yaml");
    std::fs::write(&file, "scenario: 1\ntitle: Typo\nworld: { base: article }\nsteps:\n  - conect: { as: megan }\n")
        .unwrap();
    for command in ["run", "check"] {
        let output = entralab(&[command, file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2));
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(said.contains("typo.scenario.yaml:5:5") && said.contains("connect"), "{said}");
    }
    let output = entralab(&["check", "--json", file.to_str().unwrap()]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let problem = &document["problems"][0];
    assert_eq!((&problem["line"], &problem["column"]), (&5.into(), &5.into()), "{document}");
    assert!(problem["fix"].as_str().is_some_and(|fix| fix.contains("connect")), "{document}");
}

#[test]
fn usage_errors_exit_2() {
    for arguments in
        [&["run", "--no-such-flag"][..], &["no-such-command"], &["show", "no-such-scenario"], &["run", "no-such-file"]]
    {
        let output = entralab(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
    let output = entralab(&["run", "--json", "no-such-file"]);
    let error: Value = serde_json::from_str(text(&output.stderr).trim()).expect("one JSON line");
    assert_eq!(error["error"]["code"], "scenario.invalid");
}

#[test]
fn every_listed_scenario_can_be_shown_and_checked() {
    let output = entralab(&["list", "--json"]);
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    let entries = list["scenarios"].as_array().unwrap();
    assert!(entries.len() >= 15, "{list}");
    for entry in entries {
        let name = entry["name"].as_str().unwrap();
        assert!(text(&entralab(&["show", name]).stdout).contains(entry["title"].as_str().unwrap()), "{name}");
        assert_eq!(entralab(&["check", name]).status.code(), Some(0), "{name}");
    }
    let named = entries.iter().find(|entry| entry["name"] == "copilot-studio-asks-to-reconnect").unwrap();
    assert_eq!(named["reports"], serde_json::json!(["CyberDrain/CIPP#537", "AADSTS90009", "bug-G03"]));
    assert_eq!(named["tags"][0], "report");
}

#[test]
fn the_schema_describes_the_format() {
    let schema: Value = serde_json::from_slice(&entralab(&["schema"]).stdout).unwrap();
    assert!(schema["properties"]["world"].is_object() && schema["properties"]["steps"].is_object(), "{schema}");
}
