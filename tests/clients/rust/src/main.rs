//! The openidconnect crate, unmodified: discovery, code flow with PKCE and nonce, the id token verified with the published
//! keys, refresh. Then the metadata of /organizations, a wrong secret and a wrong nonce. The one argument is the file that
//! `up --ready-file` writes.
//!
//! proves: authorization_code, pkce, refresh_token, discovery.v2, keys, id_token.v2, common_template

use std::error::Error;

use openidconnect::core::{CoreClient, CoreProviderMetadata, CoreResponseType};
use openidconnect::{
    AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken, DiscoveryError, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, RequestTokenError, Scope, TokenResponse,
};
use reqwest::Url;
use reqwest::blocking::{Client, Response};
use reqwest::redirect::Policy;
use scraper::{Html, Selector};
use serde_json::Value;

type Outcome<T> = Result<T, Box<dyn Error>>;

struct Lab {
    ready: Value,
    /// Trusts the lab's CA, and follows nothing by itself.
    http: Client,
}

impl Lab {
    fn read() -> Outcome<Self> {
        let path = std::env::args().nth(1).ok_or("the ready file is missing")?;
        let ready: Value = serde_json::from_slice(&std::fs::read(path)?)?;
        let ca = std::fs::read(ready["ca"].as_str().unwrap_or_default())?;
        let http = Client::builder()
            .add_root_certificate(reqwest::Certificate::from_pem(&ca)?)
            .redirect(Policy::none())
            .cookie_store(true)
            .no_proxy()
            .build()?;
        Ok(Self { ready, http })
    }

    fn text(&self, pointer: &str) -> &str {
        self.ready.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn metadata(&self, tenant: &str) -> Result<CoreProviderMetadata, Box<dyn Error>> {
        let issuer = IssuerUrl::new(format!("{}/{tenant}/v2.0", self.text("/idp")))?;
        Ok(CoreProviderMetadata::discover(&issuer, &self.http)?)
    }

    /// Follows the pages from `url` as a person would, and stops at the redirect URI.
    fn sign_in(&self, url: Url, redirect_uri: &str) -> Outcome<Url> {
        let mut at = url.clone();
        let mut answer = self.http.get(url).send()?;
        for _ in 0..12 {
            if let Some(location) = answer.headers().get("location") {
                at = at.join(location.to_str()?)?;
                if at.as_str().starts_with(redirect_uri) {
                    return Ok(at);
                }
                answer = self.http.get(at.clone()).send()?;
                continue;
            }
            answer = self.press(&mut at, answer)?;
        }
        Err("the pages never led back to the redirect URI".into())
    }

    /// Fills the form of the page's first button, and presses it.
    fn press(&self, at: &mut Url, answer: Response) -> Outcome<Response> {
        let (username, password) = self.person().ok_or("nobody to sign in")?;
        let page = answer.text()?;
        let html = Html::parse_document(&page);
        let select = |selector: &str| Selector::parse(selector).map_err(|error| error.to_string());
        let form = html.select(&select("form:has(#idSIButton9)")?).next().ok_or(format!("no way on: {page}"))?;
        let mut fields: Vec<(String, String)> = Vec::new();
        for input in form.select(&select("input[name]:not([type=checkbox]), button[name]")?) {
            let name = input.attr("name").unwrap_or_default();
            let value = match name {
                "loginfmt" => username,
                "passwd" => password,
                _ => input.attr("value").unwrap_or_default(),
            };
            fields.push((name.to_owned(), value.to_owned()));
        }
        *at = at.join(form.attr("action").unwrap_or_default())?;
        Ok(self.http.post(at.clone()).form(&fields).send()?)
    }

    fn person(&self) -> Option<(&str, &str)> {
        let users = self.ready["users"].as_array()?;
        let person =
            users.iter().find(|user| user["username"].as_str().is_some_and(|name| name.starts_with("megan")))?;
        Some((person["username"].as_str()?, person["password"].as_str()?))
    }
}

fn main() -> Outcome<()> {
    let lab = Lab::read()?;
    let app = |member: &str| lab.text(&format!("/apps/web-shop/{member}")).to_owned();
    let redirect_uri = app("redirect_uris/0");
    let metadata = lab.metadata(lab.text("/tenant"))?;
    let client = |secret: String| -> Outcome<_> {
        let id = ClientId::new(app("client_id"));
        Ok(CoreClient::from_provider_metadata(metadata.clone(), id, Some(ClientSecret::new(secret)))
            .set_redirect_uri(RedirectUrl::new(redirect_uri.clone())?))
    };
    let shop = client(app("client_secret"))?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = shop
        .authorize_url(
            AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scopes(["profile", "email", "offline_access"].map(|scope| Scope::new(scope.to_owned())))
        .add_scope(Scope::new(format!("{}/Orders.Read", lab.text("/apps/orders-api/identifier_uri"))))
        .set_pkce_challenge(challenge)
        .url();
    let back = lab.sign_in(url, &redirect_uri)?;
    let returned = |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    assert_eq!(returned("state").as_deref(), Some(state.secret().as_str()));
    let code = AuthorizationCode::new(returned("code").ok_or("no code")?);

    let mistaken = client("not-the-secret".to_owned())?.exchange_code(code.clone())?.request(&lab.http);
    match mistaken {
        Err(RequestTokenError::ServerResponse(error)) => {
            assert_eq!(error.error().as_ref(), "invalid_client");
            assert!(error.error_description().is_some_and(|text| text.starts_with("AADSTS7000215")), "{error}");
        }
        other => return Err(format!("a wrong secret: {other:?}").into()),
    }
    let tokens = shop.exchange_code(code)?.set_pkce_verifier(verifier).request(&lab.http)?;
    let id_token = tokens.id_token().ok_or("no id token")?;
    let verifier = shop.id_token_verifier();
    let claims = id_token.claims(&verifier, &nonce)?;
    let name = claims.preferred_username().map(|name| name.as_str());
    assert_eq!(name, lab.person().map(|(username, _)| username));
    assert!(id_token.claims(&verifier, &Nonce::new("another".to_owned())).is_err());

    let refresh_token = tokens.refresh_token().ok_or("no refresh token")?;
    let refreshed = shop.exchange_refresh_token(refresh_token)?.request(&lab.http)?;
    assert_ne!(refreshed.access_token().secret(), tokens.access_token().secret());

    // the issuer of /organizations is a template, which this library compares to the letter
    let refused = lab.metadata("organizations").err().ok_or("the metadata of /organizations was taken")?;
    let refused =
        refused.downcast::<DiscoveryError<openidconnect::HttpClientError<openidconnect::reqwest::Error>>>()?;
    assert!(matches!(*refused, DiscoveryError::Validation(_)), "{refused:?}");
    println!("openidconnect 4.1.0 signed in by code and PKCE, verified the id token, and refreshed");
    Ok(())
}
