//! Who exists: one immutable snapshot of the world's identity section, with the indexes that requests need.

mod graph;

use std::collections::{BTreeSet, HashMap};
use std::ops::Deref;
use std::sync::Arc;

use scenarios::world::{
    App, Consent, DirectoryRole, Idp, Lifetimes, Name, ReplayedAssertions, ResourceParameter, SignInAudience,
    TenantlessTokenEndpoint, User,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::protocol::{Family, guid};

pub use graph::{GRAPH, GRAPH_ID, GRAPH_URI};

/// A snapshot of the world's identity section.
#[derive(Debug)]
pub struct Directory {
    idp: Arc<Idp>,
    graph: App,
    tenants_by_id: HashMap<Uuid, Name>,
    tenants_by_domain: HashMap<String, Name>,
    apps_by_client_id: HashMap<Uuid, Name>,
    apps_by_identifier_uri: HashMap<(Name, String), Name>,
    users_by_username: HashMap<String, Name>,
    users_by_object_id: HashMap<Uuid, Name>,
    consents_by_client: HashMap<Name, Vec<Name>>,
    /// By a group's name, the groups that it is a member of.
    groups_around: HashMap<Name, Vec<Name>>,
}

/// A thing of the world with its name there.
#[derive(Debug)]
pub struct Named<'d, T> {
    /// Its key in the world.
    pub name: &'d str,
    thing: &'d T,
}

/// A tenant.
pub type Tenant<'d> = Named<'d, scenarios::world::Tenant>;
/// An app registration with its service principal.
pub type Application<'d> = Named<'d, App>;
/// A group.
pub type Group<'d> = Named<'d, scenarios::world::Group>;
/// A user.
pub type Account<'d> = Named<'d, User>;

impl<T> Clone for Named<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Named<'_, T> {}

impl<T> Deref for Named<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.thing
    }
}

impl<'d, T> Named<'d, T> {
    /// The thing, for as long as the snapshot lives.
    #[must_use]
    pub fn thing(self) -> &'d T {
        self.thing
    }
}

impl<'d> Application<'d> {
    /// The name that users see.
    #[must_use]
    pub fn shown_name(self) -> &'d str {
        self.thing.display_name.as_deref().unwrap_or(self.name)
    }

    /// Whether it is Microsoft Graph, which every tenant has.
    #[must_use]
    pub fn is_graph(self) -> bool {
        self.name == GRAPH
    }

    /// Whether the tenant has a service principal of it.
    #[must_use]
    pub fn has_service_principal(self, tenant: Tenant<'_>) -> bool {
        self.is_graph() || service_principals(self.thing).iter().any(|name| name == tenant.name)
    }

    /// The object id of its service principal in the tenant.
    #[must_use]
    pub fn service_principal_id(self, tenant: Tenant<'_>) -> Uuid {
        self.service_principal_ids.get(tenant.name).copied().unwrap_or_else(|| {
            let digest: [u8; 32] = Sha256::new()
                .chain_update("entralab service principal")
                .chain_update(self.client_id)
                .chain_update(tenant.id)
                .finalize()
                .into();
            let (id, _) = digest.split_at(16);
            uuid::Builder::from_slice(id)
                .map(|id| id.with_version(uuid::Version::Random).into_uuid())
                .unwrap_or_default()
        })
    }

    /// Whether organisations other than its own may use it.
    #[must_use]
    pub fn is_multi_tenant(self) -> bool {
        matches!(self.audience, SignInAudience::MultipleOrgs | SignInAudience::MultipleOrgsAndPersonal)
    }

    /// The version of access tokens for it. It chooses, not the endpoint.
    #[must_use]
    pub fn token_version(self) -> Family {
        if self.access_token_version == Some(2) { Family::V2 } else { Family::V1 }
    }

    /// Where a setting of this application is: in the world, and in the portal.
    #[must_use]
    pub fn setting(self, member: &str, portal: &str) -> String {
        format!("idp.apps.{}.{member} (portal: App registrations > {} > {portal})", self.name, self.shown_name())
    }
}

/// The names of the tenants that have a service principal of the application.
fn service_principals(app: &App) -> &[Name] {
    app.service_principals.as_deref().unwrap_or(std::slice::from_ref(&app.tenant))
}

