//! `entralab idp`, `gate` and `mcp`: one party alone, beside others that run alone, and joined to a lab.

use std::io::Read;
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use serde_json::{Value, json};
use wire::listen::{Listening, bind, serve};

use crate::command_line::{entralab, text};
use crate::lab_process::LabProcess;
use crate::safety::input;
use crate::up::{data_dir, outside_client, ready};

/// Somebody's own server: it answers with the headers that it got.
fn own_server() -> (Listening, String) {
    let answer = |headers: HeaderMap| async move {
        let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()));
        pairs.map(|(name, value)| format!("{name}: {value}\n")).collect::<String>()
    };
    let listening = serve(bind(([127, 0, 0, 1], 0).into()).unwrap(), None, Router::new().fallback(answer)).unwrap();
    let url = format!("http://{}", listening.address);
    (listening, url)
}

/// A folder for processes that share a data folder.
fn shared_folder() -> Arc<tempfile::TempDir> {
    Arc::new(tempfile::tempdir().unwrap())
}

/// Signs megan in at `idp` through its pages, as the copilot client, and gives the access token for the article's server.
async fn access_token(http: &reqwest::Client, idp: &Value) -> String {
    let app = &idp["apps"]["copilot-studio-client"];
    let (client_id, redirect_uri) = (app["client_id"].as_str().unwrap(), app["redirect_uris"][0].as_str().unwrap());
    let resource = idp["apps"]["streamable-mcp-server2"]["identifier_uri"].as_str().unwrap();
    let scope = format!("{resource}/user_impersonation");
    let endpoint =
        |name: &str| format!("{}/{}/oauth2/v2.0/{name}", idp["idp"].as_str().unwrap(), idp["tenant"].as_str().unwrap());
    let mut authorize = url::Url::parse(&endpoint("authorize")).unwrap();
    authorize.query_pairs_mut().extend_pairs([
        ("client_id", client_id),
        ("response_type", "code"),
        ("redirect_uri", redirect_uri),
        ("scope", &scope),
        ("state", "s"),
    ]);
    let page = http.get(authorize).send().await.unwrap();
    let cookie = page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let url = page.url().clone();
    let html = page.text().await.unwrap();
    let action = url.join(html.split_once("action=\"").unwrap().1.split('"').next().unwrap()).unwrap();
    let flow_token = input(&html, "flowToken");
    let form = [
        ("flowToken", flow_token.as_str()),
        ("decision", "accept"),
        ("loginfmt", "megan@contoso.com"),
        ("passwd", "Tailwind-Traders-7"),
    ];
    let redirect = http.post(action).header("cookie", &cookie).form(&form).send().await.unwrap();
    let location = url::Url::parse(redirect.headers()["location"].to_str().unwrap()).unwrap();
    let (_, code) = location.query_pairs().find(|(name, _)| name == "code").expect("a code");
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("client_secret", app["client_secret"].as_str().unwrap()),
        ("redirect_uri", redirect_uri),
        ("code", &code),
    ];
    let answer: Value = http.post(endpoint("token")).form(&form).send().await.unwrap().json().await.unwrap();
    answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// The exchanges on a party's own trace page, as JSON.
async fn trace(http: &reqwest::Client, ready: &Value) -> Vec<Value> {
    let url = format!("{}/trace.json", ready["lab"].as_str().unwrap());
    http.get(url).send().await.unwrap().json().await.unwrap()
}

fn refusing_checks(exchange: &Value) -> Vec<&str> {
    let checks = exchange["checks"].as_array().unwrap().iter();
    checks.filter(|check| check["outcome"] == "refused").filter_map(|check| check["check"].as_str()).collect()
}

#[tokio::test]
async fn a_gate_lets_the_tokens_of_an_idp_beside_it_through_to_ones_own_server() {
    let (_own, upstream) = own_server();
    let folder = shared_folder();
    let idp = LabProcess::start_in(&folder, &["idp", "--port", "0"]);
    let gate = LabProcess::start_in(&folder, &["gate", "--upstream", &upstream, "--port", "0"]);
    let (idp, gate) = (ready(&idp), ready(&gate));
    let http = outside_client(&gate);
    let token = access_token(&http, &idp).await;
    let url = format!("{}/some/path?q=1", gate["gate"].as_str().unwrap());

    let without = http.get(&url).send().await.unwrap();
    assert_eq!(without.status(), 401);
    let answer = http.get(&url).bearer_auth(&token).send().await.unwrap();
    let status = answer.status();
    let seen = answer.text().await.unwrap();
    assert_eq!(status, 200, "{seen}");
    assert!(seen.contains("x-ms-client-principal-name: megan@contoso.com"), "{seen}");
    assert!(!seen.contains("x-entralab"), "one's own server is told nothing of the lab: {seen}");

    let of_gate = trace(&http, &gate).await;
    let routes: Vec<String> =
        of_gate.iter().map(|e| format!("{} -> {}", e["from"], e["to"]).replace('"', "")).collect();
    assert_eq!(routes, ["client -> gate", "client -> gate", "gate -> mcp"], "the idp has the rest");
    assert_eq!(refusing_checks(&of_gate[0]), ["authorization.present"]);
    let of_idp = trace(&http, &idp).await;
    assert!(of_idp.iter().any(|e| e["from"] == "gate" && e["url"].as_str().unwrap().ends_with("/discovery/keys")));
    for party in [&idp, &gate] {
        for path in ["/healthz", "/readyz", "/trace"] {
            let page = http.get(format!("{}{path}", party["lab"].as_str().unwrap())).send().await.unwrap();
            assert_eq!(page.status(), 200, "{path}");
        }
    }
}

