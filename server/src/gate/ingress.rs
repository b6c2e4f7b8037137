//! The ingress: which hosts it serves, and reading a request whole.

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use wire::record::REQUEST_LIMIT_BYTES;
use wire::{Check, Checks};

/// The public name of the container app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Served {
    host: String,
    port: Option<u16>,
    name: String,
}

/// The names of this machine: whoever reaches the gate by one of them is on it.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

impl Served {
    /// The name in the configured URL; a URL without a host serves nobody but this machine.
    pub(super) fn at(url: &str) -> Self {
        let url = url::Url::parse(url).ok();
        let part = |of: fn(&url::Url) -> Option<String>| url.as_ref().and_then(of);
        Self {
            host: part(|url| url.host_str().map(str::to_owned)).unwrap_or_default(),
            port: part(|url| url.port_or_known_default().map(|port| port.to_string()))
                .and_then(|port| port.parse().ok()),
            name: part(|url| Some(url.authority().to_owned())).unwrap_or_default(),
        }
    }

    /// Host, and port where the URL names one.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn serves(&self, authority: &Authority) -> bool {
        let is = |host: &str| authority.host().eq_ignore_ascii_case(host);
        let port_fits = authority.port_u16().is_none_or(|port| self.port == Some(port));
        LOOPBACK.into_iter().any(is) || (!self.host.is_empty() && is(&self.host) && port_fits)
    }
}

/// Judges the host and reads the body; the request comes back with exactly one Host header.
pub(super) async fn receive(
    served: &Served,
    request: Request,
    checks: &mut Checks,
) -> Result<(Parts, Bytes), StatusCode> {
    let (mut parts, body) = request.into_parts();
    let host = judge_host(served, &parts, checks)?;
    parts.headers.insert(HOST, host);
    let body = Limited::new(body, REQUEST_LIMIT_BYTES).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST }
    })?;
    Ok((parts, body.to_bytes()))
}

fn judge_host(served: &Served, parts: &Parts, checks: &mut Checks) -> Result<HeaderValue, StatusCode> {
    let named: Vec<&HeaderValue> = parts.headers.get_all(HOST).iter().collect();
    // RFC 9112 §3.2: the target's own authority comes first (HTTP/2 has only that); two Host headers are a fault.
    let authority: Option<Authority> = match (parts.uri.authority(), named.as_slice()) {
        (Some(authority), [] | [_]) => Some(authority.clone()),
        (None, [host]) => host.to_str().ok().and_then(|host| host.parse().ok()),
        _ => None,
    };
    let expected = format!("{} (or localhost)", served.name);
    let received = match named.as_slice() {
        _ if authority.is_some() => authority.as_ref().map(Authority::to_string).unwrap_or_default(),
        [] => "no Host header".to_owned(),
        [host] => format!("{host:?}"),
        several => format!("{} Host headers", several.len()),
    };
    let Some(authority) = authority.filter(|authority| !authority.as_str().contains('@')) else {
        checks.refuse(Check::HostServed, expected, received, "send one Host header, with the host of gate.url");
        return Err(StatusCode::BAD_REQUEST);
    };
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    if parts.method == Method::CONNECT || !target.starts_with('/') {
        let received = format!("{} {target}", parts.method);
        checks.refuse(Check::HostServed, format!("a path of {expected}"), received, "send a request for a path");
        return Err(StatusCode::BAD_REQUEST);
    }
    if served.serves(&authority) {
        checks.pass(Check::HostServed, expected, received);
        return HeaderValue::from_str(authority.as_str()).map_err(|_| StatusCode::BAD_REQUEST);
    }
    checks.refuse(
        Check::HostServed,
        expected,
        received,
        "connector.server_url: its host is that of gate.url (portal: Container App > Overview > Application Url)",
    );
    Err(StatusCode::NOT_FOUND)
}

/// The ingress's own refusals know nothing of the container app behind it.
pub(super) fn refused(status: StatusCode) -> Response {
    let text = match status {
        StatusCode::NOT_FOUND => "no container app has this host name\n",
        _ => "",
    };
    (status, Body::from(text)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_configured_host_and_this_machine_are_served() {
        let served = Served::at("https://app.region.azurecontainerapps.io");
        for host in
            ["app.region.azurecontainerapps.io", "APP.region.azurecontainerapps.io:443", "localhost:8444", "[::1]:1"]
        {
            assert!(served.serves(&host.parse().unwrap()), "{host}");
        }
        for host in [
            "app.region.azurecontainerapps.io.",
            "app.region.azurecontainerapps.io:8443",
            "app.region.azurecontainerapps.io.evil.test",
            "region.azurecontainerapps.io",
            "localhost.evil.test",
            "0.0.0.0",
            "127.0.0.2",
        ] {
            assert!(!served.serves(&host.parse().unwrap()), "{host}");
        }
        assert_eq!(Served::at("https://localhost:8444").name(), "localhost:8444");
        assert!(!Served::at("nonsense").serves(&"nonsense".parse().unwrap()));
    }
}
