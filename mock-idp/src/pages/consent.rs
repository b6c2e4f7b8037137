//! The pages that ask for consent, or for that of an administrator.

use askama::Template;

use super::{Frame, ShownError};

/// What the application wants.
#[derive(Clone, Debug, Template)]
#[template(path = "consent.html")]
pub struct ConsentPage {
    /// Around it.
    pub frame: Frame,
    /// Where the forms go.
    pub action: String,
    /// The flow token.
    pub flow_token: String,
    /// Who signed in.
    pub username: String,
    /// The user's organisation.
    pub organization: String,
    /// The application.
    pub client: String,
    /// The application's home tenant.
    pub publisher: String,
    /// Where the browser goes afterwards; nowhere where a device is let in.
    pub redirect_host: Option<String>,
    /// Whether that is this machine.
    pub redirect_is_local: bool,
    /// What is asked, by resource.
    pub asked: Vec<AskedOf>,
    /// Whether the consent is for everyone in the organisation.
    pub everyone: Everyone,
}

/// Whether a consent is for everyone in the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Everyone {
    /// The user may not consent for others.
    Never,
    /// The user may choose so.
    IfChosen,
    /// That is what the request is for.
    Always,
}

/// What is asked of one resource.
#[derive(Clone, Debug)]
pub struct AskedOf {
    /// The resource's name.
    pub resource: String,
    /// Value and description of each scope.
    pub scopes: Vec<(String, String)>,
}

/// A form in the place of consent, by which the user asks an administrator for it.
#[derive(Clone, Debug, Template)]
#[template(path = "approval.html")]
pub struct ApprovalPage {
    /// Around it.
    pub frame: Frame,
    /// Where the forms go.
    pub action: String,
    /// The flow token.
    pub flow_token: String,
    /// Who signed in.
    pub username: String,
    /// The user's organisation.
    pub organization: String,
    /// The application.
    pub client: String,
    /// The application's home tenant.
    pub publisher: String,
    /// What it wants, by resource.
    pub asked: Vec<AskedOf>,
    /// How long the justification may be, in characters.
    pub longest: usize,
    /// Whether the last try brought no justification.
    pub is_unjustified: bool,
    /// What has become of the request before, if there was one.
    pub earlier: Option<String>,
    /// Why the user may not consent.
    pub error: ShownError,
}

/// The request is on its way.
#[derive(Clone, Debug, Template)]
#[template(path = "approval_requested.html")]
pub struct ApprovalRequestedPage {
    /// Around it.
    pub frame: Frame,
    /// Where the form goes.
    pub action: String,
    /// The flow token.
    pub flow_token: String,
    /// Who signed in.
    pub username: String,
    /// The user's organisation.
    pub organization: String,
    /// The application.
    pub client: String,
}
