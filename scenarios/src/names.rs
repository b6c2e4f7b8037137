//! What types cannot say of a world: names that must exist, things that must be one of a kind, texts with a form.

mod policies;

use std::collections::BTreeMap;

use url::Url;

use crate::certificate::{BadPem, ReadCertificate, public_key_from_pem};
use crate::nearest::{listed, nearest};
use crate::problem::Faults;
use crate::source::Span;
use crate::tree::{Node, Tree};
use crate::world::{CONSUMERS, GRAPH, Name, RESTRICTED_CLAIMS, World};
use crate::yaml::escaped;

/// How the object ids of personal accounts start.
const PERSONAL_OBJECT_ID: &str = "00000000-0000-0000-";

/// Notes everything that is wrong with a world whose shape is right. `tree` is the same world with its places, `file` the one
/// that a user would mend.
pub(crate) fn check(world: &World, tree: &Node, file: &str, faults: &mut Faults) {
    let place = |path: &[&str]| tree.at(path).map_or_else(|| tree.span.clone(), |node| node.span.clone());
    references(world, &place, faults);
    tokens(world, &place, faults);
    policies::security_defaults(world, file, &place, faults);
    one_of_a_kind(world, tree, file, &place, faults);
    forms(world, tree, &place, faults);
}

fn references(world: &World, place: &dyn Fn(&[&str]) -> Span, faults: &mut Faults) {
    let idp = &world.idp;
    let mut known = |what: &str, path: &[&str], name: &str| {
        let (exists, names): (bool, fn(&World) -> Vec<&str>) = match what {
            "tenant" => (idp.tenants.contains_key(name), |world| names(&world.idp.tenants)),
            "named location" => {
                (idp.policies.named_locations.contains_key(name), |world| names(&world.idp.policies.named_locations))
            }
            "user" => (idp.users.contains_key(name), |world| names(&world.idp.users)),
            "group" => (idp.groups.contains_key(name), |world| names(&world.idp.groups)),
            _ => (idp.apps.contains_key(name), |world| names(&world.idp.apps)),
        };
        let graph = what == "app" && name == GRAPH && path.last() == Some(&"resource");
        let consumers = what == "tenant" && name == CONSUMERS && path.get(1) == Some(&"users");
        if !exists && !graph && !consumers {
            no_such(&place(path), what, name, names(world).into_iter(), faults);
        }
    };
    for (name, user) in &idp.users {
        known("tenant", &["idp", "users", name, "tenant"], &user.tenant);
        user.guest_of.keys().for_each(|tenant| known("tenant", &["idp", "users", name, "guest_of", tenant], tenant));
    }
    for (name, tenant) in &idp.tenants {
        for other in tenant.cross_tenant_access.organizations.keys() {
            known("tenant", &["idp", "tenants", name, "cross_tenant_access", "organizations", other], other);
        }
    }
    for (name, group) in &idp.groups {
        known("tenant", &["idp", "groups", name, "tenant"], &group.tenant);
        for (what, member, names) in
            [("user", "users", &group.members.users), ("group", "groups", &group.members.groups)]
        {
            names.iter().for_each(|other| known(what, &["idp", "groups", name, "members", member], other));
        }
    }
    for (name, app) in &idp.apps {
        known("tenant", &["idp", "apps", name, "tenant"], &app.tenant);
        for (key, permission) in &app.permissions {
            known("app", &["idp", "apps", name, "permissions", key, "resource"], &permission.resource);
        }
        for (what, member, names) in [
            ("user", "assigned", &app.assigned[..]),
            ("app", "pre_authorized_clients", &app.pre_authorized_clients[..]),
            ("app", "known_client_applications", &app.known_client_applications[..]),
            ("tenant", "service_principals", app.service_principals.as_deref().unwrap_or_default()),
        ] {
            names.iter().for_each(|other| known(what, &["idp", "apps", name, member], other));
        }
        for (key, assignment) in &app.role_assignments {
            for (what, who) in [("user", &assignment.user), ("group", &assignment.group)] {
                who.iter().for_each(|who| known(what, &["idp", "apps", name, "role_assignments", key, what], who));
            }
        }
        for tenant in app.service_principal_ids.keys() {
            known("tenant", &["idp", "apps", name, "service_principal_ids", tenant], tenant);
        }
    }
    policies::references(&idp.policies, &mut known);
    for (name, consent) in &idp.consents {
        known("app", &["idp", "consents", name, "client"], &consent.client);
        known("app", &["idp", "consents", name, "resource"], &consent.resource);
        if let Some(tenant) = &consent.tenant {
            known("tenant", &["idp", "consents", name, "tenant"], tenant);
        }
        if let Some(user) = &consent.user {
            known("user", &["idp", "consents", name, "user"], user);
        }
    }
}

