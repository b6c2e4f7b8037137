//! `--report junit=FILE`: the XML that continuous integration reads. A suite is a file, a case is a step.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use wire::exports::Secrets;

use super::Account;
use super::account::NOT_PLAYABLE;
use crate::play::{Phase, PlayedStep};

/// The document.
///
/// # Errors
/// Never: it is written to memory.
pub fn junit(accounts: &[Account], secrets: Secrets) -> io::Result<String> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    // A comment cannot hold two hyphens in a row; the note has none.
    xml.write_event(Event::Comment(BytesText::new(&format!(" entralab: {} ", secrets.note()))))?;
    let cases: usize = accounts.iter().map(cases).sum();
    let skipped: usize = accounts.iter().map(skipped).sum();
    let failures = accounts.iter().filter(|account| !account.played.passed()).count();
    let time: u64 = accounts.iter().map(duration_us).sum();
    let suites = element(
        "testsuites",
        &[
            ("name", "entralab"),
            ("tests", &cases.to_string()),
            ("failures", &failures.to_string()),
            ("errors", "0"),
            ("skipped", &skipped.to_string()),
            ("time", &seconds(time)),
        ],
    );
    xml.write_event(Event::Start(suites))?;
    for account in accounts {
        suite(&mut xml, account)?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuites")))?;
    let mut text = String::from_utf8(xml.into_inner()).map_err(io::Error::other)?;
    text.push('\n');
    Ok(text)
}

type Xml = Writer<Vec<u8>>;

fn suite(xml: &mut Xml, account: &Account) -> io::Result<()> {
    let played = account.played;
    let failures = u8::from(!played.passed()).to_string();
    let attributes = [
        ("name", played.file.as_str()),
        ("tests", &cases(account).to_string()),
        ("failures", &failures),
        ("errors", "0"),
        ("skipped", &skipped(account).to_string()),
        ("time", &seconds(duration_us(account))),
        ("file", &played.file),
    ];
    xml.write_event(Event::Start(element("testsuite", &attributes)))?;
    for phase in &played.phases {
        for step in &phase.steps {
            case(xml, account, Some((phase, step)))?;
        }
    }
    if account.is_unplayable() {
        case(xml, account, None)?;
    }
    for phase in &played.phases {
        for step in &phase.unplayed {
            let case = case_element(account, &account.step_name(phase, &step.label), 0, step.span.line());
            xml.write_event(Event::Start(case))?;
            xml.write_event(Event::Empty(element("skipped", &[("message", "a step before it failed")])))?;
            xml.write_event(Event::End(BytesEnd::new("testcase")))?;
        }
    }
    xml.write_event(Event::End(BytesEnd::new("testsuite")))
}

/// A played step, or the one that could not be played.
fn case(xml: &mut Xml, account: &Account, step: Option<(&Phase, &PlayedStep)>) -> io::Result<()> {
    let name = step.map_or_else(|| NOT_PLAYABLE.to_owned(), |(phase, step)| account.step_name(phase, &step.label));
    let place = account.failure_place();
    let line = step.map_or_else(|| place.as_ref().map_or(1, |place| place.line), |(_, step)| step.span.line());
    let case = case_element(account, &name, step.map_or(0, |(_, step)| step.duration_us), line);
    let failure = account.failure().filter(|_| step.is_none_or(|(_, step)| account.is_failed(step)));
    let Some(failure) = failure else { return xml.write_event(Event::Empty(case)) };
    xml.write_event(Event::Start(case))?;
    let message = account.headline().unwrap_or_default();
    xml.write_event(Event::Start(element("failure", &[("message", &message), ("type", "expectation")])))?;
    xml.write_event(Event::Text(BytesText::new(&allowed(&failure))))?;
    xml.write_event(Event::End(BytesEnd::new("failure")))?;
    xml.write_event(Event::End(BytesEnd::new("testcase")))
}

fn case_element(account: &Account, name: &str, duration_us: u64, line: usize) -> BytesStart<'static> {
    let attributes = [
        ("classname", account.played.name.as_str()),
        ("name", name),
        ("time", &seconds(duration_us)),
        ("file", &account.played.file),
        ("line", &line.to_string()),
    ];
    element("testcase", &attributes)
}

fn element<'n>(name: &'n str, attributes: &[(&str, &str)]) -> BytesStart<'n> {
    let mut element = BytesStart::new(name);
    for (name, value) in attributes {
        element.push_attribute((*name, allowed(value).as_str()));
    }
    element
}

fn cases(account: &Account) -> usize {
    account.played.steps().count() + usize::from(account.is_unplayable()) + skipped(account)
}

fn skipped(account: &Account) -> usize {
    account.played.phases.iter().map(|phase| phase.unplayed.len()).sum()
}

fn duration_us(account: &Account) -> u64 {
    account.played.steps().map(|step| step.duration_us).sum()
}

fn seconds(microseconds: u64) -> String {
    format!("{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000)
}

/// Text without the characters that XML 1.0 forbids (§2.2), which no escape can express.
fn allowed(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atk_h13_characters_that_xml_forbids_go_away_and_the_rest_is_escaped() {
        let hostile = "a\u{0}\u{1b}[31m\u{8}\u{fffe}\u{ffff}]]><!-- & \"'\u{fffd}\u{1f600}\u{7f}\u{85}\r\n\tz";
        let mut xml = Writer::new(Vec::new());
        xml.write_event(Event::Start(element("t", &[("a", hostile)]))).unwrap();
        xml.write_event(Event::Text(BytesText::new(&allowed(hostile)))).unwrap();
        xml.write_event(Event::End(BytesEnd::new("t"))).unwrap();
        let text = String::from_utf8(xml.into_inner()).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"));
        let root = document.root_element();
        let told = root.text().unwrap();
        assert!(told.starts_with("a[31m]]><!-- & \"'\u{fffd}\u{1f600}") && told.ends_with("\n\tz"), "{told:?}");
        assert!(root.attribute("a").unwrap().starts_with("a[31m]]><!-- & \"'"), "{text:?}");
    }

    #[test]
    fn seconds_are_written_with_all_their_digits() {
        assert_eq!([seconds(0), seconds(1_500), seconds(61_000_001)], ["0.000000", "0.001500", "61.000001"]);
    }
}
