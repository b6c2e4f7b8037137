//! Clients that prove who they are by a signed assertion: with a certificate, or by a token of another issuer.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use josekit::jws::{HS256, JwsSigner, PS256, RS256, RS384, RS512};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use sha2::Sha256;

use crate::support::*;

const KEYS: &str = include_str!("../../keys/public-test-keys.pem");
pub const GRAPH_DEFAULT: &str = "https://graph.microsoft.com/.default";
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
pub const CI: &str = "https://ci.test";

/// The private key and the certificate of one of two pairs.
fn pair(number: usize) -> (String, String) {
    let mut blocks = KEYS.split("-----BEGIN ").skip(1).map(|block| format!("-----BEGIN {block}").trim().to_owned());
    let private = blocks.nth(number * 2).unwrap();
    (private, blocks.next().unwrap())
}

fn der(certificate: &str) -> Vec<u8> {
    let lines: String = certificate.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(lines).unwrap()
}

/// A lab whose client has the first certificate, and trusts one pipeline's tokens, signed with the same key.
pub fn world_with_certificate() -> Value {
    let (_, certificate) = pair(0);
    changed(json!({"apps": {"client": {
        "certificates": { "main": certificate },
        "federated_credentials": { "ci": { "issuer": CI, "subject": "repo:contoso/app", "keys": [certificate] } },
    }}}))
}

/// The header and claims of a good assertion, which a test changes.
pub fn good() -> (Value, Value) {
    let now = 1_768_467_600;
    let header = json!({"alg": "RS256", "typ": "JWT", "x5t": URL_SAFE_NO_PAD.encode(Sha1::digest(der(&pair(0).1)))});
    let claims = json!({
        "aud": format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"),
        "iss": CLIENT, "sub": CLIENT, "jti": "22b3bb26-e046-42df-9c96-65dbd72c1c81",
        "nbf": now, "exp": now + 600, "iat": now,
    });
    (header, claims)
}

/// The same of a good token of the pipeline.
pub fn federated() -> (Value, Value) {
    let (header, mut claims) = good();
    claims["iss"] = CI.into();
    claims["sub"] = "repo:contoso/app".into();
    claims["aud"] = "api://AzureADTokenExchange".into();
    (header, claims)
}

