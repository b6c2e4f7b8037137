//! The MCP server by itself, without a gate.

use std::sync::Arc;

use scenarios::world;
use serde_json::{Value, json};
use wire::{Check, Party};

use crate::support::{Answer, Behind, HOST, Stack, message, send, world_gate};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const BOTH: (&str, &str) = ("Accept", "application/json, text/event-stream");

fn alone() -> Stack {
    Stack::start(Behind::Mcp, json!({}))
}

async fn post(stack: &Stack, body: &str) -> Answer {
    stack.ask_behind("POST", "/mcp", &[JSON, BOTH], body).await
}

async fn call(stack: &Stack, tool: &str, arguments: Value) -> Value {
    let body =
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}});
    post(stack, &body.to_string()).await.json()
}

/// The one text of a tool's ordinary result.
async fn text(stack: &Stack, tool: &str, arguments: Value) -> String {
    let answer = call(stack, tool, arguments).await;
    let result = &answer["result"];
    assert_ne!(result["isError"], json!(true), "{answer}");
    assert_eq!(result["content"].as_array().unwrap().len(), 1);
    assert_eq!(result["content"][0]["type"], "text");
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_tools_are_listed_with_flat_schemas_and_descriptions() {
    let stack = alone();
    let answer = post(&stack, r#"{"jsonrpc":"2.0","id":"2","method":"tools/list","params":{}}"#).await.json();
    assert_eq!(answer["id"], "2");
    let tools = answer["result"]["tools"].as_array().unwrap();
    let mut shapes: Vec<(&str, Value, Value)> = tools
        .iter()
        .map(|tool| {
            assert!(tool["description"].as_str().is_some_and(|text| text.len() > 20), "{tool}");
            let schema = &tool["inputSchema"];
            for unwanted in ["$ref", "$schema", "$defs", "anyOf"] {
                assert!(!schema.to_string().contains(unwanted), "{schema}");
            }
            assert_eq!(schema["type"], "object");
            let types: serde_json::Map<String, Value> = schema["properties"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, property)| {
                    assert!(property["description"].is_string(), "{property}");
                    (name.clone(), property["type"].clone())
                })
                .collect();
            (tool["name"].as_str().unwrap(), types.into(), schema["required"].clone())
        })
        .collect();
    shapes.sort_by_key(|(name, ..)| *name);
    assert_eq!(
        shapes,
        [
            ("get_alerts", json!({"state": "string"}), json!(["state"])),
            ("get_forecast", json!({"latitude": "number", "longitude": "number"}), json!(["latitude", "longitude"])),
            ("get_stockprice", json!({"ticker_symbol": "string"}), json!(["ticker_symbol"])),
        ]
    );
}

#[tokio::test]
async fn the_tools_answer_as_those_of_the_article() {
    let stack = alone();
    let quote: Value =
        serde_json::from_str(&text(&stack, "get_stockprice", json!({"ticker_symbol": "TSLA"})).await).unwrap();
    let members: Vec<_> = quote.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["symbol", "date", "current price", "low price", "high price", "opening price", "link"]);
    assert_eq!((&quote["symbol"], &quote["date"]), (&json!("TSLA"), &json!("2026-01-15")));
    assert_eq!(quote["link"], "https://finance.yahoo.com/quote/TSLA");
    assert!(quote["current price"].as_f64().unwrap() > 0.0);
    assert!(text(&stack, "get_stockprice", json!({"ticker_symbol": "NOPE"})).await.ends_with("sybmol NOPE"));

    assert!(text(&stack, "get_alerts", json!({"state": "CA"})).await.starts_with("Event: "));
    assert_eq!(text(&stack, "get_alerts", json!({"state": "HI"})).await, "No active alerts for this state.");
    assert_eq!(text(&stack, "get_alerts", json!({"state": "XX"})).await, "Unable to fetch alerts or no alerts found.");

    let seattle = text(&stack, "get_forecast", json!({"latitude": 47.6, "longitude": -122.3})).await;
    assert_eq!(seattle.split("\n---\n").count(), 5);
    let nowhere = text(&stack, "get_forecast", json!({"latitude": 947, "longitude": 0})).await;
    assert_eq!(nowhere, "Unable to fetch forecast data for this location.");
}

