//! Every code with all its faces, as one file that a person can read.

use mock_idp::error::RequestIds;
use mock_idp::error::envelope::Envelope;
use mock_idp::error::faces::Front;
use mock_idp::{EntraError, EntraErrorKind};
use strum::IntoEnumIterator;
use uuid::Uuid;

/// One example of each code.
fn sample(kind: EntraErrorKind) -> EntraError {
    use EntraErrorKind as K;
    let client_id = Uuid::from_u128(0x9d4e_2b7a_6c1f_4d3e_b5a8_7f6e_5d4c_3b2a);
    let resource = Uuid::from_u128(3 << 96 | 0xc000 << 48);
    let client_name = || "copilot-studio-client".to_owned();
    let tenant = || "Contoso".to_owned();
    let at = || "2026-01-15T09:00:00Z".to_owned();
    match kind {
        K::ForeignInteraction => EntraError::ForeignInteraction,
        K::SeveralSessions => EntraError::SeveralSessions { client_id },
        K::SeveralResources => EntraError::SeveralResources { scope: "api://x/a User.Read".to_owned() },
        K::EmptyScope => EntraError::EmptyScope,
        K::RedirectUriMismatch => {
            EntraError::RedirectUriMismatch { redirect_uri: "https://app.example/cb".to_owned(), client_id }
        }
        K::UserFromOtherTenant => EntraError::UserFromOtherTenant {
            identity_provider: "https://sts.windows.net/1b2c3d4e-0000-4000-8000-00000000fab0/".to_owned(),
            tenant: tenant(),
            client_id,
            client_name: client_name(),
        },
        K::UserNotFound => EntraError::UserNotFound { tenant: tenant() },
        K::UnknownInstance => EntraError::UnknownInstance { instance: "login.example".to_owned() },
        K::NobodySignedIn => EntraError::NobodySignedIn,
        K::FlowTokenExpired => EntraError::FlowTokenExpired,
        K::UserNotAssigned => EntraError::UserNotAssigned { client_id, client_name: client_name() },
        K::InvalidPassword => EntraError::InvalidPassword,
        K::CodeChallengeParameter => EntraError::CodeChallengeParameter { parameter: "code_challenge_method" },
        K::NotMultiTenant => {
            EntraError::NotMultiTenant { client_id, client_name: client_name(), segment: "common".to_owned() }
        }
        K::CodeRedeemed => EntraError::CodeRedeemed,
        K::ConsentRequired => EntraError::ConsentRequired { client_id, client_name: client_name() },
        K::NotPreAuthorized => EntraError::NotPreAuthorized { client_id, resource },
        K::ConsentDeclined => EntraError::ConsentDeclined,
        K::ResourceNotRequired => EntraError::ResourceNotRequired { resource: "api://x".to_owned() },
        K::InvalidGrant => EntraError::InvalidGrant { parameter: "refresh_token" },
        K::UnsupportedGrantType => EntraError::UnsupportedGrantType { grant_type: "no_such_grant".to_owned() },
        K::UnsupportedResponseType => EntraError::UnsupportedResponseType { response_type: "none".to_owned() },
        K::UnsupportedResponseMode => EntraError::UnsupportedResponseMode { response_mode: "web_message".to_owned() },
        K::CodeExpired => EntraError::CodeExpired { issued: at(), minutes: 10 },
        K::InvalidScope => EntraError::InvalidScope {
            scope: "api://x/.default User.Read".to_owned(),
            reason: ": .default scope can't be combined with resource-specific scopes.",
        },
        K::TenantNotFound => EntraError::TenantNotFound { tenant: "nobody.example".to_owned() },
        K::RequestsItselfByUri => EntraError::RequestsItselfByUri { client_id, client_name: client_name() },
        K::InvalidInput => EntraError::InvalidInput { reason: "body and Authorization header name different clients." },
        K::UnsupportedPrompt => EntraError::UnsupportedPrompt,
        K::AdminConsentRequired => EntraError::AdminConsentRequired { client_name: client_name(), tenant: tenant() },
        K::ResourceNotFound => {
            EntraError::ResourceNotFound { resource: "api://not-registered".to_owned(), tenant: tenant() }
        }
        K::RedirectUriNotAsAuthorized => EntraError::RedirectUriNotAsAuthorized {
            received: "http://app.example/cb".to_owned(),
            expected: "https://app.example/cb".to_owned(),
        },
        K::NoReplyAddress => EntraError::NoReplyAddress,
        K::VerifierMismatch => EntraError::VerifierMismatch,
        K::CodeChallengeMalformed => EntraError::CodeChallengeMalformed,
        K::ServicePrincipalMissing => EntraError::ServicePrincipalMissing {
            resource_name: "streamable-mcp-server2".to_owned(),
            resource: client_id,
            tenant: tenant(),
        },
        K::ScopeNotOnResource => EntraError::ScopeNotOnResource {
            client_name: client_name(),
            scope: "user_impersonation".to_owned(),
            resource,
        },
        K::ResourceNotListed => EntraError::ResourceNotListed {
            client_id,
            client_name: client_name(),
            requested: "api://x".to_owned(),
            resource: client_id,
            listed: resource.to_string(),
        },
        K::CodeOfOtherTenant => EntraError::CodeOfOtherTenant,
        K::GrantOfOtherClient => EntraError::GrantOfOtherClient { client_id },
        K::ClientNotFound => EntraError::ClientNotFound { client_id: client_id.to_string(), tenant: tenant() },
        K::PublicClientCredential => EntraError::PublicClientCredential,
        K::InvalidClientId => EntraError::InvalidClientId { client_id: Uuid::nil().to_string() },
        K::TokenResponseDisabled => EntraError::TokenResponseDisabled,
        K::IdTokenResponseDisabled => EntraError::IdTokenResponseDisabled,
        K::RefreshTokenExpired => EntraError::RefreshTokenExpired { issued: at(), days: 90 },
        K::SpaRefreshTokenExpired => EntraError::SpaRefreshTokenExpired { issued: at() },
        K::TenantMalformed => EntraError::TenantMalformed { tenant: "your_tenant".to_owned() },
        K::MissingParameter => EntraError::MissingParameter { parameter: "scope" },
        K::WrongMethod => EntraError::WrongMethod { accepted: "POST, OPTIONS".to_owned(), received: "GET".to_owned() },
        K::NoReplyAddressGiven => EntraError::NoReplyAddressGiven,
        K::ResourceParameterUnsupported => EntraError::ResourceParameterUnsupported,
        K::InvalidClientSecret => EntraError::InvalidClientSecret { client_id },
        K::CredentialMissing => EntraError::CredentialMissing,
        K::ClientSecretExpired => EntraError::ClientSecretExpired { client_id },
        K::DuplicatedParameter => EntraError::DuplicatedParameter { parameter: "scope".to_owned() },
        K::Malformed => EntraError::Malformed,
        K::PkceRequired => EntraError::PkceRequired,
        K::CrossOriginRedemption => EntraError::CrossOriginRedemption { origin: "https://evil.test".to_owned() },
        K::SameOriginRedemption => EntraError::SameOriginRedemption,
        K::PersonalAccountsOnly => EntraError::PersonalAccountsOnly { client_id, client_name: client_name() },
        K::ResourceMismatch => EntraError::ResourceMismatch { resource: "https://server.example/mcp".to_owned() },
    }
}