/// Signs with the private key of a pair, in the way that the header names.
pub fn signed(number: usize, header: &Value, claims: &Value) -> String {
    let (private, _) = pair(number);
    let signer: Box<dyn JwsSigner> = match header["alg"].as_str().unwrap() {
        "RS384" => Box::new(RS384.signer_from_pem(private).unwrap()),
        "RS512" => Box::new(RS512.signer_from_pem(private).unwrap()),
        "PS256" => Box::new(ps256_signer(number)),
        "HS256" => Box::new(HS256.signer_from_bytes([7; 32]).unwrap()),
        _ => Box::new(RS256.signer_from_pem(private).unwrap()),
    };
    let encoded = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let message = encoded.join(".");
    let signature = signer.sign(message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The certificate in base64 with a line break after every 64 characters, as PEM has it.
fn with_line_breaks(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect::<Vec<_>>().join("\n")
}

/// Of a key in PKCS #8 that does not say PSS itself, josekit would sign with the older padding.
fn ps256_signer(number: usize) -> josekit::jws::alg::rsassa_pss::RsassaPssJwsSigner {
    use rsa::pkcs1::EncodeRsaPrivateKey;
    use rsa::pkcs8::DecodePrivateKey;
    let key = rsa::PrivateKey::from_pkcs8_pem(&pair(number).0).unwrap();
    PS256.signer_from_der(key.to_pkcs1_der().unwrap().as_bytes()).unwrap()
}

pub fn with_assertion<'p>(parameters: &[(&'p str, &'p str)], assertion: &'p str) -> Vec<(&'p str, &'p str)> {
    let public = with(parameters, "client_secret", "");
    with(&with(&public, "client_assertion_type", TYPE), "client_assertion", assertion)
}

/// The answer to a request for a token for the application itself, with the changed assertion.
pub fn asked(number: usize, (header, claims): (Value, Value)) -> Seen {
    asked_in(&Lab::of(world_with_certificate()), &signed(number, &header, &claims))
}

pub fn asked_in(lab: &Lab, assertion: &str) -> Seen {
    lab.post(TENANT_TOKEN, &form(&with_assertion(&for_itself(GRAPH_DEFAULT), assertion)))
}

#[track_caller]
fn assert_good(seen: &Seen) {
    assert_eq!(seen.status, 200, "{}", seen.body);
}

#[test]
fn a_certificate_is_a_credential_and_the_token_says_so() {
    let seen = asked(0, good());
    assert_good(&seen);
    let token = wire::access_token::read_unverified(seen.json()["access_token"].as_str().unwrap()).unwrap();
    assert_eq!(token.claims["appidacr"], "2");
    let lab = Lab::of(world_with_certificate());
    let code = lab.code(V2_AUTHORIZE, &v2("api://3f8a1c2e-0000-4000-8000-000000000002/Things.Read offline_access"));
    let (header, claims) = good();
    let assertion = signed(0, &header, &claims);
    let redeemed = lab.post(TENANT_TOKEN, &form(&with_assertion(&redeem(&code), &assertion)));
    assert_good(&redeemed);
    let token = wire::access_token::read_unverified(redeemed.json()["access_token"].as_str().unwrap()).unwrap();
    assert_eq!(token.claims["azpacr"], "2");
    let refresh_token = redeemed.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_good(&lab.post(TENANT_TOKEN, &form(&with_assertion(&refresh(&refresh_token), &assertion))));
}

#[test]
fn every_algorithm_that_client_libraries_use_is_taken() {
    for alg in ["RS256", "RS384", "RS512", "PS256"] {
        let (mut header, claims) = good();
        header["alg"] = alg.into();
        assert_good(&asked(0, (header, claims)));
    }
}

#[test]
fn a_certificate_is_named_in_any_of_the_ways_of_client_libraries() {
    let certificate = der(&pair(0).1);
    let sha1 = Sha1::digest(&certificate);
    let hex: String = sha1.iter().map(|byte| format!("{byte:02x}")).collect();
    for named in [
        json!({"x5t#S256": URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate))}),
        json!({"x5t": URL_SAFE_NO_PAD.encode(sha1), "x5c": [STANDARD.encode(&certificate)]}),
        // as MSAL for Python writes them
        json!({"x5t": URL_SAFE.encode(sha1)}),
        json!({"x5t#S256": URL_SAFE.encode(Sha256::digest(&certificate)), "x5c": [with_line_breaks(&certificate)]}),
        json!({"kid": URL_SAFE_NO_PAD.encode(sha1)}),
        json!({"kid": hex}),
        json!({"kid": "main"}),
        json!({"x5c": [STANDARD.encode(&certificate)]}),
    ] {
        let mut header = named.clone();
        header["alg"] = "RS256".into();
        assert_good(&asked(0, (header, good().1)));
    }
}

/// MSAL for Python, .NET and Go name the token endpoint; MSAL for JavaScript names the issuer.
#[test]
fn the_audience_is_any_form_of_the_addressed_token_endpoint_or_issuer() {
    let login = "https://login.microsoftonline.com";
    for audience in [
        format!("{login}/{TENANT}/v2.0"),
        format!("{login}/{TENANT}/oauth2/token"),
        format!("{login}/contoso.com/oauth2/v2.0/token"),
        format!("{login}/common/oauth2/v2.0/token"),
        format!("{login}/organizations/v2.0"),
        format!("https://sts.windows.net/{TENANT}/"),
    ] {
        let (header, mut claims) = good();
        claims["aud"] = audience.into();
        assert_good(&asked(0, (header, claims)));
    }
}

