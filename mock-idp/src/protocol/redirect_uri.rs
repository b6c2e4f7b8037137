//! Which redirect URIs match, and what may be sent to one that did.
//!
//! Rules: RFC 6749 §3.1.2, RFC 9700 §4.1.3 (exact comparison), RFC 8252 §7.3 (loopback ports), Microsoft identity
//! platform "Redirect URI restrictions and limitations".

use crate::directory::Application;
use scenarios::world::RedirectUris;
use serde::{Deserialize, Serialize};

use super::parameters::append;

/// The platform under which a redirect URI is registered; it decides what the client must prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// A confidential client.
    Web,
    /// A single-page application.
    Spa,
    /// A mobile or desktop application.
    Public,
}

impl Platform {
    /// The kind of a client whose request names no redirect URI: "Allow public client flows" of its registration.
    #[must_use]
    pub fn without_redirect_uri(client: Application<'_>) -> Self {
        if client.allow_public_client { Self::Public } else { Self::Web }
    }
}

impl Platform {
    /// All platforms, and the addresses registered for each. The first that has an address is its platform; where one
    /// stands under several, "Allow public client flows" puts the public one first.
    fn each(registered: &RedirectUris, allow_public_client: bool) -> [(Self, &[String]); 3] {
        let mut platforms: [(Self, &[String]); 3] =
            [(Self::Web, &registered.web), (Self::Spa, &registered.spa), (Self::Public, &registered.public)];
        if allow_public_client {
            platforms.rotate_right(1);
        }
        platforms
    }
}

/// A redirect URI that matched a registered one. Nothing else makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchedRedirectUri {
    uri: String,
    platform: Platform,
}

impl MatchedRedirectUri {
    /// The registered address that `requested` matches, under its platform.
    #[must_use]
    pub fn find(registered: &RedirectUris, requested: &str, allow_public_client: bool) -> Option<Self> {
        Platform::each(registered, allow_public_client).into_iter().find_map(|(platform, uris)| {
            uris.iter()
                .any(|uri| allowed(uri, platform) && matches(uri, requested))
                .then(|| Self { uri: requested.to_owned(), platform })
        })
    }

    /// The only registered address, where the request may leave it out.
    #[must_use]
    pub fn only_one(registered: &RedirectUris) -> Option<Self> {
        let mut all = Platform::each(registered, false)
            .into_iter()
            .flat_map(|(platform, uris)| uris.iter().map(move |uri| (platform, uri)));
        match (all.next(), all.next()) {
            (Some((platform, uri)), None) if allowed(uri, platform) => Some(Self { uri: uri.clone(), platform }),
            _ => None,
        }
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.uri
    }

    /// Its platform.
    #[must_use]
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// What a `form-action` source expression needs to let a form lead here: the origin, or the bare scheme.
    #[must_use]
    pub fn form_action(&self) -> String {
        let source = match url::Url::parse(&self.uri) {
            Ok(url) if url.origin().is_tuple() => url.origin().ascii_serialization(),
            Ok(url) => format!("{}:", url.scheme()),
            Err(_) => String::new(),
        };
        // a host may hold characters that end a directive
        if source.contains([';', ',', '\'', ' ']) { String::new() } else { source }
    }

    /// The scheme, where it is an application's own and no web address's; a system browser asks before it follows one.
    #[must_use]
    pub fn private_scheme(&self) -> Option<&str> {
        let (scheme, _) = self.uri.split_once(':')?;
        (!["https", "http"].iter().any(|web| web.eq_ignore_ascii_case(scheme))).then_some(scheme)
    }

    /// The host as a person should see it.
    #[must_use]
    pub fn shown_host(&self) -> String {
        url::Url::parse(&self.uri)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_else(|| self.uri.clone())
    }
}

/// Whether a registered address may be used at all: no fragment, nothing that a header or browser would trip over.
fn allowed(uri: &str, platform: Platform) -> bool {
    let visible = uri.bytes().all(|byte| byte.is_ascii_graphic());
    let Some((scheme, _)) = uri.split_once(':') else { return false };
    let scheme = scheme.to_ascii_lowercase();
    let scheme_allowed = match platform {
        Platform::Web | Platform::Spa => matches!(scheme.as_str(), "https" | "http"),
        Platform::Public => !matches!(scheme.as_str(), "javascript" | "data" | "vbscript" | "file" | "blob" | "about"),
    };
    visible && scheme_allowed && !uri.contains('#')
}

