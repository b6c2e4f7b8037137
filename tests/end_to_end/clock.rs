//! Lab time: what moves it, and what must not (row H26 of the attack checklist).

use entralab::play::{Failure, play};
use jiff::SignedDuration;
use jiff::fmt::rfc2822;
use scenarios::read_text;

use crate::lab_process::LabProcess;
use crate::up::{outside_client, ready};

fn story(world: &str, step: &str) -> String {
    format!(
        "scenario: 1\ntitle: A test\nworld: {{ base: article{world} }}\nsteps:\n  - connect: {{ as: megan }}\n  - {step}\n"
    )
}

#[test]
fn atk_h26_a_step_lets_only_time_pass_that_can_pass() {
    for by in ["-5m", "0s", "3661d", "99999999999999999h", "P-1D", "soon", "1e9s", ""] {
        let problems = read_text("test", &story("", &format!("advance_clock: \"{by}\"")), None).unwrap_err();
        let [problem] = problems.0.as_slice() else { panic!("{by}: {problems}") };
        assert_eq!((problem.check, problem.line), ("value.form", 6), "{by}: {problem}");
    }
    assert!(read_text("test", &story("", "advance_clock: 3660d"), None).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn atk_h26_at_the_end_of_time_a_run_fails_and_says_so() {
    let world = ", change: { clock: \"9999-12-30T00:00:00Z\" }";
    let scenario = read_text("test", &story(world, "advance_clock: 10d"), None).unwrap();
    let played = play(&scenario).await.unwrap();
    let Some(Failure::Unplayable(problems)) = &played.failure else { panic!("{:?}", played.failure) };
    assert_eq!((problems.0[0].check, problems.0[0].line), ("clock.range", 6), "{problems}");
}

/// What the lab's clock shows.
async fn lab_time(http: &reqwest::Client, url: &str) -> jiff::Timestamp {
    let answer = http.get(url).send().await.unwrap();
    let date = answer.headers()["date"].to_str().unwrap();
    rfc2822::parse(date).unwrap_or_else(|error| panic!("{date}: {error}")).timestamp()
}

#[tokio::test]
async fn atk_h26_nobody_moves_the_clock_of_a_lab_without_its_control_token() {
    let lab = LabProcess::start(&["up", "--port-base", "0", "--clock", "2030-01-01T00:00:00Z", "--freeze"]);
    let ready = ready(&lab);
    let http = outside_client(&ready);
    let keys = format!("{}/common/discovery/v2.0/keys", ready["idp"].as_str().unwrap());
    let before = lab_time(&http, &keys).await;
    for party in ["idp", "gate", "lab"] {
        for path in ["/_lab/clock", "/_lab/clock/set", "/_lab/clock/advance", "/_lab/clock/freeze", "/_lab/state/reset"]
        {
            for token in [None, Some(""), Some("wrong")] {
                let mut request = http.post(format!("{}{path}", ready[party].as_str().unwrap()));
                if let Some(token) = token {
                    request = request.bearer_auth(token);
                }
                let body = r#"{"by":"1h","to":"2040-01-01T00:00:00Z"}"#;
                let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
                assert!(answer.status().is_client_error(), "{party}{path}: {}", answer.status());
            }
        }
    }
    assert_eq!(lab_time(&http, &keys).await, before);
}

#[tokio::test]
async fn a_lab_starts_when_it_is_told_to_and_its_time_stands_still_or_goes_on() {
    let start: jiff::Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
    let frozen = LabProcess::start(&["up", "--port-base", "0", "--clock", "2030-01-01T00:00:00Z", "--freeze"]);
    let ticking = LabProcess::start(&["up", "--port-base", "0", "--clock", "2030-01-01T00:00:00Z"]);
    for (lab, stands_still) in [(&frozen, true), (&ticking, false)] {
        let ready = ready(lab);
        let http = outside_client(&ready);
        let keys = format!("{}/common/discovery/v2.0/keys", ready["idp"].as_str().unwrap());
        // A clock that goes on shows another second at last; one that stands still is asked as often in vain.
        let mut shown = lab_time(&http, &keys).await;
        assert!(shown.duration_since(start) < SignedDuration::from_mins(5), "{shown}");
        for _ in 0..if stands_still { 20 } else { 100_000 } {
            shown = lab_time(&http, &keys).await;
            if shown != start {
                break;
            }
        }
        assert_eq!(shown == start, stands_still, "{shown}");
    }
    let output = crate::command_line::entralab(&["up", "--clock", "yesterday"]);
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test]
async fn atk_h27_two_labs_that_listen_share_no_random_value() {
    let labs = [0, 1].map(|_| LabProcess::start(&["up", "--port-base", "0"]));
    let mut seen = Vec::new();
    for lab in &labs {
        let ready = ready(lab);
        let token = ready["control_token"].as_str().unwrap().to_owned();
        assert!(token.len() == 64 && token.chars().all(|c| c.is_ascii_hexdigit()), "256 bits: {token}");
        let url = format!("{}/common/oauth2/v2.0/authorize", ready["idp"].as_str().unwrap());
        let answer = outside_client(&ready).get(url).send().await.unwrap();
        seen.push((token, answer.headers()["x-ms-request-id"].clone()));
    }
    assert_ne!(seen[0].0, seen[1].0);
    assert_ne!(seen[0].1, seen[1].1);
    // `run` and tests are repeatable: there, and only there, the sequence is the same each time.
    let world = || (*scenarios::find_bundled("article").unwrap().read().unwrap().world).clone();
    let [first, second] = [entralab::Lab::start(world()).await.unwrap(), entralab::Lab::start(world()).await.unwrap()];
    assert_eq!(first.control_token, second.control_token);
    let states: Vec<_> = [first, second].iter().map(|lab| lab.connector.begin("megan").unwrap()).collect();
    assert_eq!(states[0], states[1]);
}
