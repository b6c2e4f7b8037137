//! Tokens for an application itself.

use serde_json::{Value, json};

use super::{Cause, authorize_in};
use crate::support::*;

const SERVER_DEFAULT: &str = "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/.default";

pub const CAUSES: &[Cause] = &[
    (50_059, "grant_type.tenant", || asked(world(), "/organizations/oauth2/v2.0/token", &for_itself(SERVER_DEFAULT))),
    (500_011, "resource.exists", || {
        asked(world(), TENANT_TOKEN, &for_itself("api://not-a-registered-resource/.default"))
    }),
    (70_011, "scope.well_formed", || {
        asked(world(), TENANT_TOKEN, &for_itself("api://one/.default https://graph.microsoft.com/.default"))
    }),
    (1_002_012, "scope.well_formed", || {
        asked(world(), TENANT_TOKEN, &for_itself("api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation"))
    }),
    (7_000_112, "client.enabled", || asked(disabled(), TENANT_TOKEN, &for_itself(SERVER_DEFAULT))),
    (7_000_112, "client.enabled", || authorize_in(disabled(), V2_AUTHORIZE, &v2(DEFAULT))),
    (7_000_216, "client_secret.present", || {
        asked(world(), TENANT_TOKEN, &with(&for_itself(SERVER_DEFAULT), "client_secret", ""))
    }),
    (7_000_229, "client.service_principal", || {
        asked(
            world(),
            &format!("/{OTHER_TENANT}/oauth2/v2.0/token"),
            &for_itself("https://graph.microsoft.com/.default"),
        )
    }),
    (9_001_023, "grant_type.tenant", || asked(world(), V2_TOKEN, &for_itself(SERVER_DEFAULT))),
];

fn asked(world: Value, path: &str, parameters: &[(&str, &str)]) -> Seen {
    Lab::of(world).post(path, &form(parameters))
}

fn disabled() -> Value {
    changed(json!({"apps": {"client": {"disabled": true}}}))
}
