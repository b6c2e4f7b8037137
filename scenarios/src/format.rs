//! The file format as types: the JSON Schema is made from them, and files are read into them once their shape is right.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::patterns::{KEPT_PATTERN, REPORT_PATTERN, TIME_PATTERN};
use crate::world::{NAME_PATTERN, Name, World};

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

/// Who connects.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Connect {
    /// The user's name in the world.
    #[serde(rename = "as")]
    pub user: Name,
    /// What the user does on a consent page. Default: accept.
    #[serde(default)]
    #[schemars(with = "Consent")]
    pub consent: Consent,
    /// The name that is typed on the sign-in page. Default: the user's `username`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub username: Option<String>,
    /// The password that is typed. Default: the user's `password`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub password: Option<String>,
    /// The user whose browser it is, with the cookies in it. Default: the user's own browser.
    #[serde(default)]
    #[schemars(with = "String")]
    pub browser: Option<Name>,
    /// How long the first page stays open before anything is typed, such as 70m. Default: no time.
    #[serde(default)]
    #[schemars(schema_with = "time")]
    pub pause: Option<String>,
}

/// What a user does on a consent page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Consent {
    /// Agrees.
    #[default]
    Accept,
    /// Cancels.
    Decline,
}

/// Whose connection is used.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ByUser {
    /// The user's name in the world. Default: who connected last.
    #[serde(rename = "as")]
    #[schemars(with = "String")]
    pub user: Option<Name>,
}

/// A question, alone or with who asks it.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Ask {
    /// The question.
    Alone(String),
    /// The question, and who asks it.
    By(AskBy),
}

/// A question, and who asks it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskBy {
    /// The question.
    pub question: String,
    /// The user's name in the world. Default: who connected last.
    #[serde(rename = "as", default)]
    #[schemars(with = "String")]
    pub user: Option<Name>,
}

/// Which app an administrator consents for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantAdminConsent {
    /// The client app's name in the world.
    pub client: Name,
    /// The resource app's name in the world, or microsoft-graph. Default: all that the client lists.
    #[serde(default)]
    #[schemars(with = "String")]
    pub resource: Option<Name>,
}

/// Which client secret expires.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpireSecret {
    /// The app's name in the world.
    pub app: Name,
    /// The secret's name in the app's `secrets`. Default: all of them.
    #[serde(default)]
    #[schemars(with = "String")]
    pub secret: Option<Name>,
}

/// How the identity provider changes its keys.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RotateKeys {
    /// Whether the key that signed until now stays published, so that tokens which it signed are still good.
    /// Default: true.
    #[schemars(with = "bool")]
    pub overlap: Option<bool>,
}

/// An accident of the next requests to a party.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// The party that receives the requests.
    #[schemars(schema_with = "party")]
    pub at: String,
    /// The path, in which `*` stands for anything. Default: every path.
    #[serde(default = "everything")]
    #[schemars(with = "String")]
    pub path: String,
    /// The HTTP method. Default: every method.
    #[serde(default)]
    #[schemars(schema_with = "method")]
    pub method: Option<String>,
    /// The party that sends the requests. Default: anybody.
    #[serde(default)]
    #[schemars(schema_with = "party")]
    pub from: Option<String>,
    /// The correlation id of the requests: client-request-id, x-ms-client-request-id or x-ms-correlation-id.
    /// Default: any.
    #[serde(default)]
    #[schemars(with = "String")]
    pub correlation: Option<String>,
    /// How many requests meet with it. Default: 1.
    #[serde(default)]
    #[schemars(with = "u32", range(min = 1, max = 10_000))]
    pub times: Option<u32>,
    /// How long the request is held, on the lab clock; a party of the lab waits 30 seconds.
    #[serde(default)]
    #[schemars(schema_with = "time")]
    pub delay: Option<String>,
    /// The status that is answered in the party's place.
    #[serde(default)]
    #[schemars(with = "u16", range(min = 200, max = 599))]
    pub status: Option<u16>,
    /// The AADSTS code that the token endpoint answers with; `at: idp` only.
    #[serde(default)]
    #[schemars(with = "u32", range(min = 1000, max = 99_999_999))]
    pub aadsts: Option<u32>,
    /// The body that is answered in the party's place: a text, or a value that is sent as JSON.
    #[serde(default)]
    pub body: Option<Value>,
    /// The headers that are answered in the party's place.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub headers: Option<BTreeMap<String, String>>,
    /// After how many bytes of the answer's body the connection breaks off.
    #[serde(default)]
    #[schemars(with = "u32", range(max = 1_000_000))]
    pub drop_after_bytes: Option<u32>,
}

