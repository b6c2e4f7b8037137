//! What users ask their administrators for, over the control API. An administrator approves on the identity provider's own
//! page, as at Entra; denying has no page there that is no portal's, and is done here.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use mock_idp::approval::AdminConsentRequest;
use schemars::JsonSchema;
use serde::Serialize;

use super::operation::{Operation, Verb};
use super::refusal::{Named, Refusal};
use crate::Lab;

/// The requests for admin consent.
#[derive(Serialize, JsonSchema)]
struct Requests {
    /// The oldest first.
    requests: Vec<Told>,
}

/// A user's request that an administrator consents.
#[derive(Serialize, JsonSchema)]
struct Told {
    /// Its id.
    id: String,
    /// The application's name in the setup.
    app: String,
    /// Its client id.
    app_id: String,
    /// The tenant's name in the setup.
    tenant: String,
    /// The user's name in the setup.
    requested_by: String,
    /// When, on the lab clock, RFC 3339.
    #[schemars(with = "String")]
    requested_at: Timestamp,
    /// Why, in the user's words.
    justification: String,
    /// The scopes that are asked for.
    scopes: Vec<String>,
    /// `pending`; `approved` once all that is asked for is granted, however; `denied`, after which the user may ask again.
    status: String,
    /// Where an administrator approves it: an address for a browser.
    review_url: String,
}

impl From<AdminConsentRequest> for Told {
    fn from(request: AdminConsentRequest) -> Self {
        let AdminConsentRequest { id, app, app_id, tenant, requested_by, requested_at, .. } = request;
        Self {
            id: id.to_string(),
            app,
            app_id: app_id.to_string(),
            tenant,
            requested_by,
            requested_at,
            justification: request.justification,
            scopes: request.scopes,
            status: request.status.to_string(),
            review_url: request.review_url,
        }
    }
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new::<Requests, _, _>(
            Verb::Get,
            "/_lab/consent-requests",
            "listConsentRequests",
            "What users asked their administrators to consent to (portal: Enterprise applications > Admin consent requests).",
            list,
        ),
        Operation::new::<Told, _, _>(
            Verb::Post,
            "/_lab/consent-requests/{id}/deny",
            "denyConsentRequest",
            "Says no to a request for admin consent, as an administrator does in the portal.",
            deny,
        )
        .refused(404, "There is no request of this id."),
    ]
}

async fn list(State(lab): State<Lab>) -> Json<Requests> {
    Json(Requests { requests: lab.admin_consent_requests().into_iter().map(Told::from).collect() })
}

async fn deny(State(lab): State<Lab>, Named(id): Named) -> Result<Json<Told>, Refusal> {
    let denied = id.parse().ok().and_then(|id| lab.deny_admin_consent_request(id));
    denied.map(|request| Json(request.into())).ok_or_else(|| {
        Refusal::not_found("no request for admin consent has this id", "GET /_lab/consent-requests lists all")
    })
}
