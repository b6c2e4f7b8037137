//! From a `resource` or `scope` parameter to resources of a tenant.

use std::collections::BTreeSet;

use scenarios::world::ResourceParameter;
use wire::{Check, Checks};

use super::Family;
use super::admission::check_resource;
use super::authorize::response_type::ResponseType;
use super::parameters::Parameters;
use super::scope::{DEFAULT, OidcScope, ResourceScope, ScopeText};
use crate::directory::{Application, Directory, GRAPH, GRAPH_URI, Tenant};
use crate::error::EntraError;

/// What a request asks for, as far as it can be read without knowing the tenant.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// The v1 endpoints' `resource`.
    Resource(String),
    /// All permissions of the client's registration.
    Registered,
    /// The v2 endpoints' scopes.
    Scopes {
        /// The scopes.
        scopes: ScopeText,
        /// The `resource` parameters (RFC 8707), which must agree with them.
        resources: Vec<String>,
    },
}

/// A resource, and what is wanted of it.
#[derive(Clone, Debug)]
pub struct Target<'d> {
    /// The resource.
    pub resource: Application<'d>,
    /// What the request called it; a v1 token's audience.
    pub requested_as: String,
    /// The scopes.
    pub wants: Wants,
}

/// The scopes that are wanted of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wants {
    /// All that was agreed to.
    Default,
    /// These; none for a token that only the scopes of OpenID Connect ask for.
    Named(BTreeSet<String>),
}

/// All that a request asks for.
#[derive(Clone, Debug)]
pub struct Requested<'d> {
    /// The scopes of OpenID Connect.
    pub oidc: BTreeSet<OidcScope>,
    /// The resources, at least one, in the order of the request.
    pub targets: Vec<Target<'d>>,
}

impl Wanted {
    /// Reads the parameters of an authorize request.
    ///
    /// # Errors
    /// 900144, 70011 or 901002.
    pub fn read(
        family: Family,
        response_type: ResponseType,
        parameters: &Parameters,
        mode: ResourceParameter,
        checks: &mut Checks,
    ) -> Result<Self, EntraError> {
        // v1 knows no resource of an id token
        let is_sign_in_alone = response_type == ResponseType { id_token: true, ..ResponseType::default() };
        let parameter = match family {
            Family::V1 if is_sign_in_alone && !parameters.has("resource") => "scope",
            Family::V1 => "resource",
            Family::V2 => "scope",
        };
        let Some(text) = parameters.text(parameter) else {
            let fix = match family {
                Family::V1 => "fill in the client's resource, such as connector.resource_url (wizard: Resource URL)",
                Family::V2 => "fill in the client's scopes, such as connector.scopes (wizard: Scopes)",
            };
            checks.refuse(
                Check::RequestParameterPresent,
                format!("the parameter {parameter}"),
                "none, or an empty one",
                fix,
            );
            return Err(EntraError::MissingParameter { parameter });
        };
        checks.pass(Check::RequestParameterPresent, format!("the parameter {parameter}"), text);
        if parameter == "resource" {
            return Ok(Self::Resource(text.to_owned()));
        }
        Ok(Self::Scopes { scopes: parse_scope(text, checks)?, resources: read_resources(parameters, mode, checks)? })
    }

