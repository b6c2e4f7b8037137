//! Who exists: one immutable snapshot of the world's identity section, with the indexes that requests need.

mod graph;

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use scenarios::world::{
    App, CONSUMERS, Consent, DirectoryRole, Discovery, ErrorDescription, Idp, Lifetimes, Name, ResourceParameter,
    SignInAudience, TenantlessTokenEndpoint, User, UserConsent,
};
use sha2::{Digest, Sha256};
use uuid::{Uuid, uuid};

use crate::origins::Origins;
use crate::protocol::{Family, guid};

pub use graph::{GRAPH, GRAPH_ID, GRAPH_URI};

/// The id of the tenant of personal Microsoft accounts.
pub const CONSUMERS_ID: Uuid = uuid!("9188040d-6c67-4c5b-b112-36a304b66dad");

/// A snapshot of the world's identity section.
#[derive(Debug)]
pub struct Directory {
    idp: Arc<Idp>,
    origins: Origins,
    graph: App,
    consumers: scenarios::world::Tenant,
    tenants_by_id: HashMap<Uuid, Name>,
    tenants_by_domain: HashMap<String, Name>,
    apps_by_client_id: HashMap<Uuid, Name>,
    apps_by_identifier_uri: HashMap<(Name, String), Name>,
    users_by_username: HashMap<String, Name>,
    users_by_object_id: HashMap<Uuid, (Name, Name)>,
    consents_by_client: HashMap<Name, Vec<Name>>,
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

impl Tenant<'_> {
    /// Whether it is the tenant of personal Microsoft accounts.
    #[must_use]
    pub fn is_consumers(self) -> bool {
        self.name == CONSUMERS
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

    /// Whether `identifier` is its client id or one of its Application ID URIs.
    #[must_use]
    pub fn is_called(self, identifier: &str) -> bool {
        guid(identifier) == Some(self.client_id) || self.identifier_uris.iter().any(|uri| uri == identifier)
    }

    /// Whether the tenant has a service principal of it.
    #[must_use]
    pub fn has_service_principal(self, tenant: Tenant<'_>) -> bool {
        self.is_graph() || service_principals(self.thing).any(|name| name == tenant.name)
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

    /// Whether personal Microsoft accounts may use it.
    #[must_use]
    pub fn takes_personal_accounts(self) -> bool {
        takes_personal_accounts(self.thing)
    }

    /// Where a setting of this application is: in the world, and in the portal.
    #[must_use]
    pub fn setting(self, member: &str, portal: &str) -> String {
        format!("idp.apps.{}.{member} (portal: App registrations > {} > {portal})", self.name, self.shown_name())
    }
}

/// The names of the tenants that have a service principal of the application. Personal accounts need none: there the
/// audience decides.
fn service_principals(app: &App) -> impl Iterator<Item = &str> {
    let named = app.service_principals.as_deref().unwrap_or(std::slice::from_ref(&app.tenant));
    named.iter().map(String::as_str).chain(takes_personal_accounts(app).then_some(CONSUMERS))
}

fn takes_personal_accounts(app: &App) -> bool {
    matches!(app.audience, SignInAudience::MultipleOrgsAndPersonal | SignInAudience::Personal)
}

impl Account<'_> {
    /// Whether the user may consent for the whole tenant.
    #[must_use]
    pub fn is_administrator(self) -> bool {
        self.roles.contains(&DirectoryRole::GlobalAdministrator)
    }

    /// Whether it is a personal Microsoft account.
    #[must_use]
    pub fn is_personal(self) -> bool {
        self.tenant == CONSUMERS
    }
}

impl Directory {
    /// Indexes `idp`; `origins` say where Microsoft Graph and the issuers live in this lab.
    #[must_use]
    pub fn new(idp: Arc<Idp>, origins: &Origins) -> Self {
        let lower = |text: &String| text.to_lowercase();
        let mut consents_by_client: HashMap<Name, Vec<Name>> = HashMap::new();
        for (name, consent) in &idp.consents {
            consents_by_client.entry(consent.client.clone()).or_default().push(name.clone());
        }
        Self {
            origins: origins.clone(),
            graph: graph::application(&origins.graph),
            consumers: consumers(),
            tenants_by_id: idp
                .tenants
                .iter()
                .map(|(name, tenant)| (tenant.id, name.clone()))
                .chain([(CONSUMERS_ID, CONSUMERS.to_owned())])
                .collect(),
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
                    let of_tenant = move |tenant: &str| {
                        let tenant = tenant.to_owned();
                        app.identifier_uris.iter().map(move |uri| ((tenant.clone(), uri.clone()), name.clone()))
                    };
                    service_principals(app).flat_map(of_tenant)
                })
                .collect(),
            users_by_username: idp.users.iter().map(|(name, user)| (lower(&user.username), name.clone())).collect(),
            users_by_object_id: idp
                .users
                .iter()
                .flat_map(|(name, user)| {
                    let guests = user.guest_of.iter().map(|(tenant, guest)| (guest.object_id, tenant));
                    let ids = guests.chain([(user.object_id, &user.tenant)]);
                    ids.map(move |(object_id, tenant)| (object_id, (name.clone(), tenant.clone())))
                })
                .collect(),
            consents_by_client,
            idp,
        }
    }

    /// How long what is issued lasts.
    #[must_use]
    pub fn lifetimes(&self) -> &Lifetimes {
        &self.idp.lifetimes
    }

    /// Who authenticates the users of the tenant, as tokens of guests and messages name it.
    #[must_use]
    pub fn identity_provider(&self, tenant: Tenant<'_>) -> String {
        if tenant.is_consumers() {
            return "live.com".to_owned();
        }
        self.origins.issuer(Family::V1, &tenant.id.to_string())
    }

    /// The tenant of this name in the world.
    #[must_use]
    pub fn tenant(&self, name: &str) -> Option<Tenant<'_>> {
        if name == CONSUMERS {
            return Some(Named { name: CONSUMERS, thing: &self.consumers });
        }
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

    /// The user of this object id, and the tenant in which the user has it: as a member or as a guest.
    #[must_use]
    pub fn account_by_object_id(&self, object_id: Uuid) -> Option<(Account<'_>, Tenant<'_>)> {
        let (user, tenant) = self.users_by_object_id.get(&object_id)?;
        Some((self.account(user)?, self.tenant(tenant)?))
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
        self.application(self.apps_by_client_id.get(&client_id)?).filter(|application| !application.deleted)
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
        self.application(self.apps_by_identifier_uri.get(&key)?).filter(|application| !application.deleted)
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

    /// What the discovery documents say besides.
    #[must_use]
    pub fn discovery(&self) -> &Discovery {
        &self.idp.discovery
    }

    /// How error descriptions are laid out.
    #[must_use]
    pub fn error_description(&self) -> ErrorDescription {
        self.idp.error_description
    }

    /// What a token URL without a tenant segment leads to.
    #[must_use]
    pub fn tenantless_token_endpoint(&self) -> TenantlessTokenEndpoint {
        self.idp.tenantless_token_endpoint
    }

    /// Whether browsers stay signed in.
    #[must_use]
    pub fn single_sign_on(&self) -> bool {
        self.idp.single_sign_on
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

/// The tenant of personal Microsoft accounts.
fn consumers() -> scenarios::world::Tenant {
    scenarios::world::Tenant {
        id: CONSUMERS_ID,
        display_name: "Microsoft accounts".to_owned(),
        domains: Vec::new(),
        region: None,
        user_consent: UserConsent::Allowed,
        admin_consent_requests: false,
    }
}
