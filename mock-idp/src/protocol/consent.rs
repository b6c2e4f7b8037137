//! Who agreed to what, and what still has to be asked.
//!
//! Rules: Microsoft identity platform "Overview of permissions and consent", "Scopes and permissions".

use std::collections::{BTreeMap, BTreeSet, HashMap};

use scenarios::world::{Consent, UserConsent, WhoCanConsent};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{Check, Checks};

use super::admission::Principal;
use super::authorize::Prompt;
use super::pre_authorization::{check_pre_authorized, is_pre_authorized};
use super::scope::OidcScope;
use super::target::{Requested, Target, Wants, check_service_principal, registered_value};
use crate::directory::{Application, Directory, GRAPH, GRAPH_ID, Tenant};
use crate::error::EntraError;

/// For whom a consent holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grantee {
    /// Everyone in the tenant of this id.
    Tenant(Uuid),
    /// The user of this object id.
    User(Uuid),
}

/// Scopes by the client id of their resource.
type ScopesByResource = BTreeMap<Uuid, BTreeSet<String>>;

/// The consents that were given on the consent page; those of the world stand in the world.
#[derive(Clone, Debug, Default)]
pub struct GivenConsents(HashMap<(Uuid, Grantee), ScopesByResource>);

impl GivenConsents {
    /// Adds what was agreed to.
    pub fn give(&mut self, grantee: Grantee, asked: impl IntoIterator<Item = AskedIds>) {
        for AskedIds { client, resource, scopes } in asked {
            self.0.entry((client, grantee)).or_default().entry(resource).or_default().extend(scopes);
        }
    }

    /// Whether anybody of the tenant has agreed to anything: a first consent makes the client's service principal.
    #[must_use]
    pub fn any_in(&self, client: Application<'_>, tenant: Tenant<'_>, directory: &Directory) -> bool {
        self.0.keys().any(|(client_id, grantee)| {
            *client_id == client.client_id
                && match grantee {
                    Grantee::Tenant(id) => *id == tenant.id,
                    Grantee::User(id) => {
                        directory.account_by_object_id(*id).is_some_and(|(_, there)| there.name == tenant.name)
                    }
                }
        })
    }
}

/// What a client may do for one user.
#[derive(Clone, Debug, Default)]
pub struct Granted(ScopesByResource);

impl Granted {
    /// Gathers what the world and the consent page granted.
    #[must_use]
    pub fn gather(
        directory: &Directory,
        given: &GivenConsents,
        client: Application<'_>,
        principal: Principal<'_>,
    ) -> Self {
        let mut scopes = ScopesByResource::new();
        for consent in directory.consents(client) {
            let holds = match &consent.user {
                Some(user) => {
                    let home = &principal.account.tenant;
                    user == principal.account.name && consent.tenant.as_ref().unwrap_or(home) == principal.tenant.name
                }
                None => is_given_in(consent, client, principal.tenant),
            };
            if let (true, Some(resource)) = (holds, directory.application(&consent.resource)) {
                scopes.entry(resource.client_id).or_default().extend(consent.scopes.iter().cloned());
            }
        }
        for resource in directory.applications().filter(|resource| is_pre_authorized(client, *resource)) {
            let all = resource.scopes.values().map(|scope| scope.value.clone());
            scopes.entry(resource.client_id).or_default().extend(all);
        }
        for grantee in [Grantee::Tenant(principal.tenant.id), Grantee::User(principal.object_id())] {
            for (resource, more) in given.0.get(&(client.client_id, grantee)).into_iter().flatten() {
                scopes.entry(*resource).or_default().extend(more.iter().cloned());
            }
        }
        Self(scopes)
    }

    /// The granted scopes that the resource still exposes.
    #[must_use]
    pub fn of(&self, resource: Application<'_>) -> BTreeSet<String> {
        let granted = self.0.get(&resource.client_id).into_iter().flatten();
        granted.filter_map(|scope| registered_value(resource, scope)).map(str::to_owned).collect()
    }

    /// Whether anything was granted at all; then the scopes of OpenID Connect go without saying.
    #[must_use]
    pub fn any(&self) -> bool {
        self.0.values().any(|scopes| !scopes.is_empty())
    }
}

/// Whether an administrator's consent of the world holds in the tenant: it says which, or means the client's own.
#[must_use]
pub fn is_given_in(consent: &Consent, client: Application<'_>, tenant: Tenant<'_>) -> bool {
    consent.tenant.as_ref().unwrap_or(&client.tenant) == tenant.name
}

