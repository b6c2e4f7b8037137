//! Settings that make the gate or the MCP server behave as one that is set up badly.

use std::sync::Arc;

use scenarios::world;
use serde_json::{Value, json};
use server::GateSecret;
use server::mcp::{McpServer, Settings};
use wire::{Check, Party};

use crate::support::{Answer, Behind, HOST, Stack, TENANT, bearer, claims, message, send, with};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const BOTH: (&str, &str) = ("Accept", "application/json, text/event-stream");
const BROWSER: (&str, &str) = ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)");
const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","id":null,"method":"notifications/initialized"}"#;

fn with_mcp(mcp: Value) -> Stack {
    Stack::start_with(Behind::Mcp, json!({}), mcp)
}

async fn post(stack: &Stack, target: &str, body: &str) -> Answer {
    stack.ask_behind("POST", target, &[JSON, BOTH], body).await
}

#[tokio::test]
async fn anonymous_callers_pass_as_nobody_and_a_bad_token_is_no_better() {
    let mut stack = Stack::start(Behind::Echo, json!({"unauthenticated_client_action": "AllowAnonymous"}));
    let expired = bearer(&with(claims(), "exp", json!(1)));
    for headers in [vec![], vec![("Authorization", expired.as_str())], vec![("Authorization", "Basic secret")]] {
        let spoofed = [headers.clone(), vec![("X-MS-CLIENT-PRINCIPAL-NAME", "admin")]].concat();
        let answer = stack.ask("POST", "/mcp", &spoofed, "").await;
        assert_eq!((answer.status, stack.refusal(Party::Gate)), (203, None), "{headers:?}");
        assert!(answer.echoed("x-ms-client-principal-name").is_empty());
        let checks = stack.last(Party::Gate).checks.0;
        let check = checks.iter().rfind(|result| result.check == Check::AuthorizationPresent).unwrap();
        assert!(check.expected.contains("AllowAnonymous") && !check.received.contains("secret"), "{check:?}");
    }
    let good = bearer(&claims());
    let answer = stack.ask("POST", "/mcp", &[("Authorization", &good)], "").await;
    assert_eq!(answer.echoed("x-ms-client-principal-name"), ["megan@contoso.com"], "a good token still counts");
    stack.change_gate(json!({"allowed_applications": ["another"]}));
    let answer = stack.ask("POST", "/mcp", &[("Authorization", &good)], "").await;
    assert_eq!((answer.status, stack.refusal(Party::Gate)), (403, Some(Check::ClientAllowed)));
    let two = [("Authorization", "Bearer a"), ("Authorization", "Bearer b")];
    assert_eq!(stack.ask("POST", "/mcp", &two, "").await.status, 400);

    stack.change_gate(json!({"invalid_token": "refused"}));
    assert_eq!(stack.ask("POST", "/mcp", &[], "").await.status, 203);
    assert_eq!(stack.ask("POST", "/mcp", &[("Authorization", &expired)], "").await.status, 401);
    assert_eq!(stack.refusal(Party::Gate), Some(Check::TokenLifetime));
    assert_eq!(stack.ask("POST", "/mcp", &[("Authorization", "Basic secret")], "").await.status, 401);
}

#[tokio::test]
async fn browsers_are_sent_to_the_sign_in_page_and_programs_get_the_odd_challenge() {
    let stack = Stack::start(Behind::Echo, json!({"unauthenticated_client_action": "RedirectToLoginPage"}));
    let answer = stack.ask("GET", "/mcp", &[BROWSER, ("Accept", "application/json")], "").await;
    assert_eq!((answer.status, answer.header("location")), (302, Some("/.auth/login/aad")));
    assert_eq!(stack.refusal(Party::Gate), Some(Check::AuthorizationPresent));
    let program = [("User-Agent", "CopilotStudio PowerFx/1.99.0-local"), ("Accept", "text/html")];
    let realm = format!("Bearer realm=\"{HOST}\"");
    let answer = stack.ask("POST", "/mcp", &program, "").await;
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some(realm.as_str())));
    let answer = stack.ask("GET", "/", &program, "").await;
    let uri = format!("https://login.windows.net/{TENANT}/oauth2/v2.0/authorize");
    let challenge = format!("{realm} authorization_uri=\"{uri}\"");
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some(challenge.as_str())));
    let good = bearer(&claims());
    assert_eq!(stack.ask("GET", "/mcp", &[BROWSER, ("Authorization", &good)], "").await.status, 203);
}

