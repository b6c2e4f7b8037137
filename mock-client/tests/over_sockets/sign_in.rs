//! From the authorize URL to the connection, through pages.

use mock_client::{ConnectionState, ConsentAnswer, Credentials};
use serde_json::json;
use wire::exchange::header;
use wire::{Check, Outcome, Party};

use crate::support::{Lab, REDIRECT, megan, settings, shape};

#[tokio::test]
async fn a_sign_in_ends_in_a_connection_and_shows_the_token_but_never_tells_it() {
    let lab = Lab::start().await;
    let outcome = shape(&lab.connect("megan").await);
    assert_eq!(outcome["connection"], "connected");
    assert_eq!(outcome["shown"], "callback");
    assert_eq!(outcome["display_name"], "megan@contoso.com");
    assert_eq!(outcome["refresh_token"], true);
    assert_eq!(outcome["token"]["claims"]["aud"], "api://server");
    assert_eq!(outcome["token"]["header"]["alg"], "RS256");
    assert_eq!(outcome.get("aadsts"), None);
    assert!(!outcome.to_string().contains("c2lnbmF0dXJl") && !outcome.to_string().contains("refresh-1"));

    let went: Vec<String> =
        lab.trace.after(0).iter().map(|e| format!("{} -> {} {} {}", e.from, e.to, e.method, e.path())).collect();
    assert_eq!(
        went,
        [
            "browser -> idp GET /common/oauth2/authorize".to_owned(),
            "browser -> idp POST /sign-in".to_owned(),
            "browser -> idp POST /consent".to_owned(),
            format!("browser -> connector GET {}", REDIRECT.trim_start_matches("http://consent.test")),
            "connector -> idp POST /common/oauth2/token".to_owned(),
        ]
    );
    for check in [Check::CallbackReached, Check::CallbackState, Check::CallbackCode, Check::TokenAnswer] {
        assert_eq!(lab.outcome_of(check), Some(Outcome::Passed), "{check}");
    }
    let sign_in = &lab.to(Party::Idp)[1];
    assert!(header(&sign_in.request_headers, "accept").unwrap().starts_with("text/html,"));
    assert!(header(&sign_in.request_headers, "user-agent").unwrap().starts_with("Mozilla/5.0"));
    assert_eq!(header(&sign_in.request_headers, "origin"), Some("http://login.test"));
    let token = &lab.token_requests()[0];
    let names: Vec<String> = token.form().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["client_id", "code", "redirect_uri", "grant_type", "client_secret"]);

    let connections = lab.connector.connections();
    assert_eq!(connections.len(), 1);
    assert_eq!((connections[0].user.as_str(), connections[0].state), ("megan", ConnectionState::Connected));
    assert_eq!(connections[0].expires, Some("2026-01-15T10:00:00Z".parse().unwrap()));
}

#[tokio::test]
async fn an_error_page_ends_the_sign_in_with_its_number() {
    let lab = Lab::start().await;
    let page = "<title>Sign in to your account</title><div data-aadsts=50011>AADSTS50011: The redirect URI is not registered.</div>";
    lab.change(|script| script.authorize_page = Some(page.into()));
    let outcome = shape(&lab.connect("megan").await);
    let expected = json!({
        "connection": "failed", "shown": "page", "aadsts": 50011,
        "message": "AADSTS50011: The redirect URI is not registered."
    });
    assert_eq!(outcome, expected);
    assert!(lab.token_requests().is_empty() && lab.connector.connections().is_empty());
}

#[tokio::test]
async fn a_wrong_password_is_told_on_the_page() {
    let lab = Lab::start().await;
    let wrong = Credentials { password: "wrong".into(), ..megan() };
    let outcome = lab.connector.connect(&mut lab.browser(), "megan", &wrong, ConsentAnswer::Accept).await;
    assert_eq!(shape(&outcome)["aadsts"], 50126);
}

