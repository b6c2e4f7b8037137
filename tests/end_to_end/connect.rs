//! `entralab connect` against a running lab.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::command_line::{entralab, text};
use crate::lab_process::LabProcess;
use crate::safety::input;
use crate::up::{data_dir, outside_client, ready};

#[test]
fn the_connector_signs_in_tests_lists_and_asks_and_the_lab_has_the_trace() {
    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let folder = data_dir(&lab);
    let folder = folder.to_str().unwrap();
    let ready = ready(&lab);
    let (mcp, page) = (ready["mcp"].as_str().unwrap(), ready["lab"].as_str().unwrap());
    let question = "Give me the stock price of tesla";
    let output = entralab(&["connect", mcp, "--as", "megan", "--ask", question, "--lab", page, "--data-dir", folder]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output.stderr));
    for told in [
        "✓ megan connects: connected",
        "✓ Test operation: 406 reachable_and_authorized",
        "✓ the agent lists the tools: get_alerts, get_forecast, get_stockprice",
        "TSLA",
        "browser ──▶ idp",
        "gate ··▶ mcp",
        "upn=megan@contoso.com",
    ] {
        assert!(said.contains(told), "no {told} in:\n{said}");
    }
    let secret = ready["apps"]["copilot-studio-client"]["client_secret"].as_str().unwrap();
    assert!(!said.contains(secret) && !said.contains("eyJ") && !said.contains("Tailwind-Traders-7"), "{said}");

    let output = entralab(&["connect", "--json", "--data-dir", folder]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["connected"], true, "{told}");
    assert_eq!(told["steps"].as_array().unwrap().len(), 3);
}

/// Others use the lab too: they see each other's messages on its trace page, and not in what `connect` tells.
#[tokio::test]
async fn in_a_busy_lab_only_its_own_messages_are_told() {
    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let ready = ready(&lab);
    let text_of = |member: &str| ready[member].as_str().unwrap().to_owned();
    let http = outside_client(&ready);
    let order = http.post(format!("{}/_lab/tokens", text_of("lab"))).bearer_auth(text_of("control_token"));
    let token: Value = order.json(&serde_json::json!({ "user": "megan" })).send().await.unwrap().json().await.unwrap();
    let token = token["access_token"].as_str().unwrap().to_owned();
    let folder = data_dir(&lab).to_str().unwrap().to_owned();
    let connect = tokio::task::spawn_blocking(move || entralab(&["connect", "--data-dir", &folder]));
    let mut asked = 0;
    while !connect.is_finished() {
        http.get(format!("{}/somebody-else", text_of("idp"))).send().await.unwrap();
        let passed = http.get(format!("{}/somebody-else", text_of("gate"))).bearer_auth(&token).send().await.unwrap();
        assert_eq!(passed.status(), 404, "the gate passes it on to the server");
        asked += 1;
    }
    let said = text(&connect.await.unwrap().stdout);
    let numbers: Vec<u64> = said.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
    let gaps = numbers.windows(2).filter(|pair| pair[1] > pair[0] + 1).count();
    assert!(asked > 1 && gaps > 0, "others were there meanwhile: {asked} {numbers:?}");
    assert!(!said.contains("somebody-else"), "{said}");
    for told in ["✓ the agent lists the tools", "gate ··▶ mcp", "browser ──▶ connector"] {
        assert!(said.contains(told), "no {told} in:\n{said}");
    }
    let page = http.get(format!("{}/trace.json", text_of("lab"))).send().await.unwrap();
    let all: Vec<Value> = page.json().await.unwrap();
    let caused: Vec<&Value> = all.iter().filter(|exchange| exchange["from"] == "gate").collect();
    assert!(!caused.is_empty());
    for exchange in caused {
        let cause = all.iter().find(|other| other["number"] == exchange["caused_by"]);
        assert_eq!(cause.map(|cause| &cause["to"]), Some(&"gate".into()), "{exchange}");
    }
}

