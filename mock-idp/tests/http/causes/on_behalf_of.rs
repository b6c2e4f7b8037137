//! Middle tiers that exchange the token they were called with.

use super::Cause;
use crate::on_behalf_of::{THINGS, called_with, on_behalf_of, world_of_middle_tier};
use crate::support::*;

pub const CAUSES: &[Cause] = &[
    (50_013, "assertion.authentic", || {
        exchanged(|lab| {
            let token = called_with(lab, DEFAULT, "access_token");
            let other = called_with(lab, THINGS, "access_token");
            format!("{}.{}", token.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1)
        })
    }),
    (50_027, "assertion.authentic", || exchanged(|_| "not-a-token".to_owned())),
    (65_001, "consent.granted", || {
        let lab = Lab::new();
        let token = called_with(&lab, DEFAULT, "access_token");
        lab.post(TENANT_TOKEN, &form(&on_behalf_of(&token, THINGS)))
    }),
    (240_002, "assertion.of_user", || {
        exchanged(|lab| called_with(lab, "openid api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/.default", "id_token"))
    }),
    (500_131, "assertion.audience", || exchanged(|lab| called_with(lab, THINGS, "access_token"))),
    (500_133, "assertion.current", || {
        exchanged(|lab| {
            let token = called_with(lab, DEFAULT, "access_token");
            lab.advance(60);
            token
        })
    }),
    (7_000_114, "assertion.of_user", || {
        exchanged(|lab| {
            let itself = for_itself("api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/.default");
            lab.post(TENANT_TOKEN, &form(&itself)).json()["access_token"].as_str().unwrap().to_owned()
        })
    }),
];

fn exchanged(assertion: fn(&Lab) -> String) -> Seen {
    let lab = Lab::of(world_of_middle_tier());
    let assertion = assertion(&lab);
    lab.post(TENANT_TOKEN, &form(&on_behalf_of(&assertion, THINGS)))
}