/// What an app says of its tokens: roles that it has, and claims that it may map.
fn tokens(world: &World, place: &dyn Fn(&[&str]) -> Span, faults: &mut Faults) {
    for (name, app) in &world.idp.apps {
        let path = |member: &'static str, key| ["idp", "apps", name.as_str(), member, key];
        for (key, assignment) in &app.role_assignments {
            let here = path("role_assignments", key);
            if let Some(role) = assignment.role.as_ref().filter(|role| !app.app_roles.contains_key(*role)) {
                let span = place(&[&here[..], &["role"]].concat());
                no_such(&span, "app role", role, app.app_roles.keys().map(String::as_str), faults);
            }
            if assignment.user.is_some() == assignment.group.is_some() {
                let message = format!("`{}` is assigned to one user or one group", escaped(key));
                faults.at(&place(&here), "value.form", message, "write either `user` or `group`");
            }
        }
        for (key, mapped) in &app.mapped_claims {
            let here = path("mapped_claims", key);
            if mapped.attribute.is_some() == mapped.value.is_some() {
                let message = format!("`{}` shows one attribute or one constant", escaped(key));
                faults.at(&place(&here), "value.form", message, "write either `attribute` or `value`");
            }
            if mapped.claim.is_empty() || RESTRICTED_CLAIMS.contains(&mapped.claim.as_str()) {
                let message = format!("no app can map the claim \"{}\"", escaped(&mapped.claim));
                let fix = "give the claim a name that no token has of itself, such as department";
                faults.at(&place(&[&here[..], &["claim"]].concat()), "value.form", message, fix);
            }
        }
    }
}

fn names<T>(things: &BTreeMap<Name, T>) -> Vec<&str> {
    things.keys().map(String::as_str).collect()
}