/// What the consent page asks of one resource.
#[derive(Clone, Debug)]
pub struct Asked<'d> {
    /// Who would have it: the client, or an API behind which the client stands.
    pub client: Application<'d>,
    /// The resource.
    pub resource: Application<'d>,
    /// The scopes.
    pub scopes: BTreeSet<String>,
}

/// The same by ids, as it is kept between pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedIds {
    /// The client id of who would have it.
    pub client: Uuid,
    /// The resource's client id.
    pub resource: Uuid,
    /// The scopes.
    pub scopes: BTreeSet<String>,
}

impl Asked<'_> {
    /// The same by ids.
    #[must_use]
    pub fn ids(&self) -> AskedIds {
        let (client, resource) = (self.client.client_id, self.resource.client_id);
        AskedIds { client, resource, scopes: self.scopes.clone() }
    }
}

/// The scopes of Microsoft Graph that a first consent to the client adds without a word.
#[must_use]
pub fn added_silently(client: Application<'_>) -> AskedIds {
    let silent = [OidcScope::OpenId, OidcScope::Profile, OidcScope::OfflineAccess];
    let client = client.client_id;
    AskedIds { client, resource: GRAPH_ID, scopes: silent.iter().map(|scope| scope.name().to_owned()).collect() }
}

/// What has to be asked before the client may have what it requests; nothing where all is granted.
///
/// # Errors
/// Those of [`questions`]; 90094 or 90095 where the user may not consent, 70011 where nobody can.
pub fn still_to_ask<'d>(
    directory: &'d Directory,
    client: Application<'d>,
    principal: Principal<'_>,
    requested: &Requested<'d>,
    granted: &Granted,
    prompt: Prompt,
    checks: &mut Checks,
) -> Result<Vec<Asked<'d>>, EntraError> {
    let asked = questions(directory, client, principal, requested, granted, prompt, checks)?;
    check_user_may_consent(client, principal, prompt, &asked, checks)?;
    Ok(asked)
}

/// The same, whoever may answer.
///
/// # Errors
/// 65002 between two applications of Microsoft's own, 650057 where the client's registration does not list the
/// resource, 650052 where it lists one that is missing in the tenant.
pub fn questions<'d>(
    directory: &'d Directory,
    client: Application<'d>,
    principal: Principal<'_>,
    requested: &Requested<'d>,
    granted: &Granted,
    prompt: Prompt,
    checks: &mut Checks,
) -> Result<Vec<Asked<'d>>, EntraError> {
    let ask_again = matches!(prompt, Prompt::Consent | Prompt::AdminConsent);
    let mut asked: Vec<Asked<'d>> = Vec::new();
    for target in &requested.targets {
        check_pre_authorized(client, target, checks)?;
        let has = granted.of(target.resource);
        match &target.wants {
            Wants::Named(names) => {
                let missing = if ask_again { names.clone() } else { names.difference(&has).cloned().collect() };
                add(&mut asked, client, target.resource, missing);
            }
            Wants::Default if target.resource.client_id == client.client_id => {}
            Wants::Default => {
                let listed = listed_permissions(directory, client);
                check_listed(client, target, &listed, !has.is_empty(), checks)?;
                if has.is_empty() || ask_again {
                    let is_known = target.resource.known_client_applications.iter().any(|name| name == client.name);
                    let behind = is_known.then(|| listed_permissions(directory, target.resource));
                    for permission in listed.into_iter().chain(behind.into_iter().flatten()) {
                        check_service_principal(permission.resource, principal.tenant, checks)?;
                        add(&mut asked, permission.client, permission.resource, permission.scopes);
                    }
                }
            }
        }
    }
    if (!asked.is_empty() || !granted.any())
        && let Some(graph) = directory.application(GRAPH)
    {
        let has = granted.of(graph);
        let oidc = requested.oidc.iter().map(|scope| scope.name().to_owned());
        add(&mut asked, client, graph, oidc.filter(|scope| ask_again || !has.contains(scope)).collect());
    }
    Ok(asked)
}

fn add<'d>(asked: &mut Vec<Asked<'d>>, client: Application<'d>, resource: Application<'d>, scopes: BTreeSet<String>) {
    if scopes.is_empty() {
        return;
    }
    let is_same = |entry: &&mut Asked<'_>| {
        entry.client.client_id == client.client_id && entry.resource.client_id == resource.client_id
    };
    match asked.iter_mut().find(is_same) {
        Some(entry) => entry.scopes.extend(scopes),
        None => asked.push(Asked { client, resource, scopes }),
    }
}

