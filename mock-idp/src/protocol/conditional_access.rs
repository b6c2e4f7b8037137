//! Conditional Access and security defaults: what a sign-in must show beyond the right password.
//!
//! Source: Microsoft Entra "Building a Conditional Access policy" (assignments, conditions, the order in which grant
//! controls are asked for), "Security defaults", "Conditional Access: session lifetime".

mod applies;
mod demand;
mod enrolment;
mod refusal;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

pub use demand::Demand;
use demand::{fix, received, shown_device, shown_grant, unmet};
pub use enrolment::Enrolments;
use jiff::Timestamp;
pub use refusal::{Place, refusal};
use scenarios::world::policy::{
    ClientAppType, ConditionalAccessPolicy, Device, DevicePlatform, PolicyState, UserAction,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use wire::{Check, Checks};

use super::admission::Principal;
use super::grants::Subject;
use super::redirect_uri::Platform;
use crate::directory::{Application, Directory, Named};
use crate::error::EntraError;

/// A policy with its name in the world.
pub type Policy<'d> = Named<'d, ConditionalAccessPolicy>;

impl Policy<'_> {
    /// Its id; where the world gives none, one that is always the same for its name in its tenant.
    #[must_use]
    pub fn id(self) -> Uuid {
        self.thing().id.unwrap_or_else(|| {
            let digest = Sha256::new().chain_update(&self.thing().tenant).chain_update([0]).chain_update(self.name);
            let mut bytes = [0; 16];
            bytes.iter_mut().zip(digest.finalize()).for_each(|(byte, from)| *byte = from);
            uuid::Builder::from_random_bytes(bytes).into_uuid()
        })
    }

    fn setting(self) -> String {
        format!(
            "idp.policies.conditional_access.{name} (portal: Protection > Conditional Access > Policies > {name})",
            name = self.name
        )
    }
}

/// What is known of a sign-in or token request when its policies are looked at.
#[derive(Clone, Debug)]
pub struct Facts<'d> {
    /// The user, and the tenant whose policies hold.
    pub principal: Principal<'d>,
    /// The client.
    pub client: Application<'d>,
    /// What the tokens are for; the client too, where it gets an id token.
    pub resources: Vec<Application<'d>>,
    /// The authentication contexts (`acrs`) that are asked for.
    pub contexts: BTreeSet<String>,
    /// What the user is about to do, where that is what policies stand before, and no resource.
    pub action: Option<UserAction>,
    /// The kind of client.
    pub client_app_type: ClientAppType,
    /// Whether the sign-in lets a device in that shows a code.
    pub by_device_code: bool,
    /// When the password was checked, in seconds of Unix time.
    pub auth_time: i64,
    /// When the second factor was; none where it was not.
    pub mfa_time: Option<i64>,
    /// Whether the user has a second factor.
    pub mfa_registered: bool,
    /// The policies (by id) whose terms of use the user accepted.
    pub accepted_terms: BTreeSet<Uuid>,
    /// The instant.
    pub now: Timestamp,
}

impl<'d> Facts<'d> {
    /// The facts of a grant that is redeemed at the token endpoint.
    #[must_use]
    pub fn of_grant(
        client: Application<'d>,
        principal: Principal<'d>,
        subject: &Subject,
        resource: Application<'d>,
        gets_id_token: bool,
        enrolments: &Enrolments,
        now: Timestamp,
    ) -> Self {
        Self {
            principal,
            client,
            resources: resources([resource], client, gets_id_token),
            contexts: subject.contexts.clone(),
            action: None,
            client_app_type: client_app_type(subject.platform),
            by_device_code: subject.by_device_code,
            auth_time: subject.auth_time,
            mfa_time: subject.mfa_time,
            mfa_registered: enrolments.has_second_factor(principal),
            accepted_terms: enrolments.accepted_terms(principal.account.object_id),
            now,
        }
    }

