//! The claims of access and id tokens.
//!
//! Shapes: Microsoft identity platform "Access token claims reference", "ID token claims reference".

pub mod aio;
pub mod app_only;
mod configured;
mod memberships;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use rand_core::CryptoRng;
use scenarios::world::{AdditionalProperty, OptionalClaimName};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use aio::SignInNote;

use super::conditional_access::ip_address;
use super::grants::Grant;
use super::scope::OidcScope;
use super::target::Target;
use super::{Family, randomness};
use crate::directory::{Application, Directory, Tenant};
use crate::origins::Origins;

/// Entra dates its tokens back by so much, so that a resource whose clock is behind accepts them.
pub const BACKDATED: SignedDuration = SignedDuration::from_mins(5);

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

/// What claims are made from beside the grant.
#[derive(Clone, Copy)]
pub struct Issue<'i> {
    /// Who exists.
    pub directory: &'i Directory,
    /// Where the issuers live.
    pub origins: &'i Origins,
    /// The version of the token.
    pub version: Family,
    /// When it is made, and when it ends.
    pub moment: Moment,
    /// Whether it travels in a URL, which has room for few groups.
    pub in_url: bool,
}

/// The claims of the access token of `grant`, in the version that its resource takes.
pub fn access_token(grant: &Grant<'_>, issue: &Issue<'_>, rng: &mut impl CryptoRng) -> Map<String, Value> {
    let (subject, account, resource) = (&grant.subject, grant.principal.account, grant.target.resource);
    let optional = &resource.thing().optional_claims.access_token;
    let mut claims = Claims::new(audience(&grant.target, issue.version), subject.tid, issue, rng);
    claims.add("aio", SignInNote::of(subject).to_text());
    claims.client(grant.client, grant.authentication.acr(), issue.version);
    claims.add("name", account.display_name.as_str());
    claims.add("oid", subject.oid.to_string());
    claims.add("rh", handle(subject.tid, resource.client_id));
    claims.add("scp", Vec::from_iter(grant.scopes.iter().map(String::as_str)).join(" "));
    claims.add("sub", pairwise(subject.tid, subject.oid, resource.client_id));
    if issue.version == Family::V1 {
        claims.add("acr", "1");
        claims.of_v1_user(grant, issue);
    } else {
        claims.add("preferred_username", account.username.as_str());
    }
    if resource.is_graph() {
        claims.add("acct", i32::from(grant.principal.is_guest()));
        claims.add("idtyp", "user");
        claims.add("puid", puid(subject.oid));
        claims.add("sid", subject.sid.to_string());
        claims.add("xms_st", json!({"sub": pairwise(subject.tid, subject.oid, grant.client.client_id)}));
        claims.of_graph(grant.client, grant.principal.tenant, rng);
    }
    if !subject.contexts.is_empty() {
        claims.add("acrs", json!(subject.contexts));
    }
    if grant.understands_challenges && understands_capabilities(resource) {
        claims.add("xms_cc", json!(["cp1"]));
    }
    claims.memberships(resource, optional, grant, issue);
    claims.optional(optional, grant);
    claims.mapped(resource, Some(grant));
    claims.in_order()
}

/// Whether tokens for the resource tell what the client can do: Microsoft Graph's do, and those for an app that lists
/// `xms_cc` among its optional claims.
#[must_use]
pub fn understands_capabilities(resource: Application<'_>) -> bool {
    let optional = &resource.thing().optional_claims.access_token;
    resource.is_graph() || optional.iter().any(|claim| claim.name() == OptionalClaimName::XmsCc)
}

/// The claims of the id token of `grant`, in the version of the endpoint.
pub fn id_token(grant: &Grant<'_>, issue: &Issue<'_>, rng: &mut impl CryptoRng) -> Map<String, Value> {
    let (subject, account, client) = (&grant.subject, grant.principal.account, grant.client);
    let mut claims = Claims::new(client.client_id.to_string(), subject.tid, issue, rng);
    claims.add_some("auth_time", subject.auth_time_wanted.then_some(subject.auth_time));
    claims.add_some("nonce", grant.nonce.as_deref());
    claims.add("rh", handle(subject.tid, client.client_id));
    claims.add("sid", subject.sid.to_string());
    claims.add("sub", pairwise(subject.tid, subject.oid, client.client_id));
    let has = |scope| issue.version == Family::V1 || grant.oidc.contains(&scope);
    if has(OidcScope::Profile) {
        claims.add("name", account.display_name.as_str());
        claims.add("oid", subject.oid.to_string());
    }
    if issue.version == Family::V1 {
        claims.of_v1_user(grant, issue);
    } else {
        if has(OidcScope::Email) {
            claims.add_some("email", account.email.as_deref());
        }
        if has(OidcScope::Profile) {
            claims.add("preferred_username", account.username.as_str());
        }
        claims.guest(grant, issue);
    }
    let optional = &client.thing().optional_claims.id_token;
    claims.memberships(client, optional, grant, issue);
    claims.optional(optional, grant);
    claims.mapped(client, Some(grant));
    claims.in_order()
}

