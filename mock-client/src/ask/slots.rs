//! What a property of an input schema wants, read from its name, type and description.

use serde_json::Value;

use super::tokens::tokens;
use super::words::stem;

/// What a property wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Slot {
    /// A ticker symbol.
    Ticker,
    /// A company's name.
    Company,
    /// A state of the United States, by its letters or in full.
    State { in_full: bool },
    /// A city or another place, by name.
    City,
    /// Degrees north.
    Latitude { as_text: bool },
    /// Degrees east.
    Longitude { as_text: bool },
    /// Both, with a comma between.
    Coordinates,
    /// A day.
    Date,
    /// A mail or web address, known by what stands in it.
    Address { mark: &'static str },
    /// A number.
    Number { whole: bool },
    /// Yes or no.
    Boolean,
    /// One of these.
    OneOf(Vec<Value>),
    /// Any number of these.
    List(Box<Self>),
    /// Some other text.
    Text,
    /// Something that no question can hold.
    Unknown,
}

/// What a property wants, by its name's stems and its schema.
#[must_use]
pub fn slot(name: &[String], property: &Value) -> Slot {
    slot_at(name, property, 0)
}

fn slot_at(name: &[String], property: &Value, depth: usize) -> Slot {
    const DEPTH_LIMIT: usize = 4;
    if depth > DEPTH_LIMIT {
        return Slot::Unknown;
    }
    if let Some(values) = property.get("enum").and_then(Value::as_array) {
        return Slot::OneOf(values.iter().filter(|value| !value.is_null()).cloned().collect());
    }
    let branch = ["anyOf", "oneOf"].iter().find_map(|word| {
        property.get(word)?.as_array()?.iter().find(|branch| branch.get("type").and_then(Value::as_str) != Some("null"))
    });
    if let (Some(branch), None) = (branch, property.get("type")) {
        return slot_at(name, branch, depth + 1);
    }
    let kind = match property.get("type") {
        Some(Value::String(kind)) => kind.as_str(),
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null")
        }
        Some(_) => "null",
        None => "string",
    };
    let description = property.get("description").and_then(Value::as_str).unwrap_or_default();
    let described: Vec<String> = tokens(description).into_iter().map(|token| token.stem).collect();
    let is_named = |words: &[&str]| words.iter().any(|word| name.contains(&stem(word)));
    let is_described = |words: &[&str]| words.iter().all(|word| described.contains(&stem(word)));
    let as_text = kind == "string";
    let takes_number = matches!(kind, "number" | "integer") || as_text;
    let is_latitude = is_named(&["latitude", "lat"]);
    let is_longitude = is_named(&["longitude", "lon", "lng"]) || (is_named(&["long"]) && kind == "number");
    match kind {
        _ if takes_number && is_latitude => Slot::Latitude { as_text },
        _ if takes_number && is_longitude => Slot::Longitude { as_text },
        "number" if is_described(&["latitude"]) && !is_described(&["longitude"]) => Slot::Latitude { as_text },
        "number" if is_described(&["longitude"]) && !is_described(&["latitude"]) => Slot::Longitude { as_text },
        "number" => Slot::Number { whole: false },
        "integer" => Slot::Number { whole: true },
        "boolean" => Slot::Boolean,
        "array" => Slot::List(Box::new(slot_at(name, property.get("items").unwrap_or(&Value::Bool(true)), depth + 1))),
        "string" => text_slot(property, is_named, is_described),
        _ => Slot::Unknown,
    }
}

fn text_slot(property: &Value, is_named: impl Fn(&[&str]) -> bool, is_described: impl Fn(&[&str]) -> bool) -> Slot {
    let format = property.get("format").and_then(Value::as_str).unwrap_or_default();
    let is_ticker = is_named(&["ticker", "symbol", "stock", "share", "security"]) || is_described(&["ticker"]);
    let is_place =
        is_named(&["city", "town", "location", "place", "municipality", "destination"]) || is_described(&["city"]);
    let is_state = is_named(&["state", "province"])
        || is_described(&["US", "state"])
        || is_described(&["state", "code"])
        || is_described(&["two", "letter", "state"]);
    if is_ticker {
        Slot::Ticker
    } else if is_named(&["company", "corporation", "firm", "issuer"]) || is_described(&["company", "name"]) {
        Slot::Company
    } else if is_named(&["coordinates"]) || is_described(&["latitude", "longitude"]) {
        Slot::Coordinates
    } else if is_state && !is_named(&["city"]) {
        Slot::State { in_full: is_described(&["full"]) }
    } else if is_place {
        Slot::City
    } else if format.starts_with("date") || is_named(&["date", "day"]) {
        Slot::Date
    } else if format == "email" || is_named(&["email", "mail", "recipient"]) {
        Slot::Address { mark: "@" }
    } else if format == "uri" || is_named(&["url", "uri", "website"]) {
        Slot::Address { mark: "://" }
    } else {
        Slot::Text
    }
}
