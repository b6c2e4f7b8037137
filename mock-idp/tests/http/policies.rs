//! The pages of Conditional Access, and what tokens say of them.

use serde_json::{Value, json};

use crate::support::*;

/// The world with single sign-on, and a policy for everybody that demands `grant` for the server.
fn world_with(megan: Value, grant: Value) -> Value {
    let policy = json!({
        "tenant": "contoso", "users": {"include": ["all"]}, "target_resources": {"include": ["server"]}, "grant": grant,
    });
    changed(json!({
        "single_sign_on": true, "users": {"megan": megan}, "policies": {"conditional_access": {"the-policy": policy}},
    }))
}

fn mfa_world() -> Value {
    world_with(json!({"mfa": {"registered": true}}), json!({"controls": ["mfa"]}))
}

fn tokens(lab: &Lab, seen: &Seen) -> Value {
    let code = returned(seen, "code").unwrap_or_else(|| panic!("no code: {:?} {}", seen.location(), seen.body));
    lab.post(V2_TOKEN, &form(&redeem(&code))).json()
}

fn started<'l>(lab: &'l Lab, scope: &'static str) -> (Browser<'l>, Seen) {
    let mut browser = Browser::new(lab);
    browser.open(V2_AUTHORIZE, &v2(scope));
    let seen = browser.sign_in("megan@contoso.com", PASSWORD);
    (browser, seen)
}

#[test]
fn a_second_factor_is_asked_for_once_and_told_in_amr() {
    let lab = Lab::of(mfa_world());
    let (mut browser, page) = started(&lab, DEFAULT);
    assert!(page.body.contains("Enter code") && page.body.contains("the-policy"), "{}", page.body);
    let body = tokens(&lab, &browser.give_second_factor());
    assert_eq!(claims(body["access_token"].as_str().unwrap())["amr"], json!(["pwd", "mfa"]));
    // the session remembers it, and so does the refresh token
    let again = browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    assert_eq!(claims(tokens(&lab, &again)["access_token"].as_str().unwrap())["amr"], json!(["pwd", "mfa"]));
    let refreshed = lab.post(V2_TOKEN, &form(&refresh(body["refresh_token"].as_str().unwrap()))).json();
    assert_eq!(claims(refreshed["access_token"].as_str().unwrap())["amr"], json!(["pwd", "mfa"]));
}

#[test]
fn a_wrong_code_asks_again_and_the_right_one_goes_on() {
    let lab = Lab::of(mfa_world());
    let (mut browser, _) = started(&lab, DEFAULT);
    let seen = browser.press("idSubmit_SAOTCC_Continue", &[("otc", "123")]);
    assert_eq!((seen.aadsts(), seen.refusing()), (Some(500_121), Some("mfa.code")));
    assert!(seen.body.contains("the-policy"), "{}", seen.body);
    assert!(returned(&browser.give_second_factor(), "code").is_some());
}

/// Neither by the same form again, nor in another browser, nor by the right one at last.
#[test]
fn codes_cannot_be_tried_out_one_after_the_other() {
    let lab = Lab::of(mfa_world());
    let (mut browser, _) = started(&lab, DEFAULT);
    let page = browser.page.clone();
    let mut again = |typed: &str| {
        browser.page.clone_from(&page);
        browser.press("idSubmit_SAOTCC_Continue", &[("otc", typed)]).aadsts()
    };
    let seen: Vec<_> = (0..5).map(|_| again("000 000")).collect();
    assert_eq!(seen, [Some(500_121), Some(500_121), Some(500_121), Some(500_121), Some(50_074)]);
    let (mut other, _) = started(&lab, DEFAULT);
    assert_eq!(other.give_second_factor().aadsts(), Some(50_074), "not even the right one");
    // until there is another code
    lab.advance(5);
    let (mut other, _) = started(&lab, DEFAULT);
    assert!(returned(&other.give_second_factor(), "code").is_some());
}

