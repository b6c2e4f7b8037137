//! A user's access token for a token of the next API (RFC 7523 §2.1): on-behalf-of.
//!
//! Rules: Microsoft identity platform "OAuth 2.0 On-Behalf-Of flow".

use jiff::Timestamp;
use rand_core::CryptoRng;
use serde_json::{Map, Value};
use wire::access_token::{TOKEN_LIMIT_BYTES, read_strictly};
use wire::{Check, Checks};

use super::user_grant::{find_principal, grant};
use super::{Memory, Party, Records, TokenRequest, require};
use crate::directory::Application;
use crate::error::EntraError;
use crate::protocol::authorize::response_type::ResponseType;
use crate::protocol::claims::aio::SignInNote;
use crate::protocol::grants::{Aim, Grant, Subject};
use crate::protocol::redirect_uri::Platform;
use crate::protocol::target::Wanted;
use crate::protocol::{Family, guid, randomness, shown_instant};

/// `grant_type` of the flow.
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// What an access token says, once its signature is verified.
struct Assertion {
    claims: Map<String, Value>,
}

/// The middle tier, a confidential client, exchanges the token that it was called with.
///
/// The user's identity goes on, and the middle tier is the client of the new token. Consent, assignment and whatever else
/// stands between a grant and its tokens is judged where it is for every user's grant.
pub(super) fn exchange<'d>(
    request: TokenRequest<'_>,
    records: Records<'d, '_>,
    memory: Memory<'_>,
    party: &Party<'d>,
    checks: &mut Checks,
) -> Result<Grant<'d>, EntraError> {
    let (parameters, directory, client) = (request.parameters, records.directory, party.client);
    let token = require(parameters, "assertion", checks)?;
    check_use(require(parameters, "requested_token_use", checks)?, checks)?;
    let response_type = ResponseType { code: true, ..ResponseType::default() };
    let wanted = Wanted::read(request.family, response_type, parameters, directory.resource_parameter(), checks)?;
    party.authenticate(Platform::Web, records, memory.redeemed, checks)?;
    let assertion = Assertion::verify(token, records, checks)?;
    assertion.check_kind(client, checks)?;
    assertion.check_audience(client, checks)?;
    assertion.check_current(records.now, checks)?;
    let subject = assertion.subject(client, memory.rng, checks)?;
    let principal = find_principal(request.family, directory, party, &subject, checks)?;
    let requested = wanted.resolve(directory, principal.tenant, client, checks)?;
    let Some(target) = requested.targets.first() else {
        return Err(EntraError::MissingParameter { parameter: "scope" });
    };
    let mut grant = grant(request, records, party, &subject, &Aim::at(target), &requested.oidc, checks)?;
    if request.family == Family::V1 {
        // the middle tier gets no id token, unless it asks for one
        let asks = parameters.text("scope").is_some_and(|scope| scope.split(' ').any(|name| name == "openid"));
        grant.oidc.retain(|_| asks);
    }
    Ok(grant)
}

fn check_use(requested: &str, checks: &mut Checks) -> Result<(), EntraError> {
    let expected = "requested_token_use: on_behalf_of";
    if requested == "on_behalf_of" {
        checks.pass(Check::GrantType, expected, requested);
        return Ok(());
    }
    checks.refuse(Check::GrantType, expected, requested, "the client's requested_token_use");
    Err(EntraError::InvalidInput { reason: "the value of 'requested_token_use' is not supported." })
}

