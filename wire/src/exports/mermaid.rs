//! A Mermaid sequence diagram (<https://mermaid.js.org/syntax/sequenceDiagram.html>).
//!
//! A solid arrow is the front channel, a dotted one the back channel; a cross at its end is a refusal.

use super::{Secrets, Section};
use crate::steering::turns_text;
use crate::{Channel, Exchange, Party};

/// With more messages than this the sections are folded to a note each: renderers refuse long diagrams (Mermaid's own
/// limits are 50,000 characters and 500 edges).
const MOST_MESSAGES: usize = 120;

/// The longest diagram: what does not fit any more is counted in a last note.
const LONGEST_TEXT_BYTES: usize = 45_000;

/// The longest label, in characters.
const LONGEST_LABEL: usize = 120;

/// The lanes, from left to right; those that nobody uses are left out.
const LANES: [(Party, &str); 7] = [
    (Party::Browser, "Browser"),
    (Party::Client, "Client"),
    (Party::Connector, "Connector"),
    (Party::Idp, "Identity provider"),
    (Party::Gate, "Gate"),
    (Party::Mcp, "MCP server"),
    (Party::Unmapped, "Nobody"),
];

/// The diagram of `sections`, one box each.
#[must_use]
pub fn mermaid(sections: &[Section], secrets: Secrets) -> String {
    let exchanges = || sections.iter().flat_map(|section| &section.exchanges);
    let uses = |party| exchanges().any(|exchange| exchange.from == party || exchange.to == party);
    let used: Vec<_> = LANES.into_iter().filter(|(party, _)| uses(*party)).collect();
    let mut text = format!("%% entralab: {}\nsequenceDiagram\n    autonumber\n", secrets.note());
    for (party, name) in &used {
        text.push_str(&format!("    participant {party} as {name}\n"));
    }
    let (Some((first, _)), Some((last, _))) = (used.first(), used.last()) else {
        text.push_str("    participant nobody as Nothing was sent\n");
        return text;
    };
    let folded = exchanges().count() > MOST_MESSAGES;
    for (index, section) in sections.iter().enumerate() {
        let drawn = boxed(section, first, last, folded);
        if text.len() + drawn.len() > LONGEST_TEXT_BYTES {
            text.push_str(&format!(
                "    Note over {first},{last}: {} more steps are not drawn\n",
                sections.len() - index
            ));
            break;
        }
        text.push_str(&drawn);
    }
    text
}

/// A section as a box with its title, folded to what was refused in it where it is long.
fn boxed(section: &Section, first: &Party, last: &Party, folded: bool) -> String {
    let (title, count) = (label(&section.title), section.exchanges.len());
    let mut text = "    rect rgba(128, 144, 168, 0.12)\n".to_owned();
    if folded && count > 2 {
        text.push_str(&format!("    Note over {first},{last}: {title} ({count} messages)\n"));
        refusals(section).for_each(|exchange| text.push_str(&message(exchange)));
    } else {
        text.push_str(&format!("    Note over {first},{last}: {title}\n"));
        section.exchanges.iter().for_each(|exchange| text.push_str(&message(exchange)));
    }
    text.push_str("    end\n");
    text
}

fn refusals(section: &Section) -> impl Iterator<Item = &Exchange> {
    section.exchanges.iter().filter(|exchange| exchange.checks.refusal().is_some())
}

/// One exchange as one arrow, with a note where it was refused.
fn message(exchange: &Exchange) -> String {
    let refusal = exchange.checks.refusal();
    let arrow = match (exchange.channel, refusal.is_some() || exchange.failure.is_some()) {
        (Channel::Front, false) => "->>",
        (Channel::Back, false) => "-->>",
        (Channel::Front, true) => "-x",
        (Channel::Back, true) => "--x",
    };
    let status = exchange.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let (from, to) = (exchange.from, exchange.to);
    let what = label(&format!("{} {} ({status})", exchange.method, exchange.path()));
    let mut text = format!("    {from}{arrow}{to}: {what}\n");
    let mut note = |lines: &[String]| text.push_str(&format!("    Note right of {to}: {}\n", lines.join("<br/>")));
    if let Some(refusal) = refusal {
        let (expected, received) = (label(&refusal.expected), label(&refusal.received));
        note(&[
            label(&format!("refused: {}", refusal.check)),
            format!("expected {expected}"),
            format!("received {received}"),
        ]);
    }
    if let Some(failure) = &exchange.failure {
        note(&[label(failure)]);
    }
    text
}

