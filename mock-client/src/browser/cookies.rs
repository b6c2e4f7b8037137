//! The browser's cookie jar (RFC 6265, with the name prefixes of its successor), on the lab clock.

use cookie::Cookie;
use jiff::{SignedDuration, Timestamp};
use url::{Host, Url};

/// How many cookies the jar keeps; the oldest go first.
const CAPACITY: usize = 300;

/// The cookies of one browser.
#[derive(Debug, Default)]
pub struct Jar {
    /// In the order in which they were first set.
    cookies: Vec<Stored>,
}

#[derive(Debug)]
struct Stored {
    name: String,
    value: String,
    domain: String,
    host_only: bool,
    path: String,
    secure: bool,
    /// None for a cookie that lives as long as the browser.
    expires: Option<Timestamp>,
}

impl Jar {
    /// Takes in the value of a `Set-Cookie` header of an answer from `url`; one that breaks a rule is ignored.
    pub fn store(&mut self, set_cookie: &str, url: &Url, now: Timestamp) {
        let Some(stored) = read(set_cookie, url, now) else { return };
        let same = |old: &Stored| old.name == stored.name && old.domain == stored.domain && old.path == stored.path;
        let is_expired = stored.expires.is_some_and(|expires| expires <= now);
        match self.cookies.iter().position(same) {
            Some(place) if is_expired => {
                self.cookies.remove(place);
            }
            Some(place) => self.cookies[place] = stored,
            None if is_expired => {}
            None => {
                if self.cookies.len() == CAPACITY {
                    self.cookies.remove(0);
                }
                self.cookies.push(stored);
            }
        }
    }

    /// The `Cookie` header for a request to `url`: longer paths first, then by age; none where no cookie fits.
    #[must_use]
    pub fn header(&self, url: &Url, now: Timestamp) -> Option<String> {
        let mut fitting: Vec<&Stored> = self.cookies.iter().filter(|cookie| cookie.fits(url, now)).collect();
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len())); // stable, so age decides among equals
        let pairs: Vec<String> = fitting.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

impl Stored {
    fn fits(&self, url: &Url, now: Timestamp) -> bool {
        let Some(host) = url.host_str() else { return false };
        let domain_fits = if self.host_only { host == self.domain } else { domain_matches(url, &self.domain) };
        domain_fits
            && path_matches(url.path(), &self.path)
            && (!self.secure || is_trustworthy(url))
            && self.expires.is_none_or(|expires| expires > now)
    }
}

/// RFC 6265 §5.3, steps 1 to 10.
fn read(set_cookie: &str, url: &Url, now: Timestamp) -> Option<Stored> {
    let cookie = Cookie::parse(set_cookie).ok()?;
    let host = url.host_str()?.to_owned();
    let secure = cookie.secure().unwrap_or(false);
    if cookie.name().is_empty() || (secure && !is_trustworthy(url)) {
        return None;
    }
    let named_domain = cookie
        .domain()
        .map(|domain| domain.trim_start_matches('.').to_ascii_lowercase())
        .filter(|name| !name.is_empty());
    let (domain, host_only) = match named_domain {
        Some(domain) if domain == host => (domain, matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_)))),
        // a domain without a dot stands for a whole top-level domain
        Some(domain) if domain.contains('.') && domain_matches(url, &domain) => (domain, false),
        Some(_) => return None,
        None => (host, true),
    };
    let path = match cookie.path() {
        Some(path) if path.starts_with('/') => path.to_owned(),
        _ => default_path(url.path()),
    };
    let is_host_bound = secure && host_only && path == "/" && cookie.domain().is_none();
    if (cookie.name().starts_with("__Secure-") && !secure) || (cookie.name().starts_with("__Host-") && !is_host_bound) {
        return None;
    }
    let expires = match (cookie.max_age(), cookie.expires_datetime()) {
        (Some(age), _) => {
            Some(now.checked_add(SignedDuration::from_secs(age.whole_seconds())).unwrap_or(Timestamp::MAX))
        }
        (None, Some(instant)) => Some(Timestamp::from_second(instant.unix_timestamp()).unwrap_or(Timestamp::MAX)),
        (None, None) => None,
    };
    Some(Stored {
        name: cookie.name().to_owned(),
        value: cookie.value().to_owned(),
        domain,
        host_only,
        path,
        secure,
        expires,
    })
}

/// Whether a browser treats the origin as safe from eavesdropping: TLS, or this machine.
fn is_trustworthy(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || is_loopback
}

/// RFC 6265 §5.1.3.
fn domain_matches(url: &Url, domain: &str) -> bool {
    match url.host() {
        Some(Host::Domain(host)) => {
            host == domain || host.strip_suffix(domain).is_some_and(|subdomain| subdomain.ends_with('.'))
        }
        _ => url.host_str() == Some(domain),
    }
}