#[test]
fn atk_b20_an_assertion_that_is_not_in_order_is_an_invalid_client() {
    let changed = |member: &str, value: Value| {
        let (header, mut claims) = good();
        claims[member] = value;
        (header, claims)
    };
    let without = |member: &str| {
        let (header, mut claims) = good();
        claims.as_object_mut().unwrap().remove(member);
        (header, claims)
    };
    let header = |member: &str, value: Value| {
        let (mut header, claims) = good();
        header[member] = value;
        (header, claims)
    };
    let login = "https://login.microsoftonline.com";
    for (pair, assertion, aadsts) in [
        (0, changed("aud", format!("{login}/{OTHER_TENANT}/oauth2/v2.0/token").into()), 700_023),
        (0, changed("aud", "https://evil.test/token".into()), 700_023),
        (0, changed("aud", json!([])), 90_014),
        (0, changed("exp", 1_768_467_000.into()), 700_024),
        (0, changed("nbf", 1_768_468_000.into()), 700_024),
        (0, without("sub"), 90_014),
        (0, without("exp"), 90_014),
        (0, changed("sub", SERVER.into()), 700_021),
        (0, changed("iss", "copilot-studio-client".into()), 700_021),
        (0, header("alg", "HS256".into()), 5_002_738),
        (0, header("typ", "at+jwt".into()), 5_002_727),
        (0, header("x5t", "c29tZXRoaW5nIGVsc2U".into()), 700_027),
        (1, good(), 700_027),
    ] {
        let shown = format!("{assertion:?}");
        let seen = asked(pair, assertion);
        let error = seen.json()["error"].as_str().map(str::to_owned);
        assert_eq!((seen.status.as_u16(), seen.aadsts()), (401, Some(aadsts)), "{shown}");
        assert_eq!(error.as_deref(), Some("invalid_client"), "{shown}");
    }
}

#[test]
fn atk_b20_a_signature_of_none_or_a_changed_one_proves_nothing() {
    let lab = Lab::of(world_with_certificate());
    let (mut header, claims) = good();
    let whole = signed(0, &header, &claims);
    let (front, signature) = whole.rsplit_once('.').unwrap();
    header["alg"] = "none".into();
    let unsigned = URL_SAFE_NO_PAD.encode(header.to_string());
    let payload = front.split_once('.').unwrap().1;
    let changed =
        URL_SAFE_NO_PAD.encode(json!({"iss": CLIENT, "sub": CLIENT, "aud": "x", "exp": 9_999_999_999_i64}).to_string());
    for (assertion, aadsts) in [
        (format!("{unsigned}.{payload}."), 5_002_738),
        (format!("{front}."), 700_027),
        (format!("{}.{changed}.{signature}", front.split_once('.').unwrap().0), 700_027),
        (front.to_owned(), 50_027),
        (format!("{whole}."), 50_027),
        ("x".repeat(20_000), 50_027),
    ] {
        assert_eq!(asked_in(&lab, &assertion).aadsts(), Some(aadsts), "{assertion}");
    }
}

/// Entra takes an assertion again until it ends, and MSAL for Node sends it again; the world can be stricter.
#[test]
fn atk_b20_a_replayed_assertion_is_noted_and_refused_where_the_world_says_so() {
    let mut world = world_with_certificate();
    let (header, claims) = good();
    let assertion = signed(0, &header, &claims);
    let lab = Lab::of(world.clone());
    for note in ["a new one", "one that was used before, which Entra allows and RFC 7523 §3 lets a server refuse"] {
        let seen = asked_in(&lab, &assertion);
        assert_good(&seen);
        let check = seen.checks.0.iter().find(|result| result.check.name() == "client_assertion.unused").unwrap();
        assert_eq!(check.received, note);
    }
    world["replayed_assertions"] = "refused".into();
    lab.replace(world);
    let seen = asked_in(&lab, &assertion);
    assert_eq!((seen.status.as_u16(), seen.aadsts()), (401, Some(50_012)));
}

#[test]
fn a_certificate_ends_with_its_validity() {
    let lab = Lab::of(world_with_certificate());
    let years = 6 * 366 * 24 * 60;
    lab.advance(years);
    let (header, mut claims) = good();
    for name in ["nbf", "exp"] {
        claims[name] = (claims[name].as_i64().unwrap() + years * 60).into();
    }
    let seen = asked_in(&lab, &signed(0, &header, &claims));
    assert_eq!(seen.aadsts(), Some(700_027));
    assert!(seen.body.contains("The key used is expired."), "{}", seen.body);
}