#[tokio::test]
async fn the_gate_says_that_it_signs_no_browser_in() {
    let stack = Stack::start(Behind::Echo, json!({"excluded_paths": ["/*"]}));
    for target in ["/.auth/login/aad", "/.auth/login/aad?post_login_redirect_uri=/x", "/.auth/login/aad/callback"] {
        let answer = stack.ask("GET", target, &[BROWSER], "").await;
        assert_eq!(answer.status, 501, "{target}");
        assert!(answer.body.contains("does not"), "{}", answer.body);
        assert_eq!(stack.refusal(Party::Gate), Some(Check::AuthorizationPresent));
    }
    assert_eq!(stack.received(Party::Mcp), 0);
}

#[tokio::test]
async fn a_target_port_on_which_nobody_listens_is_a_502_for_those_who_may_ask() {
    let mut stack = Stack::start(Behind::Mcp, json!({"target_port": 80}));
    assert_eq!(stack.ask("POST", "/mcp", &[JSON, BOTH], PING).await.status, 401);
    let token = bearer(&claims());
    let headers = [JSON, BOTH, ("Authorization", token.as_str())];
    let answer = stack.ask("POST", "/mcp", &headers, PING).await;
    assert_eq!((answer.status, answer.body.as_str(), stack.received(Party::Mcp)), (502, "", 0));
    assert_eq!(stack.refusal(Party::Gate), Some(Check::UpstreamReachable));
    stack.change_gate(json!({"target_port": 8001}));
    assert_eq!(stack.ask("POST", "/mcp", &headers, PING).await.status, 200);
}

#[tokio::test]
async fn an_app_that_scaled_to_zero_answers_when_it_has_started() {
    let mut stack = Stack::start_with(Behind::Mcp, json!({"min_replicas": 0}), json!({"cold_start_seconds": 20}));
    let token = bearer(&claims());
    let headers = [JSON, BOTH, ("Authorization", token.as_str())];
    for (pass_s, status) in [(0, 504), (19, 504), (1, 200), (299, 200), (300, 504), (20, 200)] {
        stack.clock.advance(jiff::SignedDuration::from_secs(pass_s)).unwrap();
        let answer = stack.ask("POST", "/mcp", &headers, PING).await;
        assert_eq!(answer.status, status, "{pass_s} seconds later");
        assert_eq!(stack.refusal(Party::Gate), (status == 504).then_some(Check::UpstreamReachable));
    }
    stack.clock.advance(jiff::SignedDuration::from_secs(900)).unwrap();
    stack.change_gate(json!({"min_replicas": 1}));
    assert_eq!(stack.ask("POST", "/mcp", &headers, PING).await.status, 200);
}

#[tokio::test]
async fn refusals_can_stay_plain_text() {
    let stack = with_mcp(json!({"errors": "plain"}));
    let plain = async |answer: Answer, status: u16, check: Check, words: &str| {
        assert_eq!((answer.status, stack.refusal(Party::Mcp)), (status, Some(check)), "{answer:?}");
        assert!(answer.header("content-type").is_some_and(|text| text.starts_with("text/plain")), "{answer:?}");
        assert!(answer.body.starts_with(words), "{answer:?}");
    };
    let answer = stack.ask_behind("POST", "/mcp", &[JSON], PING).await;
    plain(answer, 406, Check::AcceptBoth, "Not Acceptable: Client must accept").await;
    plain(post(&stack, "/mcp", "{").await, 415, Check::BodyJsonRpc, "fail to deserialize").await;
    plain(post(&stack, "/x", PING).await, 404, Check::PathServed, "Not Found").await;
    assert_eq!(post(&stack, "/mcp", PING).await.status, 200);
}

