//! Cross-origin requests as the Fetch standard has them: when a preflight is needed, and what its answer allows.
//!
//! Section numbers are those of the standard's "HTTP extensions" and "Fetching". A lab's pages send no credentials
//! (the token is a header that the page sets), so the credentials mode is `omit` unless a caller says otherwise.

use http::{HeaderMap, HeaderName, Method, StatusCode, header};

/// Why a browser keeps a request or an answer from a page; printed as Chromium prints it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// The answer to the preflight failed one of the rules below.
    #[error("Response to preflight request doesn't pass access control check: {0}")]
    Preflight(Box<Self>),
    /// The preflight was answered, but not with a 2xx status.
    #[error("It does not have HTTP ok status.")]
    StatusNotOk,
    /// The preflight was answered with a redirect.
    #[error("Redirect is not allowed for a preflight request.")]
    PreflightRedirected,
    /// No `Access-Control-Allow-Origin`.
    #[error("No 'Access-Control-Allow-Origin' header is present on the requested resource.")]
    OriginMissing,
    /// More than one value.
    #[error("The 'Access-Control-Allow-Origin' header contains multiple values '{0}', but only one is allowed.")]
    OriginRepeated(String),
    /// Not an origin.
    #[error("The 'Access-Control-Allow-Origin' header contains the invalid value '{0}'.")]
    OriginInvalid(String),
    /// Another origin.
    #[error("The 'Access-Control-Allow-Origin' header has a value '{0}' that is not equal to the supplied origin.")]
    OriginDiffers(String),
    /// `*` where credentials are sent.
    #[error(
        "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the \
         request's credentials mode is 'include'."
    )]
    WildcardWithCredentials,
    /// Credentials are sent, and not allowed.
    #[error(
        "The value of the 'Access-Control-Allow-Credentials' header in the response is '{0}' which must be 'true' when \
         the request's credentials mode is 'include'."
    )]
    CredentialsNotAllowed(String),
    /// A list that cannot be read.
    #[error("Cannot parse {0} response header field in preflight response.")]
    ListUnreadable(&'static str),
    /// The method is not in the list.
    #[error("Method {0} is not allowed by Access-Control-Allow-Methods in preflight response.")]
    MethodNotAllowed(Method),
    /// A header is not in the list; `*` does not cover `Authorization`.
    #[error("Request header field {0} is not allowed by Access-Control-Allow-Headers in preflight response.")]
    HeaderNotAllowed(String),
}

impl Blocked {
    /// The line that Chromium's console shows.
    #[must_use]
    pub fn console_message(&self, url: &str, origin: &str) -> String {
        format!("Access to fetch at '{url}' from origin '{origin}' has been blocked by CORS policy: {self}")
    }

    /// The member of the gate's CORS policy that stood in the way.
    #[must_use]
    pub fn setting(&self) -> &'static str {
        match self {
            Self::Preflight(cause) => cause.setting(),
            Self::MethodNotAllowed(_) | Self::ListUnreadable("Access-Control-Allow-Methods") => "allowed_methods",
            Self::HeaderNotAllowed(_) | Self::ListUnreadable(_) => "allowed_headers",
            Self::WildcardWithCredentials | Self::CredentialsNotAllowed(_) => "allow_credentials",
            _ => "allowed_origins",
        }
    }
}

/// Whether cookies and the like are sent along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialsMode {
    /// Never.
    Omit,
    /// Always.
    Include,
}

/// Whether a page must ask before it sends this ("HTTP fetch", step 4: the CORS-preflight flag).
#[must_use]
pub fn needs_preflight(method: &Method, headers: &HeaderMap) -> bool {
    !is_safelisted_method(method) || !unsafe_names(headers).is_empty()
}

/// "CORS-safelisted method".
fn is_safelisted_method(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::POST].contains(method)
}

/// "CORS-unsafe request-header names": what the preflight asks for, in lower case, sorted.
#[must_use]
pub fn unsafe_names(headers: &HeaderMap) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut safelisted: Vec<String> = Vec::new();
    let mut safelisted_bytes = 0;
    for (name, value) in headers {
        if is_safelisted_header(name, value.as_bytes()) {
            safelisted.push(name.as_str().to_owned());
            safelisted_bytes += value.len();
        } else {
            names.push(name.as_str().to_owned());
        }
    }
    if safelisted_bytes > 1024 {
        names.append(&mut safelisted);
    }
    names.sort();
    names.dedup();
    names
}

