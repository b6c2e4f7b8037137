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

/// What a person gets wrong on the command line or in a settings file is answered with what to write instead.
#[test]
fn a_wrong_value_is_told_with_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    std::fs::create_dir(folder.path().join("text")).unwrap();
    std::fs::write(folder.path().join("text/entralab.toml"), "port_base = \"x\"\n").unwrap();
    std::fs::create_dir(folder.path().join("high")).unwrap();
    std::fs::write(folder.path().join("high/entralab.toml"), "port_base = 65535\n").unwrap();
    for (place, arguments, exit, said) in [
        (".", &["run", "the-article", "--report", "tap=a.tap,json=./a.tap"][..], 2, "a file of its own"),
        (".", &["gate", "--upstream", "http://127.0.0.1:3000", "--audience", ""], 2, "--audience"),
        (".", &["gate", "--upstream", "http://127.0.0.1:3000", "--allow-client", ""], 2, "--allow-client"),
        (".", &["up", "--clock", "tomorrow"], 2, "write such as 2026-01-15T09:00:00Z"),
        (".", &["up", "--port-base", "0", "--data-dir", "file"], 3, "fix: look at what it is"),
        ("text", &["up"], 2, "fix: it can set port_base, a number"),
        ("high", &["status"], 2, "fix: write a number from 0 to 65533"),
    ] {
        let command = Command::new(env!("CARGO_BIN_EXE_entralab"))
            .args(arguments)
            .current_dir(folder.path().join(place))
            .output()
            .expect("entralab runs");
        assert_eq!(command.status.code(), Some(exit), "{arguments:?}: {}", text(&command.stderr));
        assert!(text(&command.stderr).contains(said), "{arguments:?}: {}", text(&command.stderr));
    }
}

#[test]
fn a_summary_or_report_that_cannot_be_written_hides_no_result() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let unwritable = folder.path().join("file/x");
    let unwritable = unwritable.to_str().unwrap();
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_entralab"))
            .args(["run", "--quiet"])
            .args(arguments)
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_STEP_SUMMARY", unwritable)
            .output()
            .expect("entralab runs")
    };
    let failing = folder.path().join("failing.scenario.yaml");
    let scenario = "scenario: 1\ntitle: A wrong hope\nworld: { base: article }\nsteps:\n  - connect: { as: megan }\n    \
                    expect: { connection: failed }\n";
    std::fs::write(&failing, scenario).unwrap();
    let failing = failing.to_str().unwrap();
    assert_eq!(run(&["wrong-secret"]).status.code(), Some(0));
    assert_eq!(run(&[failing]).status.code(), Some(1));
    assert_eq!(run(&["wrong-secret", "--report", &format!("tap={unwritable}")]).status.code(), Some(3));
    let output = run(&[failing, "--report", &format!("tap={unwritable}")]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    assert!(stderr.contains(&format!("cannot write {unwritable}")) && stderr.contains("no step summary"), "{stderr}");
}
