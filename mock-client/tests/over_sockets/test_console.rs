//! "Test operation": who sends what, and what the page may see.

use serde_json::json;
use wire::exchange::header;
use wire::{Check, Outcome, Party};

use crate::support::{Lab, REDIRECT, settings, shape};

const PAGE: &str = "https://make.powerapps.com";

#[tokio::test]
async fn the_browser_asks_and_the_gateway_sends() {
    let lab = Lab::connected(json!({})).await;
    let outcome = shape(&lab.connector.test_operation(&mut lab.browser(), "megan").await);
    assert_eq!((&outcome["status"], &outcome["verdict"]), (&json!(406), &json!("reachable_and_authorized")));
    assert_eq!(outcome["message"], "Not Acceptable");
    assert_eq!(outcome["body"]["error"]["code"], -32600);

    let exchanges = lab.to(Party::Gate);
    let [preflight, test] = exchanges.as_slice() else { panic!("{} exchanges", exchanges.len()) };
    assert_eq!((preflight.from, preflight.method.as_str()), (Party::Browser, "OPTIONS"));
    assert_eq!(header(&preflight.request_headers, "origin"), Some(PAGE));
    assert_eq!(header(&preflight.request_headers, "access-control-request-method"), Some("POST"));
    assert_eq!(
        header(&preflight.request_headers, "access-control-request-headers"),
        Some("authorization,content-type")
    );
    assert_eq!(header(&preflight.request_headers, "authorization"), None);
    assert_eq!((test.from, test.method.as_str()), (Party::Connector, "POST"));
    assert_eq!(header(&test.request_headers, "origin"), Some(PAGE));
    assert_eq!(header(&test.request_headers, "content-type"), Some("application/json"));
    assert_eq!(header(&test.request_headers, "accept"), None);
    assert!(header(&test.request_headers, "authorization").unwrap().starts_with("Bearer eyJ"));
    assert_eq!(test.request_body.size_bytes, 0);
    for check in [Check::CorsPreflight, Check::CorsResponse, Check::ConnectionPresent, Check::ConnectionFresh] {
        assert_eq!(lab.outcome_of(check), Some(Outcome::Passed), "{check}");
    }
}

#[tokio::test]
async fn what_the_browser_forbids_is_not_sent_and_printed_as_chromium_prints_it() {
    let lab = Lab::connected(json!({})).await;
    let prefix =
        format!("Access to fetch at 'http://server.test/mcp' from origin '{PAGE}' has been blocked by CORS policy: ");
    let origin = ("access-control-allow-origin", "*");
    for (status, headers, told, setting) in [
        (
            401,
            vec![],
            "Response to preflight request doesn't pass access control check: No 'Access-Control-Allow-Origin' header is present on the requested resource.",
            "allowed_origins",
        ),
        (
            401,
            vec![origin],
            "Response to preflight request doesn't pass access control check: It does not have HTTP ok status.",
            "allowed_origins",
        ),
        (
            200,
            vec![origin, ("access-control-allow-headers", "*")],
            "Request header field authorization is not allowed by Access-Control-Allow-Headers in preflight response.",
            "allowed_headers",
        ),
    ] {
        lab.change(|script| script.preflight = (status, headers));
        let outcome = shape(&lab.connector.test_operation(&mut lab.browser(), "megan").await);
        assert_eq!(outcome, json!({"verdict": "blocked_by_cors", "message": format!("{prefix}{told}")}));
        let last = lab.to(Party::Gate).pop().unwrap();
        assert_eq!(last.method, "OPTIONS", "the gateway sent although the browser forbade it");
        let refusal = last.checks.refusal().unwrap().clone();
        assert_eq!(refusal.check, Check::CorsPreflight);
        assert!(refusal.fix.unwrap().starts_with(&format!("gate.cors.{setting}: ")));
    }
}

#[tokio::test]
async fn an_answer_without_cors_headers_is_kept_from_the_page() {
    let lab = Lab::connected(json!({})).await;
    lab.change(|script| script.server_headers.clear());
    let outcome = shape(&lab.connector.test_operation(&mut lab.browser(), "megan").await);
    assert_eq!(outcome["verdict"], "blocked_by_cors");
    assert_eq!(outcome.get("status"), None);
    assert!(
        outcome["message"]
            .as_str()
            .unwrap()
            .ends_with("policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.")
    );
    assert_eq!(lab.outcome_of(Check::CorsResponse), Some(Outcome::Refused));
}

