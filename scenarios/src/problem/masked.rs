//! A file's text as a message may show it: same bytes, same lines, but no secret and nothing that moves a terminal.

use std::ops::Range;

use wire::steering::steers_terminal;

/// Keys whose values are secrets. A misspelled one still hides its value.
const SECRET_KEYS: [&str; 4] = ["password", "client_secret", "secret", "value"];

/// Whether a key of this name holds a secret, or was meant to.
pub(crate) fn is_secret_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET_KEYS.iter().any(|secret| strsim::damerau_levenshtein(&key, secret) <= if secret.len() > 6 { 2 } else { 1 })
        && key != "values"
        && key != "secrets"
}

/// The text with every secret, and every character that a terminal would obey, replaced byte by byte.
pub(crate) fn masked(text: &str) -> String {
    let mut hidden: Vec<Range<usize>> = Vec::new();
    let mut line_start = 0;
    for (colon, _) in text.match_indices(':') {
        if let Some(newline) = text[line_start..colon].rfind('\n') {
            line_start += newline + 1;
        }
        let never_shown = colon - line_start > super::LONGEST_LINE_SHOWN_BYTES;
        if never_shown || hidden.last().is_some_and(|last| colon < last.end) {
            continue;
        }
        if key_before(text, colon).is_some_and(|key| key.len() <= 40 && is_secret_key(key)) {
            hidden.extend(value_after(text, line_start, colon + 1));
        }
    }
    let mut hidden = hidden.into_iter().peekable();
    let mut shown = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        while hidden.peek().is_some_and(|range| range.end <= at) {
            hidden.next();
        }
        let secret = hidden.peek().is_some_and(|range| range.contains(&at)) && !character.is_whitespace();
        if secret {
            shown.extend(std::iter::repeat_n('*', character.len_utf8()));
        } else if moves_terminal(character) {
            shown.extend(std::iter::repeat_n('?', character.len_utf8()));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// A text with every character that a terminal would obey replaced.
pub(super) fn inert(text: &str) -> String {
    text.chars().map(|c| if moves_terminal(c) || c.is_control() { '?' } else { c }).collect()
}

/// The same of a message, which may have several lines.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(|c| if steers_terminal(c) && c != '\n' { '?' } else { c }).collect()
}

/// Control characters but tab and newline, and those that change the direction of text.
fn moves_terminal(character: char) -> bool {
    steers_terminal(character) && !matches!(character, '\n' | '\t' | '\r')
}

/// The key that ends before the colon.
fn key_before(text: &str, colon: usize) -> Option<&str> {
    let before = text[..colon].trim_end_matches([' ', '\t']);
    let before = before.strip_suffix(['"', '\'']).unwrap_or(before);
    let start = before
        .rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    before.get(start..).filter(|key| !key.is_empty())
}

/// Where the value after a key's colon stands: a quoted text, an indented block, or what the line or flow map holds.
fn value_after(text: &str, line_start: usize, from: usize) -> Option<Range<usize>> {
    let start = from + text[from..].find(|c: char| c != ' ' && c != '\t')?;
    let rest = &text[start..];
    let line_end = rest.find('\n').unwrap_or(rest.len());
    match rest.chars().next()? {
        quote @ ('"' | '\'') => {
            let mut escaped = false;
            let end = rest[1..].find(|c: char| {
                let closes = c == quote && !escaped;
                escaped = c == '\\' && quote == '"' && !escaped;
                closes
            });
            Some(start..start + end.map_or(line_end, |end| end + 2))
        }
        '|' | '>' | '\n' | '\r' | '&' | '!' => {
            let indent = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
            let own = indent(&text[line_start..from]);
            let block: usize = rest[line_end..]
                .split_inclusive('\n')
                .skip(1)
                .take_while(|line| line.trim().is_empty() || indent(line) > own)
                .map(str::len)
                .sum();
            let newline = usize::from(line_end < rest.len());
            Some(start..start + line_end + if block > 0 { newline + block } else { 0 })
        }
        _ => {
            let flow = text[line_start..from].contains(['{', '[']);
            let end = if flow { rest[..line_end].find([',', '}']).unwrap_or(line_end) } else { line_end };
            Some(start..start + end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_and_the_rest_keeps_its_place() {
        for (text, shown) in [
            ("password: Tailwind-7\nid: 1", "password: **********\nid: 1"),
            ("  client_secret: \"a b\" # c", "  client_secret: ** ** # c"),
            ("copilot: { value: Ent~1, expires: x }", "copilot: { value: *****, expires: x }"),
            ("{\"password\": \"p\\\"q\", x: 1}", "{\"password\": ******, x: 1}"),
            ("pasword: hunter2", "pasword: *******"),
            ("password: |\n  one\n  two\nid: 1", "password: *\n  ***\n  ***\nid: 1"),
            ("secrets: { a: b }", "secrets: { a: b }"),
            ("title: pass\u{1b}[31m", "title: pass?[31m"),
            ("password: ü", "password: **"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_changes_its_length_or_panics(text in "(?s).{0,200}") {
            proptest::prop_assert_eq!(masked(&text).len(), text.len());
        }

        #[test]
        fn a_plain_secret_never_shows(secret in "[A-Za-z0-9~._-]{6,30}", key in "(password|client_secret|value)") {
            let text = format!("a:\n  {key}: {secret}\n  b: {{ {key}: {secret}, c: d }}\n");
            proptest::prop_assert!(!masked(&text).contains(&secret));
        }
    }
}