fn one_of_a_kind(world: &World, tree: &Node, file: &str, place: &dyn Fn(&[&str]) -> Span, faults: &mut Faults) {
    let idp = &world.idp;
    let mut unique = |kind: &str, values: Vec<(String, Vec<&str>)>| {
        let mut seen: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (value, path) in values {
            let Some(first) = seen.get(&value) else {
                seen.insert(value, path);
                continue;
            };
            // Of two things, the one that this file adds or changes is the one to mend.
            let (here, there) = if place(&path).file() == file { (&path, first) } else { (first, &path) };
            let message = format!("`{}` already has the {kind} {}", escaped(there[2]), escaped(&value));
            faults.at(&place(here), "value.twice", message, format!("give `{}` one of its own", escaped(here[2])));
        }
    };
    let key = |section: &'static str, name, member| vec!["idp", section, name, member];
    let ids = idp.tenants.iter().map(|(name, tenant)| (tenant.id.to_string(), key("tenants", name, "id")));
    unique("tenant id", ids.collect());
    let domains = idp.tenants.iter().flat_map(|(name, tenant)| {
        tenant.domains.iter().map(move |domain| (domain.to_lowercase(), key("tenants", name, "domains")))
    });
    unique("domain", domains.collect());
    let ids = idp.apps.iter().map(|(name, app)| (app.client_id.to_string(), key("apps", name, "client_id")));
    unique("client id", ids.collect());
    let users = || idp.users.iter();
    let object_ids = users().flat_map(|(name, user)| {
        let as_guest = user.guest_of.iter().map(move |(tenant, guest)| {
            (guest.object_id.to_string(), vec!["idp", "users", name, "guest_of", tenant, "object_id"])
        });
        std::iter::once((user.object_id.to_string(), key("users", name, "object_id"))).chain(as_guest)
    });
    unique("object id", object_ids.collect());
    let groups = idp.groups.iter();
    unique(
        "group's object id",
        groups.map(|(name, group)| (group.object_id.to_string(), key("groups", name, "object_id"))).collect(),
    );
    unique(
        "username",
        users().map(|(name, user)| (user.username.to_lowercase(), key("users", name, "username"))).collect(),
    );
    let uris = idp.apps.iter().flat_map(|(name, app)| {
        app.identifier_uris
            .iter()
            .map(move |uri| (format!("{uri} in {}", app.tenant), key("apps", name, "identifier_uris")))
    });
    unique("Application ID URI", uris.collect());
    if let Some(entry) = tree.at(&["idp", "apps"]).and_then(|apps| apps.entry(GRAPH)) {
        let message = format!("`{GRAPH}` is in every tenant and cannot be registered");
        faults.at(&entry.key, "name.form", message, "give the app another name");
    }
    if let Some(entry) = tree.at(&["idp", "tenants"]).and_then(|tenants| tenants.entry(CONSUMERS)) {
        let message = format!("`{CONSUMERS}` is the tenant of personal accounts and is always there");
        faults.at(&entry.key, "name.form", message, "give the tenant another name");
    }
    for (name, user) in users().filter(|(_, user)| user.tenant == CONSUMERS) {
        if !user.object_id.to_string().starts_with(PERSONAL_OBJECT_ID) {
            let message = format!("{} cannot be the object id of a personal account", user.object_id);
            let fix = format!("start it with {PERSONAL_OBJECT_ID}");
            faults.at(&place(&["idp", "users", name, "object_id"]), "value.form", message, fix);
        }
    }
    for (name, user) in users() {
        if let Some(tenant) = user.guest_of.keys().find(|tenant| **tenant == user.tenant) {
            let message = format!("`{name}` cannot be a guest at home");
            let fix = "name another tenant, or leave it out";
            faults.at(&place(&["idp", "users", name, "guest_of", tenant]), "value.range", message, fix);
        }
    }
    if let Some(node) = tree.at(&["idp", "tenants"])
        && idp.tenants.is_empty()
    {
        faults.at(&node.span, "value.range", "a world has at least one tenant", "add one under `idp.tenants`");
    }
}

