//! The MCP server behind the gate: what the article's reader sees.

use std::sync::Arc;

use scenarios::world;
use serde_json::{Value, json};
use wire::{Check, Party};

use crate::support::{Answer, Behind, HOST, Stack, bearer, claims, world_gate};

const ORIGIN: &str = "https://make.powerapps.com";

fn of_the_article() -> Stack {
    let cors = json!({
        "allowed_origins": ["*"], "allowed_methods": ["GET", "POST", "OPTIONS"],
        "allowed_headers": ["Content-Type", "Authorization"],
    });
    Stack::start(Behind::Mcp, json!({"cors": cors}))
}

/// What Copilot Studio sends in one turn, as captured; the spoofable names among its headers are part of it.
const CAPTURED: [(&str, &str); 12] = [
    ("accept", "application/json,text/event-stream"),
    ("content-type", "application/json; charset=utf-8"),
    ("user-agent", "CopilotStudio PowerFx/1.99.0-local"),
    ("x-ms-client-object-id", "11111111-1111-1111-1111-111111111111"),
    ("x-ms-client-principal-id", "22222222-2222-2222-2222-222222222222"),
    ("x-ms-client-principal-name", "someone@powerplatform.example"),
    ("x-ms-client-tenant-id", "33333333-3333-3333-3333-333333333333"),
    ("x-ms-client-app-id", "96ff4394-9197-43aa-b393-6a41652e21f8"),
    ("x-ms-organization-id", "Default-33333333-3333-3333-3333-333333333333"),
    ("x-forwarded-for", "203.0.113.9"),
    ("x-forwarded-proto", "https"),
    ("max-forwards", "10"),
];

async fn turn(stack: &Stack, body: Value) -> Answer {
    let token = bearer(&claims());
    let mut headers = CAPTURED.to_vec();
    headers.push(("authorization", &token));
    stack.ask("POST", "/mcp", &headers, &body.to_string()).await
}

#[tokio::test]
async fn the_captured_handshake_goes_through() {
    let stack = of_the_article();
    let client_info = json!({
        "name": "mcs", "version": "1.0.0", "agentName": "Copilot", "agentAuthenticationMode": "Integrated",
        "appId": "a", "cdsBotId": "b", "channelId": "pva-studio", "lcat": "M365_COPILOT_USER",
    });
    let params =
        json!({"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": client_info, "sessionContext": {}});
    let initialized =
        turn(&stack, json!({"jsonrpc": "2.0", "id": "1", "method": "initialize", "params": params})).await;
    assert_eq!(initialized.status, 200, "{initialized:?}");
    let answer = initialized.json();
    assert_eq!((&answer["id"], &answer["result"]["protocolVersion"]), (&json!("1"), &json!("2024-11-05")));
    assert_eq!(answer["result"]["serverInfo"]["name"], "mcpserver");
    assert!(answer["result"]["capabilities"]["tools"].is_object());
    assert_eq!(initialized.header("mcp-session-id"), None);

    let notified = turn(&stack, json!({"jsonrpc": "2.0", "id": null, "method": "notifications/initialized"})).await;
    assert_eq!((notified.status, notified.body.as_str()), (202, ""));
    assert_eq!(stack.refusal(Party::Mcp), None);

    let listed = turn(&stack, json!({"jsonrpc": "2.0", "id": "2", "method": "tools/list", "params": {}})).await.json();
    assert_eq!((&listed["id"], listed["result"]["tools"].as_array().map(Vec::len)), (&json!("2"), Some(3)));

    let arguments = json!({"name": "get_stockprice", "arguments": {"ticker_symbol": "TSLA"}});
    let called =
        turn(&stack, json!({"jsonrpc": "2.0", "id": "3", "method": "tools/call", "params": arguments})).await.json();
    assert_eq!(called["id"], "3");
    assert!(called["result"]["content"][0]["text"].as_str().unwrap().contains("\"symbol\":\"TSLA\""), "{called}");

    let exchange = stack.last(Party::Mcp);
    assert_eq!(exchange.from, Party::Gate);
    let header = |name| wire::exchange::header(&exchange.request_headers, name);
    assert_eq!(header("host"), Some(HOST));
    assert_eq!(header("x-ms-client-principal-name"), Some("megan@contoso.com"), "the gate's word, not the caller's");
    assert_eq!(header("x-ms-client-object-id"), Some("11111111-1111-1111-1111-111111111111"));
}

#[tokio::test]
async fn atk_e10_the_test_operation_ends_in_the_406_that_means_success() {
    let stack = of_the_article();
    let preflight = [
        ("Origin", ORIGIN),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,content-type"),
    ];
    let answer = stack.ask("OPTIONS", "/mcp", &preflight, "").await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-headers")),
        (200, Some("Content-Type,Authorization"))
    );
    assert_eq!(stack.received(Party::Mcp), 0);

    let headers = [("Origin", ORIGIN), ("Content-Type", "application/json")];
    assert_eq!(
        stack.ask("POST", "/mcp", &headers, "").await.status,
        401,
        "without a token nobody learns what is behind"
    );
    let token = bearer(&claims());
    let answer = stack.ask("POST", "/mcp", &[headers[0], headers[1], ("Authorization", &token)], "").await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (406, Some("*")));
    assert_eq!(
        answer.json()["error"]["message"],
        "Not Acceptable: Client must accept both application/json and text/event-stream"
    );
    assert_eq!((stack.refusal(Party::Gate), stack.refusal(Party::Mcp)), (None, Some(Check::AcceptBoth)));

    let wrong_path = stack.ask("POST", "/wrong", &[headers[0], headers[1], ("Authorization", &token)], "").await;
    assert_eq!((wrong_path.status, stack.refusal(Party::Mcp)), (404, Some(Check::PathServed)));
}

#[tokio::test]
async fn a_server_that_does_not_know_its_public_name_refuses_it() {
    let stack = of_the_article();
    let mcp = Arc::new(world::Mcp { allowed_hosts: Some(Vec::new()), ..Default::default() });
    stack.mcp.replace(mcp, Some(Arc::new(world_gate(json!({})))));
    let answer = turn(&stack, json!({"jsonrpc": "2.0", "id": "2", "method": "tools/list"})).await;
    assert_eq!((answer.status, stack.refusal(Party::Mcp)), (403, Some(Check::HostAllowed)));
    assert_eq!(answer.json()["error"]["message"], "Forbidden: Host header is not allowed");
}

#[tokio::test]
async fn atk_e04_the_token_goes_no_further_than_the_server() {
    let stack = of_the_article();
    let arguments = json!({"name": "get_alerts", "arguments": {"state": "CA"}});
    let answer = turn(&stack, json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": arguments})).await;
    assert_eq!(answer.status, 200);
    let senders: Vec<_> = stack.trace.after(0).iter().map(|exchange| (exchange.from, exchange.to)).collect();
    assert!(senders.iter().all(|(from, _)| *from != Party::Mcp), "{senders:?}");
}
