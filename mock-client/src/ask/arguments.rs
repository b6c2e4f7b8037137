//! Filling a tool's input schema from a question.
//!
//! What a property wants is read from its name, type and description; what the question offers is what it names:
//! companies, places, numbers, dates, quoted text, or a value right after the property's own name.

use serde_json::{Map, Value, json};

use super::chosen::{Chosen, Found, Source};
use super::gazetteer::{City, Mention, State, Thing, state_of};
use super::question::{Question, is_edge};
use super::slots::{Slot, slot};
use super::tokens::{Kind, Token};
use super::words::{identifier_words, is_stop_word, number_word, stem};

/// Arguments for a tool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filled {
    /// The arguments.
    pub arguments: Map<String, Value>,
    /// Why each is what it is.
    pub reasons: Vec<String>,
}

/// The required properties that the question does not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(pub Vec<String>);

/// Fills `schema` from `question`.
///
/// # Errors
/// Names the required properties that it has nothing for.
pub fn fill(question: &Question<'_>, schema: &Map<String, Value>) -> Result<Filled, Missing> {
    let nothing = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&nothing);
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let unlisted =
        required.iter().filter(|name| !properties.contains_key(**name)).map(|name| (*name, &Value::Bool(true)));
    let mut filler = Filler { question, used: vec![false; question.tokens.len()] };
    let mut filled = Filled::default();
    let mut missing = Vec::new();
    for (name, property) in properties.iter().map(|(name, property)| (name.as_str(), property)).chain(unlisted) {
        let is_required = required.contains(&name);
        match filler.value(name, property, is_required) {
            Some(chosen) => {
                for reason in chosen.reasons(name) {
                    if !filled.reasons.contains(&reason) {
                        filled.reasons.push(reason); // a city left out is so by its latitude and its longitude
                    }
                }
                filled.arguments.insert(name.to_owned(), chosen.value);
            }
            None if is_required => missing.push(name.to_owned()),
            None => {}
        }
    }
    if missing.is_empty() { Ok(filled) } else { Err(Missing(missing)) }
}

/// The work on one schema.
struct Filler<'a, 'q> {
    question: &'a Question<'q>,
    /// Which numbers were given to a property already.
    used: Vec<bool>,
}

