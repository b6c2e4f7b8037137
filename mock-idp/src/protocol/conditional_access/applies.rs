//! Whether a policy applies: its assignments and conditions.

use scenarios::world::policy::{AuthenticationFlow, DevicePlatform, NamedLocation, PolicyPlatform, PolicyState};

use super::{Facts, Policy, ip_address};
use crate::directory::{Application, Directory};

/// The resource for whose sake the policy applies.
///
/// # Errors
/// Why it does not, with the place in the world.
pub(super) fn to<'d>(directory: &Directory, policy: Policy<'_>, facts: &Facts<'d>) -> Result<Application<'d>, String> {
    let place = |member: &str| format!("idp.policies.conditional_access.{}.{member}", policy.name);
    if policy.state == PolicyState::Disabled {
        return Err(format!("it is off ({})", place("state")));
    }
    let account = facts.principal.account;
    let names = |list: &[String]| {
        list.iter().any(|entry| match entry.as_str() {
            "all" => true,
            "guests" => facts.principal.is_guest(),
            name => name == account.name,
        })
    };
    let users = &policy.users;
    let has = |roles: &[scenarios::world::DirectoryRole]| account.roles.iter().any(|role| roles.contains(role));
    let groups = directory.groups_of(account);
    let is_in = |list: &[String]| groups.iter().any(|group| list.iter().any(|name| name == group.name));
    if names(&users.exclude) || has(&users.exclude_roles) || is_in(&users.exclude_groups) {
        return Err(format!("{} is excluded ({})", account.username, place("users")));
    }
    if !names(&users.include) && !has(&users.include_roles) && !is_in(&users.include_groups) {
        return Err(format!("{} is not included ({})", account.username, place("users")));
    }
    let resource = protected(policy, facts).ok_or_else(|| {
        if facts.action.is_some() {
            return format!("it is not about the registration of a second factor ({})", place("target_resources"));
        }
        let asked: Vec<&str> = facts.resources.iter().map(|resource| resource.shown_name()).collect();
        format!("it does not protect what is asked for, {} ({})", asked.join(" and "), place("target_resources"))
    })?;
    if !policy.client_app_types.is_empty() && !policy.client_app_types.contains(&facts.client_app_type) {
        return Err(format!("it is for other kinds of clients ({})", place("client_app_types")));
    }
    let is_flow = |flow: &AuthenticationFlow| match flow {
        AuthenticationFlow::DeviceCodeFlow => facts.by_device_code,
    };
    if !policy.authentication_flows.is_empty() && !policy.authentication_flows.iter().any(is_flow) {
        return Err(format!("it is for device code flow alone ({})", place("authentication_flows")));
    }
    if let Some(platforms) = &policy.device_platforms {
        let is_on = |list: &[PolicyPlatform]| list.iter().any(|choice| is_of(*choice, account.device_platform));
        if is_on(&platforms.exclude) || !is_on(&platforms.include) {
            let shown = shown_platform(account.device_platform);
            return Err(format!("it is for other platforms than {shown} ({})", place("device_platforms")));
        }
    }
    for (what, member, levels, level) in [
        ("user", "user_risk_levels", &policy.user_risk_levels, account.risk.user),
        ("sign-in", "sign_in_risk_levels", &policy.sign_in_risk_levels, account.risk.sign_in),
    ] {
        if !levels.is_empty() && !level.is_some_and(|level| levels.contains(&level)) {
            return Err(format!("the {what} risk is none of its levels ({})", place(member)));
        }
    }
    if let Some(locations) = &policy.locations {
        let is_in = |list: &[String]| list.iter().any(|name| contains(directory, name, facts));
        if is_in(&locations.exclude) {
            return Err(format!("{} is in an excluded location ({})", ip_address(facts.principal), place("locations")));
        }
        if !is_in(&locations.include) {
            return Err(format!(
                "{} is in none of its locations ({})",
                ip_address(facts.principal),
                place("locations")
            ));
        }
    }
    Ok(resource)
}

/// The first resource of the request that the policy protects.
fn protected<'d>(policy: Policy<'_>, facts: &Facts<'d>) -> Option<Application<'d>> {
    let targets = &policy.target_resources;
    if let Some(action) = facts.action {
        return targets.user_actions.contains(&action).then_some(facts.client);
    }
    if targets.authentication_contexts.iter().any(|context| facts.contexts.contains(context)) {
        return Some(facts.resources.first().copied().unwrap_or(facts.client));
    }
    let includes = |resource: &&Application<'_>| {
        targets.include.iter().any(|name| name == "all" || name == resource.name)
            && !targets.exclude.iter().any(|name| name == "all" || name == resource.name)
    };
    facts.resources.iter().find(includes).copied()
}

/// Whether the choice means the platform.
fn is_of(choice: PolicyPlatform, platform: DevicePlatform) -> bool {
    match choice {
        PolicyPlatform::All => true,
        PolicyPlatform::Android => platform == DevicePlatform::Android,
        PolicyPlatform::Ios => platform == DevicePlatform::Ios,
        PolicyPlatform::Windows => platform == DevicePlatform::Windows,
        PolicyPlatform::Macos => platform == DevicePlatform::Macos,
        PolicyPlatform::Linux => platform == DevicePlatform::Linux,
    }
}

/// The platform, in words.
pub(super) fn shown_platform(platform: DevicePlatform) -> &'static str {
    match platform {
        DevicePlatform::Windows => "Windows",
        DevicePlatform::Android => "Android",
        DevicePlatform::Ios => "iOS",
        DevicePlatform::Macos => "macOS",
        DevicePlatform::Linux => "Linux",
        DevicePlatform::Unknown => "Unknown",
    }
}

/// Whether the user is at the place of this name.
fn contains(directory: &Directory, name: &str, facts: &Facts<'_>) -> bool {
    match name {
        "all" => true,
        "trusted" => directory.named_locations().any(|place| place.trusted && holds(place, facts)),
        name => directory.named_location(name).is_some_and(|place| holds(place, facts)),
    }
}

fn holds(place: &NamedLocation, facts: &Facts<'_>) -> bool {
    let address = ip_address(facts.principal);
    let country = facts.principal.account.location.as_ref().and_then(|location| location.country.as_ref());
    place.ip_ranges.iter().any(|range| range.contains(&address))
        || country.is_some_and(|country| place.countries.contains(country))
}
