//! Who is signed in, as the app learns it: the `X-MS-CLIENT-PRINCIPAL` headers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use wire::access_token::Claims;

/// The claim types that hold the name and the roles of a principal.
const NAME_TYPE: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
const ROLE_TYPE: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";

/// Short claim names that the middleware replaces by the long types of WS-Identity; all others stay short.
const LONG_TYPES: [(&str, &str); 12] = [
    ("acr", "http://schemas.microsoft.com/claims/authnclassreference"),
    ("amr", "http://schemas.microsoft.com/claims/authnmethodsreferences"),
    ("email", NAME_TYPE),
    ("family_name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"),
    ("given_name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"),
    ("idp", "http://schemas.microsoft.com/identity/claims/identityprovider"),
    ("oid", "http://schemas.microsoft.com/identity/claims/objectidentifier"),
    ("scp", "http://schemas.microsoft.com/identity/claims/scope"),
    ("sub", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"),
    ("tid", "http://schemas.microsoft.com/identity/claims/tenantid"),
    ("unique_name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"),
    ("upn", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"),
];

/// Somebody who is signed in, as the headers that say so.
#[derive(Clone, Debug)]
pub(super) struct Principal(Vec<(HeaderName, HeaderValue)>);

#[derive(Serialize)]
struct ClientPrincipal<'c> {
    auth_typ: &'static str,
    claims: Vec<Claim<'c>>,
    name_typ: &'static str,
    role_typ: &'static str,
}

#[derive(Serialize)]
struct Claim<'c> {
    typ: &'c str,
    val: String,
}

impl Principal {
    /// The principal that a valid token names.
    pub(super) fn of(claims: &Claims) -> Self {
        let first_text = |names: &[&str]| names.iter().find_map(|name| claims.text(name)).map(str::to_owned);
        let headers = [
            ("x-ms-client-principal", Some(encoded(claims))),
            ("x-ms-client-principal-id", first_text(&["oid", "sub"])),
            ("x-ms-client-principal-name", first_text(&["preferred_username", "upn", "email"])),
            ("x-ms-client-principal-idp", Some("aad".to_owned())),
        ];
        let valid = |(name, value): (&'static str, Option<String>)| {
            Some((HeaderName::from_static(name), HeaderValue::from_bytes(value?.as_bytes()).ok()?))
        };
        Self(headers.into_iter().filter_map(valid).collect())
    }

    /// Writes the headers, over whatever has their names.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            headers.insert(name, value.clone());
        }
    }
}

fn encoded(claims: &Claims) -> String {
    let mut list = Vec::new();
    for (name, value) in claims.all() {
        let typ = LONG_TYPES.iter().find(|(short, _)| short == name).map_or(name.as_str(), |(_, long)| long);
        match value {
            Value::Array(values) => list.extend(values.iter().map(|value| Claim { typ, val: text(value) })),
            value => list.push(Claim { typ, val: text(value) }),
        }
    }
    let principal = ClientPrincipal { auth_typ: "aad", claims: list, name_typ: NAME_TYPE, role_typ: ROLE_TYPE };
    STANDARD.encode(serde_json::to_vec(&principal).unwrap_or_default())
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
