//! Tenants, users, apps and consents one by one: each act is a change of the setup, and judged as one.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use scenarios::world::{App, Consent, Tenant, User};
use scenarios::{World, instead};
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::operation::{Operation, Verb};
use super::refusal::{Named, Refusal, Sent};
use crate::Lab;

/// How faults of a request are named.
const REQUEST: &str = "request";

pub(super) fn operations() -> Vec<Operation> {
    [
        of_kind::<Tenant>("tenants", "Tenant", "tenant"),
        of_kind::<User>("users", "User", "user"),
        of_kind::<App>("apps", "App", "app"),
        of_kind::<Consent>("consents", "Consent", "consent"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The operations on the things that stand under `idp.<section>`.
fn of_kind<T: JsonSchema>(section: &'static str, id: &str, thing: &str) -> Vec<Operation> {
    const NONE: &str = "There is none of this name.";
    let all = format!("/_lab/{section}");
    let one = format!("{all}/{{name}}");
    let get_all = move |State(lab): State<Lab>| async move { Json(things(&lab, section)) };
    let get_one = move |State(lab): State<Lab>, Named(name): Named| async move { find(&lab, section, &name).map(Json) };
    let put = move |State(lab): State<Lab>, Named(name): Named, Sent(thing): Sent<Value>| async move {
        // what stands there is replaced, not merged
        let mut world = serde_json::to_value(&*lab.world()).unwrap_or_default();
        if let Some(things) = world["idp"][section].as_object_mut() {
            things.insert(name.clone(), thing);
        } else {
            world["idp"][section] = json!({ &name: thing });
        }
        lab.take(&World::from_json(&world, REQUEST).map_err(Refusal::invalid)?);
        find(&lab, section, &name).map(Json)
    };
    let patch = move |State(lab): State<Lab>, Named(name): Named, Sent(change): Sent<Map<String, Value>>| async move {
        find(&lab, section, &name)?;
        changed(&lab, section, &name, change.into())?;
        find(&lab, section, &name).map(Json)
    };
    let delete = move |State(lab): State<Lab>, Named(name): Named| async move {
        let was = find(&lab, section, &name)?;
        changed(&lab, section, &name, Value::Null)?;
        Ok::<_, Refusal>(Json(was))
    };
    vec![
        Operation::new::<BTreeMap<String, T>, _, _>(
            Verb::Get,
            &*all,
            format!("list{id}s"),
            format!("Every {thing}, by its name."),
            get_all,
        ),
        Operation::new::<T, _, _>(Verb::Get, &*one, format!("get{id}"), format!("One {thing}."), get_one)
            .refused(404, NONE),
        Operation::new::<T, _, _>(
            Verb::Put,
            &*one,
            format!("put{id}"),
            format!("Adds the {thing}, or another in its place."),
            put,
        )
        .body::<T>(),
        Operation::new::<T, _, _>(
            Verb::Patch,
            &*one,
            format!("change{id}"),
            format!("Changes the {thing}, merged as RFC 7396: null removes, maps merge, lists are replaced."),
            patch,
        )
        .body::<Map<String, Value>>()
        .refused(404, NONE),
        Operation::new::<T, _, _>(
            Verb::Delete,
            &*one,
            format!("delete{id}"),
            format!("Removes the {thing}, which is the answer."),
            delete,
        )
        .refused(404, NONE)
        .refused(422, "Something else in the setup needs it: `problems` says what."),
    ]
}

fn things(lab: &Lab, section: &str) -> Value {
    let idp = serde_json::to_value(&lab.world().idp).unwrap_or_default();
    idp.get(section).cloned().unwrap_or_else(|| json!({}))
}

fn find(lab: &Lab, section: &str, name: &str) -> Result<Value, Refusal> {
    let things = things(lab, section);
    things.get(name).cloned().ok_or_else(|| {
        let known = || things.as_object().into_iter().flat_map(Map::keys).map(String::as_str);
        let fix = match known().next() {
            Some(_) => instead(name, known()),
            None => format!("add it: PUT /_lab/{section}/{name}"),
        };
        Refusal::not_found(format!("idp.{section} has no '{name}'"), fix)
    })
}

fn changed(lab: &Lab, section: &str, name: &str, change: Value) -> Result<(), Refusal> {
    let patch = json!({ "idp": { section: { name: change } } });
    lab.take(&lab.world().changed(&patch, REQUEST).map_err(Refusal::invalid)?);
    Ok(())
}
