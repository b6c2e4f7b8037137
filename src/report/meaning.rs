//! What a message is for, in a few words, and what a token in it says.

use serde_json::Value;
use wire::access_token::read_unverified;
use wire::{Exchange, Party};

/// What the message is for; nothing where the method and the path say enough.
#[must_use]
pub fn of(exchange: &Exchange) -> Option<String> {
    let text = |text: &str| Some(text.to_owned());
    let path = exchange.path().to_ascii_lowercase();
    match (exchange.from, exchange.to, exchange.method.as_str()) {
        (_, Party::Idp, "GET") if path.ends_with("/authorize") => text("asks the user to sign in for the connector"),
        (_, Party::Idp, "GET") if path.ends_with("/openid-configuration") => text("where are the issuer's keys?"),
        (_, Party::Idp, "GET") if path.ends_with("/keys") => text("the keys that sign tokens"),
        (_, Party::Idp, "POST") if path.ends_with("/token") => match parameter(exchange, "grant_type").as_deref() {
            Some("authorization_code") => text("the code, and the client's secret, for tokens"),
            Some("refresh_token") => text("the refresh token for new tokens"),
            _ => None,
        },
        (Party::Browser, Party::Idp, "POST") => {
            let last = path.rsplit('/').next().unwrap_or_default();
            match last {
                _ if parameter(exchange, "loginfmt").is_some() => text("the user signs in"),
                "processauth" => text("the user proves a second factor"),
                "accept" => text("the user answers the terms of use"),
                "changepassword" => text("the user sets a new password"),
                "set" => text("the user answers the consent page"),
                _ => text("the user answers a page"),
            }
        }
        (_, Party::Connector, "GET") => {
            if exchange.query().iter().any(|(name, _)| name == "error") {
                text("the redirect brings an error to the connector")
            } else {
                text("the redirect brings the code to the connector")
            }
        }
        (_, Party::Gate, "OPTIONS") => text("preflight: may this page send the real request?"),
        (_, Party::Gate | Party::Mcp, "POST") => Some(message(exchange.request_body.as_str())),
        _ => None,
    }
}

/// Whether a user registered a second factor on the way: was shown the page that asks for it, and got past it.
#[must_use]
pub fn registers_second_factor(exchanges: &[Exchange]) -> bool {
    let asks = |exchange: &Exchange| {
        exchange.to == Party::Idp && exchange.response_body.as_str().contains("<p data-registers>")
    };
    exchanges.iter().rposition(asks).is_some_and(|page| {
        let mut later = exchanges.iter().skip(page + 1);
        later
            .any(|exchange| exchange.to == Party::Idp && exchange.path().to_ascii_lowercase().ends_with("/processauth"))
    })
}

/// The JSON-RPC message of a body, by its method and, for a call, its tool.
fn message(body: &str) -> String {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    match (json["method"].as_str(), json["params"]["name"].as_str()) {
        (Some(method), Some(tool)) => format!("MCP {method} {tool}"),
        (Some(method), None) => format!("MCP {method}"),
        (None, _) if body.is_empty() => "a request without a body".to_owned(),
        (None, _) => "no JSON-RPC message".to_owned(),
    }
}

fn parameter(exchange: &Exchange, name: &str) -> Option<String> {
    exchange.form().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// What the access token of an answer says: version, issuer, audience, scopes, client, expiry.
#[must_use]
pub fn of_token(exchange: &Exchange) -> Option<String> {
    let answer: Value = serde_json::from_str(exchange.response_body.as_str()).ok()?;
    let token = read_unverified(answer["access_token"].as_str()?)?;
    let claim = |name: &str| {
        let value = token.claims.get(name)?;
        Some(format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    };
    let claims: Vec<String> = ["ver", "iss", "aud", "scp", "appid", "azp", "upn", "preferred_username", "exp"]
        .into_iter()
        .filter_map(claim)
        .collect();
    Some(claims.join("  "))
}
