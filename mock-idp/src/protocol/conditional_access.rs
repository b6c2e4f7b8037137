//! Conditional Access and security defaults: what a sign-in must show beyond the right password.
//!
//! Source: Microsoft Entra "Building a Conditional Access policy" (assignments, conditions, the order in which grant
//! controls are asked for), "Security defaults", "Conditional Access: session lifetime".

mod applies;
mod enrolment;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

pub use enrolment::Enrolments;
use jiff::Timestamp;
use scenarios::world::policy::{
    AuthenticationType, ClientAppType, ConditionalAccessPolicy, ControlOperator, Device, GrantControl, PolicyState,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use wire::{Check, Checks};

use super::admission::Principal;
use super::grants::Subject;
use super::redirect_uri::Platform;
use crate::directory::{Application, Directory, Named};
use crate::error::EntraError;
use crate::error::challenge::Challenge;

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
    /// The kind of client.
    pub client_app_type: ClientAppType,
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
            client_app_type: client_app_type(subject.platform),
            auth_time: subject.auth_time,
            mfa_time: subject.mfa_time,
            mfa_registered: enrolments.has_second_factor(principal),
            accepted_terms: enrolments.accepted_terms(principal.account.object_id),
            now,
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

/// What a policy may demand, in the order in which it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Demand {
    /// Access is blocked.
    Unblocked,
    /// A sign-in that is not older than so many hours.
    FreshSignIn {
        /// The hours.
        hours: u16,
    },
    /// A second factor is to be registered.
    Registration,
    /// The second factor.
    Mfa,
    /// The second factor once more, because it was given more than so many hours ago.
    FreshMfa {
        /// The hours.
        hours: u16,
    },
    /// A device that is marked as compliant.
    CompliantDevice,
    /// A hybrid joined device.
    HybridJoinedDevice,
    /// A client app that is approved.
    ApprovedApp,
    /// The terms of use are to be accepted.
    TermsOfUse,
}

impl Demand {
    /// Whether a page can ask the user for it.
    #[must_use]
    pub fn has_page(self) -> bool {
        matches!(
            self,
            Self::FreshSignIn { .. } | Self::Registration | Self::Mfa | Self::FreshMfa { .. } | Self::TermsOfUse
        )
    }

    /// What is demanded, in the portal's words.
    #[must_use]
    pub fn shown(self) -> String {
        match self {
            Self::Unblocked => "nobody whom it applies to: it blocks access".to_owned(),
            Self::FreshSignIn { hours } => format!("a sign-in not older than {hours} h"),
            Self::Registration => "a registered second factor".to_owned(),
            Self::Mfa => "multifactor authentication".to_owned(),
            Self::FreshMfa { hours } => format!("multifactor authentication not older than {hours} h"),
            Self::CompliantDevice => "a device marked as compliant".to_owned(),
            Self::HybridJoinedDevice => "a Microsoft Entra hybrid joined device".to_owned(),
            Self::ApprovedApp => "an approved client app".to_owned(),
            Self::TermsOfUse => "that the terms of use are accepted".to_owned(),
        }
    }
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
    let mut unsatisfied: Option<Box<Unsatisfied>> = security_defaults(facts, checks).err();
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
        expected: format!("{name}: {}", demand.shown()),
        received: received(demand, facts),
        fix: fix(demand, facts, &format!("{}: exclude the user, or another grant", policy.setting())),
    }))
}

/// Who has security defaults needs a second factor at hand, and an administrator must use it.
fn security_defaults(facts: &Facts<'_>, checks: &mut Checks) -> Result<(), Box<Unsatisfied>> {
    let tenant = facts.principal.tenant;
    if !tenant.security_defaults {
        return Ok(());
    }
    let demand = match (facts.mfa_registered, facts.mfa_time) {
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
        expected: format!("security defaults: {}", demand.shown()),
        received: received(demand, facts),
        fix: fix(demand, facts, &setting),
    }))
}

