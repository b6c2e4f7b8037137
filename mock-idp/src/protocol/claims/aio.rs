//! `aio`: what the issuer notes in a token for itself. Nobody else reads it. Here it says how the user signed in, for
//! on-behalf-of: the other claims of a v2 token do not tell.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::protocol::grants::Subject;

/// How the user signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInNote {
    /// The session.
    pub sid: Uuid,
    /// When the password was checked, in seconds of Unix time.
    pub auth_time: i64,
    /// When the second factor was; none where it was not.
    pub mfa_time: Option<i64>,
    /// Whether the sign-in let a device in that showed a code.
    pub by_device_code: bool,
}

/// The first bytes of every note; the second has the flags in its lower half.
const HEAD: [u8; 2] = [0x01, 0x30];
const HAS_MFA: u8 = 0b01;
const BY_DEVICE_CODE: u8 = 0b10;

impl SignInNote {
    /// The note about the sign-in behind a grant.
    #[must_use]
    pub fn of(subject: &Subject) -> Self {
        let Subject { sid, auth_time, mfa_time, by_device_code, .. } = *subject;
        Self { sid, auth_time, mfa_time, by_device_code }
    }

    /// As the claim has it.
    #[must_use]
    pub fn to_text(self) -> String {
        let flags =
            if self.mfa_time.is_some() { HAS_MFA } else { 0 } | if self.by_device_code { BY_DEVICE_CODE } else { 0 };
        let mut bytes = vec![HEAD[0], HEAD[1] | flags];
        bytes.extend(self.sid.as_bytes());
        bytes.extend(self.auth_time.to_be_bytes());
        bytes.extend(self.mfa_time.unwrap_or_default().to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads the claim of a token of ours; none where it holds something else.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let bytes: [u8; 34] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (head, rest) = bytes.split_first_chunk::<2>()?;
        let (sid, rest) = rest.split_first_chunk::<16>()?;
        let (auth_time, rest) = rest.split_first_chunk::<8>()?;
        let (mfa_time, _) = rest.split_first_chunk::<8>()?;
        let flags = head[1] & 0x0F;
        if head[0] != HEAD[0] || head[1] & 0xF0 != HEAD[1] || flags & !(HAS_MFA | BY_DEVICE_CODE) != 0 {
            return None;
        }
        Some(Self {
            sid: Uuid::from_bytes(*sid),
            auth_time: i64::from_be_bytes(*auth_time),
            mfa_time: (flags & HAS_MFA != 0).then_some(i64::from_be_bytes(*mfa_time)),
            by_device_code: flags & BY_DEVICE_CODE != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(sid in any::<u128>(), auth_time in any::<i64>(), mfa_time in any::<Option<i64>>(), by_device_code in any::<bool>()) {
            let note = SignInNote { sid: Uuid::from_u128(sid), auth_time, mfa_time, by_device_code };
            let text = note.to_text();
            prop_assert!(text.starts_with("AT") && (20..=100).contains(&text.len()), "{text}");
            prop_assert_eq!(SignInNote::read(&text), Some(note));
        }

        #[test]
        fn any_other_text_is_none(text in "\\PC{0,60}", bytes in prop::collection::vec(any::<u8>(), 34)) {
            prop_assert_eq!(SignInNote::read(&text), None);
            let read = SignInNote::read(&URL_SAFE_NO_PAD.encode(&bytes));
            prop_assert!(bytes.starts_with(&HEAD[..1]) || read.is_none());
        }
    }
}
