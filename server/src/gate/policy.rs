//! The decisions of the gate that need nothing but its configuration.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use scenarios::world::{Gate, InvalidToken, UnauthenticatedClientAction};
use wire::access_token::{Claims, TENANT_PLACEHOLDER};
use wire::{Check, Checks};

use super::paths;
use super::refusal::Refusal;

/// What is expected where nobody has to sign in.
pub(super) const ANYBODY: &str = "anything, for gate.unauthenticated_client_action is AllowAnonymous";

/// What the authentication settings come to.
pub(super) struct Policy {
    /// `openIdIssuer`, as configured: where keys are looked up.
    pub(super) issuer: String,
    /// What `iss` must be: the configured issuer, or that of any tenant where it names an authority of many.
    pub(super) issuer_pattern: String,
    /// The client id, which is always allowed, and `allowedAudiences`.
    pub(super) audiences: Vec<String>,
    /// `unauthenticatedClientAction`.
    pub(super) unauthenticated_action: UnauthenticatedClientAction,
    invalid_token: InvalidToken,
    allowed_applications: Vec<String>,
    excluded_paths: Vec<String>,
}

impl Policy {
    pub(super) fn of(gate: &Gate) -> Self {
        let own = gate.client_id.to_string();
        let others = gate.allowed_audiences.iter().filter(|audience| **audience != own).cloned();
        let audiences = std::iter::once(own.clone()).chain(others).collect();
        let many = |segment| if ["common", "organizations"].contains(&segment) { TENANT_PLACEHOLDER } else { segment };
        Self {
            issuer: gate.issuer.clone(),
            issuer_pattern: gate.issuer.split('/').map(many).collect::<Vec<_>>().join("/"),
            audiences,
            unauthenticated_action: gate.unauthenticated_client_action,
            invalid_token: gate.invalid_token,
            allowed_applications: gate.allowed_applications.clone(),
            excluded_paths: gate.excluded_paths.clone(),
        }
    }

    /// Whether a request may come without a token.
    fn allows_anonymous(&self) -> bool {
        self.unauthenticated_action == UnauthenticatedClientAction::AllowAnonymous
    }

    /// Whether a token that is not good counts as none.
    pub(super) fn ignores_invalid_tokens(&self) -> bool {
        self.allows_anonymous() && self.invalid_token == InvalidToken::Ignored
    }

    /// The tenant that the issuer names, in whichever of its two forms.
    pub(super) fn tenant(&self) -> Option<&str> {
        self.issuer.split('/').nth(3).filter(|tenant| !tenant.is_empty())
    }

    /// A browser that follows the way to a sign-in page arrives where this gate has none.
    pub(super) fn refuse_browser_sign_in(path: &str, checks: &mut Checks) -> Result<(), Refusal> {
        if !path.starts_with("/.auth/login/") {
            return Ok(());
        }
        checks.refuse(
            Check::AuthorizationPresent,
            "one header Authorization: Bearer <access token>",
            "a browser that wants to sign in at the gate itself, which entralab's gate does not do",
            "gate.unauthenticated_client_action: Return401 (portal: Container App > Authentication > Edit > \
             Unauthenticated requests), so that callers are told to bring a token",
        );
        Err(Refusal::BrowserSignIn)
    }