#[test]
fn who_has_no_second_factor_is_led_through_the_registration_once() {
    let lab = Lab::of(world_with(json!({}), json!({"controls": ["mfa"]})));
    let (mut browser, page) = started(&lab, DEFAULT);
    assert!(page.body.contains("More information required"), "{}", page.body);
    assert!(returned(&browser.give_second_factor(), "code").is_some());
    let (_, page) = started(&lab, DEFAULT);
    assert!(page.body.contains("Enter code"), "{}", page.body);
}

#[test]
fn cancelling_sends_the_browser_back_without_a_code() {
    let lab = Lab::of(mfa_world());
    let (mut browser, _) = started(&lab, DEFAULT);
    let seen = browser.press("idBtn_Back", &[]);
    assert_eq!(returned(&seen, "error").as_deref(), Some("access_denied"));
    assert_eq!(returned(&seen, "error_subcode").as_deref(), Some("cancel"));
}

#[test]
fn step_up_is_asked_of_a_session_that_had_a_password_only() {
    let lab = Lab::of(mfa_world());
    let (mut browser, seen) = started(&lab, "https://graph.microsoft.com/.default");
    assert!(returned(&seen, "code").is_some(), "Microsoft Graph is not protected: {}", seen.body);
    let page = browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    assert!(page.body.contains("Enter code"), "{}", page.body);
    assert!(returned(&browser.give_second_factor(), "code").is_some());
}

