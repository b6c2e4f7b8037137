//! The claims of access and id tokens.
//!
//! Shapes: Microsoft identity platform "Access token claims reference", "ID token claims reference".

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use rand_core::CryptoRng;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::conditional_access::ip_address;
use super::scope::OidcScope;
use super::token::Grant;
use super::{Family, randomness};
use crate::origins::Origins;

pub mod app_only;

/// Entra dates its tokens back, so that a resource whose clock is behind accepts them.
const BACKDATED: SignedDuration = SignedDuration::from_mins(5);

/// `iat`, `nbf` and `exp`, in seconds of Unix time.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// `iat` and `nbf`.
    pub issued: i64,
    /// `exp`.
    pub expires: i64,
}

impl Moment {
    /// A token made at `now` that lives for `lifetime` seconds.
    #[must_use]
    pub fn at(now: Timestamp, lifetime: i64) -> Self {
        let now = now.as_second();
        Self { issued: now.saturating_sub(BACKDATED.as_secs()), expires: now.saturating_add(lifetime) }
    }
}

/// The claims of the access token of `grant`, in the version that its resource takes.
pub fn access_token(
    grant: &Grant<'_>,
    version: Family,
    origins: &Origins,
    moment: Moment,
    rng: &mut impl CryptoRng,
) -> Map<String, Value> {
    let resource = grant.target.resource.client_id;
    let scp = grant.scopes.iter().cloned().collect::<Vec<_>>().join(" ");
    let sub = pairwise(grant, resource);
    let mut claims = Claims::default();
    let audience = match version {
        Family::V1 => grant.target.requested_as.clone(),
        Family::V2 => resource.to_string(),
    };
    claims.add("aud", audience);
    claims.issued_by(grant.subject.tid, version, origins, moment);
    match version {
        Family::V1 => {
            claims.add("acr", "1");
            if grant.target.resource.is_graph() {
                claims.add("acct", 0);
            }
            claims.add("aio", randomness::text::<36>(rng));
            claims.add("amr", json!(grant.subject.methods()));
            if grant.target.resource.is_graph() {
                claims.add("app_displayname", grant.client.shown_name());
            }
            claims.add("appid", grant.client.client_id.to_string());
            claims.add("appidacr", grant.authentication.acr());
            claims.names(grant);
            if grant.target.resource.is_graph() {
                claims.add("idtyp", "user");
            }
            claims.add("ipaddr", ip_address(grant.principal).to_string());
            claims.add("name", grant.principal.account.display_name.as_str());
            claims.add("oid", grant.subject.oid.to_string());
            claims.add("rh", handle(grant.subject.tid, resource));
            claims.add("scp", scp);
            claims.add("sid", grant.subject.sid.to_string());
            claims.add("sub", sub);
            claims.add("tid", grant.subject.tid.to_string());
            claims.add("unique_name", grant.principal.account.username.as_str());
            claims.add("upn", grant.principal.account.username.as_str());
        }
        Family::V2 => {
            claims.add("aio", randomness::text::<36>(rng));
            claims.add("azp", grant.client.client_id.to_string());
            claims.add("azpacr", grant.authentication.acr());
            claims.add("name", grant.principal.account.display_name.as_str());
            claims.add("oid", grant.subject.oid.to_string());
            claims.add("preferred_username", grant.principal.account.username.as_str());
            claims.add("rh", handle(grant.subject.tid, resource));
            claims.add("scp", scp);
            claims.add("sid", grant.subject.sid.to_string());
            claims.add("sub", sub);
            claims.add("tid", grant.subject.tid.to_string());
        }
    }
    claims.end(version, rng)
}

