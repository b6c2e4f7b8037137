//! The rules, without I/O: plain functions of a request, a [`Directory`](crate::directory::Directory), an instant and
//! a random source. Each leaves the checks that it made.

pub mod admin_consent;
pub mod admission;
pub mod assignment;
pub mod authorize;
pub mod claims;
pub mod client;
pub mod client_credential;
pub mod conditional_access;
pub mod consent;
pub mod consent_requests;
pub mod cross_tenant_access;
pub mod device_code;
pub mod discovery;
pub mod grants;
pub mod graph;
pub mod interaction;
pub mod parameters;
pub mod passwords;
pub mod pkce;
pub mod pre_authorization;
pub mod randomness;
pub mod realm;
pub mod redeemed;
pub mod redirect_uri;
pub mod request_loops;
pub mod revocation;
pub mod roles;
pub mod scope;
pub mod sealed;
pub mod second_factor;
pub mod sessions;
pub mod sign_in;
pub mod sign_out;
pub mod signing;
pub mod target;
pub mod tenant;
pub mod tenant_restrictions;
pub mod token;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The two families of endpoints, and the two versions of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// `/oauth2/…`: one `resource`, tokens from `sts.windows.net`.
    V1,
    /// `/oauth2/v2.0/…`: scopes.
    V2,
}

/// A GUID in the one form that Entra takes, with hyphens and without braces.
#[must_use]
pub fn guid(text: &str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}

/// An instant, in seconds of Unix time, as messages show it.
#[must_use]
pub fn shown_instant(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |instant| instant.to_string())
}
