//! `entralab token` and `entralab reset`.

use std::process::{Command, Output};

use serde_json::Value;

use crate::command_line::text;
use crate::lab_process::LabProcess;
use crate::up::{data_dir, outside_client, ready};

fn token(lab: &LabProcess, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_entralab"));
    command.arg("token").args(arguments).arg("--data-dir").arg(data_dir(lab)).output().expect("entralab runs")
}

#[tokio::test]
async fn the_token_alone_is_printed_and_the_gate_takes_it() {
    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let output = token(&lab, &[]);
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(printed.trim_end().split('.').count() == 3 && printed.lines().count() == 1, "{printed}");
    let ready = ready(&lab);
    let call = outside_client(&ready).post(ready["mcp"].as_str().unwrap()).bearer_auth(printed.trim_end());
    let call = call.header("accept", "application/json, text/event-stream").header("content-type", "application/json");
    let answer = call.body(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).send().await.unwrap();
    assert_eq!(answer.status(), 200);

    let decoded = text(
        &token(&lab, &["--decode", "--claim", "roles=[\"Reader\"]", "--claim", "name=null", "--version", "2"]).stdout,
    );
    let decoded: Value = serde_json::from_str(&decoded).unwrap();
    assert_eq!((&decoded["claims"]["ver"], &decoded["claims"]["roles"][0]), (&"2.0".into(), &"Reader".into()));
    assert!(decoded["claims"].get("name").is_none() && decoded["claims"]["scp"] == "user_impersonation", "{decoded}");
    let for_itself: Value = serde_json::from_str(&text(&token(&lab, &["--app-only", "--json"]).stdout)).unwrap();
    assert!(for_itself["claims"].get("scp").is_none() && for_itself["access_token"].is_string(), "{for_itself}");
    for (arguments, said) in [
        (&["--user", "nobody"][..], "fix: write one of admin, megan"),
        (&["--scope", "foo"], "has no scope 'foo'\nfix: write one of user_impersonation"),
        (&["--scope", ""], "has no scope ''"),
        (&["--expires-in", "100000h"], "more than a year\nfix: write a time within a year"),
        (&["--expires-in", "-100000h"], "more than a year"),
        (&["--not-valid", "purple"], "no-signature"),
        (&["--claim", "x"], "NAME=VALUE"),
        (&["--expires-in", "soon"], "write such as 10m"),
    ] {
        let output = token(&lab, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(said), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[test]
fn a_lab_is_known_by_its_address_and_token_alone() {
    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let ready = ready(&lab);
    let elsewhere = tempfile::tempdir().unwrap();
    let run = |command: &str, token: &str| {
        Command::new(env!("CARGO_BIN_EXE_entralab"))
            .args([command, "--lab", ready["lab"].as_str().unwrap(), "--data-dir"])
            .arg(elsewhere.path())
            .env("ENTRALAB_CONTROL_TOKEN", token)
            .output()
            .expect("entralab runs")
    };
    let token = ready["control_token"].as_str().unwrap();
    for command in ["token", "connect", "reset"] {
        let output = run(command, token);
        assert_eq!(output.status.code(), Some(0), "{command}: {}{}", text(&output.stdout), text(&output.stderr));
    }
    let refused = run("reset", "another");
    assert_eq!(refused.status.code(), Some(3));
    assert!(
        text(&refused.stderr).contains("fix: set ENTRALAB_CONTROL_TOKEN to `control_token`"),
        "{}",
        text(&refused.stderr)
    );
    let refused = run("reset", "two\nlines");
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains("no token of a lab\nfix: set ENTRALAB_CONTROL_TOKEN"),
        "{}",
        text(&refused.stderr)
    );
    drop(lab);
    let nobody = run("reset", token);
    assert_eq!(nobody.status.code(), Some(3));
    let said = text(&nobody.stderr);
    assert!(
        said.contains(&format!("no lab answers at {}\nfix: is it running", ready["lab"].as_str().unwrap())),
        "{said}"
    );
}
