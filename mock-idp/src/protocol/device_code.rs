//! Device authorization (RFC 8628): a device shows a code, and its user signs in elsewhere.
//!
//! Rules: Microsoft identity platform "OAuth 2.0 device authorization grant".

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use wire::{Check, Checks};

use super::authorize::opening::check_once;
use super::authorize::response_type::ResponseType;
use super::authorize::{Authorization, Prompt, Purpose, ReturnTo};
use super::grants::{Aim, Subject};
use super::parameters::{Parameters, append};
use super::scope::OidcScope;
use super::target::Wanted;
use super::{Family, client, randomness, tenant};
use crate::directory::Directory;
use crate::error::EntraError;

/// How long a device code lives.
pub const LIFETIME_SECONDS: i64 = 900;

/// How often a device may ask.
pub const INTERVAL_SECONDS: i64 = 5;

/// How many devices can wait at once.
const DEVICES: usize = 1_000;

/// How long the parameters of a request may be that are kept, in bytes.
const LONGEST_REQUEST: usize = 8 * 1024;

/// The characters of user codes: those that nobody mixes up.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// How many of them a user code has.
const USER_CODE_LENGTH: usize = 9;

/// What a device asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRequest {
    /// Which endpoint it came to.
    pub family: Family,
    /// The tenant segment of its path.
    pub segment: String,
    /// The client.
    pub client_id: Uuid,
    /// Client id, scopes or resource, form-encoded.
    pub parameters: String,
}

/// What the device is told.
#[derive(Clone, Debug)]
pub struct Issued {
    /// What the device shows.
    pub user_code: String,
    /// What the device sends.
    pub device_code: String,
}

/// What the user agreed to.
#[derive(Clone, Debug)]
pub struct Approval {
    /// Whose grant it is.
    pub subject: Subject,
    /// The resources.
    pub resources: Vec<Aim>,
    /// The scopes of OpenID Connect.
    pub oidc: BTreeSet<OidcScope>,
    /// When the user agreed, in seconds of Unix time.
    pub at: i64,
}

/// How far a device has come.
#[derive(Clone, Debug)]
enum Progress {
    Waiting,
    Approved(Box<Approval>),
    Declined,
    Redeemed,
}

#[derive(Clone, Debug)]
struct Device {
    request: DeviceRequest,
    user_code: String,
    exp: i64,
    progress: Progress,
}

/// The devices that wait, by the SHA-256 of their device codes. One that expired is remembered for as long again, so
/// that its code is told from one that never was.
#[derive(Clone, Debug, Default)]
pub struct DeviceCodes(HashMap<[u8; 32], Device>);

impl DeviceCodes {
    /// Issues the codes for a request.
    pub fn issue(&mut self, request: DeviceRequest, now: Timestamp, rng: &mut impl CryptoRng) -> Issued {
        let now = now.as_second();
        self.0.retain(|_, device| now < device.exp.saturating_add(LIFETIME_SECONDS));
        if self.0.len() >= DEVICES {
            let oldest = self.0.iter().min_by_key(|(key, device)| (device.exp, **key)).map(|(key, _)| *key);
            oldest.map(|oldest| self.0.remove(&oldest));
        }
        let mut user_code = new_user_code(rng);
        while self.0.values().any(|device| device.user_code == user_code) {
            user_code = new_user_code(rng);
        }
        let device_code = randomness::text::<96>(rng);
        let exp = now.saturating_add(LIFETIME_SECONDS);
        let device = Device { request, user_code: user_code.clone(), exp, progress: Progress::Waiting };
        self.0.insert(key(&device_code), device);
        Issued { user_code, device_code }
    }

    /// The request of the device that shows `user_code`, as a person typed it.
    ///
    /// # Errors
    /// 90119, 70018, 70019 or 90120.
    pub fn waiting(
        &self,
        user_code: Option<&str>,
        now: Timestamp,
        checks: &mut Checks,
    ) -> Result<(String, DeviceRequest), EntraError> {
        let expected = "the code that a device shows now";
        let fix = "type the code that the device shows; it is good for 15 minutes, and for one sign-in";
        let mut refuse = |received: &str, error| {
            checks.refuse(Check::DeviceUserCode, expected, received, fix);
            Err(error)
        };
        let typed = user_code.map(normal_user_code).filter(|code| !code.is_empty());
        let Some(typed) = typed else { return refuse("no code", EntraError::UserCodeMissing) };
        let Some(device) = self.0.values().find(|device| device.user_code == typed) else {
            return refuse("a code that no device shows", EntraError::BadVerificationCode);
        };
        if now.as_second() >= device.exp {
            return refuse("a code that has expired", EntraError::VerificationCodeExpired);
        }
        match device.progress {
            Progress::Waiting => {
                checks.pass(Check::DeviceUserCode, expected, "one that waits for its user");
                Ok((typed, device.request.clone()))
            }
            Progress::Approved(_) | Progress::Redeemed => {
                refuse("a code that somebody has signed in with", EntraError::DeviceFlowFinished)
            }
            Progress::Declined => refuse("a code whose user declined", EntraError::DeviceFlowFinished),
        }
    }

