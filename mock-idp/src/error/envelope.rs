//! The OAuth error object, as the token endpoint and discovery send it and redirects carry it.

use jiff::Timestamp;
use scenarios::world::ErrorDescription;
use serde::Serialize;
use uuid::Uuid;

use super::faces::OAuthError;
use super::{EntraError, RequestIds};
use crate::routes::Route;

/// The error object; members in the order in which Entra writes them.
#[derive(Clone, Debug, Serialize)]
pub struct Envelope {
    /// The OAuth error.
    pub error: String,
    /// Code, message and identifiers, on one line or on four.
    pub error_description: String,
    /// The AADSTS number.
    pub error_codes: [u32; 1],
    /// `YYYY-MM-DD HH:MM:SSZ`.
    pub timestamp: String,
    /// Of this request.
    pub trace_id: Uuid,
    /// The client's, or ours.
    pub correlation_id: Uuid,
    /// A page about the code, where Entra has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_uri: Option<String>,
    /// Tells client libraries what kind of user interaction would help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suberror: Option<&'static str>,
    /// A string that holds JSON: what the client must repeat in `claims` of its next authorize request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<String>,
}

impl Envelope {
    /// The object for `error` under the name `oauth`; `login` is the origin that has the pages about codes.
    #[must_use]
    pub fn new(
        error: &EntraError,
        oauth: OAuthError,
        ids: &RequestIds,
        now: Timestamp,
        login: &str,
        layout: ErrorDescription,
    ) -> Self {
        let faces = error.kind().faces();
        let timestamp = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let RequestIds { trace_id, correlation_id } = *ids;
        Self {
            error: oauth.to_string(),
            error_description: [
                error.text(),
                format!("Trace ID: {trace_id}"),
                format!("Correlation ID: {correlation_id}"),
                format!("Timestamp: {timestamp}"),
            ]
            .join(match layout {
                ErrorDescription::OneLine => " ",
                ErrorDescription::FourLines => "\r\n",
            }),
            error_codes: [faces.number],
            timestamp,
            trace_id,
            correlation_id,
            error_uri: faces.lookup.then(|| format!("{login}{}?code={}", Route::Lookup.path(""), faces.number)),
            suberror: faces.suberror,
            claims: error.claims(),
        }
    }

    /// The members that a redirect carries.
    #[must_use]
    pub fn redirect_parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = vec![("error", self.error.clone()), ("error_description", self.error_description.clone())];
        parameters.extend(self.error_uri.clone().map(|uri| ("error_uri", uri)));
        parameters.extend(self.claims.clone().map(|claims| ("claims", claims)));
        parameters
    }
}
