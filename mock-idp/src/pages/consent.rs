//! The page that asks for consent.

use askama::Template;

use super::Frame;

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
