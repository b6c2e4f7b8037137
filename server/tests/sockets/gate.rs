//! The gate by itself, in front of a program that answers with what it received.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};
use wire::{Check, Outcome, Party};

use crate::support::{API, Behind, HOST, NOW_S, Stack, TENANT, bearer, claims, message, send, send_raw, sign, with};

fn behind_echo() -> Stack {
    Stack::start(Behind::Echo, json!({}))
}

#[tokio::test]
async fn a_good_token_reaches_the_upstream_and_nothing_is_added_but_who_it_is() {
    let stack = behind_echo();
    let token = bearer(&claims());
    let headers =
        [("Authorization", token.as_str()), ("X-Forwarded-Host", "evil.test"), ("X-Thing", "a"), ("X-Thing", "b")];
    let answer = stack.ask("PATCH", "/a%2Fb/./c?x=%20&x=y", &headers, "body").await;
    assert_eq!(answer.status, 203, "{answer:?}");
    assert_eq!(answer.header("x-from-upstream"), Some("1"));
    assert_eq!(answer.header("x-hop"), None, "a header that the upstream's Connection lists stays on its connection");
    assert_eq!(answer.header("x-entralab-exchange"), None);
    let seen: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(
        (&seen["method"], &seen["target"], &seen["body"]),
        (&json!("PATCH"), &json!("/a%2Fb/./c?x=%20&x=y"), &json!("body"))
    );
    let mut names: Vec<_> =
        seen["headers"].as_array().unwrap().iter().map(|header| header[0].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "authorization",
            "content-length",
            "host",
            "x-forwarded-host",
            "x-ms-client-principal",
            "x-ms-client-principal-id",
            "x-ms-client-principal-idp",
            "x-ms-client-principal-name",
            "x-thing",
            "x-thing",
        ]
    );
    assert_eq!(answer.echoed("host"), [HOST]);
    assert_eq!(answer.echoed("authorization"), [token]);
    let upstream = stack.last(Party::Mcp);
    assert_eq!((upstream.from, upstream.to), (Party::Gate, Party::Mcp));
    let made: Vec<_> =
        stack.last(Party::Gate).checks.0.into_iter().map(|result| (result.check, result.outcome)).collect();
    let expected = [
        Check::HostServed,
        Check::AuthorizationPresent,
        Check::TokenReadable,
        Check::KeysReachable,
        Check::TokenSignature,
        Check::IssuerAllowed,
        Check::AudienceAllowed,
        Check::TokenLifetime,
        Check::ClientAllowed,
        Check::UpstreamReachable,
    ];
    assert_eq!(made, expected.map(|check| (check, Outcome::Passed)));
}

#[tokio::test]
async fn the_app_learns_the_principal_with_long_claim_types() {
    let stack = behind_echo();
    let answer = stack.ask("GET", "/", &[("Authorization", &bearer(&claims()))], "").await;
    assert_eq!(answer.echoed("x-ms-client-principal-id"), ["51c0a7de-8f0e-4d53-9d1b-6c2f0b7a9e41"]);
    assert_eq!(answer.echoed("x-ms-client-principal-name"), ["megan@contoso.com"]);
    assert_eq!(answer.echoed("x-ms-client-principal-idp"), ["aad"]);
    let principal: Value =
        serde_json::from_slice(&STANDARD.decode(&answer.echoed("x-ms-client-principal")[0]).unwrap()).unwrap();
    assert_eq!(principal["auth_typ"], "aad");
    let values = |typ: &str| -> Vec<&str> {
        let claims = principal["claims"].as_array().unwrap().iter().filter(|claim| claim["typ"] == typ);
        claims.map(|claim| claim["val"].as_str().unwrap()).collect()
    };
    assert_eq!(values("http://schemas.microsoft.com/identity/claims/tenantid"), [TENANT]);
    assert_eq!(values("http://schemas.microsoft.com/claims/authnmethodsreferences"), ["pwd", "mfa"]);
    assert_eq!(values("name"), ["Megan Bowen"]);
    assert_eq!(values("exp"), [(NOW_S + 3600).to_string()]);
    assert!(values("tid").is_empty() && values("oid").is_empty());
}

