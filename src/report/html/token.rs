//! The tokens of a message, read for showing.

use jiff::Timestamp;
use serde_json::{Map, Value};
use wire::Exchange;
use wire::access_token::read_unverified;
use wire::exchange::{Parameters, header};

use super::super::Account;
use super::super::visible::visible;

/// A token, in words; its signature is left out.
pub(super) struct Token {
    /// Where it stood.
    pub place: &'static str,
    /// Its header.
    pub header: Parameters,
    /// Its claims.
    pub claims: Parameters,
}

/// The signed tokens that an exchange carried: as bearer, and in its answer.
pub(super) fn of(account: &Account, exchange: &Exchange) -> Vec<Token> {
    let authorization = header(&exchange.request_headers, "authorization");
    let bearer = authorization.and_then(|value| value.split_once(' ')).map(|(_, token)| token.trim().to_owned());
    let answer: Value = serde_json::from_str(exchange.response_body.as_str()).unwrap_or_default();
    let answered = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
    let found = [
        ("The bearer token of the request", bearer),
        ("The access token of the answer", answered("access_token")),
        ("The ID token of the answer", answered("id_token")),
    ];
    let read = found.into_iter().filter_map(|(place, token)| Some((place, read_unverified(&token?)?)));
    read.map(|(place, token)| Token {
        place,
        header: members(account, &token.header),
        claims: members(account, &token.claims),
    })
    .collect()
}

fn members(account: &Account, members: &Map<String, Value>) -> Parameters {
    let told = |name: &str, value: &Value| match (name, value) {
        ("exp" | "nbf" | "iat" | "auth_time", Value::Number(number)) => {
            let instant = number.as_i64().and_then(|second| Timestamp::from_second(second).ok());
            instant.map_or_else(|| number.to_string(), |instant| format!("{number} ({instant})"))
        }
        (_, Value::String(text)) => account.text(text),
        (_, value) => account.value(value).to_string(),
    };
    members.iter().map(|(name, value)| (visible(name), visible(&told(name, value)))).collect()
}
