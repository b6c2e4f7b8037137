//! The `claims` parameter: what a client asks tokens to hold, and answers to claims challenges.
//!
//! Rules: OpenID Connect Core §5.5, Microsoft identity platform "Claims challenges, claims requests and client
//! capabilities".

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use wire::{Check, Checks};

use crate::error::EntraError;
use crate::protocol::parameters::Parameters;

/// The claims that a request asks for, by the token they are to be in. `userinfo` is left out: Entra does not read it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClaimsRequest {
    /// Of the access token. The `nbf` of a challenge, from a resource that takes no older token, needs nothing more: every
    /// token is issued anew.
    pub access_token: BTreeMap<String, RequestedClaim>,
    /// Of the id token.
    pub id_token: BTreeMap<String, RequestedClaim>,
}

/// How one claim is asked for.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RequestedClaim {
    /// Whether the sign-in is of no use without it.
    pub essential: bool,
    /// The value that it should have.
    pub value: Option<Value>,
    /// The values of which it should have one.
    pub values: Vec<Value>,
}

/// The JSON as it is written: a claim that is `null` is asked for without more words.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    access_token: Option<BTreeMap<String, Option<RequestedClaim>>>,
    id_token: Option<BTreeMap<String, Option<RequestedClaim>>>,
}

impl RequestedClaim {
    /// Every value that would do.
    pub fn accepted(&self) -> impl Iterator<Item = &Value> {
        self.value.iter().chain(&self.values)
    }
}

impl ClaimsRequest {
    /// The authentication contexts that are asked for: `acrs` of the access token, `c1` to `c99`.
    #[must_use]
    pub fn contexts(&self) -> BTreeSet<String> {
        let is_context = |text: &&str| {
            let number = text.strip_prefix('c').filter(|number| !number.starts_with('0') && number.len() <= 2);
            number.is_some_and(|number| number.parse::<u8>().is_ok_and(|number| number > 0))
        };
        let asked = self.access_token.get("acrs").into_iter().flat_map(RequestedClaim::accepted);
        asked.filter_map(Value::as_str).filter(is_context).map(str::to_owned).collect()
    }

    /// Whether the client says that it understands claims challenges: `xms_cc` of the access token, with `cp1`.
    #[must_use]
    pub fn understands_challenges(&self) -> bool {
        let said = self.access_token.get("xms_cc").into_iter().flat_map(RequestedClaim::accepted);
        said.filter_map(Value::as_str).any(|capability| capability.eq_ignore_ascii_case("cp1"))
    }

    /// Reads the `claims` parameter of an authorize or token request; nothing is asked for where it is absent.
    ///
    /// # Errors
    /// 90100 where it is no JSON object of this form.
    pub fn read(parameters: &Parameters, checks: &mut Checks) -> Result<Self, EntraError> {
        if !parameters.has("claims") {
            return Ok(Self::default());
        }
        let expected = "a JSON object with the members access_token and id_token, in each the claims by name";
        match Self::parse(parameters.bytes("claims").unwrap_or_default()) {
            Some(claims) => {
                checks.pass(Check::RequestClaims, expected, "such an object");
                Ok(claims)
            }
            None => {
                let received = String::from_utf8_lossy(parameters.bytes("claims").unwrap_or_default());
                let received = if received.is_empty() { "nothing".into() } else { received };
                let fix = "let the client send the JSON itself, url-encoded: the claims of a challenge header are \
                           base64, and are to be decoded before";
                let shown: String = received.chars().take(200).collect();
                checks.refuse(Check::RequestClaims, expected, shown, fix);
                Err(EntraError::InvalidParameter { parameter: "claims" })
            }
        }
    }

    fn parse(json: &[u8]) -> Option<Self> {
        // a struct could be read from an array too
        let value: Value = serde_json::from_slice(json).ok().filter(Value::is_object)?;
        let Written { access_token, id_token } = serde_json::from_value(value).ok()?;
        let members = |claims: Option<BTreeMap<String, Option<RequestedClaim>>>| {
            claims.into_iter().flatten().map(|(name, claim)| (name, claim.unwrap_or_default())).collect()
        };
        Some(Self { access_token: members(access_token), id_token: members(id_token) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_shapes_of_capabilities_and_challenges_are_read() {
        let of = |text: &str| ClaimsRequest::parse(text.as_bytes());
        let capability = of(r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#).unwrap();
        assert_eq!(capability.access_token["xms_cc"].accepted().collect::<Vec<_>>(), [&json!("cp1")]);
        let context = of(r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}},"id_token":{"auth_time":null}}"#);
        let context = context.unwrap();
        assert!(context.access_token["acrs"].essential && context.id_token.contains_key("auth_time"));
        assert_eq!(of("{}"), Some(ClaimsRequest::default()));
        assert_eq!(of(r#"{"userinfo":{"x":null},"id_token":null}"#), Some(ClaimsRequest::default()));
    }

    #[test]
    fn capabilities_and_authentication_contexts_are_understood() {
        let of = |text: &str| ClaimsRequest::parse(text.as_bytes()).unwrap();
        // merged with a challenge, as MSAL does before it sends it
        let merged = of(r#"{"access_token":{"nbf":{"essential":true,"value":"1563308371"},
            "acrs":{"essential":true,"value":"c1"},"xms_cc":{"values":["CP1"]}}}"#);
        assert!(merged.understands_challenges());
        assert_eq!(Vec::from_iter(merged.contexts()), ["c1"]);
        let several = of(r#"{"access_token":{"acrs":{"values":["c2","c99","c100","c0","c01","x",1]}}}"#);
        assert!(!several.understands_challenges());
        assert_eq!(Vec::from_iter(several.contexts()), ["c2", "c99"]);
    }

    #[test]
    fn what_is_no_such_object_is_none() {
        for text in ["", "{", "[]", "null", "\"x\"", "eyJhY2Nlc3NfdG9rZW4iOnt9fQ==", r#"{"id_token":1}"#] {
            assert_eq!(ClaimsRequest::parse(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..128), text in "[\\[\\]{}\":a-z,0-9]{0,60}") {
            let _ = (ClaimsRequest::parse(&bytes), ClaimsRequest::parse(text.as_bytes()));
        }
    }
}
