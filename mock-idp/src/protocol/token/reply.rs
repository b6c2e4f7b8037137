//! The answer of the token endpoint.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use josekit::JoseError;
use rand_core::CryptoRng;
use scenarios::world::Lifetimes;
use serde::Serialize;
use serde_json::json;

use super::client_credentials::ApplicationGrant;
use super::{Grant, Seals};
use crate::directory::Application;
use crate::keys::SigningKeys;
use crate::origins::Origins;
use crate::protocol::authorize::response_type::ResponseType;
use crate::protocol::claims::{self, Moment};
use crate::protocol::grants::{Aim, RefreshToken};
use crate::protocol::redirect_uri::Platform;
use crate::protocol::scope::{DEFAULT, OidcScope};
use crate::protocol::target::Wants;
use crate::protocol::{Family, randomness};

/// A single-page application's refresh tokens end a day after the sign-in (Microsoft identity platform "Refresh
/// tokens").
const SPA_REFRESH_TOKEN_SECONDS: i64 = 86_400;

/// The body of one family, with its members in Entra's order.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// Numbers are numbers.
    V2(V2),
    /// Everything is a string.
    V1(V1),
    /// The same two for an application itself: nothing of a user, of scopes or of refreshing.
    ApplicationV2(ApplicationV2),
    /// As strings.
    ApplicationV1(ApplicationV1),
}

/// The body of the v2 endpoint.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are RFC 6749's and Entra's own")]
pub struct V2 {
    pub token_type: &'static str,
    pub scope: String,
    pub expires_in: i64,
    pub ext_expires_in: i64,
    pub access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_info: Option<String>,
}

/// The body of the v1 endpoint.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are RFC 6749's and Entra's own")]
pub struct V1 {
    pub token_type: &'static str,
    pub scope: String,
    pub expires_in: String,
    pub ext_expires_in: String,
    pub expires_on: String,
    pub not_before: String,
    pub resource: String,
    pub access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_info: Option<String>,
}

/// The body of the v2 endpoint for an application itself, as captured at a real tenant in August 2026.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are RFC 6749's and Entra's own")]
pub struct ApplicationV2 {
    pub token_type: &'static str,
    pub expires_in: i64,
    pub ext_expires_in: i64,
    pub access_token: String,
}

/// The body of the v1 endpoint for an application itself.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are RFC 6749's and Entra's own")]
pub struct ApplicationV1 {
    pub token_type: &'static str,
    pub expires_in: String,
    pub ext_expires_in: String,
    pub expires_on: String,
    pub not_before: String,
    pub resource: String,
    pub access_token: String,
}

/// What tokens are made with.
#[derive(Clone, Copy)]
pub struct Mint<'m> {
    /// The signing keys.
    pub keys: &'m SigningKeys,
    /// Where the issuers live.
    pub origins: &'m Origins,
    /// The seals of codes and refresh tokens.
    pub seals: &'m Seals,
    /// How long what is issued lasts.
    pub lifetimes: &'m Lifetimes,
    /// The instant.
    pub now: Timestamp,
}

