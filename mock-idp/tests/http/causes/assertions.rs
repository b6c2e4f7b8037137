//! Clients that prove who they are by an assertion.

use serde_json::{Value, json};

use super::Cause;
use crate::assertions::{CI, asked, asked_in, federated, good, signed, with_users_token, world_with_certificate};
use crate::support::*;

pub const CAUSES: &[Cause] = &[
    (50_012, "client_assertion.unused", || {
        let mut world = world_with_certificate();
        world["replayed_assertions"] = "refused".into();
        let lab = Lab::of(world);
        let (header, claims) = good();
        let assertion = signed(0, &header, &claims);
        asked_in(&lab, &assertion);
        asked_in(&lab, &assertion)
    }),
    (50_027, "client_assertion.readable", || asked_in(&Lab::of(world_with_certificate()), "not-a-token")),
    (90_014, "client_assertion.readable", || {
        let (header, mut claims) = good();
        claims.as_object_mut().unwrap().remove("aud");
        asked(0, (header, claims))
    }),
    (90_061, "client_assertion.signature", || {
        let mut world = world_with_certificate();
        world["apps"]["client"]["federated_credentials"]["ci"]["keys"] = json!([]);
        let (header, claims) = federated();
        asked_in(&Lab::of(world), &signed(0, &header, &claims))
    }),
    (700_021, "client_assertion.client", || asked(0, claim("iss", SERVER.into()))),
    (700_023, "client_assertion.audience", || asked(0, claim("aud", "https://evil.test/token".into()))),
    (700_024, "client_assertion.current", || asked(0, claim("exp", 1_768_467_000.into()))),
    (700_025, "client_secret.present", || {
        let lab = Lab::of(world_with_certificate());
        let code = lab.code(V2_AUTHORIZE, &with(&v2(DEFAULT), "redirect_uri", "http://localhost/cb"));
        let (header, claims) = good();
        let assertion = signed(0, &header, &claims);
        let redeem = crate::assertions::with_assertion(&redeem(&code), &assertion);
        lab.post(V2_TOKEN, &form(&with(&redeem, "redirect_uri", "http://localhost/cb")))
    }),
    (700_027, "client_assertion.signature", || asked(1, good())),
    (700_211, "federated_credential.matches", || asked(0, changed_federated("iss", "https://ci.test/".into()))),
    (700_212, "federated_credential.matches", || asked(0, changed_federated("aud", CI.into()))),
    (700_213, "federated_credential.matches", || asked(0, changed_federated("sub", "repo:contoso/other".into()))),
    (700_229, "federated_credential.matches", with_users_token),
    (5_002_723, "client_assertion.readable", || {
        let (mut header, claims) = good();
        header.as_object_mut().unwrap().remove("x5t");
        asked(0, (header, claims))
    }),
    (5_002_727, "client_assertion.readable", || asked(0, header("typ", "at+jwt".into()))),
    (5_002_738, "client_assertion.readable", || asked(0, header("alg", "HS256".into()))),
];

fn claim(name: &str, value: Value) -> (Value, Value) {
    let (header, mut claims) = good();
    claims[name] = value;
    (header, claims)
}

fn changed_federated(name: &str, value: Value) -> (Value, Value) {
    let (header, mut claims) = federated();
    claims[name] = value;
    (header, claims)
}

fn header(name: &str, value: Value) -> (Value, Value) {
    let (mut header, claims) = good();
    header[name] = value;
    (header, claims)
}
