//! A lab of one identity provider, a browser without scripts, and a client.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use mock_idp::{IdentityProvider, Origins, Settings, SigningKeys};
use scenarios::world::Idp;
use serde_json::{Value, json};
use tower::ServiceExt;
use wire::{Checks, Clock};

use crate::advertised::dead_end;
use crate::secrets::Secrets;

pub const TENANT: &str = "7c0b3f52-1d2e-4a5b-9c3d-0e8f6a1b2c3d";
pub const OTHER_TENANT: &str = "1b2c3d4e-0000-4000-8000-00000000fab0";
pub const CLIENT: &str = "9d4e2b7a-6c1f-4d3e-b5a8-7f6e5d4c3b2a";
pub const SERVER: &str = "3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b";
pub const SERVER_URI: &str = "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b";
pub const MODERN: &str = "3f8a1c2e-0000-4000-8000-000000000002";
pub const MEGAN: &str = "51c0a7de-8f0e-4d53-9d1b-6c2f0b7a9e41";
pub const REDIRECT: &str = "https://global.consent.azure-apim.net/redirect/cr938-5fmcpserver-5f5f43bcb8573bc3e8";
pub const SECRET: &str = "Ent~emulated-client-secret-0123456789abcd";
pub const PASSWORD: &str = "Tailwind-Traders-7";
pub const START: &str = "2026-01-15T09:00:00Z";

/// A world in which everything works, for tests to change one thing of.
pub fn world() -> Value {
    json!({
        "tenants": {
            "contoso": { "id": TENANT, "display_name": "Contoso", "domains": ["contoso.onmicrosoft.com", "contoso.com"] },
            "fabrikam": { "id": OTHER_TENANT, "display_name": "Fabrikam", "domains": ["fabrikam.com"] },
        },
        "users": {
            "megan": {
                "tenant": "contoso", "username": "megan@contoso.com", "password": PASSWORD, "object_id": MEGAN,
                "display_name": "Megan Bowen", "given_name": "Megan", "family_name": "Bowen", "email": "megan@contoso.com",
            },
            "admin": {
                "tenant": "contoso", "username": "admin@contoso.com", "password": "Fabrikam-Global-1",
                "object_id": "c2d9b6f4-3a71-4e0c-8b55-2f9d1e6a7c30", "display_name": "MOD Administrator",
                "roles": ["global_administrator"],
            },
            "nestor": {
                "tenant": "fabrikam", "username": "nestor@fabrikam.com", "password": "Northwind-9",
                "object_id": "c2d9b6f4-3a71-4e0c-8b55-00000000fab0", "display_name": "Nestor Wilke",
            },
        },
        "apps": {
            "server": {
                "tenant": "contoso", "client_id": SERVER, "identifier_uris": [SERVER_URI],
                "scopes": {
                    "user-impersonation": { "value": "user_impersonation", "display_name": "Access the server" },
                    "manage": { "value": "Server.Manage", "consent": "admin" },
                },
                "secrets": { "own": { "value": "server-secret", "expires": "2027-01-01T00:00:00Z" } },
                "redirect_uris": { "web": ["https://server.example/.auth/login/aad/callback"] },
                "permissions": { "graph": { "resource": "microsoft-graph", "scopes": ["User.Read"] } },
            },
            "modern": {
                "tenant": "contoso", "client_id": MODERN, "identifier_uris": [format!("api://{MODERN}")],
                "scopes": { "read": { "value": "Things.Read" } },
                "access_token_version": 2,
            },
            "client": {
                "tenant": "contoso", "client_id": CLIENT, "display_name": "copilot-studio-client",
                "audience": "AzureADMultipleOrgs",
                "secrets": {
                    "good": { "value": SECRET, "expires": "2027-01-01T00:00:00Z" },
                    "old": { "value": "an-expired-secret", "expires": "2026-01-01T00:00:00Z" },
                    "odd": { "value": "a+b%20c~=:ü", "expires": "2027-01-01T00:00:00Z" },
                },
                "redirect_uris": {
                    "web": [REDIRECT, "https://app.example/cb?x=1"],
                    "spa": ["https://spa.example/"],
                    "public": ["http://localhost/cb"],
                },
                "permissions": {
                    "graph": { "resource": "microsoft-graph", "scopes": ["openid", "profile", "email"] },
                    "server": { "resource": "server", "scopes": ["user_impersonation"] },
                    "modern": { "resource": "modern", "scopes": ["Things.Read"] },
                },
            },
            "single": {
                "tenant": "contoso", "client_id": "9d4e2b7a-0000-4000-8000-000000000001",
                "secrets": { "only": { "value": "single-secret", "expires": "2027-01-01T00:00:00Z" } },
                "redirect_uris": { "web": ["https://single.example/cb"] },
            },
            "bare": { "tenant": "contoso", "client_id": "9d4e2b7a-0000-4000-8000-000000000003", "audience": "AzureADMultipleOrgs" },
            "personal": {
                "tenant": "contoso", "client_id": "9d4e2b7a-0000-4000-8000-000000000004",
                "audience": "PersonalMicrosoftAccount", "redirect_uris": { "web": ["https://personal.example/cb"] },
            },
        },
        "consents": {
            "client-on-graph": { "client": "client", "resource": "microsoft-graph", "scopes": ["openid", "profile", "email"] },
            "client-on-server": { "client": "client", "resource": "server", "scopes": ["user_impersonation"] },
            "client-on-modern": { "client": "client", "resource": "modern", "scopes": ["Things.Read"] },
        },
    })
}