#[tokio::test]
async fn a_name_that_no_header_can_hold_is_left_out() {
    let stack = behind_echo();
    let token = bearer(&with(claims(), "upn", json!("a\r\nX-MS-CLIENT-PRINCIPAL-ID: admin")));
    let answer = stack.ask("GET", "/", &[("Authorization", &token)], "").await;
    assert_eq!(answer.status, 203);
    assert_eq!(answer.echoed("x-ms-client-principal-name"), Vec::<String>::new());
    assert_eq!(answer.echoed("x-ms-client-principal-id").len(), 1);
}

#[tokio::test]
async fn the_401_is_that_of_container_apps() {
    let mut stack = behind_echo();
    let answer = stack.ask("GET", "/mcp", &[("X-Forwarded-Host", "evil.test")], "").await;
    assert_eq!((answer.status, answer.body.as_str()), (401, ""));
    assert_eq!(answer.all("www-authenticate"), [format!("Bearer realm=\"{HOST}\"")]);
    let id = answer.header("x-ms-middleware-request-id").unwrap().to_owned();
    assert!(uuid::Uuid::try_parse(&id).is_ok(), "{id}");
    assert_eq!(answer.header("server"), None);
    let second = stack.ask("GET", "/mcp", &[], "").await;
    assert_ne!(second.header("x-ms-middleware-request-id"), Some(id.as_str()));

    stack.change_gate(json!({"unauthenticated_client_action": "Return403"}));
    for headers in [vec![], vec![("Authorization", "Bearer nonsense")]] {
        let answer = stack.ask("GET", "/mcp", &headers, "").await;
        assert_eq!((answer.status, answer.body.as_str(), answer.header("www-authenticate")), (403, "", None));
    }
    assert_eq!(stack.received(Party::Mcp), 0, "nothing was passed on");
}

#[tokio::test]
async fn each_fault_of_a_token_is_refused_by_its_own_check() {
    let stack = behind_echo();
    let other_tenant = "0e8f6a1b-1d2e-4a5b-9c3d-7c0b3f521d2e";
    for (token, check) in [
        ("nonsense".to_owned(), Check::TokenReadable),
        (sign("one", 0, &with(claims(), "appid", json!(null))), Check::TokenReadable),
        (sign("one", 1, &claims()), Check::TokenSignature),
        (sign("two", 0, &claims()), Check::TokenSignature),
        (sign("one", 0, &with(claims(), "iss", json!(format!("http://idp.test/{TENANT}/v2.0")))), Check::IssuerAllowed),
        (sign("one", 0, &with(claims(), "tid", json!(other_tenant))), Check::IssuerAllowed),
        (sign("one", 0, &with(claims(), "aud", json!("api://other"))), Check::AudienceAllowed),
        (sign("one", 0, &with(claims(), "exp", json!(NOW_S - 301))), Check::TokenLifetime),
    ] {
        let answer = stack.ask("GET", "/mcp", &[("Authorization", &format!("Bearer {token}"))], "").await;
        assert_eq!((answer.status, stack.refusal(Party::Gate)), (401, Some(check)));
        assert!(answer.header("www-authenticate").is_some() && answer.body.is_empty(), "the caller learns no reason");
    }
    assert_eq!(stack.received(Party::Mcp), 0);
}

