//! Device code.

use serde_json::{Value, json};

use super::Cause;
use crate::support::*;

pub const CAUSES: &[Cause] = &[
    (70_016, "device.authorized", || {
        let lab = Lab::of(public_client());
        let started = start(&lab);
        poll(&lab, &started)
    }),
    (70_018, "device.code", || poll(&Lab::of(public_client()), &json!({"device_code": "of-another-lab"}))),
    (70_018, "device.user_code", || Browser::new(&Lab::new()).send(post(PAGE, "otc=ABCDEFGHJ"))),
    (70_019, "device.user_code", || {
        let lab = Lab::of(public_client());
        let started = start(&lab);
        lab.advance(15);
        enter(&mut Browser::new(&lab), &started)
    }),
    (70_020, "device.code", || {
        let lab = Lab::of(public_client());
        let started = start(&lab);
        lab.advance(15);
        poll(&lab, &started)
    }),
    (90_119, "device.user_code", || Browser::new(&Lab::new()).send(post(PAGE, "otc="))),
    (90_120, "device.user_code", || {
        let lab = Lab::of(public_client());
        let started = start(&lab);
        let mut browser = Browser::new(&lab);
        enter(&mut browser, &started);
        browser.sign_in("megan@contoso.com", PASSWORD);
        enter(&mut browser, &started)
    }),
    (700_171, "device.authorized", || {
        let lab = Lab::of(public_client());
        let started = start(&lab);
        let mut browser = Browser::new(&lab);
        enter(&mut browser, &started);
        browser.press("idBtn_Back", &[]);
        poll(&lab, &started)
    }),
    (7_000_218, "client_secret.present", || {
        let lab = Lab::new();
        let started = start(&lab);
        let mut browser = Browser::new(&lab);
        enter(&mut browser, &started);
        browser.sign_in("megan@contoso.com", PASSWORD);
        poll(&lab, &started)
    }),
];

pub const PAGE: &str = "/common/oauth2/deviceauth";
pub const SCOPE: &str = "openid profile offline_access api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation";

/// The world in which the client allows public client flows.
pub fn public_client() -> Value {
    changed(json!({"apps": {"client": {"allow_public_client": true}}}))
}

/// A device asks for a code.
pub fn start(lab: &Lab) -> Value {
    lab.post("/organizations/oauth2/v2.0/devicecode", &form(&[("client_id", CLIENT), ("scope", SCOPE)])).json()
}

/// Its user types the code.
pub fn enter(browser: &mut Browser<'_>, started: &Value) -> Seen {
    browser.send(post(PAGE, &form(&[("otc", started["user_code"].as_str().unwrap())])))
}

/// It asks for tokens.
pub fn poll(lab: &Lab, started: &Value) -> Seen {
    let parameters = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", CLIENT),
        ("device_code", started["device_code"].as_str().unwrap()),
    ];
    lab.post("/organizations/oauth2/v2.0/token", &form(&parameters))
}
