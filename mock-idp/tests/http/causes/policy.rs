//! Conditional Access, security defaults, the second factor.

use serde_json::{Value, json};

use super::{Cause, device};
use crate::on_behalf_of::{THINGS, called_with, on_behalf_of, world_of_middle_tier};
use crate::support::*;

pub const CAUSES: &[Cause] = &[
    (50_005, "conditional_access.satisfied", || signed_in(on_unknown_platform())),
    (50_005, "conditional_access.satisfied", || refreshed_under(on_unknown_platform())),
    (50_005, "conditional_access.satisfied", || silent(on_unknown_platform())),
    (50_072, "conditional_access.satisfied", || silent(megan(json!({}), policy(json!(["mfa"]))))),
    (50_074, "mfa.code", || {
        let lab = Lab::of(mfa_world());
        let mut browser = at_second_factor(&lab);
        for _ in 0..4 {
            browser.press(VERIFY, &[("otc", "no code")]);
        }
        browser.press(VERIFY, &[("otc", "no code")])
    }),
    (50_076, "conditional_access.satisfied", || refreshed_under(mfa_world())),
    (50_076, "conditional_access.satisfied", || silent(mfa_world())),
    (50_076, "conditional_access.satisfied", || exchanged_under(mfa_world())),
    (50_078, "conditional_access.satisfied", || {
        let frequency = json!({"sign_in_frequency": {"hours": 1, "authentication": "secondary"}});
        let world = with_session(mfa_world(), frequency);
        let lab = Lab::of(world);
        let token = refresh_token_after_mfa(&lab);
        lab.advance(61);
        lab.post(V2_TOKEN, &form(&refresh(&token)))
    }),
    (50_079, "conditional_access.satisfied", || refreshed_under(megan(json!({}), policy(json!(["mfa"]))))),
    (50_079, "conditional_access.satisfied", || refreshed_under(security_defaults())),
    (50_079, "conditional_access.satisfied", || exchanged_under(megan(json!({}), policy(json!(["mfa"]))))),
    (50_097, "conditional_access.satisfied", || refreshed_under(megan(json!({}), policy(json!(["compliant_device"]))))),
    (50_097, "conditional_access.satisfied", || silent(megan(json!({}), policy(json!(["hybrid_joined_device"]))))),
    (50_155, "conditional_access.satisfied", || signed_in(disabled_device())),
    (50_155, "conditional_access.satisfied", || refreshed_under(disabled_device())),
    (50_155, "conditional_access.satisfied", || silent(disabled_device())),
    (50_158, "conditional_access.satisfied", || refreshed_under(megan(json!({}), policy(json!(["terms_of_use"]))))),
    (50_158, "conditional_access.satisfied", || silent(megan(json!({}), policy(json!(["terms_of_use"]))))),
    (50_158, "conditional_access.satisfied", || exchanged_under(megan(json!({}), policy(json!(["terms_of_use"]))))),
    (53_000, "conditional_access.satisfied", || signed_in(megan(json!({}), policy(json!(["compliant_device"]))))),
    (53_000, "conditional_access.satisfied", || refreshed_under(registered(policy(json!(["compliant_device"]))))),
    (53_000, "conditional_access.satisfied", || silent(registered(policy(json!(["compliant_device"]))))),
    (53_000, "conditional_access.satisfied", || exchanged_under(registered(policy(json!(["compliant_device"]))))),
    (53_001, "conditional_access.satisfied", || signed_in(registered(policy(json!(["hybrid_joined_device"]))))),
    (53_001, "conditional_access.satisfied", || refreshed_under(registered(policy(json!(["hybrid_joined_device"]))))),
    (53_001, "conditional_access.satisfied", || silent(registered(policy(json!(["hybrid_joined_device"]))))),
    (53_001, "conditional_access.satisfied", || exchanged_under(registered(policy(json!(["hybrid_joined_device"]))))),
    (53_002, "conditional_access.satisfied", || signed_in(megan(json!({}), policy(json!(["approved_app"]))))),
    (53_002, "conditional_access.satisfied", || refreshed_under(megan(json!({}), policy(json!(["approved_app"]))))),
    (53_002, "conditional_access.satisfied", || silent(megan(json!({}), policy(json!(["approved_app"]))))),
    (53_002, "conditional_access.satisfied", || exchanged_under(megan(json!({}), policy(json!(["approved_app"]))))),
    (53_003, "conditional_access.satisfied", || signed_in(megan(json!({}), policy(json!(["block"]))))),
    (53_003, "conditional_access.satisfied", || refreshed_under(megan(json!({}), policy(json!(["block"]))))),
    (53_003, "conditional_access.satisfied", || silent(megan(json!({}), policy(json!(["block"]))))),
    (53_003, "conditional_access.satisfied", || exchanged_under(megan(json!({}), policy(json!(["block"]))))),
    (53_004, "conditional_access.satisfied", || signed_in(at_risk(json!({"sign_in": "high"}), "mfa"))),
    (53_004, "conditional_access.satisfied", || refreshed_under(at_risk(json!({"user": "medium"}), "mfa"))),
    (53_004, "conditional_access.satisfied", || silent(at_risk(json!({"sign_in": "high"}), "mfa"))),
    (53_004, "conditional_access.satisfied", || exchanged_under(at_risk(json!({"sign_in": "high"}), "mfa"))),
    (53_005, "conditional_access.satisfied", || {
        refreshed_under(megan(json!({}), policy(json!(["app_protection_policy"]))))
    }),
    (53_009, "conditional_access.satisfied", || signed_in(megan(json!({}), policy(json!(["app_protection_policy"]))))),
    (53_009, "conditional_access.satisfied", || silent(megan(json!({}), policy(json!(["app_protection_policy"]))))),
    (53_010, "conditional_access.satisfied", || {
        let mut world = megan(json!({}), policy(json!(["mfa"])));
        world["policies"]["named_locations"] = json!({"office": {"ip_ranges": ["203.0.113.0/24"]}});
        world["policies"]["conditional_access"]["at-the-office"] = json!({
            "tenant": "contoso", "users": {"include": ["all"]},
            "target_resources": {"user_actions": ["register_security_information"]},
            "locations": {"include": ["all"], "exclude": ["office"]}, "grant": {"controls": ["block"]},
        });
        signed_in(world)
    }),
    (53_011, "conditional_access.satisfied", || guest_signs_in(guest_at_risk())),
    (53_011, "conditional_access.satisfied", || guest_refreshes(guest_at_risk())),
    (53_011, "conditional_access.satisfied", || guest_silently(guest_at_risk())),
    (70_043, "conditional_access.satisfied", || {
        let lab = Lab::of(frequency_world());
        let token = refresh_token(&lab);
        lab.advance(61);
        lab.post(V2_TOKEN, &form(&refresh(&token)))
    }),
    (70_044, "conditional_access.satisfied", || {
        let lab = Lab::of(frequency_world());
        let mut browser = Browser::new(&lab);
        browser.open(V2_AUTHORIZE, &v2(DEFAULT));
        browser.sign_in("megan@contoso.com", PASSWORD);
        lab.advance(61);
        browser.open(V2_AUTHORIZE, &with(&v2(DEFAULT), "prompt", "none"))
    }),
    (500_021, "tenant.permitted", || {
        let lab = Lab::new();
        let mut browser = Browser::new(&lab);
        browser.open(V2_AUTHORIZE, &v2(DEFAULT));
        let page = browser.form_of("idSIButton9");
        let fields = [("flowToken", page.fields["flowToken"].as_str()), ("decision", "accept")];
        let typed = [("loginfmt", "megan@contoso.com"), ("passwd", PASSWORD)];
        let mut request = post(&page.action, &form(&[&fields[..], &typed[..]].concat()));
        request.headers_mut().insert("restrict-access-to-tenants", "fabrikam.com, nobody.example".parse().unwrap());
        browser.send(request)
    }),
    (500_121, "mfa.code", || {
        let lab = Lab::of(mfa_world());
        at_second_factor(&lab).press(VERIFY, &[("otc", "000 000")])
    }),
    (500_212, "tenant.cross_tenant_access", || guest_signs_in(outbound_blocked())),
    (500_212, "tenant.cross_tenant_access", || guest_refreshes(outbound_blocked())),
    (500_212, "tenant.cross_tenant_access", || guest_silently(outbound_blocked())),
    (500_213, "tenant.cross_tenant_access", || guest_signs_in(inbound_blocked())),
    (500_213, "tenant.cross_tenant_access", || guest_refreshes(inbound_blocked())),
    (500_213, "tenant.cross_tenant_access", || guest_silently(inbound_blocked())),
    (530_003, "conditional_access.satisfied", || typed_for_device(managed_devices())),
    (530_003, "conditional_access.satisfied", || polled_under(managed_devices())),
    (530_035, "conditional_access.satisfied", || typed_for_device(security_defaults())),
    (530_035, "conditional_access.satisfied", || polled_under(security_defaults())),
    (700_003, "conditional_access.satisfied", || signed_in(deleted())),
    (700_003, "conditional_access.satisfied", || refreshed_under(deleted())),
    (700_003, "conditional_access.satisfied", || silent(deleted())),
];

