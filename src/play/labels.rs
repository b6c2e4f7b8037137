//! What each step does, in words.

use scenarios::{Action, Consent, SignIn};
use serde_json::Value;

use super::accidents;

/// What a step does, in words.
pub(super) fn label(action: &Action) -> String {
    match action {
        Action::Connect { user, consent, sign_in } => connect(user, *consent, sign_in),
        Action::TestOperation { .. } => "Test operation".to_owned(),
        Action::ListTools { .. } => "the agent lists the tools".to_owned(),
        Action::Ask { question, .. } => format!("ask: {question}"),
        Action::GrantAdminConsent { client, .. } => format!("an administrator grants consent to {client}"),
        Action::Refresh { .. } => "the connector renews its token".to_owned(),
        Action::ExpireSecret { app, secret: Some(secret) } => format!("the secret {secret} of {app} expires"),
        Action::ExpireSecret { app, secret: None } => format!("the secrets of {app} expire"),
        Action::RotateKeys { overlap: true } => "the identity provider signs with a new key".to_owned(),
        Action::RotateKeys { overlap: false } => "the identity provider drops the key that it signed with".to_owned(),
        Action::Fault(accident) => accidents::label(accident),
        Action::Http(request) => {
            format!("{}: {} {}", request.from, request.method, request.url.split(['?', '#']).next().unwrap_or_default())
        }
        Action::Change { patch } => change(patch),
        Action::AdvanceClock { by } => format!("{by:#} pass"),
    }
}

/// A sign-in with what is unusual about it; never with the password.
fn connect(user: &str, consent: Consent, sign_in: &SignIn) -> String {
    let mut label = format!("{user} connects");
    if let Some(browser) = &sign_in.browser {
        label.push_str(&format!(" in the browser of {browser}"));
    }
    if let Some(pause) = sign_in.pause {
        label.push_str(&format!(" after {pause:#} on the first page"));
    }
    if let Some(username) = &sign_in.username {
        label.push_str(&format!(", typing {username}"));
    }
    if sign_in.password.is_some() {
        label.push_str(", typing another password");
    }
    if consent == Consent::Decline {
        label.push_str(" and declines consent");
    }
    label
}

/// How many keys the label of a change names.
const MOST_KEYS: usize = 3;

/// A change by the keys that it sets, and those that it removes; never by their values, which may be secrets.
fn change(patch: &Value) -> String {
    let mut keys = Vec::new();
    collect(patch, "", &mut keys);
    if keys.is_empty() {
        return "somebody changes nothing".to_owned();
    }
    let named = keys.iter().take(MOST_KEYS).map(String::as_str).collect::<Vec<_>>().join(", ");
    match keys.len().saturating_sub(MOST_KEYS) {
        0 => format!("somebody changes {named}"),
        more => format!("somebody changes {named} and {more} more"),
    }
}

fn collect(patch: &Value, path: &str, keys: &mut Vec<String>) {
    match patch {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(member, &below, keys);
            }
        }
        _ if path.is_empty() => {}
        Value::Null => keys.push(format!("{path} (removed)")),
        _ => keys.push(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_is_told_by_its_keys() {
        let told = |patch| label(&Action::Change { patch });
        assert_eq!(
            told(json!({"gate": {"cors": null, "allowed_audiences": ["a"]}})),
            "somebody changes gate.cors (removed), gate.allowed_audiences"
        );
        let many = json!({"connector": {"client_secret": "s3cret", "scopes": "x", "profile": {}, "token_url": "y"}, "clock": 1});
        assert_eq!(
            told(many),
            "somebody changes connector.client_secret, connector.scopes, connector.profile and 2 more"
        );
        assert_eq!(told(json!({})), "somebody changes nothing");
    }
}
