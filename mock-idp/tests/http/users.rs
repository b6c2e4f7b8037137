//! The states of a user: what each keeps from whom, and what ends it.

use serde_json::json;

use crate::causes::users::{of_megan, ropc};
use crate::support::*;

const NEW: &str = "Another-Password-8";

/// Opens a sign-in and types megan's name with `password`.
fn try_in<'l>(lab: &'l Lab, password: &str) -> (Browser<'l>, Seen) {
    let mut browser = Browser::new(lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    let seen = browser.sign_in("megan@contoso.com", password);
    (browser, seen)
}

fn change(browser: &mut Browser<'_>, current: &str, new: &str, again: &str) -> Seen {
    browser.press("idSIButton9", &[("currentPassword", current), ("newPassword", new), ("confirmNewPassword", again)])
}

fn code_of(seen: &Seen) -> Option<String> {
    returned(seen, "code")
}

#[test]
fn an_expired_password_is_changed_on_the_page_and_the_sign_in_goes_on() {
    for state in ["password_expired", "must_change_password"] {
        let lab = Lab::of(of_megan(json!({state: true})));
        let (mut browser, seen) = try_in(&lab, PASSWORD);
        assert_eq!((seen.aadsts(), seen.refusing()), (Some(50_055), Some("user.password_current")), "{state}");
        for name in ["currentPassword", "newPassword", "confirmNewPassword"] {
            assert!(seen.body.contains(&format!("name=\"{name}\"")), "{name}");
        }
        let seen = change(&mut browser, PASSWORD, NEW, "Another-Password-9");
        assert!(seen.body.contains("data-differ"), "{}", seen.body);
        let seen = change(&mut browser, "wrong", NEW, NEW);
        assert_eq!(seen.aadsts(), Some(120_000));
        assert!(code_of(&change(&mut browser, PASSWORD, NEW, NEW)).is_some());
        assert_eq!(try_in(&lab, PASSWORD).1.aadsts(), Some(50_126), "the old one is good for nothing");
        assert!(code_of(&try_in(&lab, NEW).1).is_some());
    }
}

#[test]
fn a_password_set_on_the_page_outlives_a_change_of_the_world_but_not_one_of_the_password() {
    let expired = json!({"password_expired": true});
    let lab = Lab::of(of_megan(expired.clone()));
    let (mut browser, _) = try_in(&lab, PASSWORD);
    change(&mut browser, PASSWORD, NEW, NEW);
    let mut world = of_megan(expired);
    world["tenants"]["contoso"]["display_name"] = json!("Contoso Ltd");
    lab.replace(world);
    assert!(code_of(&try_in(&lab, NEW).1).is_some());
    lab.replace(of_megan(json!({"password": "Reset-By-Admin-1"})));
    assert_eq!(try_in(&lab, NEW).1.aadsts(), Some(50_126));
    assert!(code_of(&try_in(&lab, "Reset-By-Admin-1").1).is_some());
}

#[test]
fn the_page_for_a_new_password_is_no_way_around_the_password() {
    let lab = Lab::new();
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    let mut form_of_sign_in = browser.form_of("idSIButton9");
    for (name, value) in [("currentPassword", PASSWORD), ("newPassword", NEW), ("confirmNewPassword", NEW)] {
        form_of_sign_in.fields.insert(name.to_owned(), value.to_owned());
    }
    let pairs: Vec<_> = form_of_sign_in.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let seen = browser.send(post("/common/changepassword", &form(&pairs)));
    assert_eq!((seen.aadsts(), seen.refusing()), (Some(165_900), Some("request.interaction")));
    assert_eq!(try_in(&lab, NEW).1.aadsts(), Some(50_126), "nothing was changed");
}

#[test]
fn cancelling_the_page_for_a_new_password_goes_back_to_the_application() {
    let lab = Lab::of(of_megan(json!({"password_expired": true})));
    let (mut browser, _) = try_in(&lab, PASSWORD);
    let seen = browser.press("idBtn_Back", &[]);
    assert_eq!(seen.location(), Some(&*format!("{REDIRECT}?error=access_denied&error_subcode=cancel&state=s#")));
}

#[test]
fn atk_g12_names_and_passwords_are_told_apart_as_at_entra_and_wrong_ones_lock_for_a_minute() {
    let lab = Lab::of(changed(json!({"tenants": {"contoso": {"lockout_threshold": 3}}})));
    let wrong = |password: &str| try_in(&lab, password).1;
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    assert_eq!(browser.sign_in("nobody@contoso.com", "x").aadsts(), Some(50_034));
    let seen = wrong("wrong 1");
    assert_eq!(seen.aadsts(), Some(50_126));
    assert!(seen.checks.refusal().unwrap().received.contains("the answer says that the user exists"));
    assert_eq!(wrong("wrong 2").aadsts(), Some(50_126));
    for _ in 0..5 {
        assert_eq!(wrong("wrong 2").aadsts(), Some(50_126), "the same wrong password counts once");
    }
    assert_eq!(wrong("wrong 3").aadsts(), Some(50_126));
    assert_eq!(wrong(PASSWORD).aadsts(), Some(50_053), "the right one does not help");
    lab.advance(1);
    assert_eq!(wrong("wrong 4").aadsts(), Some(50_126));
    assert_eq!(wrong(PASSWORD).aadsts(), Some(50_053), "after a lock the next wrong one locks again");
    lab.advance(1);
    assert!(code_of(&wrong(PASSWORD)).is_some());
    assert_eq!(wrong("wrong 5").aadsts(), Some(50_126));
    assert!(code_of(&wrong(PASSWORD)).is_some(), "the right one began the count anew");
}

/// A client's refresh token, by whether the client is public.
fn refresh_token(lab: &Lab, is_public: bool) -> String {
    let (parameters, redirect, secret) = match is_public {
        true => (with(&v2(DEFAULT), "redirect_uri", "http://localhost/cb"), "http://localhost/cb", ""),
        false => (v2(DEFAULT), REDIRECT, SECRET),
    };
    let code = lab.code(V2_AUTHORIZE, &parameters);
    let request = with(&with(&redeem(&code), "redirect_uri", redirect), "client_secret", secret);
    let body = lab.post(V2_TOKEN, &form(&request)).json();
    body["refresh_token"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
}

fn refreshed(lab: &Lab, token: &str, is_public: bool) -> Seen {
    lab.post(V2_TOKEN, &form(&with(&refresh(token), "client_secret", if is_public { "" } else { SECRET })))
}

#[test]
fn a_changed_password_revokes_the_refresh_tokens_of_public_clients_only() {
    let lab = Lab::new();
    let tokens = [true, false].map(|is_public| (is_public, refresh_token(&lab, is_public)));
    lab.advance(2);
    lab.replace(of_megan(json!({"password_changed": "2026-01-15T09:01:00Z"})));
    let [(_, public), (_, confidential)] = &tokens;
    let seen = refreshed(&lab, public, true);
    let body = seen.json();
    assert_eq!((seen.aadsts(), seen.refusing()), (Some(50_173), Some("grant.not_revoked")));
    assert_eq!((&body["error"], &body["suberror"]), (&json!("invalid_grant"), &json!("bad_token")));
    let text = body["error_description"].as_str().unwrap();
    assert!(text.contains("'2026-01-15T09:00:00Z'") && text.contains("'2026-01-15T09:01:00Z'"), "{text}");
    assert_eq!(refreshed(&lab, confidential, false).status, 200);
    lab.replace(of_megan(json!({"sessions_valid_from": "2026-01-15T09:01:00Z"})));
    for (is_public, token) in &tokens {
        assert_eq!(refreshed(&lab, token, *is_public).aadsts(), Some(50_173), "revoking spares none");
    }
}

#[test]
fn a_code_from_before_the_revocation_is_good_for_nothing() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    lab.advance(2);
    lab.replace(of_megan(json!({"sessions_valid_from": "2026-01-15T09:01:00Z"})));
    assert_eq!(lab.post(V2_TOKEN, &form(&redeem(&code))).aadsts(), Some(50_173));
}

/// The users and clients of a refresh token that are gone, disabled, without consent or revoked.
#[test]
fn atk_b14_a_refresh_token_lives_no_longer_than_what_it_rests_on() {
    for (change, code) in [
        (json!({"users": {"megan": {"disabled": true}}}), 50_057),
        (json!({"users": {"megan": null}}), 50_034),
        (json!({"users": {"megan": {"sessions_valid_from": "2026-01-15T09:00:01Z"}}}), 50_173),
        (json!({"consents": {"client-on-server": null}}), 65_001),
        (
            json!({"apps": {"client": null}, "consents": {
                "client-on-graph": null, "client-on-server": null, "client-on-modern": null,
            }}),
            700_016,
        ),
    ] {
        let lab = Lab::new();
        let token = refresh_token(&lab, false);
        lab.replace(changed(change.clone()));
        let seen = refreshed(&lab, &token, false);
        assert_eq!(seen.aadsts(), Some(code), "{change}");
        lab.replace(world());
        assert_eq!(refreshed(&lab, &token, false).status, 200, "{change}");
    }
}

#[test]
fn a_session_of_a_user_who_was_disabled_meanwhile_lets_nobody_in() {
    let stays = |mut world: serde_json::Value| {
        world["single_sign_on"] = json!(true);
        world
    };
    let lab = Lab::of(stays(world()));
    let (mut browser, seen) = try_in(&lab, PASSWORD);
    assert!(code_of(&seen).is_some());
    lab.replace(stays(of_megan(json!({"disabled": true}))));
    let seen = browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    assert_eq!((seen.status.as_u16(), seen.aadsts(), seen.location()), (200, Some(50_057), None));
    let seen = browser.open(V2_AUTHORIZE, &with(&v2(DEFAULT), "prompt", "none"));
    assert_eq!(returned(&seen, "error").as_deref(), Some("interaction_required"));
    lab.replace(stays(of_megan(json!({"sessions_valid_from": "2026-01-15T09:00:01Z"}))));
    let seen = browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    assert!(seen.body.contains("id=\"i0118\""), "with pages the user signs in anew: {}", seen.body);
}

#[test]
fn a_name_and_a_password_are_good_for_tokens_where_nothing_has_to_be_asked() {
    let lab = Lab::new();
    for segment in ["organizations", TENANT, "contoso.com"] {
        let body = lab.post(&format!("/{segment}/oauth2/v2.0/token"), &form(&ropc())).json();
        assert_eq!(claims(body["access_token"].as_str().unwrap())["scp"], "user_impersonation", "{body}");
        assert_eq!(claims(body["id_token"].as_str().unwrap())["preferred_username"], "megan@contoso.com");
        assert!(body["refresh_token"].is_string());
    }
    let v1 = with(&with(&ropc(), "scope", ""), "resource", SERVER_URI);
    let body = lab.post("/organizations/oauth2/token", &form(&v1)).json();
    assert_eq!(body["resource"], SERVER_URI, "{body}");
    let of_another = with(&with(&ropc(), "username", "nestor@fabrikam.com"), "password", "Northwind-9");
    let seen = lab.post(&format!("/{TENANT}/oauth2/v2.0/token"), &form(&of_another));
    assert_eq!(seen.aadsts(), Some(50_020), "{}", seen.body);
    for name in ["username", "password", "scope"] {
        let seen = lab.post(&format!("/{TENANT}/oauth2/v2.0/token"), &form(&with(&ropc(), name, "")));
        assert!(seen.aadsts() == Some(900_144) && seen.body.contains(&format!("'{name}'")), "{}", seen.body);
    }
}

/// Whether a client without a secret may use a password is the setting "Allow public client flows".
#[test]
fn atk_b11_a_grant_that_is_switched_off_or_unknown_is_refused() {
    let path = format!("/{TENANT}/oauth2/v2.0/token");
    let without_secret = with(&ropc(), "client_secret", "");
    let seen = Lab::new().post(&path, &form(&without_secret));
    assert_eq!((seen.status.as_u16(), seen.aadsts()), (401, Some(7_000_218)));
    let fix = seen.checks.refusal().unwrap().fix.clone().unwrap();
    assert!(fix.contains("idp.apps.client.allow_public_client"), "{fix}");
    let public = || Lab::of(changed(json!({"apps": {"client": {"allow_public_client": true}}})));
    assert_eq!(public().post(&path, &form(&without_secret)).status, 200);
    assert_eq!(public().post(&path, &form(&ropc())).aadsts(), Some(700_025));
    let seen = Lab::new().post(&path, &form(&with(&ropc(), "grant_type", "no_such_grant")));
    assert_eq!(seen.json()["error"], "unsupported_grant_type");
}

#[test]
fn wrong_passwords_lock_at_every_door() {
    let lab = Lab::new();
    let path = format!("/{TENANT}/oauth2/v2.0/token");
    for number in 0..10 {
        let wrong = format!("wrong {number}");
        assert_eq!(lab.post(&path, &form(&with(&ropc(), "password", &wrong))).aadsts(), Some(50_126));
    }
    let seen = lab.post(&path, &form(&ropc()));
    assert_eq!((seen.aadsts(), &seen.json()["error"]), (Some(50_053), &json!("invalid_grant")));
    assert_eq!(try_in(&lab, PASSWORD).1.aadsts(), Some(50_053));
}

#[test]
fn an_expired_password_tells_client_libraries_to_ask_the_user() {
    let lab = Lab::of(of_megan(json!({"must_change_password": true})));
    let body = lab.post(&format!("/{TENANT}/oauth2/v2.0/token"), &form(&ropc())).json();
    assert_eq!((&body["error"], &body["suberror"]), (&json!("invalid_grant"), &json!("user_password_expired")));
}

#[test]
fn the_realm_of_a_user_name_is_told_as_msal_asks_for_it() {
    let lab = Lab::new();
    let seen = lab.get("/common/UserRealm/megan%40contoso.com?api-version=1.0");
    assert_eq!(
        seen.json(),
        json!({
            "ver": "1.0", "account_type": "Managed", "domain_name": "contoso.com",
            "cloud_instance_name": "microsoftonline.com", "cloud_audience_urn": "urn:federation:MicrosoftOnline",
        })
    );
    let unknown = lab.get("/common/userrealm/a+b@nowhere.example?api-version=1.0").json();
    assert_eq!((&unknown["account_type"], unknown.get("domain_name")), (&json!("Unknown"), None));
    let second = lab.get("/common/userrealm/a+b@contoso.com?api-version=2.1").json();
    assert_eq!((&second["NameSpaceType"], &second["Login"]), (&json!("Managed"), &json!("a+b@contoso.com")));
    assert_eq!(second["FederationBrandName"], "Contoso");
    let hostile = lab.get("/common/userrealm/%22%3E%3Cscript%3E%ff?api-version=2.1");
    assert_eq!(
        (hostile.status.as_u16(), hostile.header("content-type")),
        (200, Some("application/json; charset=utf-8"))
    );
    assert_eq!(lab.post("/common/userrealm/x", "").status, 405);
}

#[test]
fn whether_a_user_exists_is_told_as_entras_page_asks_for_it() {
    let ask = |lab: &Lab, username: &str| {
        let body = json!({"Username": username, "isOtherIdpSupported": true, "flowToken": "a token"}).to_string();
        let request = http::Request::post("/common/GetCredentialType")
            .header("content-type", "application/json; charset=UTF-8")
            .body(axum::body::Body::from(body));
        lab.send(request.unwrap()).json()
    };
    let lab = Lab::new();
    let known = ask(&lab, "Megan@contoso.com");
    assert_eq!((&known["IfExistsResult"], &known["ThrottleStatus"]), (&json!(0), &json!(0)));
    assert_eq!((&known["Credentials"]["HasPassword"], &known["FlowToken"]), (&json!(true), &json!("a token")));
    assert_eq!(known["EstsProperties"]["DomainType"], 3);
    assert_eq!(ask(&lab, "nobody@contoso.com")["IfExistsResult"], 1);
    let without = Lab::of(of_megan(json!({"password": null})));
    assert_eq!(ask(&without, "megan@contoso.com")["Credentials"]["HasPassword"], false);
    for (kind, body) in [("application/json", "[1"), ("text/plain", "{\"Username\":\"x\"}"), ("application/json", "{}")]
    {
        let request = http::Request::post("/common/getcredentialtype").header("content-type", kind);
        let seen = lab.send(request.body(axum::body::Body::from(body)).unwrap());
        assert_eq!((seen.status.as_u16(), seen.refusing()), (400, Some("request.parameter_present")), "{body}");
    }
}
