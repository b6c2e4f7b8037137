//! Access tokens to order: whatever a resource must accept, or refuse.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mock_idp::minting::{Flaw, MintError, Order};
use scenarios::instead;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strum::IntoEnumIterator;
use wire::access_token::read_unverified;

use super::operation::{Operation, Verb};
use super::refusal::{Refusal, Sent};
use crate::Lab;

/// A token that is ordered.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    /// The user, by name in the world or by username. Default: none, which is a token for the application itself.
    user: Option<String>,
    /// The client, by its name in the world. Default: the connector's.
    app: Option<String>,
    /// The resource: its name in the world, an Application ID URI or a client id. Default: the first that the client lists.
    resource: Option<String>,
    /// The scopes, of those that the resource has. Default: those that the client lists of it.
    scopes: Option<Vec<String>>,
    /// 1 or 2. Default: what the resource accepts.
    #[schemars(range(min = 1, max = 2))]
    version: Option<u8>,
    /// Claims that are added, or stand in the place of others; null takes one away.
    #[serde(default)]
    claims: Map<String, Value>,
    /// How long it lasts, in seconds; negative for one that is over; a year at most. Default: 3600.
    expires_in: Option<i64>,
    /// What is wrong with it. Default: nothing.
    #[serde(default)]
    #[schemars(schema_with = "flaws")]
    not_valid: Option<String>,
}

fn flaws(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<String> = Flaw::iter().map(|flaw| flaw.to_string()).collect();
    json_schema!({ "enum": names, "description": "What is wrong with it. Default: nothing." })
}

/// A token that was made.
#[derive(Serialize, JsonSchema)]
struct Made {
    /// The token, for `Authorization: Bearer`.
    access_token: String,
    /// Its header.
    header: Map<String, Value>,
    /// Its claims.
    claims: Map<String, Value>,
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new::<Made, _, _>(
            Verb::Post,
            "/_lab/tokens",
            "mintToken",
            "Makes an access token without asking anybody: as Entra would, with other claims, or with a flaw that a resource \
             must notice.",
            mint,
        )
        .body::<Written>()
        .refused(404, "A user, app or resource of that name is not in the world."),
    ]
}

async fn mint(State(lab): State<Lab>, Sent(written): Sent<Written>) -> Result<Json<Made>, Refusal> {
    let Written { user, app, resource, scopes, version, claims, expires_in, not_valid } = written;
    let wrong =
        |message: String, fix: String| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "control.body", message, fix);
    if let Some(version) = version.filter(|version| ![1, 2].contains(version)) {
        return Err(wrong(format!("version cannot be {version}"), "write 1 or 2".to_owned()));
    }
    let flaws = || Flaw::iter().map(|flaw| flaw.to_string()).collect::<Vec<_>>();
    let flaw = not_valid.map(|name| {
        let fix = || instead(&name, flaws().iter().map(String::as_str));
        name.parse::<Flaw>().map_err(|_| wrong(format!("not_valid cannot be '{name}'"), fix()))
    });
    let world = lab.world();
    let of_connector = || {
        let client_id = &world.connector.client_id;
        let own = world.idp.apps.iter().find(|(_, app)| app.client_id.to_string() == *client_id);
        own.map(|(name, _)| name.clone()).unwrap_or_default()
    };
    let app = app.unwrap_or_else(of_connector);
    let order = Order { user, app, resource, scopes, version, claims, expires_in, flaw: flaw.transpose()? };
    let one_of = |name: &str, known: &[String]| instead(name, known.iter().map(String::as_str));
    let access_token = lab.mint(&order).map_err(|error| {
        let message = error.to_string();
        match error {
            MintError::Unknown { name, known, .. } => Refusal::not_found(message, one_of(&name, &known)),
            MintError::NoScope { scope, known, .. } => {
                let fix = format!(
                    "{}; the claim scp={scope} makes a token that says so all the same",
                    one_of(&scope, &known)
                );
                wrong(message, fix)
            }
            MintError::Lifetime(_) => wrong(message, "write a time within a year (8760h), either way".to_owned()),
            MintError::Key(_) | MintError::Signing(_) => {
                wrong(message, "this is a bug in entralab: please report it".to_owned())
            }
        }
    })?;
    let read = read_unverified(&access_token);
    let (header, claims) = read.map(|read| (read.header, read.claims)).unwrap_or_default();
    Ok(Json(Made { access_token, header, claims }))
}
