//! What each identity-provider profile of a connector sends to the authorization and token endpoints.

use std::borrow::Cow;

use scenarios::world::{Connector, ProviderProfile};
use url::Url;

/// A request to a token endpoint, not yet sent.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// The endpoint, as typed.
    pub url: String,
    /// The form, in order.
    pub form: Vec<(Cow<'static, str>, String)>,
}

/// A typed URL that no browser or gateway opens.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: '{url}' is not an absolute http or https URL")]
pub struct UnusableUrl {
    /// The place in the world.
    pub setting: &'static str,
    /// What was typed.
    pub url: String,
}

/// The values that take the place of `{ClientId}` and its like in a typed URL.
struct Values<'a> {
    connector: &'a Connector,
    redirect_url: &'a str,
    state: &'a str,
    code: &'a str,
    refresh_token: &'a str,
}

/// The URL that the browser is sent to.
///
/// # Errors
/// When what was typed is not a web address.
pub fn authorize_url(connector: &Connector, redirect_url: &str, state: &str) -> Result<String, UnusableUrl> {
    let values = Values { connector, redirect_url, state, code: "", refresh_token: "" };
    let base = match connector.profile {
        ProviderProfile::AadV1 => v1_endpoint(connector, "authorize")?,
        ProviderProfile::GenericV2 => usable(values.fill(&connector.authorization_url), "connector.authorization_url")?,
    };
    let joint = if base.contains('?') { '&' } else { '?' };
    if let Some(template) = template(connector, connector.authorization_url_query_string_template.as_ref()) {
        let url = format!("{base}{joint}{}", values.fill(template).trim_start_matches(['?', '&']));
        return usable(url, "connector.authorization_url_query_string_template");
    }
    let mut query: Vec<(&str, &str)> =
        vec![("client_id", &connector.client_id), ("response_type", "code"), ("redirect_uri", redirect_url)];
    match connector.profile {
        ProviderProfile::AadV1 => {
            query.extend(connector.resource_url.as_deref().map(|resource| ("resource", resource)));
            query.push(("prompt", "select_account"));
        }
        ProviderProfile::GenericV2 if !connector.scopes.is_empty() => query.push(("scope", &connector.scopes)),
        ProviderProfile::GenericV2 => {}
    }
    query.push(("state", state));
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    Ok(format!("{base}{joint}{}", query.join("&")))
}

/// The request that redeems a code.
///
/// # Errors
/// When what was typed is not a web address.
pub fn code_request(connector: &Connector, redirect_url: &str, code: &str) -> Result<TokenRequest, UnusableUrl> {
    let values = Values { connector, redirect_url, state: "", code, refresh_token: "" };
    let url = token_endpoint(&values, &connector.token_url, "connector.token_url")?;
    if let Some(template) = template(connector, connector.token_body_template.as_ref()) {
        return Ok(TokenRequest { url, form: values.form(template) });
    }
    let mut form = vec![
        ("client_id".into(), connector.client_id.clone()),
        ("code".into(), code.to_owned()),
        ("redirect_uri".into(), redirect_url.to_owned()),
        ("grant_type".into(), "authorization_code".to_owned()),
    ];
    form.extend(secret(connector));
    Ok(TokenRequest { url, form })
}

/// The request that redeems a refresh token; of itself, neither profile repeats the scopes.
///
/// # Errors
/// When what was typed is not a web address.
pub fn refresh_request(
    connector: &Connector,
    redirect_url: &str,
    refresh_token: &str,
) -> Result<TokenRequest, UnusableUrl> {
    let values = Values { connector, redirect_url, state: "", code: "", refresh_token };
    let url = token_endpoint(&values, &connector.refresh_url, "connector.refresh_url")?;
    if let Some(template) = template(connector, connector.refresh_body_template.as_ref()) {
        return Ok(TokenRequest { url, form: values.form(template) });
    }
    let mut form = vec![
        ("client_id".into(), connector.client_id.clone()),
        ("refresh_token".into(), refresh_token.to_owned()),
        ("grant_type".into(), "refresh_token".to_owned()),
    ];
    form.extend(secret(connector));
    if connector.profile == ProviderProfile::AadV1 {
        // the v1 endpoint knows no scopes: the resource names the target
        form.extend(connector.resource_url.clone().map(|resource| ("resource".into(), resource)));
    }
    Ok(TokenRequest { url, form })
}

