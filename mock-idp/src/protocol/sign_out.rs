//! Signing out: which sessions end, which applications are told, and where the browser goes then.
//!
//! Rules: OpenID Connect RP-Initiated Logout 1.0 §2 and §3, Front-Channel Logout 1.0 §3, Microsoft identity platform
//! "Send a sign-out request". Entra's own way: the address to go to is a registered redirect URI, and the applications
//! are told the session id, but not the issuer.

use josekit::jws::{RS256, deserialize_compact_with_selector};
use serde_json::Value;
use url::Url;
use uuid::Uuid;
use wire::{Check, Checks};

use super::authorize::hints::LoginHint;
use super::guid;
use super::parameters::{Parameters, append};
use super::redirect_uri::MatchedRedirectUri;
use super::sessions::{Candidate, Ended};
use crate::directory::{Application, Directory};
use crate::keys::Keyring;

/// A sign-out request: what it says of the client, the session and the address.
#[derive(Clone, Debug)]
pub struct SignOut<'d> {
    /// The application that sent the user here.
    pub client: Option<Application<'d>>,
    /// Which sessions it means.
    pub means: Means,
    /// Where the browser goes afterwards.
    pub return_to: Option<String>,
}

/// Which sessions of the browser are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Means {
    /// The request does not say.
    Unsaid,
    /// The session of this id.
    Session(Uuid),
    /// The sessions of this account.
    Account(LoginHint),
}

impl Means {
    /// Whether a session is meant.
    #[must_use]
    pub fn is(&self, candidate: &Candidate<'_>) -> bool {
        match self {
            Self::Unsaid => true,
            Self::Session(sid) => *sid == candidate.session.sid,
            Self::Account(hint) => hint.names(candidate.principal.account),
        }
    }
}

/// What an id token that comes back as `id_token_hint` says.
struct Hint {
    client_id: Option<Uuid>,
    sid: Option<Uuid>,
}

impl<'d> SignOut<'d> {
    /// Reads a sign-out request. Nothing refuses it: what cannot be honoured leaves the user on the signed-out page, and
    /// its check says why.
    #[must_use]
    pub fn read(
        directory: &'d Directory,
        parameters: &Parameters,
        participants: &[Uuid],
        keys: &Keyring,
        checks: &mut Checks,
    ) -> Self {
        let expected = "an id token of this identity provider, with its signature; that it has expired does no harm";
        let hint = match parameters.text("id_token_hint").map(|token| read_hint(token, directory, keys)) {
            Some(None) => {
                let fix = "let the client send the id_token as it came, or none";
                checks.refuse(Check::IdTokenHint, expected, "one that does not verify", fix);
                return Self { client: None, means: Means::Unsaid, return_to: None };
            }
            Some(Some(hint)) => {
                checks.pass(Check::IdTokenHint, expected, "one that verifies");
                Some(hint)
            }
            None => None,
        };
        let hinted = hint.as_ref().and_then(|hint| hint.client_id);
        let named = parameters.text("client_id").and_then(guid);
        // where the request names no client, the application of the session is meant that registers the address
        let of_session = || match participants {
            [only] => Some(*only),
            several => {
                let requested = parameters.text("post_logout_redirect_uri")?;
                let registers = |id: &&Uuid| directory.client(**id).is_some_and(|client| registers(client, requested));
                several.iter().find(registers).copied()
            }
        };
        let client_id = match (hinted, named) {
            (Some(hinted), Some(named)) if hinted != named => None,
            (hinted, named) => hinted.or(named).or_else(of_session),
        };
        let client = client_id.and_then(|id| directory.client(id));
        let sid = parameters.text("sid").and_then(guid).or(hint.and_then(|hint| hint.sid));
        let account = parameters.text("logout_hint").map(LoginHint::read);
        let means = account.map(Means::Account).or(sid.map(Means::Session)).unwrap_or(Means::Unsaid);
        Self { client, means, return_to: return_address(client, parameters, checks) }
    }
}

/// Whether the address is one of the client's redirect URIs.
fn registers(client: Application<'_>, requested: &str) -> bool {
    MatchedRedirectUri::find(&client.thing().redirect_uris, requested, client.allow_public_client).is_some()
}