#[tokio::test]
async fn a_token_for_another_audience_is_refused_and_the_trace_names_the_check() {
    let (_own, upstream) = own_server();
    let idp = LabProcess::start(&["idp", "--port", "0"]);
    let idp_url = ready(&idp)["idp"].as_str().unwrap().to_owned();
    // A data folder of its own: the gate knows the identity provider by flags only.
    let ca = ready(&idp)["ca"].as_str().unwrap().to_owned();
    let gate = LabProcess::start(&[
        "gate",
        "--upstream",
        &upstream,
        "--port",
        "0",
        "--idp",
        &idp_url,
        "--ca",
        &ca,
        "--client-id",
        "00000000-0000-4000-8000-000000000001",
        "--audience",
        "api://somebody-else",
    ]);
    let (idp, gate) = (ready(&idp), ready(&gate));
    let token = access_token(&outside_client(&idp), &idp).await;
    let http = outside_client(&gate);
    let answer = http.get(gate["gate"].as_str().unwrap()).bearer_auth(&token).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let exchanges = trace(&http, &gate).await;
    assert_eq!(refusing_checks(exchanges.last().unwrap()), ["audience.allowed"], "{exchanges:?}");
    let refusal = exchanges[0]["checks"].as_array().unwrap().last().unwrap();
    assert!(refusal["expected"].as_str().unwrap().contains("api://somebody-else"), "{refusal}");
    let page = http.get(format!("{}/trace", gate["lab"].as_str().unwrap())).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("✗ audience.allowed</summary>"), "a closed line names the check: {page}");
}

#[tokio::test]
async fn what_a_joined_gate_records_is_in_the_labs_trace_in_order_and_it_goes_on_without_the_lab() {
    let (_own, upstream) = own_server();
    let folder = shared_folder();
    let lab = LabProcess::start_in(&folder, &["up", "--port-base", "0"]);
    let page = ready(&lab)["lab"].as_str().unwrap().to_owned();
    let joining = ["gate", "--upstream", &upstream, "--port", "0", "--lab", &page];
    let mut gate = LabProcess::start_in(&folder, &joining);
    let (of_lab, of_gate) = (ready(&lab), ready(&gate));
    let http = outside_client(&of_lab);
    let token = access_token(&http, &of_lab).await;
    let url = of_gate["gate"].as_str().unwrap();
    let answer = http.get(url).bearer_auth(&token).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{:?}", answer.text().await);

    let exchanges = trace(&http, &of_lab).await;
    let from = exchanges.iter().position(|e| e["to"] == "gate").expect("the gate's exchange is in the lab's trace");
    let routes: Vec<String> =
        exchanges[from..].iter().map(|e| format!("{} -> {}", e["from"], e["to"]).replace('"', "")).collect();
    assert_eq!(routes, ["client -> gate", "gate -> idp", "gate -> idp", "gate -> mcp"]);
    let own = trace(&http, &of_gate).await;
    assert_eq!(own[0]["number"], exchanges[from]["number"], "a number means the same exchange in both");
    assert!(exchanges[from]["url"].as_str().unwrap().starts_with(url));

    drop(lab);
    assert_eq!(http.get(url).send().await.unwrap().status(), 401);
    assert_eq!(trace(&http, &of_gate).await.len(), own.len() + 1);
    gate.child.kill().unwrap();
    let mut said = String::new();
    gate.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said.matches("what is recorded here is kept here only").count(), 1, "{said}");
}

