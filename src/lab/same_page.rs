//! Who sent a request to the lab's own port: a page of ours or of another site, by which name.

use axum::http::{HeaderMap, header};

/// Whether the request names this machine, so that no foreign name leads here (DNS rebinding).
pub(super) fn is_for_this_machine(headers: &HeaderMap) -> bool {
    is_loopback_name(host(headers))
}

/// Whether a request was caused by a page of ours, or by no page at all.
///
/// A page whose referrer policy is `no-referrer`, as ours are, sends its forms with `Origin: null` (Fetch, "append a request
/// `Origin` header"); that it is ours says `Sec-Fetch-Site` then, which no page can set.
pub(super) fn is_of_this_page(headers: &HeaderMap) -> bool {
    // what is not text is not ours
    let is = |name: &str, fits: &dyn Fn(&str) -> bool| {
        headers.get_all(name).iter().all(|value| value.to_str().is_ok_and(fits))
    };
    let is_said_to_be = headers.contains_key(SITE) && is(SITE, &|site| site == "same-origin");
    let origin = format!("http://{}", host(headers));
    is(SITE, &|site| site == "same-origin" || site == "none")
        && is("origin", &|named| named == origin || (named == "null" && is_said_to_be))
}

/// What a browser says of who caused a request (Fetch Metadata Request Headers).
const SITE: &str = "sec-fetch-site";

fn is_loopback_name(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    ["localhost", "127.0.0.1", "::1"].contains(&host)
}

fn host(headers: &HeaderMap) -> &str {
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_form_of_this_page_is_taken_as_browsers_send_it_and_no_other() {
        let sent = |headers: &[(&'static str, &'static str)]| {
            let mut all = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("localhost:8080"))]);
            for (name, value) in headers {
                all.append(*name, HeaderValue::from_static(value));
            }
            is_of_this_page(&all)
        };
        let (site, origin) = ("sec-fetch-site", "origin");
        assert!(sent(&[]), "no page at all");
        assert!(sent(&[(site, "same-origin"), (origin, "null")]), "Chromium and Firefox, by our referrer policy");
        assert!(sent(&[(site, "same-origin"), (origin, "http://localhost:8080")]));
        assert!(sent(&[(site, "none")]), "typed by a person");
        assert!(!sent(&[(origin, "null")]), "a sandboxed frame of a browser that says no site");
        assert!(!sent(&[(site, "none"), (origin, "null")]));
        assert!(!sent(&[(site, "cross-site"), (origin, "null")]), "a sandboxed frame");
        assert!(!sent(&[(site, "same-site"), (origin, "http://localhost:3000")]));
        assert!(!sent(&[(site, "same-origin"), (site, "cross-site"), (origin, "null")]));
        assert!(!sent(&[(site, "same-origin"), (origin, "http://evil.test")]));
    }

    #[test]
    fn only_names_of_this_machine_are_answered() {
        for name in ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "[::1]"] {
            assert!(is_loopback_name(name), "{name}");
        }
        for name in ["", "evil.test", "localhost.evil.test:8080", "0.0.0.0:8080", "127.0.0.1.evil.test", "[::]:1"] {
            assert!(!is_loopback_name(name), "{name}");
        }
    }
}
