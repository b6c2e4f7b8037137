//! The companies, cities and states that are known by name. Names are in lower case, their words apart by spaces.

use super::tokens::{Kind, Token};

mod tables;

use tables::{CITIES, COMPANIES, STATES};

/// A company whose shares are traded.
#[derive(Debug, PartialEq)]
pub struct Company {
    /// The ticker symbol.
    pub ticker: &'static str,
    /// Its name.
    pub name: &'static str,
    spoken: &'static [&'static str],
}

/// A city of the United States.
#[derive(Debug, PartialEq)]
pub struct City {
    /// Its name.
    pub name: &'static str,
    /// The two letters of its state.
    pub state: &'static str,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    spoken: &'static [&'static str],
}

/// A state of the United States.
#[derive(Debug, PartialEq)]
pub struct State {
    /// Its two letters.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    spoken: &'static str,
}

/// Something known that a text names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Thing {
    /// A company.
    Company(&'static Company),
    /// A city.
    City(&'static City),
    /// A state.
    State(&'static State),
}

/// Where a text names something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mention {
    /// The first token.
    pub first: usize,
    /// How many tokens.
    pub length: usize,
    /// What it names.
    pub thing: Thing,
}

impl Mention {
    /// Whether the token at `place` is part of it.
    #[must_use]
    pub fn covers(&self, place: usize) -> bool {
        (self.first..self.first + self.length).contains(&place)
    }

    fn lies_in(&self, other: &Self) -> bool {
        other.length > self.length && other.covers(self.first) && other.covers(self.first + self.length - 1)
    }
}

/// The state of these two letters.
#[must_use]
pub fn state_of(code: &str) -> Option<&'static State> {
    STATES.iter().find(|state| state.code == code)
}

/// Everything known that a text names, in order; a name inside a longer one is not meant.
#[must_use]
pub fn mentions(tokens: &[Token<'_>]) -> Vec<Mention> {
    let mut found = Vec::new();
    for first in 0..tokens.len() {
        let length = |spoken: &str| matched(spoken, &tokens[first..]);
        for company in COMPANIES {
            let named = company.spoken.iter().filter_map(|spoken| length(spoken)).max();
            if let Some(length) = named.or_else(|| is_ticker_of(company, &tokens[first]).then_some(1)) {
                found.push(Mention { first, length, thing: Thing::Company(company) });
            }
        }
        for state in STATES {
            let named = length(state.spoken);
            if let Some(length) = named.or_else(|| (tokens[first].text == state.code).then_some(1)) {
                found.push(Mention { first, length, thing: Thing::State(state) });
            }
        }
        found.extend(city_at(tokens, first));
    }
    let all = found.clone();
    found.retain(|mention| !all.iter().any(|other| mention.lies_in(other)));
    found
}

/// How many tokens the name takes, if the text starts with it.
fn matched(spoken: &str, tokens: &[Token<'_>]) -> Option<usize> {
    let mut length = 0;
    for word in spoken.split(' ') {
        let token = tokens.get(length)?;
        if token.lower != word || token.kind != Kind::Word {
            return None;
        }
        length += 1;
    }
    Some(length)
}

/// Ticker symbols of four letters are known in lower case too, unless they are words.
fn is_ticker_of(company: &Company, token: &Token<'_>) -> bool {
    const WORDS: [&str; 6] = ["COST", "SHOP", "SNOW", "SPOT", "SONY", "UBER"];
    let is_symbol = token.kind == Kind::Word && token.text.len() > 1 && token.text == company.ticker;
    let in_lower_case = company.ticker.len() == 4 && !WORDS.contains(&company.ticker);
    is_symbol || (in_lower_case && token.text.eq_ignore_ascii_case(company.ticker))
}

/// The city named here: the one in the state that is named after it, or else the best known.
fn city_at(tokens: &[Token<'_>], first: usize) -> Option<Mention> {
    let named = |city: &'static City| {
        let length = city.spoken.iter().filter_map(|spoken| matched(spoken, &tokens[first..])).max()?;
        Some((city, length))
    };
    let candidates: Vec<(&'static City, usize)> = CITIES.iter().filter_map(named).collect();
    let longest = candidates.iter().map(|(_, length)| *length).max()?;
    let in_named_state = candidates.iter().find_map(|(city, length)| {
        let after = tokens.get(first + length..)?;
        let state = state_of(city.state)?;
        let state_length = matched(state.spoken, after).or_else(|| (after.first()?.text == state.code).then_some(1))?;
        Some(Mention { first, length: length + state_length, thing: Thing::City(city) })
    });
    let best_known = candidates.iter().find(|(_, length)| *length == longest);
    in_named_state
        .or_else(|| best_known.map(|(city, length)| Mention { first, length: *length, thing: Thing::City(city) }))
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::*;

    fn named(text: &str) -> Vec<String> {
        let describe = |mention: Mention| match mention.thing {
            Thing::Company(company) => company.ticker.to_owned(),
            Thing::City(city) => format!("{}, {}", city.name, city.state),
            Thing::State(state) => state.code.to_owned(),
        };
        mentions(&tokens(text)).into_iter().map(describe).collect()
    }

    #[test]
    fn names_are_found_in_every_spelling() {
        let table: &[(&str, &[&str])] = &[
            ("tesla", &["TSLA"]),
            ("Tesla's price and MSFT, also nvda", &["TSLA", "MSFT", "NVDA"]),
            ("Coca-Cola, AT&T and McDonald's", &["KO", "T", "MCD"]),
            ("St. Louis or Washington, D.C.", &["St. Louis, MO", "Washington, DC"]),
            ("Portland, Maine and Portland, ME and Portland", &["Portland, ME", "Portland, ME", "Portland, OR"]),
            ("Kansas City", &["Kansas City, MO"]),
            ("Kansas City, Kansas", &["Kansas City, KS"]),
            ("Seattle, WA", &["Seattle, WA"]),
            ("New York", &["NY", "New York, NY"]),
            ("TX and north carolina", &["TX", "NC"]),
            ("Texas Instruments", &["TXN"]),
            ("or in me hi ok", &[]),
            ("the cost of a shop", &[]),
        ];
        for (text, expected) in table {
            assert_eq!(named(text), *expected, "{text}");
        }
    }

    #[test]
    fn the_tables_are_sound() {
        for city in CITIES {
            assert!(state_of(city.state).is_some(), "{}", city.name);
            assert!(
                (17.0..72.0).contains(&city.latitude) && (-160.0..-65.0).contains(&city.longitude),
                "{}",
                city.name
            );
        }
        let spoken =
            COMPANIES.iter().flat_map(|company| company.spoken).chain(CITIES.iter().flat_map(|city| city.spoken));
        for name in spoken.copied().chain(STATES.iter().map(|state| state.spoken)) {
            let read: Vec<String> = tokens(name).into_iter().map(|token| token.lower).collect();
            assert_eq!(read.join(" "), name, "the name is not as a text would be read");
        }
        assert_eq!(STATES.len(), 52);
    }
}