#[tokio::test]
async fn an_audience_that_is_not_listed_is_told_with_the_setting() {
    let mut stack = behind_echo();
    stack.change_gate(json!({"allowed_audiences": [API]}));
    assert_eq!(stack.ask("GET", "/", &[("Authorization", &bearer(&claims()))], "").await.status, 401);
    let exchange = stack.last(Party::Gate);
    let refusal = exchange.checks.refusal().unwrap();
    assert_eq!((refusal.expected.clone(), refusal.received.clone()), (format!("one of {API}"), format!("api://{API}")));
    assert_eq!(
        refusal.fix.as_deref(),
        Some("gate.allowed_audiences (portal: Container App > Authentication > Edit > Allowed token audiences)")
    );
    let by_id = bearer(&with(claims(), "aud", json!(API)));
    assert_eq!(
        stack.ask("GET", "/", &[("Authorization", &by_id)], "").await.status,
        203,
        "the client id is always allowed"
    );
}

#[tokio::test]
async fn atk_c22_a_client_that_is_not_listed_gets_a_bare_403() {
    let mut stack = behind_echo();
    let token = bearer(&with(claims(), "appid", json!("11111111-2222-3333-4444-555555555555")));
    let answer = stack.ask("GET", "/mcp", &[("Authorization", &token)], "").await;
    assert_eq!((answer.status, answer.body.as_str(), answer.header("www-authenticate")), (403, "", None));
    assert_eq!(stack.refusal(Party::Gate), Some(Check::ClientAllowed));
    assert_eq!(stack.received(Party::Mcp), 0);
    let expired = with(with(claims(), "appid", json!("other")), "exp", json!(NOW_S - 301));
    assert_eq!(
        stack.ask("GET", "/mcp", &[("Authorization", &bearer(&expired))], "").await.status,
        401,
        "401 comes before 403"
    );
    stack.change_gate(json!({"allowed_applications": []}));
    assert_eq!(stack.ask("GET", "/mcp", &[("Authorization", &token)], "").await.status, 203);
    let v2 = with(with(claims(), "azp", json!("other")), "appid", json!(null));
    stack.change_gate(json!({"allowed_applications": ["OTHER"]}));
    assert_eq!(stack.ask("GET", "/mcp", &[("Authorization", &bearer(&v2))], "").await.status, 203);
}

#[tokio::test]
async fn atk_c23_a_token_anywhere_else_is_not_read_and_two_are_one_too_many() {
    let stack = behind_echo();
    let (token, authorization) = (sign("one", 0, &claims()), bearer(&claims()));
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(stack.ask("GET", &format!("/mcp?access_token={token}"), &[], "").await.status, 401);
    assert_eq!(stack.ask("POST", "/mcp", &[form], &format!("access_token={token}")).await.status, 401);
    assert_eq!(
        stack.ask("GET", "/mcp", &[("Cookie", &format!("AppServiceAuthSession={token}"))], "").await.status,
        401
    );
    let twice = [("Authorization", authorization.as_str()), ("authorization", authorization.as_str())];
    assert_eq!(stack.ask("GET", "/mcp", &twice, "").await.status, 400);
    assert_eq!(stack.refusal(Party::Gate), Some(Check::AuthorizationPresent));
    assert_eq!(stack.received(Party::Mcp), 0);
    let both = [("Authorization", authorization.as_str()), ("Cookie", "AppServiceAuthSession=other")];
    assert_eq!(stack.ask("GET", "/mcp", &both, "").await.echoed("x-ms-client-principal-id").len(), 1);
}

#[tokio::test]
async fn atk_c24_odd_authorization_headers_never_break_the_gate() {
    let stack = behind_echo();
    let token = sign("one", 0, &claims());
    for good in [format!("bearer {token}"), format!("BEARER    {token}  ")] {
        assert_eq!(stack.ask("GET", "/", &[("Authorization", &good)], "").await.status, 203, "{good}");
    }
    let long = format!("Bearer {}", "a".repeat(16 * 1024 + 1));
    let tab = format!("Bearer\t{token}");
    for bad in ["", "Bearer", "Bearer ", &tab, "Basic YTpi", &long, "Bearer \u{e4}\u{1f511}"] {
        assert_eq!(stack.ask("GET", "/", &[("Authorization", bad)], "").await.status, 401, "{bad}");
    }
    let huge = format!("Bearer {}", "a".repeat(128 * 1024));
    let answer = stack.ask("GET", "/", &[("Authorization", &huge)], "").await;
    assert_eq!(answer.status, 431);
}

