//! Portal acts: sugar for a change of the world.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::world::World;

/// "Grant admin consent": for every resource that the client lists (or the one named), everyone in the tenant has
/// agreed to the listed scopes, besides those agreed to before.
pub(crate) fn grant_admin_consent(world: &World, client: &str, resource: Option<&str>) -> Value {
    let mut consents = Map::new();
    let permissions = world.idp.apps.get(client).into_iter().flat_map(|app| app.permissions.values());
    for permission in permissions.filter(|permission| resource.is_none_or(|name| name == permission.resource)) {
        let before = world.idp.consents.iter().find(|(_, consent)| {
            consent.client == client && consent.resource == permission.resource && consent.user.is_none()
        });
        let key = match before {
            Some((key, _)) => key.clone(),
            None => unused(world, &consents, &format!("{client}-on-{}", permission.resource), &permission.resource),
        };
        let before = before.map(|(_, consent)| (&consent.scopes, &consent.roles));
        let granted = |member: &str, before: Option<&Vec<String>>, more: &[String]| {
            let mut values: Vec<Value> = match (consents.get(&key), before) {
                (Some(granted), _) => granted[member].as_array().cloned().unwrap_or_default(),
                (None, before) => before.into_iter().flatten().map(|value| json!(value)).collect(),
            };
            for value in more.iter().map(|value| json!(value)) {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            values
        };
        let scopes = granted("scopes", before.map(|(scopes, _)| scopes), &permission.scopes);
        let roles = granted("roles", before.map(|(_, roles)| roles), &permission.roles);
        let mut consent = json!({ "client": client, "resource": permission.resource, "scopes": scopes });
        if !roles.is_empty() {
            consent["roles"] = roles.into();
        }
        consents.insert(key, consent);
    }
    json!({ "idp": { "consents": consents } })
}

/// A client secret, or all of an app's, expires at this instant.
pub(crate) fn expire_secret(world: &World, app: &str, secret: Option<&str>, now: Timestamp) -> Value {
    let secrets = world.idp.apps.get(app).into_iter().flat_map(|app| app.secrets.keys());
    let expired: Map<String, Value> = secrets
        .filter(|name| secret.is_none_or(|only| only == *name))
        .map(|name| (name.clone(), json!({ "expires": now })))
        .collect();
    json!({ "idp": { "apps": { app: { "secrets": expired } } } })
}

/// A name that no consent has yet, or that this act gave to the same resource.
fn unused(world: &World, granted: &Map<String, Value>, wanted: &str, resource: &str) -> String {
    let free = |name: &String| {
        !world.idp.consents.contains_key(name)
            && granted.get(name).is_none_or(|consent| consent["resource"] == json!(resource))
    };
    let others = (2..).map(|number| format!("{wanted}-{number}"));
    std::iter::once(wanted.to_owned()).chain(others).find(free).unwrap_or_default()
}