impl Group<'_> {
    /// Whether the user is in the group itself, and not only in one inside it.
    #[must_use]
    pub fn has_direct_member(self, account: Account<'_>) -> bool {
        self.members.users.iter().any(|name| name == account.name)
    }
}

impl Account<'_> {
    /// Whether the user may consent for the whole tenant.
    #[must_use]
    pub fn is_administrator(self) -> bool {
        self.roles.contains(&DirectoryRole::GlobalAdministrator)
    }
}

impl Directory {
    /// Indexes `idp`; `graph_origin` is where Microsoft Graph lives in this lab.
    #[must_use]
    pub fn new(idp: Arc<Idp>, graph_origin: &str) -> Self {
        let lower = |text: &String| text.to_lowercase();
        let mut consents_by_client: HashMap<Name, Vec<Name>> = HashMap::new();
        for (name, consent) in &idp.consents {
            consents_by_client.entry(consent.client.clone()).or_default().push(name.clone());
        }
        let mut groups_around: HashMap<Name, Vec<Name>> = HashMap::new();
        for (name, group) in &idp.groups {
            for inner in &group.members.groups {
                groups_around.entry(inner.clone()).or_default().push(name.clone());
            }
        }
        Self {
            graph: graph::application(graph_origin),
            tenants_by_id: idp.tenants.iter().map(|(name, tenant)| (tenant.id, name.clone())).collect(),
            tenants_by_domain: idp
                .tenants
                .iter()
                .flat_map(|(name, tenant)| tenant.domains.iter().map(move |domain| (lower(domain), name.clone())))
                .collect(),
            apps_by_client_id: idp.apps.iter().map(|(name, app)| (app.client_id, name.clone())).collect(),
            apps_by_identifier_uri: idp
                .apps
                .iter()
                .flat_map(|(name, app)| {
                    let of_tenant = move |tenant: &Name| {
                        let tenant = tenant.clone();
                        app.identifier_uris.iter().map(move |uri| ((tenant.clone(), uri.clone()), name.clone()))
                    };
                    service_principals(app).iter().flat_map(of_tenant)
                })
                .collect(),
            users_by_username: idp.users.iter().map(|(name, user)| (lower(&user.username), name.clone())).collect(),
            users_by_object_id: idp.users.iter().map(|(name, user)| (user.object_id, name.clone())).collect(),
            consents_by_client,
            groups_around,
            idp,
        }
    }

    /// How long what is issued lasts.
    #[must_use]
    pub fn lifetimes(&self) -> &Lifetimes {
        &self.idp.lifetimes
    }