fn everything() -> String {
    "*".to_owned()
}

/// One request, sent as written.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Http {
    /// Who sends it: browser or client. Default: client.
    #[schemars(schema_with = "sender")]
    pub from: Option<String>,
    /// The user whose browser sends it, with the cookies in it; those of the answer are kept there.
    #[serde(rename = "as")]
    #[schemars(with = "String")]
    pub user: Option<Name>,
    /// GET this URL.
    #[schemars(with = "String")]
    pub get: Option<String>,
    /// POST to this URL.
    #[schemars(with = "String")]
    pub post: Option<String>,
    /// OPTIONS of this URL.
    #[schemars(with = "String")]
    pub options: Option<String>,
    /// PUT to this URL.
    #[schemars(with = "String")]
    pub put: Option<String>,
    /// DELETE this URL.
    #[schemars(with = "String")]
    pub delete: Option<String>,
    /// Parameters that are added to the URL's query.
    #[schemars(schema_with = "parameters")]
    pub query: Option<BTreeMap<String, Value>>,
    /// The headers; no others are sent but Host, Content-Length and the body's Content-Type.
    #[schemars(schema_with = "parameters")]
    pub headers: Option<BTreeMap<String, Value>>,
    /// The body, as a form.
    #[schemars(schema_with = "parameters")]
    pub form: Option<BTreeMap<String, Value>>,
    /// The body, as JSON.
    pub json: Option<Value>,
    /// The body, as text.
    #[schemars(with = "String")]
    pub body: Option<String>,
}

/// What a step's outcome can hold; which members a step has depends on its kind.
#[derive(Default, JsonSchema)]
#[schemars(deny_unknown_fields, default)]
pub(crate) struct Expectations {
    /// connect: how the connection stands afterwards, such as `connected`.
    connection: Expected,
    /// connect: what the user was shown in the end, such as `page`.
    shown: Expected,
    /// The AADSTS code, as a number.
    aadsts: Expected,
    /// connect: the OAuth error.
    error: Expected,
    /// connect: its description.
    error_description: Expected,
    /// What the user reads.
    message: Expected,
    /// connect: what the access token says: its `header` and its `claims`.
    token: Expected,
    /// connect: whether there is a refresh token.
    refresh_token: Expected,
    /// connect: the name that the connection shows.
    display_name: Expected,
    /// The HTTP status, as a number.
    status: Expected,
    /// test_operation: what the status means.
    verdict: Expected,
    /// test_operation, http: the answer's body.
    body: Expected,
    /// http: the answer's headers, their names in small letters.
    headers: Expected,
    /// http: the answer's body as JSON.
    json: Expected,
    /// http: where the answer redirects to.
    location: Expected,
    /// http: the parameters of that URL's query or fragment.
    location_query: Expected,
    /// http: what the first form of a page holds, by the names of its controls: `form.flowToken` is needed to send it.
    form: Expected,
    /// list_tools: the names of the tools.
    tools: Expected,
    /// ask: the tool that was called.
    tool: Expected,
    /// ask: what it was called with.
    arguments: Expected,
    /// ask: what it answered.
    answer: Expected,
    /// ask: whether the tool called its answer an error; absent where it did not.
    is_error: Expected,
    /// ask: why this tool was chosen.
    why: Expected,
    /// ask: why no tool was called.
    refused: Expected,
    /// Whether the access token was refreshed on the way; absent where it was not.
    refreshed: Expected,
    /// The party that refused.
    by: Expected,
    /// The check that refused; `entralab explain` lists them.
    check: Expected,
    /// What that check expected.
    expected: Expected,
    /// What it received.
    received: Expected,
}

