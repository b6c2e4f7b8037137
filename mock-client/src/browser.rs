//! The scripted browser: it follows redirects, keeps cookies, fills the real pages' forms and enforces CORS.
//!
//! It knows the identity provider only through its pages, as a person's browser does.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use jiff::SignedDuration;
use scenarios::world::User;
use url::Url;
use wire::{Clock, LabClient, Reply, SendError, Trace};

pub mod cookies;
pub mod cors;
pub mod fetch;
pub mod forms;
pub mod sign_in;

use cookies::Jar;
use forms::{Page, Submission};
use sign_in::{Step, Visit};

/// As browsers have it (Fetch standard, "HTTP-redirect fetch", step 9).
const REDIRECT_LIMIT: usize = 20;

/// How many pages a sign-in may have.
const PAGE_LIMIT: usize = 20;

const USER_AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const ACCEPT_PAGES: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A browser with cookies of its own.
pub struct Browser {
    client: LabClient,
    trace: Trace,
    clock: Clock,
    cookies: Jar,
    /// How long the next sign-in's first page stays open.
    pause: SignedDuration,
}

/// What a person types on the sign-in page.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: String,
}

impl Credentials {
    /// What a user of the world types. Whoever has no password there types one that nobody has: a page that got none asks
    /// for it again, and says nothing.
    #[must_use]
    pub fn of(user: &User) -> Self {
        let password = user.password.clone().unwrap_or_else(|| "a-password-that-nobody-has".to_owned());
        Self { username: user.username.clone(), password }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// What a person clicks on the consent page, if it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentAnswer {
    /// Accept.
    Accept,
    /// Cancel.
    Decline,
}

/// How the browser's part of a sign-in ended.
#[derive(Debug)]
pub enum SignInEnd {
    /// The page at the redirect URL came.
    Callback,
    /// The identity provider shows an error.
    ErrorPage {
        /// The AADSTS number.
        aadsts: u32,
        /// What the page says.
        text: String,
    },
    /// A page came that no sign-in has.
    Unrecognised {
        /// Where it came from.
        url: String,
        /// Its status.
        status: u16,
        /// Its title.
        title: String,
    },
    /// No page came.
    Failed(BrowseError),
}

/// Why the browser has no page to show.
#[derive(Debug, thiserror::Error)]
pub enum BrowseError {
    /// No answer.
    #[error(transparent)]
    Send(#[from] SendError),
    /// A redirect loop.
    #[error("'{0}' redirected the browser too many times")]
    TooManyRedirects(String),
    /// Not a web address.
    #[error("'{0}' is not an address that a browser opens")]
    NotAnAddress(String),
}

/// Where the browser is.
struct Arrival {
    url: Url,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// Where the browser goes, and from which page.
struct Departure {
    target: Submission,
    /// The page whose form is sent, and whether it tells others where they were linked from.
    page: Option<(Url, bool)>,
}

impl Browser {
    /// A browser without cookies, that sends through `client`.
    #[must_use]
    pub fn new(client: LabClient, trace: Trace, clock: Clock) -> Self {
        Self { client, trace, clock, cookies: Jar::default(), pause: SignedDuration::ZERO }
    }

    /// Leaves the first page of the next sign-in open for `pause` of lab time before anything is typed.
    pub fn pause(&mut self, pause: SignedDuration) {
        self.pause = pause;
    }

    /// Sends one request as written, with the cookies of this browser, and keeps those of the answer.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn request(&mut self, mut request: Request<Bytes>) -> Result<Reply, SendError> {
        let Ok(url) = Url::parse(&request.uri().to_string()) else {
            return Err(SendError::NotMapped(request.uri().to_string()));
        };
        if let Some(cookies) = self.cookies.header(&url, self.clock.now()) {
            put(request.headers_mut(), header::COOKIE, &cookies);
        }
        let reply = self.client.send(request).await?;
        self.keep_cookies(reply.response.headers(), &url);
        Ok(reply)
    }

