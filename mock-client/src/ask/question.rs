//! A question, read: its words, what it names, and where.

use std::ops::Range;

use super::chosen::Source;
use super::gazetteer::{City, Mention, Thing, mentions};
use super::tokens::{Kind, Token, tokens};
use super::words::readable;

/// A question, read.
#[derive(Debug)]
pub struct Question<'q> {
    /// As it was asked.
    pub text: &'q str,
    /// Its words and numbers.
    pub tokens: Vec<Token<'q>>,
    /// The known things it names.
    pub mentions: Vec<Mention>,
}

impl<'q> Question<'q> {
    /// Reads a question.
    #[must_use]
    pub fn read(text: &'q str) -> Self {
        let text = readable(text);
        let tokens = tokens(text);
        let mentions = mentions(&tokens);
        Self { text, tokens, mentions }
    }

    /// Whether a token names a thing.
    pub(super) fn is_mention(&self, place: usize) -> bool {
        self.mentions.iter().any(|mention| mention.covers(place))
    }

    /// Whether a token names a thing or is quoted, so that it says nothing about the tool.
    #[must_use]
    pub fn is_value(&self, place: usize) -> bool {
        let is_quoted = |token: &Token<'_>| self.quoted().is_some_and(|range| range.contains(&token.start));
        self.is_mention(place) || self.tokens.get(place).is_some_and(is_quoted)
    }

    /// Where the text between the first pair of quotation marks stands.
    pub(super) fn quoted(&self) -> Option<Range<usize>> {
        [('"', '"'), ('“', '”'), ('«', '»'), ('`', '`')].iter().find_map(|(open, close)| {
            let start = self.text.find(*open)? + open.len_utf8();
            let end = start + self.text[start..].find(*close)?;
            (!self.text[start..end].trim().is_empty()).then_some(start..end)
        })
    }

    /// The cities named; not those that only share the name of the state that stands after a city, as in "Albany, New
    /// York".
    pub(super) fn named_cities(&self) -> impl Iterator<Item = (&Mention, &'static City)> {
        let mentions = &self.mentions;
        let is_state_after_city = |place: usize| {
            let state = mentions.iter().find_map(|mention| match mention.thing {
                Thing::State(state) if mention.first == place => Some(state),
                _ => None,
            });
            mentions.iter().any(|before| match before.thing {
                Thing::City(city) => {
                    before.first + before.length == place && state.is_some_and(|state| state.code == city.state)
                }
                _ => false,
            })
        };
        mentions.iter().filter_map(move |mention| match mention.thing {
            Thing::City(city) if !is_state_after_city(mention.first) => Some((mention, city)),
            _ => None,
        })
    }

    /// The latitudes and longitudes of the places: typed as two numbers, or those of the cities.
    pub(super) fn places(&self) -> Vec<((f64, f64), Source)> {
        let tokens = &self.tokens;
        let numbers: Vec<(usize, f64)> =
            (0..tokens.len()).filter_map(|place| Some((place, self.coordinate(place)?))).collect();
        for pair in numbers.windows(2) {
            let [(first, latitude), (second, longitude)] = pair else { continue };
            // between the two stand a compass letter or the word longitude at most
            let is_pair = second - first <= 3 && latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
            let between = &tokens[first + 1..*second];
            if is_pair
                && between
                    .iter()
                    .all(|token| token.lower.len() == 1 || token.lower == "and" || token.lower.starts_with("lo"))
            {
                return vec![((*latitude, *longitude), Source::fact("the question gives the coordinates"))];
            }
        }
        let of_city = |(_, city): (&Mention, &City)| {
            let why = format!("{}, {} lies at {}, {}", city.name, city.state, city.latitude, city.longitude);
            ((city.latitude, city.longitude), Source::Fact(why))
        };
        self.named_cities().map(of_city).collect()
    }

    /// The number at `place`, turned by the compass letter after it.
    pub(super) fn coordinate(&self, place: usize) -> Option<f64> {
        let Kind::Number(number) = self.tokens.get(place)?.kind else { return None };
        match self.tokens.get(place + 1).map(|token| token.lower.as_str()) {
            Some("s" | "w" | "south" | "west") => Some(-number.abs()),
            _ => Some(number),
        }
    }

    /// What comes after the first of these prepositions, to the end of the sentence.
    pub(super) fn phrase(&self, prepositions: &[&str]) -> Option<(&'q str, &'q str)> {
        let tokens = &self.tokens;
        let place = prepositions
            .iter()
            .find_map(|preposition| tokens.iter().position(|token| token.lower == *preposition))
            .filter(|place| place + 1 < tokens.len())?;
        let mut first = place + 1;
        while tokens.get(first).is_some_and(|token| ["a", "an", "the", "my", "our"].contains(&token.lower.as_str())) {
            first += 1;
        }
        let text = &self.text[tokens.get(first)?.start..];
        let end = text.find(['?', '!', ';', '\n']).unwrap_or(text.len());
        let phrase = text[..end].trim_matches(is_edge);
        (!phrase.is_empty()).then(|| (phrase, tokens[place].text))
    }

    /// The token after the last word of the property's name.
    pub(super) fn after_name(&self, name: &[String]) -> Option<usize> {
        let tokens = &self.tokens;
        let last = name.last()?;
        let place = tokens.iter().position(|token| token.stem == *last)?;
        let mut next = place + 1;
        while tokens
            .get(next)
            .is_some_and(|token| ["is", "equals", "of", "to", "number", "no"].contains(&token.lower.as_str()))
        {
            next += 1;
        }
        (next < tokens.len()).then_some(next)
    }

    /// The text around `start` up to the white space on both sides, such as `INV-2031` around `2031`.
    pub(super) fn chunk_at(&self, start: usize) -> &'q str {
        let text = self.text;
        let from = text[..start]
            .rfind(char::is_whitespace)
            .map_or(0, |space| space + text[space..].chars().next().map_or(1, char::len_utf8));
        let to = text[start..].find(char::is_whitespace).map_or(text.len(), |length| start + length);
        text[from..to].trim_matches(is_edge)
    }

    pub(super) fn text_of(&self, mention: &Mention) -> String {
        let words = &self.tokens[mention.first..mention.first + mention.length];
        words.iter().map(|token| token.text).collect::<Vec<_>>().join(" ")
    }
}

/// Punctuation around a word.
pub(super) fn is_edge(c: char) -> bool {
    c.is_whitespace() || ".,;:!?()[]<>\"'“”«»".contains(c)
}
