//! Reading text: tokens, stems, words that say nothing, and words that belong together.

/// The most of a text that is read, in bytes.
const LIMIT_BYTES: usize = 4000;

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

/// The part of `text` that is read.
#[must_use]
pub fn readable(text: &str) -> &str {
    let mut end = text.len().min(LIMIT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
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

/// The words of an identifier, such as `get_stockprice` or `tickerSymbol`, in lower case.
#[must_use]
pub fn identifier_words(identifier: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in readable(identifier).chars() {
        if !c.is_alphanumeric() {
            words.push(String::new());
            was_lower = false;
            continue;
        }
        if c.is_uppercase() && was_lower {
            words.push(String::new());
        }
        was_lower = c.is_lowercase();
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A light stem of a word in lower case: plural, `-ing`, `-ed` and a mute `e` go.
#[must_use]
pub fn stem(word: &str) -> String {
    let long_enough = |stem: &str| stem.chars().count() >= 3;
    let stripped = if let Some(stem) = word.strip_suffix("ies").filter(|stem| long_enough(stem)) {
        format!("{stem}y")
    } else if ["ches", "shes", "sses", "xes", "zes"].iter().any(|ending| word.ends_with(ending)) {
        word[..word.len() - 2].to_owned()
    } else if word.ends_with('s')
        && !["ss", "us", "is"].iter().any(|ending| word.ends_with(ending))
        && long_enough(word)
    {
        word[..word.len() - 1].to_owned()
    } else {
        word.to_owned()
    };
    let base = ["ing", "ed"].iter().find_map(|ending| stripped.strip_suffix(ending).filter(|stem| long_enough(stem)));
    let base = base.map_or(stripped.clone(), undouble);
    match base.strip_suffix('e').filter(|stem| long_enough(stem)) {
        Some(stem) => stem.to_owned(),
        None => base,
    }
}

/// `getting` is `get`, but `selling` stays `sell`.
fn undouble(stem: &str) -> String {
    let mut letters = stem.chars().rev();
    match (letters.next(), letters.next()) {
        (Some(last), Some(one_before)) if last == one_before && !"lsz".contains(last) => {
            stem[..stem.len() - last.len_utf8()].to_owned()
        }
        _ => stem.to_owned(),
    }
}

/// Words that say nothing about what is wanted.
const STOP_WORDS: &[&str] = &[
    "a",
    "about",
    "all",
    "also",
    "am",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "been",
    "by",
    "can",
    "could",
    "did",
    "do",
    "does",
    "for",
    "from",
    "get",
    "give",
    "given",
    "has",
    "have",
    "hello",
    "hey",
    "hi",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "just",
    "know",
    "let",
    "like",
    "list",
    "look",
    "me",
    "much",
    "my",
    "need",
    "of",
    "on",
    "or",
    "our",
    "out",
    "over",
    "please",
    "right",
    "retrieve",
    "return",
    "returns",
    "right",
    "now",
    "s",
    "see",
    "should",
    "show",
    "so",
    "some",
    "tell",
    "than",
    "thank",
    "thanks",
    "that",
    "the",
    "their",
    "them",
    "there",
    "these",
    "they",
    "this",
    "those",
    "to",
    "today",
    "tool",
    "us",
    "use",
    "want",
    "was",
    "we",
    "were",
    "what",
    "whats",
    "when",
    "where",
    "which",
    "who",
    "whose",
    "why",
    "will",
    "with",
    "would",
    "you",
    "your",
    "fetch",
    "find",
    "currently",
    "latest",
    "provide",
    "provides",
    "run",
    "set",
    "given",
    "using",
    "via",
    "call",
    "value",
];

/// Whether a word in lower case says nothing about what is wanted.
#[must_use]
pub fn is_stop_word(lower: &str) -> bool {
    STOP_WORDS.contains(&lower)
}

/// Words that stand for each other when people ask.
const RELATED: &[&[&str]] = &[
    &[
        "weather",
        "forecast",
        "temperature",
        "rain",
        "rainy",
        "raining",
        "snow",
        "sunny",
        "sun",
        "wind",
        "windy",
        "cold",
        "hot",
        "warm",
        "umbrella",
        "meteorology",
    ],
    &["alert", "warning", "advisory", "hazard", "storm", "danger", "emergency"],
    &["stock", "share", "ticker", "equity", "quote", "security"],
    &["price", "cost", "worth", "quote", "rate", "trading"],
    &["mail", "email", "message"],
    &["meeting", "appointment", "event", "calendar"],
    &["translate", "translation", "language"],
    &["order", "purchase"],
    &["picture", "image", "photo"],
    &["sum", "add", "plus", "addition"],
    &["search", "lookup", "query"],
];

/// How well a word of a question and a word of a tool go together, by their stems: 0 is not at all, 1 is the same.
#[must_use]
pub fn affinity(asked: &str, offered: &str) -> f64 {
    if asked == offered {
        return 1.0;
    }
    if is_part(asked, offered) || is_part(offered, asked) {
        return 0.8;
    }
    let has = |group: &[&str], wanted: &str| group.iter().any(|word| stem(word) == wanted);
    if RELATED.iter().any(|group| has(group, asked) && has(group, offered)) { 0.6 } else { 0.0 }
}

/// Whether `part` begins or ends the compound `whole`, as `price` does `stockprice`.
fn is_part(part: &str, whole: &str) -> bool {
    part.chars().count() >= 4 && whole.len() >= part.len() + 3 && (whole.starts_with(part) || whole.ends_with(part))
}

/// The number that a word in lower case names.
#[must_use]
pub fn number_word(lower: &str) -> Option<f64> {
    const WORDS: [&str; 13] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    let place = WORDS.iter().position(|word| *word == lower)?;
    u32::try_from(place).ok().map(f64::from)
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

    #[test]
    fn identifiers_come_apart_into_words() {
        assert_eq!(identifier_words("get_stockprice"), ["get", "stockprice"]);
        assert_eq!(identifier_words("tickerSymbol"), ["ticker", "symbol"]);
        assert_eq!(identifier_words("--HTTP.status2"), ["http", "status2"]);
    }

    #[test]
    fn stems_bring_forms_of_a_word_together() {
        for (one, other) in [
            ("alerts", "alert"),
            ("cities", "city"),
            ("prices", "pricing"),
            ("classes", "class"),
            ("getting", "get"),
            ("booked", "book"),
            ("forecasts", "forecasting"),
            ("boxes", "box"),
        ] {
            assert_eq!(stem(one), stem(other), "{one} and {other}");
        }
        assert_ne!(stem("status"), stem("statu"));
        assert_eq!(stem("is"), "is");
    }

    #[test]
    fn words_go_together_by_form_part_or_meaning() {
        let between = |asked: &str, offered: &str| affinity(&stem(asked), &stem(offered));
        assert!(between("prices", "price") > between("price", "stockprice"));
        assert!(between("price", "stockprice") > between("weather", "forecast"));
        assert!(between("weather", "forecast") > 0.0);
        assert!(between("weather", "stock").abs() < f64::EPSILON);
        assert!(between("art", "smartphone").abs() < f64::EPSILON);
    }

    proptest! {
        #[test]
        fn no_text_brings_the_reader_down(text in any::<String>()) {
            for token in tokens(&text) {
                prop_assert_eq!(&text[token.start..token.start + token.text.len()], token.text);
                let _stem = stem(&token.lower);
            }
            let _words = identifier_words(&text);
        }

        #[test]
        fn no_number_brings_the_reader_down(text in "[-+0-9.,NSEW$a' \u{2212}\u{2019}\u{b0}]{0,30}") {
            let _tokens = tokens(&text);
        }
    }
}
