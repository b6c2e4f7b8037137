//! The code of what is demanded, by the place where it is refused.

use scenarios::world::policy::{Device, DevicePlatform};

use super::applies::shown_platform;
use super::{Demand, Facts, Unsatisfied};
use crate::error::EntraError;
use crate::error::challenge::Challenge;
use crate::protocol::shown_instant;

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
    let (device, platform) = (facts.device(), facts.principal.account.device_platform);
    let issued = || shown_instant(facts.auth_time);
    match unsatisfied.demand {
        Demand::Unblocked if unsatisfied.at_user_risk && facts.principal.is_guest() => EntraError::RiskAtHome,
        Demand::Unblocked => EntraError::BlockedByPolicy { challenge },
        Demand::OwnBrowser => EntraError::BlockedBySecurityDefaults,
        Demand::EarlierRegistration => EntraError::RegistrationAtRisk { challenge },
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
        Demand::CompliantDevice | Demand::HybridJoinedDevice if facts.by_device_code => {
            EntraError::DeviceNotManaged { challenge }
        }
        Demand::CompliantDevice | Demand::HybridJoinedDevice if platform == DevicePlatform::Unknown => {
            EntraError::PlatformUnsupported { platform: shown_platform(platform) }
        }
        Demand::CompliantDevice | Demand::HybridJoinedDevice if device == Device::Disabled => {
            EntraError::DeviceAuthenticationFailed { challenge }
        }
        Demand::CompliantDevice | Demand::HybridJoinedDevice if device == Device::Deleted => {
            EntraError::DeviceNotFound { tenant: facts.principal.tenant.display_name.clone(), challenge }
        }
        Demand::CompliantDevice | Demand::HybridJoinedDevice if device == Device::None && place != Place::Pages => {
            EntraError::DeviceAuthenticationRequired { challenge }
        }
        Demand::CompliantDevice => EntraError::DeviceNotCompliant { challenge },
        Demand::HybridJoinedDevice => EntraError::DeviceNotJoined { challenge },
        Demand::ApprovedApp => EntraError::AppNotApproved { client_id: facts.client.client_id, challenge },
        Demand::AppProtection if place == Place::Token => EntraError::AppProtectionRequired,
        Demand::AppProtection => EntraError::AppNotProtected { challenge },
        Demand::TermsOfUse => EntraError::ExternalChallenge { challenge },
    }
}