/// Only the generic provider has templates.
fn template<'c>(connector: &Connector, template: Option<&'c String>) -> Option<&'c str> {
    template.filter(|_| connector.profile == ProviderProfile::GenericV2).map(String::as_str)
}

/// The secret goes into the body; a box that was left empty at the last update sends none.
fn secret(connector: &Connector) -> Option<(Cow<'static, str>, String)> {
    (!connector.client_secret.is_empty()).then(|| ("client_secret".into(), connector.client_secret.clone()))
}

fn token_endpoint(values: &Values<'_>, typed: &str, setting: &'static str) -> Result<String, UnusableUrl> {
    match values.connector.profile {
        ProviderProfile::AadV1 => v1_endpoint(values.connector, "token"),
        ProviderProfile::GenericV2 => usable(values.fill(typed), setting),
    }
}

/// The v1 endpoint under Login URL and Tenant ID; nothing that was typed elsewhere counts.
fn v1_endpoint(connector: &Connector, name: &str) -> Result<String, UnusableUrl> {
    let login_uri = usable(connector.login_uri.clone(), "connector.login_uri")?;
    let endpoint = format!("{}/{}/oauth2/{name}", login_uri.trim_end_matches('/'), connector.tenant_id);
    usable(endpoint, "connector.tenant_id")
}

/// Only web addresses are opened, never `javascript:`, `data:` or `file:`; the spelling is kept.
fn usable(url: String, setting: &'static str) -> Result<String, UnusableUrl> {
    let is_web_address =
        Url::parse(&url).is_ok_and(|parsed| matches!(parsed.scheme(), "http" | "https") && parsed.has_host());
    if is_web_address && !url.contains('#') { Ok(url) } else { Err(UnusableUrl { setting, url }) }
}

impl Values<'_> {
    /// The form that a body template makes.
    fn form(&self, template: &str) -> Vec<(Cow<'static, str>, String)> {
        let parameters = wire::exchange::parameters(&self.fill(template));
        parameters.into_iter().map(|(name, value)| (name.into(), value)).collect()
    }

    /// Puts the values into the placeholders of a typed URL.
    fn fill(&self, template: &str) -> String {
        let values = [
            ("{ClientId}", self.connector.client_id.as_str()),
            ("{ClientSecret}", self.connector.client_secret.as_str()),
            ("{RedirectUrl}", self.redirect_url),
            ("{State}", self.state),
            ("{Scopes}", self.connector.scopes.as_str()),
            ("{Code}", self.code),
            ("{RefreshToken}", self.refresh_token),
        ];
        let mut filled = String::new();
        let mut rest = template.trim();
        while let Some(start) = rest.find('{') {
            filled.push_str(&rest[..start]);
            rest = &rest[start..];
            let found = values.iter().find_map(|(name, value)| Some((rest.strip_prefix(name)?, value)));
            rest = match found {
                Some((after, value)) => {
                    filled.push_str(&escaped(value));
                    after
                }
                None => {
                    filled.push('{');
                    &rest[1..]
                }
            };
        }
        filled.push_str(rest);
        filled
    }
}

