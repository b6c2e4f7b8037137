//! The connector that Copilot Studio's wizard makes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The connector that Copilot Studio's wizard makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connector {
    /// The display name typed in the wizard.
    pub name: String,
    /// The prefix of the solution's publisher, part of the redirect URL.
    pub publisher_prefix: String,
    /// The hash of the environment, part of the redirect URL.
    pub environment_hash: String,
    /// Server URL: the full path of the MCP endpoint.
    pub server_url: String,
    /// The identity provider of the Security page.
    pub profile: ProviderProfile,
    /// Client ID.
    pub client_id: String,
    /// Client secret; empty where it was not typed again at the last update.
    pub client_secret: String,
    /// Authorization URL. Used by `generic-v2` only.
    pub authorization_url: String,
    /// Token URL template. Used by `generic-v2` only.
    pub token_url: String,
    /// Refresh URL. Used by `generic-v2` only.
    pub refresh_url: String,
    /// Scopes, as typed. Used by `generic-v2` only.
    #[serde(default)]
    pub scopes: String,
    /// `authorizationUrlQueryStringTemplate`: the whole query of the authorize request, with `{ClientId}`,
    /// `{RedirectUrl}`, `{Scopes}` and `{State}` for what is filled in; URLs in it are written plain. Used by `generic-v2`
    /// only. Default: `client_id={ClientId}&response_type=code&redirect_uri={RedirectUrl}&scope={Scopes}&state={State}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_url_query_string_template: Option<String>,
    /// `tokenBodyTemplate`: the whole form that redeems a code, with `{Code}` and `{ClientSecret}` too. Used by
    /// `generic-v2` only. Default: id, code, redirect URL, grant type and secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_body_template: Option<String>,
    /// `refreshBodyTemplate`: the whole form that redeems a refresh token, with `{RefreshToken}` too. Used by
    /// `generic-v2` only. Default: id, refresh token, grant type and secret; no scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_body_template: Option<String>,
    /// Login URL. Used by `aad-v1` only. Default: `https://login.microsoftonline.com`.
    #[serde(default = "default_login_uri")]
    pub login_uri: String,
    /// Tenant ID. Used by `aad-v1` only. Default: common.
    #[serde(default = "default_tenant_id")]
    pub tenant_id: String,
    /// Resource URL. Exists on `aad-v1` only.
    #[serde(default)]
    pub resource_url: Option<String>,
    /// `redirectMode`. Default: GlobalPerConnector.
    #[serde(default)]
    pub redirect_mode: RedirectMode,
    /// The origin of the redirect URL. Default: `https://global.consent.azure-apim.net` (regional variants exist).
    #[serde(default = "default_consent_host")]
    pub consent_host: String,
    /// How the Test tab sends its request.
    #[serde(default)]
    pub test_console: TestConsole,
    /// How the agent's runtime talks to the MCP server.
    #[serde(default)]
    pub handshake: Handshake,
}

fn default_login_uri() -> String {
    "https://login.microsoftonline.com".to_owned()
}

fn default_consent_host() -> String {
    CONSENT_HOST.to_owned()
}

fn default_tenant_id() -> String {
    "common".to_owned()
}

/// The `identityProvider` of a connector, with what it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderProfile {
    /// `aad`: the v1 endpoints under Login URL and Tenant ID, with `resource` and `prompt=select_account`, no scope.
    AadV1,
    /// `oauth2generic`: the typed URLs and scopes, the secret in the body, refresh without scope.
    GenericV2,
}

/// `redirectMode` of a connector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RedirectMode {
    /// One redirect URL for all connectors, as before.
    Global,
    /// A redirect URL with the connector's own slug.
    #[default]
    GlobalPerConnector,
}

/// What the Test tab's "Test operation" sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TestConsole {
    /// The page's origin. Default: `https://make.powerapps.com`.
    pub page_origin: String,
    /// The method. Default: POST.
    pub method: TestMethod,
    /// The Accept header. Default: none is sent.
    pub accept: Option<String>,
    /// The body. Default: empty.
    pub body: String,
}

impl Default for TestConsole {
    fn default() -> Self {
        Self {
            page_origin: "https://make.powerapps.com".to_owned(),
            method: TestMethod::default(),
            accept: None,
            body: String::new(),
        }
    }
}

/// The method of "Test operation".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TestMethod {
    /// As the connector's definition says.
    #[default]
    Post,
    /// As one report saw it.
    Get,
}

/// What the agent's runtime sends on every turn; see the recorded handshake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Handshake {
    /// The agent's name. Default: Copilot.
    pub agent_name: String,
    /// Whether `notifications/initialized` carries `"id": null`, as captured. Default: true.
    pub null_notification_id: bool,
    /// Whether `Mcp-Session-Id` and `MCP-Protocol-Version` are sent back; in no capture. Default: false.
    pub session_and_version_headers: bool,
    /// The Accept header as it reaches the server, where something on the way rewrites it; empty: none is left. Default:
    /// as captured, `application/json,text/event-stream`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept: Option<String>,
}

impl Default for Handshake {
    fn default() -> Self {
        Self {
            agent_name: "Copilot".to_owned(),
            null_notification_id: true,
            session_and_version_headers: false,
            accept: None,
        }
    }
}

impl Connector {
    /// The connector's internal name: prefix, display name and environment hash, escaped as the gateway does.
    #[must_use]
    pub fn slug(&self) -> String {
        let escaped: String = self
            .name
            .to_lowercase()
            .chars()
            .flat_map(|c| match c {
                'a'..='z' | '0'..='9' => vec![c],
                _ => {
                    let mut buffer = [0; 4];
                    c.encode_utf8(&mut buffer)
                        .bytes()
                        .flat_map(|byte| format!("-{byte:02x}").into_bytes())
                        .map(char::from)
                        .collect()
                }
            })
            .collect();
        format!("{}-5f{escaped}-5f{}", self.publisher_prefix, self.environment_hash)
    }

    /// The redirect URL that the connector's page shows after saving.
    #[must_use]
    pub fn redirect_url(&self) -> String {
        match self.redirect_mode {
            RedirectMode::Global => format!("{}/redirect", self.consent_host),
            RedirectMode::GlobalPerConnector => format!("{}/redirect/{}", self.consent_host, self.slug()),
        }
    }
}

/// The origin of the connector's redirect URLs, in cloud names.
pub const CONSENT_HOST: &str = "https://global.consent.azure-apim.net";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slug_is_escaped_as_observed() {
        let mut connector: Connector = serde_json::from_value(serde_json::json!({
            "name": "Zephyr MCP", "publisher_prefix": "cr938", "environment_hash": "43bcb8573bc3e84",
            "server_url": "", "profile": "aad-v1", "client_id": "", "client_secret": "",
            "authorization_url": "", "token_url": "", "refresh_url": ""
        }))
        .unwrap();
        assert_eq!(connector.slug(), "cr938-5fzephyr-20mcp-5f43bcb8573bc3e84");
        connector.redirect_mode = RedirectMode::Global;
        assert_eq!(connector.redirect_url(), "https://global.consent.azure-apim.net/redirect");
    }
}
