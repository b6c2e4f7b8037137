//! The small commands: `new`, `completions`, `man`, and what all commands do with streams and files that are none.

use std::fs;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::command_line::{entralab, text};

fn in_folder(folder: &tempfile::TempDir, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_entralab"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .current_dir(folder.path())
        .output()
        .expect("entralab runs")
}

#[test]
fn a_new_scenario_is_accepted_by_check_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, file) in [
        (&["new", "my-first"][..], "my-first.scenario.yaml"),
        (&["new", "on-v2", "--base", "article-v2"], "on-v2.scenario.yaml"),
        (&["new", "copied.scenario.yml", "--from", "wrong-secret"], "copied.scenario.yml"),
    ] {
        let output = in_folder(&folder, arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stdout).contains(&format!("entralab run {file}")), "{}", text(&output.stdout));
        for command in ["check", "run"] {
            let output = in_folder(&folder, &[command, file]);
            let said = text(&output.stdout) + &text(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{command} {file}: {said}");
        }
        assert!(fs::read_to_string(folder.path().join(file)).unwrap().starts_with('#'), "{file} has no comment");
    }
}

#[test]
fn new_never_writes_over_a_file_unless_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.scenario.yaml");
    fs::write(&file, "dear to me").unwrap();
    let refused = in_folder(&folder, &["new", "mine"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(said.contains("mine.scenario.yaml is there already") && said.contains("--force"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "dear to me");
    assert_eq!(in_folder(&folder, &["new", "mine", "--force"]).status.code(), Some(0));
    assert!(fs::read_to_string(&file).unwrap().contains("title: \"mine\""));
    let said = text(&in_folder(&folder, &["run", "mine"]).stderr);
    assert!(said.contains("did you mean mine.scenario.yaml?"), "{said}");
}

/// What is printed to be pasted can be pasted.
#[cfg(unix)]
#[test]
fn names_that_a_shell_would_take_apart_are_quoted() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a b", "it's", "$HOME", "-x", "--", "a;b", "ü"] {
        let output = in_folder(&folder, &["new", "--", name]);
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output.stderr));
        let typed = said.lines().find_map(|line| line.trim().strip_prefix("entralab run ")?.strip_suffix("plays it"));
        let script = format!("printf '%s|' {}", typed.unwrap_or_else(|| panic!("{said}")));
        let read = Command::new("sh").args(["-c", &script]).current_dir(&folder).output().unwrap();
        let read = text(&read.stdout);
        let file = read.trim_end_matches('|').trim_start_matches("./");
        assert_eq!(file, format!("{name}.scenario.yaml"), "{script}");
        assert!(folder.path().join(file).exists(), "{file}");
    }
}

#[test]
fn new_refuses_what_is_not_bundled_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, said) in [
        (&["new", "x", "--from", "wrong-secrt"][..], "did you mean wrong-secret?"),
        (&["new", "x", "--from", "article"], "--base article"),
        (&["new", "x", "--base", "articl"], "article"),
        (&["new", "x", "--base", "the-article"], "scenario"),
        (&["new", ".."], "'..' is a folder, and no name of a file"),
        (&["new", "../../.."], "is a folder, and no name of a file\nfix: write the name of a file in it"),
        (&["new", "mine/"], "is a folder, and no name of a file"),
        (&["new", "mine/."], "is a folder, and no name of a file"),
        (&["new", "a\u{1b}b"], "holds a control character\nfix: entralab new my-first"),
        (&["new", "a\nb"], "holds a control character"),
    ] {
        let output = in_folder(&folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(said), "{arguments:?}: {}", text(&output.stderr));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let output = in_folder(&folder, &["new", "nowhere/x"]);
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    assert!(said.contains("there is no folder nowhere\nfix: make the folder first"), "{said}");
}

