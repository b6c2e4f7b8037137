//! The table of codes by surfaces: how each code reaches the one who caused it.

use http::StatusCode;
use strum::Display;

use super::EntraErrorKind;
use crate::protocol::redirect_uri::ReturnAddress;

/// The `error` of an OAuth error answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display)]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the standards' and Entra's own")]
pub enum OAuthError {
    AccessDenied,
    ConsentRequired,
    InteractionRequired,
    InvalidClient,
    InvalidGrant,
    InvalidInstance,
    InvalidRequest,
    InvalidResource,
    InvalidScope,
    InvalidTarget,
    InvalidTenant,
    LoginRequired,
    UnauthorizedClient,
    UnsupportedGrantType,
    UnsupportedResponseType,
}

/// Whether the authorize request allows pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interaction {
    /// Pages may be shown.
    #[default]
    Allowed,
    /// `prompt=none`.
    Forbidden,
}

/// Where a request came in.
#[derive(Clone, Debug)]
pub enum Surface {
    /// Discovery, keys and instance discovery.
    Discovery,
    /// The token endpoints.
    Token,
    /// The authorize endpoints and the pages behind them.
    Authorize {
        /// Where the browser may be sent; only after the redirect URI matched.
        return_to: Option<ReturnAddress>,
        /// Whether pages may be shown.
        interaction: Interaction,
    },
}

/// How a refusal is delivered.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// An error page.
    Page(StatusCode),
    /// The sign-in page again, with the message on it.
    SignInAgain,
    /// Back to the application.
    Redirect(ReturnAddress, OAuthError),
    /// The OAuth error object.
    Json(StatusCode, OAuthError),
}

/// What happens at the authorize endpoint where pages are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// An error page, of this status.
    Page(u16),
    /// The sign-in page again.
    SignInAgain,
    /// The application gets it, once the redirect URI matched; before that, an error page.
    Redirect(OAuthError),
}

/// One code's faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faces {
    /// The AADSTS number.
    pub number: u32,
    /// Whether `error_uri` has a page for it.
    pub lookup: bool,
    /// At discovery.
    pub discovery: OAuthError,
    /// At the token endpoint: status and error.
    pub token: (u16, OAuthError),
    /// `suberror` of the token endpoint; client libraries decide by it whether to ask the user.
    pub suberror: Option<&'static str>,
    /// At the authorize endpoint.
    pub front: Front,
    /// At the authorize endpoint under `prompt=none`.
    pub silent: OAuthError,
}

impl Faces {
    const fn new(number: u32, token: OAuthError, front: Front, silent: OAuthError) -> Self {
        let discovery = OAuthError::InvalidRequest;
        Self { number, lookup: true, discovery, token: (400, token), suberror: None, front, silent }
    }

    const fn without_lookup(self) -> Self {
        Self { lookup: false, ..self }
    }

    const fn token_status(self, status: u16) -> Self {
        Self { token: (status, self.token.1), ..self }
    }

    const fn suberror(self, suberror: &'static str) -> Self {
        Self { suberror: Some(suberror), ..self }
    }

    const fn discovery(self, discovery: OAuthError) -> Self {
        Self { discovery, ..self }
    }
}