/// Whichever joins first: who sends learns from the lab that the receiver records.
#[tokio::test]
async fn what_a_joined_gate_passes_to_a_joined_mcp_server_is_recorded_once() {
    for gate_is_first in [true, false] {
        let folder = shared_folder();
        let lab = LabProcess::start_in(&folder, &["up", "--port-base", "0"]);
        let page = ready(&lab)["lab"].as_str().unwrap().to_owned();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let upstream = format!("http://127.0.0.1:{free}");
        let of_gate = ["gate", "--upstream", &upstream, "--port", "0", "--lab", &page];
        let of_mcp = ["mcp", "--port", &free, "--page-port", "0", "--lab", &page];
        let start = |arguments: &[&str]| LabProcess::start_in(&folder, arguments);
        let (gate, _mcp) = if gate_is_first {
            (start(&of_gate), start(&of_mcp))
        } else {
            let mcp = start(&of_mcp);
            (start(&of_gate), mcp)
        };
        let (of_lab, of_gate) = (ready(&lab), ready(&gate));
        let http = outside_client(&of_lab);
        let token = access_token(&http, &of_lab).await;
        let url = format!("{}/mcp", of_gate["gate"].as_str().unwrap());
        let answer = http.post(&url).bearer_auth(&token).json(&json!({})).send().await.unwrap();
        assert_eq!(answer.status(), 406, "{:?}", answer.text().await);
        let exchanges = trace(&http, &of_lab).await;
        let to_mcp: Vec<&Value> = exchanges.iter().filter(|e| e["to"] == "mcp").collect();
        assert_eq!(to_mcp.len(), 1, "gate first: {gate_is_first}");
        assert_eq!(to_mcp[0]["from"], "gate");
        assert_eq!(refusing_checks(to_mcp[0]), ["accept.json_and_sse"], "the receiver's record, with its checks");
    }
}

#[tokio::test]
async fn the_mcp_server_alone_answers_whoever_asks() {
    let mcp = LabProcess::start(&["mcp", "--port", "0", "--path", "/tools"]);
    let ready = ready(&mcp);
    let url = ready["mcp"].as_str().unwrap();
    assert!(url.starts_with("http://") && url.ends_with("/tools"), "{url}");
    let answer = outside_client(&ready)
        .post(url)
        .header("accept", "application/json, text/event-stream")
        .json(&json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    assert!(answer["result"]["serverInfo"].is_object(), "{answer}");
}

#[test]
fn a_party_runs_once_on_a_data_folder_and_a_signal_ends_it_cleanly() {
    let mut idp = LabProcess::start(&["idp", "--port", "0"]);
    let folder = data_dir(&idp).to_str().unwrap().to_owned();
    let second = entralab(&["idp", "--port", "0", "--data-dir", &folder]);
    assert_eq!(second.status.code(), Some(3));
    assert!(text(&second.stderr).contains(&format!("pid {}", idp.child.id())), "{}", text(&second.stderr));
    assert!(Command::new("kill").args(["-TERM", &idp.child.id().to_string()]).status().unwrap().success());
    assert_eq!(idp.child.wait().unwrap().code(), Some(0));
    let mut said = String::new();
    idp.child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    for told in ["identity provider", "openid-configuration", "megan@contoso.com", "what to do next", "/trace"] {
        assert!(said.contains(told), "no {told} in:\n{said}");
    }
    assert!(!data_dir(&idp).join("running-idp.json").exists());
}

#[test]
fn what_keeps_a_party_from_starting_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let on = |arguments: &[&str]| entralab(&[arguments, &["--data-dir", folder.path().to_str().unwrap()]].concat());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let stale = folder.path().join("ready.json");
    std::fs::write(&stale, r#"{"ready":true}"#).unwrap();
    let output = on(&["idp", "--port", &port, "--page-port", "0", "--ready-file", stale.to_str().unwrap()]);
    assert!(!stale.exists(), "what an earlier start said is taken back before this one is ready");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains(&format!("cannot listen on 127.0.0.1:{port}")) && said.contains("--port N"), "{said}");

    for (arguments, exit, told) in [
        (&["gate", "--port", "0"][..], 2, "--upstream"),
        (&["gate", "--port", "0", "--upstream", "http://example.com"], 2, "nothing is ever sent outside"),
        (&["gate", "--port", "0", "--upstream", "http://localhost:1", "--idp", "https://10.0.0.1"], 2, "--idp"),
        (&["idp", "--port", "0", "no-such-world"], 2, "no-such-world"),
        (&["idp", "--port", "0", "--redirect-uri", "nobody=http://localhost:5000/"], 2, "copilot-studio-client"),
        (&["mcp", "--port", "0", "--lab", "nonsense"], 2, "'nonsense' is no URL of this machine\nfix: write such as"),
        (&["mcp", "--port", "0", "--lab", "https://example.com"], 2, "is no URL of this machine"),
        (&["mcp", "--port", "0", "--lab", "http://localhost:1"], 3, "no lab is running at http://localhost:1"),
    ] {
        let output = on(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {said}");
        assert!(said.contains(told), "{arguments:?}: {said}");
    }
}