fn forms(world: &World, tree: &Node, place: &dyn Fn(&[&str]) -> Span, faults: &mut Faults) {
    let origin = Url::parse(&world.gate.url).ok().filter(|url| {
        matches!(url.scheme(), "https" | "http")
            && url.origin().ascii_serialization() == world.gate.url.trim_end_matches('/')
    });
    if origin.is_none() {
        let message = format!("`url` of the gate cannot be \"{}\"", escaped(&world.gate.url));
        let fix = "write scheme and host only, such as https://app.region.azurecontainerapps.io";
        faults.at(&place(&["gate", "url"]), "value.form", message, fix);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-._~".contains(c);
    if !world.mcp.path.starts_with('/') || !world.mcp.path.chars().all(plain) {
        let message = format!("`path` of the MCP server cannot be \"{}\"", escaped(&world.mcp.path));
        let fix = "start it with `/`, and use letters, digits, `-`, `.`, `_`, `~` and `/`, such as /mcp";
        faults.at(&place(&["mcp", "path"]), "value.form", message, fix);
    }
    for (name, app) in &world.idp.apps {
        let can_be_opened = |text: &String| {
            Url::parse(text).is_ok_and(|url| {
                url.scheme() == "https"
                    || (url.scheme() == "http" && matches!(url.host_str(), Some("localhost" | "127.0.0.1")))
            })
        };
        if let Some(url) = app.logout_url.as_ref().filter(|url| !can_be_opened(url)) {
            let message = format!("no frame can open the logout URL \"{}\"", escaped(url));
            let fix = "write an https address, or one of http://localhost";
            faults.at(&place(&["idp", "apps", name, "logout_url"]), "value.form", message, fix);
        }
    }
    for (name, tenant) in &world.idp.tenants {
        let path = ["idp", "tenants", name, "domains"];
        let nodes = tree.at(&path).map(Node::list).unwrap_or_default();
        if tenant.domains.is_empty() {
            let message = format!("`{name}` has no domain");
            faults.at(
                &place(&path),
                "value.range",
                message,
                "write the primary one, such as [contoso.onmicrosoft.com]",
            );
        }
        for (domain, node) in tenant.domains.iter().zip(nodes) {
            let label = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
            if domain.is_empty() || !domain.contains('.') || !domain.chars().all(label) {
                let message = format!("\"{}\" is no domain", escaped(domain));
                faults.at(&node.span, "value.form", message, "write such as contoso.onmicrosoft.com");
            }
        }
    }
    crate::redirect_uri::check(world, tree, place, faults);
    certificates(world, place, faults);
    no_control_characters(tree, faults);
}

fn certificates(world: &World, place: &dyn Fn(&[&str]) -> Span, faults: &mut Faults) {
    let mut fault = |path: &[&str], what: &str, reason: BadPem| {
        let fix = "write the text of the .pem or .cer file, -----BEGIN … to …-----END, as a block (`|`)";
        faults.at(&place(path), "value.form", format!("this is no {what} as PEM text: {reason}"), fix);
    };
    for (name, app) in &world.idp.apps {
        for (key, pem) in &app.certificates {
            if let Err(reason) = ReadCertificate::from_pem(pem) {
                fault(&["idp", "apps", name, "certificates", key], "public certificate", reason);
            }
        }
        for (key, federated) in &app.federated_credentials {
            let path = ["idp", "apps", name, "federated_credentials", key, "keys"];
            for reason in federated.keys.iter().filter_map(|pem| public_key_from_pem(pem).err()) {
                fault(&path, "public key or certificate", reason);
            }
        }
    }
}

/// A line break in a URL, name or secret is never meant, and would not survive a header.
fn no_control_characters(node: &Node, faults: &mut Faults) {
    match &node.tree {
        Tree::Text(text) if text.starts_with("-----BEGIN ") => {}
        Tree::Text(text) if text.chars().any(char::is_control) => {
            faults.at(
                &node.span,
                "value.form",
                "this text holds a line break or control character",
                "write it on one line",
            );
        }
        Tree::List(nodes) => nodes.iter().for_each(|node| no_control_characters(node, faults)),
        Tree::Map(map) => map.entries.values().for_each(|entry| no_control_characters(&entry.value, faults)),
        Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::Text(_) => {}
    }
}

/// Notes a name that does not exist.
pub(crate) fn no_such<'k>(
    span: &Span,
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'k str> + Clone,
    faults: &mut Faults,
) {
    let fix = match nearest(name, known.clone()) {
        Some(near) => format!("write `{near}`"),
        None if known.clone().next().is_none() => format!("the world has no {what}s: add it"),
        None => format!("the {what}s of this world are {}", listed(known)),
    };
    let message = format!("there is no {what} `{}` in this world", escaped(name));
    faults.at(span, "name.unknown", message, fix);
}

#[cfg(test)]
mod tests {
    use crate::read_text;

    /// The problems of the article's world with this change of its identity section.
    fn problems(change: &str) -> String {
        let text = format!("scenario: 1\ntitle: x\nworld:\n  base: article\n  change:\n    idp: {change}\nsteps: []\n");
        read_text("mine", &text, None).map_or_else(|problems| problems.render(false), |_| String::new())
    }

    #[test]
    fn what_tokens_are_to_say_must_be_there_to_say() {
        let app = |members: &str| format!("{{ apps: {{ copilot-studio-client: {{ {members} }} }} }}");
        let group = |members: &str| {
            format!(
                "{{ groups: {{ sales: {{ tenant: contoso, object_id: 51c0a7de-0000-4000-8000-000000000001, display_name: Sales, members: {{ {members} }} }} }} }}"
            )
        };
        for (change, problem) in [
            (group("users: [megn]"), "`megn`"),
            (group("groups: [marketing]"), "`marketing`"),
            (app("role_assignments: { one: { user: megn } }"), "`megn`"),
            (
                "{ tenants: { contoso: { cross_tenant_access: { organizations: { fabrikam: {} } } } } }".to_owned(),
                "there is no tenant `fabrikam`",
            ),
            (app("role_assignments: { one: { group: sales } }"), "`sales`"),
            (app("role_assignments: { one: { user: megan, role: reader } }"), "there is no app role `reader`"),
            (app("role_assignments: { one: {} }"), "either `user` or `group`"),
            (app("redirect_uris: { web: [\"javascript:x\"] }"), "cannot have the redirect URI \"javascript:x\""),
            (app("redirect_uris: { spa: [\"http://contoso.com\"] }"), "http is for localhost only"),
            (app("redirect_uris: { public: [\"https://contoso.com/#x\"] }"), "a fragment"),
            (app("mapped_claims: { one: { claim: dept } }"), "either `attribute` or `value`"),
            (app("mapped_claims: { one: { claim: tid, value: x } }"), "no app can map the claim \"tid\""),
            (app("optional_claims: { access_token: [upnn] }"), "optional_claims"),
            (app("token_lifetime_minutes: 5"), "token_lifetime_minutes"),
        ] {
            let problems = problems(&change);
            assert!(problems.contains(problem), "{change}: {problems}");
        }
        for change in [
            group("users: [megan]"),
            app(
                "app_roles: { reader: { value: Tasks.Read } }, role_assignments: { one: { user: megan, role: reader } }",
            ),
            app("optional_claims: { access_token: [upn, { name: groups, additional_properties: [emit_as_roles] }] }"),
            app("mapped_claims: { one: { claim: dept, attribute: department } }, accept_mapped_claims: true"),
        ] {
            assert_eq!(problems(&change), "", "{change}");
        }
    }