const VERIFY: &str = "idSubmit_SAOTCC_Continue";

/// A policy for everybody and the server, that demands these controls.
fn policy(controls: Value) -> Value {
    json!({
        "tenant": "contoso", "id": "00000000-0000-4000-8000-0000000000ca", "users": {"include": ["all"]},
        "target_resources": {"include": ["server"]}, "grant": {"controls": controls},
    })
}

/// The world with the policy, and with `change` made to megan. Browsers stay signed in.
fn megan(change: Value, policy: Value) -> Value {
    let policies = json!({"conditional_access": {"the-policy": policy}});
    changed(json!({"single_sign_on": true, "users": {"megan": change}, "policies": policies}))
}

fn mfa_world() -> Value {
    megan(json!({"mfa": {"registered": true}}), policy(json!(["mfa"])))
}

fn registered(policy: Value) -> Value {
    megan(json!({"device": "registered"}), policy)
}

/// Megan's machine is compliant, and does not say what it runs on.
fn on_unknown_platform() -> Value {
    megan(json!({"device": "compliant", "device_platform": "unknown"}), policy(json!(["compliant_device"])))
}

fn disabled_device() -> Value {
    megan(json!({"device": "disabled"}), policy(json!(["compliant_device"])))
}

/// Megan is at this risk, and a policy demands `control` of users or sign-ins at medium and high risk.
fn at_risk(risk: Value, control: &str) -> Value {
    let mut policy = policy(json!([control]));
    let condition = if risk.get("user").is_some() { "user_risk_levels" } else { "sign_in_risk_levels" };
    policy[condition] = json!(["medium", "high"]);
    megan(json!({"risk": risk}), policy)
}

