//! The rows of the attack checklist about tokens, and properties of the readers.

use std::sync::LazyLock;

use josekit::jwk::Jwk;
use josekit::jws::{HS256, JwsSigner, RS256};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{Check, Checks};

const TENANT: &str = "7c0b3f52-1d2e-4a5b-9c3d-0e8f6a1b2c3d";
const API: &str = "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b";
const NOW_S: i64 = 1_768_467_600;

static KEY: LazyLock<Jwk> = LazyLock::new(|| Jwk::generate_rsa_key(2048).unwrap());
static OTHER_KEY: LazyLock<Jwk> = LazyLock::new(|| Jwk::generate_rsa_key(2048).unwrap());

fn published(kid: &str, key: &Jwk) -> Value {
    json!({"kty": "RSA", "use": "sig", "kid": kid, "n": key.parameter("n"), "e": key.parameter("e")})
}

fn keys() -> Keys {
    let set = json!({"keys": [published("one", &KEY), published("two", &OTHER_KEY)]});
    Keys::from_jwks(set.to_string().as_bytes()).unwrap()
}

fn header() -> Value {
    json!({"typ": "JWT", "alg": "RS256", "x5t": "one", "kid": "one"})
}

fn claims() -> Value {
    json!({
        "aud": API, "iss": format!("https://sts.windows.net/{TENANT}/"), "tid": TENANT, "appid": "client", "ver": "1.0",
        "iat": NOW_S, "nbf": NOW_S, "exp": NOW_S + 3600,
    })
}

fn with(mut object: Value, member: &str, value: Value) -> Value {
    object[member] = value;
    object
}

fn without(mut object: Value, member: &str) -> Value {
    object.as_object_mut().unwrap().shift_remove(member);
    object
}

fn encode(part: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(part)
}

fn signed_by(signer: &dyn JwsSigner, header: &str, payload: &[u8]) -> String {
    let input = format!("{}.{}", encode(header), encode(payload));
    let signature = signer.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", encode(signature))
}

fn sign_bytes(header: &Value, payload: &[u8]) -> String {
    let signer = RS256.signer_from_jwk(&KEY).unwrap();
    signed_by(&*signer, &header.to_string(), payload)
}

fn sign(header: &Value, claims: &Value) -> String {
    sign_bytes(header, claims.to_string().as_bytes())
}

/// The refusing check of the token, or none where it is accepted.
fn refusal_under(token: &str, issuer: &str) -> Option<Check> {
    let mut checks = Checks::default();
    let rules = Rules { issuer, audiences: &["3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b".to_owned(), API.to_owned()] };
    let now = jiff::Timestamp::from_second(NOW_S).unwrap();
    let accepted = Signed::read(token, &mut checks)
        .and_then(|signed| signed.verify(&keys(), &mut checks))
        .and_then(|claims| claims.judge(&rules, now, &mut checks));
    let refusal = checks.refusal();
    assert_eq!(accepted.is_err(), refusal.is_some());
    for check in &checks.0 {
        assert!(!check.expected.is_empty() && !check.received.is_empty(), "{check:?}");
        assert!(check.received.len() < 4 * 1024, "{check:?}");
    }
    refusal.map(|refusal| {
        assert!(refusal.fix.as_deref().is_some_and(|fix| !fix.is_empty()));
        refusal.check
    })
}

fn refusal(token: &str) -> Option<Check> {
    refusal_under(token, &format!("https://sts.windows.net/{TENANT}/"))
}

#[test]
fn a_good_token_passes_every_check_in_order() {
    let mut checks = Checks::default();
    let rules = Rules { issuer: &format!("https://sts.windows.net/{TENANT}/"), audiences: &[API.to_owned()] };
    let signed = Signed::read(&sign(&header(), &claims()), &mut checks).unwrap();
    assert_eq!(signed.kid(), "one");
    let verified = signed.verify(&keys(), &mut checks).unwrap();
    verified.judge(&rules, jiff::Timestamp::from_second(NOW_S).unwrap(), &mut checks).unwrap();
    assert_eq!(verified.client(), Some("client"));
    let made: Vec<_> = checks.0.iter().map(|check| check.check).collect();
    assert_eq!(
        made,
        [
            Check::TokenReadable,
            Check::TokenSignature,
            Check::IssuerAllowed,
            Check::AudienceAllowed,
            Check::TokenLifetime
        ]
    );
}

