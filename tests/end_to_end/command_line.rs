//! Commands, streams and exit codes.

use std::path::Path;
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
    for (arguments, message, fix) in [
        (&["gate", "--json"][..], "the following required arguments were not provided: --upstream <URL>", None),
        (
            &["run", "--json", "--color", "x"],
            "invalid value 'x' for '--color <WHEN>' [possible values: auto, always, never]",
            None,
        ),
        (
            &["run", "--json", "--jbs", "1"],
            "unexpected argument '--jbs' found",
            Some("a similar argument exists: '--jobs'"),
        ),
    ] {
        let output = entralab(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let error: Value = serde_json::from_str(text(&output.stderr).trim()).expect("one JSON line");
        assert_eq!((error["error"]["message"].as_str(), error["error"]["fix"].as_str()), (Some(message), fix));
    }
    let output = entralab(&["run", "--json", "article"]);
    let error: Value = serde_json::from_str(text(&output.stderr).trim()).expect("one JSON line");
    assert_eq!(error["error"]["message"], "none of these files has steps: they are worlds");
    assert_eq!(error["error"]["fix"], "`entralab up FILE` starts one");
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

/// What a person gets wrong on the command line, in a variable or in a settings file is answered with what to write instead.
#[test]
fn a_wrong_value_is_told_with_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    write("file", b"");
    write("text/entralab.toml", b"port_base = \"x\"\n");
    write("high/entralab.toml", b"port_base = 65535\n");
    write("binary/entralab.toml", b"\xff\xfe");
    std::fs::create_dir_all(folder.path().join("folder/entralab.toml")).unwrap();
    let gate = ["gate", "--port", "0", "--upstream", "http://127.0.0.1:3000"];
    let gate = |more: &[&'static str]| [&gate[..], more].concat();
    let up = |more: &[&'static str]| [&["up", "--port-base", "0", "--data-dir", "data"][..], more].concat();
    let idp = |uri: &'static str| vec!["idp", "--port", "0", "--data-dir", "data", "--redirect-uri", uri];
    let run = |more: &[&'static str]| [&["run", "the-article"][..], more].concat();
    let plain = |arguments: &[&'static str]| arguments.to_vec();
    for (place, arguments, exit, said) in [
        (".", run(&["--report", "tap=a.tap,json=./a.tap"]), 2, "a file of its own"),
        (".", run(&["--report", "tap=text/../a.tap,json=a.tap"]), 2, "a file of its own"),
        (".", run(&["--report", "tap=text"]), 3, "cannot write text: it is a folder\nfix: name a file"),
        (".", run(&["--report", "tap=file/x"]), 3, "fix: "),
        (".", run(&["--jobs", "-1"]), 2, "-1 is not in 1..=65535"),
        (".", plain(&["up", "--port-base", "-1"]), 2, "-1 is not in 0..=65533"),
        (".", plain(&["exec", "--report", "tap=text", "--", "true"]), 3, "it is a folder\nfix: "),
        (".", gate(&["--audience", ""]), 2, "--audience"),
        (".", gate(&["--audience", "a b"]), 2, "such as api://my-api"),
        (".", gate(&["--allow-client", ""]), 2, "--allow-client"),
        (".", gate(&["--allow-client", "x"]), 2, "write an application (client) id such as"),
        (".", gate(&["--client-id", "x"]), 2, "write an application (client) id such as"),
        (".", gate(&["--issuer", "x"]), 2, "write such as https://localhost:8443/"),
        (".", gate(&["--issuer", "https://example.com/"]), 2, "nothing is ever sent outside"),
        (".", gate(&["--cors-origin", "x"]), 2, "such as https://make.powerapps.com, or *"),
        (".", gate(&["--ca", "file"]), 2, "it holds no certificate as PEM text\nfix: name a file with certificates"),
        (".", gate(&["--ca", "nowhere"]), 2, "cannot be trusted"),
        (
            ".",
            idp("copilot-studio-client=javascript:x"),
            2,
            "the scheme javascript is not taken here\nfix: write an https",
        ),
        (".", idp("copilot-studio-client=http://contoso.com/"), 2, "http is for localhost only\nfix: "),
        (".", idp("copilot-studio-client="), 2, "no absolute URL\nfix: "),
        (".", idp("copilot-studio=http://localhost"), 2, "fix: write copilot-studio-client"),
        (".", plain(&["mcp", "--port", "0", "--path", "/a b"]), 2, "fix: start it with `/`"),
        (".", plain(&["up", "--clock", "tomorrow"]), 2, "write such as 2026-01-15T09:00:00Z"),
        (".", plain(&["up", "--clock", "-1"]), 2, "write such as 2026-01-15T09:00:00Z"),
        (".", plain(&["up", "--clock", "1969-12-31T23:59:59Z"]), 2, "before 1970"),
        (".", plain(&["run", "--watch"]), 2, "--watch needs files to watch\nfix: name them"),
        (".", plain(&["run", "--watch", "nosuch"]), 2, "there is no file or folder nosuch\nfix: name one"),
        (".", plain(&["run", "--events"]), 2, "fix: add --json"),
        (".", plain(&["run", "--tag", "nosuch"]), 2, "\nfix: ask for less"),
        (".", plain(&["run", "article"]), 2, "fix: `entralab up FILE` starts one"),
        (".", plain(&["show", ""]), 2, "a value is required"),
        (".", plain(&["up", "--port-base", "0", "--data-dir", "file"]), 3, "file is no folder\nfix: name another"),
        (".", up(&["--ready-file", "nowhere/x"]), 3, "there is no folder nowhere\nfix: make the folder first"),
        (".", up(&["--ready-file", "text"]), 3, "cannot write text: it is a folder\nfix: name a file"),
        (".", up(&["--ready-file", "file/x"]), 3, "file is no folder\nfix: "),
        (".", up(&["--ready-file", "text/entralab.toml"]), 2, "is no ready file\nfix: name another"),
        (".", up(&["--ready-file", "binary/entralab.toml"]), 2, "is no ready file\nfix: name another"),
        ("text", plain(&["up"]), 2, "fix: it can set port_base, a number"),
        (
            "high",
            plain(&["status"]),
            2,
            "entralab.toml: port_base cannot be '65535'\nfix: write a number from 0 to 65533",
        ),
        ("binary", plain(&["status"]), 2, "this is no text\nfix: write it anew"),
        ("folder", plain(&["status"]), 2, "this is a folder\nfix: give the folder another name"),
    ] {
        let output = in_place(&folder.path().join(place), &arguments, &[]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {stderr}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
    for (name, value, arguments, said) in [
        (
            "ENTRALAB_PORT_BASE",
            "abc",
            ["status"].as_slice(),
            "ENTRALAB_PORT_BASE cannot be 'abc'\nfix: write a number from 0",
        ),
        (
            "ENTRALAB_PORT_BASE",
            "70000",
            &["status"],
            "ENTRALAB_PORT_BASE cannot be '70000'\nfix: write a number from 0",
        ),
        ("ENTRALAB_JOBS", "abc", &["run", "the-article"], "ENTRALAB_JOBS cannot be 'abc'\nfix: write a number from 1"),
        ("ENTRALAB_JOBS", "0", &["run", "the-article"], "ENTRALAB_JOBS cannot be '0'"),
    ] {
        let output = in_place(folder.path(), arguments, &[(name, value)]);
        assert_eq!(output.status.code(), Some(2), "{name}={value}");
        assert!(text(&output.stderr).contains(said), "{name}={value}: {}", text(&output.stderr));
    }
    assert!(!folder.path().join("data/running.json").exists(), "who was refused does not run");
    assert!(folder.path().join("text/entralab.toml").exists(), "what somebody wrote is left alone");
    let checked = in_place(folder.path(), &["check", "file"], &[]);
    assert!(text(&checked.stdout).ends_with("1 file: 1 error\n"), "{}", text(&checked.stdout));
}

fn in_place(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_entralab"));
    let command = command.args(arguments).envs(variables.iter().copied()).env("NO_COLOR", "1").current_dir(folder);
    command.output().expect("entralab runs")
}

#[cfg(unix)]
#[test]
fn two_reports_never_share_a_file_whatever_its_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.tap"), "").unwrap();
    std::os::unix::fs::symlink("a.tap", folder.path().join("link")).unwrap();
    let output = in_place(folder.path(), &["run", "the-article", "--report", "tap=a.tap,json=link"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("a file of its own"), "{}", text(&output.stderr));
    let output = in_place(folder.path(), &["run", "the-article", "--report", "tap=/dev/null,json=/dev/null"], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
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
    let early = run(&[failing, "--report", &format!("tap={unwritable}")]);
    let stderr = text(&early.stderr);
    assert_eq!((early.status.code(), text(&early.stdout).as_str()), (Some(3), ""), "nothing is played: {stderr}");
    assert!(stderr.contains(&format!("cannot write {unwritable}: ")) && stderr.contains("\nfix: "), "{stderr}");
    if cfg!(target_os = "linux") {
        // only writing shows that it is full
        assert_eq!(run(&["wrong-secret", "--report", "tap=/dev/full"]).status.code(), Some(3));
        let output = run(&[failing, "--report", "tap=/dev/full"]);
        assert_eq!(output.status.code(), Some(1));
        let stderr = text(&output.stderr);
        assert!(stderr.contains("cannot write /dev/full") && stderr.contains("no step summary"), "{stderr}");
    }
}

/// The world of the article with one more member under `idp`, and megan who connects.
fn scenario_with(idp: &str, expect: &str) -> String {
    format!(
        "scenario: 1\ntitle: Mine\nworld:\n  base: article\n  change: {{ idp: {{ {idp} }} }}\nsteps:\n  \
         - connect: {{ as: megan }}\n    expect: {{ {expect} }}\n"
    )
}

fn policy(control: &str) -> String {
    format!(
        "policies: {{ conditional_access: {{ mine: {{ tenant: contoso, users: {{ include: [all] }}, \
         target_resources: {{ include: [all] }}, grant: {{ controls: [{control}] }} }} }} }}"
    )
}

#[test]
fn a_second_factor_that_the_scripted_browser_registers_is_said_and_its_code_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.scenario.yaml");
    for (registered, said) in [
        ("", "✓ megan connects, registering a second factor: connected"),
        (", users: { megan: { mfa: { registered: true } } }", "✓ megan connects: connected"),
    ] {
        std::fs::write(&file, scenario_with(&(policy("mfa") + registered), "connection: connected")).unwrap();
        let output = entralab(&["run", file.to_str().unwrap()]);
        let stdout = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{stdout}{}", text(&output.stderr));
        assert!(stdout.contains(said) && stdout.contains("otc=‹one_time_code 1›"), "{stdout}");
    }
}

#[test]
fn the_checks_that_passed_are_told_each_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.scenario.yaml");
    std::fs::write(&file, scenario_with(&policy("block"), "connection: connected")).unwrap();
    let stdout = text(&entralab(&["run", file.to_str().unwrap()]).stdout);
    let passed =
        stdout.lines().find_map(|line| line.trim().strip_prefix("passed    ")).unwrap_or_else(|| panic!("{stdout}"));
    let names: Vec<&str> = passed.split(", ").collect();
    let mut each = names.clone();
    each.sort_unstable();
    each.dedup();
    assert!(names.contains(&"user.assigned") && names.len() == each.len(), "{passed}");
}