    /// Opens `authorize_url` and goes on as a person would, until the page at `redirect_url` or a dead end comes.
    pub async fn sign_in(
        &mut self,
        authorize_url: &str,
        redirect_url: &str,
        credentials: &Credentials,
        consent: ConsentAnswer,
    ) -> SignInEnd {
        let Ok(url) = Url::parse(authorize_url) else {
            return SignInEnd::Failed(BrowseError::NotAnAddress(authorize_url.to_owned()));
        };
        let mut departure = Departure { target: Submission { url, body: None }, page: None };
        let mut visit = Visit::new(credentials, consent);
        let (mut url, mut status, mut title) = (authorize_url.to_owned(), 0, String::new());
        for _ in 0..PAGE_LIMIT {
            let arrival = match self.open(departure).await {
                Ok(arrival) => arrival,
                Err(error) => return SignInEnd::Failed(error),
            };
            if is_page(&arrival.url, redirect_url) {
                return SignInEnd::Callback;
            }
            let page = Page::read(&arrival.body, &arrival.url);
            match visit.step(&page) {
                Step::StopAtError { aadsts, text } => return SignInEnd::ErrorPage { aadsts, text },
                Step::Submit(target) => {
                    // at the end of time no more of it passes
                    let _at_the_end = self.clock.advance(std::mem::take(&mut self.pause));
                    let tells = !is_silent_about_itself(&arrival.headers);
                    departure = Departure { target, page: Some((arrival.url.clone(), tells)) };
                    (url, status, title) = (arrival.url.into(), arrival.status.as_u16(), page.title);
                }
                Step::Lost => {
                    let status = arrival.status.as_u16();
                    return SignInEnd::Unrecognised { url: arrival.url.into(), status, title: page.title };
                }
            }
        }
        SignInEnd::Unrecognised { url, status, title }
    }

    /// Goes to a page, through all redirects.
    async fn open(&mut self, departure: Departure) -> Result<Arrival, BrowseError> {
        let Departure { target: Submission { mut url, mut body }, page } = departure;
        let mut site = page.as_ref().map_or("none", |(from, _)| relation(from, &url));
        let mut origin = page.map(|(from, tells)| if tells { origin_of(&from) } else { "null".to_owned() });
        for _ in 0..=REDIRECT_LIMIT {
            if !matches!(url.scheme(), "http" | "https") {
                return Err(BrowseError::NotAnAddress(url.into()));
            }
            let reply = self.visit(&url, body.as_deref(), origin.as_deref(), site).await?;
            let (parts, answer) = reply.response.into_parts();
            self.keep_cookies(&parts.headers, &url);
            let Some(next) = redirection(parts.status, &parts.headers, &url) else {
                return Ok(Arrival { url, status: parts.status, headers: parts.headers, body: answer });
            };
            if !matches!(parts.status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
                body = None;
            }
            if relation(&url, &next) != "same-origin" {
                if site == "same-origin" {
                    site = "cross-site";
                }
                origin = origin.map(|_| "null".to_owned()); // a redirect across origins taints it
            }
            url = next;
        }
        Err(BrowseError::TooManyRedirects(url.into()))
    }

