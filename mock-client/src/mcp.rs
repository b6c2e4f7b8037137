//! One turn between the agent's runtime and the MCP server, as it was recorded: initialize, initialized, tools/list,
//! tools/call, with all their headers. The messages are data: `data/copilot-studio-turn.json`.

use std::collections::HashMap;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use scenarios::world::Handshake;
use serde::Deserialize;
use serde_json::{Map, Value};
use wire::{Check, Checks, LabClient, Reply, SendError, Trace};

pub mod answer;

use answer::Fault;

/// What is sent in one turn, with placeholders in braces.
#[derive(Clone, Debug, Deserialize)]
struct Recorded {
    headers: Map<String, Value>,
    initialize_headers: Map<String, Value>,
    initialize: Value,
    initialized: Value,
    tools_list: Value,
    tools_call: Value,
}

/// The recorded turn; the file is part of the program, and a test reads it.
fn recorded() -> Option<Recorded> {
    serde_json::from_str(include_str!("../data/copilot-studio-turn.json")).ok()
}

/// A tool as the server lists it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its title, where it has one.
    pub title: Option<String>,
    /// Its description, where it has one.
    pub description: Option<String>,
    /// The JSON Schema of its arguments.
    pub input_schema: Map<String, Value>,
}

/// What a tool answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolAnswer {
    /// Its text.
    pub text: String,
    /// Whether the tool calls it an error.
    pub is_error: bool,
}

/// Why a turn ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnError {
    /// The server's answer.
    Answer(Fault),
    /// There was none.
    Unanswered(String),
}

/// Who speaks to the server, and for whom: the values of the placeholders that last for the whole turn.
#[derive(Clone)]
pub struct Speaker(pub HashMap<&'static str, String>);

/// Makes the values of the placeholders that are new in every request.
pub type Ids<'c> = dyn Fn() -> HashMap<&'static str, String> + Sync + 'c;

/// A turn that was opened: the server knows the client.
pub struct Turn<'c> {
    client: &'c LabClient,
    trace: &'c Trace,
    server_url: &'c str,
    settings: &'c Handshake,
    recorded: Recorded,
    speaker: Speaker,
    /// Fresh ids for one request each.
    ids: &'c Ids<'c>,
    step: u32,
    /// What the server gave at initialize, where it is to be sent back.
    returned: HeaderMap,
}

/// An answer's result, and the exchange it came in.
struct Answered {
    result: Map<String, Value>,
    exchange: u64,
}

impl<'c> Turn<'c> {
    /// Opens a turn: initialize and the notification after it. `checks` go on the first exchange.
    ///
    /// # Errors
    /// When the server does not answer as the handshake requires.
    pub async fn open(
        client: &'c LabClient,
        trace: &'c Trace,
        server_url: &'c str,
        settings: &'c Handshake,
        speaker: Speaker,
        ids: &'c Ids<'c>,
        checks: Checks,
    ) -> Result<Self, TurnError> {
        let recorded =
            recorded().ok_or_else(|| TurnError::Unanswered("the recorded turn cannot be read".to_owned()))?;
        let mut turn =
            Self { client, trace, server_url, settings, recorded, speaker, ids, step: 0, returned: HeaderMap::new() };
        turn.initialize(checks).await?;
        turn.notify_initialized().await?;
        Ok(turn)
    }

    async fn initialize(&mut self, checks: Checks) -> Result<(), TurnError> {
        let (message, extra) = (self.recorded.initialize.clone(), self.recorded.initialize_headers.clone());
        let reply = self.send(&message, &extra).await?;
        self.trace.annotate(reply.exchange, checks).await;
        let session = reply.response.headers().get("mcp-session-id").cloned();
        let answered = self.judge(&message, reply, |result| {
            let version = result.get("protocolVersion").and_then(Value::as_str).ok_or("no protocolVersion")?;
            for member in ["capabilities", "serverInfo"] {
                if !result.get(member).is_some_and(Value::is_object) {
                    return Err(format!("no {member}"));
                }
            }
            Ok(format!("protocolVersion {version}"))
        });
        let answered = answered.await?;
        if self.settings.session_and_version_headers {
            let version = answered.result.get("protocolVersion").and_then(Value::as_str).unwrap_or_default();
            let version = HeaderValue::from_str(version).ok();
            for (name, value) in [("mcp-session-id", session), ("mcp-protocol-version", version)] {
                if let Some(value) = value {
                    self.returned.insert(HeaderName::from_static(name), value);
                }
            }
        }
        Ok(())
    }

