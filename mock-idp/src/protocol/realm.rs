//! What a client or page learns of a user name before anybody signs in: whose it is, and how to sign in.
//!
//! Rules: MSAL's user realm discovery, and what the sign-in page of Microsoft Entra asks for.

use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Check, Checks};

use super::discovery::CLOUD_INSTANCE_NAME;
use crate::directory::{Directory, Tenant};

/// How much of a user name is shown again.
const LIMIT_CHARS: usize = 320;

/// The answer of the user realm endpoint for `username`. Every tenant of a lab signs its users in itself (Managed); a
/// domain that no tenant has verified is Unknown.
///
/// `api_version` 2.1 has the members of the older `GetUserRealm`; its exact set is not established.
#[must_use]
pub fn user_realm(directory: &Directory, username: &str, api_version: &str, checks: &mut Checks) -> Value {
    let username: String = username.chars().take(LIMIT_CHARS).collect();
    let tenant = tenant_of(directory, &username);
    let domain = domain_of(&username).unwrap_or_default();
    note(tenant, domain, checks);
    if api_version.starts_with('2') {
        let mut realm = json!({
            "NameSpaceType": if tenant.is_some() { "Managed" } else { "Unknown" },
            "Login": username,
        });
        if let Some(tenant) = tenant {
            realm["DomainName"] = json!(domain);
            realm["FederationBrandName"] = json!(tenant.display_name);
            realm["TenantBrandingInfo"] = Value::Null;
        }
        realm["cloud_instance_name"] = json!(CLOUD_INSTANCE_NAME);
        return realm;
    }
    let mut realm = json!({ "ver": "1.0", "account_type": if tenant.is_some() { "Managed" } else { "Unknown" } });
    if tenant.is_some() {
        realm["domain_name"] = json!(domain);
    }
    realm["cloud_instance_name"] = json!(CLOUD_INSTANCE_NAME);
    realm["cloud_audience_urn"] = json!("urn:federation:MicrosoftOnline");
    realm
}

/// What the sign-in page of Entra posts; the members that matter here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct CredentialTypeRequest {
    /// The user name, as typed; the page itself writes the member small.
    #[serde(rename = "Username", alias = "username")]
    pub username: String,
    /// The flow token of the page; comes back as it was.
    #[serde(rename = "flowToken", default)]
    pub flow_token: Option<String>,
}

/// The answer to such a post: whether the user exists, and has a password. None where the body cannot be read.
#[must_use]
pub fn credential_type(directory: &Directory, body: &[u8], checks: &mut Checks) -> Option<Value> {
    let Ok(request) = serde_json::from_slice::<CredentialTypeRequest>(body) else {
        let fix = "the client: a JSON object with the member Username, sent as application/json";
        checks.refuse(Check::RequestParameterPresent, "a JSON object with a Username", "another body", fix);
        return None;
    };
    let username: String = request.username.trim().chars().take(LIMIT_CHARS).collect();
    let account = directory.account_by_username(&username);
    let tenant = tenant_of(directory, &username);
    note(tenant, domain_of(&username).unwrap_or_default(), checks);
    // 0: exists; 1: does not
    let exists = i32::from(account.is_none());
    // 3: a domain that is Entra's own; 1: an unknown one
    let domain_type = if tenant.is_some() { 3 } else { 1 };
    Some(json!({
        "Username": username,
        "Display": username,
        "IfExistsResult": exists,
        "IsUnmanaged": false,
        "ThrottleStatus": 0,
        "Credentials": {
            "PrefCredential": 1,
            "HasPassword": account.is_none_or(|account| account.password.is_some()),
            "RemoteNgcParams": null,
            "FidoParams": null,
            "SasParams": null,
            "CertAuthParams": null,
            "GoogleParams": null,
            "FacebookParams": null,
        },
        "EstsProperties": { "UserTenantBranding": null, "DesktopSsoEnabled": false, "DomainType": domain_type },
        "FlowToken": request.flow_token,
        "IsSignupDisallowed": true,
    }))
}

fn note(tenant: Option<Tenant<'_>>, domain: &str, checks: &mut Checks) {
    let received = match tenant {
        Some(tenant) => tenant.display_name.clone(),
        None => format!("no tenant with the domain '{domain}'"),
    };
    checks.pass(Check::TenantExists, "the tenant of the user name's domain, if there is one", received);
}

fn domain_of(username: &str) -> Option<&str> {
    username.trim().rsplit_once('@').map(|(_, domain)| domain)
}

fn tenant_of<'d>(directory: &'d Directory, username: &str) -> Option<Tenant<'d>> {
    domain_of(username).and_then(|domain| directory.tenant_by_domain(domain))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    fn directory() -> Directory {
        let idp = json!({"tenants": {"t": {
            "id": "7c0b3f52-1d2e-4a5b-9c3d-0e8f6a1b2c3d", "display_name": "T", "domains": ["t.example"],
        }}});
        Directory::new(Arc::new(serde_json::from_value(idp).unwrap()), &crate::origins::Origins::cloud())
    }

    proptest! {
        #[test]
        fn any_body_is_read_without_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let directory = directory();
            let answer = credential_type(&directory, &body, &mut Checks::default());
            prop_assert!(answer.is_none_or(|answer| answer.is_object()));
        }

        #[test]
        fn any_name_in_json_is_answered(name in any::<String>(), more in "[a-z]{1,7}", is_small in any::<bool>()) {
            let directory = directory();
            let member = if is_small { "username" } else { "Username" };
            let body = json!({member: name, more: 1, "isOtherIdpSupported": true}).to_string();
            let answer = credential_type(&directory, body.as_bytes(), &mut Checks::default()).unwrap();
            prop_assert_eq!(&answer["IfExistsResult"], 1);
            prop_assert!(answer["Username"].as_str().unwrap().chars().count() <= LIMIT_CHARS);
            let realm = user_realm(&directory, &name, "1.0", &mut Checks::default());
            prop_assert_eq!(&realm["ver"], "1.0");
        }
    }
}
