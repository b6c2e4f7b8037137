//! The file format as types: the JSON Schema is made from them, and files are read into them once their shape is right.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::world::Name;

mod acts;
mod expectations;
mod schemas;

pub use acts::Consent;
pub(crate) use acts::{Ask, ByUser, Connect, ExpireSecret, Fault, GrantAdminConsent, Http, RotateKeys};
pub(crate) use expectations::{Expectations, Hop};
use schemas::{keep, matrix, name, partial_world, reports, tags, time, version, world};

/// A scenario of entralab: one story. A world (how everything is configured), steps (what people and programs do) and
/// expectations (what must be seen). A file without steps is a world that others build on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "steps are read one by one, with their places; the rest is their schema")]
pub(crate) struct File {
    /// The version of the format: 1.
    #[schemars(schema_with = "version")]
    pub scenario: u8,
    /// What happens, in one line.
    pub title: String,
    /// What it reproduces: AADSTS codes, catalogue rows such as bug-G05, public issues as owner/repo#1. One or a list.
    #[serde(default)]
    #[schemars(schema_with = "reports")]
    pub reports: OneOrMany,
    /// What a reader learns from it.
    #[serde(default)]
    #[schemars(with = "String")]
    pub teaches: Option<String>,
    /// Words to select it by.
    #[serde(default)]
    #[schemars(schema_with = "tags")]
    pub tags: Vec<String>,
    /// Values of your own to play the scenario with, once for each (for each combination, where there are several
    /// names): `${matrix.<name>}` stands for the value, anywhere in the file.
    #[serde(default)]
    #[schemars(schema_with = "matrix")]
    pub matrix: Option<Value>,
    /// How everything is configured: a whole world, or a base and a change.
    #[schemars(schema_with = "world")]
    pub world: Value,
    /// What people and programs do, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// What mends the change.
    #[serde(default)]
    pub fix: Vec<Step>,
    /// What holds once it is mended.
    #[serde(default)]
    pub then: Vec<Step>,
}

/// A world made from another one.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct BasedWorld {
    /// The complete setup to start from: a bundled world, or a file beside this one.
    base: String,
    /// What is different, merged as RFC 7396: null removes, maps merge, lists are replaced.
    #[schemars(schema_with = "partial_world")]
    #[schemars(default)]
    change: Value,
}

/// One value, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl From<OneOrMany> for Vec<String> {
    fn from(value: OneOrMany) -> Self {
        match value {
            OneOrMany::One(value) => vec![value],
            OneOrMany::Many(values) => values,
        }
    }
}

/// A step: one thing that somebody does, and what must be seen. A step that has only `expect`, `hops` or `keep`
/// belongs to the step before it.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Step {
    /// A name, to use what the step kept: `${steps.<id>.<name>}`.
    #[schemars(schema_with = "name")]
    pub id: Option<Name>,
    /// A user creates the connection: signs in with the scripted browser, which registers and proves a second factor, accepts
    /// terms of use and answers the consent page where it is asked to.
    #[schemars(with = "Connect")]
    pub connect: Option<Connect>,
    /// "Test operation" on the connector's Test tab.
    #[schemars(with = "ByUser")]
    pub test_operation: Option<ByUser>,
    /// The agent's tool page lists the MCP server's tools.
    #[schemars(with = "ByUser")]
    pub list_tools: Option<ByUser>,
    /// Somebody asks the agent a question.
    #[schemars(with = "Ask")]
    pub ask: Option<Ask>,
    /// "Grant admin consent" for the tenant on the client's API permissions: adds what the client lists.
    #[schemars(with = "GrantAdminConsent")]
    pub grant_admin_consent: Option<GrantAdminConsent>,
    /// The lab clock moves on: 70m, or 1h 10m.
    #[schemars(schema_with = "time")]
    pub advance_clock: Option<String>,
    /// The connector renews the connection's access token now, whether it is about to end or not.
    #[schemars(with = "ByUser")]
    pub refresh: Option<ByUser>,
    /// A client secret expires at this moment.
    #[schemars(with = "ExpireSecret")]
    pub expire_secret: Option<ExpireSecret>,
    /// The identity provider signs with a new key from now on.
    #[schemars(with = "RotateKeys")]
    pub rotate_keys: Option<RotateKeys>,
    /// The next requests to a party meet with an accident.
    #[schemars(with = "Fault")]
    pub fault: Option<Fault>,
    /// One request, sent as written, to an address of the lab. No redirect is followed.
    #[schemars(with = "Http")]
    pub http: Option<Http>,
    /// The setup changes, merged as RFC 7396.
    #[schemars(schema_with = "partial_world")]
    pub change: Option<Map<String, Value>>,
    /// The id of an earlier step, which is done again; what else stands in this step is merged into it as RFC 7396.
    #[schemars(with = "String")]
    pub same_as: Option<Name>,
    /// What must come out: a subset, by equality or one matcher (is, not, has, matches, starts_with, one_of, between,
    /// absent).
    #[schemars(with = "Expectations")]
    pub expect: Option<Map<String, Value>>,
    /// What must have gone over the wire: an ordered subset.
    #[schemars(with = "Vec<Hop>")]
    pub hops: Option<Vec<Hop>>,
    /// What must not have gone over the wire: no message may be any of these.
    #[schemars(with = "Vec<Hop>")]
    pub never: Option<Vec<Hop>>,
    /// What later steps use: a name of your own, and the member of the outcome (such as `token.claims.oid`).
    #[schemars(schema_with = "keep")]
    pub keep: Option<BTreeMap<Name, String>>,
}