    async fn notify_initialized(&mut self) -> Result<(), TurnError> {
        let mut message = self.recorded.initialized.clone();
        if let Some(members) = message.as_object_mut()
            && !self.settings.null_notification_id
        {
            members.remove("id");
        }
        let reply = self.send(&message, &Map::new()).await?;
        let judged = answer::accepted(reply.response.status(), reply.response.body());
        self.note(reply.exchange, "202 with an empty body", judged.as_ref().map(|()| "202".to_owned())).await;
        judged.map_err(TurnError::Answer)
    }

    /// Asks for the tools; with them comes the number of the exchange.
    ///
    /// # Errors
    /// When the server does not list them.
    pub async fn list_tools(&mut self) -> Result<(Vec<Tool>, u64), TurnError> {
        let message = self.recorded.tools_list.clone();
        let reply = self.send(&message, &Map::new()).await?;
        let judged =
            self.judge(&message, reply, |result| read_tools(result).map(|tools| format!("{} tools", tools.len())));
        let answered = judged.await?;
        let tools = read_tools(&answered.result).unwrap_or_default();
        Ok((tools, answered.exchange))
    }

    /// Calls a tool.
    ///
    /// # Errors
    /// When the server does not answer with a tool's result; a tool's own failure is a result.
    pub async fn call(&mut self, name: &str, arguments: &Map<String, Value>) -> Result<ToolAnswer, TurnError> {
        let mut message = self.recorded.tools_call.clone();
        if let Some(params) = message.get_mut("params").and_then(Value::as_object_mut) {
            params.insert("name".to_owned(), name.into());
            params.insert("arguments".to_owned(), arguments.clone().into());
        }
        let reply = self.send(&message, &Map::new()).await?;
        let judged =
            self.judge(&message, reply, |result| read_tool_answer(result).map(|_| "a tool's result".to_owned()));
        let answered = judged.await?;
        read_tool_answer(&answered.result).map_err(|fault| TurnError::Answer(Fault::Protocol(fault)))
    }

    /// Judges the answer to `message`: first the protocol's rules, then `content`, which sums up a good result.
    async fn judge(
        &self,
        message: &Value,
        reply: Reply,
        content: impl FnOnce(&Map<String, Value>) -> Result<String, String>,
    ) -> Result<Answered, TurnError> {
        let id = message.get("id").unwrap_or(&Value::Null);
        let (parts, body) = reply.response.into_parts();
        let judged = answer::result(id, parts.status, &parts.headers, &body)
            .and_then(|result| content(&result).map(|summary| (result, summary)).map_err(Fault::Protocol));
        let expected = format!("200 with JSON or an event stream, and a result with id {id}");
        self.note(reply.exchange, &expected, judged.as_ref().map(|(_, summary)| summary.clone())).await;
        let (result, _) = judged.map_err(TurnError::Answer)?;
        Ok(Answered { result, exchange: reply.exchange })
    }

    /// Leaves `handshake.answer` on the exchange; a refusing status is the server's decision and not judged here.
    async fn note(&self, exchange: u64, expected: &str, judged: Result<String, &Fault>) {
        const FIX: &str = "connector.server_url (Copilot Studio: Tools > Model Context Protocol > Server URL): \
                           an MCP server that speaks Streamable HTTP and the legacy handshake";
        let mut checks = Checks::default();
        match judged {
            Ok(received) => checks.pass(Check::HandshakeAnswer, expected, received),
            Err(Fault::Status(..)) => return,
            Err(Fault::Protocol(fault)) => checks.refuse(Check::HandshakeAnswer, expected, fault.clone(), FIX),
            Err(Fault::Error { code, message }) => {
                checks.refuse(Check::HandshakeAnswer, expected, format!("error {code}: {message}"), FIX);
            }
        }
        self.trace.annotate(exchange, checks).await;
    }

    async fn send(&mut self, message: &Value, extra: &Map<String, Value>) -> Result<Reply, TurnError> {
        let unsent = || TurnError::Unanswered(SendError::NotMapped(self.server_url.to_owned()).to_string());
        let uri: Uri = self.server_url.parse().map_err(|_| unsent())?;
        self.step += 1;
        let mut values = (self.ids)();
        values.insert("step", format!("{:02}", self.step));
        values.extend(self.speaker.0.clone());
        let mut headers = self.returned.clone();
        for (name, template) in self.recorded.headers.iter().chain(extra) {
            let Some(template) = template.as_str() else { continue };
            // a header whose value nobody knows is left out, such as the name of a user without one
            let Some(value) = filled(template, &values).and_then(|value| HeaderValue::from_str(&value).ok()) else {
                continue;
            };
            if let Ok(name) = name.parse::<HeaderName>() {
                headers.insert(name, value);
            }
        }
        if let Some(accept) = &self.settings.accept {
            headers.remove(header::ACCEPT);
            headers.extend(
                HeaderValue::from_str(accept)
                    .ok()
                    .filter(|value| !value.is_empty())
                    .map(|value| (header::ACCEPT, value)),
            );
        }
        let body = message_body(message, &values);
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        self.client.send(request).await.map_err(|error| TurnError::Unanswered(error.to_string()))
    }
}

