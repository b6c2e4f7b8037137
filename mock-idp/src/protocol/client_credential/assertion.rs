//! Client assertions: a JWT by which a client proves who it is (RFC 7523 §2.2).
//!
//! Rules: Microsoft identity platform "Certificate credentials", "Workload identity federation".

mod certificate;
mod federated;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use wire::access_token::{CLOCK_SKEW_S, TOKEN_LIMIT_BYTES, read_strictly};
use wire::{Check, Checks};

use self::certificate::verify_with_certificates;
use self::federated::verify_federated;
use super::Proof;
use crate::directory::Application;
use crate::error::EntraError;
use crate::protocol::redeemed::RedeemedIds;
use crate::protocol::{guid, shown_instant};

/// `client_assertion_type` (RFC 7523 §2.2).
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The signature algorithms of assertions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
}

impl Algorithm {
    fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "RS384" => Some(Self::Rs384),
            "RS512" => Some(Self::Rs512),
            "PS256" => Some(Self::Ps256),
            _ => None,
        }
    }
}

/// An assertion of the right form, of which nothing has been verified yet.
struct Assertion<'r> {
    text: &'r str,
    algorithm: Algorithm,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    issuer: String,
    subject: String,
    audiences: Vec<String>,
    expires: i64,
}

/// Checks the assertion of `client`: its form, whose it is, its signature, for whom it is, and when.
///
/// # Errors
/// 50027, 5002723, 5002727, 5002738, 90014, 700021, 700023, 700024, 700027, 50012; of another issuer also 700211, 700212,
/// 700213, 700229 and 90061.
pub(super) fn check(
    text: &str,
    client: Application<'_>,
    proof: &Proof<'_>,
    used: &mut RedeemedIds,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let assertion = Assertion::read(text, checks)?;
    let is_client = |text: &str| guid(text) == Some(client.client_id);
    if assertion.issuer.contains("://") {
        verify_federated(&assertion, client, proof, checks)?;
        return assertion.check_current(proof, checks);
    }
    let expected = format!("iss and sub: the client id {}, or iss: the URL of another issuer", client.client_id);
    let received = format!("iss {}, sub {}", shown(&assertion.issuer), shown(&assertion.subject));
    if !is_client(&assertion.issuer) || !is_client(&assertion.subject) {
        let fix = "the client: iss and sub of the assertion are its own client id, as client_id of the request is";
        checks.refuse(Check::ClientAssertionClient, expected, received, fix);
        return Err(EntraError::AssertionOfOtherClient);
    }
    checks.pass(Check::ClientAssertionClient, expected, received);
    verify_with_certificates(&assertion, client, proof.now, checks)?;
    assertion.check_audience(proof, checks)?;
    assertion.check_current(proof, checks)?;
    assertion.check_unused(client, proof, used, checks)
}

