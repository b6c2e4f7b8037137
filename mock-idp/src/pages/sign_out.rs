//! The pages of sign-out.

use askama::Template;
use wire::Checks;

use super::{Frame, ShownAccount};
use crate::protocol::sign_out::FrontChannel;

/// Which of several accounts signs out.
#[derive(Clone, Debug, Template)]
#[template(path = "pick_sign_out.html")]
pub struct PickSignOutPage {
    /// Around it.
    pub frame: Frame,
    /// Where the forms go.
    pub action: String,
    /// What they carry along: names and values.
    pub fields: Vec<(&'static str, String)>,
    /// Who is signed in to this browser.
    pub accounts: Vec<ShownAccount>,
}

/// Who signed out, with the pages of the applications that are told.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage {
    /// Around it.
    pub frame: Frame,
    /// The user names.
    pub signed_out: Vec<String>,
    /// Pages of applications, to be opened in frames.
    pub frames: Vec<FrontChannel>,
    /// Where the browser goes then.
    pub return_to: Option<String>,
    /// How long it waits before, in seconds.
    pub wait_seconds: u8,
    /// Why it goes nowhere, where it was to.
    pub refusal: Option<ShownRefusal>,
}

/// A check that refused where no AADSTS code tells it.
#[derive(Clone, Debug)]
pub struct ShownRefusal {
    /// The name of the check.
    pub check: String,
    /// What the check expected.
    pub expected: String,
    /// What it received.
    pub received: String,
    /// The setting that would make it pass.
    pub fix: String,
}

impl ShownRefusal {
    /// The check that refused, where one did.
    #[must_use]
    pub fn of(checks: &Checks) -> Option<Self> {
        let refusal = checks.refusal()?;
        Some(Self {
            check: refusal.check.name().to_owned(),
            expected: refusal.expected.clone(),
            received: refusal.received.clone(),
            fix: refusal.fix.clone().unwrap_or_default(),
        })
    }
}
