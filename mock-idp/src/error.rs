//! What Entra refuses a request with: one variant per AADSTS code, with its number and its message.
//!
//! A code has several faces: [`faces`] is the one table of (surface, code) → delivery, and [`envelope`] the one place
//! that writes the OAuth error object. [`meaning`] says each code in words.

pub mod envelope;
pub mod faces;
pub mod meaning;

use strum::{EnumDiscriminants, EnumIter};
use uuid::Uuid;

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
    /// 28000: scopes of more than one resource where a token of one is asked for.
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
    /// 50058: `prompt=none`, and nobody is signed in.
    #[error("A silent sign-in request was sent but no user is signed in.")]
    NobodySignedIn,
    /// 50059: at `/organizations`, an application asks for a token for itself, which only a tenant can give. Source: reports of 2019 to 2022.
    #[error("No tenant-identifying information found in either the request or implied by any provided credentials.")]
    NoTenantInformation,
    /// 50089: the sign-in page was left open too long.
    #[error("Authentication failed because the flow token expired. Sign in again.")]
    FlowTokenExpired,
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
    /// 50147: a code challenge parameter is missing or unknown.
    #[error("Missing or unsupported code challenge parameter: '{parameter}'.")]
    CodeChallengeParameter {
        /// The parameter at fault.
        parameter: &'static str,
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
    /// 160021: `prompt=none` with a `sid` of no session in this browser.
    #[error("The application requested a user session which does not exist.")]
    RequestedSessionMissing,
    /// 165900: a form of the sign-in pages that belongs to no sign-in of this browser.
    #[error("Invalid request. The form does not belong to a sign-in that was started in this browser.")]
    ForeignInteraction,
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
    /// 501481: the verifier does not hash to the challenge. The code stays alive.
    #[error("The Code_Verifier does not match the code_challenge supplied in the authorization request.")]
    VerifierMismatch,
    /// 501491: a code challenge of the wrong size or alphabet.
    #[error("Invalid size or characters of Code_Challenge parameter.")]
    CodeChallengeMalformed,
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
    /// 700025: a public client sends a secret.
    #[error("Client is public so neither 'client_assertion' nor 'client_secret' should be presented.")]
    PublicClientCredential,
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
    /// 7000112: the client is disabled in the tenant.
    #[error("Application '{client_id}'({client_name}) is disabled.")]
    ApplicationDisabled {
        /// The client.
        client_id: Uuid,
        /// Its display name.
        client_name: String,
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
