//! The agent's runtime: the recorded turn, and questions.

use serde_json::{Value, json};
use wire::exchange::header;
use wire::{Check, Exchange, Outcome, Party};

use crate::support::{Lab, shape};

fn bodies(exchanges: &[Exchange]) -> Vec<Value> {
    exchanges.iter().map(|exchange| serde_json::from_str(exchange.request_body.as_str()).unwrap()).collect()
}

#[tokio::test]
async fn a_turn_goes_over_the_wire_as_it_was_captured() {
    let lab = Lab::connected(json!({})).await;
    let outcome = shape(&lab.connector.ask("megan", "Give me the stock price of tesla").await);
    assert_eq!(outcome["tool"], "get_stockprice");
    assert_eq!(outcome["arguments"], json!({"ticker_symbol": "TSLA"}));
    assert_eq!(outcome["answer"], "TSLA 1");
    assert!(outcome["why"].as_str().unwrap().contains("from 'tesla'"), "{outcome}");
    for absent in ["refused", "status", "message", "refreshed", "is_error"] {
        assert_eq!(outcome.get(absent), None, "{absent}");
    }

    let exchanges = lab.to(Party::Gate);
    let bodies = bodies(&exchanges);
    assert_eq!(bodies.len(), 4);
    let client = &bodies[0]["params"]["clientInfo"];
    assert_eq!((&bodies[0]["id"], &bodies[0]["method"]), (&json!("1"), &json!("initialize")));
    assert_eq!(bodies[0]["params"]["protocolVersion"], "2024-11-05");
    assert_eq!(bodies[0]["params"]["sessionContext"], json!({}));
    assert_eq!(
        (&client["name"], &client["agentName"], &client["lcat"]),
        (&json!("mcs"), &json!("Copilot"), &json!("M365_COPILOT_USER"))
    );
    assert_eq!(bodies[1], json!({"jsonrpc": "2.0", "id": null, "method": "notifications/initialized"}));
    assert_eq!(bodies[2], json!({"jsonrpc": "2.0", "id": "2", "method": "tools/list", "params": {}}));
    let call = json!({"name": "get_stockprice", "arguments": {"ticker_symbol": "TSLA"}});
    assert_eq!(bodies[3], json!({"jsonrpc": "2.0", "id": "3", "method": "tools/call", "params": call}));

    for (place, exchange) in exchanges.iter().enumerate() {
        let sent = |name: &str| header(&exchange.request_headers, name);
        assert_eq!(sent("accept"), Some("application/json,text/event-stream"));
        assert_eq!(sent("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(sent("user-agent"), Some("CopilotStudio PowerFx/1.99.0-local"));
        assert_eq!(sent("x-ms-client-app-id"), Some("96ff4394-9197-43aa-b393-6a41652e21f8"));
        assert_eq!(sent("x-ms-client-principal-name"), Some("megan@contoso.com"));
        assert_eq!(sent("max-forwards"), Some("10"));
        assert_eq!((sent("origin"), sent("mcp-protocol-version"), sent("mcp-session-id")), (None, None, None));
        assert_eq!(sent("x-ms-client-session-id").is_some(), place == 0);
        for name in [
            "x-ms-client-object-id",
            "x-ms-client-tenant-id",
            "x-ms-correlation-id",
            "traceparent",
            "request-id",
            "x-ms-apim-referrer",
        ] {
            let value = sent(name).unwrap_or_else(|| panic!("no {name}"));
            assert!(!value.contains(['{', '}']), "{name}: {value}");
        }
        assert!(sent("authorization").unwrap().starts_with("Bearer eyJ"));
    }
    let all = |name: &str| {
        exchanges
            .iter()
            .map(|e| header(&e.request_headers, name).unwrap().to_owned())
            .collect::<std::collections::BTreeSet<_>>()
            .len()
    };
    assert_eq!((all("x-ms-correlation-id"), all("x-ms-client-request-id"), all("x-ms-client-object-id")), (1, 4, 1));
    assert_eq!(lab.outcome_of(Check::HandshakeAnswer), Some(Outcome::Passed));
    assert_eq!(lab.outcome_of(Check::ToolChosen), Some(Outcome::Passed));
    let first_checks: Vec<Check> = exchanges[0].checks.0.iter().map(|result| result.check).collect();
    assert_eq!(first_checks, [Check::ConnectionPresent, Check::ConnectionFresh, Check::HandshakeAnswer]);
}

#[tokio::test]
async fn the_switches_of_the_handshake_work() {
    let lab = Lab::connected(json!({"handshake": {
        "agent_name": "Ada", "null_notification_id": false, "session_and_version_headers": true
    }}))
    .await;
    lab.change(|script| script.server_headers.push(("mcp-session-id", "session-1")));
    assert!(lab.connector.list_tools("megan").await.tools.is_some());
    let exchanges = lab.to(Party::Gate);
    assert_eq!(bodies(&exchanges)[1], json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    assert_eq!(bodies(&exchanges)[0]["params"]["clientInfo"]["agentName"], "Ada");
    assert_eq!(header(&exchanges[0].request_headers, "mcp-session-id"), None);
    for exchange in &exchanges[1..] {
        assert_eq!(header(&exchange.request_headers, "mcp-session-id"), Some("session-1"));
        assert_eq!(header(&exchange.request_headers, "mcp-protocol-version"), Some("2024-11-05"));
    }
}

#[tokio::test]
async fn the_tools_are_listed_in_the_servers_order() {
    let lab = Lab::connected(json!({})).await;
    assert_eq!(shape(&lab.connector.list_tools("megan").await), json!({"tools": ["get_stockprice", "feed_cat"]}));
    assert_eq!(lab.to(Party::Gate).len(), 3);
}

#[tokio::test]
async fn an_answer_that_breaks_the_protocol_ends_the_turn() {
    let good = json!({"jsonrpc": "2.0", "id": "1", "result": {"protocolVersion": "2024-11-05", "capabilities": {}, "serverInfo": {}}});
    for (method, status, content_type, body, told) in [
        ("initialize", 200, "application/json", String::new(), "Empty response from connector"),
        ("initialize", 200, "text/plain", good.to_string(), "content type 'text/plain'"),
        ("initialize", 200, "application/json", good.to_string().replace("\"1\"", "1"), "id 1 instead of \"1\""),
        ("initialize", 200, "application/json", good.to_string().replace("serverInfo", "x"), "no serverInfo"),
        ("notifications/initialized", 200, "", String::new(), "200 for a notification"),
        ("notifications/initialized", 202, "", "{}".to_owned(), "a body of 2 bytes"),
        (
            "tools/list",
            200,
            "application/json",
            json!({"jsonrpc": "2.0", "id": "2", "result": {}}).to_string(),
            "no list of tools",
        ),
        (
            "tools/list",
            200,
            "application/json",
            json!({"jsonrpc": "2.0", "id": "2", "error": {"code": -32601, "message": "nope"}}).to_string(),
            "error -32601: nope",
        ),
    ] {
        let lab = Lab::connected(json!({})).await;
        lab.change(|script| script.answers(method, status, content_type, body));
        let outcome = shape(&lab.connector.ask("megan", "stock price of tesla").await);
        assert!(outcome["message"].as_str().unwrap().contains(told), "{method}: {outcome}");
        assert_eq!(lab.outcome_of(Check::HandshakeAnswer), Some(Outcome::Refused), "{method}");
        let last = lab.to(Party::Gate).pop().unwrap();
        assert!(last.request_body.as_str().contains(method), "the turn went on after {method}");
    }
}

#[tokio::test]
async fn a_refusing_status_is_the_servers_decision() {
    for (method, status, body) in [
        ("initialize", 401, ""),
        ("initialize", 403, "no"),
        ("notifications/initialized", 415, "id"),
        ("tools/call", 500, "oops"),
    ] {
        let lab = Lab::connected(json!({})).await;
        lab.change(|script| script.answers(method, status, "", body));
        let outcome = shape(&lab.connector.ask("megan", "stock price of tesla").await);
        assert_eq!(outcome["status"], status);
        let message = outcome["message"].as_str().unwrap();
        assert!(message.starts_with(&format!(
            "ConnectorRequestFailure: The connector 'mcpserver' returned an HTTP error with code {status}."
        )));
        assert_eq!(message.contains("Inner Error"), !body.is_empty());
        assert_ne!(lab.outcome_of(Check::HandshakeAnswer), Some(Outcome::Refused));
        assert_eq!(outcome.get("tool").is_some(), method == "tools/call");
    }
}

#[tokio::test]
async fn event_streams_are_read_too() {
    let lab = Lab::connected(json!({})).await;
    let answer = json!({"jsonrpc": "2.0", "id": "3", "result": {"content": [{"type": "text", "text": "streamed"}], "isError": true}});
    lab.change(|script| {
        script.answers(
            "tools/call",
            200,
            "text/event-stream",
            format!("id: 0\ndata:\n\nevent: message\ndata: {answer}\n\n"),
        )
    });
    let outcome = shape(&lab.connector.ask("megan", "stock price of tesla").await);
    assert_eq!((&outcome["answer"], &outcome["is_error"]), (&json!("streamed"), &json!(true)));
}

#[tokio::test]
async fn a_question_that_no_tool_is_for_calls_none() {
    let lab = Lab::connected(json!({})).await;
    let outcome = shape(&lab.connector.ask("megan", "Write me a poem about Tesla").await);
    assert!(outcome["refused"].as_str().unwrap().contains("no tool fits"), "{outcome}");
    assert_eq!(outcome.get("tool"), None);
    assert_eq!(lab.to(Party::Gate).len(), 3, "a tool was called");
    let refusal = lab.to(Party::Gate)[2].checks.refusal().unwrap().clone();
    assert_eq!(refusal.check, Check::ToolChosen);
    assert!(refusal.fix.is_some());
}

#[tokio::test]
async fn tools_that_nobody_knew_before_are_called() {
    let lab = Lab::connected(json!({})).await;
    let schema =
        json!({"type": "object", "properties": {"invoice_number": {"type": "string"}}, "required": ["invoice_number"]});
    let tools =
        json!({"tools": [{"name": "q7", "description": "Says whether an invoice was paid", "inputSchema": schema}]});
    let listed = json!({"jsonrpc": "2.0", "id": "2", "result": tools});
    lab.change(|script| script.answers("tools/list", 200, "application/json", listed.to_string()));
    let outcome = shape(&lab.connector.ask("megan", "Has invoice R-2026/7 been paid?").await);
    assert_eq!((&outcome["tool"], &outcome["arguments"]), (&json!("q7"), &json!({"invoice_number": "R-2026/7"})));
}