#[tokio::test]
async fn declining_comes_back_to_the_callback() {
    let lab = Lab::start().await;
    let outcome = lab.connector.connect(&mut lab.browser(), "megan", &megan(), ConsentAnswer::Decline).await;
    let expected = json!({
        "connection": "failed", "shown": "callback", "aadsts": 65004, "error": "access_denied",
        "error_description": "AADSTS65004: User declined to consent.",
        "message": "Failed to login. access_denied: AADSTS65004: User declined to consent."
    });
    assert_eq!(shape(&outcome), expected);
    assert_eq!(lab.outcome_of(Check::CallbackCode), Some(Outcome::Refused));
    assert!(lab.token_requests().is_empty());
}

#[tokio::test]
async fn the_code_may_come_by_a_form() {
    let lab = Lab::start().await;
    lab.change(|script| script.form_post = true);
    assert_eq!(shape(&lab.connect("megan").await)["connection"], "connected");
}

#[tokio::test]
async fn a_person_signs_in_with_a_browser_of_their_own() {
    let lab = Lab::start().await;
    let url = lab.connector.begin("maker").unwrap();
    let state = url.rsplit_once("state=").unwrap().1.to_owned();
    assert!(state.ends_with("_unitedstates-002_azure-apim.net"));
    assert!(lab.connector.outcome(&state).is_none());
    lab.browser().sign_in(&url, REDIRECT, &megan(), ConsentAnswer::Accept).await;
    assert_eq!(shape(&lab.connector.outcome(&state).unwrap())["connection"], "connected");
    assert_eq!(lab.connector.connections()[0].user, "maker");
}

#[tokio::test]
async fn dead_ends_are_told_with_where_they_are() {
    let lab = Lab::start().await;
    lab.change(|script| script.authorize_page = Some("<title>Under construction</title>".into()));
    let lost = shape(&lab.connect("megan").await);
    let message = lost["message"].as_str().unwrap();
    assert!(
        message.contains("http://login.test/common/oauth2/authorize") && message.contains("Under construction"),
        "{message}"
    );
    assert!(!message.contains('?'), "a query can hold secrets: {message}");

    for (change, told) in [
        (json!({"login_uri": "http://login.tset"}), "not in the name map"),
        (json!({"profile": "generic-v2", "authorization_url": "http://login.test/loop"}), "too many times"),
        (json!({"profile": "generic-v2", "authorization_url": "javascript:alert(1)"}), "connector.authorization_url"),
    ] {
        lab.connector.replace(settings(change), REDIRECT.to_owned());
        let outcome = shape(&lab.connect("megan").await);
        assert_eq!(outcome["connection"], "failed");
        assert!(outcome["message"].as_str().unwrap().contains(told), "{outcome}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn atk_f11_and_h24_interleaved_users_never_get_each_others_tokens() {
    let lab = Lab::start().await;
    lab.change(|script| script.token_per_user = true);
    let mut running = Vec::new();
    for number in 0..30 {
        let (connector, mut browser) = (lab.connector.clone(), lab.browser());
        running.push(tokio::spawn(async move {
            let name = format!("user-{number}@contoso.com");
            let credentials = Credentials { username: name.clone(), password: "the-password".into() };
            let outcome = connector.connect(&mut browser, &name, &credentials, ConsentAnswer::Accept).await;
            (name, shape(&outcome))
        }));
    }
    for task in running {
        let (name, outcome) = task.await.unwrap();
        assert_eq!(outcome["connection"], "connected", "{name}: {outcome}");
        assert_eq!(outcome["display_name"], name, "somebody else's token");
    }
    assert_eq!(lab.token_requests().len(), 30, "each code is redeemed once");
    let connections = lab.connector.connections();
    assert_eq!(connections.len(), 30);
    for connection in connections {
        assert_eq!(connection.display_name.as_deref(), Some(connection.user.as_str()));
    }
}
