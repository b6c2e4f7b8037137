//! What links the pages of one sign-in: a sealed flow token in the form, and a cookie that only this browser has.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use wire::{Check, Checks};

use super::authorize::Purpose;
use super::consent::AskedIds;
use super::sealed::Seal;
use super::{Family, randomness};
use crate::error::EntraError;

/// The `typ` of flow tokens.
pub const TYP: &str = "entralab-flow+jwt";

/// How long a page may stay open.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// How long the browser keeps the cookie of a sign-in: longer, so that a late form is told that it is late.
pub const COOKIE_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// What the flow tokens are for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Which cookie it needs.
    pub flow: String,
    /// SHA-256 of the cookie's value.
    pub cookie: String,
    /// When it ends, in seconds of Unix time.
    pub exp: i64,
    /// What the sign-in is for.
    #[serde(default)]
    pub purpose: Purpose,
    /// The endpoint's family.
    pub family: Family,
    /// The tenant segment of its path.
    pub segment: String,
    /// Its parameters, form-encoded.
    pub parameters: String,
    /// Who signed in; none on the sign-in page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_in: Option<SignedIn>,
    /// Whether the user has just signed in, and was not asked yet whether to stay so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks_to_keep: bool,
    /// Whether the user said that the application is meant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub app_confirmed: bool,
    /// The object id of the user who has to set a new password; only on the page for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_password_of: Option<Uuid>,
    /// The code of the device that is to be let in; only where the flow began with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_code: Option<String>,
}

/// What the consent page knows of the sign-in before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// The user's object id.
    pub oid: Uuid,
    /// The session id.
    pub sid: Uuid,
    /// When the password was checked, in seconds of Unix time.
    pub auth_time: i64,
    /// When the second factor was; none where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa_time: Option<i64>,
    /// What the page asks.
    pub asked: Vec<AskedIds>,
}

/// The cookie of a flow.
#[derive(Clone, Debug)]
pub struct FlowCookie {
    /// Its name, unique to the flow.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Flow {
    /// Starts a flow, with its cookie.
    pub fn start(
        purpose: Purpose,
        family: Family,
        segment: &str,
        parameters: String,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> (Self, FlowCookie) {
        let flow = randomness::text::<12>(rng);
        let cookie = FlowCookie { name: cookie_name(&flow), value: randomness::text::<32>(rng) };
        let exp = (now.as_second()).saturating_add(LIFETIME.as_secs());
        let segment = segment.to_owned();
        (
            Self {
                cookie: hash(&cookie.value),
                flow,
                exp,
                purpose,
                family,
                segment,
                parameters,
                signed_in: None,
                asks_to_keep: false,
                app_confirmed: false,
                new_password_of: None,
                user_code: None,
            },
            cookie,
        )
    }

    /// The name of its cookie.
    #[must_use]
    pub fn cookie_name(&self) -> String {
        cookie_name(&self.flow)
    }

    /// Opens the flow token of a form, if it belongs to the browser that sends these cookies.
    ///
    /// # Errors
    /// 165900, or 50089 where the page was open for too long.
    pub fn open(
        seal: &Seal,
        token: Option<&str>,
        cookies: &[(String, String)],
        now: Timestamp,
        checks: &mut Checks,
    ) -> Result<Self, EntraError> {
        let expected = "a form of a sign-in that this browser started";
        let mut refuse = |received: &str| {
            let fix = "start the sign-in again, in one browser that keeps cookies";
            checks.refuse(Check::RequestInteraction, expected, received, fix);
        };
        let Some(flow) = token.and_then(|token| seal.open::<Self>(token).ok()) else {
            refuse("a form without a flow token of ours");
            return Err(EntraError::ForeignInteraction);
        };
        let name = flow.cookie_name();
        let is_bound = cookies
            .iter()
            .filter(|(key, _)| *key == name)
            .any(|(_, value)| bool::from(hash(value).as_bytes().ct_eq(flow.cookie.as_bytes())));
        if !is_bound {
            refuse("a form without the cookie of its flow");
            return Err(EntraError::ForeignInteraction);
        }
        if now.as_second() >= flow.exp {
            refuse("a page that was left open for more than an hour");
            return Err(EntraError::FlowTokenExpired);
        }
        checks.pass(Check::RequestInteraction, expected, "one of this browser's");
        Ok(flow)
    }
}

/// `__Host-` binds a cookie to this host over TLS; the rest keeps apart the flows of several tabs.
fn cookie_name(flow: &str) -> String {
    format!("__Host-entralab-idp-{flow}")
}

fn hash(value: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(value))
}
