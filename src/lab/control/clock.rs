//! The lab clock over the control API: forwards only, for what has happened cannot be undone.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::operation::{Operation, Verb};
use super::refusal::{Refusal, Sent};
use crate::Lab;

/// What the clock shows.
#[derive(Serialize, JsonSchema)]
struct Time {
    /// The lab time, RFC 3339.
    #[schemars(with = "String")]
    now: Timestamp,
    /// Whether it stands still.
    frozen: bool,
}

/// How the clock is set; what is left out stays as it is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Setting {
    /// The lab time from now on, RFC 3339; not before the one that it shows.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    now: Option<Timestamp>,
    /// Whether it stands still.
    frozen: Option<bool>,
}

/// How much time passes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Advance {
    /// Such as `70m` or `1h 10m`; more than nothing.
    by: String,
}

pub(super) fn operations() -> Vec<Operation> {
    const BACKWARDS: &str = "The clock would go backwards, or beyond the year 9999.";
    vec![
        Operation::new::<Time, _, _>(Verb::Get, "/_lab/clock", "getClock", "What the lab clock shows.", get),
        Operation::new::<Time, _, _>(
            Verb::Put,
            "/_lab/clock",
            "setClock",
            "Sets the lab clock to a later time, lets it stand still, or lets it go on.",
            set,
        )
        .body::<Setting>()
        .refused(409, BACKWARDS),
        Operation::new::<Time, _, _>(
            Verb::Post,
            "/_lab/clock/advance",
            "advanceClock",
            "Lets time pass on the lab clock.",
            advance,
        )
        .body::<Advance>()
        .refused(409, BACKWARDS),
    ]
}

fn time(lab: &Lab) -> Json<Time> {
    Json(Time { now: lab.clock.now(), frozen: lab.clock.is_frozen() })
}

fn out_of_range(message: impl Into<String>, fix: &str) -> Refusal {
    Refusal::new(StatusCode::CONFLICT, "clock.range", message, fix)
}

async fn get(State(lab): State<Lab>) -> Json<Time> {
    time(&lab)
}

async fn set(State(lab): State<Lab>, Sent(setting): Sent<Setting>) -> Result<Json<Time>, Refusal> {
    if let Some(now) = setting.now {
        forwards(&lab, now.duration_since(lab.clock.now()), setting.now)?;
    }
    match setting.frozen {
        Some(true) => lab.clock.freeze(),
        Some(false) => lab.clock.go_on(),
        None => {}
    }
    Ok(time(&lab))
}

async fn advance(State(lab): State<Lab>, Sent(Advance { by }): Sent<Advance>) -> Result<Json<Time>, Refusal> {
    const SUCH_AS: &str = "write such as 70m or 1h 10m";
    let by: SignedDuration = by.parse().map_err(|_| {
        let message = format!("'{by}' is no time");
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "control.body", message, SUCH_AS)
    })?;
    if !by.is_positive() {
        return Err(out_of_range(format!("{by:#} is no time that can pass"), SUCH_AS));
    }
    forwards(&lab, by, None)?;
    Ok(time(&lab))
}

fn forwards(lab: &Lab, by: SignedDuration, to: Option<Timestamp>) -> Result<(), Refusal> {
    if by.is_negative() {
        let to = to.map(|to| to.to_string()).unwrap_or_default();
        let fix = "start a lab at an earlier time: `entralab up --clock`";
        return Err(out_of_range(format!("{to} is past, and what has happened cannot be undone"), fix));
    }
    lab.clock.advance(by).map_err(|error| out_of_range(error.to_string(), "let less time pass"))
}