/// "CORS-safelisted request-header".
fn is_safelisted_header(name: &HeaderName, value: &[u8]) -> bool {
    if value.len() > 128 {
        return false;
    }
    match name.as_str() {
        "accept" => !value.iter().copied().any(is_unsafe_byte),
        "accept-language" | "content-language" => {
            value.iter().all(|byte| byte.is_ascii_alphanumeric() || b" *,-.;=".contains(byte))
        }
        "content-type" => !value.iter().copied().any(is_unsafe_byte) && is_form_type(value),
        "range" => is_simple_range(value),
        _ => false,
    }
}

/// "CORS-unsafe request-header byte".
fn is_unsafe_byte(byte: u8) -> bool {
    (byte < 0x20 && byte != b'\t') || b"\"():<>?@[\\]{}\x7f".contains(&byte)
}

fn is_form_type(value: &[u8]) -> bool {
    let essence = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    [&b"application/x-www-form-urlencoded"[..], b"multipart/form-data", b"text/plain"]
        .iter()
        .any(|form| form.eq_ignore_ascii_case(essence))
}

/// "simple range header value", with a start.
fn is_simple_range(value: &[u8]) -> bool {
    let Some(range) = value.strip_prefix(b"bytes=") else { return false };
    let mut parts = range.splitn(2, |byte| *byte == b'-');
    let (Some(start), Some(end)) = (parts.next(), parts.next()) else { return false };
    !start.is_empty() && start.iter().chain(end).all(u8::is_ascii_digit)
}

/// "CORS check": whether a page of `origin` may read this answer.
///
/// # Errors
/// Says which rule the answer breaks.
pub fn check_response(headers: &HeaderMap, origin: &str, mode: CredentialsMode) -> Result<(), Blocked> {
    let values: Vec<String> = headers
        .get_all(header::ACCESS_CONTROL_ALLOW_ORIGIN)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
        .collect();
    let allowed = match values.as_slice() {
        [] => return Err(Blocked::OriginMissing),
        [only] => only.as_str(),
        several => return Err(Blocked::OriginRepeated(several.join(", "))),
    };
    if allowed == "*" && mode == CredentialsMode::Omit {
        return Ok(());
    }
    if allowed != origin {
        return Err(match allowed {
            "*" => Blocked::WildcardWithCredentials,
            several if several.contains([',', ' ']) => Blocked::OriginRepeated(several.to_owned()),
            other if other == "null" || is_origin(other) => Blocked::OriginDiffers(other.to_owned()),
            other => Blocked::OriginInvalid(other.to_owned()),
        });
    }
    if mode == CredentialsMode::Include {
        let value = headers.get(header::ACCESS_CONTROL_ALLOW_CREDENTIALS).map_or(&b""[..], |value| value.as_bytes());
        if value != b"true" {
            return Err(Blocked::CredentialsNotAllowed(String::from_utf8_lossy(value).into_owned()));
        }
    }
    Ok(())
}

fn is_origin(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| url.has_host() && url.origin().ascii_serialization() == text)
}

/// "CORS-preflight fetch", step 7: whether the answer lets the real request be sent.
///
/// # Errors
/// Says which rule the answer breaks; the origin is judged before the status, as Chromium does.
pub fn check_preflight(
    status: StatusCode,
    answer: &HeaderMap,
    origin: &str,
    method: &Method,
    unsafe_names: &[String],
    mode: CredentialsMode,
) -> Result<(), Blocked> {
    if status.is_redirection() {
        return Err(Blocked::Preflight(Box::new(Blocked::PreflightRedirected)));
    }
    check_response(answer, origin, mode).map_err(|cause| Blocked::Preflight(Box::new(cause)))?;
    if !status.is_success() {
        return Err(Blocked::Preflight(Box::new(Blocked::StatusNotOk)));
    }
    let methods = list(answer, &header::ACCESS_CONTROL_ALLOW_METHODS)
        .ok_or(Blocked::ListUnreadable("Access-Control-Allow-Methods"))?;
    let headers = list(answer, &header::ACCESS_CONTROL_ALLOW_HEADERS)
        .ok_or(Blocked::ListUnreadable("Access-Control-Allow-Headers"))?;
    let covers_all = |list: &[String]| mode == CredentialsMode::Omit && list.iter().any(|item| item == "*");
    let method_allowed = methods.iter().any(|allowed| allowed == method.as_str())
        || is_safelisted_method(method)
        || covers_all(&methods);
    if !method_allowed {
        return Err(Blocked::MethodNotAllowed(method.clone()));
    }
    let not_allowed = unsafe_names.iter().find(|name| {
        let named = headers.iter().any(|allowed| allowed.eq_ignore_ascii_case(name));
        // "CORS non-wildcard request-header name": Authorization must be named
        !named && (name.as_str() == "authorization" || !covers_all(&headers))
    });
    match not_allowed {
        Some(name) => Err(Blocked::HeaderNotAllowed(name.clone())),
        None => Ok(()),
    }
}

