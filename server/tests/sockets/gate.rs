//! Who passes the gate, and what the program behind it then receives.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wire::{Check, Outcome, Party};

use crate::support::{API, Behind, HOST, NOW_S, Stack, TENANT, bearer, behind_echo, claims, message, send, sign, with};

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
        Some(
            "gate.allowed_audiences: add api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b (portal: Container App > \
             Authentication > Edit > Allowed token audiences)"
        )
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