#[tokio::test]
async fn the_data_follow_the_lab_clock() {
    let stack = alone();
    let quote = async || text(&stack, "get_stockprice", json!({"ticker_symbol": "MSFT"})).await;
    let today = quote().await;
    assert_eq!(today, quote().await);
    stack.clock.advance(jiff::SignedDuration::from_hours(24)).unwrap();
    let tomorrow = quote().await;
    assert_ne!(today, tomorrow);
    assert!(tomorrow.contains("2026-01-16"));
}

#[tokio::test]
async fn atk_e11_hostile_arguments_are_only_text() {
    let stack = alone();
    for ticker in [
        "../../etc/passwd",
        "http://169.254.169.254/",
        "__proto__",
        "constructor",
        "TSLA\u{0}",
        &"A".repeat(1024 * 1024),
    ] {
        let answer = text(&stack, "get_stockprice", json!({"ticker_symbol": ticker})).await;
        assert!(answer.contains("sybmol") && answer.len() < 200, "{answer}");
    }
    for (tool, arguments) in [
        ("get_stockprice", json!({})),
        ("get_stockprice", json!({"ticker_symbol": 7})),
        ("get_stockprice", json!({"ticker_symbol": {"$ne": null}})),
        ("get_stockprice", json!({"ticker_symbol": null})),
        ("get_forecast", json!({"latitude": "47", "longitude": 0})),
        ("get_forecast", json!({"latitude": [47], "longitude": 0})),
        ("get_alerts", json!({"ticker_symbol": "TSLA"})),
    ] {
        let answer = call(&stack, tool, arguments.clone()).await;
        assert_eq!(answer["result"]["isError"], json!(true), "{arguments}: {answer}");
    }
    let not_an_object = call(&stack, "get_alerts", json!([1])).await;
    assert!(not_an_object["error"].is_object(), "{not_an_object}");
    let unknown = call(&stack, "get_everything", json!({})).await;
    assert_eq!(unknown["error"]["code"], -32_602, "{unknown}");
}

/// Sends a request and asserts the whole refusal: status, check, and rmcp's words as a JSON-RPC error.
async fn refused(stack: &Stack, answer: Answer, status: u16, check: Check, code: i32, words: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let error = answer.json();
    assert_eq!((&error["jsonrpc"], &error["id"]), (&json!("2.0"), &json!(null)));
    assert_eq!(error["error"]["code"], code, "{error}");
    assert!(error["error"]["message"].as_str().unwrap().starts_with(words), "{error}");
    assert_eq!(stack.refusal(Party::Mcp), Some(check));
    if answer.status == 405 {
        assert_eq!(answer.header("allow"), Some("POST"));
    }
}

#[tokio::test]
async fn rmcps_refusals_keep_their_status_and_words_and_become_json() {
    let stack = alone();
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let not_acceptable = "Not Acceptable: Client must accept both application/json and text/event-stream";
    for accept in [
        None,
        Some("application/json"),
        Some("text/event-stream"),
        Some("*/*"),
        Some("application/json, text/event-stream;q=0"),
    ] {
        let mut headers = vec![JSON];
        headers.extend(accept.map(|accept| ("Accept", accept)));
        let answer = stack.ask_behind("POST", "/mcp", &headers, list).await;
        refused(&stack, answer, 406, Check::AcceptBoth, -32_600, not_acceptable).await;
    }
    for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonx")]
    {
        let mut headers = vec![BOTH];
        headers.extend(content_type.map(|content_type| ("Content-Type", content_type)));
        let answer = stack.ask_behind("POST", "/mcp", &headers, list).await;
        refused(&stack, answer, 415, Check::ContentTypeJson, -32_600, "Unsupported Media Type").await;
    }
    for method in ["GET", "OPTIONS", "DELETE", "PUT", "TRACE", "PROPFIND"] {
        let answer = stack.ask_behind(method, "/mcp", &[BOTH], "").await;
        refused(&stack, answer, 405, Check::MethodServed, -32_600, "Method Not Allowed").await;
    }
    let head = stack.ask_behind("HEAD", "/mcp", &[], "").await;
    assert_eq!((head.status, head.body.as_str()), (405, ""));
    for target in ["/", "/mcp/", "//mcp", "/MCP", "/mcp/mcp", "/%6dcp", "/health"] {
        let answer = stack.ask_behind("POST", target, &[JSON, BOTH], list).await;
        refused(&stack, answer, 404, Check::PathServed, -32_600, "Not Found").await;
    }
    let version = [JSON, BOTH, ("MCP-Protocol-Version", "1999-01-01")];
    let answer = stack.ask_behind("POST", "/mcp", &version, list).await;
    refused(&stack, answer, 400, Check::ProtocolVersion, -32_600, "Bad Request: Unsupported MCP-Protocol-Version")
        .await;
}

