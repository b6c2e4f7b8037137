//! The connector, the scripted browser, the MCP client and the chat