#[test]
fn atk_c01_no_algorithm() {
    let algorithms = [json!("none"), json!("None"), json!("nOnE"), json!(""), json!(null), json!(["RS256"])];
    let mut headers: Vec<_> = algorithms.into_iter().map(|alg| with(header(), "alg", alg)).collect();
    headers.push(without(header(), "alg"));
    for header in headers {
        let token = sign(&header, &claims());
        assert_eq!(refusal(&token), Some(Check::TokenReadable), "{header}");
        let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
        assert_eq!(refusal(&unsigned), Some(Check::TokenReadable), "{header}");
    }
}

#[test]
fn atk_c02_the_public_key_as_a_shared_secret() {
    let public = KEY.to_public_key().unwrap();
    let pair = josekit::jwk::alg::rsa::RsaKeyPair::from_jwk(&KEY).unwrap();
    let modulus = URL_SAFE_NO_PAD.decode(public.parameter("n").unwrap().as_str().unwrap()).unwrap();
    let secrets =
        [pair.to_traditional_pem_public_key(), pair.to_raw_public_key(), public.to_string().into_bytes(), modulus];
    for secret in secrets {
        let signer = HS256.signer_from_bytes(&secret).unwrap();
        for (alg, check) in [("HS256", Check::TokenReadable), ("RS256", Check::TokenSignature)] {
            let header = with(header(), "alg", json!(alg)).to_string();
            assert_eq!(refusal(&signed_by(&*signer, &header, claims().to_string().as_bytes())), Some(check));
        }
    }
}

#[test]
fn atk_c03_other_serializations() {
    let token = sign(&header(), &claims());
    let parts: Vec<&str> = token.split('.').collect();
    let general = json!({"protected": parts[0], "payload": parts[1], "signature": parts[2]}).to_string();
    for text in [
        format!("{}.{}", parts[0], parts[1]),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.a.b"),
        "a.b.c.d.e".to_owned(),
        "..".to_owned(),
        String::new(),
        general,
    ] {
        assert_eq!(refusal(&text), Some(Check::TokenReadable), "{text}");
    }
    assert_eq!(refusal(&format!("{}.{}.", parts[0], parts[1])), Some(Check::TokenSignature), "empty signature");
}

#[test]
fn atk_c04_one_flipped_bit() {
    let token = sign(&header(), &claims());
    let parts: Vec<Vec<u8>> = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    for part in 0..3 {
        for bit in (0..parts[part].len() * 8).step_by(37) {
            let mut flipped = parts.clone();
            flipped[part][bit / 8] ^= 1 << (bit % 8);
            let token = flipped.iter().map(encode).collect::<Vec<_>>().join(".");
            assert!(refusal(&token).is_some(), "bit {bit} of part {part}");
        }
    }
}

#[test]
fn atk_c05_c06_c07_keys_in_the_header_are_not_looked_at() {
    let attacker = Jwk::generate_rsa_key(2048).unwrap();
    let signer = RS256.signer_from_jwk(&attacker).unwrap();
    for (member, value) in [
        ("jwk", published("one", &attacker)),
        ("jku", json!("https://attacker.example/keys")),
        ("x5u", json!("http://169.254.169.254/latest/meta-data")),
        ("x5c", json!(["MIIB"])),
    ] {
        let header = with(header(), member, value.clone());
        let forged = signed_by(&*signer, &header.to_string(), claims().to_string().as_bytes());
        assert_eq!(refusal(&forged), Some(Check::TokenSignature), "{member}");
        assert_eq!(refusal(&sign(&header, &claims())), None, "{member} of a good token changes nothing");
    }
}

#[test]
fn atk_c08_hostile_kid() {
    for kid in ["../../etc/passwd", "' OR 1=1 --", &"k".repeat(10 * 1024), "\0", "🔑", "ONE", "one ", "\u{1b}[31m"] {
        let token = sign(&with(header(), "kid", json!(kid)), &claims());
        let mut checks = Checks::default();
        if let Ok(signed) = Signed::read(&token, &mut checks) {
            assert!(signed.verify(&keys(), &mut checks).is_err(), "{kid:?}");
        }
        let refusal = checks.refusal().unwrap();
        assert!(!refusal.received.contains(char::is_control) && refusal.received.len() < 1024, "{refusal:?}");
    }
}

#[test]
fn atk_c09_no_kid_is_refused_however_many_keys_there_are() {
    for header in [without(header(), "kid"), with(header(), "kid", json!("")), with(header(), "kid", json!(1))] {
        assert_eq!(refusal(&sign(&header, &claims())), Some(Check::TokenReadable), "{header}");
    }
}

