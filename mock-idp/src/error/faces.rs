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
    AuthorizationDeclined,
    AuthorizationPending,
    BadVerificationCode,
    ConsentRequired,
    ExpiredToken,
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
    /// The token endpoints, where a middle tier acts for a user: it has no page to show, and its caller has.
    OnBehalfOf,
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
    /// The page on which the user sets a new password.
    NewPassword,
    /// The page on which the user types a device's code.
    UserCode,
    /// The application gets it, once the redirect URI matched; before that, an error page.
    Redirect(OAuthError),
}

/// One code's faces: none where the code does not come up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faces {
    /// The AADSTS number.
    pub number: u32,
    /// Whether `error_uri` has a page for it.
    pub lookup: bool,
    /// At discovery: status and error.
    pub discovery: Option<(u16, OAuthError)>,
    /// At the token endpoint: status and error.
    pub token: Option<(u16, OAuthError)>,
    /// At the token endpoint for a middle tier that acts for a user, where it is another than `token`: status and error.
    pub on_behalf_of: Option<(u16, OAuthError)>,
    /// `suberror` of the token endpoint; client libraries decide by it whether to ask the user.
    pub suberror: Option<&'static str>,
    /// At the authorize endpoint and its pages.
    pub front: Option<Front>,
    /// At the authorize endpoint under `prompt=none`, once the redirect URI matched.
    pub silent: Option<OAuthError>,
    /// Which of them nobody has yet seen Entra itself give: inferred, or resting on one weak report.
    pub unverified: Unverified,
}

/// Which faces of a code are inferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unverified {
    /// None: captures, documentation or client libraries show them.
    Nothing,
    /// The one at the token endpoint.
    AtToken,
    /// All.
    Everything,
}

/// The row of `number`, for others to be added to.
const fn row(number: u32) -> Faces {
    Faces {
        number,
        lookup: true,
        discovery: None,
        token: None,
        on_behalf_of: None,
        suberror: None,
        front: None,
        silent: None,
        unverified: Unverified::Nothing,
    }
}

/// The row of a refusal by Conditional Access that nothing on a page can mend.
const fn refused_by_policy(number: u32) -> Faces {
    row(number)
        .token(OAuthError::InvalidGrant)
        .suberror("message_only")
        .interaction_on_behalf_of()
        .page()
        .silent(OAuthError::InteractionRequired)
}

impl Faces {
    const fn discovery(self, error: OAuthError) -> Self {
        self.discovery_with(400, error)
    }

    const fn discovery_with(self, status: u16, error: OAuthError) -> Self {
        Self { discovery: Some((status, error)), ..self }
    }

    const fn token(self, error: OAuthError) -> Self {
        self.token_with(400, error)
    }

    const fn token_with(self, status: u16, error: OAuthError) -> Self {
        Self { token: Some((status, error)), ..self }
    }

    /// The middle tier is to hand the `claims` on to its caller, which can show a page.
    const fn interaction_on_behalf_of(self) -> Self {
        Self { on_behalf_of: Some((400, OAuthError::InteractionRequired)), ..self }
    }

    const fn suberror(self, suberror: &'static str) -> Self {
        Self { suberror: Some(suberror), ..self }
    }

    const fn page(self) -> Self {
        self.page_with(200)
    }

    const fn page_with(self, status: u16) -> Self {
        Self { front: Some(Front::Page(status)), ..self }
    }

    const fn sign_in_again(self) -> Self {
        Self { front: Some(Front::SignInAgain), ..self }
    }

    const fn new_password(self) -> Self {
        Self { front: Some(Front::NewPassword), ..self }
    }

    const fn user_code(self) -> Self {
        Self { front: Some(Front::UserCode), ..self }
    }

    const fn redirect(self, error: OAuthError) -> Self {
        Self { front: Some(Front::Redirect(error)), silent: Some(error), ..self }
    }

    const fn silent(self, error: OAuthError) -> Self {
        Self { silent: Some(error), ..self }
    }

    const fn without_lookup(self) -> Self {
        Self { lookup: false, ..self }
    }

    const fn unverified(self) -> Self {
        Self { unverified: Unverified::Everything, ..self }
    }