impl EntraErrorKind {
    /// The AADSTS number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.faces().number
    }

    /// The row of this code: number, token endpoint, authorize endpoint, authorize endpoint under `prompt=none`.
    #[must_use]
    pub const fn faces(self) -> Faces {
        use Front::{Redirect, SignInAgain};
        use OAuthError as O;
        const PAGE: Front = Front::Page(200);
        let row = Faces::new;
        match self {
            Self::ForeignInteraction => {
                row(165_900, O::InvalidRequest, Front::Page(403), O::InvalidRequest).without_lookup()
            }
            Self::SeveralResources => row(28_000, O::InvalidScope, PAGE, O::InvalidScope),
            Self::EmptyScope => row(28_003, O::InvalidRequest, PAGE, O::InvalidRequest),
            Self::RedirectUriMismatch => row(50_011, O::InvalidRequest, PAGE, O::InvalidRequest),
            Self::UserFromOtherTenant => row(50_020, O::InvalidGrant, PAGE, O::InteractionRequired),
            Self::UserNotFound => row(50_034, O::InvalidGrant, SignInAgain, O::InteractionRequired),
            Self::UnknownInstance => {
                row(50_049, O::InvalidRequest, PAGE, O::InvalidRequest).discovery(O::InvalidInstance)
            }
            Self::NobodySignedIn => row(50_058, O::InvalidGrant, PAGE, O::LoginRequired),
            Self::FlowTokenExpired => row(50_089, O::InvalidRequest, PAGE, O::InvalidRequest),
            Self::InvalidPassword => row(50_126, O::InvalidGrant, SignInAgain, O::InteractionRequired),
            Self::CodeChallengeParameter => {
                row(50_147, O::InvalidRequest, Redirect(O::InvalidRequest), O::InvalidRequest)
            }
            Self::NotMultiTenant => row(50_194, O::InvalidRequest, PAGE, O::InvalidRequest),
            Self::CodeRedeemed => row(54_005, O::InvalidGrant, PAGE, O::InvalidRequest),
            Self::ConsentRequired => {
                row(65_001, O::InvalidGrant, PAGE, O::ConsentRequired).suberror("consent_required")
            }
            Self::ConsentDeclined => row(65_004, O::InvalidGrant, Redirect(O::AccessDenied), O::AccessDenied),
            Self::InvalidGrant => row(70_000, O::InvalidGrant, PAGE, O::InvalidRequest),
            Self::UnsupportedGrantType => {
                row(70_003, O::UnsupportedGrantType, PAGE, O::InvalidRequest).without_lookup()
            }
            Self::UnsupportedResponseType => row(
                70_005,
                O::InvalidRequest,
                Redirect(O::UnsupportedResponseType),
                O::UnsupportedResponseType,
            ),
            Self::UnsupportedResponseMode => {
                row(70_007, O::InvalidRequest, Redirect(O::InvalidRequest), O::InvalidRequest)
            }
            Self::CodeExpired => row(70_008, O::InvalidGrant, PAGE, O::InvalidRequest),
            Self::InvalidScope => row(70_011, O::InvalidScope, Redirect(O::InvalidScope), O::InvalidScope),
            Self::TenantNotFound => {
                row(90_002, O::InvalidRequest, PAGE, O::InvalidRequest).discovery(O::InvalidTenant)
            }
            Self::RequestsItselfByUri => row(90_009, O::InvalidRequest, PAGE, O::InvalidRequest),
            Self::InvalidInput => row(90_013, O::InvalidRequest, PAGE, O::InvalidRequest),
            Self::UnsupportedPrompt => row(90_023, O::InvalidRequest, PAGE, O::InvalidRequest),
            Self::AdminConsentRequired => row(90_094, O::InvalidGrant, PAGE, O::ConsentRequired),
            Self::ResourceNotFound => {
                row(500_011, O::InvalidResource, Redirect(O::InvalidResource), O::InvalidResource)
            }
            Self::RedirectUriNotAsAuthorized => row(500_112, O::InvalidClient, PAGE, O::InvalidRequest),
            Self::NoReplyAddress => row(500_113, O::InvalidRequest, PAGE, O::InvalidRequest),
            Self::VerifierMismatch => row(501_481, O::InvalidGrant, PAGE, O::InvalidRequest),
            Self::CodeChallengeMalformed => {
                row(501_491, O::InvalidRequest, Redirect(O::InvalidRequest), O::InvalidRequest)
            }
            Self::ScopeNotOnResource => {
                row(650_053, O::InvalidScope, Redirect(O::InvalidClient), O::InvalidClient).without_lookup()
            }
            Self::ResourceNotListed => {
                row(650_057, O::InvalidResource, Redirect(O::InvalidResource), O::InvalidResource)
            }
            Self::CodeOfOtherTenant => row(700_005, O::InvalidGrant, PAGE, O::InvalidRequest),
            Self::GrantOfOtherClient => row(700_007, O::InvalidGrant, PAGE, O::InvalidRequest),
            Self::ClientNotFound => row(700_016, O::UnauthorizedClient, PAGE, O::UnauthorizedClient),
            Self::PublicClientCredential => {
                row(700_025, O::InvalidClient, PAGE, O::InvalidRequest).token_status(401)
            }
            Self::InvalidClientId => {
                row(700_038, O::UnauthorizedClient, PAGE, O::UnauthorizedClient).without_lookup()
            }
            Self::TokenResponseDisabled => row(
                700_051,
                O::InvalidRequest,
                Redirect(O::UnsupportedResponseType),
                O::UnsupportedResponseType,
            ),
            Self::IdTokenResponseDisabled => row(
                700_054,
                O::InvalidRequest,
                Redirect(O::UnsupportedResponseType),
                O::UnsupportedResponseType,
            ),
            Self::RefreshTokenExpired => row(700_082, O::InvalidGrant, PAGE, O::InvalidRequest),
            Self::TenantMalformed => row(900_023, O::InvalidRequest, PAGE, O::InvalidRequest),
            Self::MissingParameter => row(900_144, O::InvalidRequest, Redirect(O::InvalidRequest), O::InvalidRequest),
            Self::WrongMethod => {
                row(900_561, O::InvalidRequest, Front::Page(405), O::InvalidRequest).token_status(405)
            }
            Self::NoReplyAddressGiven => row(900_971, O::InvalidRequest, PAGE, O::InvalidRequest),
            Self::InvalidClientSecret => row(7_000_215, O::InvalidClient, PAGE, O::InvalidRequest).token_status(401),
            Self::CredentialMissing => row(7_000_218, O::InvalidClient, PAGE, O::InvalidRequest).token_status(401),
            Self::ClientSecretExpired => row(7_000_222, O::InvalidClient, PAGE, O::InvalidRequest).token_status(401),
            Self::DuplicatedParameter => row(9_000_411, O::InvalidRequest, PAGE, O::InvalidRequest),
            Self::Malformed => row(9_002_313, O::InvalidGrant, PAGE, O::InvalidRequest),
            Self::PkceRequired => row(9_002_325, O::InvalidRequest, PAGE, O::InvalidRequest),
            Self::CrossOriginRedemption => row(9_002_326, O::InvalidRequest, PAGE, O::InvalidRequest),
            Self::SameOriginRedemption => row(9_002_327, O::InvalidRequest, PAGE, O::InvalidRequest),
            Self::PersonalAccountsOnly => row(9_002_331, O::UnauthorizedClient, PAGE, O::UnauthorizedClient),
            Self::ResourceMismatch => {
                row(9_010_010, O::InvalidTarget, Redirect(O::InvalidTarget), O::InvalidTarget)
            }
        }
    }
}

/// How `kind` is delivered at `surface`.
#[must_use]
pub fn delivery(kind: EntraErrorKind, surface: Surface) -> Delivery {
    let faces = kind.faces();
    let status = |number| StatusCode::from_u16(number).unwrap_or(StatusCode::BAD_REQUEST);
    match surface {
        Surface::Discovery => Delivery::Json(StatusCode::BAD_REQUEST, faces.discovery),
        Surface::Token => Delivery::Json(status(faces.token.0), faces.token.1),
        Surface::Authorize { return_to: Some(return_to), interaction: Interaction::Forbidden } => {
            Delivery::Redirect(return_to, faces.silent)
        }
        Surface::Authorize { return_to, interaction: _ } => match (faces.front, return_to) {
            (Front::Redirect(error), Some(return_to)) => Delivery::Redirect(return_to, error),
            (Front::Redirect(_), None) => Delivery::Page(StatusCode::OK),
            (Front::Page(number), _) => Delivery::Page(status(number)),
            (Front::SignInAgain, _) => Delivery::SignInAgain,
        },
    }
}
