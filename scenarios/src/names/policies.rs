//! The names that policies use.

use crate::world::GRAPH;
use crate::world::policy::Policies;

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
