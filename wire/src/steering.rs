//! Characters that steer what reads them, instead of standing for something.

/// Whether `c` changes the direction or the lines of the text around it: the controls of Unicode's bidirectional algorithm
/// (UAX #9), its line and paragraph separators, and the byte order mark.
#[must_use]
pub fn turns_text(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

/// Whether a terminal obeys `c`, or shows what follows it in another place (CWE-150). Tab and newline are among them.
#[must_use]
pub fn steers_terminal(c: char) -> bool {
    c.is_control() || turns_text(c)
}
