//! Where the gate's keys come from, and what it does without them.

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::json;
use wire::{Check, Party};

use crate::support::{Behind, NOW_S, Stack, bearer, behind_echo, claims, sign, with};

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
    assert!(stack.last(Party::Gate).checks.refusal().unwrap().fix.as_deref().unwrap().contains("gate.target_port"));
}

#[tokio::test]
async fn a_token_that_cannot_be_good_asks_the_issuer_nothing() {
    let stack = behind_echo();
    for token in ["nonsense", "a.b.c", "a.b.c.d.e", &sign("one", 0, &json!({}))] {
        assert_eq!(stack.ask("GET", "/", &[("Authorization", &format!("Bearer {token}"))], "").await.status, 401);
    }
    assert_eq!(stack.received(Party::Idp), 0);
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
