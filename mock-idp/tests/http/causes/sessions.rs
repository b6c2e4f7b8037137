//! What is refused because of who is, or is not, signed in to the browser.

use serde_json::json;

use super::{Cause, Pairs};
use crate::sessions::{prompt, signed_in, with_single_sign_on};
use crate::support::*;

pub const CAUSES: &[Cause] = &[
    (16_001, "session.picked", || {
        let lab = with_single_sign_on(json!({}));
        let mut browser = signed_in(&lab);
        lab.advance(23 * 60 + 30);
        browser.open(V1_AUTHORIZE, &v1());
        lab.advance(30);
        browser.press("tile-1", &[])
    }),
    (16_002, "session.requested", || {
        silent("/fabrikam.com/oauth2/v2.0/authorize", |sid| with(&with(&v2("openid"), "prompt", "none"), "sid", sid))
    }),
    (50_199, "redirect_uri.confirmed", || {
        let lab = with_single_sign_on(json!({"apps": {"client": {"redirect_uris": {"public": ["myapp://auth"]}}}}));
        let mut browser = signed_in(&lab);
        browser.open(V2_AUTHORIZE, &with(&prompt("none"), "redirect_uri", "myapp://auth"))
    }),
    (160_021, "session.requested", || silent(V2_AUTHORIZE, |_| with(&prompt("none"), "sid", OTHER_TENANT))),
];

/// A request of a browser in which megan is signed in, given the id of her session.
fn silent(path: &str, request: for<'p> fn(&'p str) -> Pairs<'p>) -> Seen {
    let lab = with_single_sign_on(json!({}));
    let mut browser = signed_in(&lab);
    let sid = returned(&browser.open(V2_AUTHORIZE, &prompt("none")), "session_state").unwrap();
    browser.open(path, &request(&sid))
}