impl<'q> Filler<'_, 'q> {
    fn value(&mut self, name: &str, property: &Value, is_required: bool) -> Option<Chosen> {
        if let Some(only) = property.get("const") {
            return is_required.then(|| Chosen::one((only.clone(), Source::fact("the only value"))));
        }
        let name_words: Vec<String> = identifier_words(name).iter().map(|word| stem(word)).collect();
        let slot = slot(&name_words, property);
        let found = self.candidates(&slot, &name_words, is_required);
        let found = match slot {
            Slot::List(_) => Chosen::all_of(found),
            _ => Chosen::first_of(found),
        };
        let default = || Some(Chosen::one((property.get("default")?.clone(), Source::fact("the default"))));
        found.or_else(|| if is_required { default() } else { None })
    }

    /// What the question has for a slot, the best first.
    fn candidates(&mut self, slot: &Slot, name: &[String], is_required: bool) -> Vec<Found> {
        match slot {
            Slot::Ticker => self.tickers(),
            Slot::Company => self.companies(),
            Slot::State { in_full } => self.states(*in_full),
            Slot::City => self.cities(),
            Slot::Latitude { as_text } => self.degrees(name, *as_text, |(latitude, _)| latitude),
            Slot::Longitude { as_text } => self.degrees(name, *as_text, |(_, longitude)| longitude),
            Slot::Coordinates => self
                .question
                .places()
                .into_iter()
                .map(|((lat, lon), why)| (json!(format!("{lat},{lon}")), why))
                .collect(),
            Slot::Date => self.dates(),
            Slot::Address { mark } => self.addresses(mark),
            Slot::Number { whole } => self.numbers(name, *whole, is_required),
            Slot::Boolean => self.boolean(name),
            Slot::OneOf(values) => self.one_of(values),
            Slot::List(item) => self.candidates(item, name, is_required),
            Slot::Text => self.texts(name, is_required),
            Slot::Unknown => Vec::new(),
        }
    }

    fn tickers(&self) -> Vec<Found> {
        const NOT_TICKERS: &[&str] = &[
            "AI", "AM", "API", "CEO", "EU", "ETF", "I", "IPO", "IT", "MCP", "OK", "PM", "TV", "UK", "US", "USA", "USD",
        ];
        let question = self.question;
        let shouts = !question.text.contains(|c: char| c.is_lowercase());
        let mut found = Vec::new();
        for (place, token) in question.tokens.iter().enumerate() {
            if let Some((mention, company)) = question.mentions.iter().find_map(|mention| match mention.thing {
                Thing::Company(company) if mention.first == place => Some((mention, company)),
                _ => None,
            }) {
                found.push((json!(company.ticker), Source::naming(&self.question.text_of(mention), company.name)));
                continue;
            }
            let is_upper = token.text.len() <= 6
                && token.text.len() > 1
                && token.text.chars().all(|c| c.is_ascii_uppercase() || c == '.');
            let is_symbol = is_upper && !shouts && token.kind == Kind::Word && !NOT_TICKERS.contains(&token.text);
            if token.kind == Kind::Cashtag || (is_symbol && !question.is_mention(place)) {
                found.push((
                    json!(token.text.to_ascii_uppercase()),
                    Source::Fact(format!("'{}' is written as a ticker symbol", token.text)),
                ));
            }
        }
        found
    }

    fn companies(&self) -> Vec<Found> {
        let company = |mention: &Mention| match mention.thing {
            Thing::Company(company) => {
                Some((json!(company.name), Source::Fact(format!("'{}' is a company", self.question.text_of(mention)))))
            }
            _ => None,
        };
        self.question.mentions.iter().filter_map(company).collect()
    }

    /// The states named, or else those of the cities named.
    fn states(&self, in_full: bool) -> Vec<Found> {
        let written = |state: &State| if in_full { state.name } else { state.code };
        let named = |mention: &Mention| match mention.thing {
            Thing::State(state) => {
                Some((json!(written(state)), Source::naming(&self.question.text_of(mention), state.name)))
            }
            _ => None,
        };
        let of_city = |(mention, city): (&Mention, &City)| {
            let state = state_of(city.state)?;
            let why = format!("'{}' is in {}", self.question.text_of(mention), state.name);
            Some((json!(written(state)), Source::Fact(why)))
        };
        let states: Vec<Found> = self.question.mentions.iter().filter_map(named).collect();
        if states.is_empty() { self.question.named_cities().filter_map(of_city).collect() } else { states }
    }

    fn cities(&self) -> Vec<Found> {
        let city = |(mention, city): (&Mention, &City)| {
            (json!(city.name), Source::Fact(format!("'{}' is a city", self.question.text_of(mention))))
        };
        let known: Vec<Found> = self.question.named_cities().map(city).collect();
        if known.is_empty() { self.phrase(&["in", "at", "for", "near", "to"]).into_iter().collect() } else { known }
    }

    fn degrees(&self, name: &[String], as_text: bool, part: fn((f64, f64)) -> f64) -> Vec<Found> {
        let written = |degrees: f64| if as_text { json!(degrees.to_string()) } else { json!(degrees) };
        let places = self.question.places();
        if !places.is_empty() {
            return places.into_iter().map(|(place, why)| (written(part(place)), why)).collect();
        }
        let named = self.question.after_name(name).and_then(|place| self.question.coordinate(place));
        named.map(|degrees| (written(degrees), Source::fact("the question says so"))).into_iter().collect()
    }

    fn dates(&self) -> Vec<Found> {
        let dates = self.question.tokens.iter().filter(|token| token.kind == Kind::Date);
        dates.map(|token| (json!(token.text), Source::Words(token.text.to_owned()))).collect()
    }

    /// Mail and web addresses, known by `@` or `://`.
    fn addresses(&self, mark: &str) -> Vec<Found> {
        let chunks = self.question.text.split_whitespace();
        let addresses = chunks.filter(|chunk| chunk.contains(mark)).map(|chunk| chunk.trim_matches(is_edge));
        addresses.map(|address| (json!(address), Source::Words(address.to_owned()))).collect()
    }

    /// A number beside the property's name, or, where one is required, the next that was not used.
    fn numbers(&mut self, name: &[String], whole: bool, is_required: bool) -> Vec<Found> {
        let tokens = &self.question.tokens;
        let number = |place: usize| {
            let token = tokens.get(place)?;
            let number = match token.kind {
                Kind::Number(number) => number,
                _ => number_word(&token.lower)?,
            };
            if whole && number.fract() != 0.0 { None } else { Some((place, number)) }
        };
        let before =
            (1..tokens.len()).find(|place| name.contains(&tokens[*place].stem)).and_then(|place| number(place - 1));
        let beside = self.question.after_name(name).and_then(number).or(before);
        let next = || (0..tokens.len()).filter(|place| !self.used[*place]).find_map(number);
        let Some((place, value)) = beside.or_else(|| if is_required { next() } else { None }) else {
            return Vec::new();
        };
        self.used[place] = true;
        #[expect(clippy::cast_possible_truncation, reason = "a float without fraction; out of range it saturates")]
        let value = if whole { json!(value as i64) } else { json!(value) };
        vec![(value, Source::fact("the question gives the number"))]
    }

    /// True where the property is named, false where it is denied.
    fn boolean(&self, name: &[String]) -> Vec<Found> {
        const DENIALS: [&str; 5] = ["no", "not", "without", "dont", "never"];
        let tokens = &self.question.tokens;
        let Some(place) = tokens.iter().position(|token| !is_stop_word(&token.lower) && name.contains(&token.stem))
        else {
            return Vec::new();
        };
        let is_denied =
            tokens[place.saturating_sub(2)..place].iter().any(|token| DENIALS.contains(&token.lower.as_str()));
        vec![(json!(!is_denied), Source::Fact(format!("the question says '{}'", tokens[place].text)))]
    }

    fn one_of(&self, values: &[Value]) -> Vec<Found> {
        let stems: Vec<&str> = self.question.tokens.iter().map(|token| token.stem.as_str()).collect();
        let is_named = |value: &&Value| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let words: Vec<String> = identifier_words(&text).iter().map(|word| stem(word)).collect();
            !words.is_empty() && words.iter().all(|word| stems.contains(&word.as_str()))
        };
        let named = values.iter().filter(is_named);
        named.map(|value| (value.clone(), Source::Fact(format!("the question names {value}")))).collect()
    }

    /// Free text: quoted, or after the property's name, or an identifier, or what comes after a preposition.
    fn texts(&self, name: &[String], is_required: bool) -> Vec<Found> {
        const FREE: [&str; 14] = [
            "body", "content", "input", "keyword", "message", "phrase", "prompt", "q", "query", "question", "search",
            "sentence", "term", "text",
        ];
        if let Some(quoted) = self.question.quoted() {
            return vec![(json!(self.question.text[quoted]), Source::fact("the question quotes it"))];
        }
        let tokens = &self.question.tokens;
        let speaks_for_itself = |token: &&Token<'_>| {
            token.text.contains(|c: char| c.is_ascii_digit() || c.is_uppercase()) && !is_stop_word(&token.lower)
        };
        let named = self.question.after_name(name).and_then(|place| tokens.get(place)).filter(speaks_for_itself);
        if let Some(token) = named {
            return vec![(json!(self.question.chunk_at(token.start)), Source::fact("the question says so"))];
        }
        if !is_required {
            return Vec::new();
        }
        let is_identifier =
            name.iter().any(|word| ["id", "number", "code", "key", "reference", "sku"].contains(&word.as_str()));
        if is_identifier {
            let with_digit = tokens.iter().find(|token| token.text.contains(|c: char| c.is_ascii_digit()));
            return with_digit
                .map(|token| {
                    (json!(self.question.chunk_at(token.start)), Source::fact("the only identifier in the question"))
                })
                .into_iter()
                .collect();
        }
        let phrase =
            self.phrase(&["about", "called", "named", "regarding", "saying", "for", "of", "on", "in", "with", "to"]);
        let is_free = name.iter().any(|word| FREE.iter().any(|free| stem(free) == *word));
        let whole = || is_free.then(|| (json!(self.question.text.trim()), Source::fact("the whole question")));
        phrase.or_else(whole).into_iter().collect()
    }

    /// What comes after the first of these prepositions, to the end of the sentence.
    fn phrase(&self, prepositions: &[&str]) -> Option<Found> {
        let (phrase, preposition) = self.question.phrase(prepositions)?;
        Some((json!(phrase), Source::Fact(format!("it stands after '{preposition}'"))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filled(question: &str, properties: Value, required: Value) -> Result<Value, Missing> {
        let schema = json!({"type": "object", "properties": properties, "required": required});
        fill(&Question::read(question), schema.as_object().unwrap()).map(|filled| filled.arguments.into())
    }

    fn one(question: &str, name: &str, property: Value) -> Option<Value> {
        let mut properties = Map::new();
        properties.insert(name.to_owned(), property);
        filled(question, properties.into(), json!([name])).ok().map(|arguments| arguments[name].clone())
    }

    #[test]
    fn each_kind_of_property_finds_its_value() {
        let text = || json!({"type": "string"});
        let number = || json!({"type": "number"});
        let table = [
            ("the stock price of tesla", "ticker_symbol", text(), json!("TSLA")),
            ("price of $abcd", "ticker", text(), json!("ABCD")),
            ("how is XYZ doing in the US", "stock", text(), json!("XYZ")),
            (
                "tell me about microsoft",
                "x",
                json!({"type": "string", "description": "The ticker to look up"}),
                json!("MSFT"),
            ),
            ("who runs general electric", "company", text(), json!("General Electric")),
            ("alerts in Texas?", "state", text(), json!("TX")),
            ("alerts in TX", "state", text(), json!("TX")),
            ("alerts in Seattle", "state", text(), json!("WA")),
            ("alerts in Texas", "state", json!({"type": "string", "description": "Full name"}), json!("Texas")),
            (
                "alerts for New York",
                "area",
                json!({"type": "string", "description": "Two-letter US state code"}),
                json!("NY"),
            ),
            ("weather in Seattle", "latitude", number(), json!(47.6062)),
            ("weather in Seattle", "lng", number(), json!(-122.3321)),
            ("weather at 47.6, -122.3", "longitude", number(), json!(-122.3)),
            ("weather at 47.6° N 122.3° W", "longitude", number(), json!(-122.3)),
            ("weather at latitude 47.6 and longitude -122.3", "latitude", number(), json!(47.6)),
            (
                "weather in Boston",
                "where",
                json!({"type": "string", "description": "latitude and longitude"}),
                json!("42.3601,-71.0589"),
            ),
            ("weather in boston", "city", text(), json!("Boston")),
            ("weather in Kirkland?", "city", text(), json!("Kirkland")),
            ("flights on 2026-02-01", "date", text(), json!("2026-02-01")),
            ("write to ada@example.com.", "recipient", text(), json!("ada@example.com")),
            ("open <https://example.com/x>", "url", text(), json!("https://example.com/x")),
            ("forecast for 5 days", "days", json!({"type": "integer"}), json!(5)),
            ("roll three dice", "count", json!({"type": "integer"}), json!(3)),
            ("set it to 1.5 or 2", "amount", json!({"type": "integer"}), json!(2)),
            ("temperature in celsius", "unit", json!({"enum": ["fahrenheit", "celsius"]}), json!("celsius")),
            ("no details please", "details", json!({"type": "boolean"}), json!(false)),
            ("with details", "details", json!({"type": "boolean"}), json!(true)),
            ("compare tesla and apple", "tickers", json!({"type": "array", "items": text()}), json!(["TSLA", "AAPL"])),
            ("where is order INV-2031?", "order_id", text(), json!("INV-2031")),
            ("translate \"guten Tag\" for me", "sentence", text(), json!("guten Tag")),
            ("search the docs for rate limits?", "query", text(), json!("rate limits")),
            ("why is the sky blue?", "question", text(), json!("why is the sky blue?")),
            ("anything", "version", json!({"const": 2}), json!(2)),
            ("anything", "unit", json!({"enum": ["c", "f"], "default": "c"}), json!("c")),
            ("weather in Reno, code RNO", "code", json!({"type": ["null", "string"]}), json!("RNO")),
            ("forecast for 5 days", "days", json!({"anyOf": [{"type": "null"}, {"type": "integer"}]}), json!(5)),
        ];
        for (question, name, property, expected) in table {
            assert_eq!(one(question, name, property), Some(expected), "{name} of '{question}'");
        }
    }

    #[test]
    fn what_is_not_there_is_missing_by_name() {
        let table = [
            ("the price", json!({"ticker": {"type": "string"}})),
            ("the weather in Texas", json!({"latitude": {"type": "number"}})),
            ("alerts", json!({"state": {"type": "string"}})),
            ("a number", json!({"count": {"type": "integer"}})),
            ("anything", json!({"options": {"type": "object"}})),
            ("anything", json!({"when": {"type": "string", "format": "date"}})),
        ];
        for (question, properties) in table {
            let name = properties.as_object().unwrap().keys().next().unwrap().clone();
            assert_eq!(filled(question, properties, json!([name.clone()])), Err(Missing(vec![name])), "{question}");
        }
    }

    #[test]
    fn numbers_go_to_their_properties_in_order() {
        let number = json!({"type": "number"});
        let properties = json!({"a": number, "b": number});
        assert_eq!(filled("add 2 and 3", properties.clone(), json!(["a", "b"])).unwrap(), json!({"a": 2.0, "b": 3.0}));
        assert_eq!(filled("add 2", properties, json!(["a", "b"])), Err(Missing(vec!["b".into()])));
    }

    #[test]
    fn optional_properties_are_filled_only_where_the_question_speaks_of_them() {
        let properties = json!({"days": {"type": "integer"}, "state": {"type": "string"}, "note": {"type": "string"}});
        assert_eq!(filled("forecast for 5 people", properties.clone(), json!([])).unwrap(), json!({}));
        let spoken_of = filled("forecast for 5 days in Ohio", properties, json!([])).unwrap();
        assert_eq!(spoken_of, json!({"days": 5, "state": "OH"}));
    }

    #[test]
    fn a_required_name_without_a_property_is_asked_for() {
        assert_eq!(filled("x", json!({}), json!(["ghost"])), Err(Missing(vec!["ghost".into()])));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "(string|number|integer|array|object|state|ticker|[a-z]{0,6})".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec(
                    ("(type|properties|required|enum|items|anyOf|const|default|description|format|state|count)", inner),
                    0..5
                )
                .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_schema_and_no_question_bring_the_filling_down(schema in any_json(), question in any::<String>()) {
            if let Some(schema) = schema.as_object() {
                let _filled = fill(&Question::read(&question), schema);
                let _filled = fill(&Question::read("\"a\" 47.6, -122.3 TSLA 3 in state of Ohio type count 5"), schema);
            }
        }
    }
}