    /// Finds in `tenant` what is wanted.
    ///
    /// # Errors
    /// 500011, 650052, 650053, 90009 or 9010010.
    pub fn resolve<'d>(
        &self,
        directory: &'d Directory,
        tenant: Tenant<'_>,
        client: Application<'_>,
        checks: &mut Checks,
    ) -> Result<Requested<'d>, EntraError> {
        match self {
            Self::Resource(identifier) => {
                let resource = find_resource(directory, tenant, identifier, client, checks)?;
                let target = Target { resource, requested_as: identifier.clone(), wants: Wants::Default };
                check_not_itself(client, &target, checks)?;
                // an id token always comes along, and shows the basic profile
                Ok(Requested { oidc: BTreeSet::from([OidcScope::OpenId, OidcScope::Profile]), targets: vec![target] })
            }
            Self::Registered => {
                Ok(Requested { oidc: BTreeSet::new(), targets: registered_targets(directory, tenant, client, checks)? })
            }
            Self::Scopes { scopes, resources } => {
                let requested = resolve_scopes(scopes, directory, tenant, client, checks)?;
                check_resources_match(resources, &requested.targets, checks)?;
                Ok(requested)
            }
        }
    }

    /// Refuses what no tenant can make good: an application that asks for itself by URI, and a `resource` that is not
    /// the scopes'. At `/common` this comes before anybody signs in, judged in the client's own tenant.
    ///
    /// # Errors
    /// 90009 or 9010010.
    pub fn refuse_hopeless(
        &self,
        directory: &Directory,
        client: Application<'_>,
        checks: &mut Checks,
    ) -> Result<(), EntraError> {
        let Some(home) = directory.tenant(&client.tenant) else { return Ok(()) };
        let mut tried = Checks::default();
        match self.resolve(directory, home, client, &mut tried) {
            Err(error @ (EntraError::RequestsItselfByUri { .. } | EntraError::ResourceMismatch { .. })) => {
                checks.0.append(&mut tried.0);
                Err(error)
            }
            // everything else is judged in the user's tenant
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// The `resource` parameters of a v2 request, as far as they count in this world.
///
/// # Errors
/// 901002.
pub fn read_resources(
    parameters: &Parameters,
    mode: ResourceParameter,
    checks: &mut Checks,
) -> Result<Vec<String>, EntraError> {
    let given = parameters.all("resource").map(|value| String::from_utf8_lossy(value).into_owned());
    match mode {
        ResourceParameter::Ignored => Ok(Vec::new()),
        ResourceParameter::Enforced => Ok(given.collect()),
        ResourceParameter::Rejected => {
            let given: Vec<_> = given.collect();
            if given.is_empty() {
                return Ok(given);
            }
            let fix = "the client's resource parameter, such as in \
                       connector.authorization_url_query_string_template: leave it out, for the scopes name the resource; or \
                       idp.resource_parameter, the rule of the time";
            checks.refuse(Check::ResourceParameter, "no resource parameter on v2", given.join(", "), fix);
            Err(EntraError::ResourceParameterUnsupported)
        }
    }
}

/// What the client's registration lists, resource by resource.
fn registered_targets<'d>(
    directory: &'d Directory,
    tenant: Tenant<'_>,
    client: Application<'_>,
    checks: &mut Checks,
) -> Result<Vec<Target<'d>>, EntraError> {
    let mut targets = Vec::new();
    for permission in client.permissions.values() {
        let Some(resource) = directory.application(&permission.resource) else { continue };
        check_service_principal(resource, tenant, checks)?;
        let values = permission.scopes.iter().filter_map(|scope| registered_value(resource, scope));
        let wants = Wants::Named(values.map(str::to_owned).collect());
        targets.push(Target { resource, requested_as: resource.client_id.to_string(), wants });
    }
    if !targets.is_empty() {
        return Ok(targets);
    }
    let setting = client.setting("permissions", "API permissions > Add a permission");
    checks.refuse(Check::ResourcePermitted, "at least one permission in the client's registration", "none", setting);
    Err(EntraError::Misconfigured { client_id: client.client_id, resource_name: "Microsoft Graph".to_owned() })
}

/// Takes a scope text apart.
///
/// # Errors
/// 70011.
pub fn parse_scope(text: &str, checks: &mut Checks) -> Result<ScopeText, EntraError> {
    let expected = "scopes separated by spaces: either one <resource>/.default or named ones, and openid, profile, email and \
                    offline_access beside either";
    match ScopeText::parse(text) {
        Ok(scopes) => {
            checks.pass(Check::ScopeWellFormed, expected, text);
            Ok(scopes)
        }
        Err(reason) => {
            checks.refuse(
                Check::ScopeWellFormed,
                expected,
                text,
                "correct the client's scopes, such as connector.scopes (wizard: Scopes)",
            );
            Err(EntraError::InvalidScope { scope: text.to_owned(), reason })
        }
    }
}

fn resolve_scopes<'d>(
    scopes: &ScopeText,
    directory: &'d Directory,
    tenant: Tenant<'_>,
    client: Application<'_>,
    checks: &mut Checks,
) -> Result<Requested<'d>, EntraError> {
    let mut targets: Vec<Target<'d>> = Vec::new();
    for scope in &scopes.of_resources {
        let identifier = scope.resource.as_deref().unwrap_or(GRAPH_URI);
        let resource = find_resource(directory, tenant, identifier, client, checks)?;
        let wants = find_scope(resource, scope, client, checks)?;
        let known = targets.iter_mut().find(|target| target.resource.client_id == resource.client_id);
        match (known, wants) {
            (Some(Target { wants: Wants::Named(names), .. }), Wants::Named(more)) => names.extend(more),
            (_, wants) => {
                let target = Target { resource, requested_as: identifier.to_owned(), wants };
                if target.wants == Wants::Default {
                    check_not_itself(client, &target, checks)?;
                }
                targets.push(target);
            }
        }
    }
    if targets.is_empty() {
        // a request for the scopes of OpenID Connect alone is one for Graph's userinfo
        let resource = find_resource(directory, tenant, GRAPH_URI, client, checks)?;
        targets.push(Target { resource, requested_as: GRAPH_URI.to_owned(), wants: Wants::Named(BTreeSet::new()) });
    }
    Ok(Requested { oidc: scopes.oidc.clone(), targets })
}

