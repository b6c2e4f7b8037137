//! Text that a server sent, made safe to show.

use wire::steering::turns_text;

/// The longest text that is shown, in characters.
const LIMIT_CHARS: usize = 1000;

/// `text` in one line, without control and direction-changing characters, cut where it is too long.
#[must_use]
pub fn inert(text: &str) -> String {
    let shown = text.chars().filter(|c| !turns_text(*c) && (!c.is_control() || c.is_whitespace()));
    let mut line: String =
        shown.take(4 * LIMIT_CHARS).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(LIMIT_CHARS) {
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atk_f09_text_of_a_server_is_cut_and_cannot_steer_a_terminal() {
        assert_eq!(inert("a\u{1b}[31m b\r\n c\u{202e}d\0"), "a[31m b cd");
        assert_eq!(inert("<script>alert(1)</script>"), "<script>alert(1)</script>", "escaping is the page's business");
        let long = inert(&"é".repeat(10_240));
        assert_eq!(long.chars().count(), LIMIT_CHARS + 1);
        assert!(long.ends_with('…'));
    }
}