/// "Extract header list values": empty where there is none, none where it cannot be read.
fn list(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<String>> {
    let is_token_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let mut items = Vec::new();
    for value in headers.get_all(name) {
        for item in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            if !item.iter().copied().all(is_token_byte) {
                return None;
            }
            if !item.is_empty() {
                items.push(String::from_utf8_lossy(item).into_owned());
            }
        }
    }
    Some(items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    type Pairs<'a> = &'a [(&'static str, &'a str)];

    const PAGE: &str = "https://make.powerapps.com";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs =
            pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(name, value);
        }
        map
    }

    #[test]
    fn simple_requests_need_no_preflight() {
        let long = "a".repeat(129);
        let table: &[(Method, Pairs<'_>, bool)] = &[
            (Method::GET, &[], false),
            (Method::HEAD, &[], false),
            (Method::POST, &[], false),
            (Method::PUT, &[], true),
            (Method::DELETE, &[], true),
            (Method::POST, &[("content-type", "text/plain;charset=UTF-8")], false),
            (Method::POST, &[("content-type", "Application/X-WWW-form-urlencoded")], false),
            (Method::POST, &[("content-type", "multipart/form-data; boundary=x")], false),
            (Method::POST, &[("content-type", "application/json")], true),
            (Method::POST, &[("content-type", "text/plain; x=\"y\"")], true),
            (Method::GET, &[("authorization", "Bearer x")], true),
            (Method::GET, &[("accept", "application/json,text/event-stream")], false),
            (Method::GET, &[("accept", "a{b}")], true),
            (Method::GET, &[("accept", &long)], true),
            (Method::GET, &[("accept-language", "en-US,en;q=0.9")], false),
            (Method::GET, &[("content-language", "en_US")], true),
            (Method::GET, &[("range", "bytes=0-255")], false),
            (Method::GET, &[("range", "bytes=-255")], true),
            (Method::GET, &[("range", "bytes=0-1,2-3")], true),
            (Method::GET, &[("x-own", "1")], true),
        ];
        for (method, pairs, expected) in table {
            assert_eq!(needs_preflight(method, &headers(pairs)), *expected, "{method} {pairs:?}");
        }
    }

    #[test]
    fn names_are_asked_for_sorted_and_in_lower_case() {
        let asked =
            headers(&[("x-b", "1"), ("content-type", "application/json"), ("authorization", "t"), ("accept", "*/*")]);
        assert_eq!(unsafe_names(&asked), ["authorization", "content-type", "x-b"]);
        let many: Vec<(&'static str, String)> = (0..9).map(|_| ("accept", "a".repeat(128))).collect();
        let many: Vec<(&'static str, &str)> = many.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(unsafe_names(&headers(&many)), ["accept"], "together they are longer than 1024 bytes");
    }

    #[test]
    fn an_answer_is_read_only_by_the_page_it_names() {
        use CredentialsMode::{Include, Omit};
        let origin = "access-control-allow-origin";
        let credentials = "access-control-allow-credentials";
        let table: &[(Pairs<'_>, CredentialsMode, Result<(), Blocked>)] = &[
            (&[], Omit, Err(Blocked::OriginMissing)),
            (&[(origin, "*")], Omit, Ok(())),
            (&[(origin, PAGE)], Omit, Ok(())),
            (&[(origin, "null")], Omit, Err(Blocked::OriginDiffers("null".into()))),
            (
                &[(origin, "https://apps.powerapps.com")],
                Omit,
                Err(Blocked::OriginDiffers("https://apps.powerapps.com".into())),
            ),
            (
                &[(origin, "https://make.powerapps.com/")],
                Omit,
                Err(Blocked::OriginInvalid("https://make.powerapps.com/".into())),
            ),
            (&[(origin, "")], Omit, Err(Blocked::OriginInvalid(String::new()))),
            (&[(origin, PAGE), (origin, PAGE)], Omit, Err(Blocked::OriginRepeated(format!("{PAGE}, {PAGE}")))),
            (
                &[(origin, "https://a.test, https://b.test")],
                Omit,
                Err(Blocked::OriginRepeated("https://a.test, https://b.test".into())),
            ),
            (&[(origin, "*")], Include, Err(Blocked::WildcardWithCredentials)),
            (&[(origin, PAGE)], Include, Err(Blocked::CredentialsNotAllowed(String::new()))),
            (&[(origin, PAGE), (credentials, "True")], Include, Err(Blocked::CredentialsNotAllowed("True".into()))),
            (&[(origin, PAGE), (credentials, "true")], Include, Ok(())),
        ];
        for (pairs, mode, expected) in table {
            assert_eq!(&check_response(&headers(pairs), PAGE, *mode), expected, "{pairs:?} {mode:?}");
        }
    }

    #[test]
    fn a_preflight_allows_what_it_names() {
        let origin = ("access-control-allow-origin", "*");
        let methods = |list| ("access-control-allow-methods", list);
        let allowed = |list| ("access-control-allow-headers", list);
        let asked = vec!["authorization".to_owned(), "content-type".to_owned()];
        let blocked = |name: &str| Err(Blocked::HeaderNotAllowed(name.to_owned()));
        let preflight = |cause| Err(Blocked::Preflight(Box::new(cause)));
        let table: &[(u16, Method, Pairs<'_>, Result<(), Blocked>)] = &[
            (200, Method::POST, &[origin, allowed("Content-Type, Authorization")], Ok(())),
            (204, Method::POST, &[origin, methods("GET"), allowed("content-type,authorization")], Ok(())),
            (200, Method::POST, &[origin, allowed("content-type"), allowed("authorization")], Ok(())),
            (200, Method::POST, &[origin, allowed("*")], blocked("authorization")),
            (200, Method::POST, &[origin, allowed("*, Authorization")], Ok(())),
            (200, Method::POST, &[origin, allowed("Authorization")], blocked("content-type")),
            (200, Method::POST, &[origin], blocked("authorization")),
            (
                200,
                Method::POST,
                &[origin, allowed("Content-Type; Authorization")],
                Err(Blocked::ListUnreadable("Access-Control-Allow-Headers")),
            ),
            (
                200,
                Method::PUT,
                &[origin, allowed("content-type,authorization")],
                Err(Blocked::MethodNotAllowed(Method::PUT)),
            ),
            (
                200,
                Method::PUT,
                &[origin, methods("put"), allowed("content-type,authorization")],
                Err(Blocked::MethodNotAllowed(Method::PUT)),
            ),
            (200, Method::PUT, &[origin, methods("GET, PUT"), allowed("content-type,authorization")], Ok(())),
            (200, Method::PUT, &[origin, methods("*"), allowed("content-type,authorization")], Ok(())),
            (401, Method::POST, &[origin, allowed("content-type,authorization")], preflight(Blocked::StatusNotOk)),
            (401, Method::POST, &[], preflight(Blocked::OriginMissing)),
            (307, Method::POST, &[origin], preflight(Blocked::PreflightRedirected)),
        ];
        for (status, method, pairs, expected) in table {
            let status = StatusCode::from_u16(*status).unwrap();
            let got = check_preflight(status, &headers(pairs), PAGE, method, &asked, CredentialsMode::Omit);
            assert_eq!(&got, expected, "{status} {method} {pairs:?}");
        }
        let wildcard = headers(&[
            ("access-control-allow-origin", PAGE),
            ("access-control-allow-credentials", "true"),
            allowed("*"),
        ]);
        let with_cookies = check_preflight(
            StatusCode::OK,
            &wildcard,
            PAGE,
            &Method::POST,
            &["x-own".to_owned()],
            CredentialsMode::Include,
        );
        assert_eq!(with_cookies, blocked("x-own"), "with credentials, * is a header of that name");
    }

    #[test]
    fn the_console_says_what_chromium_says() {
        let blocked = Blocked::Preflight(Box::new(Blocked::OriginMissing));
        assert_eq!(
            blocked.console_message("https://server.test/mcp", PAGE),
            "Access to fetch at 'https://server.test/mcp' from origin 'https://make.powerapps.com' has been blocked by CORS \
             policy: Response to preflight request doesn't pass access control check: No 'Access-Control-Allow-Origin' \
             header is present on the requested resource."
        );
        assert_eq!(blocked.setting(), "allowed_origins");
        assert_eq!(Blocked::HeaderNotAllowed("authorization".into()).setting(), "allowed_headers");
    }

    proptest! {
        #[test]
        fn a_request_without_headers_of_its_own_asks_for_none(value in "[a-z/*]{0,20}") {
            prop_assert!(unsafe_names(&headers(&[("accept", &value)])).is_empty());
        }

        #[test]
        fn no_answer_brings_the_judge_down(bytes in proptest::collection::vec(0x20u8..=0xff, 0..40)) {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                let mut answer = HeaderMap::new();
                answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value.clone());
                answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, value.clone());
                answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, value);
                let asked = vec!["authorization".to_owned()];
                let _judged = check_preflight(StatusCode::OK, &answer, PAGE, &Method::PUT, &asked, CredentialsMode::Include);
            }
        }
    }
}
