//! Faults over the control API: as the `fault` step of a scenario has them.

use axum::Json;
use axum::extract::State;
use scenarios::Accident;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;
use wire::Party;
use wire::fault::Fault;

use super::operation::{Operation, Verb};
use super::refusal::{Refusal, Sent};
use crate::Lab;
use crate::play::accidents;

/// The faults that wait for requests.
#[derive(Serialize, JsonSchema)]
struct Waiting {
    /// The oldest first.
    faults: Vec<Told>,
}

/// A fault that waits.
#[derive(Serialize, JsonSchema)]
struct Told {
    /// The party whose requests it befalls.
    at: Party,
    /// Their path, in which `*` stands for anything.
    path: String,
    /// Their method; any where none is given.
    method: Option<String>,
    /// The party that sends them; anybody where nobody is given.
    from: Option<Party>,
    /// Their correlation id; any where none is given.
    correlation: Option<String>,
    /// The `client_id` that they name; any where none is given.
    client_id: Option<String>,
    /// How many it will befall.
    times: u32,
    /// What it does, in words.
    effects: Vec<String>,
}

impl From<Fault> for Told {
    fn from(fault: Fault) -> Self {
        let effects = fault.effects();
        let Fault { at, path, method, from, correlation, client_id, times, .. } = fault;
        Self { at, path, method, from, correlation, client_id, times, effects }
    }
}

/// How many there were.
#[derive(Serialize, JsonSchema)]
struct Cleared {
    /// How many faults were taken back.
    cleared: usize,
}

/// A fault, as the step of a scenario has it.
struct Written;

impl JsonSchema for Written {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Fault".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        scenarios::fault_schema(generator)
    }
}

pub(super) fn operations() -> Vec<Operation> {
    const PATH: &str = "/_lab/faults";
    vec![
        Operation::new::<Waiting, _, _>(Verb::Get, PATH, "listFaults", "The faults that wait for requests.", list),
        Operation::new::<Waiting, _, _>(
            Verb::Post,
            PATH,
            "addFault",
            "Lets the next requests to a party meet with an accident; answers with all that wait.",
            add,
        )
        .body::<Written>(),
        Operation::new::<Cleared, _, _>(Verb::Delete, PATH, "clearFaults", "Takes back all faults that wait.", clear),
    ]
}

fn waiting(lab: &Lab) -> Json<Waiting> {
    Json(Waiting { faults: lab.faults.waiting().into_iter().map(Told::from).collect() })
}

async fn list(State(lab): State<Lab>) -> Json<Waiting> {
    waiting(&lab)
}

async fn add(State(lab): State<Lab>, Sent(written): Sent<Value>) -> Result<Json<Waiting>, Refusal> {
    let accident = Accident::from_json(&written, "request").map_err(Refusal::invalid)?;
    if lab.faults.inject_within(accidents::fault(&accident), MOST_FAULTS) {
        return Ok(waiting(&lab));
    }
    let message = format!("{MOST_FAULTS} faults wait already");
    let fix = "take them back first: DELETE /_lab/faults";
    Err(Refusal::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "faults.many", message, fix))
}

async fn clear(State(lab): State<Lab>) -> Json<Cleared> {
    Json(Cleared { cleared: lab.faults.clear() })
}

/// How many may wait: a program that adds one for each of its tests clears them, too.
const MOST_FAULTS: usize = 1000;
