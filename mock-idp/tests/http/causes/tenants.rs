//! The forms of the tenant segment, personal accounts and guests.

use serde_json::{Value, json};

use super::{Cause, signed_in};
use crate::support::*;
use crate::tenants::{PIA, PIAS_PASSWORD, personal};

fn pia(world: Value, path: &str, parameters: &[(&str, &str)]) -> Seen {
    signed_in(world, path, parameters, PIA, PIAS_PASSWORD)
}

/// The world with nestor of Fabrikam invited to Contoso.
fn invited() -> Value {
    let guest = json!({
        "object_id": "c2d9b6f4-3a71-4e0c-8b55-000000c01050", "external_user_state": "pending_acceptance",
    });
    changed(json!({"users": {"nestor": {"guest_of": {"contoso": guest}}}}))
}

const CONSUMERS_V2: &str = "/consumers/oauth2/v2.0/authorize";

pub const CAUSES: &[Cause] = &[
    (50_014, "guest.accepted", || {
        let path = format!("/{TENANT}/oauth2/v2.0/authorize");
        signed_in(invited(), &path, &v2("openid"), "nestor@fabrikam.com", "Northwind-9")
    }),
    // at home nestor signed in well
    (50_014, "guest.accepted", || {
        let lab = Lab::of(invited());
        let mut browser = Browser::new(&lab);
        browser.open(V2_AUTHORIZE, &v2("openid offline_access"));
        let asked = browser.sign_in("nestor@fabrikam.com", "Northwind-9");
        assert!(asked.body.contains("acceptForm"), "{}", asked.body);
        let code = returned(&browser.press("idSIButton9", &[]), "code").unwrap();
        let answer = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
        lab.post(TENANT_TOKEN, &form(&refresh(answer["refresh_token"].as_str().unwrap())))
    }),
    (50_020, "user.exists", || pia(personal(json!({})), &format!("/{TENANT}/oauth2/v2.0/authorize"), &v2("openid"))),
    (90_027, "account.kind", || Lab::new().authorize("/consumers/oauth2/authorize", &v1())),
    (90_027, "account.kind", || Lab::new().post("/consumers/oauth2/token", &form(&redeem("x")))),
    (90_124, "account.kind", || Lab::of(personal(json!({}))).authorize(CONSUMERS_V2, &v2(DEFAULT))),
    (90_130, "client.audience", || {
        let world = changed(json!({"apps": {"client": {"first_party": true}}}));
        Lab::of(world).authorize(CONSUMERS_V2, &v2(DEFAULT))
    }),
    (500_200, "account.kind", || pia(personal(json!({})), "/organizations/oauth2/v2.0/authorize", &v2("openid"))),
    (500_200, "account.kind", || {
        let world = personal(json!({"apps": {"client": {"audience": "AzureADMultipleOrgs"}}}));
        pia(world, V2_AUTHORIZE, &v2("openid"))
    }),
    (500_201, "account.kind", || pia(personal(json!({})), V1_AUTHORIZE, &v1())),
    (500_207, "account.kind", || pia(personal(json!({})), V2_AUTHORIZE, &v2(DEFAULT))),
    (500_208, "account.kind", || {
        signed_in(personal(json!({})), CONSUMERS_V2, &v2("openid"), "megan@contoso.com", PASSWORD)
    }),
    (9_001_023, "grant_type.tenant", || {
        let pairs = with(
            &with(&redeem(""), "grant_type", "client_credentials"),
            "scope",
            "https://graph.microsoft.com/.default",
        );
        Lab::of(personal(json!({}))).post("/consumers/oauth2/v2.0/token", &form(&pairs))
    }),
    (9_002_332, "client.audience", || Lab::new().authorize(CONSUMERS_V2, &v2(DEFAULT))),
];
