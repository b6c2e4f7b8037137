//! What the agent's runtime does with a connection: it lists the tools, and answers a question with one of them.

use std::collections::HashMap;

use scenarios::world::Connector as ConnectorSettings;
use wire::{Check, Checks};

use super::inert::inert;
use super::outcomes::{AskOutcome, ToolsOutcome};
use super::renew::{NoToken, UsableToken};
use super::{Connector, contents, user_name};
use crate::ask::{self, Choice};
use crate::mcp::answer::Fault;
use crate::mcp::{Ids, Speaker, Turn, TurnError};

impl Connector {
    /// Refreshes the list of tools with the connection of `user`.
    pub async fn list_tools(&self, user: &str) -> ToolsOutcome {
        let token = match self.usable_token(user).await {
            Ok(token) => token,
            Err(NoToken { message, aadsts, kept_back }) => {
                return ToolsOutcome { message: Some(message), aadsts, kept_back, ..ToolsOutcome::default() };
            }
        };
        let refreshed = token.refreshed;
        let configuration = self.configuration();
        let ids = || self.request_ids();
        let listed = match self.open_turn(&configuration.connector, user, token, &ids).await {
            Ok(mut turn) => turn.list_tools().await,
            Err(error) => Err(error),
        };
        match listed {
            Ok((tools, _)) => {
                let tools = Some(tools.into_iter().map(|tool| tool.name).collect());
                ToolsOutcome { tools, refreshed, ..ToolsOutcome::default() }
            }
            Err(error) => {
                let (status, message) = shown(&error, &configuration.connector.name);
                ToolsOutcome { status, message: Some(message), refreshed, ..ToolsOutcome::default() }
            }
        }
    }

    /// Answers `question` in one turn with the connection of `user`: lists the tools, chooses one, calls it.
    pub async fn ask(&self, user: &str, question: &str) -> AskOutcome {
        let token = match self.usable_token(user).await {
            Ok(token) => token,
            Err(NoToken { message, aadsts, kept_back }) => {
                return AskOutcome { message: Some(message), aadsts, kept_back, ..AskOutcome::default() };
            }
        };
        let refreshed = token.refreshed;
        let configuration = self.configuration();
        let ids = || self.request_ids();
        let answered = match self.open_turn(&configuration.connector, user, token, &ids).await {
            Ok(mut turn) => self.answer(&mut turn, question).await,
            Err(error) => Err((AskOutcome::default(), error)),
        };
        let outcome = answered.unwrap_or_else(|(so_far, error)| {
            let (status, message) = shown(&error, &configuration.connector.name);
            AskOutcome { status, message: Some(message), ..so_far }
        });
        AskOutcome { refreshed, ..outcome }
    }

    async fn answer(&self, turn: &mut Turn<'_>, question: &str) -> Result<AskOutcome, (AskOutcome, TurnError)> {
        let (tools, exchange) = turn.list_tools().await.map_err(|error| (AskOutcome::default(), error))?;
        let mut checks = Checks::default();
        let expected = format!("one of {} tools fits '{}'", tools.len(), inert(question));
        let (tool, arguments, why) = match ask::choose(question, &tools) {
            Choice::Call { tool, arguments, why } => {
                checks.pass(Check::ToolChosen, expected, format!("{}: {why}", tool.name));
                self.0.trace.annotate(exchange, checks).await;
                (tool, arguments, why)
            }
            Choice::Refuse(why) => {
                const FIX: &str = "mcp: a tool whose name and description say what it is for; or a question that names \
                                   what the tool needs";
                checks.refuse(Check::ToolChosen, expected, why.clone(), FIX);
                self.0.trace.annotate(exchange, checks).await;
                return Ok(AskOutcome { refused: Some(why), ..AskOutcome::default() });
            }
        };
        let called = turn.call(&tool.name, &arguments).await;
        let so_far = AskOutcome {
            tool: Some(tool.name.clone()),
            arguments: Some(arguments),
            why: Some(why),
            ..AskOutcome::default()
        };
        match called {
            Ok(answer) => Ok(AskOutcome { answer: Some(answer.text), is_error: answer.is_error, ..so_far }),
            Err(error) => Err((so_far, error)),
        }
    }

    async fn open_turn<'c>(
        &'c self,
        connector: &'c ConnectorSettings,
        user: &str,
        token: UsableToken,
        ids: &'c Ids<'c>,
    ) -> Result<Turn<'c>, TurnError> {
        let speaker = self.speaker(connector, user, &token);
        let inner = &self.0;
        Turn::open(&inner.client, &inner.trace, &connector.server_url, &connector.handshake, speaker, ids, token.checks)
            .await
    }

    /// Who the turn is for. The ids are those of the Power Platform tenant, which the token knows nothing of.
    fn speaker(&self, connector: &ConnectorSettings, user: &str, token: &UsableToken) -> Speaker {
        let lasting = |name: &str| self.lasting_id(name).to_string();
        let mut values = HashMap::from([
            ("access_token", token.access_token.clone()),
            ("user.object_id", lasting(&format!("user {user}"))),
            ("tenant_id", lasting("tenant")),
            ("agent.name", connector.handshake.agent_name.clone()),
            ("agent.id", lasting("agent")),
            ("bot_id", lasting("bot")),
            ("connector", format!("shared_{}", connector.slug())),
            ("connection_id", self.lasting_id(&format!("connection {user}")).simple().to_string()),
            ("conversation_id", self.new_id().to_string()),
            ("session_id", self.new_id().to_string()),
        ]);
        if let Some(name) = contents(&token.access_token).as_ref().and_then(user_name) {
            values.insert("user.name", name);
        }
        Speaker(values)
    }
}

/// The status of a failed turn, and the text that the user reads.
fn shown(error: &TurnError, connector: &str) -> (Option<u16>, String) {
    match error {
        TurnError::Answer(Fault::Status(status, body)) => {
            let inner = if body.is_empty() { String::new() } else { format!(" [Inner Error: {body}]") };
            let text = format!(
                "ConnectorRequestFailure: The connector '{}' returned an HTTP error with code {status}.{inner}",
                inert(connector)
            );
            (Some(*status), text)
        }
        TurnError::Answer(Fault::Protocol(fault)) if fault == "an empty body" => {
            (None, "Empty response from connector".to_owned())
        }
        TurnError::Answer(Fault::Protocol(fault)) => {
            (None, format!("RequestFailure: Connector request failed. The server answered with {fault}."))
        }
        TurnError::Answer(Fault::Error { code, message }) => (
            None,
            format!("RequestFailure: Connector request failed. The server answered with error {code}: {message}"),
        ),
        TurnError::Unanswered(reason) => (None, format!("RequestFailure: Connector request failed. {reason}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_as_copilot_studio_tells_them() {
        let status = |body: &str| shown(&TurnError::Answer(Fault::Status(401, body.into())), "mcpserver");
        assert_eq!(
            status(""),
            (
                Some(401),
                "ConnectorRequestFailure: The connector 'mcpserver' returned an HTTP error with code 401.".into()
            )
        );
        assert!(status("nope").1.ends_with(" [Inner Error: nope]"));
        let empty = TurnError::Answer(Fault::Protocol("an empty body".into()));
        assert_eq!(shown(&empty, "x").1, "Empty response from connector");
    }
}