/// Whether pages of `origin` belong to the single-page application with these redirect URIs.
#[must_use]
pub fn is_spa_origin(registered: &RedirectUris, origin: &str) -> bool {
    registered.spa.iter().filter(|uri| allowed(uri, Platform::Spa)).any(|uri| {
        let authority_end = uri.find("://").map(|scheme| {
            let rest = &uri[scheme + 3..];
            scheme + 3 + rest.find(['/', '?']).unwrap_or(rest.len())
        });
        authority_end.is_some_and(|end| matches(&uri[..end], origin))
    })
}

/// Byte for byte, but for the port of a loopback address.
fn matches(registered: &str, requested: &str) -> bool {
    registered == requested
        || match (loopback(registered), loopback(requested)) {
            (Some(registered), Some(requested)) => registered == requested,
            _ => false,
        }
}

/// Host and everything behind the port of an `http` loopback address; none for any other address.
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let host = ["localhost", "127.0.0.1"].into_iter().find(|host| rest.starts_with(host))?;
    let rest = &rest[host.len()..];
    let rest = match rest.strip_prefix(':') {
        Some(rest) => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            rest[..digits].parse::<u16>().ok()?;
            &rest[digits..]
        }
        None => rest,
    };
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest))
}

/// How the answer travels to the application (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query.
    #[default]
    Query,
    /// In the fragment.
    Fragment,
    /// In a form that the browser posts.
    FormPost,
}

impl ResponseMode {
    /// The mode of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "query" => Some(Self::Query),
            "fragment" => Some(Self::Fragment),
            "form_post" => Some(Self::FormPost),
            _ => None,
        }
    }
}

/// Where the browser may be sent with an answer, and how; it can only be made from a match.
#[derive(Clone, Debug)]
pub struct ReturnAddress {
    redirect_uri: MatchedRedirectUri,
    response_mode: ResponseMode,
    always: Vec<(&'static str, String)>,
    state: Option<Vec<u8>>,
}

/// An answer on its way through the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Return {
    /// A `Location`.
    Location(String),
    /// A form that the browser posts.
    Form {
        /// Where to.
        action: String,
        /// Its fields.
        fields: Vec<(&'static str, String)>,
        /// The `form-action` source expression of the address.
        form_action: String,
    },
}

impl ReturnAddress {
    /// The address of one request.
    #[must_use]
    pub fn new(redirect_uri: MatchedRedirectUri, response_mode: ResponseMode, state: Option<&[u8]>) -> Self {
        Self { redirect_uri, response_mode, always: Vec::new(), state: state.map(<[u8]>::to_vec) }
    }

    /// The same address, where every answer holds these parameters besides, before `state`.
    #[must_use]
    pub fn with(self, parameters: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self { always: parameters.into_iter().collect(), ..self }
    }

    /// The redirect URI.
    #[must_use]
    pub fn redirect_uri(&self) -> &MatchedRedirectUri {
        &self.redirect_uri
    }

