//! `check`: what it foretells is what happens, and what it says of files.

use std::collections::BTreeSet;
use std::io::Write;

use entralab::play::{self, Played, Purpose};
use entralab::predict::walk;
use jiff::SignedDuration;
use scenarios::{Action, Consent, Scenario, SignIn, Step, World};
use serde_json::Value;
use wire::Check;

use crate::command_line::{entralab, text};

/// A failure: the check that refuses, and the code that it refuses with.
type Symptom = (Option<Check>, Option<u32>);

/// The failure that a step's outcome shows, if it is one.
fn symptom(outcome: &Value) -> Option<Symptom> {
    let code = outcome["aadsts"].as_u64().and_then(|number| u32::try_from(number).ok());
    let check = outcome["check"].as_str().and_then(Check::named);
    // a refusal of the Test tab's empty request says that everything before it works
    let is_success = outcome["verdict"] == "reachable_and_authorized" || outcome["connection"] == "connected";
    ((code.is_some() || check.is_some()) && !is_success).then_some((check, code))
}

/// Why what shows after this step is not in the setup alone.
fn beyond_the_setup(action: &Action) -> Option<&'static str> {
    match action {
        Action::Connect { sign_in, .. } if **sign_in != SignIn::default() => Some("the sign-in is unusual"),
        Action::Connect { consent: Consent::Accept, .. }
        | Action::TestOperation { .. }
        | Action::ListTools { .. }
        | Action::Ask { .. } => None,
        Action::Connect { consent: Consent::Decline, .. } => Some("a user declines"),
        Action::AdvanceClock { .. } => Some("time passes"),
        Action::Refresh { .. } => Some("the connector renews its token out of turn"),
        Action::RotateKeys { .. } => Some("keys are rotated"),
        Action::Fault(_) => Some("an accident happens"),
        Action::Http(_) => Some("a request is sent that is no part of the story"),
        Action::Change { .. } | Action::GrantAdminConsent { .. } | Action::ExpireSecret { .. } => {
            Some("somebody changes the setup on the way")
        }
    }
}

fn step(action: Action, scenario: &Scenario) -> Step {
    let span = scenario.source.span(0, 0);
    Step { id: None, action, span, expect: vec![], hops: vec![], never: vec![], keep: vec![] }
}

/// What goes wrong in `world` when each of its people goes the way of the story over real sockets.
async fn happens(world: &World, scenario: &Scenario) -> BTreeSet<Symptom> {
    let lifetime = SignedDuration::from_mins(i64::from(world.idp.lifetimes.access_token_minutes) + 1);
    let mut seen = BTreeSet::new();
    for name in world.idp.users.keys() {
        let way = [
            Action::Connect { user: name.clone(), consent: Consent::Accept, sign_in: Box::default() },
            Action::TestOperation { user: None },
            Action::ListTools { user: None },
            Action::AdvanceClock { by: lifetime },
            Action::ListTools { user: None },
        ];
        let mut goes = scenario.clone();
        (goes.world, goes.has_change) = (world.clone().into(), false);
        (goes.fix, goes.then) = (vec![], vec![]);
        goes.steps = way.into_iter().map(|action| step(action, scenario)).collect();
        let played = play::play(&goes).await.unwrap();
        for (step, played) in goes.steps.iter().zip(&played.phases[0].steps) {
            let found = symptom(&played.outcome);
            seen.extend(found);
            // nobody goes on from there
            if found.is_some() && !matches!(step.action, Action::TestOperation { .. }) {
                break;
            }
        }
    }
    seen
}

async fn foretold(world: &World) -> BTreeSet<Symptom> {
    let predictions = walk::predict(world).await.unwrap();
    predictions.into_iter().map(|prediction| (prediction.check, prediction.code)).collect()
}

/// What only one of the two says.
fn disagreements(foretold: &BTreeSet<Symptom>, happens: &BTreeSet<Symptom>) -> Vec<String> {
    let only = |what, one: &BTreeSet<Symptom>, other: &BTreeSet<Symptom>| {
        one.difference(other).map(|symptom| format!("{what}: {symptom:?}")).collect::<Vec<_>>()
    };
    [only("foretold, and does not happen", foretold, happens), only("happens, and is not foretold", happens, foretold)]
        .concat()
}