/// The world with one change (RFC 7396).
pub fn changed(change: Value) -> Value {
    let mut world = world();
    merge(&mut world, change);
    world
}

/// Merges a change (RFC 7396).
pub fn merge(target: &mut Value, change: Value) {
    match (target, change) {
        (Value::Object(target), Value::Object(change)) => {
            for (name, value) in change {
                if value.is_null() {
                    target.remove(&name);
                } else {
                    merge(target.entry(name).or_insert(Value::Null), value);
                }
            }
        }
        (target, change) => *target = change,
    }
}

/// One identity provider on a frozen clock.
pub struct Lab {
    pub provider: IdentityProvider,
    pub clock: Clock,
    runtime: tokio::runtime::Runtime,
    /// What the worlds of this lab keep secret, for no answer to tell.
    secrets: RefCell<Secrets>,
}

/// An answer with all that a test asks of it.
pub struct Seen {
    /// What it answers: method, target and form.
    pub request: String,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub checks: Checks,
    pub body: String,
}

impl Lab {
    pub fn new() -> Self {
        Self::of(world())
    }

    pub fn of(world: Value) -> Self {
        Self::at(world, Origins::cloud())
    }

    pub fn at(world: Value, origins: Origins) -> Self {
        Self::with_seed(world, origins, [7; 32])
    }

    pub fn seeded(world: Value, seed: [u8; 32]) -> Self {
        Self::with_seed(world, Origins::cloud(), seed)
    }

    pub fn with_seed(world: Value, origins: Origins, seed: [u8; 32]) -> Self {
        let clock = Clock::frozen_at(START.parse().unwrap());
        let secrets = RefCell::new(Secrets::of_world(&world));
        let idp: Arc<Idp> = Arc::new(serde_json::from_value(world).unwrap());
        let keys = Arc::new(SigningKeys::bundled().unwrap());
        let provider = IdentityProvider::new(Settings { idp, origins, keys, clock: clock.clone(), seed });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { provider, clock, runtime, secrets }
    }

    pub fn replace(&self, world: Value) {
        let both = self.secrets.borrow().and(&Secrets::of_world(&world));
        self.secrets.replace(both);
        self.provider.replace(Arc::new(serde_json::from_value(world).unwrap()));
    }

    pub fn advance(&self, minutes: i64) {
        self.clock.advance(jiff::SignedDuration::from_mins(minutes)).unwrap();
    }

    #[track_caller]
    pub fn send(&self, request: Request<Body>) -> Seen {
        let seen = self.runtime.block_on(async {
            let (parts, body) = request.into_parts();
            let sent = body.collect().await.unwrap().to_bytes();
            let line = format!("{} {}\n{}", parts.method, parts.uri, String::from_utf8_lossy(&sent));
            let request = Request::from_parts(parts, Body::from(sent));
            let response: Response = self.provider.router().oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let checks = parts.extensions.get::<Checks>().cloned().expect("every answer leaves its checks");
            let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
            let told = self.secrets.borrow().told_by(&checks, &parts.headers, &body);
            assert_eq!(told, None, "{line}");
            Seen { request: line, status: parts.status, headers: parts.headers, checks, body }
        });
        assert_eq!(dead_end(&seen.headers, &seen.body), None, "advertised and not served\n{}", seen.request);
        seen
    }

    /// How a request is answered, of whose answer nothing else is looked at.
    pub fn status(&self, request: Request<Body>) -> StatusCode {
        self.runtime.block_on(self.provider.router().oneshot(request)).unwrap().status()
    }

    pub fn get(&self, path: &str) -> Seen {
        self.send(Request::get(path).body(Body::empty()).unwrap())
    }

