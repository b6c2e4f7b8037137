//! Where the identity provider lives, and the issuers that follow from it.

use uuid::Uuid;

use crate::protocol::Family;
use crate::routes::Route;

/// The origins under which the identity provider answers, without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    /// Sign-in pages, token endpoints and discovery, and the issuer of v2 tokens.
    pub login: String,
    /// The issuer of v1 tokens.
    pub sts: String,
    /// Microsoft Graph.
    pub graph: String,
    /// The address that devices tell their users, where they type the code.
    pub device_login: String,
}

impl Origins {
    /// The names that the cloud uses.
    #[must_use]
    pub fn cloud() -> Self {
        Self {
            login: "https://login.microsoftonline.com".to_owned(),
            sts: "https://sts.windows.net".to_owned(),
            graph: "https://graph.microsoft.com".to_owned(),
            device_login: "https://microsoft.com/devicelogin".to_owned(),
        }
    }

    /// The `iss` of tokens of `version` for a tenant id, or for the placeholder that stands for one.
    #[must_use]
    pub fn issuer(&self, version: Family, tenant_id: &str) -> String {
        match version {
            Family::V1 => format!("{}/{tenant_id}/", self.sts),
            Family::V2 => format!("{}/{tenant_id}/v2.0", self.login),
        }
    }

    /// Where the groups of a user are, whose token has too many: the graph before Microsoft Graph, which the cloud still
    /// names there, and on this machine Microsoft Graph.
    #[must_use]
    pub fn member_objects(&self, tenant_id: Uuid, object_id: Uuid) -> String {
        if self.is_loopback() {
            format!("{}/v1.0/users/{object_id}/getMemberObjects", self.graph)
        } else {
            format!("https://graph.windows.net/{tenant_id}/users/{object_id}/getMemberObjects")
        }
    }

    /// The v2 token endpoint of a tenant segment.
    #[must_use]
    pub fn token_endpoint(&self, segment: &str) -> String {
        format!("{}{}", self.login, Route::Token(Family::V2).path(segment))
    }

    /// Host, with the port where the URL has one, of an origin.
    #[must_use]
    pub fn host(origin: &str) -> &str {
        origin.split_once("://").map_or(origin, |(_, host)| host)
    }

    /// Whether browsers reach the identity provider as this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = Self::host(&self.login);
        ["localhost", "127.0.0.1", "[::1]"]
            .iter()
            .any(|name| host.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')))
    }
}
