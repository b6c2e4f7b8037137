//! The table of named checks, and what a decision leaves behind.
//!
//! Every decision of a party is a list of these: what was looked at, what was expected, what came, and, where it
//! refused, the setting that would make it pass.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::party::Party;

macro_rules! checks {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal by $party:ident;)+) => {
        /// A check that some party makes; the name is stable and appears in traces, reports and scenario files.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Check { $($(#[doc = $doc])+ $variant,)+ }

        impl Check {
            /// Every check, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable name, such as `consent.granted`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The party that makes it.
            #[must_use]
            pub fn party(self) -> Party {
                match self { $(Self::$variant => Party::$party,)+ }
            }

            /// What passing it means, in one sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }

            /// The check of this name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

checks! {
    /// The path is one that the identity provider serves.
    EndpointExists = "endpoint.exists" by Idp;
    /// The HTTP method is one that the endpoint serves.
    RequestMethod = "request.method" by Idp;
    /// Every required parameter is there, and not empty.
    RequestParameterPresent = "request.parameter_present" by Idp;
    /// No parameter is given twice.
    RequestParameterOnce = "request.parameter_once" by Idp;
    /// The query is not too long.
    RequestQueryLength = "request.query_length" by Idp;
    /// The request hints at the user in one way, and readably.
    RequestHints = "request.hints" by Idp;
    /// The `claims` parameter is JSON of the form that OpenID Connect gives it.
    RequestClaims = "request.claims" by Idp;
    /// The form belongs to this sign-in, and was not made up by another site.
    RequestInteraction = "request.interaction" by Idp;
    /// The tenant in the path exists.
    TenantExists = "tenant.exists" by Idp;
    /// The client id is one that an application can have.
    ClientWellFormed = "client.well_formed" by Idp;
    /// The client is an application known in the tenant.
    ClientRegistered = "client.registered" by Idp;
    /// The application's audience allows the tenant segment of the path.
    ClientAudience = "client.audience" by Idp;
    /// The application is not disabled.
    ClientEnabled = "client.enabled" by Idp;
    /// The client has a service principal in the tenant, for which a token can be.
    ClientServicePrincipal = "client.service_principal" by Idp;
    /// The application is one of OpenID Connect and OAuth, not of SAML.
    ClientSingleSignOnMode = "client.single_sign_on_mode" by Idp;
    /// The client has at least one redirect URI.
    RedirectUriPresent = "redirect_uri.present" by Idp;
    /// The redirect URI of the request is an absolute URI.
    RedirectUriWellFormed = "redirect_uri.well_formed" by Idp;
    /// The redirect URI of the request is registered for the client, character for character.
    RedirectUriRegistered = "redirect_uri.registered" by Idp;
    /// The user said that the application is meant, where its address is of a scheme of its own.
    RedirectUriConfirmed = "redirect_uri.confirmed" by Idp;
    /// The response type is one that the endpoint and the application allow.
    ResponseType = "response_type.supported" by Idp;
    /// The response mode is one that the endpoint allows.
    ResponseMode = "response_mode.supported" by Idp;
    /// The prompt value is one that the endpoint knows.
    Prompt = "prompt.supported" by Idp;
    /// The code challenge has the form that RFC 7636 gives it.
    CodeChallenge = "code_challenge.well_formed" by Idp;
    /// The scope text holds scopes of one style, and for a token of one resource.
    ScopeWellFormed = "scope.well_formed" by Idp;
    /// The resource is an application known in the tenant.
    ResourceExists = "resource.exists" by Idp;
    /// The resource has a service principal in the tenant.
    ResourceServicePrincipal = "resource.service_principal" by Idp;
    /// Each scope is one that the resource exposes.
    ScopeExists = "scope.exists" by Idp;
    /// The v2 endpoint takes a `resource` parameter.
    ResourceParameter = "resource.accepted" by Idp;
    /// The `resource` parameter of a v2 request is the resource of its scopes.
    ResourceMatchesScopes = "resource.matches_scopes" by Idp;
    /// The client asks for a token for another application, or names itself by its client id.
    ResourceNotItself = "resource.not_itself" by Idp;
    /// The client's registration lists the resource among its permissions.
    ResourcePermitted = "resource.permitted" by Idp;
    /// A client of Microsoft's own is one that Microsoft's API has authorized beforehand.
    ClientPreAuthorized = "client.pre_authorized" by Idp;
    /// Somebody is signed in, in this browser, whom the request can mean without a page.
    SessionPresent = "session.present" by Idp;
    /// The account is of a kind, personal or an organisation's, that path, application and resource take.
    AccountKind = "account.kind" by Idp;
    /// The session in this browser is from after the last change of the password, and was not revoked.
    SessionCurrent = "session.current" by Idp;
    /// The session that the request names is one of this browser, and fits the rest of the request.
    SessionRequested = "session.requested" by Idp;
    /// The account that the user picked is signed in to this browser.
    SessionPicked = "session.picked" by Idp;
    /// The id token that names the application signing out was issued here.
    IdTokenHint = "id_token_hint.authentic" by Idp;
    /// The address after the sign-out is a redirect URI of the application that the request names.
    PostLogoutRedirectUri = "post_logout_redirect_uri.registered" by Idp;
    /// The user exists in the tenant.
    UserExists = "user.exists" by Idp;
    /// The account is not disabled.
    UserEnabled = "user.enabled" by Idp;
    /// The account is not locked.
    UserNotLocked = "user.not_locked" by Idp;
    /// The directory holds a password of the user.
    UserPasswordPresent = "user.password_present" by Idp;
    /// The password is the user's.
    UserPassword = "user.password" by Idp;
    /// The password has not expired, and need not be changed at the first sign-in.
    UserPasswordCurrent = "user.password_current" by Idp;
    /// The new password is one that the directory takes.
    UserNewPassword = "user.new_password" by Idp;
    /// The user is assigned to the application, where it requires that.
    UserAssigned = "user.assigned" by Idp;
    /// The client has a role at a resource that requires assignment.
    ClientAssigned = "client.assigned" by Idp;
    /// The client does not ask for the same again and again.
    ClientRequestLoop = "client.request_loop" by Idp;
    /// A guest has accepted the invitation.
    GuestAccepted = "guest.accepted" by Idp;
    /// The tenant is one that the network's proxy permits, where it says so.
    TenantPermitted = "tenant.permitted" by Idp;
    /// A guest's own tenant and the other have no cross-tenant access settings against it.
    CrossTenantAccess = "tenant.cross_tenant_access" by Idp;
    /// The Conditional Access policies that apply, and security defaults, have what they demand.
    ConditionalAccess = "conditional_access.satisfied" by Idp;
    /// The code of the second factor is the user's.
    SecondFactor = "mfa.code" by Idp;
    /// Somebody who may has agreed that the client acts for the user at the resource.
    ConsentGranted = "consent.granted" by Idp;
    /// The user accepted what the consent page asked.
    ConsentAccepted = "consent.accepted" by Idp;
    /// An application with claims or a key of its own has a key that may sign its tokens.
    TokenSigningKey = "token.signing_key" by Idp;
    /// The grant type is one that the endpoint serves.
    GrantType = "grant_type.supported" by Idp;
    /// The tenant segment of the path is one that the grant type can do with.
    GrantTypeTenant = "grant_type.tenant" by Idp;
    /// A confidential client sent a secret or an assertion, and a public client sent neither.
    ClientSecretPresent = "client_secret.present" by Idp;
    /// The secret is one of the application's.
    ClientSecretValid = "client_secret.valid" by Idp;
    /// The secret has not expired.
    ClientSecretCurrent = "client_secret.current" by Idp;
    /// The client assertion is a signed JWT with all claims that it needs.
    ClientAssertionReadable = "client_assertion.readable" by Idp;
    /// The client assertion speaks of the client that sends it.
    ClientAssertionClient = "client_assertion.client" by Idp;
    /// The client assertion is of an issuer, subject and audience that the application trusts.
    FederatedCredential = "federated_credential.matches" by Idp;
    /// The client assertion is signed with a key of the application or of the issuer that it trusts.
    ClientAssertionSignature = "client_assertion.signature" by Idp;
    /// The client assertion is meant for this identity provider.
    ClientAssertionAudience = "client_assertion.audience" by Idp;
    /// Now lies between the client assertion's `nbf` and `exp`.
    ClientAssertionCurrent = "client_assertion.current" by Idp;
    /// The client assertion was not used before, where that matters.
    ClientAssertionUnused = "client_assertion.unused" by Idp;
    /// The code is one that this identity provider issued, unchanged.
    CodeAuthentic = "code.authentic" by Idp;
    /// The code was issued to this client, in this tenant.
    CodeClient = "code.client" by Idp;
    /// The code is still within its lifetime.
    CodeCurrent = "code.current" by Idp;
    /// The code has not been redeemed before.
    CodeUnused = "code.unused" by Idp;
    /// A single-page application's code is redeemed from its origin, any other code by a server.
    CodeOrigin = "code.origin" by Idp;
    /// The redirect URI is the one that the code was sent to.
    CodeRedirectUri = "code.redirect_uri" by Idp;
    /// The verifier hashes to the challenge that the code was issued for.
    CodeVerifier = "code_verifier.matches" by Idp;
    /// The grant is from after the last time that the user's grants were revoked.
    GrantNotRevoked = "grant.not_revoked" by Idp;
    /// The code that the user typed is one that a device shows now, and nobody has used yet.
    DeviceUserCode = "device.user_code" by Idp;
    /// The device code is one that this identity provider issued to the client, within its time and not redeemed before.
    DeviceCode = "device.code" by Idp;
    /// The device's user has signed in and agreed.
    DeviceAuthorized = "device.authorized" by Idp;
    /// The refresh token is one that this identity provider issued, unchanged.
    RefreshTokenAuthentic = "refresh_token.authentic" by Idp;
    /// The refresh token was issued to this client.
    RefreshTokenClient = "refresh_token.client" by Idp;
    /// The refresh token is still within its lifetime.
    RefreshTokenCurrent = "refresh_token.current" by Idp;
    /// The assertion of an on-behalf-of request is a token that this identity provider signed, unchanged.
    AssertionAuthentic = "assertion.authentic" by Idp;
    /// The assertion is an access token, and a user's.
    AssertionOfUser = "assertion.of_user" by Idp;
    /// The assertion is a token for the application that presents it.
    AssertionAudience = "assertion.audience" by Idp;
    /// Now lies between the assertion's `nbf` and `exp`.
    AssertionCurrent = "assertion.current" by Idp;
    /// The access token is one for Microsoft Graph, current and unchanged.
    GraphToken = "graph.token" by Idp;
    /// The access token carries a permission that the call of Microsoft Graph needs.
    GraphPermission = "graph.permission" by Idp;
    /// The browser may send the real request: the preflight's answer allows origin, method and headers.
    CorsPreflight = "cors.preflight" by Browser;
    /// The page may read the answer: it names the page's origin.
    CorsResponse = "cors.response" by Browser;
    /// The page came back to the redirect URL that the connector waits at.
    CallbackReached = "callback.reached" by Connector;
    /// The state that came back is the one that was sent.
    CallbackState = "callback.state" by Connector;
    /// The identity provider sent a code, not an error.
    CallbackCode = "callback.code" by Connector;
    /// The token answer holds what RFC 6749 requires.
    TokenAnswer = "token_answer.complete" by Connector;
    /// There is a connection to use.
    ConnectionPresent = "connection.present" by Connector;
    /// The access token is fresh, or could be refreshed.
    ConnectionFresh = "connection.fresh" by Connector;
    /// The MCP server answered as the handshake requires.
    HandshakeAnswer = "handshake.answer" by Connector;
    /// Some tool fits the question.
    ToolChosen = "tool.chosen" by Connector;
    /// The host is one that the ingress serves.
    HostServed = "host.served" by Gate;
    /// The path needs no sign-in, or the request brings one.
    AuthorizationPresent = "authorization.present" by Gate;
    /// The bearer token is a signed JWT of the one shape that is accepted.
    TokenReadable = "token.readable" by Gate;
    /// The issuer's signing keys could be read.
    KeysReachable = "keys.reachable" by Gate;
    /// The signature verifies with a key that the issuer publishes.
    TokenSignature = "token.signature" by Gate;
    /// Now lies between the token's `nbf` and `exp`.
    TokenLifetime = "token.lifetime" by Gate;
    /// The token's `iss` is the configured issuer.
    IssuerAllowed = "issuer.allowed" by Gate;
    /// The token's `aud` is among the allowed audiences.
    AudienceAllowed = "audience.allowed" by Gate;
    /// The client that asked for the token is among the allowed applications.
    ClientAllowed = "client.allowed" by Gate;
    /// The upstream answered.
    UpstreamReachable = "upstream.reachable" by Gate;
    /// The request came through the gate: it brings the secret that only the gate and the server know.
    GateSecret = "gate_secret.valid" by Mcp;
    /// The path is one that the server serves.
    PathServed = "path.served" by Mcp;
    /// The HTTP method is one that the MCP endpoint serves.
    MethodServed = "method.served" by Mcp;
    /// The Host header names a host that the server answers for.
    HostAllowed = "host.allowed" by Mcp;
    /// The request names no origin, or one that the server answers.
    OriginAllowed = "origin.allowed" by Mcp;
    /// The Accept header names both `application/json` and `text/event-stream`.
    AcceptBoth = "accept.json_and_sse" by Mcp;
    /// The body is declared as JSON.
    ContentTypeJson = "content_type.json" by Mcp;
    /// The body is a JSON-RPC message.
    BodyJsonRpc = "body.json_rpc" by Mcp;
    /// The protocol version that the headers name is one that the server speaks, and agrees with the body.
    ProtocolVersion = "protocol_version.supported" by Mcp;
}

impl std::fmt::Display for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Check {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Check {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| serde::de::Error::custom(format!("no check is called '{name}'")))
    }
}

impl JsonSchema for Check {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Check".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = Self::ALL.iter().map(|check| check.name()).collect();
        json_schema!({ "type": "string", "enum": names, "description": "A check that some party makes." })
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// What came is what was expected.
    Passed,
    /// It is not, and the request was refused for it.
    Refused,
}

/// One check that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckResult {
    /// Which check.
    pub check: Check,
    /// How it ended.
    pub outcome: Outcome,
    /// What would have passed, in words or as values.
    pub expected: String,
    /// What came.
    pub received: String,
    /// The setting that would make it pass, by its place in the world and in the portal; only where it refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// The checks of one decision, in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Checks(pub Vec<CheckResult>);

impl Checks {
    /// Notes that `check` passed.
    pub fn pass(&mut self, check: Check, expected: impl Into<String>, received: impl Into<String>) {
        self.0.push(CheckResult {
            check,
            outcome: Outcome::Passed,
            expected: expected.into(),
            received: received.into(),
            fix: None,
        });
    }

    /// Notes that `check` refused the request, and what would mend it.
    pub fn refuse(
        &mut self,
        check: Check,
        expected: impl Into<String>,
        received: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.0.push(CheckResult {
            check,
            outcome: Outcome::Refused,
            expected: expected.into(),
            received: received.into(),
            fix: Some(fix.into()),
        });
    }

    /// The check that refused, if one did: the last, because a refusal ends a decision.
    #[must_use]
    pub fn refusal(&self) -> Option<&CheckResult> {
        self.0.iter().rev().find(|result| result.outcome == Outcome::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_back_to_their_check() {
        for check in Check::ALL {
            assert_eq!(Check::named(check.name()), Some(*check), "{check:?} shares its name");
            assert!(!check.meaning().is_empty());
        }
    }
}
