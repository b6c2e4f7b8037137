//! Whom an authorize request means: `login_hint`, `sid` and `domain_hint`.
//!
//! Rules: OpenID Connect Core §3.1.2.1, Microsoft identity platform "OpenID Connect", "Optional claims reference".

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;
use wire::{Check, Checks};

use crate::directory::{Account, Directory, Tenant};
use crate::error::EntraError;
use crate::protocol::guid;
use crate::protocol::parameters::Parameters;

/// What a request says of the user it means; each part may be absent.
#[derive(Clone, Debug, Default)]
pub struct Hints<'d> {
    /// `login_hint`.
    pub login: Option<LoginHint>,
    /// `sid`: a session.
    pub sid: Option<Uuid>,
    /// The tenant whose verified domain `domain_hint` is. `organizations`, `consumers` and unknown domains say nothing.
    pub tenant: Option<Tenant<'d>>,
}

/// A `login_hint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginHint {
    /// A user name.
    Username(String),
    /// The object id of an account, from the claim `login_hint` of one of its tokens.
    Account(Uuid),
}

impl<'d> Hints<'d> {
    /// Reads the hints of a request.
    ///
    /// # Errors
    /// 90005 for `login_hint` and `sid` together, 90007 for a `sid` that is no GUID.
    pub fn read(directory: &'d Directory, parameters: &Parameters, checks: &mut Checks) -> Result<Self, EntraError> {
        let login = parameters.text("login_hint").map(LoginHint::read);
        let tenant = parameters.text("domain_hint").and_then(|domain| directory.tenant_by_domain(domain));
        let Some(text) = parameters.text("sid") else { return Ok(Self { login, sid: None, tenant }) };
        let expected = "one hint at the user: a login_hint, or the sid of an id token";
        if login.is_some() {
            let fix = "let the client send login_hint or sid, not both";
            checks.refuse(Check::RequestHints, expected, "login_hint and sid", fix);
            return Err(EntraError::SeveralHints);
        }
        let Some(sid) = guid(text) else {
            let fix = "let the client send the claim sid of an id token as it came";
            checks.refuse(Check::RequestHints, expected, "a sid that is no GUID", fix);
            return Err(EntraError::InvalidSessionId);
        };
        checks.pass(Check::RequestHints, expected, text);
        Ok(Self { login, sid: Some(sid), tenant })
    }

    /// Whether a session of this user can be meant by `login_hint` and `domain_hint`.
    #[must_use]
    pub fn can_mean(&self, account: Account<'_>) -> bool {
        let is_named = self.login.as_ref().is_none_or(|hint| hint.names(account));
        is_named && self.tenant.is_none_or(|tenant| tenant.name == account.tenant)
    }

    /// The user name that the sign-in page starts with; empty where none is hinted at.
    #[must_use]
    pub fn username(&self, directory: &Directory) -> String {
        match &self.login {
            Some(LoginHint::Username(name)) => name.clone(),
            Some(LoginHint::Account(object_id)) => directory
                .account_by_object_id(*object_id)
                .map_or_else(String::new, |(account, _)| account.username.clone()),
            None => String::new(),
        }
    }
}

/// What opaque hints begin with.
const OPAQUE: &str = "O.";

/// Field 1, of 36 bytes, in the encoding of Protocol Buffers: the object id.
const OBJECT_ID: [u8; 2] = [0x0a, 36];

/// Field 2, of 36 bytes: the tenant id.
const TENANT_ID: [u8; 2] = [0x12, 36];

/// Field 3, of the length that follows: the user name.
const USERNAME: u8 = 0x1a;

impl LoginHint {
    /// Reads the parameter; what is no opaque hint is a user name.
    #[must_use]
    pub fn read(text: &str) -> Self {
        opaque(text.trim()).map_or_else(|| Self::Username(text.trim().to_owned()), Self::Account)
    }

    /// Whether it is this account that is meant.
    #[must_use]
    pub fn names(&self, account: Account<'_>) -> bool {
        match self {
            Self::Username(name) => name.eq_ignore_ascii_case(&account.username),
            Self::Account(object_id) => *object_id == account.object_id,
        }
    }

    /// The claim `login_hint` of a user's tokens. Apps hand it back as `login_hint` or `logout_hint`; that it shows the
    /// user name to whoever decodes it is so at Entra too.
    #[must_use]
    pub fn claim(account: Account<'_>, tenant: Tenant<'_>) -> String {
        let mut bytes = Vec::new();
        bytes.extend(OBJECT_ID);
        bytes.extend(account.object_id.to_string().bytes());
        bytes.extend(TENANT_ID);
        bytes.extend(tenant.id.to_string().bytes());
        // a length of one byte goes to 127
        let username: String = account.username.chars().scan(0, fitting).collect();
        if let Ok(length) = u8::try_from(username.len()) {
            bytes.extend([USERNAME, length]);
            bytes.extend(username.bytes());
        }
        format!("{OPAQUE}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// A character as long as all up to it fit into 127 bytes.
fn fitting(length: &mut usize, character: char) -> Option<char> {
    *length += character.len_utf8();
    (*length <= 127).then_some(character)
}

/// The object id in an opaque hint.
fn opaque(text: &str) -> Option<Uuid> {
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(OPAQUE)?).ok()?;
    let object_id = bytes.strip_prefix(&OBJECT_ID)?.get(..36)?;
    guid(std::str::from_utf8(object_id).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_opaque_hint_begins_as_entras_do_and_a_name_is_a_name() {
        let object_id = "51c0a7de-8f0e-4d53-9d1b-6c2f0b7a9e41";
        let hint = format!("O.{}", URL_SAFE_NO_PAD.encode([&OBJECT_ID[..], object_id.as_bytes()].concat()));
        assert!(hint.starts_with("O.CiQ"), "{hint}");
        assert_eq!(LoginHint::read(&hint), LoginHint::Account(guid(object_id).unwrap()));
        for name in [" megan@contoso.com", "O.", "O.CiQ", "O.????", "O.CiQ1MWMw"] {
            assert_eq!(LoginHint::read(name), LoginHint::Username(name.trim().to_owned()));
        }
    }

    proptest! {
        #[test]
        fn no_hint_panics(text in "(O\\.)?[A-Za-z0-9_=.-]{0,80}", any in any::<String>()) {
            let _ = (LoginHint::read(&text), LoginHint::read(&any));
        }

        #[test]
        fn a_name_is_cut_between_characters(name in any::<String>()) {
            let cut: String = name.chars().scan(0, fitting).collect();
            prop_assert!(name.starts_with(&cut) && cut.len() <= 127);
        }
    }
}
