//! Access tokens that nobody asked for at an endpoint: for tests of a resource, good ones and such as must be refused.

use std::collections::BTreeSet;

use jiff::Timestamp;
use josekit::JoseError;
use serde_json::{Map, Value};

use super::IdentityProvider;
use crate::directory::{Account, Application, Directory};
use crate::keys::{Forgery, KeyError};
use crate::protocol::admission::Principal;
use crate::protocol::claims::{self, Issue, Moment};
use crate::protocol::client_credential::ClientAuthentication;
use crate::protocol::grants::{ApplicationGrant, Grant, Subject};
use crate::protocol::redirect_uri::Platform;
use crate::protocol::target::{Target, Wants};
use crate::protocol::{Family, randomness};

/// How long a token lasts, or has been over, where that is its flaw, in seconds.
const HOUR: i64 = 3_600;

/// How long one may last, or have been over, in seconds: a year.
const LONGEST: i64 = 365 * 24 * HOUR;

/// A token that is ordered. Whatever names a thing takes its name in the world.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Order {
    /// The user; none for a token of the application itself.
    pub user: Option<String>,
    /// The client.
    pub app: String,
    /// The resource: its name in the world, an Application ID URI or a client id. Default: the first that the client lists
    /// besides Microsoft Graph, or that.
    pub resource: Option<String>,
    /// The scopes, of those that the resource has. Default: those that the client lists of it.
    pub scopes: Option<Vec<String>>,
    /// 1 or 2. Default: what the resource accepts.
    pub version: Option<u8>,
    /// Claims that are added, or stand in the place of others; null takes one away.
    pub claims: Map<String, Value>,
    /// How long it lasts from now, in seconds; negative for one that is over; a year at most. Default: an hour.
    pub expires_in: Option<i64>,
    /// What is wrong with it.
    pub flaw: Option<Flaw>,
}

/// What is wrong with a token.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter, strum::Display, strum::EnumString, strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Flaw {
    /// It ended an hour ago.
    Expired,
    /// It begins in an hour.
    NotYetValid,
    /// It is for somebody else.
    WrongAudience,
    /// Another tenant issued it.
    WrongIssuer,
    /// Another key than the one that it names signed it.
    WrongKey,
    /// It names a key that is not published.
    UnknownKey,
    /// A claim was changed after it was signed.
    Tampered,
    /// `alg` is `none`, and there is no signature.
    NoSignature,
    /// `alg` is `HS256`, and the public key is the secret.
    Hs256WithPublicKey,
}

impl Flaw {
    fn forgery(self) -> Option<Forgery> {
        match self {
            Self::Expired | Self::NotYetValid | Self::WrongAudience | Self::WrongIssuer => None,
            Self::WrongKey => Some(Forgery::OtherKey),
            Self::UnknownKey => Some(Forgery::UnknownKey),
            Self::Tampered => Some(Forgery::Tampered),
            Self::NoSignature => Some(Forgery::None),
            Self::Hs256WithPublicKey => Some(Forgery::Hs256WithPublicKey),
        }
    }
}

