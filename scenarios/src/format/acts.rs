//! What a step may be.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::schemas::{method, parameters, party, sender, time};
use crate::world::Name;

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
    /// The `client_id` that the requests name, in the query, the form or by HTTP Basic. Default: any.
    #[serde(default)]
    #[schemars(with = "String")]
    pub client_id: Option<String>,
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