#[cfg(unix)]
#[test]
fn completions_are_scripts_that_their_shell_reads() {
    let script = entralab(&["completions", "bash"]).stdout;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("entralab.bash");
    fs::write(&file, &script).unwrap();
    let bash = Command::new("bash").arg("-n").arg(&file).output().expect("bash runs");
    assert!(bash.status.success(), "{}", text(&bash.stderr));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = text(&entralab(&["completions", shell]).stdout);
        assert!(script.contains("doctor") && script.contains("port-base"), "{shell}");
    }
    assert_eq!(entralab(&["completions", "basch"]).status.code(), Some(2));
}

#[test]
fn the_manual_has_a_name_and_a_page_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let output = in_folder(&folder, &["man", "-o", "man1"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let first = text(&entralab(&["man"]).stdout);
    assert!(first.contains(".SH NAME"), "{first}");
    let help = text(&entralab(&["--help"]).stdout);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // a line that begins further in goes on from the one before it
    let own = commands.filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
    let commands: Vec<&str> = own.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.contains(&"run") && commands.contains(&"man"), "{commands:?}");
    for command in commands.into_iter().filter(|command| *command != "help") {
        assert!(first.contains(&format!("entralab\\-{command}(1)")), "{command} is not named in\n{first}");
        let page = fs::read_to_string(folder.path().join(format!("man1/entralab-{command}.1"))).unwrap();
        let name = page.lines().skip_while(|line| *line != ".SH NAME").nth(1).unwrap_or_default();
        assert!(name.starts_with(&format!("entralab\\-{command} \\- ")), "{name}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_stdout_exits_3_with_a_sentence_and_a_reader_who_left_does_not() {
    for arguments in [&["list"][..], &["schema"], &["explain", "AADSTS50011"], &["run", "wrong-secret"], &["--help"]] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_entralab")).args(arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        assert!(text(&output.stderr).starts_with("cannot write to stdout: "), "{}", text(&output.stderr));
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_entralab")).arg("schema").stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_and_never_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.scenario.yaml");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (name, kind) in [(pipe.to_str().unwrap(), "a pipe"), ("/dev/null", "a pipe, a device")] {
        for command in ["check", "run", "up"] {
            let output = Command::new(env!("CARGO_BIN_EXE_entralab"))
                .args([command, name])
                .env("ENTRALAB_DATA_DIR", folder.path().join("lab"))
                .stdin(Stdio::null())
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(2), "{command} {name}");
            let said = text(&output.stdout) + &text(&output.stderr);
            assert!(said.contains(kind) && said.contains("name an ordinary file"), "{command} {name}: {said}");
        }
    }
}

#[test]
fn a_file_in_error_does_not_keep_the_others_from_being_played() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("broken.scenario.yaml"), "scenario: 1\n").unwrap();
    fs::write(folder.path().join("empty.scenario.yaml"), "").unwrap();
    fs::create_dir(folder.path().join("nothing-here")).unwrap();
    let output = in_folder(
        &folder,
        &[
            "run",
            "--json",
            "broken.scenario.yaml",
            "wrong-secret",
            "no-such-file",
            "nothing-here",
            "empty.scenario.yaml",
        ],
    );
    assert_eq!(output.status.code(), Some(2));
    let summary: Value = serde_json::from_slice(&output.stdout).expect("the others were played");
    assert_eq!((&summary["passed"], &summary["failed"]), (&1.into(), &0.into()), "{summary}");
    let error: Value = serde_json::from_str(text(&output.stderr).trim()).expect("one JSON line");
    let message = error["error"]["message"].as_str().unwrap();
    let shown = ["broken.scenario.yaml", "no-such-file", "nothing-here", "entralab show the-article", "entralab new"];
    for expected in shown {
        assert!(message.contains(expected), "no {expected} in:\n{message}");
    }
}

#[test]
fn a_name_that_is_neither_file_nor_bundled_is_told_with_the_nearest() {
    for arguments in [["run", "the-articl"], ["check", "the-articl"], ["show", "the-articl"]] {
        let output = entralab(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(said.contains("did you mean the-article?"), "{arguments:?}: {said}");
    }
    let said = text(&entralab(&["run", "the-articl"]).stderr);
    assert!(said.contains("neither a file nor a bundled scenario"), "{said}");
}