#[tokio::test]
async fn every_answer_has_its_verdict() {
    let lab = Lab::connected(json!({})).await;
    for (status, body, verdict, message) in [
        (401, "", "unauthorized", "401 Unauthorized"),
        (403, "", "forbidden", "403 Forbidden"),
        (404, r#"{"error":"no such path"}"#, "not_found", "404 Not Found"),
        (406, "Not Acceptable", "reachable_and_authorized", "The response is not in a JSON format."),
        (200, "event: message", "reachable_and_authorized", "The response is not in a JSON format."),
        (502, "<html>", "gateway_error", "The response is not in a JSON format."),
    ] {
        lab.change(|script| script.answers("", status, "", body));
        let outcome = shape(&lab.connector.test_operation(&mut lab.browser(), "megan").await);
        assert_eq!((&outcome["status"], &outcome["verdict"]), (&json!(status), &json!(verdict)));
        assert_eq!(outcome["message"], message, "{status}");
    }
    lab.change(|script| script.server_headers.push(("www-authenticate", r#"Bearer realm="server""#)));
    for (status, told) in
        [(401, r#"401 Unauthorized; WWW-Authenticate: Bearer realm="server""#), (403, "403 Forbidden")]
    {
        lab.change(|script| script.answers("", status, "", ""));
        let outcome = shape(&lab.connector.test_operation(&mut lab.browser(), "megan").await);
        assert_eq!(outcome["message"], told);
    }
    lab.change(|script| script.answers("", 406, "text/plain", "Not \u{1b}[1mAcceptable"));
    let body = shape(&lab.connector.test_operation(&mut lab.browser(), "megan").await)["body"]["error"].clone();
    assert_eq!((&body["code"], &body["innerError"]), (&json!(406), &json!("Not [1mAcceptable")));
}

#[tokio::test]
async fn the_consoles_other_forms_are_settings() {
    let lab = Lab::connected(json!({})).await;
    let console = json!({"method": "GET", "accept": "application/json", "body": "ignored", "page_origin": "https://make.powerautomate.com"});
    lab.connector.replace(settings(json!({"test_console": console})), REDIRECT.to_owned());
    lab.connector.test_operation(&mut lab.browser(), "megan").await;
    let last = lab.to(Party::Gate).pop().unwrap();
    assert_eq!((last.method.as_str(), last.request_body.size_bytes), ("GET", 0));
    assert_eq!(header(&last.request_headers, "accept"), Some("application/json"));
    assert_eq!(header(&last.request_headers, "content-type"), None);
    assert_eq!(header(&last.request_headers, "origin"), Some("https://make.powerautomate.com"));
    lab.connector.replace(settings(json!({"test_console": {"body": "{}"}})), REDIRECT.to_owned());
    lab.connector.test_operation(&mut lab.browser(), "megan").await;
    assert_eq!(lab.to(Party::Gate).pop().unwrap().request_body.as_str(), "{}");
}

#[tokio::test]
async fn without_a_connection_or_a_server_nothing_is_tested() {
    let lab = Lab::start().await;
    let outcome = lab.connector.test_operation(&mut lab.browser(), "megan").await;
    assert_eq!(shape(&outcome)["verdict"], "no_connection");
    let kept_back = outcome.kept_back.unwrap();
    assert_eq!(kept_back.check, Check::ConnectionPresent);
    assert_eq!(kept_back.received, "nobody is connected");
    assert_eq!(
        kept_back.fix.as_deref(),
        Some(
            "connect first: press Connect on the lab's page, write a `connect` step before this one, or in Power Apps: \
             Custom connectors > Test > New connection"
        )
    );
    lab.connect("megan").await;
    lab.connector.replace(settings(json!({"server_url": "http://nowhere.test/mcp"})), REDIRECT.to_owned());
    let outcome = shape(&lab.connector.test_operation(&mut lab.browser(), "megan").await);
    assert_eq!(outcome["verdict"], "unreachable");
    assert!(outcome["message"].as_str().unwrap().contains("not in the name map"));
}
