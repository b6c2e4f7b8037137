//! Weighing the tools for a question.
//!
//! Each word of the question that says something is looked for in each tool's name, title, description and parameters;
//! rare words weigh more, and so do words of the name. Among the tools that fit well, the first whose required
//! arguments the question answers is called.

use serde_json::{Map, Value};

use super::arguments::{Filled, Missing, fill};
use super::question::Question;
use super::tokens::{Kind, tokens};
use super::words::{affinity, identifier_words, is_stop_word, stem};
use crate::mcp::Tool;

/// What to do with a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice<'t> {
    /// Call a tool.
    Call {
        /// The tool.
        tool: &'t Tool,
        /// Its arguments.
        arguments: Map<String, Value>,
        /// Why this tool, and why these.
        why: String,
    },
    /// Call none; says why.
    Refuse(String),
}

/// A tool whose fit is at least this part of the best one's may take its place when the best cannot be called.
const CLOSE_ENOUGH: f64 = 0.6;

/// Where in a tool a word stands, and what it weighs there.
const NAME: (&str, f64) = ("name", 3.0);
const TITLE: (&str, f64) = ("title", 2.0);
const DESCRIPTION: (&str, f64) = ("description", 1.5);
const PARAMETER: (&str, f64) = ("parameters", 1.0);

/// The stems of a tool, by where they stand.
struct Profile<'t> {
    tool: &'t Tool,
    words: Vec<(String, (&'static str, f64))>,
}

/// How well a tool fits.
struct Fit<'t> {
    tool: &'t Tool,
    score: f64,
    /// The words of the question that fit, by what they mean, and where.
    matched: Vec<String>,
    /// Whether it fits well enough to be considered at all.
    is_convincing: bool,
}

/// Chooses a tool for `question`, and fills its arguments.
#[must_use]
pub fn choose<'t>(question: &str, tools: &'t [Tool]) -> Choice<'t> {
    let question = Question::read(question);
    let asked = asked_for(&question);
    let profiles: Vec<Profile<'t>> = tools.iter().map(Profile::of).collect();
    let mut fits: Vec<Fit<'t>> = profiles.iter().map(|profile| profile.fit(&asked, &profiles)).collect();
    fits.retain(|fit| fit.is_convincing);
    fits.sort_by(|one, other| other.score.total_cmp(&one.score)); // stable: the server's order decides among equals
    let Some(best) = fits.first() else { return Choice::Refuse(nothing_fits(&question, &asked, tools)) };
    let close = fits.iter().take_while(|fit| fit.score >= best.score * CLOSE_ENOUGH);
    let mut missing_of_best = Vec::new();
    for fit in close {
        match fill(&question, &fit.tool.input_schema) {
            Ok(Filled { arguments, reasons }) => {
                return Choice::Call { tool: fit.tool, arguments, why: why(fit, &reasons) };
            }
            Err(Missing(names)) if missing_of_best.is_empty() => missing_of_best = names,
            Err(Missing(_)) => {}
        }
    }
    Choice::Refuse(format!(
        "{} fits, but the question does not say what its {} should be",
        best.tool.name,
        missing_of_best.join(" and ")
    ))
}

/// A word of the question that says what is wanted.
struct Asked {
    text: String,
    stem: String,
    /// The word that `stem` is of, where it is another than `text`.
    meaning: Option<&'static str>,
}

fn asked_for(question: &Question<'_>) -> Vec<Asked> {
    const SHARE: &str = "ticker";
    let mut asked: Vec<Asked> = Vec::new();
    for (place, token) in question.tokens.iter().enumerate() {
        let word = match token.kind {
            Kind::Word if !is_stop_word(&token.lower) && !question.is_value(place) => {
                Asked { text: token.text.to_owned(), stem: token.stem.clone(), meaning: None }
            }
            // a dollar sign before letters asks for a share
            Kind::Cashtag => Asked { text: format!("${}", token.text), stem: stem(SHARE), meaning: Some(SHARE) },
            Kind::Word | Kind::Number(_) | Kind::Date => continue,
        };
        if asked.iter().all(|known| known.stem != word.stem) {
            asked.push(word);
        }
    }
    asked
}

