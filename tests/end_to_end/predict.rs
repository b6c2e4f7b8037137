//! `check`: what it foretells is what happens, and what it says of files.

use std::io::Write;

use entralab::play::{self, Purpose};
use entralab::predict::walk;
use scenarios::{Action, Consent, Scenario};
use serde_json::Value;
use wire::Check;

use crate::command_line::{entralab, text};

/// What a step showed, and whether it failed.
struct Shown {
    code: Option<u32>,
    check: Option<Check>,
    failed: bool,
}

fn shown(outcome: &Value) -> Shown {
    let code = outcome["aadsts"].as_u64().and_then(|number| u32::try_from(number).ok());
    let check = outcome["check"].as_str().and_then(Check::named);
    // a refusal of the Test tab's empty request says that everything before it works
    let is_success = outcome["verdict"] == "reachable_and_authorized" || outcome["connection"] == "connected";
    Shown { code, check, failed: (code.is_some() || check.is_some()) && !is_success }
}

/// Whether the setup alone makes the symptom: nobody declines, no time passes, nothing is changed or broken on the way.
fn is_setup_alone(scenario: &Scenario) -> bool {
    scenario.steps.iter().all(|step| match &step.action {
        Action::Connect { consent, .. } => *consent == Consent::Accept,
        Action::TestOperation { .. } | Action::ListTools { .. } | Action::Ask { .. } => true,
        _ => false,
    })
}

#[test]
fn what_is_foretold_is_what_happens_in_every_bundled_file() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (mut foretold, mut wrong) = (0, Vec::new());
    for bundled in scenarios::bundled() {
        let name = bundled.name;
        let scenario = match bundled.read() {
            Ok(scenario) => scenario,
            Err(problems) => {
                wrong.push(format!("{name}: {}", problems.0[0]));
                continue;
            }
        };
        let of_base = runtime.block_on(walk::predict(&scenario.base)).unwrap();
        if !of_base.is_empty() {
            wrong.push(format!("{name}: foretold without the change: {of_base:?}"));
        }
        if !scenario.has_change || scenario.steps.is_empty() {
            continue;
        }
        let predictions = runtime.block_on(walk::predict(&scenario.world)).unwrap();
        let played = runtime.block_on(play::play(&scenario)).unwrap();
        let steps = played.phases.iter().find(|phase| phase.purpose == Purpose::Steps).unwrap();
        let last = shown(&steps.steps.last().unwrap().outcome);
        let is_foretold =
            predictions.iter().any(|prediction| (prediction.check, prediction.code) == (last.check, last.code));
        foretold += usize::from(is_foretold);
        let must = last.failed && is_setup_alone(&scenario);
        if (must || !predictions.is_empty()) && !is_foretold {
            wrong.push(format!("{name}: shows {:?} {:?}, foretold {predictions:#?}", last.code, last.check));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(foretold >= 15, "only {foretold} symptoms are foretold");
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".scenario.yaml").tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn check_json(text_of_file: &str) -> (Option<i32>, Vec<Value>) {
    let file = file(text_of_file);
    let output = entralab(&["check", "--json", file.path().to_str().unwrap()]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    (output.status.code(), document["problems"].as_array().unwrap().clone())
}

const WRONG_SECRET: &str = "scenario: 1\ntitle: Mine\nworld:\n  base: article\n  change:\n    connector:\n      \
                            client_secret: 0f9d1c6b-52a4-4c8e-9f43-d7b1e6a20c85\n";

#[test]
fn a_failure_that_nobody_reported_exits_1_at_the_value_that_decides() {
    let (exit, problems) = check_json(WRONG_SECRET);
    assert_eq!(exit, Some(1), "{problems:?}");
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!(
        (&problem["severity"], &problem["code"], &problem["check"], &problem["line"], &problem["column"]),
        (&"error".into(), &"AADSTS7000215".into(), &"client_secret.valid".into(), &7.into(), &22.into())
    );
    assert!(problem["fix"].as_str().unwrap().contains("Certificates & secrets"), "{problem}");
    let file = file(WRONG_SECRET);
    let output = entralab(&["check", file.path().to_str().unwrap()]);
    let said = text(&output.stdout);
    assert!(said.contains(":7:22") && said.contains("entralab explain AADSTS7000215"), "{said}");
    assert!(!said.contains("0f9d1c6b"), "a secret is shown:\n{said}");
}

#[test]
fn a_failure_that_the_file_reports_or_expects_exits_0() {
    let reported = WRONG_SECRET.replace("world:", "reports: AADSTS7000215\nworld:");
    let expected = format!("{WRONG_SECRET}steps:\n  - connect: {{ as: megan }}\n    expect: {{ aadsts: 7000215 }}\n");
    for text in [reported, expected] {
        let (exit, problems) = check_json(&text);
        assert_eq!(exit, Some(0), "{problems:?}");
        assert_eq!(problems[0]["severity"], "expected", "{problems:?}");
    }
}

#[test]
fn what_is_unwise_is_a_warning_with_its_place() {
    let (exit, problems) = check_json(
        "scenario: 1\ntitle: Mine\nworld:\n  base: article-v2\n  change:\n    connector:\n      scopes: \
         api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/.default\n    gate: { excluded_paths: [/mcp] }\n",
    );
    assert_eq!(exit, Some(0), "{problems:?}");
    let named = |name: &str| problems.iter().find(|problem| problem["check"] == name).expect(name);
    assert!(problems.iter().all(|problem| problem["severity"] == "warning"), "{problems:?}");
    assert_eq!(
        (&named("lint.no_offline_access")["line"], &named("lint.mcp_path_open")["line"]),
        (&7.into(), &8.into())
    );
    assert_eq!(named("connection.fresh")["line"], 7);
    let (_, of_base) = check_json("scenario: 1\ntitle: Mine\nworld: { base: article }\n");
    assert_eq!(of_base, [] as [Value; 0], "what the base does is said of the base");
    let (_, repeated) = check_json(
        "scenario: 1\ntitle: Mine\nworld: { base: article, change: { gate: { cors: { allowed_origins: ['*'] } } } }\n",
    );
    assert_eq!(repeated[0]["check"], "lint.cors_any_origin");
}

#[test]
fn a_file_fault_outweighs_what_is_foretold() {
    let broken = file("scenario: 1\ntitle: Broken\nworld: { base: article, chnge: {} }\n");
    let failing = file(WRONG_SECRET);
    let output = entralab(&["check", broken.path().to_str().unwrap(), failing.path().to_str().unwrap()]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("change") && said.contains("AADSTS7000215"), "{said}");
}

#[test]
fn a_world_that_nobody_could_serve_is_named() {
    let (exit, problems) =
        check_json("scenario: 1\ntitle: Mine\nworld: { base: article, change: { gate: { url: nowhere } } }\n");
    assert_ne!(exit, Some(0), "{problems:?}");
    assert!(problems[0]["message"].as_str().unwrap().contains("nowhere"), "{problems:?}");
}
