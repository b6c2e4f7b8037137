//! The text of a `scope` parameter.
//!
//! Rules: RFC 6749 §3.3, and Microsoft identity platform "Scopes and permissions": a scope is `{resource}/{name}`,
//! split at the last slash; one without a slash is Microsoft Graph's.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The name that stands for everything that was agreed to.
pub const DEFAULT: &str = ".default";

/// The scopes of OpenID Connect that Entra knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the standard's own")]
pub enum OidcScope {
    Email,
    OfflineAccess,
    #[serde(rename = "openid")]
    OpenId,
    Profile,
}

impl OidcScope {
    /// All four, by name.
    pub const ALL: [Self; 4] = [Self::Email, Self::OfflineAccess, Self::OpenId, Self::Profile];

    /// The scope's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::OfflineAccess => "offline_access",
            Self::OpenId => "openid",
            Self::Profile => "profile",
        }
    }
}

/// One scope of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceScope {
    /// What names the resource; none for Microsoft Graph.
    pub resource: Option<String>,
    /// The scope's name.
    pub name: String,
}

/// A scope text, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeText {
    /// The text as it came.
    pub text: String,
    /// The scopes of OpenID Connect.
    pub oidc: BTreeSet<OidcScope>,
    /// The others, in order, each once.
    pub of_resources: Vec<ResourceScope>,
}

impl ScopeText {
    /// Takes `text` apart.
    ///
    /// # Errors
    /// Why it is no valid scope text, ending the sentence "The scope '…' is not valid".
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut parsed = Self { text: text.to_owned(), ..Self::default() };
        for token in text.split(' ').filter(|token| !token.is_empty()) {
            let allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
            if !token.bytes().all(allowed) {
                return Err(": it holds characters that no scope can have.");
            }
            if let Some(oidc) = OidcScope::ALL.into_iter().find(|oidc| oidc.name() == token) {
                parsed.oidc.insert(oidc);
                continue;
            }
            let scope = match token.rsplit_once('/') {
                Some(("", _)) | Some((_, "")) => return Err(": it does not name both a resource and a scope."),
                Some((resource, name)) => ResourceScope { resource: Some(resource.to_owned()), name: name.to_owned() },
                None => ResourceScope { resource: None, name: token.to_owned() },
            };
            if !parsed.of_resources.contains(&scope) {
                parsed.of_resources.push(scope);
            }
        }
        let defaults = parsed.of_resources.iter().filter(|scope| scope.name == DEFAULT).count();
        if defaults > 0 && parsed.of_resources.len() > 1 {
            return Err(": .default scope can't be combined with resource-specific scopes.");
        }
        Ok(parsed)
    }

    /// Whether it names nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.oidc.is_empty() && self.of_resources.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(text: &str) -> Vec<(Option<String>, String)> {
        ScopeText::parse(text).unwrap().of_resources.into_iter().map(|scope| (scope.resource, scope.name)).collect()
    }

    #[test]
    fn a_scope_is_split_at_the_last_slash() {
        let of = |resource: &str, name: &str| vec![(Some(resource.to_owned()), name.to_owned())];
        assert_eq!(parts("api://x.example/app/read"), of("api://x.example/app", "read"));
        assert_eq!(
            parts("https://management.example//user_impersonation"),
            of("https://management.example/", "user_impersonation")
        );
        assert_eq!(parts("User.Read User.Read"), [(None, "User.Read".to_owned())]);
    }

    #[test]
    fn oidc_scopes_stand_beside_default() {
        let parsed = ScopeText::parse("api://x/.default offline_access openid").unwrap();
        assert_eq!(parsed.oidc, BTreeSet::from([OidcScope::OpenId, OidcScope::OfflineAccess]));
        assert_eq!(parsed.of_resources.len(), 1);
    }

    #[test]
    fn default_stands_alone_among_resource_scopes() {
        for text in ["api://x/.default api://x/read", "api://x/.default api://y/.default", "openid, profile, .default"]
        {
            assert!(ScopeText::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn texts_that_are_no_scopes_are_refused() {
        for text in ["a/", "/a", "a\tb", "a\"b", "a\\b", "ä", "a\nb"] {
            assert!(ScopeText::parse(text).is_err(), "{text:?}");
        }
        assert!(ScopeText::parse("  ").unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn what_is_parsed_is_what_was_written(text in "[ -~]{0,60}") {
            if let Ok(parsed) = ScopeText::parse(&text) {
                let mut names: BTreeSet<String> = parsed.oidc.iter().map(|oidc| oidc.name().to_owned()).collect();
                names.extend(parsed.of_resources.iter().map(|scope| match &scope.resource {
                    Some(resource) => format!("{resource}/{}", scope.name),
                    None => scope.name.clone(),
                }));
                let written: BTreeSet<String> = text.split(' ').filter(|part| !part.is_empty()).map(str::to_owned).collect();
                prop_assert_eq!(names, written);
            }
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = ScopeText::parse(&text);
        }
    }
}