/// Finds a resource in the tenant.
///
/// # Errors
/// 500207 for a personal account where the resource takes none, 650052 where the client's registration lists it and only its service principal is missing, else 500011.
pub fn find_resource<'d>(
    directory: &'d Directory,
    tenant: Tenant<'_>,
    identifier: &str,
    client: Application<'_>,
    checks: &mut Checks,
) -> Result<Application<'d>, EntraError> {
    let expected = format!("the Application ID URI or client id of an application known in {}", tenant.display_name);
    if let Some(resource) = directory.resource(tenant, identifier) {
        checks.pass(Check::ResourceExists, expected, identifier);
        check_service_principal(resource, tenant, checks)?;
        return Ok(resource);
    }
    if tenant.is_consumers()
        && let Some(resource) = directory.applications().find(|resource| resource.is_called(identifier))
    {
        check_resource(resource, tenant, identifier, checks)?;
    }
    let listed = client.permissions.values().filter_map(|permission| directory.application(&permission.resource));
    let is_meant = |resource: &Application<'_>| resource.is_called(identifier);
    let could_be_here = |resource: &Application<'_>| resource.tenant == tenant.name || resource.is_multi_tenant();
    if let Some(resource) = listed.filter(is_meant).find(could_be_here) {
        check_service_principal(resource, tenant, checks)?;
    }
    checks.refuse(
        Check::ResourceExists,
        expected,
        identifier,
        "make two settings agree: idp.apps.<the resource>.identifier_uris (portal: App registrations > the resource > Expose an API > \
         Application ID URI), and what the client asks for: connector.resource_url, connector.scopes",
    );
    Err(EntraError::ResourceNotFound { resource: identifier.to_owned(), tenant: tenant.display_name.clone() })
}

/// The tenant must have a service principal of the resource, which must not be deleted or disabled.
///
/// # Errors
/// 650054, 500014 or 650052.
pub fn check_service_principal(
    resource: Application<'_>,
    tenant: Tenant<'_>,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    if resource.deleted {
        let fix =
            format!("idp.apps.{}.deleted (portal: App registrations > Deleted applications > Restore)", resource.name);
        checks.refuse(Check::ResourceExists, "an application that exists", "one that was deleted", fix);
        return Err(EntraError::ResourceRemoved {
            resource_name: resource.shown_name().to_owned(),
            resource: resource.client_id,
        });
    }
    if resource.disabled {
        let fix = format!(
            "idp.apps.{}.disabled: false (portal: Enterprise applications > {} > Properties > Enabled for users to sign-in?)",
            resource.name,
            resource.shown_name()
        );
        checks.refuse(Check::ResourceServicePrincipal, "a resource that is enabled", "it is disabled", fix);
        return Err(EntraError::ResourceDisabled {
            resource_name: resource.shown_name().to_owned(),
            resource: resource.client_id,
            tenant: tenant.display_name.clone(),
        });
    }
    let expected = format!("a service principal of {} in {}", resource.shown_name(), tenant.display_name);
    if resource.has_service_principal(tenant) {
        checks.pass(Check::ResourceServicePrincipal, expected, "one is there");
        return Ok(());
    }
    let fix = format!(
        "idp.apps.{}.service_principals: add {} (portal: Enterprise applications > New application, or `az ad sp \
         create --id {}` in that tenant)",
        resource.name, tenant.name, resource.client_id
    );
    checks.refuse(Check::ResourceServicePrincipal, expected, "none", fix);
    Err(EntraError::ServicePrincipalMissing {
        resource_name: resource.shown_name().to_owned(),
        resource: resource.client_id,
        tenant: tenant.display_name.clone(),
    })
}