/// The failures of the file's own steps that its setup alone brings about, and why others are not among them.
fn of_the_steps(scenario: &Scenario, played: &Played) -> (BTreeSet<Symptom>, Option<&'static str>) {
    let phase = played.phases.iter().find(|phase| phase.purpose == Purpose::Steps).unwrap();
    let mut of_setup = BTreeSet::new();
    for (step, played) in scenario.steps.iter().zip(&phase.steps) {
        if let Some(reason) = beyond_the_setup(&step.action) {
            return (of_setup, Some(reason));
        }
        of_setup.extend(symptom(&played.outcome));
    }
    let reason = of_setup.is_empty().then_some("what it shows is that something works");
    (of_setup, reason)
}

#[test]
fn what_is_foretold_is_what_happens_in_every_bundled_file() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (mut count, mut wrong) = (0, Vec::new());
    for bundled in scenarios::bundled() {
        let name = bundled.name;
        for scenario in bundled.read().unwrap_or_else(|problems| panic!("{name}: {}", problems.0[0])).cases() {
            let of_base = runtime.block_on(foretold(&scenario.base));
            if !of_base.is_empty() {
                wrong.push(format!("{name}: foretold without the change: {of_base:?}"));
            }
            let foretold = runtime.block_on(foretold(&scenario.world));
            let happens = runtime.block_on(happens(&scenario.world, &scenario));
            wrong.extend(disagreements(&foretold, &happens).into_iter().map(|said| format!("{name}: {said}")));
            if !scenario.has_change || scenario.steps.is_empty() {
                continue;
            }
            let played = runtime.block_on(play::play(&scenario)).unwrap();
            let (of_setup, reason) = of_the_steps(&scenario, &played);
            let missed: Vec<_> = of_setup.difference(&foretold).collect();
            if !missed.is_empty() {
                wrong.push(format!("{name}: its steps show {missed:?}, foretold {foretold:?}"));
            }
            if foretold.is_empty() && reason.is_none() {
                wrong.push(format!("{name}: nothing is foretold, and the steps give no reason"));
            }
            count += usize::from(!foretold.is_empty());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 35, "only {count} files have a symptom that is foretold");
}

/// The comparison above sees a rule that holds on one side only, whichever side that is.
#[test]
fn a_rule_that_is_broken_on_one_side_would_show() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let scenario = scenarios::find_bundled("wrong-secret").unwrap().read().unwrap();
    let with = runtime.block_on(happens(&scenario.world, &scenario));
    let without = runtime.block_on(happens(&scenario.base, &scenario));
    let wrong_secret = BTreeSet::from([(Some(Check::ClientSecretValid), Some(7_000_215))]);
    assert_eq!((&with, &without), (&wrong_secret, &BTreeSet::new()));
    let missed = disagreements(&runtime.block_on(foretold(&scenario.base)), &with);
    assert!(missed.len() == 1 && missed[0].starts_with("happens"), "{missed:?}");
    let false_alarm = disagreements(&runtime.block_on(foretold(&scenario.world)), &without);
    assert!(false_alarm.len() == 1 && false_alarm[0].starts_with("foretold"), "{false_alarm:?}");
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

/// What the file says itself is told with its fix too.
#[test]
fn every_finding_in_text_names_what_mends_it() {
    let output = entralab(&["check", "wrong-secret"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for expected in ["as the file says", "AADSTS7000215", "Certificates & secrets", "no error, 1 failure that"] {
        assert!(said.contains(expected), "no {expected} in:\n{said}");
    }
    let output = entralab(&["check", "article"]);
    assert!(text(&output.stdout).contains("1 file: no error, 1 warning"), "{}", text(&output.stdout));
}

#[test]
fn an_address_that_nobody_has_is_told_with_the_setting_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    for (change, setting) in [
        ("gate: { url: \"https://elsewhere.example\" }", "connector.server_url must begin with gate.url"),
        (
            "connector: { server_url: \"https://elsewhere.example/mcp\" }",
            "connector.server_url must begin with gate.url",
        ),
        ("connector: { login_uri: \"https://elsewhere.example\" }", "connector.login_uri"),
    ] {
        let file = folder.path().join("mine.scenario.yaml");
        let text = format!("scenario: 1\ntitle: Mine\nworld: {{ base: article, change: {{ {change} }} }}\n");
        std::fs::write(&file, text).unwrap();
        let output = entralab(&["check", "--json", file.to_str().unwrap()]);
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        let unreachable = found["problems"].as_array().unwrap().iter().find(|one| one["check"] == "world.unreachable");
        let unreachable = unreachable.unwrap_or_else(|| panic!("{change}: {found}"));
        assert!(unreachable["fix"].as_str().unwrap().contains(setting), "{change}: {unreachable}");
        assert_ne!(unreachable["line"], 0, "{unreachable}");
    }
}
