//! Who sent a request to the lab's own port: a page of ours or of another site, by which name.

use axum::http::{HeaderMap, header};

/// Whether the request names this machine, so that no foreign name leads here (DNS rebinding).
pub(super) fn is_for_this_machine(headers: &HeaderMap) -> bool {
    is_loopback_name(host(headers))
}

/// Whether a request was caused by a page of ours, or by no page at all.
pub(super) fn is_of_this_page(headers: &HeaderMap) -> bool {
    // what is not text is not ours
    let is = |name: &str, fits: &dyn Fn(&str) -> bool| {
        headers.get_all(name).iter().all(|value| value.to_str().is_ok_and(fits))
    };
    let origin = format!("http://{}", host(headers));
    is("sec-fetch-site", &|site| site == "same-origin" || site == "none") && is("origin", &|named| named == origin)
}

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
    use super::*;

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
