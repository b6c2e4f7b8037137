//! What tokens say of groups and roles: `roles`, `groups` and what stands for too many of them, `wids`.
//!
//! Rules: Microsoft identity platform "Configure groups optional claims", "Groups overage claim"; `groupMembershipClaims`
//! of the application manifest.

use std::collections::BTreeSet;

use scenarios::world::{AdditionalProperty, GroupKind, GroupMembershipClaim, OptionalClaim, OptionalClaimName};
use serde_json::json;
use uuid::{Uuid, uuid};

use super::{Claims, Issue};
use crate::directory::{Application, Group};
use crate::protocol::admission::Principal;
use crate::protocol::grants::Grant;
use crate::protocol::roles;

/// The most groups that a token shows.
const MOST_GROUPS: usize = 200;

/// The most groups of a token that travels in a URL.
const MOST_GROUPS_IN_URL: usize = 5;

/// `wids` of every member of a tenant.
const MEMBER: Uuid = uuid!("b79fbf4d-3ef9-4689-8143-76b194e85509");

/// `wids` of every guest of a tenant.
const GUEST: Uuid = uuid!("10dae51f-b6af-4016-8d66-8c2a99b929b3");

impl Claims {
    /// What the user is and has at `application`, which chooses what its tokens say of that by `optional` claims.
    pub(super) fn memberships(
        &mut self,
        application: Application<'_>,
        optional: &[OptionalClaim],
        grant: &Grant<'_>,
        issue: &Issue<'_>,
    ) {
        let principal = grant.principal;
        let form = optional.iter().find(|claim| claim.name() == OptionalClaimName::Groups);
        let has = |property| form.is_some_and(|form| form.has(property));
        let mut roles = roles::of_user(issue.directory, application, principal.account);
        let groups = groups(application, has(AdditionalProperty::CloudDisplayname), principal, issue);
        let most = if issue.in_url { MOST_GROUPS_IN_URL } else { MOST_GROUPS };
        match groups.len() {
            0 => {}
            count if count > most && issue.in_url => self.add("hasgroups", true),
            count if count > most => {
                let endpoint = issue.origins.member_objects(grant.subject.tid, grant.subject.oid);
                self.add("_claim_names", json!({"groups": "src1"}));
                self.add("_claim_sources", json!({"src1": {"endpoint": endpoint}}));
            }
            // groups that are shown as roles stand in the place of app roles
            _ if has(AdditionalProperty::EmitAsRoles) => roles = groups,
            _ => self.add("groups", Vec::from_iter(groups)),
        }
        if !roles.is_empty() {
            self.add("roles", Vec::from_iter(roles));
        }
        let shows_directory_roles = application.group_membership_claims.iter().any(|kind| match kind {
            GroupMembershipClaim::SecurityGroup | GroupMembershipClaim::DirectoryRole | GroupMembershipClaim::All => {
                true
            }
            GroupMembershipClaim::ApplicationGroup => false,
        });
        // Microsoft Graph judges its callers by them
        if shows_directory_roles || application.is_graph() {
            self.add("wids", wids(principal));
        }
    }
}

fn wids(principal: Principal<'_>) -> Vec<String> {
    let roles = principal.account.thing().roles.iter().map(|role| role.template_id());
    let own = if principal.is_guest() { GUEST } else { MEMBER };
    roles.chain([own]).map(|id| id.to_string()).collect()
}

/// The groups that the application's tokens show of the user, by id or, for those assigned to the application, by name
/// where it is `named`.
fn groups(application: Application<'_>, named: bool, principal: Principal<'_>, issue: &Issue<'_>) -> BTreeSet<String> {
    let kinds = &application.group_membership_claims;
    let assigned = |group: &Group<'_>| {
        let mut assignments = application.role_assignments.values();
        group.has_direct_member(principal.account)
            && assignments.any(|assignment| assignment.group.as_deref() == Some(group.name))
    };
    let is_shown = |group: &Group<'_>| {
        kinds.iter().any(|kind| match kind {
            GroupMembershipClaim::All => true,
            GroupMembershipClaim::SecurityGroup => group.kind == GroupKind::Security,
            GroupMembershipClaim::ApplicationGroup => assigned(group),
            GroupMembershipClaim::DirectoryRole => false,
        })
    };
    let by_name = named && kinds.contains(&GroupMembershipClaim::ApplicationGroup);
    let of_user = issue.directory.groups_of(principal.account);
    let of_tenant = of_user.into_iter().filter(|group| group.tenant == principal.tenant.name && is_shown(group));
    of_tenant.map(|group| if by_name { group.display_name.clone() } else { group.object_id.to_string() }).collect()
}
