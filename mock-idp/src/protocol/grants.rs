//! What tokens are made of: the grant of a client, and what a client redeems for one: authorization codes and refresh tokens.

use std::collections::BTreeSet;

use jiff::Timestamp;
use scenarios::world::Lifetimes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::admission::Principal;
use super::client_credential::ClientAuthentication;
use super::pkce::CodeChallenge;
use super::redirect_uri::Platform;
use super::scope::{DEFAULT, OidcScope};
use super::target::{Target, Wants};
use crate::directory::{Application, Tenant};

/// The `typ` of codes.
pub const CODE_TYP: &str = "entralab-code+jwt";

/// The `typ` of refresh tokens.
pub const REFRESH_TOKEN_TYP: &str = "entralab-refresh+jwt";

/// A resource and what is wanted of it, by ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aim {
    /// The resource's client id.
    pub resource: Uuid,
    /// What the request called it.
    pub requested_as: String,
    /// The scopes, or `.default`.
    pub scopes: Vec<String>,
}

impl Aim {
    /// The aim at a target.
    #[must_use]
    pub fn at(target: &Target<'_>) -> Self {
        let scopes = match &target.wants {
            Wants::Default => vec![DEFAULT.to_owned()],
            Wants::Named(names) => names.iter().cloned().collect(),
        };
        Self { resource: target.resource.client_id, requested_as: target.requested_as.clone(), scopes }
    }

    /// The target at `resource`, which is the one of this aim.
    #[must_use]
    pub fn target<'d>(&self, resource: Application<'d>) -> Target<'d> {
        let wants = match self.scopes.as_slice() {
            [only] if only == DEFAULT => Wants::Default,
            names => Wants::Named(names.iter().cloned().collect()),
        };
        Target { resource, requested_as: self.requested_as.clone(), wants }
    }
}

/// Whose grant it is, and for whom: the same in a code and in the refresh tokens that follow it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The client.
    pub client_id: Uuid,
    /// The platform of the redirect URI; it says whether the client has a secret.
    pub platform: Platform,
    /// The tenant.
    pub tid: Uuid,
    /// The user.
    pub oid: Uuid,
    /// The session.
    pub sid: Uuid,
    /// When the password was checked, in seconds of Unix time.
    pub auth_time: i64,
    /// When the second factor was; none where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa_time: Option<i64>,
    /// The authentication contexts that the user satisfied (`acrs`).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub contexts: BTreeSet<String>,
    /// Whether the sign-in let a device in that showed a code; refreshing does not change that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_device_code: bool,
    /// Whether id tokens say when the user signed in: only where it was asked for.
    #[serde(default)]
    pub auth_time_wanted: bool,
}

/// An authorization code (RFC 6749 §4.1.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// Its id, by which it is remembered when it was redeemed.
    pub jti: Uuid,
    /// When it was issued, in seconds of Unix time.
    pub iat: i64,
    /// When it ends.
    pub exp: i64,
    /// Whose it is.
    #[serde(flatten)]
    pub subject: Subject,
    /// The redirect URI that it was sent to.
    pub redirect_uri: String,
    /// Whether the authorize request named that redirect URI.
    pub redirect_uri_given: bool,
    /// The resources.
    pub resources: Vec<Aim>,
    /// The scopes of OpenID Connect.
    pub oidc: BTreeSet<OidcScope>,
    /// The id token's `nonce`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The PKCE challenge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pkce: Option<CodeChallenge>,
    /// Whether it came from the token endpoint, for the page of a client that redeemed a code on its server
    /// (`return_spa_code`): then any redirect URI of that page will do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spa_hybrid: bool,
}

/// A refresh token (RFC 6749 §1.5). It is bound to user and client, not to one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshToken {
    /// Its id.
    pub jti: Uuid,
    /// When it was issued, in seconds of Unix time.
    pub iat: i64,
    /// When it ends; each use makes another with an end of its own, but for a single-page application's.
    pub exp: i64,
    /// Whose it is.
    #[serde(flatten)]
    pub subject: Subject,
    /// The resource of a refresh that names none.
    pub resource: Aim,
    /// The scopes of OpenID Connect.
    pub oidc: BTreeSet<OidcScope>,
}