/// One message that must have gone over the wire.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "expectations are read from the tree, with their places; the rest is their schema")]
pub(crate) struct Hop {
    /// Who to whom, method and path: browser -> idp GET /common/oauth2/authorize. `*` stands for anybody, any method,
    /// and, within the path, any text.
    pub hop: String,
    /// The parameters of the URL's query.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Expected>")]
    pub query: Option<Value>,
    /// The parameters of the request's form body.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Expected>")]
    pub form: Option<Value>,
    /// The request's headers.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Expected>")]
    pub headers: Option<Value>,
    /// The request's body; JSON where it is JSON.
    #[serde(default)]
    #[schemars(with = "Expected")]
    pub body: Option<Value>,
    /// The answer's status.
    #[serde(default)]
    #[schemars(with = "Expected")]
    pub status: Option<Value>,
    /// The answer's headers.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Expected>")]
    pub response_headers: Option<Value>,
    /// The answer's body; JSON where it is JSON.
    #[serde(default)]
    #[schemars(with = "Expected")]
    pub response_body: Option<Value>,
    /// The check that refused the request.
    #[serde(default)]
    #[schemars(with = "Expected")]
    pub check: Option<Value>,
    /// What befell the message by a `fault` step, as a text.
    #[serde(default)]
    #[schemars(with = "Expected")]
    pub fault: Option<Value>,
}

/// A value, or a map of one matcher.
#[derive(Default)]
pub(crate) struct Expected;

impl JsonSchema for Expected {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Expected".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A value that must be equal (of a map: a subset), or one matcher: { is: v }, { not: v }, \
                            { has: v }, { matches: regex }, { starts_with: text }, { one_of: [v, …] }, \
                            { between: [least, most] }, { absent: true }."
        })
    }
}

fn version(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "const": 1, "description": "The version of the format: 1." })
}

fn reports(_: &mut SchemaGenerator) -> Schema {
    let one = json!({ "type": "string", "pattern": REPORT_PATTERN });
    json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
}

fn tags(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "string", "pattern": NAME_PATTERN } })
}

fn time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": TIME_PATTERN })
}

fn party(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["browser", "idp", "connector", "gate", "mcp", "client"] })
}

fn sender(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["browser", "client"] })
}

fn method(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["GET", "POST", "OPTIONS", "PUT", "DELETE", "HEAD", "PATCH"] })
}

fn parameters(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } })
}

fn matrix(_: &mut SchemaGenerator) -> Schema {
    let value = json!({ "type": ["string", "number", "boolean", "null"] });
    json_schema!({
        "type": "object",
        "propertyNames": { "pattern": KEPT_PATTERN },
        "additionalProperties": { "type": "array", "minItems": 1, "items": value },
    })
}

fn name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": NAME_PATTERN })
}

fn keep(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "propertyNames": { "pattern": KEPT_PATTERN },
        "additionalProperties": { "type": "string", "pattern": "^[^ ]+$" },
    })
}

/// A whole world, or a base and a change.
fn world(generator: &mut SchemaGenerator) -> Schema {
    let based = generator.subschema_for::<BasedWorld>();
    let whole = generator.subschema_for::<World>();
    json_schema!({ "anyOf": [based, whole] })
}

/// A world of which nothing is required; its definition is added by [`crate::schema`].
fn partial_world(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "$ref": "#/$defs/PartialWorld" })
}
