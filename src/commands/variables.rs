//! The variables in which programs are told of a lab: those of `exec` and of `env`.

use std::path::Path;

use serde_json::Value;

/// Variables that name a file of certificates to trust: OpenSSL, Go, Ruby and .NET; requests; curl; Node.js, which adds it
/// to its own; Deno.
pub(super) const TRUST: [&str; 5] =
    ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "DENO_CERT"];

/// The variables that tell of the lab which `ready` describes, and `lab_file` holds; where an application is named, those by
/// which the Azure SDKs find it too.
pub(super) fn of_lab(ready: &Value, lab_file: &Path, app: Option<&str>) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    let mut set = |name: &str, value: &Value| {
        if let Some(value) = value.as_str() {
            variables.push((name.to_owned(), value.to_owned()));
        }
    };
    set("ENTRALAB_LAB", &ready["lab"]);
    set("ENTRALAB_LAB_FILE", &lab_file.to_string_lossy().into());
    set("ENTRALAB_TENANT_ID", &ready["tenant"]);
    for (name, registered) in ready["apps"].as_object().into_iter().flatten() {
        let suffix = name.replace('-', "_").to_ascii_uppercase();
        set(&format!("ENTRALAB_CLIENT_ID_{suffix}"), &registered["client_id"]);
        set(&format!("ENTRALAB_CLIENT_SECRET_{suffix}"), &registered["client_secret"]);
        if app == Some(name) {
            set("AZURE_TENANT_ID", &registered["tenant"]);
            set("AZURE_CLIENT_ID", &registered["client_id"]);
            set("AZURE_CLIENT_SECRET", &registered["client_secret"]);
        }
    }
    variables
}