    const fn unverified_at_token(self) -> Self {
        Self { unverified: Unverified::AtToken, ..self }
    }
}

impl Faces {
    /// Where the code is seen, a line for each surface.
    #[must_use]
    pub fn in_words(&self) -> Vec<String> {
        let mut places = Vec::new();
        match self.front {
            Some(Front::Page(status)) => {
                places.push(format!("sign-in: an error page (HTTP {status}); the user is not sent back to the client"));
            }
            Some(Front::SignInAgain) => {
                places.push("sign-in: a message on the sign-in page, which asks again".to_owned());
            }
            Some(Front::NewPassword) => {
                places.push("sign-in: a message on the page that asks for a new password".to_owned());
            }
            Some(Front::UserCode) => {
                places.push("sign-in for a device: a message on the page that asks for the device's code".to_owned());
            }
            Some(Front::Redirect(error)) => places.push(format!("sign-in: back at the client with error={error}")),
            None => {}
        }
        if let (Some(error), false) = (self.silent, matches!(self.front, Some(Front::Redirect(_)))) {
            places.push(format!("sign-in with prompt=none: back at the client with error={error}"));
        }
        if let Some((status, error)) = self.token {
            let suberror = self.suberror.map(|suberror| format!(", suberror {suberror}")).unwrap_or_default();
            places.push(format!("token endpoint: {status} with error {error}{suberror}"));
            if let Some((status, error)) = self.on_behalf_of {
                places.push(format!("token endpoint, on-behalf-of: {status} with error {error}{suberror}"));
            }
        }
        if let Some((status, error)) = self.discovery {
            places.push(format!("discovery: {status} with error {error}"));
        }
        match self.unverified {
            Unverified::Nothing => {}
            Unverified::AtToken => places.push(
                "how Entra itself shows it at the token endpoint is not established: that is inferred".to_owned(),
            ),
            Unverified::Everything => {
                places.push("how Entra itself shows it is not established: this is inferred".to_owned());
            }
        }
        places
    }
}

