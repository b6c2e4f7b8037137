//! Consent, and the resources that it is about.

use serde_json::json;

use super::{Cause, megan};
use crate::support::*;

const ADMIN_CONSENT: &str = "/contoso.com/adminconsent";
const ADMIN_CONSENT_V2: &str = "/contoso.com/v2.0/adminconsent";
const OF_CLIENT: [(&str, &str); 3] = [("client_id", CLIENT), ("redirect_uri", REDIRECT), ("state", "s")];
const OWN: &str = "3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/.default";

/// The API's registration as its own client.
fn own() -> Vec<(&'static str, &'static str)> {
    let own = with(&v2(OWN), "client_id", SERVER);
    with(&own, "redirect_uri", "https://server.example/.auth/login/aad/callback")
}

pub const CAUSES: &[Cause] = &[
    (65_004, "consent.accepted", || {
        let lab = Lab::new();
        let mut browser = Browser::new(&lab);
        browser.open(ADMIN_CONSENT, &OF_CLIENT);
        browser.sign_in("admin@contoso.com", "Fabrikam-Global-1");
        browser.press("idBtn_Back", &[])
    }),
    (90_008, "resource.not_itself", || {
        let world = changed(json!({"apps": {"server": {"permissions": {"graph": null}}}}));
        Lab::of(world).authorize(&format!("/{TENANT}/oauth2/v2.0/authorize"), &own())
    }),
    (90_094, "consent.granted", || megan(world(), ADMIN_CONSENT, &OF_CLIENT)),
    (90_095, "consent.granted", || {
        let tenant = json!({"user_consent": "disabled", "admin_consent_requests": true});
        let world = changed(json!({"tenants": {"contoso": tenant}, "consents": {"client-on-server": null}}));
        megan(world, V1_AUTHORIZE, &v1())
    }),
    (500_014, "resource.service_principal", || {
        megan(changed(json!({"apps": {"server": {"disabled": true}}})), V2_AUTHORIZE, &v2(DEFAULT))
    }),
    (650_054, "resource.exists", || {
        megan(changed(json!({"apps": {"server": {"deleted": true}}})), V2_AUTHORIZE, &v2(DEFAULT))
    }),
    (650_056, "resource.permitted", || {
        let world = changed(json!({"apps": {"client": {"permissions": null}}}));
        Lab::of(world).authorize(ADMIN_CONSENT, &OF_CLIENT)
    }),
    (900_144, "request.parameter_present", || Lab::new().authorize(ADMIN_CONSENT_V2, &OF_CLIENT)),
];
