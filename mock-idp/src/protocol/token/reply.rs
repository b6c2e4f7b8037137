//! The answer of the token endpoint.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use josekit::JoseError;
use rand_core::CryptoRng;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Seals;
use crate::directory::{Application, Directory};
use crate::keys::Keyring;
use crate::origins::Origins;
use crate::protocol::admission::Principal;
use crate::protocol::authorize::response_type::ResponseType;
use crate::protocol::claims::{self, Issue, Moment};
use crate::protocol::grants::{Aim, ApplicationGrant, Grant, RefreshToken};
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_in: Option<i64>,
    pub access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_info: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spa_code: Option<String>,
}

/// The body of the v1 endpoint.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are RFC 6749's and Entra's own")]
pub struct V1 {
    pub token_type: &'static str,
    pub scope: String,
    pub expires_in: String,
    pub ext_expires_in: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_in: Option<String>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_in: Option<i64>,
    pub access_token: String,
}

/// The body of the v1 endpoint for an application itself.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are RFC 6749's and Entra's own")]
pub struct ApplicationV1 {
    pub token_type: &'static str,
    pub expires_in: String,
    pub ext_expires_in: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_in: Option<String>,
    pub expires_on: String,
    pub not_before: String,
    pub resource: String,
    pub access_token: String,
}

/// What tokens are made with.
#[derive(Clone, Copy)]
pub struct Mint<'m> {
    /// The signing keys.
    pub keys: &'m Keyring,
    /// Where the issuers live.
    pub origins: &'m Origins,
    /// The seals of codes and refresh tokens.
    pub seals: &'m Seals,
    /// Who exists.
    pub directory: &'m Directory,
    /// The instant.
    pub now: Timestamp,
}

/// Access tokens of at least this many seconds come with the advice to renew them at half their life.
const LONG_LIVED: i64 = 7_200;

/// How long a token lives, in seconds, whose resource can challenge the client at any time (continuous access
/// evaluation). Entra: 20 to 28 hours, at random.
const CONTINUOUSLY_EVALUATED: i64 = 86_400;

/// A signed access token, and how long it lives.
struct AccessToken {
    text: String,
    moment: Moment,
    /// In seconds.
    lifetime: i64,
}

impl AccessToken {
    /// `expires_in`: the answer says a second less than the token lives.
    fn expires_in(&self) -> i64 {
        self.lifetime - 1
    }

    /// `refresh_in`, of a long-lived one.
    fn refresh_in(&self) -> Option<i64> {
        (self.lifetime >= LONG_LIVED).then_some(self.expires_in() / 2)
    }
}

