//! The setup of a lab as a whole: read, changed, replaced, and brought back to where it began.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use scenarios::World;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::Party;

use super::operation::{Operation, Verb};
use super::refusal::{Refusal, Sent};
use crate::Lab;
use crate::recording::Session;

/// How faults of a request are named.
const REQUEST: &str = "request";

/// A lab as it is now.
#[derive(Serialize, JsonSchema)]
struct Setup {
    /// The setup, in the names that the lab speaks.
    world: World,
    /// The lab time, RFC 3339.
    #[schemars(with = "String")]
    now: Timestamp,
    /// The address of the lab's pages.
    lab: String,
    /// The origin of the identity provider.
    idp: String,
    /// The origin of the gate.
    gate: String,
    /// The certificate to trust, as PEM.
    ca: String,
    /// The parties that the lab has itself.
    parties: Vec<Party>,
}

/// A setup to take.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Import {
    /// The whole setup, as `GET /_lab/state` and scenario files have it.
    #[schemars(with = "World")]
    world: Value,
}

/// A change of the setup.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Change {
    /// What is different, merged as RFC 7396: null removes, maps merge, lists are replaced.
    #[schemars(with = "serde_json::Map<String, Value>")]
    world: Value,
}

/// Nothing more is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

pub(super) fn operations() -> Vec<Operation> {
    const PATH: &str = "/_lab/state";
    vec![
        Operation::new::<Setup, _, _>(Verb::Get, PATH, "getState", "The setup as it is now, and where things are.", export),
        Operation::new::<Setup, _, _>(
            Verb::Put,
            PATH,
            "putState",
            "Takes another setup; what was issued, consented and connected stays.",
            import,
        )
        .body::<Import>(),
        Operation::new::<Setup, _, _>(
            Verb::Patch,
            PATH,
            "changeState",
            "Changes the setup; what was issued, consented and connected stays.",
            change,
        )
        .body::<Change>(),
        Operation::new::<Setup, _, _>(
            Verb::Post,
            "/_lab/state/reset",
            "resetState",
            "Brings back the setup that the lab was started with. Every code, refresh token, session, consent of a page, \
             connection and waiting fault is dead; keys, clock and trace stay, and access tokens are good until their end.",
            reset,
        )
        .body::<Nothing>(),
        Operation::new::<serde_json::Map<String, Value>, _, _>(
            Verb::Get,
            "/_lab/session",
            "getSession",
            "What was done on the lab's page, for `entralab record`.",
            session,
        ),
    ]
}

fn setup(lab: &Lab) -> Json<Setup> {
    let world = World::clone(&lab.world());
    Json(Setup {
        now: lab.clock.now(),
        lab: lab.page_url().to_owned(),
        idp: lab.idp_url(),
        gate: world.gate.url.clone(),
        ca: lab.ca_pem().to_owned(),
        parties: lab.parties().to_vec(),
        world,
    })
}

async fn export(State(lab): State<Lab>) -> Json<Setup> {
    setup(&lab)
}

async fn import(State(lab): State<Lab>, Sent(Import { world }): Sent<Import>) -> Result<Json<Setup>, Refusal> {
    lab.take(&World::from_json(&world, REQUEST).map_err(Refusal::invalid)?);
    Ok(setup(&lab))
}

async fn change(State(lab): State<Lab>, Sent(Change { world }): Sent<Change>) -> Result<Json<Setup>, Refusal> {
    lab.take(&lab.world().changed(&world, REQUEST).map_err(Refusal::invalid)?);
    Ok(setup(&lab))
}

async fn reset(State(lab): State<Lab>, Sent(Nothing {}): Sent<Nothing>) -> Json<Setup> {
    lab.reset();
    setup(&lab)
}

async fn session(State(lab): State<Lab>) -> Json<Session> {
    Json(Session::of(&lab))
}
