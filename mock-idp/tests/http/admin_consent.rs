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

/// Users may not consent, and may ask those who can.
fn with_requests(more: Value) -> Value {
    let tenant = json!({"user_consent": "disabled", "admin_consent_requests": true});
    let mut world = unconsented(json!({"tenants": {"contoso": tenant}}));
    merge(&mut world, more);
    world
}

/// Megan signs in, and comes to the page on which she may ask.
fn asking(lab: &Lab) -> Browser<'_> {
    let mut browser = Browser::new(lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    let page = browser.sign_in("megan@contoso.com", PASSWORD);
    assert_eq!((page.status.as_u16(), page.aadsts(), page.refusing()), (200, Some(90_095), Some("consent.granted")));
    assert!(page.body.contains("data-scope=\"user_impersonation\""), "{}", page.body);
    browser
}

#[test]
fn a_user_asks_an_administrator_approves_and_the_user_signs_in() {
    let lab = Lab::of(with_requests(json!({})));
    let mut browser = asking(&lab);
    for justification in ["", "  "] {
        let again = browser.press("idSIButton9", &[("justification", justification)]);
        assert!(again.body.contains("data-unjustified") && again.aadsts() == Some(90_095), "{}", again.body);
    }
    assert_eq!(lab.provider.admin_consent_requests(), []);
    let sent = browser.press("idSIButton9", &[("justification", " I sell <b>stocks</b> ")]);
    assert!(sent.body.contains("data-approval=\"requested\"") && sent.aadsts().is_none(), "{}", sent.body);

    let [request] = lab.provider.admin_consent_requests().try_into().unwrap();
    assert_eq!((request.app.as_str(), request.requested_by.as_str()), ("client", "megan"));
    assert_eq!((request.tenant.as_str(), request.justification.as_str()), ("contoso", "I sell <b>stocks</b>"));
    assert_eq!(request.status.to_string(), "pending");
    assert!(request.scopes.contains(&format!("{SERVER_URI}/user_impersonation")), "{:?}", request.scopes);
    let back = browser.press("idBtn_Back", &[]);
    assert_eq!(returned(&back, "error").as_deref(), Some("access_denied"));
    assert!(asking(&lab).page.contains("nobody has approved it yet"));

    let mut administrator = Browser::new(&lab);
    let path = request.review_url.strip_prefix("https://login.microsoftonline.com").unwrap();
    administrator.send(http::Request::get(path).body(axum::body::Body::empty()).unwrap());
    administrator.sign_in("admin@contoso.com", "Fabrikam-Global-1");
    let approved = administrator.press("idSIButton9", &[]);
    let back = approved.location().unwrap_or_else(|| panic!("{}", approved.body));
    assert!(back.starts_with(&format!("{REDIRECT}?admin_consent=True&tenant={TENANT}&scope=")), "{back}");
    assert_eq!(lab.provider.admin_consent_requests()[0].status.to_string(), "approved");
    assert!(goes_without_question(&lab, DEFAULT));
}

#[test]
fn a_denied_request_may_be_made_again() {
    let lab = Lab::of(with_requests(json!({})));
    asking(&lab).press("idSIButton9", &[("justification", &"ü".repeat(9_000))]);
    let [request] = lab.provider.admin_consent_requests().try_into().unwrap();
    assert_eq!(request.justification.chars().count(), 500);
    assert_eq!(lab.provider.deny_admin_consent_request(uuid::Uuid::nil()), None);
    let denied = lab.provider.deny_admin_consent_request(request.id).unwrap();
    assert_eq!(denied.status.to_string(), "denied");
    let mut browser = asking(&lab);
    assert!(browser.page.contains("an administrator denied it"));
    browser.press("idSIButton9", &[("justification", "please")]);
    let [request] = lab.provider.admin_consent_requests().try_into().unwrap();
    assert_eq!((request.justification.as_str(), request.status.to_string().as_str()), ("please", "pending"));
}

#[test]
fn without_a_page_nobody_is_offered_to_ask() {
    let lab = Lab::of(with_requests(json!({"single_sign_on": true})));
    let mut browser = asking(&lab);
    let seen = browser.open(V2_AUTHORIZE, &with(&v2(DEFAULT), "prompt", "none"));
    assert_eq!((returned(&seen, "error").as_deref(), seen.aadsts()), (Some("consent_required"), Some(90_095)));
}

#[test]
fn an_approval_that_was_quicker_ends_the_sign_in() {
    let lab = Lab::of(with_requests(json!({})));
    let mut browser = asking(&lab);
    lab.replace(changed(json!({"tenants": {"contoso": {"user_consent": "disabled", "admin_consent_requests": true}}})));
    let seen = browser.press("idSIButton9", &[("justification", "please")]);
    assert!(returned(&seen, "code").is_some(), "{}", seen.body);
    assert_eq!(lab.provider.admin_consent_requests(), []);
}

/// The form of another page of the same sign-in asks for nothing before all of the policies are satisfied.
#[test]
fn who_has_not_given_the_second_factor_asks_for_nothing() {
    let lab = Lab::of(with_requests(json!({
        "users": {"megan": {"mfa": {"registered": true}}},
        "policies": {"conditional_access": {"mfa": {
            "tenant": "contoso", "users": {"include": ["all"]}, "target_resources": {"include": ["all"]},
            "grant": {"controls": ["mfa"]},
        }}},
    })));
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    browser.sign_in("megan@contoso.com", PASSWORD);
    let token = browser.form_of("idSubmit_SAOTCC_Continue").fields["flowToken"].clone();
    let pairs = [("flowToken", token.as_str()), ("decision", "accept"), ("justification", "please")];
    let seen = browser.send(post("/common/consent/request", &form(&pairs)));
    assert!(seen.body.contains("data-otc"), "{}", seen.body);
    assert_eq!(lab.provider.admin_consent_requests(), []);
    let page = browser.give_second_factor();
    assert_eq!(page.aadsts(), Some(90_095));
}