impl<'t> Profile<'t> {
    fn of(tool: &'t Tool) -> Self {
        let mut words: Vec<(String, (&'static str, f64))> = Vec::new();
        let mut add = |text: Vec<String>, place: (&'static str, f64)| {
            words.extend(text.iter().filter(|word| !is_stop_word(word)).map(|word| (stem(word), place)));
        };
        let lower = |text: &str| tokens(text).into_iter().map(|token| token.lower).collect::<Vec<_>>();
        add(identifier_words(&tool.name), NAME);
        add(tool.title.as_deref().map(lower).unwrap_or_default(), TITLE);
        add(tool.description.as_deref().map(lower).unwrap_or_default(), DESCRIPTION);
        if let Some(properties) = tool.input_schema.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                add(identifier_words(name), PARAMETER);
                add(property.get("description").and_then(Value::as_str).map(lower).unwrap_or_default(), PARAMETER);
                let values = property.get("enum").and_then(Value::as_array).into_iter().flatten();
                add(values.filter_map(Value::as_str).flat_map(identifier_words).collect(), PARAMETER);
            }
        }
        Self { tool, words }
    }

    fn has(&self, stem: &str) -> bool {
        self.words.iter().any(|(word, _)| word == stem)
    }

    fn fit(&self, asked: &[Asked], all: &[Self]) -> Fit<'t> {
        let mut score = 0.0;
        let mut matched = Vec::new();
        let mut in_name = false;
        for word in asked {
            let weighed = self.words.iter().map(|(offered, (place, weight))| {
                let affinity = affinity(&word.stem, offered);
                (affinity.weight * weight * rarity(offered, all), *place, affinity.meaning.or(word.meaning))
            });
            let best = weighed.max_by(|one, other| one.0.total_cmp(&other.0));
            let Some((weight, place, meaning)) = best else { continue };
            if weight > 0.0 {
                score += weight;
                in_name |= place == NAME.0;
                let means = meaning.map(|meaning| format!(" means '{meaning}'")).unwrap_or_default();
                matched.push(format!("'{}'{means} ({place})", word.text));
            }
        }
        // what the name promises and the question does not ask for counts against the tool
        let name: Vec<&String> = self.words.iter().filter(|(_, place)| *place == NAME).map(|(word, _)| word).collect();
        let is_asked = |offered: &&&String| asked.iter().any(|word| affinity(&word.stem, offered).weight > 0.0);
        let asked_of_name = name.iter().filter(is_asked).count();
        let coverage = ratio(asked_of_name, name.len());
        let is_convincing = in_name || 2 * matched.len() >= asked.len().max(1);
        Fit {
            tool: self.tool,
            score: score * (0.6 + 0.4 * coverage),
            matched,
            is_convincing: is_convincing && score > 0.0,
        }
    }
}

