//! Who sent a request to the lab's own port: a page of ours or of another site, by which name.

use axum::extract::Request;
use axum::http::header;

/// Whether the request names this machine and no other, so that no foreign name leads here (DNS rebinding).
pub(super) fn is_for_this_machine(request: &Request) -> bool {
    let mut names = names(request).peekable();
    names.peek().is_some() && names.all(is_loopback_name)
}

/// Whether a request was caused by a page of ours, or by no page at all.
///
/// A page whose referrer policy is `no-referrer`, as ours are, sends its forms with `Origin: null` (Fetch, "append a request
/// `Origin` header"); that it is ours says `Sec-Fetch-Site` then, which no page can set.
pub(super) fn is_of_this_page(request: &Request) -> bool {
    let headers = request.headers();
    // what is not text is not ours
    let is = |name: &str, fits: &dyn Fn(&str) -> bool| {
        headers.get_all(name).iter().all(|value| value.to_str().is_ok_and(fits))
    };
    let is_said_to_be = headers.contains_key(SITE) && is(SITE, &|site| site == "same-origin");
    let origin = format!("http://{}", names(request).next().unwrap_or_default());
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

/// By which names the request calls us: HTTP/2 and the absolute form have one in the target, the others in Host.
fn names(request: &Request) -> impl Iterator<Item = &str> {
    let hosts = request.headers().get_all(header::HOST).into_iter().map(|host| host.to_str().unwrap_or_default());
    request.uri().authority().map(|authority| authority.as_str()).into_iter().chain(hosts)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn a_form_of_this_page_is_taken_as_browsers_send_it_and_no_other() {
        let sent = |headers: &[(&'static str, &'static str)]| {
            let request = Request::post("/").header(header::HOST, "localhost:8080");
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            is_of_this_page(&request.body(Body::empty()).unwrap())
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
    fn a_request_must_name_this_machine_and_no_other() {
        let request = |target: &str, hosts: &[&str]| {
            let mut request = Request::get(target);
            for host in hosts {
                request = request.header("host", *host);
            }
            request.body(Body::empty()).unwrap()
        };
        for (target, hosts, expected) in [
            ("/", &["localhost:8080"][..], true),
            ("http://localhost:8080/", &[], true),
            ("http://localhost:8080/", &["localhost:8080"], true),
            ("/", &[], false),
            ("/", &["evil.test"], false),
            ("/", &["localhost", "evil.test"], false),
            ("http://localhost:8080/", &["evil.test"], false),
            ("http://evil.test/", &["localhost:8080"], false),
        ] {
            assert_eq!(is_for_this_machine(&request(target, hosts)), expected, "{target} {hosts:?}");
        }
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
