//! The names that policies use, and what they cannot stand beside.

use crate::problem::Faults;
use crate::source::Span;
use crate::world::policy::{Policies, PolicyState};
use crate::world::{GRAPH, World};
use crate::yaml::escaped;

/// Tells `known` every name that a policy uses: what it names, the place, the name.
pub(super) fn references(policies: &Policies, known: &mut dyn FnMut(&str, &[&str], &str)) {
    for (name, policy) in &policies.conditional_access {
        let path = |rest: [&'static str; 2]| ["idp", "policies", "conditional_access", name.as_str(), rest[0], rest[1]];
        known("tenant", &path(["tenant", ""])[..5], &policy.tenant);
        for (member, users) in [("include", &policy.users.include), ("exclude", &policy.users.exclude)] {
            let people = users.iter().filter(|user| !matches!(user.as_str(), "all" | "guests"));
            people.for_each(|user| known("user", &path(["users", member]), user));
        }
        for (member, groups) in
            [("include_groups", &policy.users.include_groups), ("exclude_groups", &policy.users.exclude_groups)]
        {
            groups.iter().for_each(|group| known("group", &path(["users", member]), group));
        }
        let targets = &policy.target_resources;
        for (member, apps) in [("include", &targets.include), ("exclude", &targets.exclude)] {
            let apps = apps.iter().filter(|app| !matches!(app.as_str(), "all" | GRAPH));
            apps.for_each(|app| known("app", &path(["target_resources", member]), app));
        }
        for (member, places) in policy.locations.iter().flat_map(|l| [("include", &l.include), ("exclude", &l.exclude)])
        {
            let places = places.iter().filter(|place| !matches!(place.as_str(), "all" | "trusted"));
            places.for_each(|place| known("named location", &path(["locations", member]), place));
        }
    }
}

/// Security defaults and policies that are on exclude each other, as in the portal.
pub(super) fn security_defaults(world: &World, file: &str, place: &dyn Fn(&[&str]) -> Span, faults: &mut Faults) {
    let policies = &world.idp.policies.conditional_access;
    for (name, policy) in policies.iter().filter(|(_, policy)| policy.state == PolicyState::Enabled) {
        let Some(tenant) = world.idp.tenants.get(&policy.tenant).filter(|tenant| tenant.security_defaults) else {
            continue;
        };
        let defaults = place(&["idp", "tenants", &policy.tenant, "security_defaults"]);
        let policy_itself = place(&["idp", "policies", "conditional_access", name]);
        let (policy, tenant_name) = (escaped(name), escaped(&policy.tenant));
        let take_away = format!("take `security_defaults` away from `{tenant_name}`");
        let switch_off = format!("set `state: disabled` or `report_only` at `{policy}`");
        // of the two, the one that this file adds or changes is the one to mend
        let (here, fix) = match defaults.file() == file && policy_itself.file() != file {
            true => (defaults, format!("{take_away}, or {switch_off}")),
            false => (policy_itself, format!("{switch_off}, or {take_away}")),
        };
        let message = format!(
            "the policy `{policy}` is on, and {} has security defaults: one excludes the other",
            escaped(&tenant.display_name)
        );
        let fix = format!("{fix} (portal: Microsoft Entra ID > Properties > Manage security defaults)");
        faults.at(&here, "value.range", message, fix);
    }
}
