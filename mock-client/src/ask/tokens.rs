//! Reading text: words, numbers, ticker symbols and dates.

use super::words::{readable, stem};

/// A word or number of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Token<'t> {
    /// As it stands there.
    pub text: &'t str,
    /// Where it starts, in bytes.
    pub start: usize,
    /// In lower case, without dots and possessive ending.
    pub lower: String,
    /// Its stem.
    pub stem: String,
    /// What it is.
    pub kind: Kind,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A word.
    Word,
    /// A number.
    Number(f64),
    /// A ticker symbol after a dollar sign; the text is without the sign.
    Cashtag,
    /// A date, as ISO 8601 writes it.
    Date,
}

/// The tokens of a text, in order.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let text = readable(text);
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        let before = text[..at].chars().next_back();
        let rest = &text[at..];
        let (start, length, kind) = if is_date(rest) && !before.is_some_and(char::is_alphanumeric) {
            (at, DATE_LENGTH, Kind::Date)
        } else if let Some((length, number)) = number(rest, before) {
            (at, length, Kind::Number(number))
        } else if next == '$' && rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            (at + 1, word_length(&rest[1..]), Kind::Cashtag)
        } else if next.is_alphanumeric() {
            (at, word_length(rest), Kind::Word)
        } else {
            at += next.len_utf8();
            continue;
        };
        at = start + length;
        tokens.push(token(&text[start..at], start, kind));
    }
    tokens
}

fn token(text: &str, start: usize, kind: Kind) -> Token<'_> {
    let lower = text.replace('\u{2019}', "'").to_lowercase();
    let lower = lower.strip_suffix("'s").unwrap_or(&lower).replace(['.', '\''], "");
    Token { text, start, stem: stem(&lower), lower, kind }
}

const DATE_LENGTH: usize = "2026-01-15".len();

fn is_date(rest: &str) -> bool {
    let bytes = rest.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
    bytes.len() >= DATE_LENGTH
        && digits(0..4)
        && bytes[4] == b'-'
        && digits(5..7)
        && bytes[7] == b'-'
        && digits(8..10)
        && !bytes.get(10).is_some_and(u8::is_ascii_alphanumeric)
}

/// The number that `rest` starts with: not glued to letters, except to one compass letter.
fn number(rest: &str, before: Option<char>) -> Option<(usize, f64)> {
    if before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let sign = rest.chars().next().filter(|c| matches!(c, '-' | '+' | '\u{2212}'));
    let start = sign.map_or(0, char::len_utf8);
    let is_digit = |at: usize| rest.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let mut end = start;
    while is_digit(end) {
        end += 1;
    }
    if end == start {
        return None;
    }
    if rest[end..].starts_with('.') && is_digit(end + 1) {
        end += 1;
        while is_digit(end) {
            end += 1;
        }
    }
    let mut after = rest[end..].chars();
    let (next, next_but_one) = (after.next(), after.next());
    let is_compass = next.is_some_and(|c| "NSEWnsew".contains(c)) && !next_but_one.is_some_and(char::is_alphanumeric);
    if next.is_some_and(char::is_alphanumeric) && !is_compass {
        return None;
    }
    let value: f64 = rest[start..end].parse().ok()?;
    Some((end, if matches!(sign, Some('-' | '\u{2212}')) { -value } else { value }))
}

/// How far a word goes: letters and digits, an apostrophe inside, dots inside abbreviations (`D.C.`, `BRK.B`).
fn word_length(rest: &str) -> usize {
    let mut segment = 0;
    let mut is_upper = true;
    let mut characters = rest.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let follows = characters.peek().map(|(_, next)| *next);
        if c.is_alphanumeric() {
            segment += 1;
            is_upper &= c.is_uppercase();
        } else if matches!(c, '\'' | '\u{2019}') && follows.is_some_and(char::is_alphabetic) {
            segment = 2;
        } else if c == '.'
            && follows.is_some_and(char::is_alphabetic)
            && (segment == 1 || (is_upper && ends_after_one(&rest[at + 1..])))
        {
            segment = 0;
        } else {
            return at;
        }
    }
    rest.len()
}

fn ends_after_one(rest: &str) -> bool {
    let mut characters = rest.chars();
    characters.next().is_some_and(char::is_uppercase) && !characters.next().is_some_and(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds(text: &str) -> Vec<(String, Kind)> {
        tokens(text).into_iter().map(|token| (token.lower, token.kind)).collect()
    }

    #[test]
    fn text_comes_apart_into_words_numbers_tickers_and_dates() {
        let word = |text: &str| (text.to_owned(), Kind::Word);
        assert_eq!(kinds("Tesla's stock, D.C. BRK.B?"), [word("tesla"), word("stock"), word("dc"), word("brkb")]);
        let number = |text: &str, value| (text.to_owned(), Kind::Number(value));
        assert_eq!(kinds("47.6, -122.3"), [number("476", 47.6), number("-1223", -122.3)]);
        assert_eq!(kinds("47.6N 122W"), [number("476", 47.6), word("n"), number("122", 122.0), word("w")]);
        assert_eq!(
            kinds("3rd of 5G, 10-12"),
            [word("3rd"), word("of"), word("5g"), number("10", 10.0), number("12", 12.0)]
        );
        assert_eq!(
            kinds("$TSLA on 2026-01-15."),
            [("tsla".into(), Kind::Cashtag), word("on"), ("2026-01-15".into(), Kind::Date)]
        );
        assert_eq!(kinds("end. Next e.g."), [word("end"), word("next"), word("eg")]);
    }

    proptest! {
        #[test]
        fn no_text_brings_the_reader_down(text in any::<String>()) {
            for token in tokens(&text) {
                prop_assert_eq!(&text[token.start..token.start + token.text.len()], token.text);
            }
        }

        #[test]
        fn no_number_brings_the_reader_down(text in "[-+0-9.,NSEW$a' \u{2212}\u{2019}\u{b0}]{0,30}") {
            let _tokens = tokens(&text);
        }
    }
}
