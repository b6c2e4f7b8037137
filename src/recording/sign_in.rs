//! A sign-in that went through a person's own browser: who it was, and how it ended, out of the trace.

use mock_client::browser::forms::Page;
use serde_json::{Value, json};
use url::Url;
use wire::exchange::header;
use wire::{Exchange, Party};

use super::Did;
use crate::Lab;
use crate::play::outcome_with_refusal;

/// The code of a person who said no on the consent page.
const DECLINED: u64 = 65004;

/// The sign-in that was begun with `state`, and its outcome. `exchanges` are those until the next thing was done.
pub(super) fn told(lab: &Lab, state: &str, exchanges: &[Exchange]) -> (Did, Value) {
    let mut typed = exchanges.iter().filter(|exchange| exchange.to == Party::Idp).flat_map(Exchange::form);
    let username = typed.rfind(|(name, _)| name == "loginfmt").map(|(_, username)| username);
    let connect = |declined, display_name: Option<&str>| {
        let username = username.as_deref().or(display_name);
        let world = lab.world();
        let user = world
            .idp
            .users
            .iter()
            .find(|(_, user)| username.is_some_and(|username| user.username.eq_ignore_ascii_case(username.trim())));
        Did::Connect { user: user.map(|(name, _)| name.clone()), declined }
    };
    if let Some(outcome) = lab.connector.outcome(state) {
        let told = outcome_with_refusal(json!(outcome), exchanges);
        let declined = told["aadsts"] == DECLINED;
        if told["error"] == "access_denied" && !declined {
            return (other("somebody signed in and turned back"), Value::Null);
        }
        return (connect(declined, outcome.display_name.as_deref()), told);
    }
    let Some((exchange, aadsts)) = exchanges.iter().rev().find_map(error_page) else {
        return (other("somebody began to sign in"), Value::Null);
    };
    let outcome = json!({ "connection": "failed", "shown": "page", "aadsts": aadsts });
    (connect(false, None), outcome_with_refusal(outcome, std::slice::from_ref(exchange)))
}

fn other(what: &str) -> Did {
    Did::Other { what: what.to_owned() }
}

/// An exchange that ended in an error page of the identity provider, with its code. A page that asks for name and
/// password again is no end.
fn error_page(exchange: &Exchange) -> Option<(&Exchange, u32)> {
    let is_page = header(&exchange.response_headers, "content-type").is_some_and(|kind| kind.starts_with("text/html"));
    if exchange.to != Party::Idp || !is_page {
        return None;
    }
    let page = Page::read(exchange.response_body.as_str().as_bytes(), &Url::parse(&exchange.url).ok()?);
    let asks_again = page.forms.iter().any(|form| form.field("passwd").is_some());
    page.error.filter(|_| !asks_again).map(|error| (exchange, error.aadsts))
}