/// Nestor of Fabrikam is a guest at Contoso.
fn with_guest() -> Value {
    changed(json!({
        "single_sign_on": true,
        "users": {"nestor": {"guest_of": {"contoso": {"object_id": "c2d9b6f4-3a71-4e0c-8b55-000000c01050"}}}},
    }))
}

/// The same, where Fabrikam holds the account for compromised, and Contoso blocks such users.
fn guest_at_risk() -> Value {
    let mut world = with_guest();
    world["users"]["nestor"]["risk"] = json!({"user": "high"});
    let mut blocking = policy(json!(["block"]));
    blocking["user_risk_levels"] = json!(["high"]);
    world["policies"] = json!({"conditional_access": {"the-policy": blocking}});
    world
}

/// The same, where Fabrikam lets its users go nowhere.
fn outbound_blocked() -> Value {
    let mut world = with_guest();
    world["tenants"]["fabrikam"]["cross_tenant_access"] = json!({"default_settings": {"outbound": "blocked"}});
    world
}

/// The same, where Contoso lets nobody of Fabrikam in.
fn inbound_blocked() -> Value {
    let mut world = with_guest();
    world["tenants"]["contoso"]["cross_tenant_access"] = json!({"organizations": {"fabrikam": {"inbound": "blocked"}}});
    world
}

fn guest_signs_in(world: Value) -> Seen {
    let lab = Lab::of(world);
    let mut browser = Browser::new(&lab);
    browser.open(&format!("/{TENANT}/oauth2/v2.0/authorize"), &v2(DEFAULT));
    browser.sign_in("nestor@fabrikam.com", "Northwind-9")
}