    pub fn method(&self, method: &str, path: &str) -> Seen {
        self.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap())
    }

    pub fn post(&self, path: &str, form: &str) -> Seen {
        self.send(post(path, form))
    }

    /// The authorize page of a request.
    pub fn authorize(&self, path: &str, parameters: &[(&str, &str)]) -> Seen {
        self.get(&format!("{path}?{}", form(parameters)))
    }

    /// Signs megan in and gives the redirect's parameters.
    #[track_caller]
    pub fn code(&self, path: &str, parameters: &[(&str, &str)]) -> String {
        let mut browser = Browser::new(self);
        browser.open(path, parameters);
        let seen = browser.sign_in("megan@contoso.com", PASSWORD);
        returned(&seen, "code").unwrap_or_else(|| panic!("no code: {}", seen.body))
    }
}

pub fn post(path: &str, form: &str) -> Request<Body> {
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap()
}

/// The challenge of the verifier (RFC 7636, appendix B).
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const SPA: &str = "https://spa.example/";
pub const SPA_ORIGIN: &str = "https://spa.example";

/// The authorize parameters of a single-page application.
pub fn spa(scope: &'static str) -> Vec<(&'static str, &'static str)> {
    let challenged = with(&with(&v2(scope), "code_challenge", CHALLENGE), "code_challenge_method", "S256");
    with(&challenged, "redirect_uri", SPA)
}

/// The token parameters of a single-page application for a code.
pub fn spa_redeem(code: &str) -> Vec<(&str, &str)> {
    let public = with(&redeem(code), "client_secret", "");
    with(&with(&public, "redirect_uri", SPA), "code_verifier", VERIFIER)
}

/// The same for a refresh token.
pub fn spa_refresh(token: &str) -> Vec<(&str, &str)> {
    with(&refresh(token), "client_secret", "")
}

/// A token request from a page.
pub fn from_origin(origin: &str, form: &str) -> Request<Body> {
    let mut request = post(V2_TOKEN, form);
    request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
    request
}

/// A lab with a single-page application's refresh token.
#[track_caller]
pub fn spa_refresh_token() -> (Lab, String) {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &spa(DEFAULT));
    let seen = lab.send(from_origin(SPA_ORIGIN, &form(&spa_redeem(&code))));
    let token = seen.json()["refresh_token"].as_str().unwrap_or_else(|| panic!("{}", seen.body)).to_owned();
    (lab, token)
}

pub fn form(parameters: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

/// The parameters with one set, replaced, or (empty) removed.
pub fn with<'p>(parameters: &[(&'p str, &'p str)], name: &'p str, value: &'p str) -> Vec<(&'p str, &'p str)> {
    let mut changed: Vec<_> = parameters.iter().copied().filter(|(key, _)| *key != name).collect();
    if !value.is_empty() {
        changed.push((name, value));
    }
    changed
}

/// The authorize parameters of the v1 connector.
pub fn v1() -> Vec<(&'static str, &'static str)> {
    vec![
        ("client_id", CLIENT),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("resource", SERVER_URI),
        ("prompt", "select_account"),
        ("state", "guid_unitedstates-002_azure-apim.net"),
    ]
}

/// The authorize parameters of a v2 client.
pub fn v2(scope: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![("client_id", CLIENT), ("response_type", "code"), ("redirect_uri", REDIRECT), ("scope", scope), ("state", "s")]
}

pub const V1_AUTHORIZE: &str = "/common/oauth2/authorize";
pub const V2_AUTHORIZE: &str = "/common/oauth2/v2.0/authorize";
pub const V1_TOKEN: &str = "/common/oauth2/token";
pub const V2_TOKEN: &str = "/common/oauth2/v2.0/token";
pub const DEFAULT: &str = "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/.default offline_access";

/// The token parameters for a code.
pub fn redeem(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT),
        ("client_secret", SECRET),
        ("redirect_uri", REDIRECT),
        ("code", code),
    ]
}

/// The token endpoint of the tenant itself.
pub const TENANT_TOKEN: &str = "/7c0b3f52-1d2e-4a5b-9c3d-0e8f6a1b2c3d/oauth2/v2.0/token";
pub const TENANT_V1_TOKEN: &str = "/7c0b3f52-1d2e-4a5b-9c3d-0e8f6a1b2c3d/oauth2/token";

/// The token parameters of an application that asks for itself.
pub fn for_itself(scope: &str) -> Vec<(&str, &str)> {
    vec![("grant_type", "client_credentials"), ("client_id", CLIENT), ("client_secret", SECRET), ("scope", scope)]
}

/// The token parameters for a refresh token.
pub fn refresh(token: &str) -> Vec<(&str, &str)> {
    vec![("grant_type", "refresh_token"), ("client_id", CLIENT), ("client_secret", SECRET), ("refresh_token", token)]
}