/// What a client is granted for a user.
#[derive(Clone, Debug)]
pub struct Grant<'d> {
    /// The client.
    pub client: Application<'d>,
    /// How it proved who it is.
    pub authentication: ClientAuthentication,
    /// The user.
    pub principal: Principal<'d>,
    /// Whose grant it is, by ids.
    pub subject: Subject,
    /// The resource of the access token.
    pub target: Target<'d>,
    /// The access token's scopes.
    pub scopes: BTreeSet<String>,
    /// The scopes of OpenID Connect.
    pub oidc: BTreeSet<OidcScope>,
    /// The id token's `nonce`.
    pub nonce: Option<String>,
    /// Whether a refresh token comes along.
    pub refreshable: bool,
    /// When that ends, where it is the end of the refresh token before it.
    pub refresh_until: Option<i64>,
    /// Whether the client said that it understands claims challenges (`cp1`).
    pub understands_challenges: bool,
    /// Whether `client_info` is wanted.
    pub client_info: bool,
    /// The redeemed code, where the client's page is to get one too (`return_spa_code`).
    pub spa_code_of: Option<Code>,
    /// The origin that may read the answer: a single-page application's.
    pub readable_by: Option<String>,
}

/// What a client is granted for itself.
#[derive(Clone, Debug)]
pub struct ApplicationGrant<'d> {
    /// The client.
    pub client: Application<'d>,
    /// How it proved who it is.
    pub authentication: ClientAuthentication,
    /// The tenant in which it acts.
    pub tenant: Tenant<'d>,
    /// The resource of the access token; always all that was granted there.
    pub target: Target<'d>,
}

impl Subject {
    /// The subject of a sign-in with a password alone, at `auth_time`, in seconds of Unix time.
    #[must_use]
    pub fn new(
        client: Application<'_>,
        platform: Platform,
        principal: Principal<'_>,
        sid: Uuid,
        auth_time: i64,
    ) -> Self {
        Self {
            client_id: client.client_id,
            platform,
            tid: principal.tenant.id,
            oid: principal.object_id(),
            sid,
            auth_time,
            mfa_time: None,
            contexts: BTreeSet::new(),
            by_device_code: false,
            auth_time_wanted: false,
        }
    }

    /// `amr`: the methods by which the user proved who it is.
    #[must_use]
    pub fn methods(&self) -> &'static [&'static str] {
        if self.mfa_time.is_some() { &["pwd", "mfa"] } else { &["pwd"] }
    }
}

impl<'d> Grant<'d> {
    /// The grant of an access token, and of nothing beside it.
    #[must_use]
    pub fn new(
        client: Application<'d>,
        authentication: ClientAuthentication,
        principal: Principal<'d>,
        subject: Subject,
        target: Target<'d>,
        scopes: BTreeSet<String>,
    ) -> Self {
        Self {
            client,
            authentication,
            principal,
            subject,
            target,
            scopes,
            oidc: BTreeSet::new(),
            nonce: None,
            refreshable: false,
            refresh_until: None,
            understands_challenges: false,
            client_info: false,
            spa_code_of: None,
            readable_by: None,
        }
    }
}

impl Code {
    /// The second code for the page of a client that has redeemed this one on its server.
    #[must_use]
    pub fn for_page(&self, lifetimes: &Lifetimes, jti: Uuid, now: Timestamp) -> Self {
        let iat = now.as_second();
        Self {
            jti,
            iat,
            exp: iat.saturating_add(i64::from(lifetimes.code_minutes) * 60),
            subject: Subject { platform: Platform::Spa, ..self.subject.clone() },
            redirect_uri: String::new(),
            redirect_uri_given: false,
            nonce: None,
            pkce: None,
            spa_hybrid: true,
            ..self.clone()
        }
    }
}