#[test]
fn one_credential_is_sent_and_no_more() {
    let lab = Lab::of(world_with_certificate());
    let (header, claims) = good();
    let assertion = signed(0, &header, &claims);
    let both = with(&with_assertion(&for_itself(GRAPH_DEFAULT), &assertion), "client_secret", SECRET);
    assert_eq!(lab.post(TENANT_TOKEN, &form(&both)).aadsts(), Some(90_013));
    let mut request = post(TENANT_TOKEN, &form(&with_assertion(&for_itself(GRAPH_DEFAULT), &assertion)));
    let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{SECRET}")));
    request.headers_mut().insert(http::header::AUTHORIZATION, basic.parse().unwrap());
    assert_eq!(lab.send(request).aadsts(), Some(90_013));
    let code = lab.code(V2_AUTHORIZE, &with(&v2(DEFAULT), "redirect_uri", "http://localhost/cb"));
    let public = with(&with_assertion(&redeem(&code), &assertion), "redirect_uri", "http://localhost/cb");
    assert_eq!(lab.post(TENANT_TOKEN, &form(&public)).aadsts(), Some(700_025));
}

#[test]
fn a_token_of_a_trusted_issuer_is_a_credential_again_and_again() {
    let lab = Lab::of(world_with_certificate());
    let (mut header, claims) = federated();
    header.as_object_mut().unwrap().remove("x5t");
    header.as_object_mut().unwrap().remove("typ");
    let token = signed(0, &header, &claims);
    for _ in 0..2 {
        assert_good(&asked_in(&lab, &token));
    }
    let (mut header, mut claims) = federated();
    claims["sub"] = "repo:Contoso/app".into();
    assert_eq!(asked(0, (header.clone(), claims.clone())).aadsts(), Some(700_213), "letters count");
    claims["sub"] = "repo:contoso/app".into();
    header["x5t"] = "eA".into();
    assert_eq!(asked(1, (header, claims)).aadsts(), Some(700_027), "another key");
}

/// As a managed identity does: an application proves itself by another application's token of the same lab.
#[test]
fn a_token_of_this_identity_provider_is_a_credential_where_an_application_got_it() {
    let issuer = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    let lab = Lab::of(changed(json!({"apps": {
        "client": { "federated_credentials": { "other": {
            "issuer": issuer, "subject": "5e41c0de-0000-4000-8000-000000000001", "audiences": [MODERN],
        }, "user": { "issuer": issuer, "subject": "x", "audiences": [MODERN] } } },
        "single": { "service_principal_ids": { "contoso": "5e41c0de-0000-4000-8000-000000000001" } },
    }})));
    let single =
        with(&for_itself("api://3f8a1c2e-0000-4000-8000-000000000002/.default"), "client_secret", "single-secret");
    let single = with(&single, "client_id", "9d4e2b7a-0000-4000-8000-000000000001");
    let token = lab.post(TENANT_TOKEN, &form(&single)).json()["access_token"].as_str().unwrap().to_owned();
    assert_good(&asked_in(&lab, &token));
}

#[test]
fn a_users_token_of_this_identity_provider_is_no_credential() {
    assert_eq!(with_users_token().aadsts(), Some(700_229));
}

/// The client proves itself by a user's token.
pub fn with_users_token() -> Seen {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2("api://3f8a1c2e-0000-4000-8000-000000000002/Things.Read"));
    let token = lab.post(V2_TOKEN, &form(&redeem(&code))).json()["access_token"].as_str().unwrap().to_owned();
    let claims = wire::access_token::read_unverified(&token).unwrap().claims;
    lab.replace(changed(json!({"apps": {"client": {"federated_credentials": {
        "user": { "issuer": claims["iss"], "subject": claims["sub"], "audiences": [MODERN] },
    }}}})));
    asked_in(&lab, &token)
}