impl EntraErrorKind {
    /// The AADSTS number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.faces().number
    }

    /// The table.
    #[must_use]
    pub const fn faces(self) -> Faces {
        use OAuthError as O;
        match self {
            Self::SeveralSessions => row(16_000).silent(O::InteractionRequired),
            Self::PickedSessionInvalid => row(16_001).sign_in_again().unverified(),
            Self::RequestedSessionUnfit => row(16_002).silent(O::InteractionRequired).unverified(),
            Self::SeveralResources => row(28_000).token(O::InvalidScope).redirect(O::InvalidScope).unverified(),
            Self::EmptyScope => row(28_003).token(O::InvalidRequest).unverified(),
            // as captured, without suberror and claims
            Self::PlatformUnsupported => {
                row(50_005).token(O::InvalidGrant).page().silent(O::InteractionRequired).unverified()
            }
            Self::RedirectUriMismatch => row(50_011).page(),
            Self::AssertionRefused => row(50_012).token_with(401, O::InvalidClient).unverified(),
            Self::AssertionNotAuthentic => row(50_013).token(O::InvalidGrant),
            Self::GuestPending => row(50_014).token(O::InvalidGrant).page().unverified_at_token(),
            Self::UserFromOtherTenant => row(50_020).token(O::InvalidGrant).page(),
            Self::MalformedJwt => row(50_027).token(O::InvalidRequest).unverified(),
            Self::UserNotFound => row(50_034).token(O::InvalidGrant).sign_in_again(),
            Self::UnknownInstance => row(50_049).discovery(O::InvalidInstance),
            Self::AccountLocked => row(50_053).token(O::InvalidGrant).sign_in_again(),
            Self::PasswordExpired => {
                row(50_055).token(O::InvalidGrant).suberror("user_password_expired").new_password()
            }
            Self::NoPassword => row(50_056).token(O::InvalidGrant).sign_in_again(),
            Self::AccountDisabled => row(50_057).token(O::InvalidGrant).sign_in_again().silent(O::InteractionRequired),
            Self::NobodySignedIn => row(50_058).silent(O::LoginRequired),
            Self::NoTenantInformation => row(50_059).token(O::InvalidRequest),
            Self::MfaRegistrationInterrupted => row(50_072).silent(O::InteractionRequired).unverified(),
            Self::MfaNotPassed => row(50_074).page(),
            Self::MfaRequired => row(50_076)
                .token(O::InvalidGrant)
                .suberror("basic_action")
                .interaction_on_behalf_of()
                .silent(O::InteractionRequired),
            Self::MfaExpired => row(50_078).token(O::InvalidGrant).suberror("basic_action").unverified(),
            Self::MfaNotRegistered => {
                row(50_079).token(O::InvalidGrant).suberror("basic_action").interaction_on_behalf_of()
            }
            Self::FlowTokenExpired => row(50_089).page(),
            // 401, because it challenges the client to prove its device (captured)
            Self::DeviceAuthenticationRequired => {
                row(50_097).token_with(401, O::InvalidGrant).silent(O::InteractionRequired)
            }
            Self::UserNotAssigned => row(50_105).token(O::InvalidGrant).page().silent(O::InteractionRequired),
            Self::InvalidPassword => row(50_126).token(O::InvalidGrant).sign_in_again(),
            Self::SessionBeforePasswordChange => row(50_132).silent(O::LoginRequired).unverified(),
            Self::SessionRevoked => row(50_133).silent(O::LoginRequired).unverified(),
            Self::OnPremisesPasswordExpired => {
                row(50_144).token(O::InvalidGrant).suberror("user_password_expired").sign_in_again().unverified()
            }
            Self::SigningKeyMissing => {
                row(50_146).token(O::InvalidRequest).page().silent(O::InvalidRequest).unverified()
            }
            Self::CodeChallengeParameter => row(50_147).redirect(O::InvalidRequest),
            Self::DeviceAuthenticationFailed => row(50_155)
                .token(O::InvalidGrant)
                .suberror("device_authentication_failed")
                .page()
                .silent(O::InteractionRequired)
                .unverified(),
            Self::ExternalChallenge => row(50_158).token(O::InteractionRequired).silent(O::InteractionRequired),
            Self::GrantRevoked => row(50_173).token(O::InvalidGrant).suberror("bad_token"),
            Self::NotMultiTenant => row(50_194).token(O::InvalidRequest).page(),
            Self::ClientRequestLoop => row(50_196).token(O::InvalidGrant),
            Self::AppNotConfirmed => row(50_199).silent(O::InteractionRequired).unverified(),
            Self::DeviceNotCompliant => refused_by_policy(53_000).unverified(),
            Self::DeviceNotJoined => refused_by_policy(53_001).unverified(),
            Self::AppNotApproved => refused_by_policy(53_002).unverified(),
            Self::BlockedByPolicy => refused_by_policy(53_003),
            Self::RegistrationAtRisk => refused_by_policy(53_004).unverified(),
            // client libraries enrol the app in Intune by this; captured, without claims
            Self::AppProtectionRequired => {
                row(53_005).token(O::UnauthorizedClient).suberror("protection_policy_required")
            }
            Self::AppNotProtected => row(53_009).page().silent(O::InteractionRequired).unverified(),
            Self::RegistrationRestricted => row(53_010).page(),
            Self::RiskAtHome => row(53_011)
                .token(O::InvalidGrant)
                .suberror("message_only")
                .page()
                .silent(O::InteractionRequired)
                .unverified(),
            Self::CodeRedeemed => row(54_005).token(O::InvalidGrant),
            Self::ConsentRequired => {
                row(65_001).token(O::InvalidGrant).suberror("consent_required").silent(O::ConsentRequired)
            }
            Self::NotPreAuthorized => {
                row(65_002).token(O::InvalidRequest).page().silent(O::InvalidRequest).unverified()
            }
            Self::ConsentDeclined => row(65_004).redirect(O::AccessDenied),
            Self::ResourceNotRequired => row(65_005).token(O::InvalidResource).unverified(),
            Self::InvalidGrant => row(70_000).token(O::InvalidGrant),
            Self::UnsupportedGrantType => row(70_003).token(O::UnsupportedGrantType).without_lookup(),
            Self::UnsupportedResponseType => row(70_005).redirect(O::UnsupportedResponseType),
            Self::UnsupportedResponseMode => row(70_007).redirect(O::InvalidRequest).unverified(),
            Self::CodeExpired => row(70_008).token(O::InvalidGrant),
            Self::InvalidScope => row(70_011).token(O::InvalidScope).redirect(O::InvalidScope),
            Self::AuthorizationPending => row(70_016).token(O::AuthorizationPending),
            Self::BadVerificationCode => row(70_018).token(O::BadVerificationCode).user_code(),
            Self::VerificationCodeExpired => row(70_019).user_code(),
            // the v1 endpoint called it code_expired
            Self::DeviceCodeExpired => row(70_020).token(O::ExpiredToken),
            Self::SignInFrequency => row(70_043).token(O::InvalidGrant).suberror("token_expired").without_lookup(),
            Self::SessionFrequency => row(70_044).silent(O::InteractionRequired).unverified(),
            Self::TenantNotFound => row(90_002).discovery(O::InvalidTenant).token(O::InvalidRequest).page(),
            Self::SeveralHints => row(90_005).page().silent(O::InvalidRequest),
            Self::InvalidSessionId => row(90_007).page().silent(O::InvalidRequest),
            Self::RequestsItselfWithoutProfile => {
                row(90_008).token(O::InvalidGrant).page().silent(O::ConsentRequired).unverified()
            }
            Self::RequestsItselfByUri => {
                row(90_009).token(O::InvalidRequest).page().silent(O::InvalidRequest).unverified()
            }
            Self::InvalidInput => row(90_013).token(O::InvalidRequest),
            Self::CredentialFieldMissing => row(90_014).token_with(401, O::InvalidClient),
            Self::QueryTooLong => row(90_015).page(),
            Self::UnsupportedPrompt => row(90_023).page().unverified(),
            Self::ConsumersOnV1 => row(90_027).token(O::InvalidRequest).page(),
            Self::IssuerUnreachable => row(90_061).token(O::InvalidRequest),
            Self::AdminConsentRequired => row(90_094).page().silent(O::ConsentRequired),
            Self::ApprovalRequired => row(90_095).page().silent(O::ConsentRequired),
            Self::InvalidParameter => row(90_100).page().silent(O::InvalidRequest).unverified(),
            Self::NoAbsoluteUri => row(90_102).page(),
            Self::UserCodeMissing => row(90_119).user_code(),
            Self::DeviceFlowFinished => row(90_120).user_code().unverified(),
            Self::ResourceNotForConsumers => {
                row(90_124).token(O::InvalidRequest).page().silent(O::InvalidRequest).unverified()
            }
            Self::ApplicationNotForConsumers => row(90_130).token(O::InvalidRequest).page().unverified_at_token(),
            Self::CurrentPasswordWrong => row(120_000).new_password().unverified(),
            Self::NewPasswordWeak => row(120_002).new_password().unverified(),
            Self::NewPasswordHoldsName => row(120_003).new_password().unverified(),
            Self::RequestedSessionMissing => row(160_021).silent(O::InteractionRequired).unverified(),
            Self::ForeignInteraction => row(165_900).page_with(403).without_lookup().unverified(),
            Self::IdTokenAsAssertion => row(240_002).token(O::InvalidGrant).unverified(),
            Self::SamlApplication => row(399_274).token(O::InvalidRequest).page().unverified(),
            Self::ResourceNotFound => row(500_011).token(O::InvalidResource).redirect(O::InvalidResource),
            Self::ResourceDisabled => {
                row(500_014).token(O::InvalidResource).page().silent(O::InvalidResource).unverified()
            }
            // no failure of the client's credential, hence no 401
            Self::TenantRestricted => row(500_021).page(),
            Self::RedirectUriNotAsAuthorized => row(500_112).token(O::InvalidClient),
            Self::NoReplyAddress => row(500_113).page(),
            Self::WrongSecondFactor => row(500_121).sign_in_again().unverified(),
            Self::OnBehalfOfAudience => row(500_131).token(O::InvalidGrant),
            Self::OnBehalfOfTimeRange => row(500_133).token(O::InvalidGrant),
            Self::PersonalAccountUnsupported => {
                row(500_200).token(O::InvalidGrant).page().silent(O::InteractionRequired).unverified()
            }
            Self::PersonalAccountOnV1 => row(500_201).token(O::InvalidGrant).redirect(O::AccessDenied).unverified(),
            Self::AccountTypeForResource => {
                row(500_207).token(O::InvalidGrant).page().silent(O::InteractionRequired).unverified()
            }
            Self::DomainForAccountType => {
                row(500_208).token(O::InvalidGrant).page().silent(O::InteractionRequired).unverified()
            }
            Self::OutboundBlocked => {
                row(500_212).token(O::InvalidGrant).page().silent(O::InteractionRequired).unverified()
            }
            Self::InboundBlocked => {
                row(500_213).token(O::InvalidGrant).page().silent(O::InteractionRequired).unverified()
            }
            Self::ApplicationNotAssigned => row(501_051).token(O::InvalidGrant),
            Self::MappedClaimsAudience => {
                row(501_461).token(O::InvalidRequest).page().silent(O::InvalidRequest).unverified()
            }
            Self::VerifierMismatch => row(501_481).token(O::InvalidGrant),
            Self::CodeChallengeMalformed => row(501_491).redirect(O::InvalidRequest),
            Self::DeviceNotManaged => row(530_003).token(O::InvalidGrant).suberror("message_only").page().unverified(),
            Self::BlockedBySecurityDefaults => {
                row(530_035).token(O::InvalidGrant).suberror("message_only").page().unverified()
            }
            Self::ServicePrincipalMissing => {
                row(650_052).token(O::InvalidResource).redirect(O::InvalidClient).unverified_at_token()
            }
            Self::ScopeNotOnResource => {
                row(650_053).token(O::InvalidScope).redirect(O::InvalidClient).without_lookup().unverified_at_token()
            }
            Self::ResourceRemoved => {
                row(650_054).token(O::InvalidResource).page().silent(O::InvalidResource).unverified()
            }
            Self::Misconfigured => row(650_056).page().silent(O::InvalidClient).unverified(),
            Self::ResourceNotListed => row(650_057).redirect(O::InvalidResource),
            Self::DeviceNotFound => row(700_003)
                .token(O::InvalidGrant)
                .suberror("device_authentication_failed")
                .page()
                .silent(O::InteractionRequired)
                .unverified(),
            Self::CodeOfOtherTenant => row(700_005).token(O::InvalidGrant),
            Self::GrantOfOtherClient => row(700_007).token(O::InvalidGrant).unverified(),
            Self::ClientNotFound => row(700_016).token(O::UnauthorizedClient).page(),
            Self::AssertionOfOtherClient => row(700_021).token_with(401, O::InvalidClient),
            Self::AssertionAudience => row(700_023).token_with(401, O::InvalidClient),
            Self::AssertionTimeRange => row(700_024).token_with(401, O::InvalidClient),
            Self::PublicClientCredential => row(700_025).token_with(401, O::InvalidClient),
            Self::AssertionSignature => row(700_027).token_with(401, O::InvalidClient),
            Self::InvalidClientId => row(700_038).token(O::UnauthorizedClient).page().without_lookup(),
            Self::TokenResponseDisabled => row(700_051).redirect(O::UnsupportedResponseType),
            Self::IdTokenResponseDisabled => row(700_054).redirect(O::UnsupportedResponseType),
            Self::RefreshTokenExpired => row(700_082).token(O::InvalidGrant),
            Self::SpaRefreshTokenExpired => row(700_084).token(O::InvalidGrant),
            Self::AuthorizationDeclined => row(700_171).token(O::AuthorizationDeclined).unverified(),
            Self::FederatedIssuer => row(700_211).token_with(401, O::InvalidClient),
            Self::FederatedAudience => row(700_212).token_with(401, O::InvalidClient),
            Self::FederatedSubject => row(700_213).token_with(401, O::InvalidClient),
            Self::FederatedTokenOfUser => row(700_229).token(O::InvalidRequest).unverified(),
            Self::TenantMalformed => row(900_023).discovery(O::InvalidRequest).token(O::InvalidRequest).page(),
            Self::MissingParameter => {
                row(900_144).discovery(O::InvalidRequest).token(O::InvalidRequest).redirect(O::InvalidRequest)
            }
            Self::WrongMethod => {
                row(900_561).discovery_with(405, O::InvalidRequest).token_with(405, O::InvalidRequest).page_with(405)
            }
            Self::NoReplyAddressGiven => row(900_971).page(),
            Self::ResourceParameterUnsupported => {
                row(901_002).token(O::InvalidRequest).page().silent(O::InvalidRequest).unverified()
            }
            Self::ScopeNotDefault => row(1_002_012).token(O::InvalidScope),
            Self::AssertionWithoutKey => row(5_002_723).token_with(401, O::InvalidClient),
            Self::AssertionType => row(5_002_727).token_with(401, O::InvalidClient).without_lookup(),
            Self::AssertionAlgorithm => row(5_002_738).token_with(401, O::InvalidClient),
            Self::ApplicationDisabled => {
                row(7_000_112).token(O::UnauthorizedClient).page().silent(O::UnauthorizedClient)
            }
            Self::NoOnBehalfOfApplications => row(7_000_114).token(O::UnauthorizedClient),
            Self::InvalidClientSecret => row(7_000_215).token_with(401, O::InvalidClient),
            Self::AppCredentialMissing => row(7_000_216).token_with(401, O::InvalidClient),
            Self::CredentialMissing => row(7_000_218).token_with(401, O::InvalidClient),
            Self::ClientSecretExpired => row(7_000_222).token_with(401, O::InvalidClient),
            Self::ClientServicePrincipalMissing => row(7_000_229).token_with(401, O::InvalidClient),
            Self::DuplicatedParameter => row(9_000_411).token(O::InvalidRequest).page(),
            Self::GrantNeedsTenant => row(9_001_023).token(O::InvalidRequest),
            Self::Malformed => row(9_002_313).token(O::InvalidGrant),
            Self::PkceRequired => row(9_002_325).page().silent(O::InvalidRequest),
            Self::CrossOriginRedemption => row(9_002_326).token(O::InvalidRequest),
            Self::SameOriginRedemption => row(9_002_327).token(O::InvalidRequest),
            Self::PersonalAccountsOnly => row(9_002_331).token(O::UnauthorizedClient).page().unverified_at_token(),
            Self::OrganizationsOnly => row(9_002_332).token(O::InvalidRequest).page().unverified_at_token(),
            Self::ResourceMismatch => row(9_010_010).token(O::InvalidTarget).redirect(O::InvalidTarget),
        }
    }
}

