//! What keeps a user out, and what ends a session or grant before its time.

use serde_json::{Value, json};

use super::{Cause, megan, signed_in};
use crate::support::*;

pub const CAUSES: &[Cause] = &[
    (50_053, "user.not_locked", || megan(of_megan(json!({"locked": true})), V1_AUTHORIZE, &v1())),
    (50_053, "user.not_locked", || {
        let lab = Lab::new();
        let mut browser = Browser::new(&lab);
        browser.open(V1_AUTHORIZE, &v1());
        for number in 0..10 {
            browser.sign_in("megan@contoso.com", &format!("wrong {number}"));
        }
        browser.sign_in("megan@contoso.com", PASSWORD)
    }),
    (50_055, "user.password_current", || megan(of_megan(json!({"password_expired": true})), V1_AUTHORIZE, &v1())),
    (50_055, "user.password_current", || megan(of_megan(json!({"must_change_password": true})), V1_AUTHORIZE, &v1())),
    (50_056, "user.password_present", || {
        signed_in(of_megan(json!({"password": null})), V1_AUTHORIZE, &v1(), "megan@contoso.com", "x")
    }),
    (50_057, "user.enabled", || megan(of_megan(json!({"disabled": true})), V1_AUTHORIZE, &v1())),
    (50_057, "user.enabled", || refreshed_after(json!({"disabled": true}))),
    (50_132, "session.current", || silent_after(json!({"password_changed": LATER}))),
    (50_133, "session.current", || silent_after(json!({"sessions_valid_from": LATER}))),
    (50_034, "user.exists", || by_password(world(), &[("username", "who@contoso.com")])),
    (50_053, "user.not_locked", || by_password(of_megan(json!({"locked": true})), &[])),
    (50_055, "user.password_current", || by_password(of_megan(json!({"password_expired": true})), &[])),
    (50_056, "user.password_present", || by_password(of_megan(json!({"password": null})), &[])),
    (50_057, "user.enabled", || by_password(of_megan(json!({"disabled": true})), &[])),
    (50_059, "grant_type.tenant", || by_password(world(), &[("username", "who@nowhere.example")])),
    (50_126, "user.password", || by_password(world(), &[("password", "x")])),
    (50_144, "user.password_current", || {
        by_password(of_megan(json!({"password_expired": true, "on_premises": true})), &[])
    }),
    (65_001, "consent.granted", || by_password(changed(json!({"consents": {"client-on-server": null}})), &[])),
    (9_001_023, "grant_type.tenant", || Lab::new().post(V2_TOKEN, &form(&ropc()))),
    (50_144, "user.password_current", || {
        megan(of_megan(json!({"password_expired": true, "on_premises": true})), V1_AUTHORIZE, &v1())
    }),
    (50_173, "grant.not_revoked", || refreshed_after(json!({"sessions_valid_from": LATER}))),
    (120_000, "user.password", || new_password("wrong", "Another-Password-8")),
    (120_002, "user.new_password", || new_password(PASSWORD, "password")),
    (120_003, "user.new_password", || new_password(PASSWORD, "Megan-has-another-8")),
];

/// A token request with megan's password.
pub fn ropc() -> Vec<(&'static str, &'static str)> {
    vec![
        ("grant_type", "password"),
        ("client_id", CLIENT),
        ("client_secret", SECRET),
        ("username", "megan@contoso.com"),
        ("password", PASSWORD),
        ("scope", "openid profile offline_access api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation"),
    ]
}

fn by_password(world: Value, change: &[(&'static str, &'static str)]) -> Seen {
    let request = change.iter().fold(ropc(), |request, (name, value)| with(&request, name, value));
    Lab::of(world).post("/organizations/oauth2/v2.0/token", &form(&request))
}

/// A minute after the labs' start.
const LATER: &str = "2026-01-15T09:01:00Z";

/// The world with one change of megan.
pub fn of_megan(change: Value) -> Value {
    changed(json!({"users": {"megan": change}}))
}

/// Refreshes tokens after megan was changed, two minutes after the sign-in.
fn refreshed_after(change: Value) -> Seen {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    lab.advance(2);
    lab.replace(of_megan(change));
    lab.post(V2_TOKEN, &form(&refresh(body["refresh_token"].as_str().unwrap())))
}

/// Asks without pages after megan was changed, two minutes after the sign-in.
fn silent_after(change: Value) -> Seen {
    let stays = json!({"single_sign_on": true});
    let lab = Lab::of(changed(stays.clone()));
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    browser.sign_in("megan@contoso.com", PASSWORD);
    lab.advance(2);
    let mut world = of_megan(change);
    world["single_sign_on"] = json!(true);
    lab.replace(world);
    browser.open(V2_AUTHORIZE, &with(&v2(DEFAULT), "prompt", "none"))
}

/// Megan, whose password has expired, tries to set a new one.
fn new_password(current: &str, new: &str) -> Seen {
    let lab = Lab::of(of_megan(json!({"password_expired": true})));
    let mut browser = Browser::new(&lab);
    browser.open(V1_AUTHORIZE, &v1());
    browser.sign_in("megan@contoso.com", PASSWORD);
    browser.press("idSIButton9", &[("currentPassword", current), ("newPassword", new), ("confirmNewPassword", new)])
}