    /// The token that the request brings (RFC 6750 §2.1; a token in query or body is not looked for); none where the
    /// path is open, or nobody has to bring one.
    pub(super) fn bearer_token<'r>(
        &self,
        headers: &'r HeaderMap,
        path: &str,
        checks: &mut Checks,
    ) -> Result<Option<&'r str>, Refusal> {
        const EXPECTED: &str = "one header Authorization: Bearer <access token>";
        let given: Vec<_> = headers.get_all(AUTHORIZATION).iter().collect();
        if let [_, _, ..] = given.as_slice() {
            let received = format!("{} Authorization headers", given.len());
            checks.refuse(Check::AuthorizationPresent, EXPECTED, received, "send the header Authorization once");
            return Err(Refusal::Malformed);
        }
        if paths::is_open(&self.excluded_paths, path) {
            checks.pass(Check::AuthorizationPresent, "nothing, for gate.excluded_paths has the path", path);
            return Ok(None);
        }
        let received = match given.first().map(|value| value.to_str()) {
            None if self.allows_anonymous() => {
                checks.pass(Check::AuthorizationPresent, ANYBODY, "no Authorization header");
                return Ok(None);
            }
            None => "no Authorization header",
            Some(Err(_)) => "an Authorization header that is not ASCII",
            Some(Ok(value)) => match value.split_once(' ') {
                Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => match token.trim_matches(' ') {
                    "" => "the scheme Bearer without a token",
                    token if token.contains(|c: char| c.is_ascii_whitespace()) => {
                        "a Bearer token with white space in it"
                    }
                    token => {
                        checks.pass(Check::AuthorizationPresent, EXPECTED, "a Bearer token");
                        return Ok(Some(token));
                    }
                },
                _ => "an Authorization header of another scheme than Bearer",
            },
        };
        if self.ignores_invalid_tokens() {
            checks.pass(Check::AuthorizationPresent, ANYBODY, format!("{received}, which is ignored"));
            return Ok(None);
        }
        checks.refuse(
            Check::AuthorizationPresent,
            EXPECTED,
            received,
            match self.unauthenticated_action {
                UnauthenticatedClientAction::RedirectToLoginPage => {
                    "connect first: the connector then sends its access token with every call; and \
                     gate.unauthenticated_client_action: Return401 (portal: Container App > Authentication > Edit > \
                     Unauthenticated requests), so that no program is sent to a sign-in page"
                }
                _ => {
                    "connect first: the connector then sends its access token with every call; or gate.excluded_paths \
                     (globalValidation.excludedPaths), if the path is meant to be open"
                }
            },
        );
        Err(Refusal::Unauthenticated)
    }

    /// `defaultAuthorizationPolicy.allowedApplications`: the client that asked for the token must be listed.
    pub(super) fn judge_client(&self, claims: &Claims, checks: &mut Checks) -> Result<(), Refusal> {
        let client = claims.client().unwrap_or_default();
        if self.allowed_applications.is_empty() {
            checks.pass(Check::ClientAllowed, "any client, for gate.allowed_applications is empty", client);
            return Ok(());
        }
        let expected = format!("one of {}", self.allowed_applications.join(", "));
        if self.allowed_applications.iter().any(|allowed| allowed.eq_ignore_ascii_case(client)) {
            checks.pass(Check::ClientAllowed, expected, client);
            return Ok(());
        }
        checks.refuse(
            Check::ClientAllowed,
            expected,
            client,
            format!(
                "gate.allowed_applications: add {client} (portal: Container App > Authentication > Edit > Client \
                 application requirement > Allow requests from specific client applications)"
            ),
        );
        Err(Refusal::Forbidden)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn policy(change: impl FnOnce(&mut Gate)) -> Policy {
        let mut gate: Gate = serde_json::from_value(serde_json::json!({
            "url": "https://app.example", "client_id": "3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b",
            "issuer": "https://sts.windows.net/7c0b3f52-1d2e-4a5b-9c3d-0e8f6a1b2c3d/",
        }))
        .unwrap();
        change(&mut gate);
        Policy::of(&gate)
    }

    fn token_of(values: &[&[u8]]) -> Result<Option<String>, Refusal> {
        let headers = values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_bytes(value).unwrap())).collect();
        let mut checks = Checks::default();
        let token = policy(|_| {}).bearer_token(&headers, "/mcp", &mut checks).map(|token| token.map(str::to_owned));
        assert_eq!(token.is_err(), checks.refusal().is_some());
        assert!(checks.0.iter().all(|check| !check.received.contains("secret")), "{checks:?}");
        token
    }

    #[test]
    fn atk_c24_the_scheme_is_read_as_http_says() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c", "Bearer a.b.c  "] {
            assert_eq!(token_of(&[value.as_bytes()]), Ok(Some("a.b.c".to_owned())), "{value}");
        }
        for value in
            ["", "Bearer", "Bearer ", "Bearer    ", "Bearer\ta.b.c", "Bearer a b", "Basic secret", "secret", "Bearera"]
        {
            assert_eq!(token_of(&[value.as_bytes()]), Err(Refusal::Unauthenticated), "{value}");
        }
        assert_eq!(token_of(&[b"Bearer \xff\xfe"]), Err(Refusal::Unauthenticated));
        assert_eq!(token_of(&[]), Err(Refusal::Unauthenticated));
        assert_eq!(token_of(&[b"Bearer a", b"Bearer a"]), Err(Refusal::Malformed));
    }

    #[test]
    fn the_client_id_is_always_an_audience_and_an_authority_of_many_tenants_fits_any() {
        let policy = policy(|gate| {
            gate.allowed_audiences = vec!["3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b".to_owned(), "api://x".to_owned()];
            gate.issuer = "https://login.microsoftonline.com/common/v2.0".to_owned();
        });
        assert_eq!(policy.audiences, ["3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b", "api://x"]);
        assert_eq!(policy.issuer, "https://login.microsoftonline.com/common/v2.0");
        assert_eq!(policy.issuer_pattern, "https://login.microsoftonline.com/{tenantid}/v2.0");
    }
}
