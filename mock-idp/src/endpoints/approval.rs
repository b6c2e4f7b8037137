//! Requests for admin consent, as administrators see them.

use jiff::Timestamp;
use uuid::Uuid;

use super::IdentityProvider;
use crate::directory::{Application, Directory, GRAPH_ID};
use crate::protocol::Family;
use crate::protocol::admission::Principal;
use crate::protocol::consent::{AskedIds, Granted};
use crate::protocol::consent_requests::ConsentRequest;
use crate::routes::Route;

/// A user's request that an administrator consents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminConsentRequest {
    /// Its id.
    pub id: Uuid,
    /// The application's name in the world.
    pub app: String,
    /// Its client id.
    pub app_id: Uuid,
    /// The tenant's name in the world.
    pub tenant: String,
    /// The user's name in the world.
    pub requested_by: String,
    /// When, on the lab clock.
    pub requested_at: Timestamp,
    /// Why, in the user's words.
    pub justification: String,
    /// The scopes that are asked for, as a scope parameter names them.
    pub scopes: Vec<String>,
    /// What has become of it.
    pub status: Status,
    /// Where an administrator approves it: an address for a browser.
    pub review_url: String,
}

/// What has become of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// Nobody has answered.
    Pending,
    /// All that it asks for is granted.
    Approved,
    /// An administrator has said no; the user may ask again.
    Denied,
}

impl IdentityProvider {
    /// Every request for admin consent whose application and user are still there, the oldest first.
    #[must_use]
    pub fn admin_consent_requests(&self) -> Vec<AdminConsentRequest> {
        let directory = self.directory();
        let requests: Vec<ConsentRequest> = self.consent_requests().iter().cloned().collect();
        requests.into_iter().filter_map(|request| self.told(&directory, request)).collect()
    }

    /// Says no to a request for admin consent; nothing where there is none of this id.
    #[must_use]
    pub fn deny_admin_consent_request(&self, id: Uuid) -> Option<AdminConsentRequest> {
        let is_there = self.consent_requests().deny(id);
        self.admin_consent_requests().into_iter().find(|request| is_there && request.id == id)
    }

    fn told(&self, directory: &Directory, request: ConsentRequest) -> Option<AdminConsentRequest> {
        let client = directory.client(request.client)?;
        let principal = Principal::find(directory, request.user)?;
        let granted = Granted::gather(directory, &self.consents(), client, principal);
        let is_granted = |asked: &AskedIds| {
            // what an API behind the client asks for is granted to that API
            asked.client != request.client
                || directory
                    .resource_by_id(principal.tenant, asked.resource)
                    .is_some_and(|resource| asked.scopes.is_subset(&granted.of(resource)))
        };
        let status = match request.denied {
            _ if request.asked.iter().all(is_granted) => Status::Approved,
            true => Status::Denied,
            false => Status::Pending,
        };
        let of_client = request.asked.iter().filter(|asked| asked.client == request.client);
        let scopes: Vec<String> = of_client.flat_map(|asked| scopes(directory, principal, asked)).collect();
        let path = Route::AdminConsent(Family::V2).path(&principal.tenant.id.to_string());
        let scope = scopes.join(" ");
        let client_id = request.client.to_string();
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("client_id", &client_id).append_pair("scope", &scope);
        if let Some(redirect_uri) = &request.redirect_uri {
            query.append_pair("redirect_uri", redirect_uri);
        }
        Some(AdminConsentRequest {
            id: request.id,
            app: client.name.to_owned(),
            app_id: request.client,
            tenant: principal.tenant.name.to_owned(),
            requested_by: principal.account.name.to_owned(),
            requested_at: request.requested_at,
            justification: request.justification,
            scopes,
            status,
            review_url: format!("{}{path}?{}", self.0.origins.login, query.finish()),
        })
    }
}

/// The scopes, each with what names its resource; those of Microsoft Graph need no name.
fn scopes(directory: &Directory, principal: Principal<'_>, asked: &AskedIds) -> Vec<String> {
    let named_by = |resource: Application<'_>| {
        let uri = resource.thing().identifier_uris.first().cloned();
        uri.unwrap_or_else(|| resource.client_id.to_string())
    };
    match directory.resource_by_id(principal.tenant, asked.resource) {
        Some(resource) if asked.resource != GRAPH_ID => {
            let resource = named_by(resource);
            asked.scopes.iter().map(|scope| format!("{resource}/{scope}")).collect()
        }
        Some(_) => asked.scopes.iter().cloned().collect(),
        None => Vec::new(),
    }
}