/// The permissions of the client's registration, with the scopes that their resources expose.
fn listed_permissions<'d>(directory: &'d Directory, client: Application<'d>) -> Vec<Asked<'d>> {
    let mut listed = Vec::new();
    for permission in client.thing().permissions.values() {
        if let Some(resource) = directory.application(&permission.resource) {
            let scopes = permission.scopes.iter().filter_map(|scope| registered_value(resource, scope));
            add(&mut listed, client, resource, scopes.map(str::to_owned).collect());
        }
    }
    listed
}

/// On v1 the client's registration must list the resource that a token request names, unless it was granted.
///
/// # Errors
/// 65005.
pub fn check_listed_on_v1<'d>(
    directory: &'d Directory,
    client: Application<'d>,
    target: &Target<'_>,
    granted: &Granted,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    if target.resource.client_id == client.client_id {
        return Ok(());
    }
    let listed = listed_permissions(directory, client);
    check_listed(client, target, &listed, !granted.of(target.resource).is_empty(), checks)
        .map_err(|_| EntraError::ResourceNotRequired { resource: target.requested_as.clone() })
}

fn check_listed(
    client: Application<'_>,
    target: &Target<'_>,
    listed: &[Asked<'_>],
    has_grant: bool,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let expected = format!("{} among the client's permissions", target.resource.shown_name());
    let names: Vec<_> = listed.iter().map(|permission| permission.resource.shown_name()).collect();
    let received = if names.is_empty() { "none listed".to_owned() } else { names.join(", ") };
    if listed.iter().any(|permission| permission.resource.client_id == target.resource.client_id) {
        checks.pass(Check::ResourcePermitted, expected, received);
        return Ok(());
    }
    if has_grant {
        checks.pass(Check::ResourcePermitted, expected, "not listed, but granted");
        return Ok(());
    }
    checks.refuse(
        Check::ResourcePermitted,
        expected,
        received,
        format!("add it to {}", client.setting("permissions", "API permissions > Add a permission > My APIs")),
    );
    let ids: Vec<_> = listed.iter().map(|permission| permission.resource.client_id.to_string()).collect();
    Err(EntraError::ResourceNotListed {
        client_id: client.client_id,
        client_name: client.shown_name().to_owned(),
        requested: target.requested_as.clone(),
        resource: target.resource.client_id,
        listed: ids.join(", "),
    })
}

fn check_user_may_consent(
    client: Application<'_>,
    principal: Principal<'_>,
    prompt: Prompt,
    asked: &[Asked<'_>],
    checks: &mut Checks,
) -> Result<(), EntraError> {
    if asked.is_empty() {
        checks.pass(Check::ConsentGranted, "consent to what is asked for", "granted");
        return Ok(());
    }
    if principal.account.is_administrator() {
        return Ok(());
    }
    let tenant = principal.tenant;
    let for_admins = asked.iter().find_map(|entry| {
        let scopes = entry.resource.thing().scopes.values();
        scopes
            .filter(|scope| scope.consent == WhoCanConsent::Admin && entry.scopes.contains(&scope.value))
            .map(|scope| scope.value.as_str())
            .next()
    });
    let grant = format!(
        "grant admin consent: idp.consents (portal: App registrations > {} > API permissions > Grant admin consent for {})",
        client.shown_name(),
        tenant.display_name
    );
    if let (true, Some(scope)) = (tenant.is_consumers(), for_admins) {
        let fix = "the client's scopes: a personal account has no administrator who could consent to it";
        checks.refuse(Check::ConsentGranted, shown(asked), format!("{scope} is for organisations"), fix);
        return Err(EntraError::InvalidScope {
            scope: scope.to_owned(),
            reason: ": it needs an administrator, and a personal account has none.",
        });
    }
    if prompt == Prompt::AdminConsent {
        let fix = format!(
            "sign in as an administrator: idp.users.<user>.roles: [global_administrator] (portal: Roles and administrators); or {grant}"
        );
        checks.refuse(Check::ConsentGranted, shown(asked), "none granted, and the user is no administrator", fix);
        return Err(EntraError::AdminConsentRequired {
            client_name: client.shown_name().to_owned(),
            tenant: tenant.display_name.clone(),
        });
    }
    let refusal = || {
        let (client_name, tenant_name) = (client.shown_name().to_owned(), tenant.display_name.clone());
        match tenant.admin_consent_requests {
            true => EntraError::ApprovalRequired { client_name, tenant: tenant_name },
            false => EntraError::AdminConsentRequired { client_name, tenant: tenant_name },
        }
    };
    let (received, fix) = match (tenant.user_consent, for_admins) {
        (UserConsent::Disabled, _) => (
            "none granted, and users may not consent".to_owned(),
            format!(
                "{grant}, or idp.tenants.{}.user_consent (portal: Enterprise applications > Consent and permissions \
                 > User consent settings)",
                tenant.name
            ),
        ),
        (UserConsent::Allowed, Some(scope)) => (format!("none granted, and {scope} needs an administrator"), grant),
        (UserConsent::Allowed, None) => return Ok(()),
    };
    checks.refuse(Check::ConsentGranted, shown(asked), received, fix);
    Err(refusal())
}

/// Refuses what would have to be asked, where no page may be shown.
pub fn refuse_silently(client: Application<'_>, asked: &[Asked<'_>], checks: &mut Checks) -> EntraError {
    let fix = format!(
        "grant admin consent: idp.consents (portal: App registrations > {} > API permissions > Grant admin consent), or the client's prompt",
        client.shown_name()
    );
    checks.refuse(Check::ConsentGranted, shown(asked), "not granted yet, and no page may be shown", fix);
    EntraError::ConsentRequired { client_id: client.client_id, client_name: client.shown_name().to_owned() }
}

/// Notes that the consent page is shown, and why.
pub fn note_question(asked: &[Asked<'_>], checks: &mut Checks) {
    checks.pass(Check::ConsentGranted, shown(asked), "not granted yet: the user is asked");
}

fn shown(asked: &[Asked<'_>]) -> String {
    let entries: Vec<_> = asked
        .iter()
        .map(|entry| {
            let scopes: Vec<_> = entry.scopes.iter().map(String::as_str).collect();
            format!("{} on {}", scopes.join(" "), entry.resource.shown_name())
        })
        .collect();
    format!("consent to {}", entries.join(", "))
}

/// The scopes of a token for `target`: all that were granted for the resource, if those that are asked for are.
///
/// # Errors
/// 65001.
pub fn confirm(
    client: Application<'_>,
    target: &Target<'_>,
    oidc: &BTreeSet<OidcScope>,
    granted: &Granted,
    checks: &mut Checks,
) -> Result<BTreeSet<String>, EntraError> {
    let mut scopes = granted.of(target.resource);
    let is_itself = target.resource.client_id == client.client_id;
    let (enough, expected) = match &target.wants {
        Wants::Named(names) if names.is_empty() => (granted.any(), "any consent to the client".to_owned()),
        Wants::Named(names) => {
            let wanted: Vec<_> = names.iter().map(String::as_str).collect();
            (names.is_subset(&scopes), format!("consent to {} on {}", wanted.join(" "), target.resource.shown_name()))
        }
        Wants::Default => (is_itself || !scopes.is_empty(), format!("any consent on {}", target.resource.shown_name())),
    };
    if !enough {
        let has: Vec<_> = scopes.iter().map(String::as_str).collect();
        let received = if has.is_empty() { "none".to_owned() } else { has.join(" ") };
        let fix = format!(
            "grant admin consent: idp.consents (portal: App registrations > {} > API permissions > Grant admin consent), or a new sign-in",
            client.shown_name()
        );
        checks.refuse(Check::ConsentGranted, expected, received, fix);
        return Err(EntraError::ConsentRequired {
            client_id: client.client_id,
            client_name: client.shown_name().to_owned(),
        });
    }
    if target.resource.is_graph() {
        scopes.extend(
            oidc.iter().filter(|scope| **scope != OidcScope::OfflineAccess).map(|scope| scope.name().to_owned()),
        );
        scopes.remove(OidcScope::OfflineAccess.name());
    }
    if is_itself && scopes.is_empty() {
        scopes.extend(target.resource.thing().scopes.values().map(|scope| scope.value.clone()));
    }
    let shown: Vec<_> = scopes.iter().map(String::as_str).collect();
    checks.pass(Check::ConsentGranted, expected, shown.join(" "));
    Ok(scopes)
}
