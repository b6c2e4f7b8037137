//! What the gate answers before it asks who somebody is: hosts, framing, CORS.

use serde_json::{Value, json};
use wire::{Check, Party};

use crate::support::{Behind, HOST, Stack, bearer, behind_echo, claims, message, send, send_raw, with};

const ORIGIN: &str = "https://make.powerapps.com";

fn with_cors(cors: Value) -> Stack {
    Stack::start(Behind::Echo, json!({"cors": cors}))
}

#[tokio::test]
async fn atk_d03_a_request_of_two_readings_never_becomes_two_requests() {
    let stack = behind_echo();
    let token = bearer(&claims());
    let head = format!("POST /mcp HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: {token}\r\n");
    for (name, rest) in [
        ("obs-fold", "X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n"),
        ("bad chunk", "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"),
        ("chunk longer than said", "Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n"),
        ("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
        ("bad length", "Content-Length: +5\r\n\r\nhello"),
        ("chunked not last", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        ("space before the colon", "Content-Length : 5\r\n\r\nhello"),
    ] {
        let answer = send(stack.gate_address, format!("{head}{rest}").as_bytes()).await;
        assert_eq!(answer.status, 400, "{name}");
    }
    assert_eq!(stack.received(Party::Mcp), 0);

    // RFC 9112 §6.3: chunked overrides the length, and the connection is closed behind the answer.
    let smuggled = format!("GET /smuggled HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: {token}\r\n\r\n");
    let rest = format!("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}");
    let answers = send_raw(stack.gate_address, format!("{head}{rest}").as_bytes()).await;
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
    assert_eq!(stack.received(Party::Mcp), 1);
    assert_eq!(stack.last(Party::Mcp).path(), "/mcp");
}

#[tokio::test]
async fn atk_d13_a_preflight_is_answered_before_any_sign_in_and_only_for_its_origins() {
    let stack = with_cors(json!({
        "allowed_origins": [ORIGIN, "http://localhost:6274"], "allowed_methods": ["GET", "POST", "OPTIONS"],
        "allowed_headers": ["Content-Type", "Authorization"], "max_age_seconds": 3600,
    }));
    let ask = async |origin| {
        let asked = [
            ("Origin", origin),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "x-other"),
        ];
        stack.ask("OPTIONS", "/mcp", &asked, "").await
    };
    let answer = ask(ORIGIN).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(answer.all("access-control-allow-origin"), [ORIGIN]);
    assert_eq!(answer.all("access-control-allow-methods"), ["GET,POST,OPTIONS"]);
    assert_eq!(answer.all("access-control-allow-headers"), ["Content-Type,Authorization"]);
    assert_eq!(answer.all("access-control-max-age"), ["3600"]);
    assert_eq!(answer.all("vary"), ["Origin"]);
    assert_eq!(answer.all("access-control-allow-credentials"), Vec::<&str>::new());
    for origin in
        ["null", "https://make.powerapps.com.evil.test", "http://make.powerapps.com", "https://make.powerapps.com:443"]
    {
        let answer = ask(origin).await;
        assert_eq!(answer.status, 401, "{origin}");
        assert!(!answer.headers.iter().any(|(name, _)| name.starts_with("access-control")), "{origin}");
    }
    let no_method = stack.ask("OPTIONS", "/mcp", &[("Origin", ORIGIN)], "").await;
    assert_eq!(no_method.status, 401, "OPTIONS without Access-Control-Request-Method is no preflight");
    assert_eq!(no_method.all("access-control-allow-origin"), [ORIGIN]);
    assert_eq!(stack.received(Party::Mcp), 0);
}

#[tokio::test]
async fn answers_to_allowed_origins_can_be_read_whatever_they_are() {
    let mut stack = with_cors(json!({"allowed_origins": ["*"], "expose_headers": ["WWW-Authenticate"]}));
    let (token, foreign) = (bearer(&claims()), bearer(&with(claims(), "appid", json!("other"))));
    for (headers, status) in [
        (vec![("Origin", ORIGIN)], 401),
        (vec![("Origin", ORIGIN), ("Authorization", foreign.as_str())], 403),
        (vec![("Origin", ORIGIN), ("Authorization", token.as_str())], 203),
    ] {
        let answer = stack.ask("POST", "/mcp", &headers, "").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.all("access-control-allow-origin"), ["*"]);
        assert_eq!(answer.all("access-control-expose-headers"), ["WWW-Authenticate"]);
        assert_eq!(answer.header("vary"), None);
    }
    let answer = stack.ask("POST", "/mcp", &[], "").await;
    assert_eq!(answer.header("access-control-allow-origin"), None, "no Origin, no CORS");
    stack.change_gate(json!({"cors": {"allowed_origins": ["*"], "allow_credentials": true}}));
    let answer = stack.ask("POST", "/mcp", &[("Origin", ORIGIN)], "").await;
    assert_eq!(answer.all("access-control-allow-origin"), [ORIGIN]);
    assert_eq!((answer.all("access-control-allow-credentials"), answer.all("vary")), (vec!["true"], vec!["Origin"]));
    stack.change_gate(json!({"cors": null}));
    let preflight = [("Origin", ORIGIN), ("Access-Control-Request-Method", "POST")];
    let answer = stack.ask("OPTIONS", "/mcp", &preflight, "").await;
    assert_eq!(answer.status, 401, "without a policy the gate answers OPTIONS");
    assert!(!answer.headers.iter().any(|(name, _)| name.starts_with("access-control")));
}

#[tokio::test]
async fn only_the_configured_host_is_served() {
    let stack = behind_echo();
    let token = bearer(&claims());
    let headers = [("Authorization", token.as_str())];
    let ask = async |host: &str| {
        let answer = send(stack.gate_address, &message("GET", "/", host, &headers, "")).await;
        (answer.status, answer)
    };
    for host in [HOST, "localhost:8444", "127.0.0.1", "[::1]:8444"] {
        let (status, answer) = ask(host).await;
        assert_eq!((status, answer.echoed("host")), (203, vec![host.to_owned()]));
    }
    for host in ["evil.test", "localhost.evil.test", "app.region.azurecontainerapps.io.", "0.0.0.0"] {
        assert_eq!(ask(host).await.0, 404, "{host}");
        assert_eq!(stack.refusal(Party::Gate), Some(Check::HostServed));
    }
    for host in ["", "a b", "user@localhost", "http://localhost/"] {
        assert_eq!(ask(host).await.0, 400, "{host:?}");
    }
    let preflight = [("Origin", ORIGIN), ("Access-Control-Request-Method", "POST")];
    assert_eq!(send(stack.gate_address, &message("OPTIONS", "/", "evil.test", &preflight, "")).await.status, 404);
    let none = send(stack.gate_address, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    assert_eq!(none.status, 400);
    let two = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    assert_eq!(send(stack.gate_address, two.as_bytes()).await.status, 400);
    let absolute = message("GET", "http://evil.test/", HOST, &headers, "");
    assert_eq!(send(stack.gate_address, &absolute).await.status, 404, "the target's own host comes first");
}

#[tokio::test]
async fn odd_targets_get_a_client_error() {
    let stack = behind_echo();
    let token = bearer(&claims());
    for line in
        ["OPTIONS * HTTP/1.1", "CONNECT app:443 HTTP/1.1", "GET HTTP/1.1", "GET / HTTP/9.9", "G\u{0}T / HTTP/1.1"]
    {
        let text = format!("{line}\r\nHost: {HOST}\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n");
        let answer = send(stack.gate_address, text.as_bytes()).await;
        assert!((400..500).contains(&answer.status), "{line}: {answer:?}");
    }
}
