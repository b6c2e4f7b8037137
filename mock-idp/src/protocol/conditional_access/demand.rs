//! What policies demand: the grant and session controls, and what of them a sign-in lacks.

use scenarios::world::policy::{AuthenticationType, ControlOperator, Device, DevicePlatform, GrantControl};

use super::{Facts, Policy};
use crate::protocol::shown_instant;

/// What a policy may demand, in the order in which it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Demand {
    /// Access is blocked.
    Unblocked,
    /// A sign-in in the client's own browser, and none by a device's code.
    OwnBrowser,
    /// A second factor that was registered before: a sign-in at risk cannot register one.
    EarlierRegistration,
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
    /// A client app that enforces an app protection policy.
    AppProtection,
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
            Self::OwnBrowser => "a sign-in in the client's own browser, not by a device's code".to_owned(),
            Self::EarlierRegistration => "a second factor that is registered already, because of the risk".to_owned(),
            Self::FreshSignIn { hours } => format!("a sign-in not older than {hours} h"),
            Self::Registration => "a registered second factor".to_owned(),
            Self::Mfa => "multifactor authentication".to_owned(),
            Self::FreshMfa { hours } => format!("multifactor authentication not older than {hours} h"),
            Self::CompliantDevice => "a device marked as compliant".to_owned(),
            Self::HybridJoinedDevice => "a Microsoft Entra hybrid joined device".to_owned(),
            Self::ApprovedApp => "an approved client app".to_owned(),
            Self::AppProtection => "an app that enforces an app protection policy".to_owned(),
            Self::TermsOfUse => "that the terms of use are accepted".to_owned(),
        }
    }
}

/// What a policy that applies demands, and the sign-in lacks.
pub(super) fn unmet(policy: Policy<'_>, facts: &Facts<'_>) -> Vec<Demand> {
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
    let is_about_risk = !policy.user_risk_levels.is_empty() || !policy.sign_in_risk_levels.is_empty();
    let demand_of = |control: GrantControl| {
        let device = facts.device();
        match control {
            GrantControl::Block => Some(Demand::Unblocked),
            GrantControl::CompliantDevice => (device != Device::Compliant).then_some(Demand::CompliantDevice),
            GrantControl::HybridJoinedDevice => (device != Device::HybridJoined).then_some(Demand::HybridJoinedDevice),
            GrantControl::ApprovedApp => (!facts.client.first_party).then_some(Demand::ApprovedApp),
            GrantControl::Mfa => match facts.mfa_time {
                Some(time) => stale(time).map(|hours| Demand::FreshMfa { hours }),
                None if facts.mfa_registered => Some(Demand::Mfa),
                None if is_about_risk => Some(Demand::EarlierRegistration),
                None => Some(Demand::Registration),
            },
            GrantControl::AppProtectionPolicy => (!facts.client.app_protection).then_some(Demand::AppProtection),
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

/// What its grant controls ask for, in words.
pub(super) fn shown_grant(policy: Policy<'_>) -> String {
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
            GrantControl::AppProtectionPolicy => "an app with an app protection policy",
            GrantControl::Mfa => "multifactor authentication",
            GrantControl::TermsOfUse => "accepted terms of use",
        })
        .collect();
    controls.join(between)
}

/// The device, in words.
pub(super) fn shown_device(facts: &Facts<'_>) -> &'static str {
    match facts.device() {
        Device::None if facts.by_device_code => "no device, for a device's code carries none",
        Device::None if facts.principal.account.device_platform == DevicePlatform::Unknown => {
            "a platform that is not known, and so proves no device"
        }
        Device::None => "no device that the directory knows",
        Device::Registered => "a registered device",
        Device::Compliant => "a compliant device",
        Device::HybridJoined => "a hybrid joined device",
        Device::Deleted => "a device that was deleted from the directory",
        Device::Disabled => "a device that is disabled in the directory",
    }
}

/// What came in the place of what is demanded.
pub(super) fn received(demand: Demand, facts: &Facts<'_>) -> String {
    let user = facts.principal.account.username.as_str();
    match demand {
        Demand::Unblocked => user.to_owned(),
        Demand::OwnBrowser => "a device's code".to_owned(),
        Demand::FreshSignIn { .. } => format!("one of {}", shown_instant(facts.auth_time)),
        Demand::EarlierRegistration | Demand::Registration => format!("{user} has registered none"),
        Demand::Mfa => "a password alone".to_owned(),
        Demand::FreshMfa { .. } => {
            format!("one of {}", shown_instant(facts.mfa_time.unwrap_or(facts.auth_time)))
        }
        Demand::CompliantDevice | Demand::HybridJoinedDevice => shown_device(facts).to_owned(),
        Demand::ApprovedApp | Demand::AppProtection => facts.client.shown_name().to_owned(),
        Demand::TermsOfUse => format!("{user} has not accepted them"),
    }
}

/// What mends it: on the user's side first, then `setting`.
pub(super) fn fix(demand: Demand, facts: &Facts<'_>, setting: &str) -> String {
    let user = facts.principal.account.name;
    match demand {
        Demand::Unblocked | Demand::ApprovedApp => setting.to_owned(),
        Demand::OwnBrowser => format!("let the client sign in with its own browser (authorization code), or {setting}"),
        Demand::FreshSignIn { .. } => format!("sign in again, or {setting}"),
        Demand::Mfa | Demand::FreshMfa { .. } => {
            format!("let the client start an interactive sign-in, with the claims of the error, or {setting}")
        }
        Demand::Registration => {
            format!(
                "sign in interactively, which leads through the registration; idp.users.{user}.mfa.registered: true (portal: Users > Authentication methods); or {setting}"
            )
        }
        Demand::EarlierRegistration => {
            format!(
                "idp.users.{user}.risk (portal: Protection > Risky users > Dismiss user risk), or idp.users.{user}.mfa.registered: true (portal: Users > Authentication methods); or {setting}"
            )
        }
        Demand::CompliantDevice | Demand::HybridJoinedDevice if facts.by_device_code => {
            format!("let the client sign in with its own browser, which can show its device, or {setting}")
        }
        Demand::CompliantDevice | Demand::HybridJoinedDevice
            if facts.principal.account.device_platform == DevicePlatform::Unknown =>
        {
            format!(
                "idp.users.{user}.device_platform: a platform that says what it is (the User-Agent of browser or program); or {setting}"
            )
        }
        Demand::CompliantDevice => {
            format!("idp.users.{user}.device: compliant (portal: Devices > All devices); or {setting}")
        }
        Demand::HybridJoinedDevice => {
            format!("idp.users.{user}.device: hybrid_joined (portal: Devices > All devices); or {setting}")
        }
        Demand::AppProtection => {
            format!("idp.apps.{}.app_protection: true (an app with the Intune SDK); or {setting}", facts.client.name)
        }
        Demand::TermsOfUse => format!("sign in interactively and accept them, or {setting}"),
    }
}
