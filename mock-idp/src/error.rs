//! What Entra refuses a request with: one variant per AADSTS code, with its number and its message.
//!
//! A code has several faces: [`faces`] is the one table of (surface, code) → delivery, and [`envelope`] the one place
//! that writes the OAuth error object. [`meaning`] says each code in words.

pub mod challenge;
pub mod envelope;
pub mod faces;
pub mod meaning;

use strum::{EnumDiscriminants, EnumIter};
use uuid::Uuid;

use self::challenge::Challenge;

/// A refusal. Its text is the message behind `AADSTS<number>: `.
///
/// Source of numbers and meanings: Microsoft identity platform, "Microsoft Entra authentication and authorization
/// error codes".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(
    name(EntraErrorKind),
    derive(EnumIter, Hash, PartialOrd, Ord),
    doc = "The codes, without what a request adds to them."
)]
pub enum EntraError {
    /// 16000: `prompt=none`, and several accounts could be meant.
    #[error(
        "Several accounts are signed in to this browser, and application '{client_id}' says of none that it is the one. The user must select an account."
    )]
    SeveralSessions {
        /// The client.
        client_id: Uuid,
    },
    /// 16001: the account picked on the page is not signed in any more. Shown on the page.
    #[error("The account that was selected is not valid any more. Select another one, or sign in.")]
    PickedSessionInvalid,
    /// 16002: `prompt=none` with the `sid` of a session that the rest of the request excludes.
    #[error("The session requirement that the application named by its sid was not met.")]
    RequestedSessionUnfit,
    /// 28000: scopes of more than one resource where a token of one is asked for, at either endpoint.
    #[error(
        "The value given for the input parameter 'scope' is not valid because it holds more than one resource. The scope '{scope}' is not valid."
    )]
    SeveralResources {
        /// The scope text.
        scope: String,
    },
    /// 28003: an explicit, empty scope when a code is redeemed.
    #[error(
        "The value given for the input parameter 'scope' cannot be empty when an access token is requested with the provided authorization code. Give a valid scope."
    )]
    EmptyScope,
    /// 50005: a policy demands a device, and the platform is none that can prove one.
    #[error(
        "The sign-in came from a device platform ({platform}) that Conditional Access policies do not support. The supported ones are iOS, Android, macOS and Windows."
    )]
    PlatformUnsupported {
        /// The platform.
        platform: &'static str,
    },
    /// 50011: the redirect URI is not registered. Always a page: there is no trusted address to return to.
    #[error(
        "The redirect URI '{redirect_uri}' specified in the request does not match the redirect URIs configured for the application '{client_id}'. Make sure the redirect URI sent in the request matches one added to your application. See https://aka.ms/redirectUriMismatchError for how to fix this."
    )]
    RedirectUriMismatch {
        /// The address asked for.
        redirect_uri: String,
        /// The client.
        client_id: Uuid,
    },
    /// 50012: a client assertion that was used before, where `idp.replayed_assertions` refuses that. Entra itself takes it again, and gives the code for other failures of a certificate.
    #[error("Authentication failed: the client assertion was used before.")]
    AssertionRefused,
    /// 50013: an on-behalf-of assertion that this identity provider did not sign for others to verify.
    #[error(
        "Assertion failed signature validation. [Reason - {reason}, Thumbprint of key used by client: '{thumbprint}', the keys that are configured can be seen in the Azure portal, in Graph Explorer or with Microsoft Graph.]"
    )]
    AssertionNotAuthentic {
        /// What is wrong.
        reason: &'static str,
        /// What the header calls the key by.
        thumbprint: String,
    },
    /// 50014: a guest who has not taken up the invitation.
    #[error(
        "The user's redemption of the invitation to the tenant '{tenant}' is pending: the guest account cannot be used before."
    )]
    GuestPending {
        /// The display name of the tenant asked for.
        tenant: String,
    },
    /// 50020: a user of another tenant, who is no guest here. Never redirects.
    #[error(
        "User account '{{EUII Hidden}}' from identity provider '{identity_provider}' does not exist in tenant '{tenant}' and cannot access the application '{client_id}'({client_name}) in that tenant. The account needs to be added as an external user in the tenant first. Sign out and sign in again with a different account."
    )]
    UserFromOtherTenant {
        /// The issuer of the user's own tenant.
        identity_provider: String,
        /// The display name of the tenant asked for.
        tenant: String,
        /// The client.
        client_id: Uuid,
        /// Its display name.
        client_name: String,
    },
    /// 50027: an assertion that is no signed JWT, or one with a member given twice.
    #[error("JWT token is invalid or malformed.")]
    MalformedJwt,
    /// 50034: no such user. Shown on the sign-in page.
    #[error(
        "The user account {{EUII Hidden}} does not exist in the {tenant} directory. To sign in to this application, the account must be added to the directory."
    )]
    UserNotFound {
        /// The directory that was searched.
        tenant: String,
    },
    /// 50049: instance discovery for a host that is no cloud.
    #[error("Unknown or invalid instance '{instance}'.")]
    UnknownInstance {
        /// The host.
        instance: String,
    },
    /// 50053: the account is locked. Shown on the sign-in page.
    #[error(
        "The account is locked: too many sign-ins were tried with a wrong user ID or password, or an administrator locked it."
    )]
    AccountLocked,
    /// 50055: the password is right, but has expired, or must be changed at the first sign-in. The pages ask for another.
    #[error("The password has expired and must be changed.")]
    PasswordExpired,
    /// 50056: the directory holds no password of the user. Shown on the sign-in page.
    #[error("Invalid or null password: the directory holds no password of this user.")]
    NoPassword,
    /// 50057: the account is disabled. Shown on the sign-in page.
    #[error("The user account is disabled.")]
    AccountDisabled,
    /// 50058: `prompt=none`, and nobody is signed in.
    #[error("A silent sign-in request was sent but no user is signed in.")]
    NobodySignedIn,
    /// 50059: at `/organizations`, an application asks for a token for itself, which only a tenant can give. Source: reports of 2019 to 2022.
    #[error("No tenant-identifying information found in either the request or implied by any provided credentials.")]
    NoTenantInformation,
    /// 50072: prompt=none, and a policy demands a second factor, of which the user has none.
    #[error(
        "An administrator changed the configuration, or you moved to a new location: you must enroll in multi-factor authentication to access '{resource}'."
    )]
    MfaRegistrationInterrupted {
        /// The client id of the resource.
        resource: Uuid,
        /// What the client must repeat in `claims`.
        challenge: Challenge,
    },
    /// 50074: the second factor was asked for on a page, and not given.
    #[error("Strong authentication is required, and the user did not pass the MFA challenge.")]
    MfaNotPassed {
        /// What the client must repeat in `claims`.
        challenge: Challenge,
    },
    /// 50076: a policy demands a second factor.
    #[error(
        "An administrator changed the configuration, or you moved to a new location: you must use multi-factor authentication to access '{resource}'."
    )]
    MfaRequired {
        /// The client id of the resource.
        resource: Uuid,
        /// What the client must repeat in `claims`.
        challenge: Challenge,
    },
    /// 50078: the second factor was given too long ago.
    #[error(
        "The multifactor authentication that was presented has expired by a policy of the administrator. It must be refreshed to access '{resource}'."
    )]
    MfaExpired {
        /// The client id of the resource.
        resource: Uuid,
        /// What the client must repeat in `claims`.
        challenge: Challenge,
    },
    /// 50079: at the token endpoint, a policy demands a second factor, of which the user has none.
    #[error(
        "An administrator changed the configuration, or you moved to a new location: you must enroll in multi-factor authentication to access '{resource}'."
    )]
    MfaNotRegistered {
        /// The client id of the resource.
        resource: Uuid,
        /// What the client must repeat in `claims`.
        challenge: Challenge,
    },
    /// 50089: the sign-in page was left open too long.
    #[error("Authentication failed because the flow token expired. Sign in again.")]
    FlowTokenExpired,
    /// 50097: a policy demands a device, and the request presents none.
    #[error("Device authentication is required.")]
    DeviceAuthenticationRequired {
        /// What the client must repeat in `claims`.
        challenge: Challenge,
    },
    /// 50105: the application requires assignment, and the user has none.
    #[error(
        "The administrator has configured the application {client_name} ('{client_id}') to admit only users who are assigned to it. The signed-in user '{{EUII Hidden}}' is not assigned, directly or by a group. An administrator must assign the user."
    )]
    UserNotAssigned {
        /// The application that requires it.
        client_id: Uuid,
        /// Its display name.
        client_name: String,
    },
    /// 50126: the password is wrong. Shown on the sign-in page.
    #[error("Error validating credentials due to invalid username or password.")]
    InvalidPassword,
    /// 50132: `prompt=none`, and the session began before the password was changed. Where Entra shows it is not
    /// established: its documentation gives 50132 and 50133 the same words.
    #[error("The session is not valid because the password expired or was changed recently.")]
    SessionBeforePasswordChange,
    /// 50133: `prompt=none`, and the session began before an administrator revoked all. As 50132.
    #[error("The session was revoked, or is not valid because the password expired or was changed recently.")]
    SessionRevoked,
    /// 50144: the password of a user from an on-premises Active Directory has expired.
    #[error(
        "The user's Active Directory password has expired. The user has to change the password on-premises, or reset it where self-service is set up."
    )]
    OnPremisesPasswordExpired,
    /// 50146: an application needs a signing key of its own, and has none that is good now.
    #[error(
        "This application has to have a signing key of its own. Either none is configured, or the key has expired or is not yet valid."
    )]
    SigningKeyMissing,
    /// 50147: a code challenge parameter is missing or unknown.
    #[error("Missing or unsupported code challenge parameter: '{parameter}'.")]
    CodeChallengeParameter {
        /// The parameter at fault.
        parameter: &'static str,
    },
    /// 50155: a policy demands a device, and the one that is presented is disabled.
    #[error("The device could not be authenticated for this user.")]
    DeviceAuthenticationFailed {
        /// What the client must repeat in `claims`.
        challenge: Challenge,
    },
    /// 50158: a policy demands something that only a page of its own can ask for, such as terms of use.
    #[error("An external security challenge was not satisfied. The user will be sent to another page to satisfy it.")]
    ExternalChallenge {
        /// What the client must repeat in `claims`.
        challenge: Challenge,
    },
    /// 50173: the refresh token, or code, is from before the user's grants were revoked.
    #[error(
        "The provided grant has expired because it was revoked, and a new sign-in is needed. The user's password might have been changed or reset. The grant was issued on '{issued}', and the TokensValidFrom date of this user, before which no token is valid, is '{valid_from}'."
    )]
    GrantRevoked {
        /// When the grant was issued.
        issued: String,
        /// Since when grants are valid.
        valid_from: String,
    },
    /// 50194: a single-tenant application at `/common` or `/organizations`.
    #[error(
        "Application '{client_id}'({client_name}) is not configured as a multi-tenant application. Usage of the /{segment} endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or configure the application to be multi-tenant."
    )]
    NotMultiTenant {
        /// The client.
        client_id: Uuid,
        /// Its display name.
        client_name: String,
        /// `common` or `organizations`.
        segment: String,
    },
    /// 50196: a client asks for the same again and again.
    #[error(
        "The operation was ended because the client sent the same request again and again. Contact the app vendor."
    )]
    ClientRequestLoop,
    /// 50199: `prompt=none` of an application whose address is of a scheme of its own: the user would have to confirm it.
    #[error(
        "For security reasons, user confirmation is required for this request: the redirect URI is no web address. Allow the user to interact."
    )]
    AppNotConfirmed,
    /// 53000: a policy demands a compliant device.
    #[error(
        "The device is not in the required device state: compliant. Conditional Access requires a compliant device, and this one is not."
    )]
    DeviceNotCompliant {
        /// What the client must repeat in `claims`.
        challenge: Challenge,
    },
    /// 53001: a policy demands a hybrid joined device.
    #[error(
        "The device is not in the required device state: domain_joined. Conditional Access requires a domain joined device, and this one is not."
    )]
    DeviceNotJoined {
        /// What the client must repeat in `claims`.
        challenge: Challenge,
    },
    /// 53002: a policy demands an approved client app.
    #[error(
        "The application '{client_id}' is not an approved application for Conditional Access. The user needs one of the approved applications to get access."
    )]
    AppNotApproved {
        /// The client.
        client_id: Uuid,
        /// What the client must repeat in `claims`.
        challenge: Challenge,
    },
    /// 53003: a policy blocks access.
    #[error("Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.")]
    BlockedByPolicy {
        /// What the client must repeat in `claims`.
        challenge: Challenge,
    },
    /// 53004: a policy demands a second factor because of a risk, and the user has registered none.
    #[error(
        "The user has to complete the registration for multifactor authentication before this can be accessed, and a sign-in at risk cannot do so."
    )]
    RegistrationAtRisk {
        /// What the client must repeat in `claims`.
        challenge: Challenge,
    },
    /// 53005: a policy demands an app protection policy; at the token endpoint.
    #[error("The application has to enforce Intune protection policies.")]
    AppProtectionRequired,
    /// 53009: the same while the user signs in.
    #[error("The application has to enforce Intune protection policies for this user.")]
    AppNotProtected {
        /// What the client must repeat in `claims`.
        challenge: Challenge,
    },
    /// 53010: a policy stands before the registration of a second factor.
    #[error(
        "Methods of multifactor authentication cannot be registered here: the organization requires this to be done from certain locations or devices."
    )]
    RegistrationRestricted,
    /// 53011: a guest whom the home tenant holds for compromised.
    #[error("The user is blocked because of a risk in the home tenant.")]
    RiskAtHome,
    /// 54005: the code has been redeemed before.
    #[error(
        "OAuth2 authorization code was already redeemed. Retry with a new valid code or use an existing refresh token."
    )]
    CodeRedeemed,
    /// 65001: nobody has agreed that the client does this.
    #[error(
        "The user or administrator has not consented to use the application with ID '{client_id}' named '{client_name}'. Send an interactive authorization request for this user and resource."
    )]
    ConsentRequired {
        /// The client.
        client_id: Uuid,
        /// Its display name.
        client_name: String,
    },
    /// 65002: two applications of Microsoft's own, of which one has not authorized the other.
    #[error(
        "Consent between first party application '{client_id}' and first party resource '{resource}' must be configured by pre-authorization: the owner of the API has to approve the application before it can request tokens."
    )]
    NotPreAuthorized {
        /// The client.
        client_id: Uuid,
        /// The resource's client id.
        resource: Uuid,
    },
    /// 65004: the user said no.
    #[error("User declined to consent to access the app.")]
    ConsentDeclined,
    /// 65005: at the v1 token endpoint, a resource that the client's registration does not list.
    #[error(
        "The client application asks for the resource '{resource}', which its registration does not list among the resources that it requires (requiredResourceAccess)."
    )]
    ResourceNotRequired {
        /// The resource as asked for.
        resource: String,
    },
    /// 70000: a signed grant that is none of ours, or not of the kind asked for.
    #[error("Provided grant is invalid or malformed. The value of the input parameter '{parameter}' is not valid.")]
    InvalidGrant {
        /// `code` or `refresh_token`.
        parameter: &'static str,
    },
    /// 70003: a grant type that the endpoint does not serve.
    #[error("The app requested an unsupported grant type '{grant_type}'.")]
    UnsupportedGrantType {
        /// The grant type.
        grant_type: String,
    },
    /// 70005: a response type that nothing serves, or an id token without the scope `openid`.
    #[error("The app requested the unsupported response type '{response_type}'{reason}")]
    UnsupportedResponseType {
        /// The response type.
        response_type: String,
        /// Why, ending the sentence.
        reason: &'static str,
    },
    /// 70007: a response mode that the endpoint does not serve, or `query` for a token.
    #[error("'{response_mode}' is not a supported value of 'response_mode' {purpose}.")]
    UnsupportedResponseMode {
        /// The response mode.
        response_mode: String,
        /// For what.
        purpose: &'static str,
    },
    /// 70008: the code is too old.
    #[error(
        "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource. The grant was issued on {issued} and was valid for {minutes} minutes."
    )]
    CodeExpired {
        /// When the code was issued.
        issued: String,
        /// Its lifetime.
        minutes: i64,
    },
    /// 70011: a scope text that is not one.
    #[error(
        "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope '{scope}' is not valid{reason}"
    )]
    InvalidScope {
        /// The scope text.
        scope: String,
        /// Why, ending the sentence.
        reason: &'static str,
    },
    /// 70016: the device asks, and its user has not signed in yet.
    #[error(
        "OAuth 2.0 device flow: the authorization is pending, because the user has not signed in yet. Continue polling."
    )]
    AuthorizationPending,
    /// 70018: a device code that is none, or on the page a user code that no device shows.
    #[error("The verification code is not valid: the user may have typed a wrong user code.")]
    BadVerificationCode,
    /// 70019: on the page, a user code whose time is over.
    #[error("The verification code has expired. Let the user try the sign-in again.")]
    VerificationCodeExpired,
    /// 70020: a device asks with a code whose time is over.
    #[error(
        "The value provided for the input parameter 'device_code' is not valid, because the device code has expired."
    )]
    DeviceCodeExpired,
    /// 70043: the sign-in behind a grant is older than a policy allows.
    #[error(
        "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access. The token was issued on {issued} and the maximum allowed lifetime for this request is {seconds}."
    )]
    SignInFrequency {
        /// When the user signed in.
        issued: String,
        /// How old a sign-in may be.
        seconds: u32,
        /// What the client must repeat in `claims`.
        challenge: Challenge,
    },
    /// 70044: prompt=none, and the session is older than a policy allows.
    #[error("The session has expired or is invalid due to sign-in frequency checks by conditional access.")]
    SessionFrequency {
        /// What the client must repeat in `claims`.
        challenge: Challenge,
    },
    /// 90002: no such tenant.
    #[error(
        "Tenant '{tenant}' not found. Check that the tenant ID is correct and that you are signing in to the right cloud. This may happen if there are no active subscriptions for the tenant."
    )]
    TenantNotFound {
        /// The path segment.
        tenant: String,
    },
    /// 90005: both hints at once.
    #[error(
        "Unable to complete the request. It is not valid because an identifier and a login hint cannot be used together."
    )]
    SeveralHints,
    /// 90007: a `sid` that is no GUID.
    #[error("Bad request. The session id that was passed cannot be parsed.")]
    InvalidSessionId,
    /// 90008: an application asks for a token for itself, and for nothing that would let it read who the user is.
    #[error(
        "The user or administrator has not consented to use the application with ID '{client_id}'. The application is misconfigured: it must require access to Microsoft Graph by at least the permission to sign in and read the user profile."
    )]
    RequestsItselfWithoutProfile {
        /// The client.
        client_id: Uuid,
    },
    /// 90009: an application asks for a token for itself by URI.
    #[error(
        "Application '{client_id}'({client_name}) is requesting a token for itself. This scenario is supported only if the resource is specified using the GUID based App Identifier."
    )]
    RequestsItselfByUri {
        /// The client.
        client_id: Uuid,
        /// Its display name.
        client_name: String,
    },
    /// 90013: input that contradicts itself.
    #[error("Invalid input received from the user: {reason}")]
    InvalidInput {
        /// What is wrong, a sentence.
        reason: &'static str,
    },
    /// 90014: a client assertion without a claim that it needs.
    #[error(
        "The required field '{field}' is missing from the credential. Ensure that you have all the necessary parameters for the login request."
    )]
    CredentialFieldMissing {
        /// The claim.
        field: &'static str,
    },
    /// 90015: the query is too long.
    #[error("The query string of the request is too long.")]
    QueryTooLong,
    /// 90023: an unknown `prompt`.
    #[error("Unsupported 'prompt' value.")]
    UnsupportedPrompt,
    /// 90027: a v1 endpoint of personal accounts.
    #[error(
        "No tokens are issued from this API version on the tenant of Microsoft accounts. Contact the application vendor: it has to use version 2.0 of the protocol."
    )]
    ConsumersOnV1,
    /// 90061: the keys of the issuer of a federated credential cannot be had.
    #[error("Request to External OIDC endpoint failed.")]
    IssuerUnreachable,
    /// 90094: only an administrator may consent to this.
    #[error(
        "Admin consent is required for the permissions requested by this application ({client_name}). An administrator of {tenant} must grant it before you can sign in."
    )]
    AdminConsentRequired {
        /// The client's display name.
        client_name: String,
        /// The tenant's display name.
        tenant: String,
    },
    /// 90095: the same, and the user may ask an administrator.
    #[error(
        "Approval of an administrator is required for the permissions requested by this application ({client_name}). You can request it from the administrators of {tenant}."
    )]
    ApprovalRequired {
        /// The client's display name.
        client_name: String,
        /// The tenant's display name.
        tenant: String,
    },
    /// 90100: a parameter that cannot be read.
    #[error("The parameter '{parameter}' is empty or not valid.")]
    InvalidParameter {
        /// Its name.
        parameter: &'static str,
    },
    /// 90102: a parameter that must be an address, and is none.
    #[error("The value of '{parameter}' must be a valid absolute URI.")]
    NoAbsoluteUri {
        /// Its name.
        parameter: &'static str,
    },
    /// 90119: on the page, no user code.
    #[error("The user code is empty.")]
    UserCodeMissing,
    /// 90120: on the page, a user code with which somebody has signed in or declined.
    #[error("The request has already been authorized or declined.")]
    DeviceFlowFinished,
    /// 90124: at `/consumers`, a resource that takes no personal accounts.
    #[error(
        "Resource '{resource}'({resource_name}) is not supported over the /common or /consumers endpoints. Use the /organizations or tenant-specific endpoint."
    )]
    ResourceNotForConsumers {
        /// The resource's client id.
        resource: Uuid,
        /// Its display name.
        resource_name: String,
    },
    /// 90130: at `/consumers`, an application of Microsoft's own that takes no personal accounts.
    #[error(
        "Application '{client_id}'({client_name}) is not supported over the /common or /consumers endpoints. Use the /organizations or tenant-specific endpoint."
    )]
    ApplicationNotForConsumers {
        /// The client.
        client_id: Uuid,
        /// Its display name.
        client_name: String,
    },
    /// 120000: on the page for a new password, the current one is wrong.
    #[error("The password cannot be changed because the current password is wrong.")]
    CurrentPasswordWrong,
    /// 120002: the new password is too weak.
    #[error("The password cannot be changed because the new password is too weak.")]
    NewPasswordWeak,
    /// 120003: the new password holds the user's name.
    #[error("The password cannot be changed because the new password contains the user's name.")]
    NewPasswordHoldsName,
    /// 160021: `prompt=none` with a `sid` of no session in this browser.
    #[error("The application requested a user session which does not exist.")]
    RequestedSessionMissing,
    /// 165900: a form of the sign-in pages that belongs to no sign-in of this browser.
    #[error("Invalid request. The form does not belong to a sign-in that was started in this browser.")]
    ForeignInteraction,
    /// 240002: an id token as the assertion of an on-behalf-of request.
    #[error("Input id_token cannot be used as 'urn:ietf:params:oauth:grant-type:jwt-bearer' grant.")]
    IdTokenAsAssertion,
    /// 399274: an application whose single sign-on is set to SAML.
    #[error(
        "The application '{client_id}'({client_name}) is configured for SAML SSO, and cannot be used with OAuth 2.0 or OpenID Connect."
    )]
    SamlApplication {
        /// The client.
        client_id: Uuid,
        /// Its display name.
        client_name: String,
    },
    /// 500011: no such resource in the tenant.
    #[error(
        "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant."
    )]
    ResourceNotFound {
        /// The resource as asked for.
        resource: String,
        /// The tenant's display name.
        tenant: String,
    },
    /// 500014: the resource is switched off.
    #[error(
        "The service principal for resource '{resource}'({resource_name}) is disabled in the tenant '{tenant}'. Either a subscription within the tenant has lapsed, or the administrator has disabled the application, so that no tokens are issued for it."
    )]
    ResourceDisabled {
        /// The resource's display name.
        resource_name: String,
        /// Its client id.
        resource: Uuid,
        /// The tenant's display name.
        tenant: String,
    },
    /// 500021: the network's proxy permits other tenants only.
    #[error("Access to '{tenant}' tenant is denied.")]
    TenantRestricted {
        /// The tenant's display name.
        tenant: String,
    },
    /// 500112: not the redirect URI that the code was sent to.
    #[error(
        "The reply address '{received}' does not match the reply address '{expected}' provided when requesting the authorization code."
    )]
    RedirectUriNotAsAuthorized {
        /// The one of the token request.
        received: String,
        /// The one of the authorize request.
        expected: String,
    },
    /// 500113: the client has no redirect URI at all.
    #[error("No reply address is registered for the application.")]
    NoReplyAddress,
    /// 500121: the code of the second factor is wrong. Shown on its page.
    #[error("Authentication failed during the strong authentication request.")]
    WrongSecondFactor,
    /// 500131: an on-behalf-of assertion that is a token for another application.
    #[error(
        "Assertion audience does not match the Client app presenting the assertion. The audience in the assertion was '{audience}' and the expected audience is '{client_id}' or one of the Application Uris of this application with App ID '{client_id}'({client_name}). The downstream client must request a token for the expected audience, and this application must use that token as the assertion."
    )]
    OnBehalfOfAudience {
        /// `aud` of the assertion.
        audience: String,
        /// The middle tier.
        client_id: Uuid,
        /// Its display name.
        client_name: String,
    },
    /// 500133: an on-behalf-of assertion that is not valid now.
    #[error(
        "Assertion is not within its valid time range. Ensure that the access token is not expired before using it for user assertion, or request a new token. Current time: {now}, expiry time of assertion {expires}."
    )]
    OnBehalfOfTimeRange {
        /// The instant of the request.
        now: String,
        /// `exp`.
        expires: String,
    },
    /// 500200: a personal account where path or application take none.
    #[error(
        "User account '{{EUII Hidden}}' is a personal Microsoft account. Personal Microsoft accounts are not supported for this application unless they are invited to an organization. Sign out and sign in again with an organizational account."
    )]
    PersonalAccountUnsupported,
    /// 500201: a personal account at a v1 endpoint.
    #[error(
        "No tokens are issued from this API version for a Microsoft account. Contact the application vendor: it has to use version 2.0 of the protocol."
    )]
    PersonalAccountOnV1,
    /// 500207: a personal account, and a resource that takes none.
    #[error("The account type can't be used for the resource you're trying to access.")]
    AccountTypeForResource {
        /// The resource's client id.
        resource: Uuid,
        /// Its display name.
        resource_name: String,
    },
    /// 500208: an organisation's account at `/consumers`.
    #[error("The domain is not a valid login domain for the account type.")]
    DomainForAccountType,
    /// 500212: the guest's own tenant lets its users not be guests in the other.
    #[error(
        "The administrator of the user's tenant has set an outbound access policy that does not allow access to the resource tenant."
    )]
    OutboundBlocked,
    /// 500213: the tenant lets no guests of the user's own in.
    #[error("The cross-tenant access policy of the resource tenant does not allow this user to access this tenant.")]
    InboundBlocked,
    /// 501051: an application without a role at a resource that requires assignment.
    #[error(
        "Application '{client_id}'({client_name}) is not assigned to a role for the application '{resource}'({resource_name})."
    )]
    ApplicationNotAssigned {
        /// The client.
        client_id: Uuid,
        /// Its display name.
        client_name: String,
        /// The resource.
        resource: Uuid,
        /// Its display name.
        resource_name: String,
    },
    /// 501461: `acceptMappedClaims` for an audience that others could have too.
    #[error(
        "AcceptMappedClaims is supported only where the audience of the token is the GUID of the application, or lies within a verified domain of the tenant. Change the identifier of the resource, or use a signing key of the application's own."
    )]
    MappedClaimsAudience,
    /// 501481: the verifier does not hash to the challenge. The code stays alive.
    #[error("The Code_Verifier does not match the code_challenge supplied in the authorization request.")]
    VerifierMismatch,
    /// 501491: a code challenge of the wrong size or alphabet.
    #[error("Invalid size or characters of Code_Challenge parameter.")]
    CodeChallengeMalformed,
    /// 530003: a policy demands a device, and a device's code carries none.
    #[error("The device has to be managed to access this resource.")]
    DeviceNotManaged {
        /// What the client must repeat in `claims`.
        challenge: Challenge,
    },
    /// 530035: security defaults let no device in by a code.
    #[error(
        "Access has been blocked by security defaults: the request uses a way to authenticate that they hold for legacy or unsafe."
    )]
    BlockedBySecurityDefaults,
    /// 650052: the resource exists, but the tenant has no service principal of it.
    #[error(
        "The app needs access to a service ('{resource_name}', {resource}) that the organization '{tenant}' lacks a service principal for. An administrator must consent to the service or create its service principal."
    )]
    ServicePrincipalMissing {
        /// The resource's display name.
        resource_name: String,
        /// Its client id.
        resource: Uuid,
        /// The tenant's display name.
        tenant: String,
    },
    /// 650053: the resource exposes no such scope.
    #[error(
        "The application '{client_name}' asked for scope '{scope}' that doesn't exist on the resource '{resource}'. Contact the app vendor."
    )]
    ScopeNotOnResource {
        /// The client's display name.
        client_name: String,
        /// The scope's name.
        scope: String,
        /// The resource's client id.
        resource: Uuid,
    },
    /// 650054: a resource that the client needs was deleted.
    #[error(
        "The application asked for permissions to access a resource ('{resource_name}', {resource}) that has been removed or is no longer available. Contact the app vendor."
    )]
    ResourceRemoved {
        /// The resource's display name.
        resource_name: String,
        /// Its client id.
        resource: Uuid,
    },
    /// 650056: there is nothing to consent to, because the client's registration lists no permission.
    #[error(
        "Misconfigured application. This could be due to one of the following: the client has not listed any permissions for '{resource_name}' in the requested permissions in the client's application registration; the admin has not consented in the tenant; or the application identifier of the request is not that of the configured client application. Contact your admin to fix the configuration or consent on behalf of the tenant. Client app ID: {client_id}."
    )]
    Misconfigured {
        /// The client.
        client_id: Uuid,
        /// The resource's display name.
        resource_name: String,
    },
    /// 650057: the client's registration does not list the resource.
    #[error(
        "Invalid resource. The client has requested access to a resource which is not listed in the requested permissions in the client's application registration. Client app ID: {client_id}({client_name}). Resource value from request: {requested}. Resource app ID: {resource}. List of valid resources from app registration: {listed}."
    )]
    ResourceNotListed {
        /// The client.
        client_id: Uuid,
        /// Its display name.
        client_name: String,
        /// The resource as asked for.
        requested: String,
        /// The resource's client id.
        resource: Uuid,
        /// The client ids of the resources that are listed.
        listed: String,
    },
    /// 700003: a policy demands a device, and the one that is presented was deleted.
    #[error("The device object was not found in the tenant '{tenant}' directory.")]
    DeviceNotFound {
        /// The tenant's display name.
        tenant: String,
        /// What the client must repeat in `claims`.
        challenge: Challenge,
    },
    /// 700005: the code was issued in another tenant.
    #[error(
        "The provided authorization code is intended to be used against another tenant, and thus was rejected. It must be redeemed at the same tenant it was acquired for (or the /common tenant)."
    )]
    CodeOfOtherTenant,
    /// 700007: the code or refresh token was issued to another client.
    #[error("The grant was issued to a different client id than '{client_id}'.")]
    GrantOfOtherClient {
        /// The client of the token request.
        client_id: Uuid,
    },
    /// 700016: no such application in the tenant.
    #[error(
        "Application with identifier '{client_id}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant."
    )]
    ClientNotFound {
        /// The client id, as given.
        client_id: String,
        /// The directory's display name, or the path segment.
        tenant: String,
    },
    /// 700021: a client assertion whose `iss` or `sub` is another than `client_id`.
    #[error("Client assertion application identifier doesn't match 'client_id' parameter.")]
    AssertionOfOtherClient,
    /// 700023: a client assertion that is meant for somebody else.
    #[error("Client assertion audience claim does not match Realm issuer.")]
    AssertionAudience,
    /// 700024: a client assertion that is not valid now.
    #[error(
        "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {valid_from}, expiry time of assertion {expires}. Review the claims 'nbf' and 'exp' of the assertion."
    )]
    AssertionTimeRange {
        /// The instant of the request.
        now: String,
        /// `nbf`.
        valid_from: String,
        /// `exp`.
        expires: String,
    },
    /// 700025: a public client sends a secret.
    #[error("Client is public so neither 'client_assertion' nor 'client_secret' should be presented.")]
    PublicClientCredential,
    /// 700027: a client assertion that no key of the application signed.
    #[error(
        "Client assertion failed signature validation. [Reason - {reason}, Thumbprint of key used by client: '{thumbprint}',{found} the keys that are configured for the app with Id '{client_id}' can be seen in the Azure portal, in Graph Explorer or with Microsoft Graph.]"
    )]
    AssertionSignature {
        /// What is wrong with the key.
        reason: &'static str,
        /// What the header calls it by.
        thumbprint: String,
        /// The key of that name, if there is one.
        found: String,
        /// The client.
        client_id: Uuid,
    },
    /// 700038: a client id that no application can have.
    #[error("{client_id} is not a valid application identifier.")]
    InvalidClientId {
        /// The client id.
        client_id: String,
    },
    /// 700051: `token` from the authorize endpoint.
    #[error("The response_type 'token' is not enabled for the application.")]
    TokenResponseDisabled,
    /// 700054: `id_token` from the authorize endpoint.
    #[error("The response_type 'id_token' is not enabled for the application.")]
    IdTokenResponseDisabled,
    /// 700082: the refresh token was not used for too long.
    #[error(
        "The refresh token has expired due to inactivity. The token was issued on {issued} and was inactive for {days}.00:00:00."
    )]
    RefreshTokenExpired {
        /// When it was issued.
        issued: String,
        /// How many days it lives.
        days: i64,
    },
    /// 700084: the refresh token of a single-page application, whose end is fixed.
    #[error(
        "The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime of 1.00:00:00, which cannot be extended. It has expired; the SPA must send a new sign-in request. The token was issued on {issued}."
    )]
    SpaRefreshTokenExpired {
        /// When it was issued.
        issued: String,
    },
    /// 700171: the user declined to let the device in. One live report of 2026; older notes say 70017.
    #[error("The end user declined the authorization of the device.")]
    AuthorizationDeclined,
    /// 700211: an assertion of another issuer, of whose issuer no federated credential is.
    #[error(
        "No matching federated identity record found for presented assertion issuer '{issuer}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion."
    )]
    FederatedIssuer {
        /// The issuer of the assertion.
        issuer: String,
    },
    /// 700212: an assertion of another issuer, of whose audience no federated credential is.
    #[error(
        "No matching federated identity record found for presented assertion audience '{audience}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion."
    )]
    FederatedAudience {
        /// The audience of the assertion.
        audience: String,
    },
    /// 700213: an assertion of another issuer, of whose subject no federated credential is.
    #[error(
        "No matching federated identity record found for presented assertion subject '{subject}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion."
    )]
    FederatedSubject {
        /// The subject of the assertion.
        subject: String,
    },
    /// 700229: a user's token of this identity provider as a federated credential.
    #[error(
        "Only app-only tokens can be used as federated identity credentials for applications of Microsoft Entra ID."
    )]
    FederatedTokenOfUser,
    /// 900023: a tenant segment that no tenant can have.
    #[error("Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain.")]
    TenantMalformed {
        /// The path segment.
        tenant: String,
    },
    /// 900144: a required parameter is missing.
    #[error("The request body must contain the following parameter: '{parameter}'.")]
    MissingParameter {
        /// Its name.
        parameter: &'static str,
    },
    /// 900561: the endpoint does not serve the method.
    #[error("The endpoint only accepts {accepted} requests. Received a {received} request.")]
    WrongMethod {
        /// The methods it serves.
        accepted: String,
        /// The method that came.
        received: String,
    },
    /// 900971: no redirect URI was given, and it is not clear which one is meant.
    #[error("No reply address provided.")]
    NoReplyAddressGiven,
    /// 901002: the v2 endpoints of until 2025 take no `resource`.
    #[error("The 'resource' request parameter is not supported.")]
    ResourceParameterUnsupported,
    /// 1002012: an application asks for a token for itself, and its scope is not of the form `<resource>/.default`.
    #[error(
        "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
    )]
    ScopeNotDefault {
        /// The scope text.
        scope: String,
    },
    /// 5002723: a client assertion whose header names no key.
    #[error(
        "Invalid JWT token. No certificate SHA-1 thumbprint, certificate SHA-256 thumbprint, nor keyId specified in token header."
    )]
    AssertionWithoutKey,
    /// 5002727: a client assertion of another type than JWT.
    #[error("Invalid JWT header type specified. Allowed types: 'JWT','http://openid.net/specs/jwt/1.0'.")]
    AssertionType,
    /// 5002738: a client assertion signed in a way that is not supported.
    #[error(
        "Invalid JWT token. '{algorithm}' is not a supported signature algorithm. Supported signing algorithms are: 'RS256, RS384, RS512'."
    )]
    AssertionAlgorithm {
        /// The algorithm.
        algorithm: String,
    },
    /// 7000112: the client is disabled in the tenant.
    #[error("Application '{client_id}'({client_name}) is disabled.")]
    ApplicationDisabled {
        /// The client.
        client_id: Uuid,
        /// Its display name.
        client_name: String,
    },
    /// 7000114: an app-only token as the assertion of an on-behalf-of request.
    #[error("Application '{client_id}' is not allowed to make application on-behalf-of calls.")]
    NoOnBehalfOfApplications {
        /// The middle tier.
        client_id: Uuid,
    },
    /// 7000215: none of the application's secrets.
    #[error(
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client_id}'."
    )]
    InvalidClientSecret {
        /// The client.
        client_id: Uuid,
    },
    /// 7000216: an application asks for a token for itself without any credential.
    #[error("'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.")]
    AppCredentialMissing,
    /// 7000218: a confidential client without a secret.
    #[error("The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")]
    CredentialMissing,
    /// 7000222: the secret has expired.
    #[error(
        "The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds."
    )]
    ClientSecretExpired {
        /// The client.
        client_id: Uuid,
    },
    /// 7000229: an application asks for a token for itself in a tenant that has no service principal of it.
    #[error(
        "The client application {client_id} is missing service principal in the tenant {tenant}. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119"
    )]
    ClientServicePrincipalMissing {
        /// The client.
        client_id: Uuid,
        /// The tenant's id.
        tenant: Uuid,
    },
    /// 9000411: a parameter is given twice.
    #[error("The request is not properly formatted. The parameter '{parameter}' is duplicated.")]
    DuplicatedParameter {
        /// Its name.
        parameter: String,
    },
    /// 9001023: a grant that `/common` and `/consumers` do not serve.
    #[error(
        "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint."
    )]
    GrantNeedsTenant,
    /// 9002313: a code or refresh token that is no token at all.
    #[error("Invalid request. Request is malformed or invalid.")]
    Malformed,
    /// 9002325: a single-page application without PKCE.
    #[error("Proof Key for Code Exchange is required for cross-origin authorization code redemption.")]
    PkceRequired,
    /// 9002326: another origin redeems a code that no single-page application got.
    #[error(
        "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type. Request origin: '{origin}'."
    )]
    CrossOriginRedemption {
        /// The `Origin` header.
        origin: String,
    },
    /// 9002327: a single-page application's code comes from a server.
    #[error(
        "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests."
    )]
    SameOriginRedemption,
    /// 9002331: an application for personal accounts at an endpoint for organisations.
    #[error(
        "Application '{client_id}'({client_name}) is configured for use by Microsoft Account users only. Please use the /consumers endpoint to serve this request."
    )]
    PersonalAccountsOnly {
        /// The client.
        client_id: Uuid,
        /// Its display name.
        client_name: String,
    },
    /// 9002332: an application for organisations at `/consumers`.
    #[error(
        "Application '{client_id}'({client_name}) is configured for use by Microsoft Entra users only. Please do not use the /consumers endpoint to serve this request."
    )]
    OrganizationsOnly {
        /// The client.
        client_id: Uuid,
        /// Its display name.
        client_name: String,
    },
    /// 9010010: `resource` and `scope` name different resources.
    #[error("The resource parameter '{resource}' provided in the request does not match with the requested scopes.")]
    ResourceMismatch {
        /// The `resource` parameter.
        resource: String,
    },
}