/// How telling a word is: the fewer tools have it, the more.
fn rarity(stem: &str, all: &[Profile<'_>]) -> f64 {
    let having = all.iter().filter(|profile| profile.has(stem)).count();
    (1.0 + ratio(all.len(), having.max(1))).ln()
}

fn ratio(part: usize, whole: usize) -> f64 {
    let float = |count: usize| u32::try_from(count).map_or(f64::MAX, f64::from);
    if whole == 0 { 1.0 } else { float(part) / float(whole) }
}

fn why(fit: &Fit<'_>, reasons: &[String]) -> String {
    let mut parts = vec![format!("{} fits: {}", fit.tool.name, fit.matched.join(", "))];
    parts.extend(reasons.iter().cloned());
    parts.join("; ")
}

fn nothing_fits(question: &Question<'_>, asked: &[Asked], tools: &[Tool]) -> String {
    const SHOWN: usize = 10;
    if question.text.trim().is_empty() {
        return "the question is empty".to_owned();
    }
    if tools.is_empty() {
        return "the server offers no tools".to_owned();
    }
    if asked.is_empty() {
        return "no tool fits: the question does not say what is wanted".to_owned();
    }
    let words: Vec<String> = asked.iter().take(SHOWN).map(|word| format!("'{}'", word.text)).collect();
    let names: Vec<&str> = tools.iter().take(SHOWN).map(|tool| tool.name.as_str()).collect();
    let more = if tools.len() > SHOWN { ", …" } else { "" };
    format!("no tool fits: {} is not what {}{more} are for", words.join(", "), names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn tool(name: &str, description: Option<&str>, properties: Value) -> Tool {
        let required: Vec<String> = properties.as_object().unwrap().keys().cloned().collect();
        let schema = json!({"type": "object", "properties": properties, "required": required});
        Tool {
            name: name.into(),
            title: None,
            description: description.map(str::to_owned),
            input_schema: schema.as_object().unwrap().clone(),
        }
    }

    /// The article's tools: described as our server describes them, or not at all, as the article's own.
    fn article(described: bool) -> Vec<Tool> {
        let text = |text: &'static str| described.then_some(text);
        let property = |kind: &str, says: &str| {
            if described { json!({"type": kind, "description": says}) } else { json!({"type": kind}) }
        };
        vec![
            tool(
                "get_stockprice",
                text("Get the current stock price of a company by its ticker symbol. Returns a JSON object."),
                json!({"ticker_symbol": property("string", "The ticker symbol of a listed company, such as TSLA.")}),
            ),
            tool(
                "get_alerts",
                text("Get weather alerts for a US state by its two-letter code."),
                json!({"state": property("string", "Two-letter code of a US state, such as CA.")}),
            ),
            tool(
                "get_forecast",
                text("Get the weather forecast for a location by its latitude and longitude."),
                json!({
                    "latitude": property("number", "Latitude of the location, in degrees north."),
                    "longitude": property("number", "Longitude of the location, in degrees east."),
                }),
            ),
        ]
    }

    fn called(question: &str, tools: &[Tool]) -> Option<(String, Value)> {
        match choose(question, tools) {
            Choice::Call { tool, arguments, why } => {
                assert!(why.contains(&tool.name), "{why}");
                Some((tool.name.clone(), arguments.into()))
            }
            Choice::Refuse(why) => {
                assert!(!why.is_empty());
                None
            }
        }
    }

    #[test]
    fn the_article_questions_find_their_tools() {
        let seattle = json!({"latitude": 47.6062, "longitude": -122.3321});
        let tesla = json!({"ticker_symbol": "TSLA"});
        let table = [
            ("Give me the stock price of tesla", "get_stockprice", tesla.clone()),
            ("what's Tesla's share price right now?", "get_stockprice", tesla.clone()),
            ("stockprice MSFT", "get_stockprice", json!({"ticker_symbol": "MSFT"})),
            ("How much is a share of NVIDIA worth?", "get_stockprice", json!({"ticker_symbol": "NVDA"})),
            ("$TSLA", "get_stockprice", tesla),
            ("What is the weather in Seattle", "get_forecast", seattle.clone()),
            ("Will it rain in Seattle tomorrow?", "get_forecast", seattle.clone()),
            ("weather forecast for 47.6, -122.3", "get_forecast", json!({"latitude": 47.6, "longitude": -122.3})),
            ("Any weather alerts in Texas?", "get_alerts", json!({"state": "TX"})),
            ("Are there storm warnings for California", "get_alerts", json!({"state": "CA"})),
            ("alerts for Seattle", "get_alerts", json!({"state": "WA"})),
            ("forecast for Portland, Maine", "get_forecast", json!({"latitude": 43.6591, "longitude": -70.2568})),
            ("Is it cold in New York?", "get_forecast", json!({"latitude": 40.7128, "longitude": -74.006})),
            ("what is apple trading at", "get_stockprice", json!({"ticker_symbol": "AAPL"})),
        ];
        for described in [true, false] {
            for (question, name, arguments) in &table {
                let expected = Some(((*name).to_owned(), arguments.clone()));
                assert_eq!(called(question, &article(described)), expected, "{question}, described: {described}");
            }
        }
    }

    #[test]
    fn what_no_tool_is_for_is_refused() {
        for question in [
            "Tell me a joke about Tesla",
            "Who is the governor of Texas?",
            "Book a table for two in Seattle",
            "hello",
            "",
            "???",
            "What is the price of a sandwich?",
            "What is the weather in Paris?",
            "stock price",
        ] {
            for described in [true, false] {
                assert_eq!(called(question, &article(described)), None, "{question}, described: {described}");
            }
        }
        assert_eq!(choose("stock price of tesla", &[]), Choice::Refuse("the server offers no tools".into()));
    }

    #[test]
    fn a_refusal_says_what_is_missing() {
        let tools = article(true);
        let Choice::Refuse(why) = choose("Give me the stock price", &tools) else { panic!("it was called") };
        assert_eq!(why, "get_stockprice fits, but the question does not say what its ticker_symbol should be");
        let Choice::Refuse(why) = choose("Sing a song", &tools) else { panic!("it was called") };
        assert_eq!(why, "no tool fits: 'Sing', 'song' is not what get_stockprice, get_alerts, get_forecast are for");
        for (question, expected) in [
            ("", "the question is empty"),
            (" \n", "the question is empty"),
            ("???", "no tool fits: the question does not say what is wanted"),
            ("Seattle?", "no tool fits: the question does not say what is wanted"),
        ] {
            assert_eq!(choose(question, &tools), Choice::Refuse(expected.into()), "{question}");
        }
    }

    #[test]
    fn a_call_says_truly_why() {
        for (question, expected) in [
            (
                "What does Apple cost?",
                r#"get_stockprice fits: 'cost' means 'price' (name); ticker_symbol is "AAPL", from 'Apple'"#,
            ),
            ("price of tesla", r#"get_stockprice fits: 'price' (name); ticker_symbol is "TSLA", from 'tesla'"#),
            ("price of MSFT", r#"get_stockprice fits: 'price' (name); ticker_symbol is "MSFT": 'MSFT' is Microsoft"#),
            (
                "$ABCD",
                r#"get_stockprice fits: '$ABCD' means 'stock' (name); ticker_symbol is "ABCD": 'ABCD' is written as a ticker symbol"#,
            ),
            ("alerts in California", r#"get_alerts fits: 'alerts' (name); state is "CA", from 'California'"#),
            ("alerts in CA", r#"get_alerts fits: 'alerts' (name); state is "CA": 'CA' is California"#),
            ("alerts in Seattle", r#"get_alerts fits: 'alerts' (name); state is "WA": 'Seattle' is in Washington"#),
        ] {
            let tools = article(false);
            let Choice::Call { why, .. } = choose(question, &tools) else { panic!("{question} was refused") };
            assert_eq!(why, expected, "{question}");
        }
    }

    #[test]
    fn a_call_says_what_was_left_out() {
        let tools = article(true);
        for (question, left_out) in [
            ("price of tesla and microsoft", Some("'microsoft'")),
            ("price of tesla, AAPL, $MSFT", Some("'AAPL' is Apple, 'MSFT' is Microsoft")),
            ("price of tesla (TSLA)", None),
            ("alerts in Texas and California", Some("'California'")),
            ("forecast for Seattle and Chicago", Some("Chicago, IL lies at 41.8781, -87.6298")),
            ("forecast for Seattle, Washington", None),
            ("forecast for Albany, New York", None),
            ("forecast for Portland, Maine", None),
            ("forecast for 47.6, -122.3, near Seattle", None),
        ] {
            let Choice::Call { why, .. } = choose(question, &tools) else { panic!("{question} was refused") };
            match left_out {
                Some(left_out) => {
                    let note = format!("left out, because one call takes one: {left_out}");
                    assert_eq!(why.matches(&note).count(), 1, "{question}: {why}");
                }
                None => assert!(!why.contains("left out"), "{question}: {why}"),
            }
        }
    }

    #[test]
    fn tools_that_nobody_knew_are_chosen_by_what_they_say() {
        let text = || json!({"type": "string"});
        let tools = [
            tool(
                "crm_lookupOrder",
                Some("Returns the delivery status of a purchase order."),
                json!({"order_number": text()}),
            ),
            tool(
                "zz_17",
                Some("Translates a sentence into another language."),
                json!({
                    "sentence": text(), "language": {"type": "string", "enum": ["german", "french"]}
                }),
            ),
            tool("roll_dice", None, json!({"sides": {"type": "integer"}})),
            tool("add", Some("Adds two numbers"), json!({"a": {"type": "number"}, "b": {"type": "number"}})),
            tool("list_rooms", Some("All meeting rooms of the building"), json!({})),
            tool("searchDocs", Some("Full-text search in the manuals"), json!({"query": text()})),
            tool("quote_of_company", Some("Share price by company name"), json!({"company": text()})),
        ];
        let table = [
            ("Where is order 4711-B?", "crm_lookupOrder", json!({"order_number": "4711-B"})),
            (
                "Translate \"good morning\" into German",
                "zz_17",
                json!({"sentence": "good morning", "language": "german"}),
            ),
            ("Please roll a dice with 20 sides", "roll_dice", json!({"sides": 20})),
            ("add 2 and 3.5", "add", json!({"a": 2.0, "b": 3.5})),
            ("which meeting rooms do we have?", "list_rooms", json!({})),
            ("search the manuals for torque settings", "searchDocs", json!({"query": "torque settings"})),
            ("share price of tesla", "quote_of_company", json!({"company": "Tesla"})),
        ];
        for (question, name, arguments) in table {
            assert_eq!(called(question, &tools), Some((name.to_owned(), arguments)), "{question}");
        }
        assert_eq!(called("Translate something", &tools), None);
        assert_eq!(called("What is the weather in Seattle", &tools), None);
    }

    #[test]
    fn a_tool_nearly_as_good_steps_in_where_the_best_lacks_an_argument() {
        let tools = [
            tool("price_by_ticker", Some("Stock price"), json!({"zip": {"type": "string", "format": "date"}})),
            tool("price_by_name", Some("Stock price"), json!({"company": {"type": "string"}})),
        ];
        assert_eq!(called("stock price of apple", &tools).unwrap().0, "price_by_name");
    }

    proptest! {
        #[test]
        fn no_question_brings_the_choice_down(question in any::<String>()) {
            let _choice = choose(&question, &article(true));
        }

        #[test]
        fn no_tool_brings_the_choice_down(name in any::<String>(), description in any::<String>()) {
            let tools = [tool(&name, Some(&description), json!({"x": {"type": "string"}}))];
            let _choice = choose("stock price of tesla in Seattle", &tools);
        }
    }
}