#[test]
fn atk_c10_c11_an_unknown_kid_can_be_told_apart() {
    let mut checks = Checks::default();
    let signed = Signed::read(&sign(&with(header(), "kid", json!("new")), &claims()), &mut checks).unwrap();
    assert!(!keys().contains(signed.kid()));
    let rotated = json!({"keys": [published("new", &KEY)]}).to_string();
    let rotated = Keys::from_jwks(rotated.as_bytes()).unwrap();
    assert!(signed.verify(&rotated, &mut checks).is_ok());
    let old = Signed::read(&sign(&header(), &claims()), &mut checks).unwrap();
    assert!(old.verify(&rotated, &mut checks).is_err());
}

#[test]
fn atk_c12_members_that_change_the_reading() {
    for (member, value) in
        [("crit", json!(["exp"])), ("b64", json!(false)), ("b64", json!(true)), ("zip", json!("DEF"))]
    {
        let token = sign(&with(header(), member, value), &claims());
        assert_eq!(refusal(&token), Some(Check::TokenReadable), "{member}");
    }
}

#[test]
fn atk_c13_c14_encrypted_tokens_are_refused_without_decrypting() {
    let costly =
        json!({"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": 2_147_483_647, "p2s": "AAAA", "zip": "DEF"});
    let token =
        format!("{}.{}.{}.{}.{}", encode(costly.to_string()), encode("key"), encode("iv"), encode("c"), encode("t"));
    assert_eq!(refusal(&token), Some(Check::TokenReadable));
}

#[test]
fn atk_c15_odd_encodings() {
    let good = claims().to_string();
    let duplicate = format!("{},\"aud\":\"{API}\"}}", &good[..good.len() - 1]);
    let deep = format!("{},\"a\":{}{}}}", &good[..good.len() - 1], "[".repeat(10_000), "]".repeat(10_000));
    let mut bad_text = good.clone().into_bytes();
    bad_text.extend_from_slice(b"\xff");
    let large = format!("{},\"a\":\"{}\"}}", &good[..good.len() - 1], "a".repeat(1024 * 1024));
    for payload in [duplicate.as_bytes(), deep.as_bytes(), &bad_text, large.as_bytes(), b"", b"[]", b"\"\"", b"1"] {
        assert_eq!(refusal(&sign_bytes(&header(), payload)), Some(Check::TokenReadable));
    }
    let token = sign(&header(), &claims());
    let (input, signature) = token.rsplit_once('.').unwrap();
    for signature in
        [format!("{signature}="), format!(" {signature}"), format!("{signature}\n"), format!("+{signature}")]
    {
        assert_eq!(refusal(&format!("{input}.{signature}")), Some(Check::TokenReadable), "{signature}");
    }
}

#[test]
fn atk_c16_other_algorithms() {
    for alg in ["ES256", "EdDSA", "PS256", "RS384", "RS512", "rs256", "RS256 "] {
        assert_eq!(refusal(&sign(&with(header(), "alg", json!(alg)), &claims())), Some(Check::TokenReadable), "{alg}");
        let zeros = format!(
            "{}.{}.{}",
            encode(with(header(), "alg", json!(alg)).to_string()),
            encode(claims().to_string()),
            encode([0; 64])
        );
        assert_eq!(refusal(&zeros), Some(Check::TokenReadable), "{alg}");
    }
}

#[test]
fn atk_c17_audiences() {
    for audience in [
        json!("https://graph.microsoft.com"),
        json!("00000003-0000-0000-c000-000000000000"),
        json!("api://other"),
        json!(&API[..API.len() - 1]),
        json!(format!("{API}x")),
        json!(format!("{API}/")),
        json!(API.to_uppercase()),
        json!([]),
        json!([1, API]),
        json!(["api://other"]),
        json!(1),
        json!(null),
        json!({API: API}),
    ] {
        let token = sign(&header(), &with(claims(), "aud", audience.clone()));
        assert_eq!(refusal(&token), Some(Check::AudienceAllowed), "{audience}");
    }
    assert_eq!(refusal(&sign(&header(), &without(claims(), "aud"))), Some(Check::AudienceAllowed));
    for audience in [json!("3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b"), json!([API]), json!(["api://other", API])] {
        assert_eq!(refusal(&sign(&header(), &with(claims(), "aud", audience))), None);
    }
}

