//! Words: the parts of identifiers, stems, words that say nothing, and words that belong together.

/// The most of a text that is read, in bytes.
const LIMIT_BYTES: usize = 4000;

/// The part of `text` that is read.
#[must_use]
pub fn readable(text: &str) -> &str {
    let mut end = text.len().min(LIMIT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
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
    &["price", "cost", "worth", "quote", "trading"],
    &["mail", "email", "message"],
    &["meeting", "appointment", "event", "calendar"],
    &["translate", "translation", "language"],
    &["order", "purchase"],
    &["picture", "image", "photo"],
    &["sum", "add", "plus", "addition"],
    &["search", "lookup", "query"],
];

/// How a word of a question and a word of a tool go together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affinity {
    /// How well: 0 is not at all, 1 is the same.
    pub weight: f64,
    /// The word that the asked one stands for, where it is not itself, or a part of, what is offered.
    pub meaning: Option<&'static str>,
}

/// How a word of a question and a word of a tool go together, by their stems.
#[must_use]
pub fn affinity(asked: &str, offered: &str) -> Affinity {
    let own = |weight: f64| Affinity { weight, meaning: None };
    if asked == offered {
        return own(1.0);
    }
    if is_part(asked, offered) || is_part(offered, asked) {
        return own(0.8);
    }
    let related = |group: &&&'static [&'static str]| group.iter().any(|word| stem(word) == asked);
    let best = RELATED.iter().filter(related).flat_map(|group| group.iter()).filter_map(|word| {
        let stem = stem(word);
        let weight = if stem == offered {
            0.6
        } else if is_part(&stem, offered) {
            0.5
        } else {
            return None;
        };
        Some(Affinity { weight, meaning: Some(word) })
    });
    best.max_by(|one, other| one.weight.total_cmp(&other.weight)).unwrap_or(own(0.0))
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
        let between = |asked: &str, offered: &str| affinity(&stem(asked), &stem(offered)).weight;
        assert!(between("prices", "price") > between("price", "stockprice"));
        assert!(between("price", "stockprice") > between("weather", "forecast"));
        assert!(between("weather", "forecast") > between("trading", "stockprice"));
        assert!(between("trading", "stockprice") > 0.0);
        assert!(between("weather", "stock").abs() < f64::EPSILON);
        assert!(between("art", "smartphone").abs() < f64::EPSILON);
        assert_eq!(affinity("cost", "stockpric").meaning, Some("price"));
        assert_eq!(affinity("pric", "stockpric").meaning, None, "it is a part, and stands for itself");
    }

    proptest! {
        #[test]
        fn no_word_brings_the_reader_down(text in any::<String>()) {
            let _stem = stem(&text.to_lowercase());
            let _words = identifier_words(&text);
        }
    }
}