    #[test]
    fn security_defaults_and_a_policy_that_is_on_exclude_each_other() {
        let world = |defaults: &str, state: &str| {
            format!(
                "{{ tenants: {{ contoso: {{ security_defaults: {defaults} }} }}, policies: {{ conditional_access: {{ strict: {{ \
                 tenant: contoso, state: {state}, users: {{ include: [all] }}, target_resources: {{ include: [all] }}, \
                 grant: {{ controls: [mfa] }} }} }} }} }}"
            )
        };
        let refused = problems(&world("true", "enabled"));
        for part in ["value.range", "`strict` is on", "state: disabled", "take `security_defaults` away from `contoso`"]
        {
            assert!(refused.contains(part), "{part}: {refused}");
        }
        for (defaults, state) in [("true", "report_only"), ("true", "disabled"), ("false", "enabled")] {
            assert_eq!(problems(&world(defaults, state)), "");
        }
    }

    #[test]
    fn a_certificate_is_pem_of_a_public_one() {
        let problems = |member: &str| {
            let text = format!(
                "scenario: 1\ntitle: x\nworld:\n  base: article\n  change:\n    idp:\n      apps:\n        \
                 copilot-studio-client: {{ {member} }}\nsteps: []\n"
            );
            read_text("mine", &text, None).unwrap_err().render(false)
        };
        let certificate =
            problems("certificates: { main: \"-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----\" }");
        assert!(certificate.contains("value.form") && certificate.contains("private key"), "{certificate}");
        let key = problems("federated_credentials: { ci: { issuer: \"https://ci.test\", subject: s, keys: [MIIC] } }");
        assert!(key.contains("value.form") && key.contains("no PEM text"), "{key}");
    }

    #[test]
    fn who_is_assigned_and_authorized_must_exist() {
        for (member, name) in
            [("assigned", "megn"), ("pre_authorized_clients", "megan"), ("service_principals", "contos")]
        {
            let text = format!(
                "scenario: 1\ntitle: x\nworld:\n  base: article\n  change:\n    idp:\n      apps:\n        \
                 copilot-studio-client: {{ {member}: [{name}] }}\nsteps: []\n"
            );
            let problems = read_text("mine", &text, None).unwrap_err().render(false);
            assert!(problems.contains("name.unknown") && problems.contains(&format!("`{name}`")), "{problems}");
        }
    }

    #[test]
    fn a_logout_url_is_one_that_a_frame_can_open() {
        let problems = |url: &str| {
            let text = format!(
                "scenario: 1\ntitle: x\nworld:\n  base: article\n  change:\n    idp:\n      apps:\n        \
                 copilot-studio-client: {{ logout_url: \"{url}\" }}\nsteps: []\n"
            );
            read_text("mine", &text, None).err().map(|problems| problems.render(false)).unwrap_or_default()
        };
        for url in ["http://app.example/out", "/signout", "javascript:alert(1)"] {
            assert!(problems(url).contains("value.form") && problems(url).contains("no frame can open"), "{url}");
        }
        for url in ["https://app.example/out", "http://localhost:3000/out"] {
            assert!(!problems(url).contains("logout"), "{url}");
        }
    }
}
