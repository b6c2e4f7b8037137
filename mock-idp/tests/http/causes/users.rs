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
    (50_144, "user.password_current", || {
        megan(of_megan(json!({"password_expired": true, "on_premises": true})), V1_AUTHORIZE, &v1())
    }),
    (50_173, "grant.not_revoked", || refreshed_after(json!({"sessions_valid_from": LATER}))),
    (120_000, "user.password", || new_password("wrong", "Another-Password-8")),
    (120_002, "user.new_password", || new_password(PASSWORD, "password")),
    (120_003, "user.new_password", || new_password(PASSWORD, "Megan-has-another-8")),
];

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