/// The audience of an access token: what the request called the resource, in v2 tokens and where the resource asks for
/// it (`aud` with `use_guid`) its client id.
#[must_use]
pub fn audience(target: &Target<'_>, version: Family) -> String {
    let mut optional = target.resource.thing().optional_claims.access_token.iter();
    let use_guid =
        optional.any(|claim| claim.name() == OptionalClaimName::Aud && claim.has(AdditionalProperty::UseGuid));
    if version == Family::V2 || use_guid { target.resource.client_id.to_string() } else { target.requested_as.clone() }
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

/// The claims of one token: those with which Entra begins every token, and the others by name.
struct Claims {
    first: [(&'static str, Value); 5],
    others: BTreeMap<String, Value>,
}

impl Claims {
    /// The claims without which there is no token.
    fn new(audience: String, tid: Uuid, issue: &Issue<'_>, rng: &mut impl CryptoRng) -> Self {
        let Moment { issued, expires } = issue.moment;
        let first = [
            ("aud", audience.into()),
            ("iss", issue.origins.issuer(issue.version, &tid.to_string()).into()),
            ("iat", issued.into()),
            ("nbf", issued.into()),
            ("exp", expires.into()),
        ];
        let mut claims = Self { first, others: BTreeMap::new() };
        claims.add("tid", tid.to_string());
        claims.add("uti", randomness::text::<16>(rng));
        claims.add("ver", if issue.version == Family::V1 { "1.0" } else { "2.0" });
        claims
    }

    fn add(&mut self, name: &str, value: impl Into<Value>) {
        self.others.insert(name.to_owned(), value.into());
    }

    fn add_some(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// The client, and how it proved who it is.
    fn client(&mut self, client: Application<'_>, authenticated_by: &str, version: Family) {
        let (id, proof) = if version == Family::V1 { ("appid", "appidacr") } else { ("azp", "azpacr") };
        self.add(id, client.client_id.to_string());
        self.add(proof, authenticated_by);
    }

    /// What every v1 token says of a user.
    fn of_v1_user(&mut self, grant: &Grant<'_>, issue: &Issue<'_>) {
        let account = grant.principal.account;
        self.add("amr", json!(grant.subject.methods()));
        self.add_some("family_name", account.family_name.as_deref());
        self.add_some("given_name", account.given_name.as_deref());
        self.add("ipaddr", ip_address(grant.principal).to_string());
        self.add("unique_name", account.username.as_str());
        if grant.principal.is_guest() {
            self.guest(grant, issue);
        } else {
            self.add("upn", account.username.as_str());
        }
    }

    /// What a token says of a guest besides: the address, and who has checked it.
    fn guest(&mut self, grant: &Grant<'_>, issue: &Issue<'_>) {
        if grant.principal.is_guest() {
            let account = grant.principal.account;
            self.add_some("email", account.email.as_deref());
            self.add("idp", issue.directory.identity_provider(grant.principal.home));
        }
    }

    /// What Microsoft Graph's tokens say besides.
    fn of_graph(&mut self, client: Application<'_>, tenant: Tenant<'_>, rng: &mut impl CryptoRng) {
        self.add("app_displayname", client.shown_name());
        self.add("tenant_region_scope", json!(tenant.region.unwrap_or_default()));
        self.add("xms_ftd", randomness::text::<48>(rng));
    }

    /// The claims as tokens have them: `aud` to `exp`, then by name.
    fn in_order(self) -> Map<String, Value> {
        self.first.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(self.others).collect()
    }
}

/// `sub`: the same for one user of a tenant at one application, and different at every other.
#[must_use]
pub fn pairwise(tid: Uuid, oid: Uuid, audience: Uuid) -> String {
    let digest = Sha256::new()
        .chain_update("entralab pairwise subject")
        .chain_update(tid)
        .chain_update(oid)
        .chain_update(audience)
        .finalize();
    URL_SAFE_NO_PAD.encode(digest)
}

/// `rh`: an internal handle, of which only the look is known.
fn handle(tid: Uuid, audience: Uuid) -> String {
    let digest = Sha256::new().chain_update(tid).chain_update(audience).finalize();
    format!("1.AX0A{}.", URL_SAFE_NO_PAD.encode(digest))
}

/// `puid`: 16 hexadecimal digits that stay the same.
fn puid(oid: Uuid) -> String {
    let (high, _) = oid.as_u64_pair();
    format!("{:016X}", 0x1003_2000_0000_0000 | high >> 20)
}