    /// The device that the sign-in can prove: where a code is typed, none, for the device that is let in is another; and
    /// none on a platform that is not known. That of a guest counts for no more than a registered one, unless the tenant
    /// trusts the other's devices.
    #[must_use]
    pub fn device(&self) -> Device {
        let Principal { account, tenant, home } = self.principal;
        if self.by_device_code || account.device_platform == DevicePlatform::Unknown {
            return Device::None;
        }
        let trust = tenant.cross_tenant_access.with(home.name);
        match account.device {
            Device::Compliant if self.principal.is_guest() && !trust.trust_compliant_devices => Device::Registered,
            Device::HybridJoined if self.principal.is_guest() && !trust.trust_hybrid_joined_devices => {
                Device::Registered
            }
            device => device,
        }
    }
}

/// What the tokens are for: each resource, and the client where it gets an id token.
#[must_use]
pub fn resources<'d>(
    targets: impl IntoIterator<Item = Application<'d>>,
    client: Application<'d>,
    gets_id_token: bool,
) -> Vec<Application<'d>> {
    let mut resources: Vec<Application<'d>> = targets.into_iter().collect();
    if gets_id_token && resources.iter().all(|resource| resource.name != client.name) {
        resources.push(client);
    }
    resources
}

/// Every policy must be satisfied before a grant is turned into tokens.
///
/// # Errors
/// The code of what is demanded first.
pub fn check_grant(directory: &Directory, facts: &Facts<'_>, checks: &mut Checks) -> Result<(), EntraError> {
    evaluate(directory, facts, checks).map_err(|unsatisfied| {
        unsatisfied.refuse(checks);
        refusal(&unsatisfied, facts, Place::Token)
    })
}

/// The kind of client that has a redirect URI of this platform.
#[must_use]
pub fn client_app_type(platform: Platform) -> ClientAppType {
    match platform {
        Platform::Web | Platform::Spa => ClientAppType::Browser,
        Platform::Public => ClientAppType::MobileAppsAndDesktopClients,
    }
}

/// The address that a user's requests seem to come from.
#[must_use]
pub fn ip_address(principal: Principal<'_>) -> IpAddr {
    principal.account.location.as_ref().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |location| location.ip_address)
}

/// What stands between the sign-in and its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsatisfied {
    /// What is demanded first.
    pub demand: Demand,
    /// The ids of the policies that demand it; none where security defaults do.
    pub policies: Vec<Uuid>,
    /// The authentication contexts for which they do.
    pub contexts: BTreeSet<String>,
    /// The client id of the resource that they protect.
    pub resource: Uuid,
    /// Whether they apply because of the user's risk.
    pub at_user_risk: bool,
    expected: String,
    received: String,
    fix: String,
}

impl Unsatisfied {
    /// The name of the first policy that demands it, or security defaults.
    #[must_use]
    pub fn demanded_by(&self) -> &str {
        self.expected.split_once(':').map_or(self.expected.as_str(), |(name, _)| name)
    }

    /// Notes that a page asks for what is demanded.
    pub fn note_question(&self, checks: &mut Checks) {
        checks.pass(Check::ConditionalAccess, self.expected.as_str(), format!("{}: a page asks for it", self.received));
    }

    /// Refuses for it.
    pub fn refuse(&self, checks: &mut Checks) {
        checks.refuse(Check::ConditionalAccess, self.expected.as_str(), self.received.as_str(), self.fix.as_str());
    }
}

/// Whether policies let the user register a second factor here and now.
///
/// # Errors
/// 53010.
pub fn check_registration(directory: &Directory, facts: &Facts<'_>, checks: &mut Checks) -> Result<(), EntraError> {
    let facts = Facts { action: Some(UserAction::RegisterSecurityInformation), ..facts.clone() };
    evaluate(directory, &facts, checks).map_err(|unsatisfied| {
        unsatisfied.refuse(checks);
        EntraError::RegistrationRestricted
    })
}