/// The world becomes this one after the guest has signed in.
fn guest_refreshes(world: Value) -> Seen {
    let (lab, token) = guest_with_refresh_token();
    lab.replace(world);
    lab.post(TENANT_TOKEN, &form(&refresh(&token)))
}

/// The same, and the application asks without a page.
fn guest_silently(world: Value) -> Seen {
    let authorize = format!("/{TENANT}/oauth2/v2.0/authorize");
    let lab = Lab::of(with_guest());
    let mut browser = Browser::new(&lab);
    browser.open(&authorize, &v2(DEFAULT));
    browser.sign_in("nestor@fabrikam.com", "Northwind-9");
    lab.replace(world);
    browser.open(&authorize, &with(&v2(DEFAULT), "prompt", "none"))
}

fn guest_with_refresh_token() -> (Lab, String) {
    let lab = Lab::of(with_guest());
    let mut browser = Browser::new(&lab);
    browser.open(&format!("/{TENANT}/oauth2/v2.0/authorize"), &v2(DEFAULT));
    let mut seen = browser.sign_in("nestor@fabrikam.com", "Northwind-9");
    if seen.body.contains("acceptForm") {
        seen = browser.press("idSIButton9", &[]);
    }
    let code = returned(&seen, "code").unwrap_or_else(|| panic!("{}", seen.body));
    let seen = lab.post(TENANT_TOKEN, &form(&redeem(&code)));
    let token = seen.json()["refresh_token"].as_str().unwrap_or_else(|| panic!("{}", seen.body)).to_owned();
    (lab, token)
}

/// Megan's own machine is compliant, as the policy demands.
fn managed_devices() -> Value {
    megan(json!({"device": "compliant"}), policy(json!(["compliant_device"])))
}

/// The world, in which the client allows public client flows.
fn with_public_client(mut world: Value) -> Value {
    world["apps"]["client"]["allow_public_client"] = json!(true);
    world
}

/// Megan types the code that a device shows.
fn typed_for_device(world: Value) -> Seen {
    let lab = Lab::of(with_public_client(world));
    let started = device::start(&lab);
    let mut browser = Browser::new(&lab);
    device::enter(&mut browser, &started);
    browser.sign_in("megan@contoso.com", PASSWORD)
}

/// She did so before there was a policy, and the device comes for its tokens.
fn polled_under(world: Value) -> Seen {
    let lab = Lab::of(device::public_client());
    let started = device::start(&lab);
    let mut browser = Browser::new(&lab);
    device::enter(&mut browser, &started);
    browser.sign_in("megan@contoso.com", PASSWORD);
    lab.replace(with_public_client(world));
    device::poll(&lab, &started)
}

fn deleted() -> Value {
    megan(json!({"device": "deleted"}), policy(json!(["compliant_device"])))
}

fn frequency_world() -> Value {
    let mut policy = policy(json!(["mfa"]));
    policy["grant"] = Value::Null;
    policy["session"] = json!({"sign_in_frequency": {"hours": 1}});
    megan(json!({}), policy)
}

fn with_session(mut world: Value, session: Value) -> Value {
    world["policies"]["conditional_access"]["the-policy"]["session"] = session;
    world
}

fn security_defaults() -> Value {
    changed(json!({"single_sign_on": true, "tenants": {"contoso": {"security_defaults": true}}}))
}

fn signed_in(world: Value) -> Seen {
    super::megan(world, V2_AUTHORIZE, &v2(DEFAULT))
}

/// Signs in while there is no policy, and then asks without a page.
fn silent(world: Value) -> Seen {
    let lab = Lab::of(changed(json!({"single_sign_on": true})));
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    browser.sign_in("megan@contoso.com", PASSWORD);
    lab.replace(world);
    browser.open(V2_AUTHORIZE, &with(&v2(DEFAULT), "prompt", "none"))
}

fn redeemed(lab: &Lab, code: &str) -> String {
    let seen = lab.post(V2_TOKEN, &form(&redeem(code)));
    seen.json()["refresh_token"].as_str().unwrap_or_else(|| panic!("{}", seen.body)).to_owned()
}

fn refresh_token(lab: &Lab) -> String {
    redeemed(lab, &lab.code(V2_AUTHORIZE, &v2(DEFAULT)))
}

