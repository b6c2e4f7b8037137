//! The control API: whom it answers (atk-H06, atk-H07, atk-H08), and what it takes into the trace.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::lab_process::LabProcess;
use crate::up::{outside_client, ready};

pub(crate) struct Api {
    pub http: reqwest::Client,
    lab: String,
    token: String,
    _process: LabProcess,
}

impl Api {
    pub fn start() -> Self {
        let process = LabProcess::start(&["up", "--port-base", "0"]);
        let ready = ready(&process);
        let text = |member: &str| ready[member].as_str().unwrap().to_owned();
        Self { http: outside_client(&ready), lab: text("lab"), token: text("control_token"), _process: process }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.lab))
    }

    pub fn with_token(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(&self.token)
    }
}

pub(crate) async fn answer(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

#[tokio::test]
async fn atk_h07_whoever_has_no_token_is_refused() {
    let api = Api::start();
    for (method, path) in [
        (Method::GET, "/_lab/trace"),
        (Method::GET, "/_lab/state"),
        (Method::POST, "/_lab/trace"),
        (Method::POST, "/_lab/trace/numbers"),
        (Method::POST, "/_lab/trace/1/checks"),
    ] {
        let tokens = [None, Some(String::new()), Some("0".repeat(64)), Some(format!("{}0", api.token))];
        for token in tokens {
            let mut request = api.request(method.clone(), path).json(&json!({}));
            if let Some(token) = &token {
                request = request.bearer_auth(token);
            }
            let (status, body) = answer(request).await;
            assert_eq!((status, &body["error"]["code"]), (401, &json!("control.token")), "{method} {path} {token:?}");
        }
        let in_query = format!("{path}?control_token={0}&access_token={0}", api.token);
        assert_eq!(answer(api.request(method.clone(), &in_query).json(&json!({}))).await.0, 401, "{in_query}");
        let twice = api.with_token(method.clone(), path).header("Authorization", "Bearer x");
        assert_eq!(answer(twice).await.0, 401, "two headers");
    }
    let challenge = api.request(Method::GET, "/_lab/trace").send().await.unwrap();
    assert_eq!(challenge.headers()["www-authenticate"], "Bearer");
    assert_eq!(answer(api.with_token(Method::GET, "/_lab/trace")).await.0, 200);
}

#[tokio::test]
async fn atk_h06_h07_h08_other_sites_are_refused_even_with_the_token() {
    let api = Api::start();
    let own = api.lab.clone();
    for (name, value, expected) in [
        ("Origin", "https://evil.test", 403),
        ("Origin", "null", 403),
        ("Origin", own.as_str(), 200),
        ("Sec-Fetch-Site", "cross-site", 403),
        ("Sec-Fetch-Site", "same-site", 403),
        ("Sec-Fetch-Site", "same-origin", 200),
        ("Host", "evil.test", 403),
        ("Host", "0.0.0.0:8080", 403),
    ] {
        for (method, path) in [(Method::GET, "/_lab/trace"), (Method::POST, "/_lab/trace/numbers")] {
            let request = api.with_token(method.clone(), path).json(&json!({})).header(name, value);
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status().as_u16(), expected, "{method} {name}: {value}");
            assert!(!answer.headers().contains_key("access-control-allow-origin"));
        }
    }
    let simple = api.with_token(Method::POST, "/_lab/trace/numbers").header("Content-Type", "text/plain").body("{}");
    assert_eq!(answer(simple).await.0, 415, "a body that a form could send");
}

#[tokio::test]
async fn an_exchange_takes_its_place_once_and_shows_without_its_secrets() {
    let api = Api::start();
    let (_, taken) = answer(api.with_token(Method::POST, "/_lab/trace/numbers").json(&json!({}))).await;
    assert_eq!(taken, json!({ "number": 1 }));
    let exchange = |number: u64| {
        json!({
            "number": number, "at": "2026-01-15T09:00:00Z", "duration_us": 1, "from": "client", "to": "gate",
            "channel": "back", "method": "GET", "url": "https://localhost:1/mcp",
            "request_headers": [["authorization", "Bearer secret-of-the-canary"]],
            "request_body": { "text": null, "size_bytes": 0 }, "status": 401, "response_headers": [],
            "response_body": { "text": null, "size_bytes": 0 }, "checks": [],
        })
    };
    let post = |path: &str, body: Value| answer(api.with_token(Method::POST, path).json(&body));
    assert_eq!(post("/_lab/trace", exchange(0)).await, (200, json!({ "number": 2 })), "0 takes the next place");
    assert_eq!(post("/_lab/trace", exchange(1)).await.0, 200);
    for number in [1, 2, 3] {
        let (status, body) = post("/_lab/trace", exchange(number)).await;
        assert_eq!((status, &body["error"]["code"]), (409, &json!("control.number")), "{number}: {body}");
    }
    let check = json!({
        "check": "audience.allowed", "outcome": "refused", "expected": "this", "received": "that", "fix": null
    });
    assert_eq!(post("/_lab/trace/1/checks", json!([check])).await.0, 200);
    for wrong in [json!({}), json!({ "number": 1 }), json!([1])] {
        let (status, body) = post("/_lab/trace", wrong).await;
        assert!(status == 422 && body["error"]["message"].is_string(), "{status} {body}");
    }

    let (_, shown) = answer(api.with_token(Method::GET, "/_lab/trace")).await;
    assert!(!shown.to_string().contains("secret-of-the-canary"), "{shown}");
    let numbers: Vec<_> = shown["exchanges"].as_array().unwrap().iter().map(|e| e["number"].as_u64()).collect();
    assert_eq!((numbers, &shown["last_number"]), (vec![Some(1), Some(2)], &json!(2)));
    assert_eq!(shown["exchanges"][0]["checks"][0]["check"], "audience.allowed");
    let (_, asked) = answer(api.with_token(Method::GET, "/_lab/trace?after=1&secrets=included")).await;
    assert!(asked.to_string().contains("secret-of-the-canary"), "{asked}");
    assert_eq!(asked["exchanges"].as_array().unwrap().len(), 1);
    assert_eq!(answer(api.with_token(Method::GET, "/_lab/trace?after=x")).await.0, 400);
}