impl EntraError {
    /// Which code it is.
    #[must_use]
    pub fn kind(&self) -> EntraErrorKind {
        self.into()
    }

    /// What it is while nobody has signed in: then the endpoint does not suit the resource, and not the account.
    #[must_use]
    pub fn before_sign_in(self) -> Self {
        match self {
            Self::AccountTypeForResource { resource, resource_name } => {
                Self::ResourceNotForConsumers { resource, resource_name }
            }
            other => other,
        }
    }

    /// The AADSTS number.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.kind().number()
    }

    /// What the client must repeat in `claims` of its next authorize request; none where that would not help.
    #[must_use]
    pub fn claims(&self) -> Option<String> {
        match self {
            Self::MfaRegistrationInterrupted { challenge, .. }
            | Self::MfaNotPassed { challenge, .. }
            | Self::MfaRequired { challenge, .. }
            | Self::MfaExpired { challenge, .. }
            | Self::MfaNotRegistered { challenge, .. }
            | Self::DeviceAuthenticationRequired { challenge, .. }
            | Self::ExternalChallenge { challenge, .. }
            | Self::DeviceNotCompliant { challenge, .. }
            | Self::DeviceNotJoined { challenge, .. }
            | Self::AppNotApproved { challenge, .. }
            | Self::BlockedByPolicy { challenge, .. }
            | Self::SignInFrequency { challenge, .. }
            | Self::SessionFrequency { challenge, .. }
            | Self::RegistrationAtRisk { challenge, .. }
            | Self::AppNotProtected { challenge, .. }
            | Self::DeviceAuthenticationFailed { challenge, .. }
            | Self::DeviceNotManaged { challenge, .. }
            | Self::DeviceNotFound { challenge, .. } => challenge.to_claims(),
            _ => None,
        }
    }

    /// `AADSTS<number>: <message>`, without control characters and of bounded length, whatever the request put in.
    #[must_use]
    pub fn text(&self) -> String {
        const LIMIT_CHARS: usize = 1_200;
        let message = self.to_string();
        let shown: String = message.chars().take(LIMIT_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
        format!("AADSTS{}: {shown}", self.number())
    }
}

/// What identifies one request in answers and logs.
#[derive(Clone, Copy, Debug)]
pub struct RequestIds {
    /// Made by us for every request.
    pub trace_id: Uuid,
    /// The client's `client-request-id` where it is a GUID, else made by us.
    pub correlation_id: Uuid,
}
