//! What tokens say, and with which key.

use serde_json::{Value, json};

use super::{Cause, megan};
use crate::support::*;

pub const CAUSES: &[Cause] = &[
    (50_105, "user.assigned", || {
        let nested = json!({"group": "outer"});
        let client = json!({"assignment_required": true, "role_assignments": {"one": nested}});
        let mut world = changed(json!({"apps": {"client": client}}));
        world["groups"] = json!({
            "inner": {"tenant": "contoso", "object_id": GROUP, "display_name": "Inner", "members": {"users": ["megan"]}},
            "outer": {"tenant": "contoso", "object_id": OUTER, "display_name": "Outer", "members": {"groups": ["inner"]}},
        });
        megan(world, V2_AUTHORIZE, &v2(DEFAULT))
    }),
    (50_146, "token.signing_key", || redeemed_in(mapped(json!({})))),
    (50_146, "token.signing_key", || redeemed_in(mapped(json!({"signing_key": {"expires": "2026-01-01T00:00:00Z"}})))),
    (50_146, "token.signing_key", || {
        let not_yet = json!({"starts": "2026-06-01T00:00:00Z", "expires": "2027-01-01T00:00:00Z"});
        redeemed_in(mapped(json!({"signing_key": not_yet})))
    }),
    (501_051, "client.assigned", || {
        let world = changed(json!({"apps": {"server": {"assignment_required": true}}}));
        Lab::of(world).post(TENANT_TOKEN, &form(&for_itself(&format!("{SERVER_URI}/.default"))))
    }),
    (501_461, "token.signing_key", || redeemed_in(mapped(json!({"accept_mapped_claims": true})))),
];

const GROUP: &str = "51c0a7de-0000-4000-8000-00000000005a";
const OUTER: &str = "51c0a7de-0000-4000-8000-00000000005b";

/// A world in which the server, whose audience is its URI, has a claim of its own, and `more`.
fn mapped(more: Value) -> Value {
    let mut server = more;
    server["mapped_claims"] = json!({"plan": {"claim": "plan", "value": "gold"}});
    changed(json!({"apps": {"server": server}}))
}

fn redeemed_in(world: Value) -> Seen {
    let lab = Lab::of(world);
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    lab.post(V2_TOKEN, &form(&redeem(&code)))
}
