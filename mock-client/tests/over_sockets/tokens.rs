//! Redeeming, keeping and renewing tokens.

use jiff::SignedDuration;
use serde_json::json;
use wire::exchange::{Parameters, header};
use wire::{Check, Outcome, Party};

use crate::support::{Lab, REDIRECT, settings, shape, token_answer};

fn value<'p>(form: &'p Parameters, name: &str) -> Option<&'p str> {
    form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn a_refused_secret_is_told_with_its_number_and_is_no_check_of_ours() {
    let lab = Lab::start().await;
    let error = json!({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided.", "error_codes": [7000215]});
    lab.change(|script| script.token = (401, Vec::new(), error.to_string()));
    let outcome = shape(&lab.connect("megan").await);
    assert_eq!((&outcome["aadsts"], &outcome["error"]), (&json!(7_000_215), &json!("invalid_client")));
    let message = outcome["message"].as_str().unwrap();
    assert!(
        message.starts_with("Failed to login. Could not retrieve the token. invalid_client: AADSTS7000215"),
        "{message}"
    );
    assert_eq!(lab.outcome_of(Check::TokenAnswer), None);
    assert!(lab.connector.connections().is_empty());
}

#[tokio::test]
async fn atk_f07_a_faulty_token_answer_is_refused_by_name() {
    let lab = Lab::start().await;
    lab.change(|script| script.token = (200, Vec::new(), json!({"access_token": "a", "expires_in": 1}).to_string()));
    let outcome = shape(&lab.connect("megan").await);
    assert!(outcome["message"].as_str().unwrap().contains("token_type"), "{outcome}");
    assert_eq!(lab.outcome_of(Check::TokenAnswer), Some(Outcome::Refused));
}

#[tokio::test]
async fn atk_f08_a_redirect_of_the_token_endpoint_is_not_followed() {
    for status in [301, 302, 307, 308] {
        let lab = Lab::start().await;
        lab.change(|script| {
            script.token = (status, vec![("location", "http://server.test/mcp".into())], String::new())
        });
        let outcome = shape(&lab.connect("megan").await);
        assert_eq!(outcome["connection"], "failed");
        assert!(outcome["message"].as_str().unwrap().contains("not followed"), "{outcome}");
        assert!(lab.to(Party::Gate).is_empty(), "the secret went on to another host");
        assert_eq!(lab.outcome_of(Check::TokenAnswer), Some(Outcome::Refused));
    }
}

#[tokio::test]
async fn a_token_is_renewed_on_the_next_call_after_its_hour() {
    let lab = Lab::connected(json!({})).await;
    lab.clock.advance(SignedDuration::from_mins(54)).unwrap();
    assert_eq!(shape(&lab.connector.list_tools("megan").await).get("refreshed"), None);
    assert_eq!(lab.token_requests().len(), 1, "54 minutes are not near the end");

    lab.change(|script| script.token.2 = token_answer("megan-again", 3600, Some("refresh-2")));
    lab.clock.advance(SignedDuration::from_mins(16)).unwrap();
    let outcome = shape(&lab.connector.ask("megan", "stock price of tesla").await);
    assert_eq!((&outcome["refreshed"], &outcome["tool"]), (&json!(true), &json!("get_stockprice")));
    let refresh = lab.token_requests()[1].form();
    assert_eq!(value(&refresh, "grant_type"), Some("refresh_token"));
    assert_eq!(value(&refresh, "refresh_token"), Some("refresh-1"));
    assert_eq!(value(&refresh, "resource"), Some("api://server"));
    assert_eq!(value(&refresh, "scope"), None);
    let last = lab.to(Party::Gate).pop().unwrap();
    assert_eq!(
        header(&last.request_headers, "x-ms-client-principal-name"),
        Some("megan-again"),
        "the new token is used"
    );
    assert_eq!(lab.outcome_of(Check::ConnectionFresh), Some(Outcome::Passed));

    lab.clock.advance(SignedDuration::from_mins(70)).unwrap();
    lab.connector.list_tools("megan").await;
    assert_eq!(
        value(&lab.token_requests()[2].form(), "refresh_token"),
        Some("refresh-2"),
        "the newest refresh token is used"
    );
}

#[tokio::test]
async fn without_a_refresh_token_the_connection_dies_with_its_token() {
    let lab = Lab::start().await;
    lab.change(|script| script.token.2 = token_answer("megan", 3600, None));
    assert_eq!(shape(&lab.connect("megan").await)["refresh_token"], false);
    lab.clock.advance(SignedDuration::from_mins(59)).unwrap();
    assert!(lab.connector.list_tools("megan").await.tools.is_some());
    lab.clock.advance(SignedDuration::from_mins(1)).unwrap();
    let outcome = lab.connector.ask("megan", "stock price of tesla").await;
    assert!(outcome.message.as_deref().unwrap().contains("Open connection manager"));
    assert_eq!(outcome.kept_back.unwrap().check, Check::ConnectionFresh);
    assert_eq!(shape(&lab.connector.connections())[0]["state"], "Expired");
    assert_eq!(lab.token_requests().len(), 1);
}

#[tokio::test]
async fn a_refused_refresh_is_told_with_its_number_and_tried_again() {
    let lab = Lab::connected(json!({})).await;
    let good = token_answer("megan", 3600, None);
    let error =
        json!({"error": "invalid_client", "error_description": "AADSTS7000222: The client secret keys are expired."});
    lab.change(|script| script.token = (401, Vec::new(), error.to_string()));
    lab.clock.advance(SignedDuration::from_mins(70)).unwrap();
    let mut browser = lab.browser();
    for outcome in [
        shape(&lab.connector.ask("megan", "stock price of tesla").await),
        shape(&lab.connector.list_tools("megan").await),
        shape(&lab.connector.test_operation(&mut browser, "megan").await),
    ] {
        assert_eq!(outcome["aadsts"], 7_000_222, "{outcome}");
        assert!(outcome["message"].as_str().unwrap().contains("AADSTS7000222"));
    }
    assert!(lab.to(Party::Gate).is_empty());
    assert_eq!(shape(&lab.connector.connections())[0]["state"], "Expired");
    lab.change(|script| script.token = (200, Vec::new(), good));
    assert_eq!(shape(&lab.connector.list_tools("megan").await)["refreshed"], true);
    assert_eq!(shape(&lab.connector.connections())[0]["state"], "Connected");
}

#[tokio::test]
async fn a_connection_keeps_the_settings_it_was_made_with() {
    let lab = Lab::connected(json!({})).await;
    lab.connector.replace(settings(json!({"client_secret": "rotated", "name": "renamed"})), REDIRECT.to_owned());
    lab.clock.advance(SignedDuration::from_mins(70)).unwrap();
    lab.connector.list_tools("megan").await;
    assert_eq!(value(&lab.token_requests()[1].form(), "client_secret"), Some("the-secret"));
    assert_eq!(shape(&lab.connect("megan").await)["connection"], "connected");
    assert_eq!(value(&lab.token_requests()[2].form(), "client_secret"), Some("rotated"));
}

#[tokio::test]
async fn atk_f11_nobody_uses_anothers_connection() {
    let lab = Lab::connected(json!({})).await;
    let outcome = lab.connector.ask("admin", "stock price of tesla").await;
    assert!(outcome.message.as_deref().unwrap().starts_with("Let's get you connected first"));
    let outcome = shape(&outcome);
    assert_eq!((&outcome["by"], &outcome["check"]), (&json!("connector"), &json!("connection.present")));
    assert_eq!(outcome["received"], "'admin' is not connected");
    assert!(outcome["fix"].as_str().unwrap().starts_with("connect first: press Connect on the lab's page"));
    assert!(lab.to(Party::Gate).is_empty());
}
