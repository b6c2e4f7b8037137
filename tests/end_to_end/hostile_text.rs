//! What hostile files and servers say, on a terminal: row H15 of the attack checklist.

use std::fs;
use std::path::Path;
use std::process::Command;

/// ESC in both spellings, OSC 8 and 52, a carriage return, a bell, and changes of direction.
const HOSTILE: &str =
    "\\e]8;;https://evil.test\\e\\\\link\\e[2J \\e]52;c;aGk=\\a \\x9b31m \\r \\u202egnp.exe\\u2066 \\u061c \\x7f";

/// A character that a terminal obeys, or that moves what follows it.
fn acts(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Runs the command as a user at a terminal without colours would, and on GitHub, and reads both streams.
fn assert_inert(folder: &Path, arguments: &[&str], told: &str) {
    for on_github in ["", "true"] {
        let output = Command::new(env!("CARGO_BIN_EXE_entralab"))
            .args(arguments)
            .current_dir(folder)
            .env("NO_COLOR", "1")
            .env("GITHUB_ACTIONS", on_github)
            .env("GITHUB_STEP_SUMMARY", folder.join("summary.md"))
            .output()
            .unwrap();
        let mut shown = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        shown.push_str(&fs::read_to_string(folder.join("summary.md")).unwrap_or_default());
        assert!(shown.contains(told), "{arguments:?} does not speak of {told}:\n{shown}");
        if let Some(place) = shown.find(acts) {
            let around: String = shown[place..].chars().take(30).collect();
            panic!("{arguments:?} shows {around:?} in {shown:?}");
        }
    }
}

#[test]
fn atk_h15_nothing_that_a_server_or_a_file_says_acts_on_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = format!(
        "scenario: 1\ntitle: \"Title {HOSTILE}\"\nteaches: \"Lesson {HOSTILE}\"\nworld: {{ base: article }}\n\
         steps:\n  - connect: {{ as: megan }}\n  - fault: {{ at: mcp, times: 9, status: 500, body: \"Server {HOSTILE}\" }}\n  \
         - http: {{ get: \"${{world.gate.url}}/Path {HOSTILE}\" }}\n  - ask: \"Question {HOSTILE}\"\n    \
         expect: {{ tool: \"Hope {HOSTILE}\" }}\n  - ask: \"Later {HOSTILE}\"\n"
    );
    // A file's name can hold anything on some systems, and a scenario is called after its file.
    #[cfg(unix)]
    let name = "na\u{1b}]52;c;aGk=\u{7}me\u{202e}\u{9b}.scenario.yaml";
    #[cfg(not(unix))]
    let name = "na\u{202e}me.scenario.yaml";
    fs::write(folder.path().join(name), scenario).unwrap();
    for arguments in [
        &["run", name][..],
        &["run", "-v", name],
        &["run", "-q", name],
        &["run", "--json", name],
        &["run", "--json", "--events", name],
        &["check", name],
        &["check", "--json", name],
        &["run", "."],
    ] {
        assert_inert(folder.path(), arguments, "me");
    }
    assert_inert(folder.path(), &["run", "-v", name], "Server ");
    assert_inert(folder.path(), &["run", name.trim_end_matches(".scenario.yaml")], "did you mean na");

    fs::write(folder.path().join(name), format!("scenario: 1\n\"Unknown {HOSTILE}\": \"Value {HOSTILE}\"\n")).unwrap();
    for arguments in
        [&["run", name][..], &["run", "--json", name], &["check", name], &["check", "--json", name], &["up", name]]
    {
        assert_inert(folder.path(), arguments, "Unknown ");
    }
    fs::create_dir(folder.path().join("empty\u{202e}")).unwrap();
    assert_inert(folder.path(), &["run", "empty\u{202e}"], "no *.scenario.yaml file");
    let report = format!("tap={name}/report.tap");
    assert_inert(folder.path(), &["run", "the-article", "--report", &report], "cannot write na");
}

#[test]
fn atk_h15_nor_does_an_argument_in_what_is_said_of_the_command_line() {
    let hostile = "--\u{1b}]52;c;aGk=\u{7}\u{202e}";
    for arguments in [&["run", hostile][..], &[hostile], &["gate", "--upstream", hostile], &["run", "--json", hostile]]
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_entralab"));
        // as at a terminal with colours
        let output = command.args(arguments).env("CLICOLOR_FORCE", "1").env_remove("NO_COLOR").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said:?}");
        assert!(said.contains("--") && !said.contains(acts), "{said:?}");
    }
}