    /// The answer with `first`, then `state`, then `last`.
    #[must_use]
    pub fn deliver(&self, first: Vec<(&'static str, String)>, last: Vec<(&'static str, String)>) -> Return {
        let uri = self.redirect_uri.as_str();
        let first: Vec<_> = first.into_iter().chain(self.always.iter().cloned()).collect();
        if self.response_mode == ResponseMode::FormPost {
            let state = self.state.as_ref().map(|state| ("state", String::from_utf8_lossy(state).into_owned()));
            return Return::Form {
                action: uri.to_owned(),
                fields: first.into_iter().chain(state).chain(last).collect(),
                form_action: self.redirect_uri.form_action(),
            };
        }
        let mut encoded = String::new();
        for (name, value) in &first {
            append(&mut encoded, name, value.as_bytes());
        }
        if let Some(state) = &self.state {
            append(&mut encoded, "state", state);
        }
        for (name, value) in &last {
            append(&mut encoded, name, value.as_bytes());
        }
        let has_path = uri.split_once("://").is_none_or(|(_, rest)| rest.contains(['/', '?']));
        let slash = if has_path { "" } else { "/" };
        Return::Location(match self.response_mode {
            ResponseMode::Fragment => format!("{uri}{slash}#{encoded}"),
            // the bare `#` keeps the browser from carrying an older fragment along
            _ if uri.contains('?') => format!("{uri}&{encoded}#"),
            _ => format!("{uri}{slash}?{encoded}#"),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn web(uris: &[&str]) -> RedirectUris {
        RedirectUris { web: uris.iter().map(|uri| (*uri).to_owned()).collect(), ..RedirectUris::default() }
    }

    fn found(registered: &str, requested: &str) -> bool {
        MatchedRedirectUri::find(&web(&[registered]), requested, false).is_some()
    }

    #[test]
    fn only_the_same_bytes_match() {
        let registered = "https://app.example/cb?x=1";
        assert!(found(registered, registered));
        for other in [
            "https://app.example/cb",
            "https://app.example/cb?x=1&y=2",
            "https://app.example/cb?x=2",
            "https://app.example/cb/?x=1",
            "https://app.example/CB?x=1",
            "https://APP.example/cb?x=1",
            "https://app.example:443/cb?x=1",
            "http://app.example/cb?x=1",
            "https://app.example/cb?x=1#",
            "https://app.example/cb?x=1\r\n",
            "https://user@app.example/cb?x=1",
        ] {
            assert!(!found(registered, other), "{other}");
        }
    }

    #[test]
    fn loopback_addresses_may_differ_in_the_port_alone() {
        for requested in ["http://localhost/cb", "http://localhost:1/cb", "http://localhost:65535/cb"] {
            assert!(found("http://localhost/cb", requested), "{requested}");
            assert!(found("http://localhost:3000/cb", requested), "{requested}");
        }
        for requested in [
            "http://localhost.evil.test/cb",
            "http://localhost:1@evil.test/cb",
            "http://localhost:99999/cb",
            "http://localhost:/cb",
            "http://localhost:1/other",
            "http://127.0.0.1:1/cb",
            "https://localhost:1/cb",
            "http://localhost:1\\@evil.test/cb",
            "http://localhost:1/cb#",
        ] {
            assert!(!found("http://localhost/cb", requested), "{requested}");
        }
        assert!(!found("https://localhost:1/cb", "https://localhost:2/cb"));
    }

    #[test]
    fn an_address_that_was_registered_with_a_fragment_or_a_script_never_matches() {
        for uri in ["https://app.example/cb#x", "javascript:alert(1)", "https://app.example/a b", "no-scheme"] {
            assert!(!found(uri, uri), "{uri}");
            assert_eq!(MatchedRedirectUri::only_one(&web(&[uri])), None, "{uri}");
        }
    }

    #[test]
    fn answers_are_written_as_entra_writes_them() {
        let at = |uri: &str, mode| {
            let matched = MatchedRedirectUri::find(&web(&[uri]), uri, false).unwrap();
            ReturnAddress::new(matched, mode, Some(b"s/1")).deliver(vec![("code", "a b".to_owned())], Vec::new())
        };
        let location = |text: &str| Return::Location(text.to_owned());
        assert_eq!(at("https://a.example", ResponseMode::Query), location("https://a.example/?code=a+b&state=s%2f1#"));
        assert_eq!(
            at("https://a.example/x?y=1", ResponseMode::Query),
            location("https://a.example/x?y=1&code=a+b&state=s%2f1#")
        );
        assert_eq!(
            at("https://a.example/x", ResponseMode::Fragment),
            location("https://a.example/x#code=a+b&state=s%2f1")
        );
        let Return::Form { action, fields, .. } = at("https://a.example", ResponseMode::FormPost) else { panic!() };
        assert_eq!(action, "https://a.example");
        assert_eq!(fields, [("code", "a b".to_owned()), ("state", "s/1".to_owned())]);
    }

    proptest! {
        /// Whatever matches has the scheme, host and path of a registered address as a browser reads it.
        #[test]
        fn a_match_never_leaves_the_registered_host(requested in "http://(localhost|127\\.0\\.0\\.1)[:@./\\\\a-z0-9%?#]{0,20}") {
            if MatchedRedirectUri::find(&web(&["http://localhost/cb"]), &requested, false).is_some() {
                let url = url::Url::parse(&requested).unwrap();
                prop_assert_eq!(url.host_str(), Some("localhost"));
                prop_assert_eq!(url.path(), "/cb");
                prop_assert!(url.username().is_empty());
            }
        }
    }
}