#[test]
fn a_token_for_graph_is_told_that_it_is_one() {
    for (audience, setting) in
        [("https://graph.microsoft.com/", "connector.scopes"), ("api://x", "gate.allowed_audiences")]
    {
        let mut checks = Checks::default();
        let claims = Claims(with(claims(), "aud", json!(audience)).as_object().unwrap().clone());
        let rules = Rules { issuer: &format!("https://sts.windows.net/{TENANT}/"), audiences: &[API.to_owned()] };
        assert!(claims.judge(&rules, jiff::Timestamp::UNIX_EPOCH, &mut checks).is_err());
        let refusal = checks.refusal().unwrap();
        assert!(refusal.fix.as_deref().unwrap().starts_with(setting), "{refusal:?}");
        assert_eq!(
            (refusal.expected.as_str(), refusal.received.as_str()),
            (format!("one of {API}").as_str(), audience)
        );
    }
}

#[test]
fn atk_c18_issuers() {
    let other = "0e8f6a1b-1d2e-4a5b-9c3d-7c0b3f521d2e";
    for (issuer, tid) in [
        (format!("https://sts.windows.net/{other}/"), json!(other)),
        (format!("https://login.microsoftonline.com/{TENANT}/v2.0"), json!(TENANT)),
        ("https://sts.windows.net/{tenantid}/".to_owned(), json!(TENANT)),
        (format!("http://sts.windows.net/{TENANT}/"), json!(TENANT)),
        (format!("https://sts.windows.net/{TENANT}"), json!(TENANT)),
        (format!("https://sts.windows.net/{TENANT}/"), json!(other)),
        (format!("https://sts.windows.net/{TENANT}/"), json!(null)),
    ] {
        let token = sign(&header(), &with(with(claims(), "iss", json!(issuer)), "tid", tid.clone()));
        assert_eq!(refusal(&token), Some(Check::IssuerAllowed), "{issuer} {tid}");
    }
    assert_eq!(refusal(&sign(&header(), &without(claims(), "iss"))), Some(Check::IssuerAllowed));
    assert_eq!(refusal(&sign(&header(), &without(claims(), "tid"))), Some(Check::IssuerAllowed));
}

#[test]
fn an_issuer_of_many_tenants_takes_the_tenant_from_the_token() {
    let any = "https://sts.windows.net/{tenantid}/";
    let token = |iss: &str, tid: &str| sign(&header(), &with(with(claims(), "iss", json!(iss)), "tid", json!(tid)));
    assert_eq!(refusal_under(&token(&format!("https://sts.windows.net/{TENANT}/"), TENANT), any), None);
    for (iss, tid) in [
        (any, "{tenantid}"),
        (&format!("https://sts.windows.net/{TENANT}/"), "contoso.com"),
        ("https://sts.windows.net/contoso.com/", "contoso.com"),
        ("https://sts.windows.net/x/../y/", "x/../y"),
        (&format!("https://sts.windows.net/{TENANT}/"), &TENANT.to_uppercase()),
    ] {
        assert_eq!(refusal_under(&token(iss, tid), any), Some(Check::IssuerAllowed), "{iss} {tid}");
    }
}

#[test]
fn atk_c19_lifetimes_are_exact() {
    let judged = |member: &str, value: Value| refusal(&sign(&header(), &with(claims(), member, value)));
    for (member, value) in [
        ("exp", json!(NOW_S - 300)),
        ("exp", json!(i64::MAX)),
        ("nbf", json!(NOW_S + 300)),
        ("nbf", json!(0)),
        ("nbf", json!(i64::MIN)),
        ("iat", json!(NOW_S + 300)),
    ] {
        assert_eq!(judged(member, value.clone()), None, "{member} {value}");
    }
    for (member, value) in [
        ("exp", json!(NOW_S - 301)),
        ("exp", json!(-1)),
        ("exp", json!(i64::MIN)),
        ("exp", json!(u64::MAX)),
        ("exp", json!((NOW_S + 10).to_string())),
        ("exp", json!(1_868_467_600.5)),
        ("exp", json!(null)),
        ("nbf", json!(NOW_S + 301)),
        ("nbf", json!("0")),
        ("nbf", json!(0.5)),
        ("nbf", json!(i64::MAX)),
        ("iat", json!(NOW_S + 301)),
        ("iat", json!(true)),
    ] {
        assert_eq!(judged(member, value.clone()), Some(Check::TokenLifetime), "{member} {value}");
    }
    assert_eq!(refusal(&sign(&header(), &without(claims(), "exp"))), Some(Check::TokenLifetime));
    assert_eq!(refusal(&sign(&header(), &without(without(claims(), "nbf"), "iat"))), None);
    let huge = claims().to_string().replace(&(NOW_S + 3600).to_string(), "1e309");
    assert_eq!(refusal(&sign_bytes(&header(), huge.as_bytes())), Some(Check::TokenReadable));
}