impl Assertion {
    /// The token must be one that this identity provider signed.
    fn verify(token: &str, records: Records<'_, '_>, checks: &mut Checks) -> Result<Self, EntraError> {
        let expected = "an access token that this identity provider signed, unchanged";
        let fix = "the middle tier: send the access token that it was called with as assertion, exactly as it came; a token \
                   for Microsoft Graph is for Graph alone";
        let Some(read) = Some(token).filter(|token| token.len() <= TOKEN_LIMIT_BYTES).and_then(read_strictly) else {
            checks.refuse(Check::AssertionAuthentic, expected, "a text that is no signed JWT", fix);
            return Err(EntraError::MalformedJwt);
        };
        if let Some(claims) = records.keys.verify(token) {
            checks.pass(Check::AssertionAuthentic, expected, "one of its own");
            return Ok(Self { claims });
        }
        let kid = read.header.get("kid").and_then(Value::as_str).unwrap_or_default();
        let is_known = records.keys.public_keys().any(|key| key.kid == kid);
        let (reason, received) = if is_known {
            ("The provided signature value did not match the expected signature value.", "one with another signature")
        } else {
            ("The key was not found.", "one that another key signed")
        };
        checks.refuse(Check::AssertionAuthentic, expected, received, fix);
        let thumbprint = kid.chars().take(120).collect();
        Err(EntraError::AssertionNotAuthentic { reason, thumbprint })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    /// A user's access token: no id token, and none that an application got for itself.
    fn check_kind(&self, client: Application<'_>, checks: &mut Checks) -> Result<(), EntraError> {
        let expected = "a user's access token";
        let mut refuse = |received: &str, fix: &str, error| {
            checks.refuse(Check::AssertionOfUser, expected, received, fix);
            Err(error)
        };
        if self.text("appid").or(self.text("azp")).is_none() {
            let fix = "the client that calls the middle tier: send it the access_token, not the id_token";
            return refuse("an id token", fix, EntraError::IdTokenAsAssertion);
        }
        if self.text("scp").is_none() {
            let fix = "the middle tier: where no user stands behind the call, ask for a token for itself (client_credentials)";
            let error = EntraError::NoOnBehalfOfApplications { client_id: client.client_id };
            return refuse("a token that an application got for itself", fix, error);
        }
        checks.pass(Check::AssertionOfUser, expected, "one with scp");
        Ok(())
    }

    /// By its client id or one of its Application ID URIs.
    fn check_audience(&self, client: Application<'_>, checks: &mut Checks) -> Result<(), EntraError> {
        let uris: Vec<_> = client.identifier_uris.iter().map(String::as_str).collect();
        let expected = format!("aud: {} {}", client.client_id, uris.join(" "));
        let audience = self.text("aud").unwrap_or_default();
        if guid(audience) == Some(client.client_id) || uris.contains(&audience) {
            checks.pass(Check::AssertionAudience, expected, audience);
            return Ok(());
        }
        let fix = format!(
            "let the caller ask for a token for the middle tier (its scope: <Application ID URI>/…), or {}",
            client.setting("identifier_uris", "Expose an API > Application ID URI")
        );
        checks.refuse(Check::AssertionAudience, expected, audience, fix);
        Err(EntraError::OnBehalfOfAudience {
            audience: audience.to_owned(),
            client_id: client.client_id,
            client_name: client.shown_name().to_owned(),
        })
    }

    fn check_current(&self, now: Timestamp, checks: &mut Checks) -> Result<(), EntraError> {
        let time = |name: &str| self.claims.get(name).and_then(Value::as_i64);
        let (from, until) = (time("nbf").unwrap_or_default(), time("exp").unwrap_or_default());
        let expected = format!("a token for now, {now}");
        let received = format!("one from {} until {}", shown_instant(from), shown_instant(until));
        if from <= now.as_second() && now.as_second() < until {
            checks.pass(Check::AssertionCurrent, expected, received);
            return Ok(());
        }
        let fix =
            "the middle tier: exchange the token while it lives, and keep what comes; the caller: refresh its token";
        checks.refuse(Check::AssertionCurrent, expected, received, fix);
        Err(EntraError::OnBehalfOfTimeRange { now: now.to_string(), expires: shown_instant(until) })
    }

    /// The same user and session, and the middle tier as client.
    fn subject(
        &self,
        client: Application<'_>,
        rng: &mut impl CryptoRng,
        checks: &mut Checks,
    ) -> Result<Subject, EntraError> {
        let id = |name: &str| self.text(name).and_then(guid);
        let (Some(tid), Some(oid)) = (id("tid"), id("oid")) else {
            let fix = "the middle tier: the access token of a user of an organisation";
            checks.refuse(Check::AssertionOfUser, "a token with tid and oid", "one without", fix);
            return Err(EntraError::MalformedJwt);
        };
        let note = self.text("aio").and_then(SignInNote::read);
        // a token that names no session is one of its own
        let sid = note.map(|note| note.sid).or(id("sid")).unwrap_or_else(|| randomness::guid(rng));
        let issued = self.claims.get("iat").and_then(Value::as_i64).unwrap_or_default();
        let auth_time = note.map_or(issued, |note| note.auth_time);
        let says_mfa = || {
            let methods = self.claims.get("amr").and_then(Value::as_array);
            methods.is_some_and(|methods| methods.iter().any(|method| method == "mfa"))
        };
        let contexts = self.claims.get("acrs").and_then(Value::as_array).into_iter().flatten();
        Ok(Subject {
            client_id: client.client_id,
            platform: Platform::Web,
            tid,
            oid,
            sid,
            auth_time,
            // a token that was made to order may say so without a sign-in
            mfa_time: note.and_then(|note| note.mfa_time).or_else(|| says_mfa().then_some(auth_time)),
            contexts: contexts.filter_map(Value::as_str).map(str::to_owned).collect(),
            by_device_code: note.is_some_and(|note| note.by_device_code),
            auth_time_wanted: false,
        })
    }
}