#[tokio::test]
async fn a_null_id_can_reach_rmcp_and_is_told_apart_from_other_faults() {
    let stack = with_mcp(json!({"null_notification_id": "refused"}));
    let answer = post(&stack, "/mcp", INITIALIZED).await;
    assert_eq!((answer.status, stack.refusal(Party::Mcp)), (415, Some(Check::BodyJsonRpc)));
    assert!(answer.json()["error"]["message"].as_str().unwrap().starts_with("fail to deserialize"));
    let refusal = stack.last(Party::Mcp).checks.refusal().cloned().unwrap();
    assert!(refusal.fix.unwrap().starts_with("mcp.null_notification_id"));
    let without = INITIALIZED.replace("\"id\":null,", "");
    let answer = post(&stack, "/mcp", &without).await;
    assert_eq!((answer.status, answer.body.as_str()), (202, ""));
}

#[tokio::test]
async fn a_notification_can_be_answered_and_a_request_is_not_touched_by_that() {
    for (wanted, member) in [("result", "result"), ("error", "error")] {
        let stack = with_mcp(json!({"notification_answer": wanted}));
        let answer = post(&stack, "/mcp", INITIALIZED).await;
        assert_eq!((answer.status, stack.refusal(Party::Mcp)), (200, None));
        assert!(answer.json()[member].is_object(), "{answer:?}");
        assert_eq!(post(&stack, "/mcp", PING).await.json()["result"], json!({}));
        assert_eq!(stack.ask_behind("POST", "/mcp", &[JSON], INITIALIZED).await.status, 406);
    }
}

#[tokio::test]
async fn a_slash_more_or_less_is_refused_redirected_or_served() {
    for (served, other) in [("/mcp", "/mcp/"), ("/mcp/", "/mcp")] {
        let stack = with_mcp(json!({"path": served, "trailing_slash": "redirected"}));
        let answer = post(&stack, other, PING).await;
        assert_eq!((answer.status, answer.header("location"), answer.body.as_str()), (307, Some(served), ""));
        assert_eq!(stack.refusal(Party::Mcp), Some(Check::PathServed));
        assert_eq!(post(&stack, served, PING).await.status, 200);
        assert_eq!(post(&stack, "/mc", PING).await.status, 404);

        let stack = with_mcp(json!({"path": served, "trailing_slash": "served"}));
        assert_eq!((post(&stack, other, PING).await.status, post(&stack, served, PING).await.status), (200, 200));
        assert_eq!(post(&stack, "/mcp/x", PING).await.status, 404);

        let stack = with_mcp(json!({"path": served}));
        assert_eq!(post(&stack, other, PING).await.status, 404);
        let fix = stack.last(Party::Mcp).checks.refusal().and_then(|refusal| refusal.fix.clone());
        assert!(fix.unwrap().contains("mcp.trailing_slash"));
    }
}

async fn ask_from(stack: &Stack, method: &str, origin: Option<&str>) -> u16 {
    let mut headers = vec![JSON, BOTH];
    headers.extend(origin.map(|origin| ("Origin", origin)));
    stack.ask_behind(method, "/mcp", &headers, PING).await.status
}

