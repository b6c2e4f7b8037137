//! What a token says, once its signature has been verified.

use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{CLOCK_SKEW_S, NAME_THE_API, Refused, shown};
use crate::{Check, Checks};

/// Stands for the tenant id in the issuer of authorities that serve many tenants, as Entra's metadata writes it.
pub const TENANT_PLACEHOLDER: &str = "{tenantid}";

/// Microsoft Graph, by its two names: the audience of a token that was asked for without naming an API.
const GRAPH: [&str; 2] = ["00000003-0000-0000-c000-000000000000", "https://graph.microsoft.com"];

/// The claims of a token whose signature has been verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims(pub(super) Map<String, Value>);

/// What a receiver of tokens accepts.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The issuer, character for character; with [`TENANT_PLACEHOLDER`] in it, that of any tenant.
    pub issuer: &'a str,
    /// The audiences, character for character.
    pub audiences: &'a [String],
}

impl Claims {
    /// Judges issuer, audience and lifetime (RFC 7519 §4.1), in this order; `now` is lab time.
    ///
    /// # Errors
    /// When one of them is not as the rules have it; the last check says which.
    pub fn judge(&self, rules: &Rules<'_>, now: Timestamp, checks: &mut Checks) -> Result<(), Refused> {
        self.judge_issuer(rules.issuer, checks)?;
        self.judge_audience(rules.audiences, checks)?;
        self.judge_lifetime(now, checks)
    }

    /// All claims.
    #[must_use]
    pub fn all(&self) -> &Map<String, Value> {
        &self.0
    }

    /// A claim that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// The application that asked for the token: `appid` in v1 tokens, `azp` in v2 tokens.
    #[must_use]
    pub fn client(&self) -> Option<&str> {
        self.text("appid").or_else(|| self.text("azp"))
    }

    fn judge_issuer(&self, expected: &str, checks: &mut Checks) -> Result<(), Refused> {
        let tenant = self.text("tid");
        let agrees = self.text("iss").is_some_and(|issuer| {
            if expected.contains(TENANT_PLACEHOLDER) {
                tenant
                    .filter(|tenant| is_tenant_id(tenant))
                    .is_some_and(|tenant| issuer == expected.replace(TENANT_PLACEHOLDER, tenant))
            } else {
                let in_issuer = expected.split('/').find(|segment| is_tenant_id(segment));
                issuer == expected && in_issuer.is_none_or(|id| tenant == Some(id))
            }
        });
        let received = format!("{} (tid {})", self.shown("iss"), self.shown("tid"));
        if agrees {
            checks.pass(Check::IssuerAllowed, expected, received);
            return Ok(());
        }
        checks.refuse(
            Check::IssuerAllowed,
            format!("{expected}, and the same tenant in tid"),
            received,
            "gate.issuer (portal: Container App > Authentication > Edit > Issuer URL); or the version of the API's \
             tokens, idp.apps.<API>.access_token_version (portal: App registrations > the API > Manifest > \
             requestedAccessTokenVersion: null gives https://sts.windows.net/<tenant id>/, 2 gives …/v2.0)",
        );
        Err(Refused)
    }

    fn judge_audience(&self, allowed: &[String], checks: &mut Checks) -> Result<(), Refused> {
        let audiences: Option<Vec<&str>> = match self.0.get("aud") {
            Some(Value::String(one)) => Some(vec![one]),
            Some(Value::Array(list)) => list.iter().map(Value::as_str).collect(),
            _ => None,
        };
        let audiences = audiences.unwrap_or_default();
        let expected = format!("one of {}", allowed.join(", "));
        let received = self.shown("aud");
        if audiences.iter().any(|audience| allowed.iter().any(|one| one == audience)) {
            checks.pass(Check::AudienceAllowed, expected, received);
            return Ok(());
        }
        let is_for_graph = audiences.iter().any(|audience| GRAPH.contains(&audience.trim_end_matches('/')));
        let fix = if is_for_graph {
            NAME_THE_API.to_owned()
        } else {
            let portal = "portal: Container App > Authentication > Edit > Allowed token audiences";
            format!("gate.allowed_audiences: add {received} ({portal})")
        };
        checks.refuse(Check::AudienceAllowed, expected, received, fix);
        Err(Refused)
    }

    /// `exp` must be there, `nbf` and `iat` may be; each a whole number of seconds, each with the skew allowed.
    fn judge_lifetime(&self, now: Timestamp, checks: &mut Checks) -> Result<(), Refused> {
        let now_s = now.as_second();
        let latest_start = now_s.saturating_add(CLOCK_SKEW_S);
        let started = ["nbf", "iat"]
            .into_iter()
            .all(|name| self.0.get(name).is_none_or(|claim| claim.as_i64().is_some_and(|start| start <= latest_start)));
        let lasts = self
            .0
            .get("exp")
            .and_then(Value::as_i64)
            .is_some_and(|end| end >= 0 && end.saturating_add(CLOCK_SKEW_S) >= now_s);
        let expected = format!("nbf and iat up to, exp from {}, within {CLOCK_SKEW_S} s", instant(now_s));
        let received = ["nbf", "iat", "exp"].map(|name| format!("{name} {}", self.instant(name))).join(", ");
        if started && lasts {
            checks.pass(Check::TokenLifetime, expected, received);
            return Ok(());
        }
        checks.refuse(
            Check::TokenLifetime,
            expected,
            received,
            "a fresh token: refresh the connection or sign in again (idp.lifetimes.access_token_minutes says how long \
             one lasts)",
        );
        Err(Refused)
    }

    fn shown(&self, name: &str) -> String {
        match self.0.get(name) {
            Some(Value::String(text)) => shown(text),
            Some(other) => shown(&other.to_string()),
            None => "absent".to_owned(),
        }
    }

    fn instant(&self, name: &str) -> String {
        self.0.get(name).and_then(Value::as_i64).map_or_else(|| self.shown(name), instant)
    }
}

fn instant(second: i64) -> String {
    Timestamp::from_second(second).map_or_else(|_| second.to_string(), |instant| instant.to_string())
}

/// A GUID in the one form that Entra writes it in.
fn is_tenant_id(text: &str) -> bool {
    Uuid::try_parse(text).is_ok_and(|id| id.hyphenated().to_string() == text)
}
