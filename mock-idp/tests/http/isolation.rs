//! What one sign-in must never learn of another, and what ends with a tenant or a lab: rows H24, H25 and H27 of the attack
//! checklist.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::support::*;

const FLOWS: usize = 100;
const SHARED_BROWSERS: usize = 10;
const USERS: [(&str, &str, &str); 2] = [
    ("megan@contoso.com", PASSWORD, MEGAN),
    ("admin@contoso.com", "Fabrikam-Global-1", "c2d9b6f4-3a71-4e0c-8b55-2f9d1e6a7c30"),
];

/// One sign-in of one tab.
struct Flow {
    state: String,
    nonce: String,
    verifier: String,
    /// The page that the tab shows.
    page: String,
    code: Option<String>,
    redeemed: bool,
}

impl Flow {
    fn of(index: usize) -> Self {
        let verifier = format!("verifier-of-flow-{index:04}-{}", "v".repeat(30));
        let (state, nonce) = (format!("state of {index}"), format!("nonce-of-{index}"));
        Self { state, nonce, verifier, page: String::new(), code: None, redeemed: false }
    }

    fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier))
    }

    /// Takes the code of a redirect, which must be this flow's own.
    fn arrives(&mut self, seen: &Seen) {
        self.code = returned(seen, "code");
        if self.code.is_some() {
            assert_eq!(returned(seen, "state").as_ref(), Some(&self.state));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    /// A hundred sign-ins of two people in ten browsers, each in three acts, in any order.
    #[test]
    fn atk_h24_nothing_crosses_between_interleaved_flows(
        order in Just((0..FLOWS * 3).map(|act| act % FLOWS).collect::<Vec<_>>()).prop_shuffle().no_shrink()
    ) {
        let mut world = world();
        world["single_sign_on"] = json!(true);
        let lab = Lab::of(world);
        let mut browsers: Vec<_> = (0..SHARED_BROWSERS).map(|_| Browser::new(&lab)).collect();
        let mut flows: Vec<_> = (0..FLOWS).map(Flow::of).collect();
        let (mut silent, mut codes) = (0, HashSet::new());
        for index in order {
            let others_verifier = flows[(index + 1) % FLOWS].verifier.clone();
            let (browser, flow) = (&mut browsers[index % SHARED_BROWSERS], &mut flows[index]);
            let (username, password, object_id) = USERS[index % 2];
            if flow.page.is_empty() {
                let (scope, challenge) = (format!("openid profile {DEFAULT}"), flow.challenge());
                let mut parameters = v2(DEFAULT);
                parameters.retain(|(name, _)| !["scope", "state"].contains(name));
                let mut parameters: Vec<(&str, &str)> = parameters;
                parameters.extend([
                    ("scope", scope.as_str()),
                    ("state", &flow.state),
                    ("nonce", &flow.nonce),
                    ("code_challenge", &challenge),
                    ("code_challenge_method", "S256"),
                ]);
                let seen = browser.open(V2_AUTHORIZE, &parameters);
                flow.page = if seen.body.is_empty() { "none".to_owned() } else { seen.body.clone() };
                flow.arrives(&seen);
                silent += usize::from(flow.code.is_some());
            } else if flow.code.is_none() {
                browser.page.clone_from(&flow.page);
                let seen = browser.sign_in(username, password);
                flow.arrives(&seen);
                prop_assert!(flow.code.is_some(), "{}", seen.body);
            } else if !flow.redeemed {
                flow.redeemed = true;
                let code = flow.code.clone().unwrap();
                let wrong = lab.post(V2_TOKEN, &form(&with(&redeem(&code), "code_verifier", &others_verifier)));
                prop_assert_eq!(wrong.refusing(), Some("code_verifier.matches"), "another flow's verifier");
                let body = lab.post(V2_TOKEN, &form(&with(&redeem(&code), "code_verifier", &flow.verifier))).json();
                let id_token = claims(body["id_token"].as_str().unwrap());
                let access_token = claims(body["access_token"].as_str().unwrap());
                prop_assert_eq!(&id_token["nonce"], &json!(flow.nonce));
                prop_assert_eq!((&id_token["oid"], &access_token["oid"]), (&json!(object_id), &json!(object_id)));
                prop_assert!(codes.insert(code), "a code was given twice");
            }
        }
        prop_assert!(silent > 0 && codes.len() >= FLOWS - silent, "{silent} by session, {} redeemed", codes.len());
    }
}

#[test]
fn atk_h25_what_a_tenant_issued_ends_with_the_tenant() {
    let mut with_session = world();
    with_session["single_sign_on"] = json!(true);
    let lab = Lab::of(with_session.clone());
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    let code = returned(&browser.sign_in("megan@contoso.com", PASSWORD), "code").unwrap();
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    let refresh_token = body["refresh_token"].as_str().unwrap().to_owned();
    let silent = with(&v2(DEFAULT), "prompt", "none");
    let unused = returned(&browser.open(V2_AUTHORIZE, &silent), "code").unwrap();
    let keys = format!("/{TENANT}/discovery/v2.0/keys");
    assert_eq!(lab.get(&keys).status, 200);

    let alone = json!({"single_sign_on": true, "tenants": {"contoso": null}});
    let with_all_of_it = json!({
        "single_sign_on": true,
        "tenants": {"contoso": null},
        "users": {"megan": null, "admin": null},
        "apps": {"server": null, "modern": null, "client": null, "single": null, "bare": null, "personal": null},
        "consents": null,
    });
    for change in [alone, with_all_of_it] {
        lab.replace(changed(change));
        for spent in [redeem(&unused), refresh(&refresh_token)] {
            let seen = lab.post(V2_TOKEN, &form(&spent));
            assert_eq!((seen.status.is_success(), seen.body.contains("access_token")), (false, false), "{}", seen.body);
        }
        let seen = browser.open(V2_AUTHORIZE, &silent);
        assert_eq!(returned(&seen, "code"), None, "the session is over: {}", seen.body);
        let seen = lab.get(&keys);
        assert!(!seen.status.is_success(), "nobody can verify the tenant's tokens any more: {}", seen.body);
    }
    lab.replace(with_session);
    assert_eq!(lab.post(V2_TOKEN, &form(&refresh(&refresh_token))).status, 200, "it was the tenant's end that did it");
}

#[test]
fn atk_h25_a_lab_that_starts_again_knows_nothing_of_the_one_before() {
    let mut world = world();
    world["single_sign_on"] = json!(true);
    let before = Lab::of(world.clone());
    let mut browser = Browser::new(&before);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    let page = browser.page.clone();
    let code = returned(&browser.sign_in("megan@contoso.com", PASSWORD), "code").unwrap();
    let cookies = browser.cookies.clone();
    let refresh_token =
        before.post(V2_TOKEN, &form(&redeem(&code))).json()["refresh_token"].as_str().unwrap().to_owned();

    let again = Lab::seeded(world, [8; 32]);
    for spent in [redeem(&code), refresh(&refresh_token)] {
        let seen = again.post(V2_TOKEN, &form(&spent));
        assert_eq!(
            (seen.status.as_u16(), seen.json()["error"].as_str()),
            (400, Some("invalid_grant")),
            "{}",
            seen.body
        );
    }
    let mut returning = Browser::new(&again);
    returning.cookies = cookies;
    let seen = returning.open(V2_AUTHORIZE, &with(&v2(DEFAULT), "prompt", "none"));
    assert_eq!(returned(&seen, "error").as_deref(), Some("login_required"), "the session is over");
    returning.page = page;
    let seen = returning.sign_in("megan@contoso.com", PASSWORD);
    assert_eq!((seen.status.as_u16(), returned(&seen, "code")), (403, None), "so is the page that was open");
}

const SAMPLES: usize = 10_000;

/// Every bit of random values is as often set as not; ten standard deviations are forgiven.
fn assert_random(what: &str, values: &[Vec<u8>], fewest_bits: usize) {
    let distinct: HashSet<_> = values.iter().collect();
    assert_eq!((values.len(), distinct.len()), (SAMPLES, SAMPLES), "{what} repeats");
    assert!(values.iter().all(|value| value.len() * 8 >= fewest_bits), "{what}: {} bytes", values[0].len());
    for bit in 0..fewest_bits {
        let set = values.iter().filter(|value| value[bit / 8] >> (bit % 8) & 1 == 1).count();
        assert!(set.abs_diff(SAMPLES / 2) < 500, "bit {bit} of {what} is set in {set} of {SAMPLES}");
    }
}

#[test]
fn atk_h27_what_must_not_be_guessed_is_random_and_never_repeats() {
    let mut world = world();
    world["single_sign_on"] = json!(true);
    let lab = Lab::of(world);
    let mut signed_in = Browser::new(&lab);
    signed_in.open(V2_AUTHORIZE, &v2(DEFAULT));
    assert!(returned(&signed_in.sign_in("megan@contoso.com", PASSWORD), "code").is_some());
    let silent = with(&v2(DEFAULT), "prompt", "none");

    let (mut flow_cookies, mut seals, mut ids, mut pages) = (Vec::new(), Vec::new(), HashSet::new(), HashSet::new());
    for _ in 0..SAMPLES {
        // a page for a browser that was never here: its cookie ties the form to it
        let mut fresh = Browser::new(&lab);
        fresh.open(V2_AUTHORIZE, &v2(DEFAULT));
        let cookie = fresh.cookies.values().next().expect("a cookie for the form");
        flow_cookies.push(URL_SAFE_NO_PAD.decode(cookie).unwrap_or_else(|_| panic!("{cookie}")));
        pages.insert(fresh.form_of("idSIButton9").fields["flowToken"].clone());
        // a code for the browser that is signed in
        let code = returned(&signed_in.open(V2_AUTHORIZE, &silent), "code").unwrap();
        seals.push(URL_SAFE_NO_PAD.decode(code.rsplit('.').next().unwrap()).unwrap());
        ids.insert(claims(&code)["jti"].as_str().unwrap().to_owned());
    }
    assert_eq!((pages.len(), ids.len()), (SAMPLES, SAMPLES));
    assert_random("the cookie of a form", &flow_cookies, 128);
    assert_random("the seal of a code", &seals, 256);
}

#[test]
fn atk_h27_only_the_same_seed_gives_the_same_sequence() {
    let code = |seed| Lab::seeded(world(), seed).code(V2_AUTHORIZE, &v2(DEFAULT));
    let first = code([1; 32]);
    assert_eq!(first, code([1; 32]), "a deterministic run is repeatable");
    let second = code([2; 32]);
    assert_ne!(claims(&first)["jti"], claims(&second)["jti"]);
}