/// A token could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// There is nothing of this name.
    #[error("there is no {what} '{name}' in this world")]
    Unknown {
        /// What was named.
        what: &'static str,
        /// The name.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The resource has no such scope.
    #[error("'{resource}' has no scope '{scope}'")]
    NoScope {
        /// The resource's name in the world.
        resource: String,
        /// The scope.
        scope: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// It would last too long.
    #[error("{0} seconds are more than a year")]
    Lifetime(i64),
    /// There are no keys.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It could not be signed.
    #[error("the token cannot be signed: {0}")]
    Signing(#[from] JoseError),
}

fn unknown<'n>(what: &'static str, name: &str, names: impl Iterator<Item = &'n str>) -> MintError {
    MintError::Unknown { what, name: name.to_owned(), known: names.map(str::to_owned).collect() }
}

impl IdentityProvider {
    /// Makes an access token as the token endpoint would, without any of its checks, and with the flaw that is ordered.
    ///
    /// # Errors
    /// When something that the order names is not in the world, or the token cannot be signed.
    pub fn mint(&self, order: &Order) -> Result<String, MintError> {
        let directory = self.directory();
        let named = directory.applications();
        let client = directory
            .application(&order.app)
            .ok_or_else(|| unknown("app", &order.app, named.map(|application| application.name)))?;
        let account = order.user.as_deref().map(|name| find_account(&directory, name)).transpose()?;
        let target = target(&directory, order, client)?;
        judge(order, target.resource)?;
        let version = match order.version {
            Some(1) => Family::V1,
            Some(_) => Family::V2,
            None => target.resource.token_version(),
        };
        let moment = moment(order, self.0.clock.now());
        let issue = Issue { directory: &directory, origins: &self.0.origins, version, moment, in_url: false };
        let resource = target.resource;
        let mut rng = self.rng();
        let mut claims = match account {
            Some(account) => {
                let principal = Principal::find(&directory, account.object_id);
                let principal = principal.ok_or_else(|| unknown("tenant", &account.tenant, std::iter::empty()))?;
                let scopes = order.scopes.clone().map_or_else(|| listed_scopes(client, resource), BTreeSet::from_iter);
                let (sid, now) = (randomness::guid(&mut *rng), self.0.clock.now().as_second());
                let subject = Subject::new(client, Platform::Web, principal, sid, now);
                let grant = Grant::new(client, ClientAuthentication::Secret, principal, subject, target, scopes);
                claims::access_token(&grant, &issue, &mut *rng)
            }
            None => {
                let tenant = directory.tenant(&client.tenant);
                let tenant = tenant.ok_or_else(|| unknown("tenant", &client.tenant, std::iter::empty()))?;
                let grant = ApplicationGrant { client, authentication: ClientAuthentication::Secret, tenant, target };
                claims::app_only::access_token(&grant, &issue, &mut *rng)
            }
        };
        match order.flaw {
            Some(Flaw::WrongAudience) => drop(claims.insert("aud".to_owned(), "api://somebody-else".into())),
            Some(Flaw::WrongIssuer) => {
                let other = randomness::guid(&mut *rng).to_string();
                claims.insert("iss".to_owned(), self.0.origins.issuer(version, &other).into());
            }
            _ => {}
        }
        for (name, value) in &order.claims {
            match value {
                Value::Null => drop(claims.shift_remove(name)),
                value => drop(claims.insert(name.clone(), value.clone())),
            }
        }
        let keys = self.0.keys.of(resource)?;
        Ok(match order.flaw.and_then(Flaw::forgery) {
            None => keys.sign(version, &claims, None)?,
            Some(forgery) => keys.forge(version, &claims, forgery)?,
        })
    }

    /// The `kid`s of the keys that all applications share; the first signs.
    #[must_use]
    pub fn key_ids(&self) -> Vec<String> {
        self.0.keys.shared().public_keys().map(|key| key.kid.clone()).collect()
    }

    /// The keys that all applications share.
    #[must_use]
    pub fn signing_keys(&self) -> std::sync::Arc<crate::SigningKeys> {
        self.0.keys.shared()
    }
}

/// Whether the order asks for scopes that there are, and for a lifetime that somebody could mean.
fn judge(order: &Order, resource: Application<'_>) -> Result<(), MintError> {
    let has = |scope: &String| resource.scopes.values().any(|known| known.value == *scope);
    if let Some(scope) = order.scopes.iter().flatten().find(|scope| !has(scope)) {
        let known = resource.scopes.values().map(|known| known.value.clone()).collect();
        return Err(MintError::NoScope { resource: resource.name.to_owned(), scope: scope.clone(), known });
    }
    match order.expires_in.filter(|seconds| seconds.unsigned_abs() > LONGEST.unsigned_abs()) {
        Some(seconds) => Err(MintError::Lifetime(seconds)),
        None => Ok(()),
    }
}

fn find_account<'d>(directory: &'d Directory, name: &str) -> Result<Account<'d>, MintError> {
    let found = directory.account(name).or_else(|| directory.account_by_username(name));
    found.ok_or_else(|| unknown("user", name, directory.accounts().map(|account| account.name)))
}

fn target<'d>(directory: &'d Directory, order: &Order, client: Application<'d>) -> Result<Target<'d>, MintError> {
    let listed = || client.permissions.values().map(|permission| permission.resource.as_str());
    let usual = || listed().find(|name| *name != crate::directory::GRAPH).unwrap_or(crate::directory::GRAPH);
    let named = order.resource.as_deref().unwrap_or_else(usual);
    let tenant = directory.tenant(&client.tenant);
    let by_name = directory.application(named);
    let by_uri = || tenant.and_then(|tenant| directory.resource(tenant, named));
    let resource = by_name.or_else(by_uri);
    let names = directory.applications().map(|application| application.name);
    let resource = resource.ok_or_else(|| unknown("resource", named, names))?;
    let own = || resource.identifier_uris.first().cloned().unwrap_or_else(|| resource.client_id.to_string());
    let requested_as = if by_name.is_some() { own() } else { named.to_owned() };
    Ok(Target { resource, requested_as, wants: Wants::Default })
}

fn listed_scopes(client: Application<'_>, resource: Application<'_>) -> BTreeSet<String> {
    let of_resource = client.permissions.values().filter(|permission| permission.resource == resource.name);
    of_resource.flat_map(|permission| permission.scopes.iter().cloned()).collect()
}

fn moment(order: &Order, now: Timestamp) -> Moment {
    let seconds = now.as_second();
    match order.flaw {
        Some(Flaw::Expired) => Moment { issued: seconds - 2 * HOUR, expires: seconds - HOUR },
        Some(Flaw::NotYetValid) => Moment { issued: seconds + HOUR, expires: seconds + 2 * HOUR },
        _ => {
            let lifetime = order.expires_in.unwrap_or(HOUR);
            let moment = Moment::at(now, lifetime);
            Moment { issued: moment.issued.min(moment.expires.saturating_sub(HOUR)), ..moment }
        }
    }
}