/// How `kind` is delivered at `surface`. Where the table has no face for it, the plainest one serves.
#[must_use]
pub fn delivery(kind: EntraErrorKind, surface: Surface) -> Delivery {
    let faces = kind.faces();
    let status = |number| StatusCode::from_u16(number).unwrap_or(StatusCode::BAD_REQUEST);
    match surface {
        Surface::Discovery => {
            let (number, error) = faces.discovery.unwrap_or((400, OAuthError::InvalidRequest));
            Delivery::Json(status(number), error)
        }
        Surface::Token | Surface::OnBehalfOf => {
            let own = faces.on_behalf_of.filter(|_| matches!(surface, Surface::OnBehalfOf));
            let (number, error) = own.or(faces.token).unwrap_or((400, OAuthError::InvalidRequest));
            Delivery::Json(status(number), error)
        }
        Surface::Authorize { return_to: Some(return_to), interaction: Interaction::Forbidden } => {
            Delivery::Redirect(return_to, faces.silent.unwrap_or(OAuthError::InteractionRequired))
        }
        Surface::Authorize { return_to, interaction: _ } => match (faces.front, return_to) {
            (Some(Front::Redirect(error)), Some(return_to)) => Delivery::Redirect(return_to, error),
            (Some(Front::Redirect(_)) | None, _) => Delivery::Page(StatusCode::OK),
            (Some(Front::Page(number)), _) => Delivery::Page(status(number)),
            (Some(Front::SignInAgain | Front::NewPassword | Front::UserCode), _) => Delivery::SignInAgain,
        },
    }
}
