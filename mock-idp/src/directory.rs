//! Who exists: one immutable snapshot of the world's identity section, with the indexes that requests need.

mod graph;

use std::collections::{BTreeSet, HashMap};
use std::ops::Deref;
use std::sync::Arc;

use scenarios::world::policy::{ConditionalAccessPolicy, NamedLocation};
use scenarios::world::{
    App, CONSUMERS, Consent, DirectoryRole, Discovery, ErrorDescription, Idp, Lifetimes, Name, ReplayedAssertions,
    ResourceParameter, SignInAudience, TenantlessTokenEndpoint, User, UserConsent,
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

/// The names of the tenants that have a service principal of the application. Personal accounts need none: there the
/// audience decides.
fn service_principals(app: &App) -> impl Iterator<Item = &str> {
    let named = app.service_principals.as_deref().unwrap_or(std::slice::from_ref(&app.tenant));
    named.iter().map(String::as_str).chain(takes_personal_accounts(app).then_some(CONSUMERS))
}

fn takes_personal_accounts(app: &App) -> bool {
    matches!(app.audience, SignInAudience::MultipleOrgsAndPersonal | SignInAudience::Personal)
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
        let mut groups_around: HashMap<Name, Vec<Name>> = HashMap::new();
        for (name, group) in &idp.groups {
            for inner in &group.members.groups {
                groups_around.entry(inner.clone()).or_default().push(name.clone());
            }
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
            groups_around,
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

    /// Every Conditional Access policy.
    pub fn conditional_access(&self) -> impl Iterator<Item = Named<'_, ConditionalAccessPolicy>> {
        self.idp.policies.conditional_access.iter().map(|(name, thing)| Named { name, thing })
    }

    /// Every named location.
    pub fn named_locations(&self) -> impl Iterator<Item = &NamedLocation> {
        self.idp.policies.named_locations.values()
    }

    /// The named location of this name in the world.
    #[must_use]
    pub fn named_location(&self, name: &str) -> Option<&NamedLocation> {
        self.idp.policies.named_locations.get(name)
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

    /// How many equal token requests of a client for a user within five minutes are answered; any number where the world
    /// says none.
    #[must_use]
    pub fn client_request_loop(&self) -> Option<u16> {
        self.idp.client_request_loop
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

/// The tenant of personal Microsoft accounts.
fn consumers() -> scenarios::world::Tenant {
    scenarios::world::Tenant {
        id: CONSUMERS_ID,
        display_name: "Microsoft accounts".to_owned(),
        domains: Vec::new(),
        region: None,
        country: None,
        preferred_language: None,
        lockout_threshold: None,
        user_consent: UserConsent::Allowed,
        admin_consent_requests: false,
        security_defaults: false,
        cross_tenant_access: Default::default(),
    }
}