    /// Notes that the user agreed.
    ///
    /// # Errors
    /// As [`Self::waiting`], where the device waits no more.
    pub fn approve(
        &mut self,
        user_code: &str,
        approval: Approval,
        now: Timestamp,
        checks: &mut Checks,
    ) -> Result<(), EntraError> {
        self.waiting(Some(user_code), now, checks)?;
        self.end(user_code, Progress::Approved(Box::new(approval)));
        Ok(())
    }

    /// Notes that the user declined, where the device still waits.
    pub fn decline(&mut self, user_code: &str) {
        self.end(user_code, Progress::Declined);
    }

    fn end(&mut self, user_code: &str, end: Progress) {
        let mut waiting = self.0.values_mut().filter(|device| matches!(device.progress, Progress::Waiting));
        if let Some(device) = waiting.find(|device| device.user_code == user_code) {
            device.progress = end;
        }
    }

    /// What the user of the device agreed to, which client `client_id` asks for.
    ///
    /// # Errors
    /// 70018, 700007, 70020, 70016, 700171, or 70000 where it was redeemed before.
    pub fn approval(
        &self,
        device_code: &str,
        client_id: Uuid,
        now: Timestamp,
        checks: &mut Checks,
    ) -> Result<Approval, EntraError> {
        let expected = "a device code that this identity provider issued to the client, within its 15 minutes";
        let Some(device) = self.0.get(&key(device_code)) else {
            let fix = "the client: send the device_code exactly as it came";
            checks.refuse(Check::DeviceCode, expected, "another value", fix);
            return Err(EntraError::BadVerificationCode);
        };
        if device.request.client_id != client_id {
            let fix = "the client id of the token request: the one of the device authorization request";
            checks.refuse(Check::DeviceCode, expected, format!("one of client {}", device.request.client_id), fix);
            return Err(EntraError::GrantOfOtherClient { client_id });
        }
        if now.as_second() >= device.exp {
            let fix = "the client: ask for a new device code, and show the new user code";
            checks.refuse(Check::DeviceCode, expected, "one that has expired", fix);
            return Err(EntraError::DeviceCodeExpired);
        }
        let mut refuse = |check, expected: &str, received: &str, fix: &str, error| {
            checks.refuse(check, expected, received, fix);
            Err(error)
        };
        let signed_in = "a user who signed in with the device's code and agreed";
        match &device.progress {
            Progress::Waiting => refuse(
                Check::DeviceAuthorized,
                signed_in,
                "nobody yet",
                "sign in at the verification_uri with the user code; the client asks again after the interval",
                EntraError::AuthorizationPending,
            ),
            Progress::Declined => refuse(
                Check::DeviceAuthorized,
                signed_in,
                "a user who declined",
                "let the client start again, and accept on the page",
                EntraError::AuthorizationDeclined,
            ),
            Progress::Redeemed => refuse(
                Check::DeviceCode,
                expected,
                "one that was redeemed before",
                "the client: a device code is good for one token; use the refresh token",
                EntraError::InvalidGrant { parameter: "device_code" },
            ),
            Progress::Approved(approval) => {
                checks.pass(Check::DeviceCode, expected, "one of its own");
                checks.pass(Check::DeviceAuthorized, signed_in, "a user who did");
                Ok((**approval).clone())
            }
        }
    }

    /// Notes that the device has its tokens.
    pub fn redeem(&mut self, device_code: &str) {
        if let Some(device) = self.0.get_mut(&key(device_code)) {
            device.progress = Progress::Redeemed;
        }
    }
}

fn key(device_code: &str) -> [u8; 32] {
    Sha256::digest(device_code).into()
}

fn new_user_code(rng: &mut impl CryptoRng) -> String {
    let bytes: [u8; USER_CODE_LENGTH] = randomness::bytes(rng);
    bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32))).map(|byte| char::from(*byte)).collect()
}

/// A user code as people type it: in whatever case, with spaces or hyphens; cut to what one can be.
fn normal_user_code(typed: &str) -> String {
    let kept = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').take(USER_CODE_LENGTH + 1);
    kept.map(|c| c.to_ascii_uppercase()).collect()
}