#[tokio::test]
async fn atk_c10_unknown_key_ids_cause_one_refresh_per_cool_down() {
    let stack = behind_echo();
    let ask = async |kid: &str, key| {
        let token = format!("Bearer {}", sign(kid, key, &claims()));
        stack.ask("GET", "/", &[("Authorization", &token)], "").await.status
    };
    assert_eq!((ask("one", 0).await, stack.issuer.asked()), (203, 1));
    for number in 0..100 {
        assert_eq!(ask(&format!("unknown {number}"), 0).await, 401);
    }
    assert_eq!(stack.issuer.asked(), 2);
    stack.clock.advance(SignedDuration::from_mins(5)).unwrap();
    assert_eq!((ask("unknown", 0).await, stack.issuer.asked()), (401, 3));
    assert_eq!((ask("unknown", 0).await, stack.issuer.asked()), (401, 3));
    assert_eq!((ask("one", 0).await, stack.issuer.asked()), (203, 3));
}

#[tokio::test]
async fn atk_c10_requests_at_the_same_time_share_one_fetch() {
    let stack = behind_echo();
    let token = bearer(&claims());
    let headers = [("Authorization", token.as_str())];
    let asked = || stack.ask("GET", "/", &headers, "");
    let answers = tokio::join!(asked(), asked(), asked(), asked(), asked(), asked(), asked(), asked());
    assert_eq!([answers.0.status, answers.4.status, answers.7.status], [203; 3]);
    assert_eq!(stack.issuer.asked(), 1);
}

#[tokio::test]
async fn atk_c11_a_rotated_key_is_found_after_one_refresh_and_the_old_one_goes() {
    let stack = behind_echo();
    let ask = async |kid: &str, key| {
        // A long life, so that only the key decides.
        let token = sign(kid, key, &with(claims(), "exp", json!(NOW_S + 10 * 86_400)));
        stack.ask("GET", "/", &[("Authorization", &format!("Bearer {token}"))], "").await.status
    };
    assert_eq!(ask("one", 0).await, 203);
    stack.issuer.publish("two", 1);
    assert_eq!(ask("one", 0).await, 203, "keys are kept for a while");
    assert_eq!(ask("two", 1).await, 203);
    assert_eq!(stack.issuer.asked(), 2);
    assert_eq!(ask("one", 0).await, 401);
    assert_eq!(ask("two", 0).await, 401, "a key id does not make a signature");
    stack.issuer.publish("three", 0);
    stack.clock.advance(SignedDuration::from_hours(24)).unwrap();
    assert_eq!(ask("two", 1).await, 401, "after a day nothing is believed without asking again");
}