fn described(kind: EntraErrorKind) -> String {
    let faces = kind.faces();
    let front = |front| match front {
        Front::Page(status) => format!("an error page, HTTP {status}"),
        Front::SignInAgain => "the sign-in page again".to_owned(),
        Front::Redirect(error) => format!("back to the application with {error}, if the redirect URI is trusted"),
    };
    let suberror = faces.suberror.map(|suberror| format!(", suberror {suberror}")).unwrap_or_default();
    let lines = [
        faces.discovery.map(|(status, error)| format!("discovery    HTTP {status}, {error}")),
        faces.token.map(|(status, error)| format!("token        HTTP {status}, {error}{suberror}")),
        faces.front.map(|face| format!("authorize    {}", front(face))),
        faces.silent.map(|error| format!("prompt=none  back to the application with {error}")),
        (!faces.lookup).then(|| "no error_uri".to_owned()),
    ];
    let lines: String = lines.into_iter().flatten().map(|line| format!("  {line}\n")).collect();
    format!("{}\n{lines}", sample(kind).text())
}

#[test]
fn every_code_has_the_faces_of_the_golden_file() {
    assert!(EntraErrorKind::iter().is_sorted_by_key(EntraErrorKind::number), "variants stand in code order");
    let mut text: String = EntraErrorKind::iter().map(|kind| described(kind) + "\n").collect();
    let ids = RequestIds { trace_id: Uuid::from_u128(1), correlation_id: Uuid::from_u128(2) };
    let error = sample(EntraErrorKind::ConsentRequired);
    let (_, oauth) = error.kind().faces().token.unwrap();
    let envelope = Envelope::new(
        &error,
        oauth,
        &ids,
        "2026-01-15T09:00:00Z".parse().unwrap(),
        "https://login.microsoftonline.com",
    );
    text.push_str("The object of the token endpoint\n");
    text.push_str(&serde_json::to_string_pretty(&envelope).unwrap());
    text.push('\n');

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/aadsts.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap_or_default();
    assert!(golden == text, "tests/golden/aadsts.txt differs; UPDATE_GOLDEN=1 writes what the code says now:\n{text}");
}