/// Judges a device authorization request (RFC 8628 §3.1), as far as that is possible before somebody signed in.
///
/// # Errors
/// Those of an authorize request for tenant, client and scope; 90013 where it is longer than what is kept.
pub fn judge(
    directory: &Directory,
    family: Family,
    segment: &str,
    parameters: &Parameters,
    checks: &mut Checks,
) -> Result<DeviceRequest, EntraError> {
    let mut kept = String::new();
    for name in ["client_id", "scope", "resource"] {
        parameters.all(name).for_each(|value| append(&mut kept, name, value));
    }
    let request = DeviceRequest { family, segment: segment.to_owned(), client_id: Uuid::nil(), parameters: kept };
    check_once(family, parameters, checks)?;
    if request.parameters.len() > LONGEST_REQUEST {
        let expected = format!("client id and scopes of at most {LONGEST_REQUEST} bytes");
        let received = format!("{} bytes", request.parameters.len());
        checks.refuse(Check::ScopeWellFormed, expected, received, "let the client ask for fewer scopes");
        return Err(EntraError::InvalidInput { reason: "the request is too long." });
    }
    let authorization = authorization(directory, &request, "", checks)?;
    match authorization.segment.tenant() {
        Some(tenant) => authorization.wanted.resolve(directory, tenant, authorization.client, checks).map(|_| ())?,
        None => authorization.wanted.refuse_hopeless(directory, authorization.client, checks)?,
    }
    Ok(DeviceRequest { client_id: authorization.client.client_id, ..request })
}

/// What a device asks for, as the sign-in pages take it. The user always picks an account or types a password: nothing
/// else says that the person wants the device to come in.
///
/// # Errors
/// As [`judge`].
pub fn authorization<'d>(
    directory: &'d Directory,
    request: &DeviceRequest,
    user_code: &str,
    checks: &mut Checks,
) -> Result<Authorization<'d>, EntraError> {
    let parameters = Parameters::parse(request.parameters.as_bytes());
    let segment = tenant::find(directory, &request.segment, checks)?;
    let client = client::find(directory, segment, parameters.text("client_id"), checks)?;
    let response_type = ResponseType { code: true, ..ResponseType::default() };
    let mode = directory.resource_parameter();
    let wanted = Wanted::read(request.family, response_type, &parameters, mode, checks)?;
    Ok(Authorization {
        family: request.family,
        segment,
        client,
        response_type,
        return_to: ReturnTo::Device(user_code.to_owned()),
        purpose: Purpose::Tokens,
        redirect_uri_given: false,
        wanted,
        prompt: Prompt::SelectAccount,
        nonce: None,
        challenge: None,
        hints: Default::default(),
        claims: Default::default(),
        client_info: false,
        instance_aware: false,
        max_age: None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    fn request() -> DeviceRequest {
        DeviceRequest {
            family: Family::V2,
            segment: "common".to_owned(),
            client_id: Uuid::from_u128(1),
            parameters: "scope=openid".to_owned(),
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn memory_stays_bounded_and_codes_stay_apart() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let mut devices = DeviceCodes::default();
        let mut seen = BTreeSet::new();
        for _ in 0..DEVICES + 10 {
            let issued = devices.issue(request(), at(0), &mut rng);
            assert!(seen.insert(issued.user_code) && issued.device_code.len() >= 128);
        }
        assert!(devices.0.len() <= DEVICES);
        devices.issue(request(), at(2 * LIFETIME_SECONDS), &mut rng);
        assert_eq!(devices.0.len(), 1, "what is long over is forgotten");
    }

    proptest! {
        #[test]
        fn a_user_code_is_known_however_it_is_typed(seed in any::<[u8; 32]>(), shouted in any::<bool>(), hyphen in 0_usize..9) {
            let mut rng = ChaCha20Rng::from_seed(seed);
            let mut devices = DeviceCodes::default();
            let code = devices.issue(request(), at(0), &mut rng).user_code;
            prop_assert!(code.len() == 9 && code.bytes().all(|byte| ALPHABET.contains(&byte)));
            let mut typed = if shouted { code.clone() } else { code.to_lowercase() };
            typed.insert(hyphen, '-');
            let mut checks = Checks::default();
            let (found, _) = devices.waiting(Some(&format!(" {typed} ")), at(0), &mut checks).unwrap();
            prop_assert_eq!(found, code);
        }

        #[test]
        fn no_other_text_is_a_user_code(typed in ".{0,40}") {
            let mut rng = ChaCha20Rng::from_seed([1; 32]);
            let mut devices = DeviceCodes::default();
            let code = devices.issue(request(), at(0), &mut rng).user_code;
            let found = devices.waiting(Some(&typed), at(0), &mut Checks::default());
            prop_assert_eq!(found.is_ok(), normal_user_code(&typed) == code);
        }
    }
}