/// What a policy that applies demands, and the sign-in lacks.
fn unmet(policy: Policy<'_>, facts: &Facts<'_>) -> Vec<Demand> {
    let frequency = policy.session.as_ref().and_then(|session| session.sign_in_frequency.as_ref());
    let is_old = |time: i64, hours: u16| facts.now.as_second().saturating_sub(time) > i64::from(hours) * 3_600;
    let mut unmet = Vec::new();
    if let Some(frequency) = frequency
        && frequency.authentication == AuthenticationType::PrimaryAndSecondary
        && is_old(facts.auth_time, frequency.hours)
    {
        unmet.push(Demand::FreshSignIn { hours: frequency.hours });
    }
    let hours = frequency.map(|frequency| frequency.hours);
    let stale = |time: i64| hours.filter(|hours| is_old(time, *hours));
    let demand_of = |control: GrantControl| {
        let device = facts.principal.account.device;
        match control {
            GrantControl::Block => Some(Demand::Unblocked),
            GrantControl::CompliantDevice => (device != Device::Compliant).then_some(Demand::CompliantDevice),
            GrantControl::HybridJoinedDevice => (device != Device::HybridJoined).then_some(Demand::HybridJoinedDevice),
            GrantControl::ApprovedApp => (!facts.client.first_party).then_some(Demand::ApprovedApp),
            GrantControl::Mfa => match facts.mfa_time {
                Some(time) => stale(time).map(|hours| Demand::FreshMfa { hours }),
                None if facts.mfa_registered => Some(Demand::Mfa),
                None => Some(Demand::Registration),
            },
            GrantControl::TermsOfUse => (!facts.accepted_terms.contains(&policy.id())).then_some(Demand::TermsOfUse),
        }
    };
    if let Some(grant) = &policy.grant {
        let demands: Vec<Demand> = grant.controls.iter().copied().filter_map(demand_of).collect();
        match grant.operator {
            // access cannot be blocked and granted at once: the portal offers no other control beside it
            _ if demands.contains(&Demand::Unblocked) => unmet.push(Demand::Unblocked),
            ControlOperator::Or if demands.len() < grant.controls.len() => {}
            ControlOperator::Or => unmet.extend(demands.iter().min()),
            ControlOperator::And => unmet.extend(demands),
        }
    }
    unmet
}

fn shown_grant(policy: Policy<'_>) -> String {
    let Some(grant) = &policy.grant else { return "what its session controls say".to_owned() };
    let between = match grant.operator {
        ControlOperator::And => " and ",
        ControlOperator::Or => " or ",
    };
    let controls: Vec<&str> = grant
        .controls
        .iter()
        .map(|control| match control {
            GrantControl::Block => "no access",
            GrantControl::CompliantDevice => "a compliant device",
            GrantControl::HybridJoinedDevice => "a hybrid joined device",
            GrantControl::ApprovedApp => "an approved client app",
            GrantControl::Mfa => "multifactor authentication",
            GrantControl::TermsOfUse => "accepted terms of use",
        })
        .collect();
    controls.join(between)
}

fn shown_device(device: Device) -> &'static str {
    match device {
        Device::None => "no device that the directory knows",
        Device::Registered => "a registered device",
        Device::Compliant => "a compliant device",
        Device::HybridJoined => "a hybrid joined device",
        Device::Deleted => "a device that was deleted from the directory",
    }
}

/// The sign-in as the checks tell it.
fn shown_facts(facts: &Facts<'_>) -> String {
    let factors = if facts.mfa_time.is_some() { "a password and a second factor" } else { "a password" };
    format!("{factors}, from {}", shown_device(facts.principal.account.device))
}

