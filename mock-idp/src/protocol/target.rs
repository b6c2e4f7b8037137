//! From a `resource` or `scope` parameter to resources of a tenant.

use std::collections::BTreeSet;

use wire::{Check, Checks};

use super::Family;
use super::parameters::Parameters;
use super::scope::{DEFAULT, OidcScope, ResourceScope, ScopeText};
use crate::directory::{Application, Directory, GRAPH_URI, Tenant};
use crate::error::EntraError;

/// What a request asks for, as far as it can be read without knowing the tenant.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// The v1 endpoints' `resource`.
    Resource(String),
    /// The v2 endpoints' scopes.
    Scopes {
        /// The scopes.
        scopes: ScopeText,
        /// `resource` (RFC 8707), which must agree with them.
        resource: Option<String>,
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
    /// 900144 or 70011.
    pub fn read(family: Family, parameters: &Parameters, checks: &mut Checks) -> Result<Self, EntraError> {
        let parameter = match family {
            Family::V1 => "resource",
            Family::V2 => "scope",
        };
        let Some(text) = parameters.text(parameter) else {
            let fix = match family {
                Family::V1 => "the client's resource, such as connector.resource_url (wizard: Resource URL)",
                Family::V2 => "the client's scopes, such as connector.scopes (wizard: Scopes)",
            };
            checks.refuse(Check::RequestParameterPresent, parameter, "none", fix);
            return Err(EntraError::MissingParameter { parameter });
        };
        match family {
            Family::V1 => Ok(Self::Resource(text.to_owned())),
            Family::V2 => Ok(Self::Scopes {
                scopes: parse_scope(text, checks)?,
                resource: parameters.text("resource").map(str::to_owned),
            }),
        }
    }

    /// Finds in `tenant` what is wanted.
    ///
    /// # Errors
    /// 500011, 650053, 90009 or 9010010.
    pub fn resolve<'d>(
        &self,
        directory: &'d Directory,
        tenant: Tenant<'_>,
        client: Application<'_>,
        checks: &mut Checks,
    ) -> Result<Requested<'d>, EntraError> {
        match self {
            Self::Resource(identifier) => {
                let resource = find_resource(directory, tenant, identifier, checks)?;
                let target = Target { resource, requested_as: identifier.clone(), wants: Wants::Default };
                check_not_itself(client, &target, checks)?;
                // an id token always comes along, and shows the basic profile
                Ok(Requested { oidc: BTreeSet::from([OidcScope::OpenId, OidcScope::Profile]), targets: vec![target] })
            }
            Self::Scopes { scopes, resource } => {
                let requested = resolve_scopes(scopes, directory, tenant, client, checks)?;
                if let Some(parameter) = resource {
                    check_resource_matches(parameter, &requested, checks)?;
                }
                Ok(requested)
            }
        }
    }
}

/// Takes a scope text apart.
///
/// # Errors
/// 70011.
pub fn parse_scope(text: &str, checks: &mut Checks) -> Result<ScopeText, EntraError> {
    let expected = "scopes separated by spaces: either .default alone, or names";
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
                "the client's scopes, such as connector.scopes (wizard: Scopes)",
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
        let resource = find_resource(directory, tenant, identifier, checks)?;
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
        let resource = find_resource(directory, tenant, GRAPH_URI, checks)?;
        targets.push(Target { resource, requested_as: GRAPH_URI.to_owned(), wants: Wants::Named(BTreeSet::new()) });
    }
    Ok(Requested { oidc: scopes.oidc.clone(), targets })
}

/// Finds a resource in the tenant.
///
/// # Errors
/// 500011.
pub fn find_resource<'d>(
    directory: &'d Directory,
    tenant: Tenant<'_>,
    identifier: &str,
    checks: &mut Checks,
) -> Result<Application<'d>, EntraError> {
    let expected = format!("an application known in {}", tenant.display_name);
    if let Some(resource) = directory.resource(tenant, identifier) {
        checks.pass(Check::ResourceExists, expected, identifier);
        return Ok(resource);
    }
    checks.refuse(
        Check::ResourceExists,
        expected,
        identifier,
        "idp.apps.<the resource>.identifier_uris (portal: App registrations > the resource > Expose an API > \
         Application ID URI), or what the client asks for: connector.resource_url, connector.scopes",
    );
    Err(EntraError::ResourceNotFound { resource: identifier.to_owned(), tenant: tenant.display_name.clone() })
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
    let fix = if scope.resource.is_none() {
        format!(
            "the client's scope: '{}' without a resource in front means Microsoft Graph; write \
             <Application ID URI>/{} (connector.scopes)",
            scope.name, scope.name
        )
    } else {
        resource.setting("scopes", "Expose an API > Scopes defined by this API")
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
    let is_itself = target.resource.client_id == client.client_id;
    if !is_itself || super::guid(&target.requested_as).is_some() {
        return Ok(());
    }
    checks.refuse(
        Check::ResourcePermitted,
        format!("another application, or this one as {}", client.client_id),
        target.requested_as.as_str(),
        "a client of its own beside the resource (portal: App registrations > New registration), or the client id \
         in the place of the Application ID URI",
    );
    Err(EntraError::RequestsItselfByUri { client_id: client.client_id, client_name: client.shown_name().to_owned() })
}

/// RFC 8707 as Entra has it: the parameter must be an identifier of the one application that owns the scopes.
fn check_resource_matches(parameter: &str, requested: &Requested<'_>, checks: &mut Checks) -> Result<(), EntraError> {
    let is_of = |resource: Application<'_>| {
        resource.identifier_uris.iter().any(|uri| uri == parameter)
            || super::guid(parameter) == Some(resource.client_id)
    };
    let only_oidc = |target: &Target<'_>| matches!(&target.wants, Wants::Named(names) if names.is_empty());
    let matches = requested.targets.iter().all(|target| is_of(target.resource) && !only_oidc(target));
    let names: Vec<_> = requested.targets.iter().map(|target| target.requested_as.as_str()).collect();
    let expected = format!("the resource of the scopes: {}", names.join(", "));
    if matches {
        checks.pass(Check::ResourceMatchesScopes, expected, parameter);
        return Ok(());
    }
    checks.refuse(
        Check::ResourceMatchesScopes,
        expected,
        parameter,
        "the client's resource parameter: leave it out, or add its value to the identifier URIs of the scopes' \
         application (portal: App registrations > the resource > Expose an API > Application ID URI)",
    );
    Err(EntraError::ResourceMismatch { resource: parameter.to_owned() })
}
