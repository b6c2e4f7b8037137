//! Admin consent, in both forms.

use serde_json::{Value, json};

use crate::support::*;

const OF_CLIENT: [(&str, &str); 3] = [("client_id", CLIENT), ("redirect_uri", REDIRECT), ("state", "a b")];

/// Without any consent.
fn unconsented(more: Value) -> Value {
    let mut world = changed(json!({"consents": null}));
    merge(&mut world, more);
    world
}

/// The administrator signs in, and presses the button.
fn decided(lab: &Lab, path: &str, parameters: &[(&str, &str)], button: &str) -> Seen {
    let mut browser = Browser::new(lab);
    browser.open(path, parameters);
    let page = browser.sign_in("admin@contoso.com", "Fabrikam-Global-1");
    assert!(page.body.contains("data-for-everyone"), "{}", page.body);
    browser.press(button, &[])
}

/// Whether megan signs in without being asked.
fn goes_without_question(lab: &Lab, scope: &'static str) -> bool {
    let mut browser = Browser::new(lab);
    browser.open(V2_AUTHORIZE, &v2(scope));
    returned(&browser.sign_in("megan@contoso.com", PASSWORD), "code").is_some()
}

#[test]
fn the_form_without_scope_consents_to_the_whole_registration_for_everyone() {
    let lab = Lab::of(unconsented(json!({})));
    assert!(!goes_without_question(&lab, DEFAULT));
    let seen = decided(&lab, "/contoso.com/adminconsent", &OF_CLIENT, "idSIButton9");
    assert_eq!(seen.location(), Some(format!("{REDIRECT}?tenant={TENANT}&state=a+b&admin_consent=True#").as_str()));
    assert!(goes_without_question(&lab, DEFAULT));
    assert!(goes_without_question(&lab, "api://3f8a1c2e-0000-4000-8000-000000000002/Things.Read"));
}

#[test]
fn the_form_with_scope_consents_to_what_it_names() {
    let lab = Lab::of(unconsented(json!({})));
    let scope = "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation";
    let seen = decided(&lab, "/organizations/v2.0/adminconsent", &with(&OF_CLIENT, "scope", scope), "idSIButton9");
    let escaped = scope.replace(':', "%3a").replace('/', "%2f");
    let expected = format!("{REDIRECT}?admin_consent=True&tenant={TENANT}&scope={escaped}&state=a+b#");
    assert_eq!(seen.location(), Some(expected.as_str()));
    assert!(goes_without_question(&lab, "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation"));
    assert!(!goes_without_question(&lab, "api://3f8a1c2e-0000-4000-8000-000000000002/Things.Read"));
}

#[test]
fn a_refusal_says_that_it_is_about_admin_consent() {
    let lab = Lab::of(unconsented(json!({})));
    let seen = decided(&lab, &format!("/{TENANT}/adminconsent"), &OF_CLIENT, "idBtn_Back");
    for (name, value) in [("error", "access_denied"), ("admin_consent", "True"), ("tenant", TENANT), ("state", "a b")] {
        assert_eq!(returned(&seen, name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(seen.aadsts(), Some(65_004));
    assert!(!goes_without_question(&lab, DEFAULT));
    let cancelled = {
        let mut browser = Browser::new(&lab);
        browser.open(&format!("/{TENANT}/adminconsent"), &OF_CLIENT);
        browser.press("idBtn_Back", &[])
    };
    assert_eq!(returned(&cancelled, "admin_consent").as_deref(), Some("True"));
}

#[test]
fn an_address_that_is_not_registered_gets_nothing() {
    let seen =
        Lab::new().authorize("/contoso.com/adminconsent", &with(&OF_CLIENT, "redirect_uri", "https://evil.test/"));
    assert_eq!((seen.aadsts(), seen.location()), (Some(50_011), None));
}

#[test]
fn an_admin_scope_that_was_consented_to_is_no_obstacle_any_more() {
    let lab = Lab::of(unconsented(json!({})));
    let scope = "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/Server.Manage";
    decided(&lab, "/contoso.com/v2.0/adminconsent", &with(&OF_CLIENT, "scope", scope), "idSIButton9");
    assert!(goes_without_question(&lab, "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/Server.Manage"));
}

/// `knownClientApplications`: the client's first consent also covers what the API itself needs.
#[test]
fn a_known_client_asks_for_the_api_behind_it_too() {
    let page = |world: Value| {
        let lab = Lab::of(world);
        let mut browser = Browser::new(&lab);
        browser.open(V2_AUTHORIZE, &v2(DEFAULT));
        browser.sign_in("megan@contoso.com", PASSWORD).body
    };
    assert!(!page(unconsented(json!({}))).contains("data-scope=\"User.Read\""));
    let known = unconsented(json!({"apps": {"server": {"known_client_applications": ["client"]}}}));
    assert!(page(known).contains("data-scope=\"User.Read\""));
}

#[test]
fn the_prompt_of_v1_is_for_administrators() {
    let lab = Lab::of(unconsented(json!({})));
    let parameters = with(&v1(), "prompt", "admin_consent");
    let mut browser = Browser::new(&lab);
    browser.open(V1_AUTHORIZE, &parameters);
    assert_eq!(browser.sign_in("megan@contoso.com", PASSWORD).aadsts(), Some(90_094));
    let seen = decided(&lab, V1_AUTHORIZE, &parameters, "idSIButton9");
    assert!(returned(&seen, "code").is_some());
    assert!(goes_without_question(&lab, DEFAULT));
}
