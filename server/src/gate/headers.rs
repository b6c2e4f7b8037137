//! Which headers cross the gate.

use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName};

/// Headers that speak of one connection only (RFC 9110 §7.6.1), besides those that Connection itself lists.
const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Removes what only the gate may say, however it is spelled: an app that reads `X_MS_CLIENT_PRINCIPAL` from its
/// environment cannot tell it from the real one.
pub(super) fn scrub(headers: &mut HeaderMap) {
    remove(headers, |name| {
        let name = name.as_str().replace('_', "-");
        name == "x-ms-client-principal"
            || ["x-ms-client-principal-", "x-ms-token-", "x-entralab-"].iter().any(|prefix| name.starts_with(prefix))
    });
}

/// Removes what belongs to the connection that the message came on.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let listed: Vec<String> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    remove(headers, |name| HOP_BY_HOP.contains(name) || listed.iter().any(|listed| listed == name.as_str()));
}

/// Removes what frames a request's body: it is sent on whole, so the client frames it anew.
pub(super) fn remove_framing(headers: &mut HeaderMap) {
    remove(headers, |name| [CONTENT_LENGTH, EXPECT].contains(name));
}

/// Removes headers and keeps the order of the others, which `HeaderMap::remove` does not.
fn remove(headers: &mut HeaderMap, unwanted: impl Fn(&HeaderName) -> bool) {
    *headers = std::mem::take(headers)
        .iter()
        .filter(|(name, _)| !unwanted(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn named(names: &[&str]) -> HeaderMap {
        names.iter().map(|name| (name.parse().unwrap(), HeaderValue::from_static("x"))).collect()
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        headers.keys().map(HeaderName::as_str).collect()
    }

    #[test]
    fn atk_d01_identity_headers_are_removed_in_every_spelling() {
        let mut headers = named(&[
            "X-MS-CLIENT-PRINCIPAL",
            "x_ms_client_principal",
            "X-Ms_Client-Principal",
            "X-MS-CLIENT-PRINCIPAL-ID",
            "x_ms_client_principal_name",
            "X-MS-CLIENT-PRINCIPAL-ANYTHING",
            "X-MS-TOKEN-AAD-ACCESS-TOKEN",
            "x_ms_token_aad_id_token",
            "x-entralab-from",
            "x-ms-client-object-id",
            "x-ms-client-tenant-id",
            "x-ms-client-principality",
            "authorization",
        ]);
        headers.append("x-ms-client-principal", HeaderValue::from_static("again"));
        scrub(&mut headers);
        assert_eq!(
            names(&headers),
            ["x-ms-client-object-id", "x-ms-client-tenant-id", "x-ms-client-principality", "authorization"]
        );
    }

    #[test]
    fn hop_by_hop_headers_and_those_that_connection_lists_are_removed() {
        let mut headers = named(&["te", "Keep-Alive", "upgrade", "x-one", "x-two", "x-three", "accept"]);
        headers.append(CONNECTION, HeaderValue::from_static("close, X-One"));
        headers.append(CONNECTION, HeaderValue::from_static(" x-two ,"));
        remove_hop_by_hop(&mut headers);
        assert_eq!(names(&headers), ["x-three", "accept"]);
    }
}
