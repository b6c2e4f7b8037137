//! The forms of the tenant segment, personal accounts and guests.

use serde_json::{Value, json};

use super::{Cause, signed_in};
use crate::support::*;
use crate::tenants::{PIA, PIAS_PASSWORD, personal};

fn pia(world: Value, path: &str, parameters: &[(&str, &str)]) -> Seen {
    signed_in(world, path, parameters, PIA, PIAS_PASSWORD)
}

const CONSUMERS_V2: &str = "/consumers/oauth2/v2.0/authorize";

pub const CAUSES: &[Cause] = &[
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