/// Looks at every policy of the user's tenant. Leaves a check for each that is satisfied or does not apply.
///
/// # Errors
/// What is demanded first, where something is; the check that refuses for it is left by [`Unsatisfied::refuse`].
pub fn evaluate(directory: &Directory, facts: &Facts<'_>, checks: &mut Checks) -> Result<(), Box<Unsatisfied>> {
    let tenant = facts.principal.tenant;
    let policies = || directory.conditional_access().filter(|policy| policy.tenant == tenant.name);
    if !tenant.security_defaults && policies().next().is_none() {
        let expected =
            format!("any sign-in, because {} has neither policies nor security defaults", tenant.display_name);
        checks.pass(Check::ConditionalAccess, expected, shown_facts(facts));
        return Ok(());
    }
    let mut unsatisfied: Option<Box<Unsatisfied>> = match facts.action {
        None => security_defaults(facts, checks).err(),
        Some(_) => None,
    };
    for policy in policies() {
        let Err(other) = judge(directory, policy, facts, checks) else { continue };
        match &mut unsatisfied {
            Some(first) if first.demand == other.demand => {
                first.policies.extend(other.policies);
                first.contexts.extend(other.contexts);
            }
            Some(first) if first.demand < other.demand => {}
            _ => unsatisfied = Some(other),
        }
    }
    unsatisfied.map_or(Ok(()), Err)
}

/// What one policy makes of the sign-in.
fn judge(
    directory: &Directory,
    policy: Policy<'_>,
    facts: &Facts<'_>,
    checks: &mut Checks,
) -> Result<(), Box<Unsatisfied>> {
    let name = policy.name;
    let resource = match applies::to(directory, policy, facts) {
        Ok(resource) => resource,
        Err(why) => {
            checks.pass(Check::ConditionalAccess, format!("{name}: nothing, where it does not apply"), why);
            return Ok(());
        }
    };
    let unmet = unmet(policy, facts);
    let Some(demand) = unmet.iter().min().copied() else {
        let expected = format!("{name}: {}", shown_grant(policy));
        checks.pass(Check::ConditionalAccess, expected, shown_facts(facts));
        return Ok(());
    };
    if policy.state == PolicyState::ReportOnly {
        let received = format!("{}; were it on, it would demand {}", shown_facts(facts), demand.shown());
        checks.pass(Check::ConditionalAccess, format!("{name}: anything, because it is report-only"), received);
        return Ok(());
    }
    Err(Box::new(Unsatisfied {
        demand,
        policies: vec![policy.id()],
        contexts: policy
            .target_resources
            .authentication_contexts
            .iter()
            .filter(|c| facts.contexts.contains(*c))
            .cloned()
            .collect(),
        resource: resource.client_id,
        at_user_risk: !policy.user_risk_levels.is_empty(),
        expected: format!("{name}: {}", demand.shown()),
        received: received(demand, facts),
        fix: fix(demand, facts, &format!("{}: exclude the user, or another grant", policy.setting())),
    }))
}

/// Who has security defaults needs a second factor at hand, and an administrator must use it; nobody lets a device in by
/// a code.
fn security_defaults(facts: &Facts<'_>, checks: &mut Checks) -> Result<(), Box<Unsatisfied>> {
    let tenant = facts.principal.tenant;
    if !tenant.security_defaults {
        return Ok(());
    }
    let demand = match (facts.mfa_registered, facts.mfa_time) {
        _ if facts.by_device_code => Some(Demand::OwnBrowser),
        (_, Some(_)) => None,
        (false, None) => Some(Demand::Registration),
        (true, None) => facts.principal.account.is_administrator().then_some(Demand::Mfa),
    };
    let Some(demand) = demand else {
        let expected = "security defaults: a registered second factor, and its use by administrators";
        checks.pass(Check::ConditionalAccess, expected, shown_facts(facts));
        return Ok(());
    };
    let setting = format!(
        "idp.tenants.{}.security_defaults: false (portal: Overview > Properties > Manage security defaults)",
        tenant.name
    );
    Err(Box::new(Unsatisfied {
        demand,
        policies: Vec::new(),
        contexts: BTreeSet::new(),
        resource: facts.resources.first().map_or(facts.client.client_id, |resource| resource.client_id),
        at_user_risk: false,
        expected: format!("security defaults: {}", demand.shown()),
        received: received(demand, facts),
        fix: fix(demand, facts, &setting),
    }))
}

/// The sign-in as the checks tell it.
fn shown_facts(facts: &Facts<'_>) -> String {
    let factors = if facts.mfa_time.is_some() { "a password and a second factor" } else { "a password" };
    format!("{factors}, from {}", shown_device(facts))
}

#[cfg(test)]
mod tests;