impl<'r> Assertion<'r> {
    fn read(text: &'r str, checks: &mut Checks) -> Result<Self, EntraError> {
        let expected =
            format!("a signed JWT of at most {TOKEN_LIMIT_BYTES} bytes with the claims iss, sub, aud and exp");
        let mut refuse = |received: &str, error| {
            let fix = "the client: let a library sign the assertion (RFC 7523 §3)";
            checks.refuse(Check::ClientAssertionReadable, expected.as_str(), received, fix);
            Err(error)
        };
        let read = Some(text).filter(|text| text.len() <= TOKEN_LIMIT_BYTES).and_then(read_strictly);
        let Some(unverified) = read else {
            return refuse("a text that is no signed JWT, or one with a member given twice", EntraError::MalformedJwt);
        };
        let (header, claims) = (unverified.header, unverified.claims);
        let member = |of: &Map<String, Value>, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
        let typ = header.get("typ").map(|typ| typ.as_str().unwrap_or_default());
        let is_jwt = |typ: &str| typ.eq_ignore_ascii_case("JWT") || typ == "http://openid.net/specs/jwt/1.0";
        if let Some(typ) = typ.filter(|typ| !is_jwt(typ)) {
            return refuse(&format!("the type '{}' in the header", shown(typ)), EntraError::AssertionType);
        }
        let alg = member(&header, "alg").unwrap_or_default();
        let Some(algorithm) = Algorithm::named(&alg) else {
            let received = format!("the algorithm '{}'", shown(&alg));
            return refuse(&received, EntraError::AssertionAlgorithm { algorithm: shown(&alg) });
        };
        let mut missing = None;
        let mut text_claim = |name: &'static str| {
            let value = member(&claims, name).filter(|value| !value.is_empty());
            if value.is_none() && missing.is_none() {
                missing = Some(name);
            }
            value.unwrap_or_default()
        };
        let (issuer, subject) = (text_claim("iss"), text_claim("sub"));
        let audiences: Vec<String> = match claims.get("aud") {
            Some(Value::String(audience)) if !audience.is_empty() => vec![audience.clone()],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        let missing = missing.or(audiences.is_empty().then_some("aud"));
        let expires = claims.get("exp").and_then(whole_seconds);
        let missing = missing.or((!claims.contains_key("exp")).then_some("exp"));
        if let Some(field) = missing {
            return refuse(&format!("none with the claim {field}"), EntraError::CredentialFieldMissing { field });
        }
        let Some(expires) = expires else {
            return refuse("an exp that is no number of seconds", EntraError::MalformedJwt);
        };
        checks.pass(Check::ClientAssertionReadable, expected.as_str(), format!("one signed with {alg}"));
        Ok(Self { text, algorithm, header, claims, issuer, subject, audiences, expires })
    }

    /// The token endpoint or the issuer, of the tenant or of any organisation: client libraries differ.
    fn check_audience(&self, proof: &Proof<'_>, checks: &mut Checks) -> Result<(), EntraError> {
        let expected = format!("aud: {}", proof.origins.token_endpoint(&proof.segment.in_urls()));
        let received = self.audiences.iter().map(|audience| shown(audience)).collect::<Vec<_>>().join(", ");
        let is_meant = |audience: &String| proof.audiences().any(|meant| meant.eq_ignore_ascii_case(audience));
        if self.audiences.iter().any(is_meant) {
            checks.pass(Check::ClientAssertionAudience, expected, received);
            return Ok(());
        }
        let fix = "the client: aud of the assertion is the URL that the token request goes to; the client's authority has \
                   another host or tenant than the assertion";
        checks.refuse(Check::ClientAssertionAudience, expected, received, fix);
        Err(EntraError::AssertionAudience)
    }

    fn check_current(&self, proof: &Proof<'_>, checks: &mut Checks) -> Result<(), EntraError> {
        let now = proof.now.as_second();
        let from = self.claims.get("nbf").and_then(whole_seconds);
        let starts = from.is_none_or(|from| from <= now.saturating_add(CLOCK_SKEW_S));
        let lasts = now < self.expires.saturating_add(CLOCK_SKEW_S);
        let from = from.map_or_else(|| "any time".to_owned(), shown_instant);
        let expected = format!("an assertion for now, {}, give or take five minutes", proof.now);
        let received = format!("one from {from} until {}", shown_instant(self.expires));
        if starts && lasts {
            checks.pass(Check::ClientAssertionCurrent, expected, received);
            return Ok(());
        }
        let fix = "the clock of the client's machine, or the client: an assertion is made anew for each request, and lives \
                   for minutes";
        checks.refuse(Check::ClientAssertionCurrent, expected, received, fix);
        Err(EntraError::AssertionTimeRange {
            now: proof.now.to_string(),
            valid_from: from,
            expires: shown_instant(self.expires),
        })
    }