#[tokio::test]
async fn atk_e10_accept_is_judged_before_the_body() {
    let stack = alone();
    let content_types: [&[(&str, &str)]; 3] = [&[JSON], &[("Content-Type", "text/plain")], &[]];
    for headers in content_types {
        for body in ["", "not json", "[]", r#"{"jsonrpc":"2.0","id":null,"method":"notifications/initialized"}"#] {
            let answer = stack.ask_behind("POST", "/mcp", headers, body).await;
            refused(&stack, answer, 406, Check::AcceptBoth, -32_600, "Not Acceptable").await;
        }
    }
    let answer = stack.ask_behind("POST", "/mcp", &[BOTH, ("Content-Type", "text/plain")], "not json").await;
    refused(&stack, answer, 415, Check::ContentTypeJson, -32_600, "Unsupported Media Type").await;
}

#[tokio::test]
async fn atk_e08_bodies_that_are_no_message() {
    let stack = alone();
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{}1{}}}"#,
        r#"{"a":"#.repeat(5000),
        "}".repeat(5000)
    );
    for (body, code) in [
        ("", -32_700),
        ("{", -32_700),
        ("not json", -32_700),
        ("{\"a\":\u{7}}", -32_700),
        (deep.as_str(), -32_600),
        ("[]", -32_600),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]"#, -32_600),
        ("{}", -32_600),
        ("null", -32_600),
        (r#"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#, -32_600),
        (r#"{"jsonrpc":"1.0","id":1,"method":"tools/list"}"#, -32_600),
        (r#"{"jsonrpc":"2.0","id":{},"method":"tools/list"}"#, -32_600),
    ] {
        let answer = post(&stack, body).await;
        refused(&stack, answer, 415, Check::BodyJsonRpc, code, "fail to deserialize request body").await;
    }
    let response = post(&stack, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#).await;
    refused(&stack, response, 400, Check::BodyJsonRpc, -32_600, "stateless server does not accept JSON-RPC responses")
        .await;
    let huge_id = "9".repeat(10_000);
    let answer = post(&stack, &format!(r#"{{"jsonrpc":"2.0","id":"{huge_id}","method":"ping"}}"#)).await;
    assert_eq!((answer.status, answer.json()["id"].as_str()), (200, Some(huge_id.as_str())));
    let answer = post(&stack, &" ".repeat(wire::record::REQUEST_LIMIT_BYTES + 1)).await;
    assert_eq!(answer.status, 413);
    assert_eq!(post(&stack, r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await.status, 200, "others are served");
}

#[tokio::test]
async fn atk_e09_a_simple_cross_site_request_is_refused_before_its_body_is_read() {
    let stack = alone();
    let call =
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_alerts","arguments":{"state":"CA"}}}"#;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let headers = [BOTH, ("Content-Type", content_type), ("Origin", "https://evil.test")];
        let answer = stack.ask_behind("POST", "/mcp", &headers, call).await;
        refused(&stack, answer, 415, Check::ContentTypeJson, -32_600, "Unsupported Media Type").await;
    }
}

#[tokio::test]
async fn atk_e01_foreign_hosts_are_refused() {
    let stack = alone();
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let ask = async |host: &str| send(stack.mcp_address, &message("POST", "/mcp", host, &[JSON, BOTH], ping)).await;
    for host in ["localhost", "localhost:9", "127.0.0.1:9", "[::1]", "[::1]:9", HOST] {
        assert_eq!(ask(host).await.status, 200, "{host}");
    }
    let forbidden = "Forbidden: Host header is not allowed";
    for host in ["evil.test", "localhost.evil.test", "0.0.0.0", "localhost.", &format!("{HOST}.")] {
        let answer = ask(host).await;
        refused(&stack, answer, 403, Check::HostAllowed, -32_600, forbidden).await;
    }
    let answer = ask("a b").await;
    refused(&stack, answer, 400, Check::HostAllowed, -32_600, "Bad Request: Invalid Host header").await;
    for hosts in ["", "Host: localhost\r\nHost: localhost\r\n", "Host: localhost\r\nHost: evil.test\r\n"] {
        let length = ping.len();
        let text = format!(
            "POST /mcp HTTP/1.1\r\n{hosts}Connection: close\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nContent-Length: {length}\r\n\r\n{ping}"
        );
        let answer = send(stack.mcp_address, text.as_bytes()).await;
        refused(&stack, answer, 400, Check::HostAllowed, -32_600, "Bad Request").await;
    }
}

#[tokio::test]
async fn another_configuration_is_in_force_at_once() {
    let stack = alone();
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let mcp = |allowed_hosts: Option<Vec<String>>| {
        Arc::new(world::Mcp { path: "/other".to_owned(), allowed_hosts, ..Default::default() })
    };
    let gate = || Some(Arc::new(world_gate(json!({"url": "https://new.example"}))));
    let ask = async |path: &str, host: &str| {
        send(stack.mcp_address, &message("POST", path, host, &[JSON, BOTH], ping)).await.status
    };
    stack.mcp.replace(mcp(None), gate());
    assert_eq!(ask("/mcp", "localhost").await, 404);
    assert_eq!(ask("/other", "new.example").await, 200);
    assert_eq!(ask("/other", HOST).await, 403);
    stack.mcp.replace(mcp(Some(vec![HOST.to_owned()])), gate());
    assert_eq!((ask("/other", HOST).await, ask("/other", "new.example").await), (200, 403));
    stack.mcp.replace(mcp(Some(Vec::new())), gate());
    assert_eq!((ask("/other", "localhost").await, ask("/other", "new.example").await), (200, 403));
}

#[tokio::test]
async fn atk_d04_headers_without_a_gate_make_nobody_somebody() {
    let stack = alone();
    let call =
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_alerts","arguments":{"state":"CA"}}}"#;
    let plain = post(&stack, call).await.body;
    let spoofed = [JSON, BOTH, ("X-MS-CLIENT-PRINCIPAL", "e30="), ("X-MS-CLIENT-PRINCIPAL-ID", "admin")];
    assert_eq!(stack.ask_behind("POST", "/mcp", &spoofed, call).await.body, plain);
}

#[tokio::test]
async fn sessions_and_known_versions_change_nothing() {
    let stack = alone();
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let headers = [JSON, BOTH, ("MCP-Protocol-Version", version), ("Mcp-Session-Id", "guessed")];
        assert_eq!(stack.ask_behind("POST", "/mcp", &headers, list).await.status, 200, "{version}");
        assert_eq!(stack.refusal(Party::Mcp), None);
    }
    let answer = post(&stack, r#"{"jsonrpc":"2.0","id":1,"method":"no/such"}"#).await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (200, &json!(-32_601)));
    let checks: Vec<_> = stack.last(Party::Mcp).checks.0.into_iter().map(|result| result.check).collect();
    let expected = [
        Check::PathServed,
        Check::HostAllowed,
        Check::OriginAllowed,
        Check::MethodServed,
        Check::AcceptBoth,
        Check::ContentTypeJson,
        Check::BodyJsonRpc,
        Check::ProtocolVersion,
    ];
    assert_eq!(checks, expected);
}