/// Percent-encodes as .NET does: escapes in lower case, `+` for a space.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'!' | b'*' | b'(' | b')' => {
                escaped.push(char::from(byte));
            }
            b' ' => escaped.push('+'),
            other => {
                let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
                escaped.extend(['%', digit(other >> 4), digit(other & 15)]);
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const REDIRECT: &str = "https://global.consent.azure-apim.net/redirect/cr938-5fmcpserver-5f5f43bcb8573bc3e8";
    const STATE: &str = "1b4e28ba-2fa1-41d2-883f-0016d3cca427_unitedstates-002_azure-apim.net";

    fn connector(change: serde_json::Value) -> Connector {
        let mut written = json!({
            "name": "mcpserver", "publisher_prefix": "cr938", "environment_hash": "5f43bcb8573bc3e8",
            "server_url": "https://server.test/mcp", "profile": "aad-v1",
            "client_id": "9d4e2b7a-6c1f-4d3e-b5a8-7f6e5d4c3b2a", "client_secret": "s3cret",
            "authorization_url": "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
            "token_url": "https://login.microsoftonline.com/oauth2/v2.0/token",
            "refresh_url": "https://login.microsoftonline.com/oauth2/v2.0/refresh",
            "scopes": "openid, profile", "resource_url": "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b"
        });
        written.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value(written).unwrap()
    }

    #[test]
    fn aad_v1_sends_resource_and_prompt_and_no_scope() {
        assert_eq!(
            authorize_url(&connector(json!({})), REDIRECT, STATE).unwrap(),
            "https://login.microsoftonline.com/common/oauth2/authorize?client_id=9d4e2b7a-6c1f-4d3e-b5a8-7f6e5d4c3b2a\
             &response_type=code&redirect_uri=https%3a%2f%2fglobal.consent.azure-apim.net%2fredirect%2fcr938-5fmcpserver\
             -5f5f43bcb8573bc3e8&resource=api%3a%2f%2f3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b&prompt=select_account\
             &state=1b4e28ba-2fa1-41d2-883f-0016d3cca427_unitedstates-002_azure-apim.net"
        );
    }

    #[test]
    fn generic_v2_sends_what_was_typed_where_it_was_typed() {
        let typed = connector(json!({"profile": "generic-v2", "scopes": "api://x/.default offline_access"}));
        assert_eq!(
            authorize_url(&typed, "https://a.test/redirect", "s").unwrap(),
            "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=9d4e2b7a-6c1f-4d3e-b5a8-7f6e5d4c3b2a\
             &response_type=code&redirect_uri=https%3a%2f%2fa.test%2fredirect&scope=api%3a%2f%2fx%2f.default+offline_access\
             &state=s"
        );
        let with_query = connector(json!({
            "profile": "generic-v2", "scopes": "", "authorization_url": "https://a.test/auth?tenant={ClientId}&x={Unknown}"
        }));
        let url = authorize_url(&with_query, "https://a.test/redirect", "s").unwrap();
        assert!(
            url.starts_with("https://a.test/auth?tenant=9d4e2b7a-6c1f-4d3e-b5a8-7f6e5d4c3b2a&x={Unknown}&client_id="),
            "{url}"
        );
        assert!(!url.contains("scope"));
    }

    #[test]
    fn tokens_are_asked_for_in_the_order_of_the_templates() {
        let names = |request: &TokenRequest| request.form.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>();
        let v1 = connector(json!({}));
        let code = code_request(&v1, REDIRECT, "the-code").unwrap();
        assert_eq!(code.url, "https://login.microsoftonline.com/common/oauth2/token");
        assert_eq!(names(&code), ["client_id", "code", "redirect_uri", "grant_type", "client_secret"]);
        let refresh = refresh_request(&v1, REDIRECT, "the-token").unwrap();
        assert_eq!(refresh.url, "https://login.microsoftonline.com/common/oauth2/token");
        assert_eq!(names(&refresh), ["client_id", "refresh_token", "grant_type", "client_secret", "resource"]);

        let v2 = connector(json!({"profile": "generic-v2", "client_secret": ""}));
        let code = code_request(&v2, REDIRECT, "the-code").unwrap();
        assert_eq!(code.url, "https://login.microsoftonline.com/oauth2/v2.0/token");
        assert_eq!(names(&code), ["client_id", "code", "redirect_uri", "grant_type"], "an empty secret is not sent");
        let refresh = refresh_request(&v2, REDIRECT, "the-token").unwrap();
        assert_eq!(refresh.url, "https://login.microsoftonline.com/oauth2/v2.0/refresh");
        assert_eq!(names(&refresh), ["client_id", "refresh_token", "grant_type"]);
    }

    #[test]
    fn a_template_takes_the_place_of_the_whole_query_or_form() {
        let templates = json!({
            "profile": "generic-v2", "scopes": "api://x/.default offline_access",
            "authorization_url_query_string_template":
                "?client_id={ClientId}&response_type=code&redirect_uri={RedirectUrl}&scope={Scopes}&state={State}\
                 &resource=https://server.test/mcp&prompt=always",
            "token_body_template": "grant_type=authorization_code&code={Code}&resource=https://server.test/mcp",
            "refresh_body_template": "grant_type=refresh_token&refresh_token={RefreshToken}&scope={Scopes} openid",
        });
        let typed = connector(templates.clone());
        let url = authorize_url(&typed, "https://a.test/redirect", "s").unwrap();
        assert!(
            url.starts_with("https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=9d4e"),
            "{url}"
        );
        assert_eq!(
            wire::exchange::query_of(&url)[1..],
            [
                ("response_type", "code"),
                ("redirect_uri", "https://a.test/redirect"),
                ("scope", "api://x/.default offline_access"),
                ("state", "s"),
                ("resource", "https://server.test/mcp"),
                ("prompt", "always")
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        let pairs = |request: TokenRequest| {
            request.form.into_iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
        };
        assert_eq!(
            pairs(code_request(&typed, REDIRECT, "a+b").unwrap()),
            ["grant_type: authorization_code", "code: a+b", "resource: https://server.test/mcp"]
        );
        assert_eq!(
            pairs(refresh_request(&typed, REDIRECT, "the&token").unwrap()),
            ["grant_type: refresh_token", "refresh_token: the&token", "scope: api://x/.default offline_access openid"]
        );

        let mut of_v1 = templates;
        of_v1["profile"] = "aad-v1".into();
        assert!(authorize_url(&connector(of_v1), REDIRECT, STATE).unwrap().ends_with("azure-apim.net"), "v1 has none");
        let with_fragment = json!({"profile": "generic-v2", "authorization_url_query_string_template": "a=#b"});
        assert_eq!(
            authorize_url(&connector(with_fragment), REDIRECT, STATE).unwrap_err().setting,
            "connector.authorization_url_query_string_template"
        );
    }

    #[test]
    fn atk_f06_only_web_addresses_are_opened() {
        for url in [
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "",
            "common/authorize",
            "https://",
            "https://a.test/#x",
        ] {
            let typed = connector(json!({"profile": "generic-v2", "authorization_url": url, "token_url": url}));
            assert!(authorize_url(&typed, REDIRECT, STATE).is_err(), "{url}");
            assert!(code_request(&typed, REDIRECT, "c").is_err(), "{url}");
            let based = connector(json!({"login_uri": url}));
            assert!(authorize_url(&based, REDIRECT, STATE).is_err(), "{url}");
        }
    }

    proptest! {
        #[test]
        fn escapes_are_undone_by_any_form_decoder(text in any::<String>()) {
            let encoded = format!("x={}", escaped(&text));
            prop_assert_eq!(wire::exchange::parameters(&encoded), vec![("x".to_owned(), text)]);
        }

        #[test]
        fn no_template_brings_the_filling_down(template in "[{}a-zA-Z:/é?]{0,40}") {
            let typed = connector(json!({"profile": "generic-v2", "authorization_url": template}));
            let _url = authorize_url(&typed, REDIRECT, STATE);
        }
    }
}
