//! Ingress CORS, answered before any sign-in is asked for, as Envoy's filter does.
//!
//! A preflight of an allowed origin is answered here with the configured lists; one of a foreign origin is passed on
//! and meets the gate. Answers to allowed origins are marked whatever they are, so that a page can read a 401 too.

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use scenarios::world::Cors;

/// A request of an origin that the policy allows.
pub(super) struct Allowed<'a> {
    policy: &'a Cors,
    /// What the answer names: the origin, or `*`.
    named: HeaderValue,
}

/// Whether the request is a preflight: OPTIONS with an origin and the method it asks for (Fetch standard).
pub(super) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Compares the request's origin with the policy's list, character for character.
pub(super) fn allowed<'a>(policy: &'a Cors, headers: &HeaderMap) -> Option<Allowed<'a>> {
    let mut origins = headers.get_all(ORIGIN).iter();
    let (origin, None) = (origins.next()?, origins.next()) else { return None };
    let lists = |entry: &str| policy.allowed_origins.iter().any(|allowed| allowed == entry);
    let named = if lists("*") {
        // The Fetch standard takes `*` literally where cookies are allowed, so the origin has to be named.
        if policy.allow_credentials { origin.clone() } else { HeaderValue::from_static("*") }
    } else if origin.to_str().is_ok_and(lists) {
        origin.clone()
    } else {
        return None;
    };
    Some(Allowed { policy, named })
}

impl Allowed<'_> {
    /// The answer to a preflight: the lists as configured, and no more.
    pub(super) fn preflight(&self) -> Response {
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        self.name_origin(headers);
        list(headers, ACCESS_CONTROL_ALLOW_METHODS, &self.policy.allowed_methods);
        list(headers, ACCESS_CONTROL_ALLOW_HEADERS, &self.policy.allowed_headers);
        if let Some(seconds) = self.policy.max_age_seconds {
            headers.insert(ACCESS_CONTROL_MAX_AGE, seconds.into());
        }
        response
    }

    /// Marks the answer to the request itself. What the app wrote stays beside it: two values fail in browsers.
    pub(super) fn mark(&self, headers: &mut HeaderMap) {
        self.name_origin(headers);
        list(headers, ACCESS_CONTROL_EXPOSE_HEADERS, &self.policy.expose_headers);
    }

    fn name_origin(&self, headers: &mut HeaderMap) {
        headers.append(ACCESS_CONTROL_ALLOW_ORIGIN, self.named.clone());
        if self.policy.allow_credentials {
            headers.append(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        if self.named != "*" {
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
    }
}

fn list(headers: &mut HeaderMap, name: HeaderName, values: &[String]) {
    if let (false, Ok(value)) = (values.is_empty(), HeaderValue::from_str(&values.join(","))) {
        headers.append(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(origins: &[&str]) -> Cors {
        Cors {
            allowed_origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
            allowed_methods: vec!["GET".to_owned(), "POST".to_owned()],
            allowed_headers: vec!["*".to_owned()],
            expose_headers: vec!["Mcp-Session-Id".to_owned()],
            max_age_seconds: Some(60),
            allow_credentials: false,
        }
    }

    fn from_origin(origin: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static(origin))])
    }

    fn pairs(headers: &HeaderMap) -> Vec<(&str, &str)> {
        headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect()
    }

    #[test]
    fn atk_d13_origins_are_compared_exactly() {
        let policy = policy(&["https://apps.powerapps.com"]);
        assert!(allowed(&policy, &from_origin("https://apps.powerapps.com")).is_some());
        for origin in [
            "null",
            "https://apps.powerapps.com.evil.test",
            "http://apps.powerapps.com",
            "https://apps.powerapps.com:443",
            "https://apps.powerapps.com/",
            "https://APPS.powerapps.com",
            "*",
            "",
        ] {
            assert!(allowed(&policy, &from_origin(origin)).is_none(), "{origin}");
        }
        assert!(allowed(&policy, &HeaderMap::new()).is_none());
        let mut two = from_origin("https://apps.powerapps.com");
        two.append(ORIGIN, HeaderValue::from_static("https://apps.powerapps.com"));
        assert!(allowed(&policy, &two).is_none());
    }

    #[test]
    fn a_preflight_is_answered_with_the_lists_and_no_more() {
        let policy = policy(&["https://a.example"]);
        let response = allowed(&policy, &from_origin("https://a.example")).unwrap().preflight();
        assert_eq!(response.status(), 200);
        assert_eq!(
            pairs(response.headers()),
            [
                ("access-control-allow-origin", "https://a.example"),
                ("vary", "Origin"),
                ("access-control-allow-methods", "GET,POST"),
                ("access-control-allow-headers", "*"),
                ("access-control-max-age", "60"),
            ]
        );
    }

    #[test]
    fn a_star_is_never_sent_with_credentials() {
        let mut policy = policy(&["*"]);
        let mut headers = HeaderMap::new();
        allowed(&policy, &from_origin("https://a.example")).unwrap().mark(&mut headers);
        assert_eq!(
            pairs(&headers),
            [("access-control-allow-origin", "*"), ("access-control-expose-headers", "Mcp-Session-Id")]
        );
        policy.allow_credentials = true;
        headers.clear();
        allowed(&policy, &from_origin("https://a.example")).unwrap().mark(&mut headers);
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "https://a.example");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        assert_eq!(headers[VARY], "Origin");
    }
}
