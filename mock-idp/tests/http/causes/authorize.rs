//! What the authorize endpoint itself refuses: response types and modes, prompts, hints and the like.

use serde_json::json;

use super::{Cause, authorize, authorize_in};
use crate::support::*;

pub const CAUSES: &[Cause] = &[
    (70_005, "response_type.supported", || {
        authorize_in(implicit(), V2_AUTHORIZE, &with(&v2("profile"), "response_type", "code id_token"))
    }),
    (70_005, "response_type.supported", || {
        authorize_in(implicit(), V2_AUTHORIZE, &with(&v2(DEFAULT), "response_type", "code token"))
    }),
    (70_007, "response_mode.supported", || {
        let hybrid = with(&v2("openid"), "response_type", "code id_token");
        authorize_in(implicit(), V2_AUTHORIZE, &with(&hybrid, "response_mode", "query"))
    }),
    (399_274, "client.single_sign_on_mode", || {
        let change = json!({"apps": {"client": {"preferred_single_sign_on_mode": "saml"}}});
        authorize_in(changed(change), V2_AUTHORIZE, &v2(DEFAULT))
    }),
    (399_274, "client.single_sign_on_mode", || {
        let change = json!({"apps": {"client": {"preferred_single_sign_on_mode": "saml"}}});
        Lab::of(changed(change)).post(V2_TOKEN, &form(&redeem("x")))
    }),
    (90_005, "request.hints", || {
        let hinted = with(&v2(DEFAULT), "login_hint", "megan@contoso.com");
        authorize(V2_AUTHORIZE, &with(&hinted, "sid", OTHER_TENANT))
    }),
    (90_007, "request.hints", || authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "sid", "AQABAAAA"))),
    (90_015, "request.query_length", || {
        let lab = Lab::new();
        lab.authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "state", &"x".repeat(20_000)))
    }),
    (90_100, "request.claims", || {
        authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "claims", "eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="))
    }),
    (90_102, "redirect_uri.well_formed", || authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "redirect_uri", "/callback"))),
    (700_051, "response_type.supported", || authorize(V1_AUTHORIZE, &with(&v1(), "response_type", "token"))),
    (900_144, "request.parameter_present", || {
        authorize_in(implicit(), V2_AUTHORIZE, &with(&v2("openid"), "response_type", "id_token"))
    }),
];

/// The world in which the client may have tokens from the authorize endpoint.
pub fn implicit() -> serde_json::Value {
    changed(json!({"apps": {"client": {"implicit": {"access_tokens": true, "id_tokens": true}}}}))
}