#[test]
fn a_broken_setup_exits_1_and_names_the_check() {
    for (scenario, check, by) in [
        ("redirect-not-registered", "redirect_uri.registered", "idp"),
        ("audience-not-allowed", "audience.allowed", "gate"),
        ("cors-missing", "cors.preflight", "browser"),
        ("wrong-secret", "client_secret.valid", "idp"),
    ] {
        let lab = LabProcess::start(&["up", scenario, "--port-base", "0"]);
        let output = entralab(&["connect", "-q", "--data-dir", data_dir(&lab).to_str().unwrap()]);
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{scenario}: {said}{}", text(&output.stderr));
        assert!(said.contains(&format!("refused by {by} at {check}")), "{scenario}: {said}");
        for told in ["expected  ", "received  ", "fix       ", "entralab explain"] {
            assert!(said.contains(told), "{scenario}: no {told} in:\n{said}");
        }
        let output = entralab(&["connect", "--json", "--data-dir", data_dir(&lab).to_str().unwrap()]);
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        let refused = &told["steps"].as_array().unwrap().last().unwrap()["refused"];
        assert!(refused["check"] == check && refused["fix"].is_string(), "{scenario}: {told}");
    }
}

#[test]
fn what_keeps_it_from_beginning_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let output = entralab(&["connect", "--data-dir", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("entralab up"), "{}", text(&output.stderr));

    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let folder = data_dir(&lab);
    let on = |arguments: &[&str]| {
        let output = entralab(&[arguments, &["--data-dir", folder.to_str().unwrap()]].concat());
        (output.status.code(), text(&output.stderr))
    };
    let (exit, said) = on(&["connect", "--as", "nobody"]);
    assert!(exit == Some(2) && said.contains("admin, megan"), "{said}");
    let (exit, said) = on(&["connect", "x"]);
    assert!(exit == Some(2) && said.contains("fix: write such as https://localhost:8444/mcp"), "{said}");
    let (exit, said) = on(&["connect", "http://localhost:1/a b"]);
    assert!(exit == Some(2) && said.contains("without blanks\nfix: "), "{said}");
    let output = entralab(&["connect", "-q", "http://localhost:1/mcp", "--data-dir", folder.to_str().unwrap()]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("nobody answered at http://localhost:1/mcp\n  fix       start the server there"), "{told}");
    let (exit, said) = on(&["connect", "https://example.com/mcp"]);
    assert!(exit == Some(2) && said.contains("nothing is ever sent outside"), "{said}");
    let (exit, said) = on(&["connect", "--lab", "http://localhost:1"]);
    assert!(exit == Some(3) && said.contains("not at http://localhost:1"), "{said}");
}

#[tokio::test]
async fn a_person_signs_in_with_a_browser_of_their_own() {
    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let http = outside_client(&ready(&lab));
    let mut connect = Command::new(env!("CARGO_BIN_EXE_entralab"))
        .args(["connect", "--browser", "-q", "--data-dir", data_dir(&lab).to_str().unwrap()])
        .env("PATH", "") // no browser of whoever runs this test opens
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(connect.stderr.take().unwrap()).lines();
    let authorize = lines.map_while(Result::ok).find(|line| line.trim().starts_with("https://")).expect("an address");

    let sign_in = http.get(authorize.trim()).send().await.unwrap();
    let cookie = sign_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let url = sign_in.url().clone();
    let html = sign_in.text().await.unwrap();
    let action = url.join(html.split_once("action=\"").unwrap().1.split('"').next().unwrap()).unwrap();
    let flow_token = input(&html, "flowToken");
    let form = [
        ("flowToken", flow_token.as_str()),
        ("decision", "accept"),
        ("loginfmt", "megan@contoso.com"),
        ("passwd", "Tailwind-Traders-7"),
    ];
    let redirect = http.post(action).header("cookie", &cookie).form(&form).send().await.unwrap();
    let callback = redirect.headers()["location"].to_str().unwrap().to_owned();
    let shown = http.get(&callback).send().await.unwrap().text().await.unwrap();
    assert!(shown.contains("Connected"), "{shown}");
    let output = connect.wait_with_output().unwrap();
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("✓ you connect: connected") && said.contains("✓ the agent lists the tools"), "{said}");
}