/// The message with its placeholders filled; what a tool's name or arguments hold is never a placeholder.
fn message_body(message: &Value, values: &HashMap<&'static str, String>) -> String {
    let mut message = message.clone();
    if let Some(client) = message.pointer_mut("/params/clientInfo").and_then(Value::as_object_mut) {
        for member in client.values_mut() {
            if let Some(value) = member.as_str().and_then(|template| filled(template, values)) {
                *member = value.into();
            }
        }
    }
    message.to_string()
}

/// `template` with every `{name}` replaced; none where a value is missing.
fn filled(template: &str, values: &HashMap<&'static str, String>) -> Option<String> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        filled.push_str(before);
        filled.push_str(values.get(name)?);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

fn read_tools(result: &Map<String, Value>) -> Result<Vec<Tool>, String> {
    let tools = result.get("tools").and_then(Value::as_array).ok_or("no list of tools")?;
    tools.iter().map(read_tool).collect()
}

fn read_tool(tool: &Value) -> Result<Tool, String> {
    let text = |name: &str| tool.get(name).and_then(Value::as_str).map(str::to_owned);
    let name = text("name").filter(|name| !name.is_empty()).ok_or("a tool without a name")?;
    let Some(schema) = tool.get("inputSchema").and_then(Value::as_object) else {
        return Err(format!("tool '{}' without inputSchema", crate::connector::inert::inert(&name)));
    };
    Ok(Tool { title: text("title"), description: text("description"), input_schema: schema.clone(), name })
}

fn read_tool_answer(result: &Map<String, Value>) -> Result<ToolAnswer, String> {
    let content = result.get("content").and_then(Value::as_array).ok_or("no content")?;
    let texts: Vec<&str> = content
        .iter()
        .filter(|item| item.get("type").and_then(Value::as_str) == Some("text"))
        .filter_map(|item| item.get("text")?.as_str())
        .collect();
    let text = match (texts.is_empty(), result.get("structuredContent")) {
        (true, Some(structured)) => structured.to_string(),
        _ => texts.join("\n"),
    };
    Ok(ToolAnswer { text, is_error: result.get("isError").and_then(Value::as_bool).unwrap_or(false) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_recorded_turn_is_the_one_that_was_captured() {
        let turn = recorded().unwrap();
        assert_eq!(turn.headers.len(), 24);
        assert_eq!(turn.headers["accept"], "application/json,text/event-stream");
        assert_eq!(turn.initialize["id"], "1");
        assert_eq!(turn.initialize["params"]["protocolVersion"], "2024-11-05");
        assert_eq!(turn.initialized, json!({"jsonrpc": "2.0", "id": null, "method": "notifications/initialized"}));
        assert_eq!((&turn.tools_list["id"], &turn.tools_call["id"]), (&json!("2"), &json!("3")));
    }

    #[test]
    fn placeholders_are_filled_once_and_only_where_a_value_is_known() {
        let values = HashMap::from([("a", "{b}".to_owned()), ("b", "x".to_owned())]);
        assert_eq!(filled("1{a}2{b}3", &values).as_deref(), Some("1{b}2x3"));
        assert_eq!(filled("{c}", &values), None);
        assert_eq!(filled("{", &values), None);
        let call = json!({"params": {"name": "{a}", "arguments": {"x": "{b}"}}});
        assert_eq!(message_body(&call, &values), call.to_string());
    }

    #[test]
    fn a_tool_needs_a_name_and_a_schema_but_no_description() {
        let read = |tools: Value| read_tools(&Map::from_iter([("tools".to_owned(), tools)]));
        let tools = read(json!([{"name": "get_stockprice", "inputSchema": {"type": "object"}}])).unwrap();
        assert_eq!((tools[0].name.as_str(), &tools[0].description), ("get_stockprice", &None));
        for bad in [json!({}), json!([{}]), json!([{"name": "x"}]), json!([{"name": "", "inputSchema": {}}])] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_tools_text_is_joined_and_its_failure_kept() {
        let read = |result: Value| read_tool_answer(result.as_object().unwrap());
        let answer = read(
            json!({"content": [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}], "isError": true}),
        );
        assert_eq!(answer.unwrap(), ToolAnswer { text: "a\nb".into(), is_error: true });
        let structured = read(json!({"content": [], "structuredContent": {"x": 1}})).unwrap();
        assert_eq!(structured.text, r#"{"x":1}"#);
        assert!(read(json!({})).is_err());
    }
}