#[tokio::test]
async fn atk_e02_the_server_alone_answers_pages_of_this_machine_only() {
    let stack = with_mcp(json!({}));
    stack.mcp.replace(Arc::new(world::Mcp::default()), None);
    for origin in [None, Some("http://localhost:6274"), Some("https://127.0.0.1"), Some("http://[::1]:1")] {
        assert_eq!(ask_from(&stack, "POST", origin).await, 200, "{origin:?}");
    }
    for origin in ["https://evil.test", "null", "http://localhost.evil.test", "file://", ""] {
        assert_eq!(ask_from(&stack, "POST", Some(origin)).await, 403, "{origin}");
        assert_eq!(stack.refusal(Party::Mcp), Some(Check::OriginAllowed));
    }
    assert_eq!(ask_from(&stack, "OPTIONS", Some("https://evil.test")).await, 403);
    assert_eq!(ask_from(&stack, "OPTIONS", None).await, 405);
}

#[tokio::test]
async fn atk_e02_behind_the_gate_its_origins_are_those_of_the_gate() {
    let page = Some("https://make.powerapps.com");
    for (cors, listed, foreign) in [
        (json!(null), 200, 200),
        (json!({"allowed_origins": ["*"]}), 200, 200),
        (json!({"allowed_origins": ["https://make.powerapps.com"]}), 200, 403),
        (json!({"allowed_origins": []}), 403, 403),
    ] {
        let stack = Stack::start(Behind::Mcp, json!({"cors": cors}));
        assert_eq!(ask_from(&stack, "POST", page).await, listed, "{cors}");
        assert_eq!(ask_from(&stack, "POST", Some("https://evil.test")).await, foreign, "{cors}");
        assert_eq!(ask_from(&stack, "POST", None).await, 200, "{cors}");
    }
    let stack = with_mcp(json!({"allowed_origins": ["https://copilotstudio.microsoft.com"]}));
    assert_eq!(ask_from(&stack, "POST", page).await, 403);
}

#[tokio::test]
async fn atk_d04_who_comes_past_the_gate_is_refused_whatever_they_bring() {
    let stack = with_mcp(json!({}));
    let secret = || GateSecret::of([3; 32]);
    let lonely = McpServer::new(Settings {
        mcp: Arc::new(world::Mcp::default()),
        gate: None,
        secret: Some(secret()),
        clock: stack.clock.clone(),
    });
    let (address, _listening) = stack.listen(Party::Mcp, lonely.router());
    let ask = async |headers: &[(&str, &str)]| {
        let headers = [&[JSON, BOTH], headers].concat();
        send(address, &message("POST", "/mcp", "localhost", &headers, PING)).await
    };
    for headers in [
        vec![],
        vec![("x-entralab-gate-secret", "")],
        vec![("x-entralab-gate-secret", "guessed")],
        vec![("X-MS-CLIENT-PRINCIPAL-NAME", "admin"), ("x-entralab-from", "gate")],
    ] {
        let answer = ask(&headers).await;
        assert_eq!((answer.status, stack.refusal(Party::Mcp)), (403, Some(Check::GateSecret)), "{headers:?}");
        assert_eq!(answer.json()["error"]["code"], -32_600);
    }
    let path = send(address, &message("GET", "/elsewhere", "localhost", &[], "")).await;
    assert_eq!(path.status, 403, "nothing of the server shows");

    let gate = stack.gate_before(address, secret());
    let (gate_address, _listening) = stack.listen(Party::Gate, gate.router());
    let token = bearer(&claims());
    let headers = [JSON, BOTH, ("Authorization", token.as_str()), ("x-entralab-gate-secret", "guessed")];
    // The server knows no gate here, so it is asked under a name of this machine.
    let answer = send(gate_address, &message("POST", "/mcp", "localhost", &headers, PING)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let checks = stack.last(Party::Mcp).checks;
    assert_eq!(checks.0.first().map(|result| result.check), Some(Check::GateSecret));
    let shown = wire::Redaction::of(&stack.trace.after(0)).exchange(&stack.last(Party::Mcp));
    let header = wire::exchange::header(&shown.request_headers, "x-entralab-gate-secret");
    assert_eq!(header.map(|value| value.contains("gate_secret")), Some(true), "{header:?}");
}