#[test]
fn a_refresh_for_a_protected_resource_needs_the_second_factor() {
    let lab = Lab::of(mfa_world());
    let (_, seen) = started(&lab, "https://graph.microsoft.com/.default offline_access");
    let token = tokens(&lab, &seen)["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(lab.post(V2_TOKEN, &form(&refresh(&token))).status, 200);
    let seen = lab.post(V2_TOKEN, &form(&with(&refresh(&token), "scope", DEFAULT)));
    assert_eq!(seen.aadsts(), Some(50_076));
}

/// The forms of later pages are no way around the page of the second factor.
#[test]
fn no_other_form_steps_over_the_second_factor() {
    let lab = Lab::of(mfa_world());
    for action in ["/common/consent/set", "/common/consent/request", "/common/TermsOfUse/accept"] {
        let (mut browser, _) = started(&lab, DEFAULT);
        let stolen = browser.form_of("idSubmit_SAOTCC_Continue").fields["flowToken"].clone();
        let seen = browser.send(post(action, &form(&[("flowToken", &stolen), ("decision", "accept")])));
        assert!(seen.body.contains("Enter code"), "{action}: {}", seen.body);
    }
    // and a form of the sign-in page has no sign-in before it
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    let stolen = browser.form_of("idSIButton9").fields["flowToken"].clone();
    for action in ["/common/SAS/ProcessAuth", "/common/TermsOfUse/accept"] {
        let seen = browser.send(post(action, &form(&[("flowToken", &stolen), ("decision", "accept"), ("otc", "1")])));
        assert_eq!(seen.aadsts(), Some(165_900), "{action}");
    }
}

#[test]
fn terms_of_use_are_accepted_once() {
    let lab = Lab::of(world_with(json!({}), json!({"controls": ["terms_of_use"]})));
    let (mut browser, page) = started(&lab, DEFAULT);
    assert!(page.body.contains("Contoso Terms of Use"), "{}", page.body);
    assert!(returned(&browser.press("idSIButton9", &[]), "code").is_some());
    assert!(returned(&started(&lab, DEFAULT).1, "code").is_some());
}

#[test]
fn one_of_several_controls_is_enough_where_the_policy_says_so() {
    let grant = json!({"operator": "or", "controls": ["compliant_device", "mfa"]});
    let lab = Lab::of(world_with(json!({"device": "compliant"}), grant.clone()));
    assert!(returned(&started(&lab, DEFAULT).1, "code").is_some());
    let lab = Lab::of(world_with(json!({"mfa": {"registered": true}}), grant));
    let (mut browser, page) = started(&lab, DEFAULT);
    assert!(page.body.contains("Enter code"), "{}", page.body);
    assert!(returned(&browser.give_second_factor(), "code").is_some());
}

#[test]
fn a_guests_device_is_believed_where_the_tenant_trusts_the_other_ones() {
    let (mut world, guest) = (
        world_with(json!({}), json!({"controls": ["compliant_device"]})),
        json!({"contoso": {
            "object_id": "c2d9b6f4-3a71-4e0c-8b55-000000c01050",
        }}),
    );
    world["users"]["nestor"]["guest_of"] = guest;
    world["users"]["nestor"]["device"] = json!("compliant");
    let signed_in = |world: &Value| {
        let lab = Lab::of(world.clone());
        let mut browser = Browser::new(&lab);
        browser.open(&format!("/{TENANT}/oauth2/v2.0/authorize"), &v2(DEFAULT));
        browser.sign_in("nestor@fabrikam.com", "Northwind-9")
    };
    assert_eq!(signed_in(&world).aadsts(), Some(53_000));
    let trusting = |trust: &str| json!({"organizations": {"fabrikam": {trust: true}}});
    world["tenants"]["contoso"]["cross_tenant_access"] = trusting("trust_hybrid_joined_devices");
    assert_eq!(signed_in(&world).aadsts(), Some(53_000));
    world["tenants"]["contoso"]["cross_tenant_access"] = trusting("trust_compliant_devices");
    let seen = signed_in(&world);
    assert_eq!(seen.aadsts(), None, "{}", seen.body);
}

/// What one tenant says of another takes the place of what it says of all; nobody's own users are asked.
#[test]
fn cross_tenant_access_is_judged_at_home_first_and_for_guests_alone() {
    let mut world = changed(json!({"users": {"nestor": {"guest_of": {"contoso": {
        "object_id": "c2d9b6f4-3a71-4e0c-8b55-000000c01050",
    }}}}}));
    let signed_in = |world: &Value, name: &str, password: &str| {
        let lab = Lab::of(world.clone());
        let mut browser = Browser::new(&lab);
        browser.open(&format!("/{TENANT}/oauth2/v2.0/authorize"), &v2(DEFAULT));
        browser.sign_in(name, password).aadsts()
    };
    let all = json!({"default_settings": {"inbound": "blocked", "outbound": "blocked"}});
    for tenant in ["contoso", "fabrikam"] {
        world["tenants"][tenant]["cross_tenant_access"] = all.clone();
    }
    let nestor = |world: &Value| signed_in(world, "nestor@fabrikam.com", "Northwind-9");
    assert_eq!(nestor(&world), Some(500_212));
    world["tenants"]["fabrikam"]["cross_tenant_access"]["organizations"] = json!({"contoso": {}});
    assert_eq!(nestor(&world), Some(500_213));
    assert_eq!(signed_in(&world, "megan@contoso.com", PASSWORD), None);
    world["tenants"]["contoso"]["cross_tenant_access"]["organizations"] = json!({"fabrikam": {}});
    assert_eq!(nestor(&world), None);
}

#[test]
fn security_defaults_register_everybody_and_ask_administrators() {
    let lab = Lab::of(changed(json!({
        "tenants": {"contoso": {"security_defaults": true}},
        "users": {"megan": {"mfa": {"registered": true}}, "admin": {"mfa": {"registered": true}}},
    })));
    assert!(returned(&started(&lab, DEFAULT).1, "code").is_some(), "a member with a second factor goes on");
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    let page = browser.sign_in("admin@contoso.com", "Fabrikam-Global-1");
    assert!(page.body.contains("security defaults"), "{}", page.body);
}

#[test]
fn a_session_that_is_too_old_signs_in_again() {
    let mut world = world_with(json!({}), Value::Null);
    let policy = &mut world["policies"]["conditional_access"]["the-policy"];
    policy["session"] = json!({"sign_in_frequency": {"hours": 1}});
    let lab = Lab::of(world);
    let (mut browser, seen) = started(&lab, DEFAULT);
    assert!(returned(&seen, "code").is_some());
    lab.advance(60);
    assert!(returned(&browser.open(V2_AUTHORIZE, &v2(DEFAULT)), "code").is_some(), "an hour is not over yet");
    lab.advance(1);
    let page = browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    assert!(page.body.contains("passwd"), "{}", page.body);
    assert!(returned(&browser.sign_in("megan@contoso.com", PASSWORD), "code").is_some());
}

#[test]
fn a_place_decides_where_the_policy_says_so() {
    let mut world =
        world_with(json!({"location": {"ip_address": "203.0.113.9", "country": "DE"}}), json!({"controls": ["block"]}));
    let policies = &mut world["policies"];
    policies["named_locations"] =
        json!({"office": {"ip_ranges": ["203.0.113.0/24"], "trusted": true}, "far": {"countries": ["NZ"]}});
    let mut with = |locations: Value| {
        policies["conditional_access"]["the-policy"]["locations"] = locations;
        let mut world = world_with(json!({"location": {"ip_address": "203.0.113.9", "country": "DE"}}), Value::Null);
        world["policies"] = policies.clone();
        let lab = Lab::of(world);
        let seen = started(&lab, DEFAULT).1;
        returned(&seen, "code").is_some()
    };
    assert!(!with(json!({"include": ["all"]})));
    assert!(!with(json!({"include": ["office"]})));
    assert!(with(json!({"include": ["all"], "exclude": ["trusted"]})));
    assert!(with(json!({"include": ["far"]})));
    assert!(!with(json!({"include": ["all"], "exclude": ["far"]})));
}

#[test]
fn tokens_tell_where_the_user_is() {
    let lab = Lab::of(changed(json!({"users": {"megan": {"location": {"ip_address": "203.0.113.9"}}}})));
    let body = tokens(&lab, &started(&lab, DEFAULT).1);
    assert_eq!(claims(body["access_token"].as_str().unwrap())["ipaddr"], "203.0.113.9");
}

/// What a policy did, or why it did nothing, is told for every policy.
#[test]
fn every_policy_leaves_a_line_that_says_why() {
    let told = |change: Value| {
        let mut world = mfa_world();
        for (name, value) in change.as_object().unwrap() {
            world["policies"]["conditional_access"]["the-policy"][name] = value.clone();
        }
        let lab = Lab::of(world);
        let seen = started(&lab, DEFAULT).1;
        assert!(returned(&seen, "code").is_some(), "{change}: {}", seen.body);
        let result = seen.checks.0.into_iter().find(|result| result.check.name() == "conditional_access.satisfied");
        result.unwrap().received
    };
    for (change, part) in [
        (json!({"state": "disabled"}), "it is off"),
        (json!({"state": "report_only"}), "it would demand multifactor authentication"),
        (json!({"users": {"include": ["admin"]}}), "megan@contoso.com is not included"),
        (json!({"users": {"include": ["all"], "exclude": ["megan"]}}), "megan@contoso.com is excluded"),
        (json!({"users": {"include_roles": ["global_administrator"]}}), "is not included"),
        (json!({"target_resources": {"include": ["modern"]}}), "does not protect"),
        (json!({"target_resources": {"include": ["all"], "exclude": ["server", "client"]}}), "does not protect"),
        (json!({"client_app_types": ["mobile_apps_and_desktop_clients"]}), "other kinds of clients"),
    ] {
        let received = told(change);
        assert!(received.contains(part), "{received}");
    }
}

/// The world with a policy for the authentication context `c1` that demands a second factor.
fn context_world() -> Value {
    let mut world = mfa_world();
    world["policies"]["conditional_access"]["the-policy"]["target_resources"] =
        json!({"authentication_contexts": ["c1"]});
    world
}

const STEP_UP: &str = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;

#[test]
fn an_authentication_context_is_satisfied_by_a_step_up_and_told_in_acrs() {
    let lab = Lab::of(context_world());
    let (mut browser, seen) = started(&lab, DEFAULT);
    let before = tokens(&lab, &seen);
    assert_eq!(claims(before["access_token"].as_str().unwrap())["acrs"], Value::Null);
    // the resource challenges, and the client repeats the claims
    let page = browser.open(V2_AUTHORIZE, &with(&v2(DEFAULT), "claims", STEP_UP));
    assert!(page.body.contains("Enter code"), "{}", page.body);
    let after = tokens(&lab, &browser.give_second_factor());
    assert_eq!(claims(after["access_token"].as_str().unwrap())["acrs"], json!(["c1"]));
    // a refresh keeps it
    let refreshed = lab.post(V2_TOKEN, &form(&refresh(after["refresh_token"].as_str().unwrap()))).json();
    assert_eq!(claims(refreshed["access_token"].as_str().unwrap())["acrs"], json!(["c1"]));
    // and a refresh cannot reach it without the page
    let token = before["refresh_token"].as_str().unwrap();
    let seen = lab.post(V2_TOKEN, &form(&with(&refresh(token), "claims", STEP_UP)));
    assert_eq!(seen.aadsts(), Some(50_076));
    assert_eq!(seen.json()["claims"], STEP_UP);
}

#[test]
fn a_client_that_understands_challenges_gets_a_long_token_for_microsoft_graph() {
    let lab = Lab::new();
    let of = |scope: &'static str, capability: bool| {
        let code = lab.code(V2_AUTHORIZE, &v2(scope));
        let claims_parameter = if capability { r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"# } else { "" };
        let body = lab.post(V2_TOKEN, &form(&with(&redeem(&code), "claims", claims_parameter))).json();
        let token = claims(body["access_token"].as_str().unwrap_or_else(|| panic!("{body}")));
        (body["expires_in"].clone(), body["refresh_in"].clone(), token["xms_cc"].clone())
    };
    let graph = "https://graph.microsoft.com/.default";
    assert_eq!(of(graph, true), (json!(86_399), json!(43_199), json!(["cp1"])));
    assert_eq!(of(graph, false), (json!(3_599), Value::Null, Value::Null));
    // an API of one's own has not opted in
    assert_eq!(of(DEFAULT, true), (json!(3_599), Value::Null, Value::Null));
    lab.replace(changed(json!({"apps": {"server": {"optional_claims": {"access_token": ["xms_cc"]}}}})));
    assert_eq!(of(DEFAULT, true), (json!(3_599), Value::Null, json!(["cp1"])));
    assert_eq!(of(DEFAULT, false), (json!(3_599), Value::Null, Value::Null));
}

#[test]
fn a_proxy_that_permits_the_tenant_changes_nothing() {
    let lab = Lab::new();
    for permitted in ["contoso.com", "fabrikam.com, CONTOSO.onmicrosoft.com", TENANT] {
        let mut browser = Browser::new(&lab);
        browser.open(V2_AUTHORIZE, &v2(DEFAULT));
        let page = browser.form_of("idSIButton9");
        let fields = [("flowToken", page.fields["flowToken"].as_str()), ("decision", "accept")];
        let typed = [("loginfmt", "megan@contoso.com"), ("passwd", PASSWORD)];
        let mut request = post(&page.action, &form(&[&fields[..], &typed[..]].concat()));
        request.headers_mut().insert("restrict-access-to-tenants", permitted.parse().unwrap());
        let seen = browser.send(request);
        assert!(returned(&seen, "code").is_some(), "{permitted}: {}", seen.body);
    }
}