impl Mint<'_> {
    /// How long access and id tokens live, in seconds.
    fn lifetime(&self) -> i64 {
        i64::from(self.lifetimes.access_token_minutes) * 60
    }

    /// The signed access token of `grant`.
    fn access_token(&self, grant: &Grant<'_>, rng: &mut impl CryptoRng) -> Result<String, JoseError> {
        let version = token_version(grant.target.resource);
        let moment = Moment::at(self.now, self.lifetime());
        self.keys.sign(version, &claims::access_token(grant, version, self.origins, moment, rng))
    }

    /// The tokens of `grant` that travel through the browser, as the parameters of the answer. An id token is bound to
    /// the `code` and the access token beside it (OpenID Connect Core §3.3.2.11).
    ///
    /// # Errors
    /// When signing fails.
    pub fn front_channel(
        &self,
        grant: &Grant<'_>,
        family: Family,
        response_type: ResponseType,
        code: Option<&str>,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<(&'static str, String)>, JoseError> {
        let access_token = response_type.token.then(|| self.access_token(grant, rng)).transpose()?;
        let mut parameters = Vec::new();
        if response_type.id_token {
            let moment = Moment::at(self.now, self.lifetime());
            let mut claims = claims::id_token(grant, family, self.origins, moment, rng);
            claims::bind(&mut claims, code, access_token.as_deref());
            parameters.push(("id_token", self.keys.sign(family, &claims)?));
        }
        if let Some(access_token) = access_token {
            parameters.push(("access_token", access_token));
            parameters.push(("token_type", "Bearer".to_owned()));
            parameters.push(("expires_in", (self.lifetime() - 1).to_string()));
            if family == Family::V2 {
                parameters.push(("scope", shown_scopes(grant)));
            }
        }
        Ok(parameters)
    }

    /// Makes the tokens of `grant` for a client that asked at an endpoint of `family`.
    ///
    /// # Errors
    /// When signing fails.
    pub fn reply(&self, grant: &Grant<'_>, family: Family, rng: &mut impl CryptoRng) -> Result<Reply, JoseError> {
        let moment = Moment::at(self.now, self.lifetime());
        let access_token = self.access_token(grant, rng)?;
        let with_id_token = family == Family::V1 || grant.oidc.contains(&OidcScope::OpenId);
        let id_token = with_id_token.then(|| claims::id_token(grant, family, self.origins, moment, rng));
        let id_token = id_token.map(|claims| self.keys.sign(family, &claims)).transpose()?;
        let refresh_token = grant.refreshable.then(|| self.refresh_token(grant, rng)).transpose()?;
        let client_info = grant.client_info.then(|| client_info(grant));
        // the answer says a second less than the token lives
        let expires_in = self.lifetime() - 1;
        Ok(match family {
            Family::V2 => Reply::V2(V2 {
                token_type: "Bearer",
                scope: shown_scopes(grant),
                expires_in,
                ext_expires_in: expires_in,
                access_token,
                refresh_token,
                id_token,
                client_info,
            }),
            Family::V1 => Reply::V1(V1 {
                token_type: "Bearer",
                scope: grant.scopes.iter().cloned().collect::<Vec<_>>().join(" "),
                expires_in: expires_in.to_string(),
                ext_expires_in: expires_in.to_string(),
                expires_on: moment.expires.to_string(),
                not_before: moment.issued.to_string(),
                resource: grant.target.requested_as.clone(),
                access_token,
                refresh_token,
                id_token,
                client_info,
            }),
        })
    }

    /// Makes the token of an application itself.
    ///
    /// # Errors
    /// When signing fails.
    pub fn application_reply(
        &self,
        grant: &ApplicationGrant<'_>,
        family: Family,
        rng: &mut impl CryptoRng,
    ) -> Result<Reply, JoseError> {
        let moment = Moment::at(self.now, self.lifetime());
        let version = token_version(grant.target.resource);
        let claims = claims::app_only::access_token(grant, version, self.origins, moment, rng);
        let access_token = self.keys.sign(version, &claims)?;
        let expires_in = self.lifetime() - 1;
        Ok(match family {
            Family::V2 => Reply::ApplicationV2(ApplicationV2 {
                token_type: "Bearer",
                expires_in,
                ext_expires_in: expires_in,
                access_token,
            }),
            Family::V1 => Reply::ApplicationV1(ApplicationV1 {
                token_type: "Bearer",
                expires_in: expires_in.to_string(),
                ext_expires_in: expires_in.to_string(),
                expires_on: moment.expires.to_string(),
                not_before: moment.issued.to_string(),
                resource: grant.target.requested_as.clone(),
                access_token,
            }),
        })
    }

    fn refresh_token(&self, grant: &Grant<'_>, rng: &mut impl CryptoRng) -> Result<String, JoseError> {
        let iat = self.now.as_second();
        let lifetime = match grant.subject.platform {
            Platform::Spa => SPA_REFRESH_TOKEN_SECONDS,
            Platform::Web | Platform::Public => i64::from(self.lifetimes.refresh_token_days) * 86_400,
        };
        self.seals.refresh_tokens.seal(&RefreshToken {
            jti: randomness::guid(rng),
            iat,
            exp: grant.refresh_until.unwrap_or_else(|| iat.saturating_add(lifetime)),
            subject: grant.subject.clone(),
            resource: Aim::at(&grant.target),
            oidc: grant.oidc.clone(),
        })
    }
}

/// The resource chooses the version of its tokens, not the endpoint.
fn token_version(resource: Application<'_>) -> Family {
    match resource.access_token_version {
        Some(2) => Family::V2,
        _ => Family::V1,
    }
}

/// `client_info`: the home object id and tenant of the user, as client libraries key their caches.
#[must_use]
pub fn client_info_of(oid: uuid::Uuid, tid: uuid::Uuid) -> String {
    URL_SAFE_NO_PAD.encode(json!({"uid": oid, "utid": tid}).to_string())
}

fn client_info(grant: &Grant<'_>) -> String {
    client_info_of(grant.subject.oid, grant.subject.tid)
}

/// `scope` of the v2 answer: the scopes of OpenID Connect by name, and those of the access token's `scp` with their
/// resource in front. Microsoft Graph's `scp` holds those of OpenID Connect too.
fn shown_scopes(grant: &Grant<'_>) -> String {
    let is_graphs_own =
        |name: &str| grant.target.resource.is_graph() && OidcScope::ALL.iter().any(|scope| scope.name() == name);
    let default = (grant.target.wants == Wants::Default).then_some(DEFAULT);
    let of_resource = grant.scopes.iter().map(String::as_str).chain(default).map(|name| match is_graphs_own(name) {
        true => name.to_owned(),
        false => format!("{}/{name}", grant.target.requested_as),
    });
    let oidc = grant.oidc.iter().filter(|scope| **scope != OidcScope::OfflineAccess);
    let shown: BTreeSet<String> = of_resource.chain(oidc.map(|scope| scope.name().to_owned())).collect();
    shown.into_iter().collect::<Vec<_>>().join(" ")
}
