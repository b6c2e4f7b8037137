//! What scripts need to know of a running lab: the ready file, `running.json`, and what `--json` prints.

use std::path::Path;

use serde_json::{Map, Value, json};
use wire::Party;

use crate::Lab;

/// What scripts need to know of the parties that `lab` has; `ca` is the file of the certificate that they must trust.
pub(super) fn ready(lab: &Lab, ca: &Path) -> Value {
    let world = lab.world();
    let has = |party| lab.parties().contains(&party);
    let mut ready = json!({
        "version": 1,
        "ready": true,
        "mode": if lab.speaks_cloud_names() { "cloud" } else { "local" },
        "lab": lab.page_url(),
        "control_token": lab.control_token,
        "ca": ca.to_string_lossy(),
        "pid": std::process::id(),
    });
    if has(Party::Idp) {
        add(&mut ready, of_identity_provider(lab));
    }
    if has(Party::Gate) {
        let gate = json!({ "gate": world.gate.url, "mcp": lab.mcp_url() });
        add(&mut ready, gate);
    } else if has(Party::Mcp) {
        add(&mut ready, json!({ "mcp": format!("{}{}", lab.upstream(), world.mcp.path) }));
    }
    ready
}

fn add(ready: &mut Value, members: Value) {
    if let (Value::Object(ready), Value::Object(members)) = (ready, members) {
        ready.extend(members);
    }
}

fn of_identity_provider(lab: &Lab) -> Value {
    let world = lab.world();
    let tenant = world.idp.tenants.values().next().map(|tenant| tenant.id.to_string());
    let login = lab.idp_url();
    let mut apps = Map::new();
    for (name, app) in &world.idp.apps {
        let redirect_uris: Vec<_> =
            app.redirect_uris.web.iter().chain(&app.redirect_uris.spa).chain(&app.redirect_uris.public).collect();
        let tenant = world.idp.tenants.get(&app.tenant).map(|tenant| tenant.id.to_string());
        let mut entry = json!({ "tenant": tenant, "client_id": app.client_id, "redirect_uris": redirect_uris });
        if let Some(secret) = app.secrets.values().next() {
            entry["client_secret"] = json!(secret.value);
        }
        if let Some(uri) = app.identifier_uris.first() {
            entry["identifier_uri"] = json!(uri);
        }
        apps.insert(name.clone(), entry);
    }
    let users: Vec<_> =
        world.idp.users.values().map(|user| json!({ "username": user.username, "password": user.password })).collect();
    let issuer = |version: &str| tenant.as_ref().map(|tenant| format!("{login}/{tenant}/{version}"));
    json!({
        "idp": login,
        "issuer": { "v1": issuer(""), "v2": issuer("v2.0") },
        "tenant": tenant,
        "apps": apps,
        "users": users,
    })
}