fn received(demand: Demand, facts: &Facts<'_>) -> String {
    let user = facts.principal.account.username.as_str();
    match demand {
        Demand::Unblocked => user.to_owned(),
        Demand::FreshSignIn { .. } => format!("one of {}", super::shown_instant(facts.auth_time)),
        Demand::Registration => format!("{user} has registered none"),
        Demand::Mfa => "a password alone".to_owned(),
        Demand::FreshMfa { .. } => {
            format!("one of {}", super::shown_instant(facts.mfa_time.unwrap_or(facts.auth_time)))
        }
        Demand::CompliantDevice | Demand::HybridJoinedDevice => shown_device(facts.principal.account.device).to_owned(),
        Demand::ApprovedApp => facts.client.shown_name().to_owned(),
        Demand::TermsOfUse => format!("{user} has not accepted them"),
    }
}

/// What mends it: on the user's side first, then `setting`.
fn fix(demand: Demand, facts: &Facts<'_>, setting: &str) -> String {
    let user = facts.principal.account.name;
    match demand {
        Demand::Unblocked | Demand::ApprovedApp => setting.to_owned(),
        Demand::FreshSignIn { .. } => format!("sign in again, or {setting}"),
        Demand::Mfa | Demand::FreshMfa { .. } => {
            format!("let the client start an interactive sign-in, with the claims of the error, or {setting}")
        }
        Demand::Registration => {
            format!(
                "sign in interactively, which leads through the registration; idp.users.{user}.mfa.registered: true (portal: Users > Authentication methods); or {setting}"
            )
        }
        Demand::CompliantDevice => {
            format!("idp.users.{user}.device: compliant (portal: Devices > All devices); or {setting}")
        }
        Demand::HybridJoinedDevice => {
            format!("idp.users.{user}.device: hybrid_joined (portal: Devices > All devices); or {setting}")
        }
        Demand::TermsOfUse => format!("sign in interactively and accept them, or {setting}"),
    }
}

/// How a demand that no page can meet is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the pages, where what the user can do was asked for.
    Pages,
    /// At the authorize endpoint under `prompt=none`.
    Silent,
    /// At the token endpoint.
    Token,
}

/// The code of what is demanded, at `place`.
#[must_use]
pub fn refusal(unsatisfied: &Unsatisfied, facts: &Facts<'_>, place: Place) -> EntraError {
    let challenge = Challenge { policies: unsatisfied.policies.clone(), contexts: unsatisfied.contexts.clone() };
    let resource = unsatisfied.resource;
    let device = facts.principal.account.device;
    let issued = || super::shown_instant(facts.auth_time);
    match unsatisfied.demand {
        Demand::Unblocked => EntraError::BlockedByPolicy { challenge },
        Demand::FreshSignIn { hours } => {
            let (issued, seconds) = (issued(), u32::from(hours) * 3_600);
            match place {
                Place::Token => EntraError::SignInFrequency { issued, seconds, challenge },
                Place::Pages | Place::Silent => EntraError::SessionFrequency { challenge },
            }
        }
        Demand::Registration if place == Place::Token => EntraError::MfaNotRegistered { resource, challenge },
        Demand::Registration => EntraError::MfaRegistrationInterrupted { resource, challenge },
        Demand::Mfa if place == Place::Pages => EntraError::MfaNotPassed { challenge },
        Demand::Mfa => EntraError::MfaRequired { resource, challenge },
        Demand::FreshMfa { .. } => EntraError::MfaExpired { resource, challenge },
        Demand::CompliantDevice | Demand::HybridJoinedDevice if device == Device::Deleted => {
            EntraError::DeviceNotFound { tenant: facts.principal.tenant.display_name.clone(), challenge }
        }
        Demand::CompliantDevice | Demand::HybridJoinedDevice if device == Device::None && place != Place::Pages => {
            EntraError::DeviceAuthenticationRequired { challenge }
        }
        Demand::CompliantDevice => EntraError::DeviceNotCompliant { challenge },
        Demand::HybridJoinedDevice => EntraError::DeviceNotJoined { challenge },
        Demand::ApprovedApp => EntraError::AppNotApproved { client_id: facts.client.client_id, challenge },
        Demand::TermsOfUse => EntraError::ExternalChallenge { challenge },
    }
}

#[cfg(test)]
mod tests;
