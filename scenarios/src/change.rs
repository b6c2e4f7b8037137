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
        let mut scopes: Vec<Value> = match (consents.get(&key), before) {
            (Some(granted), _) => granted["scopes"].as_array().cloned().unwrap_or_default(),
            (None, Some((_, consent))) => consent.scopes.iter().map(|scope| json!(scope)).collect(),
            (None, None) => Vec::new(),
        };
        for scope in permission.scopes.iter().map(|scope| json!(scope)) {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        consents.insert(key, json!({ "client": client, "resource": permission.resource, "scopes": scopes }));
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