    /// RFC 7523 §3 lets a server refuse a `jti` that it has seen; Entra takes it again, and client libraries rely on it.
    fn check_unused(
        &self,
        client: Application<'_>,
        proof: &Proof<'_>,
        used: &mut RedeemedIds,
        checks: &mut Checks,
    ) -> Result<(), EntraError> {
        let expected = "a jti that was not seen before";
        let Some(jti) = self.claims.get("jti").and_then(Value::as_str) else {
            checks.pass(Check::ClientAssertionUnused, expected, "none: the assertion carries no jti");
            return Ok(());
        };
        let digest = Sha256::new().chain_update(client.client_id).chain_update(jti).finalize();
        let id = digest.first_chunk().map_or(Uuid::nil(), |id| Uuid::from_bytes(*id));
        let until = self.expires.saturating_add(CLOCK_SKEW_S);
        if used.redeem(id, until, proof.now.as_second()) {
            checks.pass(Check::ClientAssertionUnused, expected, "a new one");
            return Ok(());
        }
        if !proof.directory.refuses_replayed_assertions() {
            let note = "one that was used before, which Entra allows and RFC 7523 §3 lets a server refuse";
            checks.pass(Check::ClientAssertionUnused, expected, note);
            return Ok(());
        }
        let fix = "the client: a new assertion, with a jti of its own, for each request; or idp.replayed_assertions: accepted, \
                   as Entra has it";
        checks.refuse(Check::ClientAssertionUnused, expected, "one that was used before", fix);
        Err(EntraError::AssertionRefused)
    }
}

/// A NumericDate (RFC 7519 §2), cut to whole seconds.
fn whole_seconds(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let seconds = value.as_f64().filter(|seconds| seconds.abs() < 1e15)?.floor();
        #[expect(clippy::cast_possible_truncation, reason = "whole, and far below the limit")]
        Some(seconds as i64)
    })
}

/// A value from an assertion as checks and messages show it.
fn shown(value: &str) -> String {
    value.chars().take(120).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn assertion(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2ln", part(header), part(claims))
    }

    fn read(header: &Value, claims: &Value) -> Result<String, EntraError> {
        let text = assertion(header, claims);
        Assertion::read(&text, &mut Checks::default()).map(|assertion| assertion.issuer)
    }

    #[test]
    fn an_assertion_names_who_for_whom_and_until_when() {
        let header = json!({"alg": "RS256", "typ": "JWT", "x5t": "x"});
        let whole = json!({"iss": "i", "sub": "s", "aud": "a", "exp": 1});
        assert_eq!(read(&header, &whole), Ok("i".to_owned()));
        for field in ["iss", "sub", "aud", "exp"] {
            let mut claims = whole.clone();
            claims.as_object_mut().unwrap().remove(field);
            assert_eq!(read(&header, &claims), Err(EntraError::CredentialFieldMissing { field }));
        }
        for odd in [json!("1"), json!(null), json!(1e300), json!([])] {
            let mut claims = whole.clone();
            claims["exp"] = odd;
            assert_eq!(read(&header, &claims), Err(EntraError::MalformedJwt));
        }
    }

    #[test]
    fn algorithms_without_a_public_key_are_none() {
        let claims = json!({"iss": "i", "sub": "s", "aud": "a", "exp": 1});
        for alg in ["none", "None", "HS256", "ES256", "PS384", ""] {
            let refused = read(&json!({"alg": alg}), &claims);
            assert_eq!(refused, Err(EntraError::AssertionAlgorithm { algorithm: alg.to_owned() }));
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), header in any::<Vec<u8>>(), claims in any::<Vec<u8>>()) {
            let _ = Assertion::read(&text, &mut Checks::default());
            let text = format!("{}.{}.", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
            prop_assert!(Assertion::read(&text, &mut Checks::default()).is_err());
        }

        #[test]
        fn any_claims_are_read_or_refused(
            iss in "[ -~]{0,40}", exp in any::<f64>(), alg in "(RS|PS|HS|ES)(256|384|512)", typ in "[A-Za-z+]{0,8}"
        ) {
            let claims = json!({"iss": iss, "sub": "s", "aud": ["a", 1, null], "exp": exp});
            if let Ok(issuer) = read(&json!({"alg": alg, "typ": typ}), &claims) {
                prop_assert_eq!(issuer, iss);
            }
        }
    }
}