impl Seen {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn location(&self) -> Option<&str> {
        self.header("location")
    }

    /// The AADSTS number, wherever it shows.
    pub fn aadsts(&self) -> Option<u32> {
        let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
        let marker = "data-aadsts=\"";
        if let Some(start) = self.body.find(marker) {
            return digits(&self.body[start + marker.len()..]);
        }
        let text = returned(self, "error_description").unwrap_or_else(|| self.body.clone());
        digits(&text[text.find("AADSTS")? + 6..])
    }

    /// The check that refused.
    pub fn refusing(&self) -> Option<&'static str> {
        self.checks.refusal().map(|result| result.check.name())
    }
}

/// A parameter that a redirect or a posted form carries to the application.
pub fn returned(seen: &Seen, name: &str) -> Option<String> {
    let url = url::Url::parse(seen.location()?).unwrap();
    let encoded = url
        .query()
        .filter(|query| query.contains("state=") || query.contains("error=") || query.contains("code="))
        .or(url.fragment())?;
    url::form_urlencoded::parse(encoded.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The claims of a token.
pub fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

/// The JOSE header of a token.
pub fn jose_header(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap()
}

pub fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// A browser without scripts: it keeps cookies, reads forms and submits them.
pub struct Browser<'l> {
    pub lab: &'l Lab,
    pub cookies: BTreeMap<String, String>,
    pub page: String,
}

/// A form of a page.
pub struct Form {
    pub action: String,
    pub fields: BTreeMap<String, String>,
}

impl<'l> Browser<'l> {
    pub fn new(lab: &'l Lab) -> Self {
        Self { lab, cookies: BTreeMap::new(), page: String::new() }
    }

    pub fn open(&mut self, path: &str, parameters: &[(&str, &str)]) -> Seen {
        let request = Request::get(format!("{path}?{}", form(parameters))).body(Body::empty()).unwrap();
        self.send(request)
    }

    pub fn send(&mut self, mut request: Request<Body>) -> Seen {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request.headers_mut().insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        let seen = self.lab.send(request);
        for cookie in seen.headers.get_all(header::SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        self.page.clone_from(&seen.body);
        seen
    }

    /// The form in which the button of this id stands.
    #[track_caller]
    pub fn form_of(&self, button: &str) -> Form {
        form_of(&self.page, button).unwrap_or_else(|| panic!("no button {button}: {}", self.page))
    }

    #[track_caller]
    pub fn press(&mut self, button: &str, filled: &[(&str, &str)]) -> Seen {
        let mut submitted = self.form_of(button);
        for (name, value) in filled {
            submitted.fields.insert((*name).to_owned(), (*value).to_owned());
        }
        let pairs: Vec<_> = submitted.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.send(post(&submitted.action, &form(&pairs)))
    }

    /// Types the code that the page of the second factor shows.
    #[track_caller]
    pub fn give_second_factor(&mut self) -> Seen {
        let marker = "data-otc=\"";
        let start = self.page.find(marker).unwrap_or_else(|| panic!("no code: {}", self.page)) + marker.len();
        let code: String = self.page[start..].chars().take_while(char::is_ascii_digit).collect();
        self.press("idSubmit_SAOTCC_Continue", &[("otc", &code)])
    }

    #[track_caller]
    pub fn sign_in(&mut self, username: &str, password: &str) -> Seen {
        self.press("idSIButton9", &[("loginfmt", username), ("passwd", password)])
    }
}

pub fn form_of(page: &str, button: &str) -> Option<Form> {
    let place = page.find(&format!("id=\"{button}\""))?;
    let start = page[..place].rfind("<form ")?;
    let end = place + page[place..].find("</form>")?;
    let text = &page[start..end];
    let tag = |tag: &str| {
        text.match_indices(tag)
            .map(|(start, _)| &text[start..start + text[start..].find('>').unwrap()])
            .collect::<Vec<_>>()
    };
    let action = attribute(tag("<form ")[0], "action")?;
    let inputs = tag("<input ").into_iter().filter(|input| attribute(input, "type").as_deref() != Some("checkbox"));
    let fields = inputs
        .map(|input| (attribute(input, "name").unwrap(), attribute(input, "value").unwrap_or_default()))
        .collect();
    Some(Form { action, fields })
}

pub fn attribute(tag: &str, name: &str) -> Option<String> {
    let marker = format!(" {name}=\"");
    let start = tag.find(&marker)? + marker.len();
    let value = &tag[start..start + tag[start..].find('"')?];
    Some(unescape(value))
}

pub fn unescape(text: &str) -> String {
    text.replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#38;", "&")
        .replace("&amp;", "&")
}