/// RFC 6265 §5.1.4, the default path.
fn default_path(request_path: &str) -> String {
    match request_path.rfind('/') {
        Some(end) if end > 0 => request_path[..end].to_owned(),
        _ => "/".to_owned(),
    }
}

/// RFC 6265 §5.1.4, the comparison.
fn path_matches(request_path: &str, cookie_path: &str) -> bool {
    request_path
        .strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || cookie_path.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn noon() -> Timestamp {
        "2026-01-15T12:00:00Z".parse().unwrap()
    }

    /// What is sent to `asked` after `set_cookie` came from `from`.
    fn sent(set_cookie: &str, from: &str, asked: &str) -> Option<String> {
        let mut jar = Jar::default();
        jar.store(set_cookie, &url(from), noon());
        jar.header(&url(asked), noon())
    }

    #[test]
    fn a_cookie_goes_back_to_where_it_may() {
        let table = [
            ("a=1", "https://login.test/x", "https://login.test/", true),
            ("a=1", "https://login.test/x", "https://other.login.test/", false),
            ("a=1; Domain=login.test", "https://www.login.test/", "https://login.test/", true),
            ("a=1; Domain=.login.test", "https://login.test/", "https://www.login.test/", true),
            ("a=1; Domain=gin.test", "https://login.test/", "https://login.test/", false),
            ("a=1; Domain=test", "https://login.test/", "https://login.test/", false),
            ("a=1; Domain=evil.test", "https://login.test/", "https://evil.test/", false),
            ("a=1; Domain=127.0.0.1", "http://127.0.0.1/", "http://127.0.0.1/", true),
            ("a=1", "https://login.test/a/b", "https://login.test/a/c", true),
            ("a=1", "https://login.test/a/b", "https://login.test/ab", false),
            ("a=1; Path=/a", "https://login.test/", "https://login.test/a/b", true),
            ("a=1; Path=/a", "https://login.test/", "https://login.test/", false),
            ("a=1; Secure", "https://login.test/", "http://login.test/", false),
            ("a=1; Secure", "http://login.test/", "https://login.test/", false),
            ("a=1; Secure", "http://localhost:8080/", "http://localhost:8080/", true),
            ("a=1; Max-Age=0", "https://login.test/", "https://login.test/", false),
            ("a=1; Expires=Thu, 15 Jan 2026 11:59:59 GMT", "https://login.test/", "https://login.test/", false),
            ("a=1; Expires=Thu, 15 Jan 2026 12:00:01 GMT", "https://login.test/", "https://login.test/", true),
            ("__Host-a=1; Secure; Path=/", "https://login.test/x", "https://login.test/", true),
            ("__Host-a=1; Secure; Path=/x", "https://login.test/x", "https://login.test/x", false),
            ("__Secure-a=1", "https://login.test/", "https://login.test/", false),
            ("=1", "https://login.test/", "https://login.test/", false),
        ];
        for (set_cookie, from, asked, comes_back) in table {
            assert_eq!(sent(set_cookie, from, asked).is_some(), comes_back, "{set_cookie} from {from} to {asked}");
        }
    }

    #[test]
    fn lifetimes_follow_the_lab_clock() {
        let mut jar = Jar::default();
        let login = url("https://login.test/");
        jar.store("short=1; Max-Age=60", &login, noon());
        jar.store("session=2", &login, noon());
        assert_eq!(jar.header(&login, noon()).as_deref(), Some("short=1; session=2"));
        let later = noon() + SignedDuration::from_secs(60);
        assert_eq!(jar.header(&login, later).as_deref(), Some("session=2"));
    }

    #[test]
    fn longer_paths_come_first_and_a_new_value_keeps_its_place() {
        let mut jar = Jar::default();
        let page = url("https://login.test/a/b");
        for set_cookie in ["one=1; Path=/", "two=2; Path=/a", "three=3; Path=/", "one=4; Path=/"] {
            jar.store(set_cookie, &page, noon());
        }
        assert_eq!(jar.header(&page, noon()).as_deref(), Some("two=2; one=4; three=3"));
        jar.store("one=; Path=/; Max-Age=0", &page, noon());
        assert_eq!(jar.header(&page, noon()).as_deref(), Some("two=2; three=3"));
    }

    proptest! {
        #[test]
        fn no_set_cookie_header_brings_the_jar_down(text in any::<String>()) {
            let mut jar = Jar::default();
            jar.store(&text, &url("https://login.test/a/b?c"), noon());
            let _header = jar.header(&url("https://login.test/a/b?c"), noon());
        }
    }
}