#[tokio::test]
async fn atk_d14_what_cannot_be_known_is_never_let_through() {
    let mut stack = behind_echo();
    let token = bearer(&claims());
    let ask = async |stack: &Stack| {
        let answer = stack.ask("GET", "/mcp", &[("Authorization", &token)], "").await;
        (answer.status, stack.refusal(Party::Gate))
    };
    let unreachable = (503, Some(Check::KeysReachable));
    stack.issuer.publish_text("{}");
    assert_eq!(ask(&stack).await, unreachable, "a document without keys");
    stack.issuer.publish_text("<html>");
    assert_eq!(ask(&stack).await, unreachable);
    stack.issuer.publish_metadata(StatusCode::INTERNAL_SERVER_ERROR, "");
    assert_eq!(ask(&stack).await, unreachable);
    for metadata in
        ["", "[]", "{}", r#"{"jwks_uri":7}"#, r#"{"jwks_uri":""}"#, r#"{"jwks_uri":"http://169.254.169.254/"}"#]
    {
        stack.issuer.publish_metadata(StatusCode::OK, metadata);
        assert_eq!(ask(&stack).await, unreachable, "{metadata}");
    }
    for issuer in ["", "nonsense", "http://", "http://nobody.test/x", "file:///etc/passwd"] {
        stack.change_gate(json!({"issuer": issuer}));
        assert_eq!(ask(&stack).await, unreachable, "{issuer}");
    }
    assert_eq!(stack.received(Party::Mcp), 0);

    let stack = behind_echo();
    stack.issuer.publish_text(r#"{"keys":[]}"#);
    assert_eq!(ask(&stack).await, (401, Some(Check::TokenSignature)), "no key, no signature");
    stack.issuer.publish("one", 0);
    assert_eq!(ask(&stack).await.0, 203, "the refresh finds the key");

    let stack = Stack::start(Behind::Nobody, json!({}));
    assert_eq!(ask(&stack).await, (502, Some(Check::UpstreamReachable)));
    assert!(stack.last(Party::Gate).checks.refusal().unwrap().fix.as_deref().unwrap().contains("target port"));
}

#[tokio::test]
async fn a_token_that_cannot_be_good_asks_the_issuer_nothing() {
    let stack = behind_echo();
    for token in ["nonsense", "a.b.c", "a.b.c.d.e", &sign("one", 0, &json!({}))] {
        assert_eq!(stack.ask("GET", "/", &[("Authorization", &format!("Bearer {token}"))], "").await.status, 401);
    }
    assert_eq!(stack.received(Party::Idp), 0);
}

const SPOOFED: [(&str, &str); 8] = [
    ("X-MS-CLIENT-PRINCIPAL", "c3Bvb2ZlZA=="),
    ("x_ms_client_principal", "spoofed"),
    ("X-Ms-Client_Principal-Id", "spoofed"),
    ("X-MS-CLIENT-PRINCIPAL-NAME", "spoofed"),
    ("X-MS-CLIENT-PRINCIPAL-NAME", "spoofed"),
    ("X-MS-TOKEN-AAD-ACCESS-TOKEN", "spoofed"),
    ("x_ms_token_aad_id_token", "spoofed"),
    ("x-entralab-from", "idp"),
];

#[tokio::test]
async fn atk_d01_identity_headers_of_others_never_reach_the_upstream() {
    let stack = Stack::start(Behind::Echo, json!({"excluded_paths": ["/health"]}));
    let token = bearer(&claims());
    let mut headers = SPOOFED.to_vec();
    let open = stack.ask("GET", "/health", &headers, "").await;
    assert_eq!(open.status, 203);
    assert!(!open.body.contains("spoofed") && !open.body.contains("principal"), "{}", open.body);
    assert_eq!(stack.last(Party::Mcp).from, Party::Gate);
    headers.push(("Authorization", &token));
    let signed_in = stack.ask("GET", "/mcp", &headers, "").await;
    assert!(!signed_in.body.contains("spoofed") && !signed_in.body.contains("c3Bvb2ZlZA"), "{}", signed_in.body);
    for name in ["x-ms-client-principal", "x-ms-client-principal-id", "x-ms-client-principal-name"] {
        assert_eq!(signed_in.echoed(name).len(), 1, "{name}");
    }
}

#[tokio::test]
async fn atk_d02_connection_cannot_take_the_gates_headers_away() {
    let stack = behind_echo();
    let token = bearer(&claims());
    let connection = "close, X-MS-CLIENT-PRINCIPAL, x-ms-client-principal-id, host, content-length, x-mine";
    let headers = [
        ("Authorization", token.as_str()),
        ("Connection", connection),
        ("X-Mine", "1"),
        ("Keep-Alive", "timeout=5"),
        ("TE", "trailers"),
        ("Proxy-Connection", "keep-alive"),
        ("Upgrade", "h2c"),
    ];
    let answer = stack.ask("POST", "/mcp", &headers, "body").await;
    assert_eq!(answer.status, 203, "{answer:?}");
    for name in ["x-ms-client-principal", "x-ms-client-principal-id", "host", "content-length"] {
        assert_eq!(answer.echoed(name).len(), 1, "{name}");
    }
    for name in ["x-mine", "connection", "keep-alive", "te", "proxy-connection", "upgrade"] {
        assert!(answer.echoed(name).is_empty(), "{name}");
    }
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
async fn atk_d05_only_the_excluded_path_itself_is_open() {
    let stack = Stack::start(Behind::Echo, json!({"excluded_paths": ["/health", "/open/*"]}));
    for target in ["/health", "/health?x=/../mcp", "/open/a/b"] {
        assert_eq!(stack.ask("GET", target, &[], "").await.status, 203, "{target}");
    }
    let check = stack.last(Party::Gate).checks.0.into_iter().find(|result| result.check == Check::AuthorizationPresent);
    assert!(check.unwrap().expected.contains("gate.excluded_paths"));
    for target in [
        "/mcp",
        "/health/../mcp",
        "//mcp",
        "//health",
        "/%6dcp",
        "/mcp;x",
        "/health%2f..%2fmcp",
        "/open/..%2fmcp",
        "/open/%2e%2e/mcp",
        "/open/..;/mcp",
        "/open/%252e%252e/mcp",
        "/health.",
        "/mcp#/health",
        "/%68ealth",
        "/mcp?/health",
    ] {
        assert_eq!(stack.ask("GET", target, &[], "").await.status, 401, "{target}");
    }
    let absolute = message("GET", &format!("http://{HOST}/open/../mcp"), HOST, &[], "");
    assert_eq!(send(stack.gate_address, &absolute).await.status, 401);
}

const ORIGIN: &str = "https://make.powerapps.com";

fn with_cors(cors: Value) -> Stack {
    Stack::start(Behind::Echo, json!({"cors": cors}))
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
async fn another_configuration_is_in_force_at_once_and_brings_its_own_keys() {
    let mut stack = behind_echo();
    let token = bearer(&claims());
    let ask = async |stack: &Stack, token: &str| stack.ask("GET", "/", &[("Authorization", token)], "").await.status;
    assert_eq!(ask(&stack, &token).await, 203);
    let other = "0e8f6a1b-1d2e-4a5b-9c3d-7c0b3f521d2e";
    let issuer = format!("http://idp.test/{other}/");
    stack.change_gate(json!({"issuer": issuer}));
    assert_eq!(ask(&stack, &token).await, 401);
    assert_eq!(stack.refusal(Party::Gate), Some(Check::IssuerAllowed));
    let moved = bearer(&with(with(claims(), "iss", json!(issuer)), "tid", json!(other)));
    assert_eq!(ask(&stack, &moved).await, 203);
    assert_eq!(stack.issuer.asked(), 2, "the keys of one issuer are not believed for another");
    stack.change_gate(json!({"issuer": "http://idp.test/common/"}));
    assert_eq!((ask(&stack, &token).await, ask(&stack, &moved).await), (203, 203), "an authority of many tenants");
}

#[tokio::test]
async fn secrets_stay_out_of_the_checks() {
    let stack = behind_echo();
    let token = sign("one", 1, &claims());
    stack.ask("GET", "/", &[("Authorization", &format!("Bearer {token}"))], "").await;
    let signature = token.rsplit('.').next().unwrap();
    for result in stack.last(Party::Gate).checks.0 {
        assert!(!format!("{result:?}").contains(&signature[..20]), "{result:?}");
    }
}

#[tokio::test]
async fn head_is_passed_on_like_any_other_method() {
    let stack = behind_echo();
    let token = bearer(&claims());
    let answer = stack.ask("HEAD", "/x", &[("Authorization", &token)], "").await;
    assert_eq!((answer.status, answer.body.as_str(), answer.header("x-from-upstream")), (203, "", Some("1")));
    assert_eq!(stack.last(Party::Mcp).method, "HEAD");
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
