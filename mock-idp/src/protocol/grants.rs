//! What a client redeems for tokens: authorization codes and refresh tokens.

pub mod redeemed;

use std::collections::BTreeSet;

use jiff::Timestamp;
use scenarios::world::Lifetimes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::admission::Principal;
use super::authorize::Authorization;
use super::interaction::SignedIn;
use super::pkce::CodeChallenge;
use super::redirect_uri::{MatchedRedirectUri, Platform};
use super::scope::{DEFAULT, OidcScope};
use super::target::{Requested, Target, Wants};
use crate::directory::Application;

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

impl Subject {
    /// `amr`: the methods by which the user proved who it is.
    #[must_use]
    pub fn methods(&self) -> &'static [&'static str] {
        if self.mfa_time.is_some() { &["pwd", "mfa"] } else { &["pwd"] }
    }

    /// The subject of what answers an authorize request.
    #[must_use]
    pub fn of(authorization: &Authorization<'_>, principal: Principal<'_>, signed_in: &SignedIn) -> Self {
        Self {
            client_id: authorization.client.client_id,
            platform: authorization.platform(),
            tid: principal.tenant.id,
            oid: principal.object_id(),
            sid: signed_in.sid,
            auth_time: signed_in.auth_time,
            mfa_time: signed_in.mfa_time,
            contexts: authorization.claims.contexts(),
            auth_time_wanted: authorization.wants_auth_time(),
        }
    }
}

impl Code {
    /// The code that answers an authorize request.
    #[must_use]
    pub fn issue(
        authorization: &Authorization<'_>,
        redirect_uri: &MatchedRedirectUri,
        subject: Subject,
        requested: &Requested<'_>,
        lifetimes: &Lifetimes,
        jti: Uuid,
        now: Timestamp,
    ) -> Self {
        let iat = now.as_second();
        Self {
            jti,
            iat,
            exp: iat.saturating_add(i64::from(lifetimes.code_minutes) * 60),
            subject,
            redirect_uri: redirect_uri.as_str().to_owned(),
            redirect_uri_given: authorization.redirect_uri_given,
            resources: requested.targets.iter().map(Aim::at).collect(),
            oidc: requested.oidc.clone(),
            nonce: authorization.nonce.clone(),
            pkce: authorization.challenge.clone(),
            spa_hybrid: false,
        }
    }

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

/// An instant of a grant, as messages show it.
#[must_use]
pub fn shown_instant(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |instant| instant.to_string())
}