    /// The tenant of this name in the world.
    #[must_use]
    pub fn tenant(&self, name: &str) -> Option<Tenant<'_>> {
        self.idp.tenants.get_key_value(name).map(|(name, thing)| Named { name, thing })
    }

    /// The tenant of this id.
    #[must_use]
    pub fn tenant_by_id(&self, id: Uuid) -> Option<Tenant<'_>> {
        self.tenant(self.tenants_by_id.get(&id)?)
    }

    /// The tenant that has verified this domain.
    #[must_use]
    pub fn tenant_by_domain(&self, domain: &str) -> Option<Tenant<'_>> {
        self.tenant(self.tenants_by_domain.get(&domain.to_lowercase())?)
    }

    /// The user of this name in the world.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<Account<'_>> {
        self.idp.users.get_key_value(name).map(|(name, thing)| Named { name, thing })
    }

    /// Every user.
    pub fn accounts(&self) -> impl Iterator<Item = Account<'_>> {
        self.idp.users.iter().map(|(name, thing)| Named { name, thing })
    }

    /// The user who signs in as `username`, in whatever case.
    #[must_use]
    pub fn account_by_username(&self, username: &str) -> Option<Account<'_>> {
        self.account(self.users_by_username.get(&username.to_lowercase())?)
    }

    /// The user of this object id.
    #[must_use]
    pub fn account_by_object_id(&self, object_id: Uuid) -> Option<Account<'_>> {
        self.account(self.users_by_object_id.get(&object_id)?)
    }

    /// The group of this name in the world.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<Group<'_>> {
        self.idp.groups.get_key_value(name).map(|(name, thing)| Named { name, thing })
    }

    /// The groups that the user is in, directly or through other groups, by name.
    #[must_use]
    pub fn groups_of(&self, account: Account<'_>) -> Vec<Group<'_>> {
        let all = || self.idp.groups.iter().map(|(name, thing)| Named { name: name.as_str(), thing });
        let mut found: BTreeSet<&str> =
            all().filter(|group| group.has_direct_member(account)).map(|group| group.name).collect();
        let mut reached: Vec<&str> = found.iter().copied().collect();
        while let Some(inner) = reached.pop() {
            let around = self.groups_around.get(inner).into_iter().flatten();
            reached.extend(around.map(String::as_str).filter(|outer| found.insert(outer)));
        }
        found.into_iter().filter_map(|name| self.group(name)).collect()
    }

    /// The application of this name in the world, or Microsoft Graph.
    #[must_use]
    pub fn application(&self, name: &str) -> Option<Application<'_>> {
        if name == GRAPH {
            return Some(Named { name: GRAPH, thing: &self.graph });
        }
        self.idp.apps.get_key_value(name).map(|(name, thing)| Named { name, thing })
    }

    /// The registered application of this client id; Microsoft Graph is no client.
    #[must_use]
    pub fn client(&self, client_id: Uuid) -> Option<Application<'_>> {
        self.application(self.apps_by_client_id.get(&client_id)?)
    }

    /// The resource that `identifier`, an Application ID URI or a client id, names in `tenant`.
    #[must_use]
    pub fn resource(&self, tenant: Tenant<'_>, identifier: &str) -> Option<Application<'_>> {
        if let Some(client_id) = guid(identifier) {
            return self.resource_by_id(tenant, client_id);
        }
        if self.graph.identifier_uris.iter().any(|uri| uri == identifier) {
            return self.application(GRAPH);
        }
        let key = (tenant.name.to_owned(), identifier.to_owned());
        self.application(self.apps_by_identifier_uri.get(&key)?)
    }

    /// The resource of this client id in `tenant`.
    #[must_use]
    pub fn resource_by_id(&self, tenant: Tenant<'_>, client_id: Uuid) -> Option<Application<'_>> {
        if client_id == GRAPH_ID {
            return self.application(GRAPH);
        }
        self.client(client_id).filter(|application| application.has_service_principal(tenant))
    }

    /// What the v2 endpoints make of `resource`.
    #[must_use]
    pub fn resource_parameter(&self) -> ResourceParameter {
        self.idp.resource_parameter
    }

    /// What a token URL without a tenant segment leads to.
    #[must_use]
    pub fn tenantless_token_endpoint(&self) -> TenantlessTokenEndpoint {
        self.idp.tenantless_token_endpoint
    }

    /// Whether access tokens for Microsoft Graph are signed over a hashed nonce.
    #[must_use]
    pub fn graph_nonce(&self) -> bool {
        self.idp.graph_nonce
    }

    /// Whether browsers stay signed in.
    #[must_use]
    pub fn single_sign_on(&self) -> bool {
        self.idp.single_sign_on
    }

    /// Whether users are asked, after the sign-in, to stay signed in.
    #[must_use]
    pub fn keep_me_signed_in(&self) -> bool {
        self.idp.single_sign_on && self.idp.keep_me_signed_in
    }

    /// Every tenant.
    pub fn tenants(&self) -> impl Iterator<Item = Tenant<'_>> {
        self.idp.tenants.iter().map(|(name, thing)| Named { name, thing })
    }

    /// Whether a client assertion is good only once.
    #[must_use]
    pub fn refuses_replayed_assertions(&self) -> bool {
        self.idp.replayed_assertions == ReplayedAssertions::Refused
    }

    /// Every registered application.
    pub fn applications(&self) -> impl Iterator<Item = Application<'_>> {
        self.idp.apps.iter().map(|(name, thing)| Named { name, thing })
    }

    /// What was granted to `client` in the world.
    pub fn consents(&self, client: Application<'_>) -> impl Iterator<Item = &Consent> {
        let names = self.consents_by_client.get(client.name).map_or(&[][..], Vec::as_slice);
        names.iter().filter_map(|name| self.idp.consents.get(name))
    }
}