    async fn visit(
        &mut self,
        url: &Url,
        form: Option<&str>,
        origin: Option<&str>,
        site: &'static str,
    ) -> Result<Reply, BrowseError> {
        let mut headers = HeaderMap::new();
        put(&mut headers, header::USER_AGENT, USER_AGENT);
        put(&mut headers, header::ACCEPT, ACCEPT_PAGES);
        put(&mut headers, header::ACCEPT_LANGUAGE, "en-US,en;q=0.9");
        put(&mut headers, header::UPGRADE_INSECURE_REQUESTS, "1");
        for (name, value) in [("sec-fetch-mode", "navigate"), ("sec-fetch-site", site), ("sec-fetch-dest", "document")]
        {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Some(cookies) = self.cookies.header(url, self.clock.now()) {
            put(&mut headers, header::COOKIE, &cookies);
        }
        let method = if form.is_some() {
            put(&mut headers, header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            put(&mut headers, header::ORIGIN, origin.unwrap_or("null"));
            Method::POST
        } else {
            Method::GET
        };
        let mut address = url.clone();
        address.set_fragment(None);
        let body = form.map(|form| Bytes::copy_from_slice(form.as_bytes())).unwrap_or_default();
        Ok(self.send(method, address.as_str(), headers, body).await?)
    }

    async fn send(&self, method: Method, url: &str, headers: HeaderMap, body: Bytes) -> Result<Reply, SendError> {
        let Ok(uri) = url.parse::<Uri>() else { return Err(SendError::NotMapped(url.to_owned())) };
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        self.client.send(request).await
    }

    fn keep_cookies(&mut self, headers: &HeaderMap, url: &Url) {
        for value in headers.get_all(header::SET_COOKIE) {
            if let Ok(text) = value.to_str() {
                self.cookies.store(text, url, self.clock.now());
            }
        }
    }
}

/// Where an answer sends the browser; the fragment is handed on (Fetch standard, "location URL").
fn redirection(status: StatusCode, headers: &HeaderMap, url: &Url) -> Option<Url> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = std::str::from_utf8(headers.get(header::LOCATION)?.as_bytes()).ok()?;
    let mut next = url.join(location).ok()?;
    if next.fragment().is_none() {
        next.set_fragment(url.fragment());
    }
    Some(next)
}

/// Whether `url` is the page of `redirect_url`, whatever its query.
fn is_page(url: &Url, redirect_url: &str) -> bool {
    Url::parse(redirect_url).is_ok_and(|page| origin_of(&page) == origin_of(url) && page.path() == url.path())
}

fn origin_of(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The value of `Sec-Fetch-Site`.
fn relation(from: &Url, to: &Url) -> &'static str {
    if origin_of(from) == origin_of(to) {
        "same-origin"
    } else if from.scheme() == to.scheme() && from.host_str() == to.host_str() {
        "same-site"
    } else {
        "cross-site"
    }
}

/// Whether a page forbids telling others about it: its forms then come from the origin `null`.
fn is_silent_about_itself(headers: &HeaderMap) -> bool {
    let policies = headers.get_all(header::REFERRER_POLICY);
    let last = policies.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).last();
    last.is_some_and(|policy| policy.trim().eq_ignore_ascii_case("no-referrer"))
}

/// Sets a header; a value that cannot stand in one is left out.
pub(crate) fn put(headers: &mut HeaderMap, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callback_page_is_known_by_origin_and_path() {
        let redirect_url = "https://global.consent.azure-apim.net/redirect/cr938-5fx";
        let same = |url: &str| is_page(&url.parse().unwrap(), redirect_url);
        assert!(same("https://global.consent.azure-apim.net/redirect/cr938-5fx?code=1&state=2"));
        assert!(!same("https://global.consent.azure-apim.net/redirect?code=1"));
        assert!(!same("https://global.consent.azure-apim.net.evil.test/redirect/cr938-5fx"));
        assert!(!same("http://global.consent.azure-apim.net/redirect/cr938-5fx"));
    }

    #[test]
    fn a_redirect_hands_the_fragment_on_and_is_resolved() {
        let from: Url = "https://a.test/x/y#frag".parse().unwrap();
        let to = |status, location: &str| {
            let headers = HeaderMap::from_iter([(header::LOCATION, location.parse().unwrap())]);
            redirection(StatusCode::from_u16(status).unwrap(), &headers, &from).map(String::from)
        };
        assert_eq!(to(302, "../z?q=%2f").as_deref(), Some("https://a.test/z?q=%2f#frag"));
        assert_eq!(to(303, "https://b.test/#own").as_deref(), Some("https://b.test/#own"));
        assert_eq!(to(200, "/z"), None);
        assert_eq!(to(302, "https://"), None);
    }

    #[test]
    fn credentials_never_show_their_password() {
        let credentials = Credentials { username: "megan".into(), password: "hunter2".into() };
        assert!(!format!("{credentials:?}").contains("hunter2"));
    }
}
