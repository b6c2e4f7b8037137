//! The connector, the scripted browser, the MCP client and the chat.
//!
//! - [`connector`]: what a maker makes in Copilot Studio: it signs a user in, keeps the tokens, tests and calls.
//! - [`browser`]: signs in through the identity provider's real pages, and judges CORS as a browser does.
//! - [`mcp`]: the messages of one turn between the agent's runtime and the MCP server.
//! - [`ask`]: which tool a question needs, and with what arguments.

pub mod ask;
pub mod browser;
pub mod connector;
pub mod mcp;

pub use browser::{Browser, ConsentAnswer, Credentials};
pub use connector::outcomes::{
    AskOutcome, ConnectOutcome, Connection, ConnectionState, ConnectionSummary, KeptBack, RefreshOutcome, Shown,
    TestOutcome, TokenContents, ToolsOutcome, Verdict,
};
pub use connector::{Connector, Settings};
