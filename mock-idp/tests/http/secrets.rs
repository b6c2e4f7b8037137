//! No answer, and no check of one, tells a secret that was not asked for. What a world keeps secret is looked for in
//! every answer of every test here, because `Lab::send` does so; what a request brought along, in the answers below.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use http::{HeaderMap, header};
use serde_json::{Value, json};
use wire::{Check, Checks};

use crate::causes;
use crate::support::*;

/// A shorter secret could be part of any word.
const SHORTEST: usize = 8;

/// Texts that nobody may read in an answer, in every spelling in which an answer could tell them.
#[derive(Clone, Debug)]
pub struct Secrets {
    texts: BTreeSet<String>,
    spellings: AhoCorasick,
}

impl Secrets {
    fn of(texts: BTreeSet<String>) -> Self {
        let spellings = AhoCorasick::new(texts.iter().flat_map(|text| spellings(text))).unwrap();
        Self { texts, spellings }
    }

    /// The passwords of the users of a world and the secrets of its applications.
    pub fn of_world(world: &Value) -> Self {
        let things = |kind: &str| world[kind].as_object().into_iter().flatten().map(|(_, thing)| thing);
        let passwords = things("users").map(|user| &user["password"]);
        let of_apps = things("apps").filter_map(|app| app["secrets"].as_object()).flatten();
        let all = passwords.chain(of_apps.map(|(_, secret)| &secret["value"])).filter_map(Value::as_str);
        Self::of(all.filter(|text| text.len() >= SHORTEST).map(str::to_owned).collect())
    }

    /// These and others.
    pub fn and(&self, others: &Self) -> Self {
        Self::of(&self.texts | &others.texts)
    }

    /// The place of an answer that tells one of them.
    pub fn told_by(&self, checks: &Checks, headers: &HeaderMap, body: &str) -> Option<String> {
        let (checks, headers) = (format!("{checks:?}"), format!("{headers:?}"));
        let places = [("checks", checks.as_str()), ("headers", &headers), ("body", body)];
        places.into_iter().find_map(|(place, text)| {
            let found = self.spellings.find(text)?;
            Some(format!("the {place} tell {}", &text[found.range()]))
        })
    }
}

/// A text as it is, as a form and a page have it, and inside of base64 wherever it begins.
fn spellings(text: &str) -> BTreeSet<String> {
    let in_form: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let in_page = text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;");
    let mut all = BTreeSet::from([text.to_owned(), in_form.to_lowercase(), in_form, in_page]);
    for before in 0..3 {
        let bytes = [&[0; 3][..before], text.as_bytes()].concat();
        for alphabet in [&URL_SAFE_NO_PAD, &STANDARD_NO_PAD] {
            // the characters at either end stand for neighbours too
            let encoded = alphabet.encode(&bytes);
            let whole = encoded.len() - usize::from(bytes.len() % 3 != 0);
            all.insert(encoded[(before * 8).div_ceil(6)..whole].to_owned());
        }
    }
    all
}

/// What only this request may have told: the fields of its form that prove something.
fn of_request(seen: &Seen) -> Secrets {
    let proofs = [
        "assertion",
        "client_assertion",
        "client_secret",
        "code_verifier",
        "confirmNewPassword",
        "currentPassword",
        "device_code",
        "newPassword",
        "passwd",
        "password",
        "refresh_token",
    ];
    let (_, body) = seen.request.split_once('\n').unwrap();
    let fields = url::form_urlencoded::parse(body.as_bytes());
    let told = fields.filter(|(name, value)| proofs.contains(&&**name) && value.len() >= SHORTEST);
    Secrets::of(told.map(|(_, value)| value.into_owned()).collect())
}

#[track_caller]
fn assert_tells_nothing(seen: &Seen) {
    let secrets = Secrets::of_world(&world()).and(&of_request(seen));
    assert_eq!(secrets.told_by(&seen.checks, &seen.headers, &seen.body), None, "{}", seen.request);
}

#[test]
fn no_refusal_tells_a_secret_of_the_world_or_of_its_request() {
    let mut brought = 0;
    for (_, _, cause) in causes::all() {
        let seen = cause();
        brought += of_request(&seen).texts.len();
        assert_tells_nothing(&seen);
    }
    assert!(brought > 30, "the requests bring secrets along: {brought}");
}

#[test]
fn no_success_tells_a_secret_of_the_world_or_of_its_request() {
    let lab = Lab::of(changed(json!({"single_sign_on": true})));
    let mut browser = Browser::new(&lab);
    assert_tells_nothing(&browser.open(V2_AUTHORIZE, &v2(DEFAULT)));
    let signed_in = browser.sign_in("megan@contoso.com", PASSWORD);
    assert_tells_nothing(&signed_in);
    let code = returned(&signed_in, "code").unwrap();
    let tokens = lab.post(V2_TOKEN, &form(&redeem(&code)));
    let refreshed = lab.post(V2_TOKEN, &form(&refresh(tokens.json()["refresh_token"].as_str().unwrap())));
    assert_eq!((tokens.status.as_u16(), refreshed.status.as_u16()), (200, 200));
    assert_tells_nothing(&tokens);
    assert_tells_nothing(&refreshed);
    let keys = lab.get("/common/discovery/v2.0/keys");
    assert_tells_nothing(&keys);
    for key in keys.json()["keys"].as_array().unwrap() {
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert_eq!(key.get(private), None, "{private}");
        }
    }
}

/// The tests above could not fail if nothing was found in the places where secrets stray to.
#[test]
fn a_secret_is_found_in_whatever_form_it_is_told() {
    let secrets = Secrets::of_world(&world());
    for text in [PASSWORD, SECRET, "Fabrikam-Global-1", "Northwind-9", "server-secret", "single-secret"] {
        assert!(secrets.texts.contains(text), "{secrets:?}");
    }
    let odd = "a+b%20c~=:ü";
    let told = |checks: &str, location: &str, body: &str| {
        let mut of_answer = Checks::default();
        of_answer.pass(Check::ClientSecretValid, "one of the client's", checks);
        let headers = HeaderMap::from_iter([(header::LOCATION, location.parse().unwrap())]);
        secrets.told_by(&of_answer, &headers, body)
    };
    assert_eq!(told("ok", "https://app.example/", "fine"), None);
    let mut forms = vec![odd.to_owned(), form(&[("x", odd)])];
    for before in ["", "x", "xx"] {
        forms.push(format!("e30.{}.x", URL_SAFE_NO_PAD.encode(json!({ before: odd, "more": 1 }).to_string())));
    }
    for text in forms {
        assert!(told(&text, "", "").is_some(), "{text}");
        assert!(told("", "", &text).is_some(), "{text}");
        assert!(!text.is_ascii() || told("", &text, "").is_some(), "{text}");
    }
}
