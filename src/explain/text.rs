//! An explanation as a person reads it in a terminal.

use mock_idp::error::meaning::Fix;

use super::Explanation;
use crate::report::terminal::Paint;

/// How wide the text is, in characters.
const WIDTH: usize = 92;

/// The whole explanation.
#[must_use]
pub fn rendered(explanation: &Explanation, paint: Paint) -> String {
    let mut text = format!("{}\n", paint.bold(&explanation.name));
    paragraph(&mut text, "  ", "  ", &explanation.means);
    let mut part = |heading: &str, lines: &dyn Fn(&mut String)| {
        text.push_str(&format!("\n{}\n", paint.bold(heading)));
        lines(&mut text);
    };
    if !explanation.shows.is_empty() {
        part("where it shows", &|text| explanation.shows.iter().for_each(|place| paragraph(text, "  ", "    ", place)));
    }
    if !explanation.causes.is_empty() {
        part("causes, the likeliest first", &|text| {
            numbered(text, &explanation.causes, |text, cause, first| {
                paragraph(text, first, "     ", cause);
            })
        });
    }
    if !explanation.fixes.is_empty() {
        part("what mends it", &|text| numbered(text, &explanation.fixes, one_fix));
    }
    if !explanation.scenarios.is_empty() {
        part("see it happen", &|text| {
            for scenario in &explanation.scenarios {
                paragraph(text, &format!("  entralab run {}  ", scenario.name), "      ", &scenario.title);
            }
        });
    }
    if !explanation.see_also.is_empty() {
        part("see also", &|text| paragraph(text, "  ", "  ", &explanation.see_also.join(", ")));
    }
    text
}

fn numbered<T>(text: &mut String, items: &[T], write: impl Fn(&mut String, &T, &str)) {
    for (place, item) in items.iter().enumerate() {
        write(text, item, &format!("  {:<3}", format!("{}.", place + 1)));
    }
}

fn one_fix(text: &mut String, fix: &Fix, first: &str) {
    paragraph(text, first, "     ", &fix.action);
    for (name, value) in [("portal", &fix.portal), ("cli", &fix.cli), ("world", &fix.world)] {
        if let Some(value) = value {
            paragraph(text, &format!("     {name:<6}  "), "             ", value);
        }
    }
}

/// Words in lines of at most [`WIDTH`] characters; a longer word has a line for itself.
fn paragraph(text: &mut String, first: &str, rest: &str, words: &str) {
    let mut line = first.to_owned();
    let mut has_words = false;
    for word in words.split_whitespace() {
        if has_words && line.chars().count() + 1 + word.chars().count() > WIDTH {
            text.push_str(line.trim_end());
            text.push('\n');
            line = rest.to_owned();
            has_words = false;
        }
        if has_words {
            line.push(' ');
        }
        line.push_str(word);
        has_words = true;
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::{explain, names};

    #[test]
    fn every_explanation_fits_a_terminal() {
        for name in names() {
            let explanation = explain(name).unwrap();
            let text = rendered(&explanation, Paint { colored: false });
            // the parameters of a request stay as they are
            for line in text.lines().filter(|line| !line.contains(" = ")) {
                let is_one_word = line.split_whitespace().count() == 1;
                assert!(line.chars().count() <= 100 || is_one_word, "{name}: {line}");
                assert_eq!(line.trim_end(), line, "{name}");
            }
        }
    }
}
