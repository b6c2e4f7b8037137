//! What comes to the redirect URL and belongs to nobody.

use bytes::Bytes;
use http::{Request, StatusCode};
use mock_client::ConsentAnswer;
use wire::exchange::header;
use wire::{Check, Outcome, Party};

use crate::support::{Lab, REDIRECT, megan, shape, token_answer};

async fn call(lab: &Lab, url: &str) -> (StatusCode, String) {
    let client = lab.network.client(Party::Browser, lab.trace.clone(), lab.clock.clone());
    let reply = client.send(Request::get(url).body(Bytes::new()).unwrap()).await.unwrap();
    (reply.response.status(), String::from_utf8_lossy(reply.response.body()).into_owned())
}

#[tokio::test]
async fn atk_f01_a_foreign_state_redeems_nothing() {
    let lab = Lab::start().await;
    for query in ["?code=stolen", "?code=stolen&state=", "?code=stolen&state=made-up", ""] {
        let (status, page) = call(&lab, &format!("{REDIRECT}{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(page.contains("Connection creation failed"), "{page}");
        assert_eq!(lab.outcome_of(Check::CallbackState), Some(Outcome::Refused), "{query}");
    }
    assert!(lab.token_requests().is_empty());
}

#[tokio::test]
async fn atk_f01_a_state_is_good_for_one_callback() {
    let lab = Lab::start().await;
    let url = lab.connector.begin("megan").unwrap();
    lab.browser().sign_in(&url, REDIRECT, &megan(), ConsentAnswer::Accept).await;
    let first = lab.to(Party::Connector)[0].url.clone();
    assert_eq!(lab.token_requests().len(), 1);
    let (status, _) = call(&lab, &first).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(lab.token_requests().len(), 1, "the replay redeemed a code");
    let state = url.rsplit_once("state=").unwrap().1;
    assert_eq!(
        shape(&lab.connector.outcome(state).unwrap())["connection"],
        "connected",
        "the replay changed the outcome"
    );
}

#[tokio::test]
async fn atk_f12_a_callback_at_another_connectors_url_is_refused() {
    let lab = Lab::start().await;
    for path in ["/redirect", "/redirect/cr938-5fother-5f5f43bcb8573bc3e8"] {
        let state = lab.connector.begin("megan").unwrap().rsplit_once("state=").unwrap().1.to_owned();
        let (status, _) = call(&lab, &format!("http://consent.test{path}?code=c&state={state}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(lab.outcome_of(Check::CallbackReached), Some(Outcome::Refused));
        assert_eq!(shape(&lab.connector.outcome(&state).unwrap())["connection"], "failed");
    }
    assert!(lab.token_requests().is_empty());
}

#[tokio::test]
async fn the_page_is_inert_and_kept_by_nobody() {
    let lab = Lab::start().await;
    let state = lab.connector.begin("megan").unwrap().rsplit_once("state=").unwrap().1.to_owned();
    let hostile = "error=x&error_description=%3Cscript%3Ealert(1)%3C%2Fscript%3E%1b%5B31m";
    let (_, page) = call(&lab, &format!("{REDIRECT}?{hostile}&state={state}")).await;
    assert!(!page.contains("<script>") && !page.contains('\u{1b}'), "{page}");
    assert!(page.contains("came from the identity provider"));
    let exchange = &lab.to(Party::Connector)[0];
    assert_eq!(header(&exchange.response_headers, "cache-control"), Some("no-store"));
    assert_eq!(header(&exchange.response_headers, "referrer-policy"), Some("no-referrer"));
    let policy = header(&exchange.response_headers, "content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"));
    assert!(!policy.contains("script-src"), "no script may run: {policy}");
}

#[tokio::test]
async fn who_cancels_is_told_so_in_plain_words() {
    let lab = Lab::start().await;
    let state = lab.connector.begin("megan").unwrap().rsplit_once("state=").unwrap().1.to_owned();
    let (_, page) = call(&lab, &format!("{REDIRECT}?error=access_denied&error_subcode=cancel&state={state}")).await;
    assert!(page.contains("Failed to login. access_denied. The sign-in was cancelled."), "{page}");
    assert!(!page.contains("came from the identity provider"), "it wrote nothing: {page}");
    let outcome = shape(&lab.connector.outcome(&state).unwrap());
    assert_eq!(outcome["error"], "access_denied");
    assert_eq!(outcome.get("refusal"), None, "the trace says it");
}

#[tokio::test]
async fn the_page_shows_what_it_is_and_which_check_refused() {
    let lab = Lab::start().await;
    let (_, page) = call(&lab, &format!("{REDIRECT}?code=c&state=made-up")).await;
    for told in [
        "EMULATOR</strong> entralab, on this machine only. Nothing here is Microsoft's.",
        "Refused by connector",
        "<code>callback.state</code>",
        "the state of a sign-in that waits for its callback",
        "a state that no sign-in waits for",
        "begin a new sign-in",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }

    // what the token endpoint answered is read by a check of its own
    lab.change(|script| script.token = (200, Vec::new(), "{}".into()));
    let state = lab.connector.begin("megan").unwrap().rsplit_once("state=").unwrap().1.to_owned();
    let (_, page) = call(&lab, &format!("{REDIRECT}?code=code-of-megan&state={state}")).await;
    assert!(page.contains("<code>token_answer.complete</code>"), "{page}");

    lab.change(|script| script.token.2 = token_answer("megan@contoso.com", 3600, None));
    let state = lab.connector.begin("megan").unwrap().rsplit_once("state=").unwrap().1.to_owned();
    let (status, page) = call(&lab, &format!("{REDIRECT}?code=code-of-megan&state={state}")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Connection: megan@contoso.com") && !page.contains("Refused by"), "{page}");
}
