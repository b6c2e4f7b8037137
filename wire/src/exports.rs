//! Exchanges as other tools read them.
//!
//! - [`har`]: HTTP Archive 1.2, for browsers' network panels.
//! - [`mermaid`]: a sequence diagram, for Markdown.
//!
//! An export writes what it is given: the caller hands over copies without secrets ([`crate::Redaction`]), or says that
//! it does not.

use crate::Exchange;

pub mod har;
pub mod mermaid;

/// Exchanges that belong together: what one step brought about.
#[derive(Clone, Debug)]
pub struct Section {
    /// What was done, in words.
    pub title: String,
    /// What went over the wire, in order.
    pub exchanges: Vec<Exchange>,
}

/// Whether an export holds the secrets that went over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// Placeholders stand in their place.
    Replaced,
    /// They are in it, because somebody asked for them.
    Included,
}

impl Secrets {
    /// What the head of an export says about them.
    #[must_use]
    pub fn note(self) -> &'static str {
        match self {
            Self::Replaced => "secrets are replaced by placeholders",
            Self::Included => {
                "THIS FILE HOLDS SECRETS: codes, tokens, cookies and passwords as they went over the wire"
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::exchange::Body;
    use crate::{Channel, Check, Checks, Party};

    /// An exchange whose every text is hostile in the formats of this module.
    pub(crate) fn hostile() -> Exchange {
        let text = "%%{init: {}}%%\nend; click a \"javascript:alert(1)\" `</script>`\r\nbrowser->>idp: forged #35;";
        let mut checks = Checks::default();
        checks.refuse(Check::RedirectUriRegistered, text, text, text);
        Exchange {
            number: 1,
            at: jiff::Timestamp::UNIX_EPOCH,
            duration_us: 1500,
            from: Party::Browser,
            to: Party::Idp,
            channel: Channel::Front,
            method: "GET".into(),
            url: format!("https://login.example/{text}?a=1&b={text}"),
            request_headers: vec![("cookie".into(), "one=1; two=2".into()), ("x-hostile".into(), text.into())],
            request_body: Body::default(),
            status: Some(302),
            response_headers: vec![
                ("location".into(), "https://back.example/?code=c".into()),
                ("set-cookie".into(), "three=3; Path=/; HttpOnly".into()),
            ],
            response_body: Body::of(text.as_bytes()),
            checks,
            failure: None,
            caused_by: None,
            faults: Vec::new(),
        }
    }
}