/// Text as a label that is only text: what Mermaid, Markdown or HTML could read as anything else becomes a character
/// code, and a label stays on its line.
fn label(text: &str) -> String {
    let mut label = String::new();
    let mut words = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == LONGEST_LABEL {
            end_word(&mut label, &mut words);
            label.push('…');
            return label;
        }
        if c.is_ascii_alphabetic() {
            words.push(c);
            continue;
        }
        end_word(&mut label, &mut words);
        match c {
            '0'..='9' | ' ' | '/' | '.' | ',' | '_' | '-' | '(' | ')' | '=' | '\'' | '?' => label.push(c),
            c if c.is_control() || turns_text(c) => label.push(' '),
            c if c.is_ascii() => label.push_str(&format!("#{};", u32::from(c))),
            c => label.push(c),
        }
    }
    end_word(&mut label, &mut words);
    label
}

/// A word that Mermaid would take for its own (`end` closes a box, wherever it stands) is spelt with a character code.
fn end_word(label: &mut String, word: &mut String) {
    if word.eq_ignore_ascii_case("end") {
        label.push_str(&word[..2]);
        label.push_str(&format!("#{};", word.as_bytes()[2]));
    } else {
        label.push_str(word);
    }
    word.clear();
}

#[cfg(test)]
mod tests {
    use super::super::tests::hostile;
    use super::*;

    /// What a line of a diagram may be; anything else would be markup that came from outside.
    fn is_own(line: &str) -> bool {
        let line = line.trim_start();
        let parties = ["browser", "client", "connector", "idp", "gate", "mcp", "unmapped"];
        let label = |text: &str| {
            let text = text.replace("<br/>", " "); // the breaks in notes are the diagram's own
            let without_codes = text.split('#').enumerate().all(|(index, part)| {
                let digits = part.find(';').map_or("", |end| &part[..end]);
                index == 0 || (!digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()))
            });
            without_codes
                && text.matches(';').count() == text.matches('#').count()
                && !text.contains(['<', '>', '%', '`', '"', '{', ':'])
        };
        if ["sequenceDiagram", "autonumber", "end", "rect rgba(128, 144, 168, 0.12)"].contains(&line) {
            return true;
        }
        if line.starts_with("%% entralab: ") || line.starts_with("participant ") {
            return true;
        }
        let Some((head, text)) = line.split_once(": ") else { return false };
        let own_head = head.strip_prefix("Note over ").or(head.strip_prefix("Note right of ")).map_or_else(
            || {
                parties.iter().any(|from| {
                    parties
                        .iter()
                        .any(|to| ["->>", "-->>", "-x", "--x"].iter().any(|arrow| head == format!("{from}{arrow}{to}")))
                })
            },
            |lanes| lanes.split(',').all(|lane| parties.contains(&lane)),
        );
        own_head && label(text)
    }

    #[test]
    fn atk_h16_hostile_text_stays_a_label() {
        let sections = [Section { title: "end; click x\n%%{init: {}}%%".into(), exchanges: vec![hostile()] }];
        let text = mermaid(&sections, Secrets::Replaced);
        for line in text.lines() {
            assert!(is_own(line), "{line}\nin\n{text}");
        }
        assert_eq!(text.lines().filter(|line| line.trim() == "end").count(), 1, "{text}");
        assert!(text.contains("browser-xidp: GET "), "{text}");
    }

    #[test]
    fn labels_keep_what_is_plain_and_encode_what_acts() {
        assert_eq!(label("GET /common/oauth2/authorize (200)"), "GET /common/oauth2/authorize (200)");
        assert_eq!(label("end"), "en#100;");
        assert_eq!(label("the end: #1;"), "the en#100;#58; #35;1#59;");
        assert_eq!(label("weekend, Zürich"), "weekend, Zürich");
        assert_eq!(label(&"x".repeat(500)).chars().count(), LONGEST_LABEL + 1);
    }

    #[test]
    fn a_long_run_is_folded_to_a_note_for_each_step_but_shows_what_was_refused() {
        let plain = Exchange { checks: crate::Checks::default(), ..hostile() };
        let mut exchanges = vec![plain; MOST_MESSAGES];
        exchanges.push(hostile());
        let text = mermaid(&[Section { title: "many".into(), exchanges }], Secrets::Included);
        assert!(
            text.lines().count() < 12 && text.contains("(121 messages)") && text.contains("browser-xidp"),
            "{text}"
        );
        assert!(text.starts_with("%% entralab: THIS FILE HOLDS SECRETS"));
    }

    #[test]
    fn a_diagram_stays_below_what_renderers_take() {
        let section = Section { title: "one of many".into(), exchanges: vec![hostile()] };
        let text = mermaid(&vec![section; 2000], Secrets::Replaced);
        assert!(text.len() < 50_000 && text.ends_with("more steps are not drawn\n"), "{}", text.len());
        assert_eq!(text.matches("    rect ").count(), text.matches("\n    end\n").count());
    }
}