/// The address with `state`, where it is one of the client's redirect URIs.
fn return_address(client: Option<Application<'_>>, parameters: &Parameters, checks: &mut Checks) -> Option<String> {
    let requested = parameters.text("post_logout_redirect_uri")?;
    let Some(client) = client else {
        let fix = "the client: an id_token_hint, or client_id, of the application whose address it is";
        let expected = "a request that names its application, or an address of one that the user is signed in to";
        checks.refuse(Check::PostLogoutRedirectUri, expected, requested, fix);
        return None;
    };
    let registered = &client.thing().redirect_uris;
    let all: Vec<&str> =
        [&registered.web, &registered.spa, &registered.public].into_iter().flatten().map(String::as_str).collect();
    let expected =
        if all.is_empty() { "a registered redirect URI, and there is none".to_owned() } else { all.join(" or ") };
    if !registers(client, requested) {
        let setting = client.setting("redirect_uris.web", "Authentication > Web > Redirect URIs");
        checks.refuse(Check::PostLogoutRedirectUri, expected, requested, format!("{setting}: add {requested}"));
        return None;
    }
    checks.pass(Check::PostLogoutRedirectUri, expected, requested);
    let mut query = String::new();
    if let Some(state) = parameters.bytes("state") {
        append(&mut query, "state", state);
    }
    let mark = if query.is_empty() {
        ""
    } else if requested.contains('?') {
        "&"
    } else {
        "?"
    };
    Some(format!("{requested}{mark}{query}"))
}

/// The page of an application that ends its own session when a frame opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontChannel {
    /// The address, with the session id.
    pub url: String,
    /// Its origin, for the policy that admits the frame.
    pub origin: String,
}

/// The pages to open for the sessions that end: of every application that took part, but the one that asked.
#[must_use]
pub fn front_channels(directory: &Directory, ended: &[Ended], client: Option<Application<'_>>) -> Vec<FrontChannel> {
    let of_session = |(sid, participants): &Ended| {
        let asking = client.map(|client| client.client_id);
        let others = participants.iter().filter(|id| Some(**id) != asking);
        others.filter_map(|id| front_channel(directory.client(*id)?.logout_url.as_deref()?, *sid)).collect::<Vec<_>>()
    };
    ended.iter().flat_map(of_session).collect()
}

/// The logout URL with `sid`; none where no frame can open it: it must be `https`, or on this machine.
fn front_channel(logout_url: &str, sid: Uuid) -> Option<FrontChannel> {
    let url = Url::parse(logout_url).ok()?;
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1"));
    if url.scheme() != "https" && !(url.scheme() == "http" && is_local) {
        return None;
    }
    let origin = url.origin().ascii_serialization();
    // a host may hold characters that end a directive
    if origin.contains([';', ',', '\'', ' ']) {
        return None;
    }
    let without_fragment = logout_url.split('#').next().unwrap_or_default();
    let mark = if without_fragment.contains('?') { '&' } else { '?' };
    Some(FrontChannel { url: format!("{without_fragment}{mark}sid={sid}"), origin })
}

/// An id token with a good signature; its lifetime does not matter (RP-Initiated Logout §4).
fn read_hint(token: &str, directory: &Directory, keys: &Keyring) -> Option<Hint> {
    if token.len() > wire::access_token::TOKEN_LIMIT_BYTES {
        return None;
    }
    // an application may have a key of its own
    let unverified = wire::access_token::read_unverified(token)?;
    let audience = unverified.claims.get("aud").and_then(Value::as_str).and_then(guid);
    let client = audience.and_then(|id| directory.client(id))?;
    let keys = keys.of(client).ok()?;
    let verifiers: Vec<_> = keys
        .public_keys()
        .filter_map(|key| {
            let mut jwk = josekit::jwk::Jwk::new("RSA");
            jwk.set_parameter("n", Some(key.modulus.clone().into())).ok()?;
            jwk.set_parameter("e", Some(key.exponent.clone().into())).ok()?;
            Some((key.kid.clone(), RS256.verifier_from_jwk(&jwk).ok()?))
        })
        .collect();
    let (payload, _) = deserialize_compact_with_selector(token, |header| {
        let found = verifiers.iter().find(|(kid, _)| header.key_id() == Some(kid));
        Ok(found.map(|(_, verifier)| verifier as &dyn josekit::jws::JwsVerifier))
    })
    .ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    let member = |name: &str| claims.get(name).and_then(Value::as_str).and_then(guid);
    Some(Hint { client_id: member("aud"), sid: member("sid") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logout_page_is_opened_with_the_session_id_alone() {
        let sid = Uuid::from_u128(7);
        let opened = |url: &str| front_channel(url, sid).map(|opened| opened.url);
        assert_eq!(opened("https://app.example/out").unwrap(), format!("https://app.example/out?sid={sid}"));
        assert_eq!(opened("https://app.example/out?a=1#x").unwrap(), format!("https://app.example/out?a=1&sid={sid}"));
        assert!(opened("http://localhost:3000/out").is_some());
        for url in ["http://app.example/out", "javascript:alert(1)", "/out", "data:text/html,x", "https://"] {
            assert_eq!(opened(url), None, "{url}");
        }
    }
}