/// The claims of the id token of `grant`, in the version of the endpoint.
pub fn id_token(
    grant: &Grant<'_>,
    version: Family,
    origins: &Origins,
    moment: Moment,
    rng: &mut impl CryptoRng,
) -> Map<String, Value> {
    let client = grant.client.client_id;
    let account = grant.principal.account;
    let mut claims = Claims::default();
    claims.add("aud", client.to_string());
    claims.issued_by(grant.subject.tid, version, origins, moment);
    claims.add_some("auth_time", grant.subject.auth_time_wanted.then_some(grant.subject.auth_time));
    match version {
        Family::V1 => {
            claims.add("amr", json!(grant.subject.methods()));
            claims.names(grant);
            claims.add("ipaddr", ip_address(grant.principal).to_string());
            claims.add("name", account.display_name.as_str());
            claims.add_some("nonce", grant.nonce.as_deref());
            claims.add("oid", grant.subject.oid.to_string());
            claims.add("rh", handle(grant.subject.tid, client));
            claims.add("sid", grant.subject.sid.to_string());
            claims.add("sub", pairwise(grant, client));
            claims.add("tid", grant.subject.tid.to_string());
            claims.add("unique_name", account.username.as_str());
            claims.add("upn", account.username.as_str());
        }
        Family::V2 => {
            let has = |scope| grant.oidc.contains(&scope);
            if has(OidcScope::Email) {
                claims.add_some("email", account.email.as_deref());
            }
            if has(OidcScope::Profile) {
                claims.add("name", account.display_name.as_str());
            }
            claims.add_some("nonce", grant.nonce.as_deref());
            if has(OidcScope::Profile) {
                claims.add("oid", grant.subject.oid.to_string());
                claims.add("preferred_username", account.username.as_str());
            }
            claims.add("rh", handle(grant.subject.tid, client));
            claims.add("sid", grant.subject.sid.to_string());
            claims.add("sub", pairwise(grant, client));
            claims.add("tid", grant.subject.tid.to_string());
        }
    }
    claims.end(version, rng)
}

/// Adds the hashes by which an id token from the authorize endpoint is bound to what travels beside it: `at_hash` and
/// `c_hash` (OpenID Connect Core §3.2.2.9, §3.3.2.11).
pub fn bind(claims: &mut Map<String, Value>, code: Option<&str>, access_token: Option<&str>) {
    let place = claims.keys().position(|name| name == "exp").map_or(claims.len(), |exp| exp + 1);
    for (name, value) in [("c_hash", code), ("at_hash", access_token)] {
        if let Some(value) = value {
            claims.shift_insert(place, name.to_owned(), left_half(value).into());
        }
    }
}

/// The left half of the SHA-256, as base64url: RS256 signs with SHA-256.
fn left_half(value: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(value).into();
    let (half, _) = digest.split_at(16);
    URL_SAFE_NO_PAD.encode(half)
}

/// Claims in the order in which they are added.
#[derive(Default)]
struct Claims(Map<String, Value>);

impl Claims {
    fn add(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn add_some(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    fn issued_by(&mut self, tid: Uuid, version: Family, origins: &Origins, moment: Moment) {
        self.add("iss", origins.issuer(version, &tid.to_string()));
        self.add("iat", moment.issued);
        self.add("nbf", moment.issued);
        self.add("exp", moment.expires);
    }

    fn names(&mut self, grant: &Grant<'_>) {
        self.add_some("family_name", grant.principal.account.family_name.as_deref());
        self.add_some("given_name", grant.principal.account.given_name.as_deref());
    }

    fn end(mut self, version: Family, rng: &mut impl CryptoRng) -> Map<String, Value> {
        self.add("uti", randomness::text::<16>(rng));
        self.add("ver", if version == Family::V1 { "1.0" } else { "2.0" });
        self.0
    }
}

/// `sub`: the same for one user at one application, and different at every other.
fn pairwise(grant: &Grant<'_>, audience: Uuid) -> String {
    let digest = Sha256::new()
        .chain_update("entralab pairwise subject")
        .chain_update(grant.subject.tid)
        .chain_update(grant.subject.oid)
        .chain_update(audience)
        .finalize();
    URL_SAFE_NO_PAD.encode(digest)
}

/// `rh`: an internal handle, of which only the look is known.
fn handle(tid: Uuid, audience: Uuid) -> String {
    let digest = Sha256::new().chain_update(tid).chain_update(audience).finalize();
    format!("1.AX0A{}.", URL_SAFE_NO_PAD.encode(digest))
}
