//! What must be seen: the outcome of a step, and what went over the wire.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Value;

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