#[test]
fn atk_c20_tokens_of_other_kinds() {
    let id_token = with(without(claims(), "appid"), "nonce", json!("n"));
    let logout =
        with(without(claims(), "appid"), "events", json!({"http://schemas.openid.net/event/backchannel-logout": {}}));
    for claims in [id_token, logout] {
        assert_eq!(refusal(&sign(&header(), &claims)), Some(Check::TokenReadable), "{claims}");
    }
    for typ in [json!("logout+jwt"), json!("secevent+jwt"), json!(""), json!(1)] {
        assert_eq!(refusal(&sign(&with(header(), "typ", typ.clone()), &claims())), Some(Check::TokenReadable), "{typ}");
    }
    for typ in ["jwt", "at+jwt", "AT+JWT"] {
        assert_eq!(refusal(&sign(&with(header(), "typ", json!(typ)), &claims())), None, "{typ}");
    }
    assert_eq!(refusal(&sign(&without(header(), "typ"), &claims())), None);
}

#[test]
fn atk_c24_a_token_beyond_the_limit_is_not_read() {
    let padded = |length: usize| sign(&header(), &with(claims(), "a", json!("a".repeat(length))));
    assert_eq!(refusal(&padded(8 * 1024)), None);
    assert_eq!(refusal(&padded(TOKEN_LIMIT_BYTES)), Some(Check::TokenReadable));
}

#[test]
fn atk_c25_unsound_keys_are_not_used() {
    let short = Jwk::generate_rsa_key(1024).unwrap();
    let good = published("good", &KEY);
    let mut private = serde_json::to_value(KEY.as_ref()).unwrap();
    private["kid"] = json!("private");
    let set = json!({"keys": [
        good,
        published("short", &short),
        with(published("e1", &KEY), "e", json!("AQ")),
        with(published("even", &KEY), "e", json!("AQAA")),
        with(published("zero", &KEY), "e", json!("")),
        with(published("no n", &KEY), "n", json!(1)),
        with(published("bad n", &KEY), "n", json!("=")),
        with(published("enc", &KEY), "use", json!("enc")),
        with(published("alg", &KEY), "alg", json!("PS256")),
        with(published("ec", &KEY), "kty", json!("EC")),
        without(published("no kid", &KEY), "kid"),
        private,
        1,
    ]});
    let keys = Keys::from_jwks(set.to_string().as_bytes()).unwrap();
    assert_eq!(keys.kids(), "good");
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, "null"] {
        assert!(Keys::from_jwks(text.as_bytes()).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_readers_panic(text in "\\PC{0,200}", parts in proptest::collection::vec("[A-Za-z0-9_-]{0,60}", 0..6)) {
        for token in [text, parts.join(".")] {
            prop_assert!(Signed::read(&token, &mut Checks::default()).is_err());
            let _shown = read_unverified(&token);
        }
    }

    #[test]
    fn no_bytes_make_the_json_reader_or_the_key_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _object = strict_json::object(&bytes);
        let _keys = Keys::from_jwks(&bytes);
    }

    #[test]
    fn no_claims_make_the_judge_panic(exp in any::<i64>(), nbf in any::<i64>(), text in "\\PC{0,40}", is_ours in any::<bool>()) {
        let mut claims = with(with(claims(), "exp", json!(exp)), "nbf", json!(nbf));
        if !is_ours {
            claims = with(with(with(claims, "iss", json!(text)), "tid", json!(text)), "aud", json!(text));
        }
        let claims = Claims(claims.as_object().unwrap().clone());
        let rules = Rules { issuer: "https://sts.windows.net/{tenantid}/", audiences: &[API.to_owned()] };
        for now in [jiff::Timestamp::from_second(NOW_S).unwrap(), jiff::Timestamp::MIN, jiff::Timestamp::MAX] {
            let accepted = claims.judge(&rules, now, &mut Checks::default()).is_ok();
            prop_assert!(is_ours || !accepted);
        }
    }
}