impl Mint<'_> {
    /// How long tokens for `application` live, in seconds: by its own policy, or else by the world's.
    fn lifetime(&self, application: Application<'_>) -> i64 {
        let minutes = application.token_lifetime_minutes.unwrap_or(self.directory.lifetimes().access_token_minutes);
        i64::from(minutes) * 60
    }

    /// The same of a user's access token, which may last up to half as long again.
    fn access_token_lifetime(&self, resource: Application<'_>, rng: &mut impl CryptoRng) -> i64 {
        let lifetime = self.lifetime(resource);
        if resource.token_lifetime_minutes.is_some() || !self.directory.lifetimes().access_token_spread {
            return lifetime;
        }
        let [random] = randomness::bytes::<1>(rng);
        lifetime + lifetime * i64::from(random) / 512
    }

    /// What the claims of a token of `version` are made from that lives for `lifetime` seconds.
    fn issue(&self, version: Family, lifetime: i64, in_url: bool) -> Issue<'_> {
        let moment = Moment::at(self.now, lifetime);
        Issue { directory: self.directory, origins: self.origins, version, moment, in_url }
    }

    /// Signs a token with a key of `application`, for which it is.
    fn sign(
        &self,
        application: Application<'_>,
        version: Family,
        claims: &Map<String, Value>,
        nonce: Option<&str>,
    ) -> Result<String, JoseError> {
        let keys = self.keys.of(application).map_err(|error| JoseError::InvalidKeyFormat(error.into()))?;
        keys.sign(version, claims, nonce)
    }

    /// The signed access token of `grant`.
    fn access_token(
        &self,
        grant: &Grant<'_>,
        in_url: bool,
        rng: &mut impl CryptoRng,
    ) -> Result<AccessToken, JoseError> {
        let resource = grant.target.resource;
        let lifetime = match grant.understands_challenges && resource.is_graph() {
            true => CONTINUOUSLY_EVALUATED,
            false => self.access_token_lifetime(resource, rng),
        };
        let issue = self.issue(resource.token_version(), lifetime, in_url);
        let claims = claims::access_token(grant, &issue, rng);
        self.access_token_of(resource, &claims, issue.moment, lifetime, rng)
    }

    /// The signed access token of these claims; one for Microsoft Graph has a `nonce` in its header.
    fn access_token_of(
        &self,
        resource: Application<'_>,
        claims: &Map<String, Value>,
        moment: Moment,
        lifetime: i64,
        rng: &mut impl CryptoRng,
    ) -> Result<AccessToken, JoseError> {
        let nonce = (resource.is_graph() && self.directory.graph_nonce()).then(|| randomness::text::<32>(rng));
        let text = self.sign(resource, resource.token_version(), claims, nonce.as_deref())?;
        Ok(AccessToken { text, moment, lifetime })
    }

    /// The claims of the id token of `grant`.
    fn id_token(
        &self,
        grant: &Grant<'_>,
        family: Family,
        in_url: bool,
        rng: &mut impl CryptoRng,
    ) -> Map<String, Value> {
        claims::id_token(grant, &self.issue(family, self.lifetime(grant.client), in_url), rng)
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
        // no code beside them: the implicit flow
        let in_url = code.is_none();
        let access_token = response_type.token.then(|| self.access_token(grant, in_url, rng)).transpose()?;
        let mut parameters = Vec::new();
        if response_type.id_token {
            let mut claims = self.id_token(grant, family, in_url, rng);
            claims::bind(&mut claims, code, access_token.as_ref().map(|token| token.text.as_str()));
            parameters.push(("id_token", self.sign(grant.client, family, &claims, None)?));
        }
        if let Some(access_token) = access_token {
            let expires_in = access_token.expires_in().to_string();
            parameters.push(("access_token", access_token.text));
            parameters.push(("token_type", "Bearer".to_owned()));
            parameters.push(("expires_in", expires_in));
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
        let access_token = self.access_token(grant, false, rng)?;
        let with_id_token = grant.oidc.contains(&OidcScope::OpenId);
        let id_token = with_id_token.then(|| self.id_token(grant, family, false, rng));
        let id_token = id_token.map(|claims| self.sign(grant.client, family, &claims, None)).transpose()?;
        let refresh_token = grant.refreshable.then(|| self.refresh_token(grant, rng)).transpose()?;
        let client_info = grant.client_info.then(|| client_info(grant.client, grant.principal));
        let spa_code = grant.spa_code_of.as_ref();
        let spa_code = spa_code.map(|code| code.for_page(self.directory.lifetimes(), randomness::guid(rng), self.now));
        let spa_code = spa_code.map(|code| self.seals.codes.seal(&code)).transpose()?;
        let (expires_in, refresh_in) = (access_token.expires_in(), access_token.refresh_in());
        Ok(match family {
            Family::V2 => Reply::V2(V2 {
                token_type: "Bearer",
                scope: shown_scopes(grant),
                expires_in,
                ext_expires_in: expires_in,
                refresh_in,
                access_token: access_token.text,
                refresh_token,
                id_token,
                client_info,
                spa_code,
            }),
            Family::V1 => Reply::V1(V1 {
                token_type: "Bearer",
                scope: grant.scopes.iter().cloned().collect::<Vec<_>>().join(" "),
                expires_in: expires_in.to_string(),
                ext_expires_in: expires_in.to_string(),
                refresh_in: refresh_in.map(|seconds| seconds.to_string()),
                expires_on: access_token.moment.expires.to_string(),
                not_before: access_token.moment.issued.to_string(),
                resource: grant.target.requested_as.clone(),
                access_token: access_token.text,
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
        let resource = grant.target.resource;
        let lifetime = self.lifetime(resource);
        let issue = self.issue(resource.token_version(), lifetime, false);
        let claims = claims::app_only::access_token(grant, &issue, rng);
        let access_token = self.access_token_of(resource, &claims, issue.moment, lifetime, rng)?;
        let (expires_in, refresh_in) = (access_token.expires_in(), access_token.refresh_in());
        Ok(match family {
            Family::V2 => Reply::ApplicationV2(ApplicationV2 {
                token_type: "Bearer",
                expires_in,
                ext_expires_in: expires_in,
                refresh_in,
                access_token: access_token.text,
            }),
            Family::V1 => Reply::ApplicationV1(ApplicationV1 {
                token_type: "Bearer",
                expires_in: expires_in.to_string(),
                ext_expires_in: expires_in.to_string(),
                refresh_in: refresh_in.map(|seconds| seconds.to_string()),
                expires_on: access_token.moment.expires.to_string(),
                not_before: access_token.moment.issued.to_string(),
                resource: grant.target.requested_as.clone(),
                access_token: access_token.text,
            }),
        })
    }

    fn refresh_token(&self, grant: &Grant<'_>, rng: &mut impl CryptoRng) -> Result<String, JoseError> {
        let iat = self.now.as_second();
        let lifetime = match grant.subject.platform {
            Platform::Spa => SPA_REFRESH_TOKEN_SECONDS,
            Platform::Web | Platform::Public => i64::from(self.directory.lifetimes().refresh_token_days) * 86_400,
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

/// `client_info`: the home object id and tenant of the user, as client libraries key their caches. That of a personal
/// account says more.
#[must_use]
pub fn client_info(client: Application<'_>, principal: Principal<'_>) -> String {
    let Principal { account, home, .. } = principal;
    let mut info = json!({"uid": account.object_id, "utid": home.id});
    if home.is_consumers() {
        info = json!({
            "ver": "1.0",
            "sub": claims::pairwise(home.id, account.object_id, client.client_id),
            "name": account.display_name,
            "preferred_username": account.username,
            "oid": account.object_id,
            "tid": home.id,
            "home_oid": account.object_id,
            "uid": account.object_id,
            "utid": home.id,
        });
    }
    URL_SAFE_NO_PAD.encode(info.to_string())
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