fn refresh_token_after_mfa(lab: &Lab) -> String {
    let mut browser = at_second_factor(lab);
    let seen = browser.give_second_factor();
    redeemed(lab, &returned(&seen, "code").unwrap_or_else(|| panic!("{}", seen.body)))
}

/// Signs in while there is no policy, and then refreshes.
fn refreshed_under(world: Value) -> Seen {
    let lab = Lab::new();
    let token = refresh_token(&lab);
    lab.replace(world);
    lab.post(V2_TOKEN, &form(&refresh(&token)))
}

/// Signs in while there is no policy, and then the middle tier goes on to an API that the policy protects.
fn exchanged_under(mut world: Value) -> Seen {
    let lab = Lab::of(world_of_middle_tier());
    let token = called_with(&lab, DEFAULT, "access_token");
    world["consents"] = world_of_middle_tier()["consents"].take();
    world["policies"]["conditional_access"]["the-policy"]["target_resources"] = json!({"include": ["modern"]});
    lab.replace(world);
    lab.post(TENANT_TOKEN, &form(&on_behalf_of(&token, THINGS)))
}

/// A browser that has the page of the second factor before it.
fn at_second_factor(lab: &Lab) -> Browser<'_> {
    let mut browser = Browser::new(lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    browser.sign_in("megan@contoso.com", PASSWORD);
    browser
}

#[test]
fn a_captured_answer_has_the_same_members() {
    let seen = refreshed_under(mfa_world());
    assert_eq!(seen.status, 400);
    let body = seen.json();
    assert_eq!(super::names(&body), [&super::ENVELOPE[..], &["suberror", "claims"]].concat());
    assert_eq!((&body["error"], &body["suberror"]), (&json!("invalid_grant"), &json!("basic_action")));
    assert!(body["error_description"].as_str().unwrap().contains(SERVER), "it names the resource");
    assert_eq!(
        body["claims"],
        r#"{"access_token":{"capolids":{"essential":true,"values":["00000000-0000-4000-8000-0000000000ca"]}}}"#
    );
}

/// Client libraries open a page by `error` and `suberror`; these are the values that MSAL knows.
#[test]
fn client_libraries_learn_what_would_help() {
    let known = ["basic_action", "additional_action", "message_only", "bad_token", "token_expired"];
    for (number, _, cause) in CAUSES {
        let seen = cause();
        let Ok(body) = serde_json::from_str::<Value>(&seen.body) else { continue };
        let is_helpful = body["error"] == "interaction_required"
            || body["suberror"].as_str().is_some_and(|suberror| known.contains(&suberror))
            // brokers answer the challenge for a device, and enrol an app in Intune; of 50005 there is a capture without
            || [50_005, 50_097, 53_005].contains(number)
            // administrators of two tenants, and nobody at a page, can help
            || [500_212, 500_213].contains(number)
            || body["suberror"] == "device_authentication_failed";
        assert!(is_helpful, "{number}: {body}");
    }
}

#[test]
fn a_silent_request_learns_which_claims_to_repeat() {
    let seen = silent(mfa_world());
    assert_eq!(returned(&seen, "error").as_deref(), Some("interaction_required"));
    assert!(returned(&seen, "claims").unwrap().contains("capolids"));
    assert_eq!(returned(&seen, "state").as_deref(), Some("s"));
}

/// A middle tier has no page: it is told to hand the challenge on. The caller answers it, and the middle tier goes on.
#[test]
fn a_middle_tier_is_told_that_interaction_is_required_and_which_claims_to_hand_on() {
    let is_on_behalf_of = |seen: &Seen| seen.request.contains("requested_token_use");
    let refused: Vec<Seen> = CAUSES.iter().map(|(_, _, cause)| cause()).filter(is_on_behalf_of).collect();
    assert_eq!(refused.len(), 8);
    for seen in refused {
        let body = seen.json();
        assert_eq!((seen.status.as_u16(), &body["error"]), (400, &json!("interaction_required")), "{body}");
        let suberror = match seen.aadsts() {
            Some(50_076 | 50_079) => json!("basic_action"),
            Some(50_158) => Value::Null,
            _ => json!("message_only"),
        };
        assert_eq!(body["suberror"], suberror, "{body}");
        assert!(body["claims"].as_str().is_some_and(|claims| claims.contains("capolids")), "{body}");
    }
}