fn find_scope(
    resource: Application<'_>,
    scope: &ResourceScope,
    client: Application<'_>,
    checks: &mut Checks,
) -> Result<Wants, EntraError> {
    if scope.name == DEFAULT {
        return Ok(Wants::Default);
    }
    let expected = || {
        let values: Vec<_> = resource.scopes.values().take(8).map(|scope| scope.value.as_str()).collect();
        format!(
            "a scope of {}: {}{}",
            resource.shown_name(),
            values.join(", "),
            if resource.scopes.len() > 8 { ", …" } else { "" }
        )
    };
    if let Some(value) = registered_value(resource, &scope.name) {
        checks.pass(Check::ScopeExists, expected(), scope.name.as_str());
        return Ok(Wants::Named(BTreeSet::from([value.to_owned()])));
    }
    let fix = if scope.name.contains(',') {
        "separate the scopes by spaces in connector.scopes (wizard: Scopes): a comma is part of the name before it"
            .to_owned()
    } else if scope.resource.is_none() {
        format!(
            "the client's scope: '{}' without a resource in front means Microsoft Graph; write \
             <Application ID URI>/{} (connector.scopes)",
            scope.name, scope.name
        )
    } else {
        let setting = resource.setting("scopes", "Expose an API > Scopes defined by this API");
        format!("ask for a scope that is there (connector.scopes), or add this one: {setting}")
    };
    checks.refuse(Check::ScopeExists, expected(), scope.name.as_str(), fix);
    Err(EntraError::ScopeNotOnResource {
        client_name: client.shown_name().to_owned(),
        scope: scope.name.clone(),
        resource: resource.client_id,
    })
}

/// The value of a scope as the resource has it; case does not matter in requests.
#[must_use]
pub fn registered_value<'d>(resource: Application<'d>, name: &str) -> Option<&'d str> {
    resource.thing().scopes.values().map(|scope| scope.value.as_str()).find(|value| value.eq_ignore_ascii_case(name))
}

/// An application may ask for itself only by its client id.
///
/// # Errors
/// 90009.
pub fn check_not_itself(client: Application<'_>, target: &Target<'_>, checks: &mut Checks) -> Result<(), EntraError> {
    let expected = format!("another application; for itself this one must say {}", client.client_id);
    let is_itself = target.resource.client_id == client.client_id;
    let by_id = super::guid(&target.requested_as).is_some();
    if is_itself && by_id && !client.permissions.values().any(|permission| permission.resource == GRAPH) {
        let setting = client.setting("permissions", "API permissions > Add a permission > Microsoft Graph > User.Read");
        checks.refuse(
            Check::ResourceNotItself,
            "a permission of Microsoft Graph beside the token for itself",
            "none listed",
            format!("add it to {setting}"),
        );
        return Err(EntraError::RequestsItselfWithoutProfile { client_id: client.client_id });
    }
    if !is_itself || by_id {
        checks.pass(Check::ResourceNotItself, expected, target.requested_as.as_str());
        return Ok(());
    }
    checks.refuse(
        Check::ResourceNotItself,
        expected,
        target.requested_as.as_str(),
        "a client of its own beside the resource (portal: App registrations > New registration), or the client id \
         in the place of the Application ID URI",
    );
    Err(EntraError::RequestsItselfByUri { client_id: client.client_id, client_name: client.shown_name().to_owned() })
}

/// RFC 8707 as Entra has it: one value, byte for byte an identifier URI of the one application that owns the scopes,
/// or what the scopes call it.
///
/// # Errors
/// 9010010.
pub fn check_resources_match(
    resources: &[String],
    targets: &[Target<'_>],
    checks: &mut Checks,
) -> Result<(), EntraError> {
    if resources.is_empty() {
        return Ok(());
    }
    let received = resources.join(", ");
    let is_of = |target: &Target<'_>| {
        let only_oidc = matches!(&target.wants, Wants::Named(names) if names.is_empty());
        let called = |parameter: &String| {
            *parameter == target.requested_as || target.resource.identifier_uris.contains(parameter)
        };
        !only_oidc && resources.iter().all(called)
    };
    let names: Vec<_> = targets.iter().map(|target| target.requested_as.as_str()).collect();
    let expected = format!("the resource of the scopes: {}", names.join(", "));
    if resources.len() == 1 && targets.iter().all(is_of) {
        checks.pass(Check::ResourceMatchesScopes, expected, received);
        return Ok(());
    }
    let owner = targets.first().filter(|target| !target.resource.is_graph());
    let setting = owner.map_or_else(
        || "idp.apps.<the scopes' application>.identifier_uris".to_owned(),
        |target| target.resource.setting("identifier_uris", "Expose an API > Application ID URI"),
    );
    let fix = format!(
        "the client's resource parameter, such as in connector.authorization_url_query_string_template: leave it out, or \
         add its value, byte for byte, to {setting}"
    );
    checks.refuse(Check::ResourceMatchesScopes, expected, received.as_str(), fix);
    Err(EntraError::ResourceMismatch { resource: received })
}
