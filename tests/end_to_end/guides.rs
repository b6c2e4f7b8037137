//! The commands of the guides and of the README do what is shown there.
//!
//! A fenced block says by its first words what it is:
//! - `console`: `$ entralab …` lines (or `$ cargo run --release -- …`), run one after the other in the guide's folder.
//!   `# exit 1` at the end of a line is the expected exit code, 0 where none is written. The lines below a command occur in its
//!   output in that order; `…` stands for anything. `up` runs until the end of its block.
//! - `yaml file=NAME` and the like: written to that file of the guide's folder.
//! - `sh ci`: each line is a command of `.ci/run`.
//! - `text` and `mermaid`: no command. A block of anything else says `not-run`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::command_line::text;

/// How often a lab's ready file is looked for before it counts as never ready, and how long between two looks.
const LOOKS: u32 = 3000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// A fenced block of a guide.
struct Block {
    /// The line of the opening fence, from 1.
    line: usize,
    info: Vec<String>,
    lines: Vec<String>,
}

fn blocks(guide: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = guide.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if let Some(info) = line.trim_start().strip_prefix("```") {
            let info = info.split_whitespace().map(str::to_owned).collect();
            let inside = lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim_start() != "```");
            blocks.push(Block { line: index + 1, info, lines: inside.map(str::to_owned).collect() });
        }
    }
    blocks
}

/// A command of a `console` block.
struct Shown {
    variables: Vec<(String, String)>,
    arguments: Vec<String>,
    exit: i32,
    output: Vec<String>,
}

impl Shown {
    /// A line after its `$ `. An error where it is no command that could be run here.
    fn of(line: &str) -> Result<Self, String> {
        let (command, exit) = match line.split_once("# exit ") {
            Some((command, code)) => (command, code.trim().parse().map_err(|_| format!("no exit code in: {line}"))?),
            None => (line, 0),
        };
        if command.contains(['|', '>', '<', ';', '&', '"', '\'', '\\', '*']) {
            return Err(format!("a shell would be needed for: {line}"));
        }
        let command = command.replacen("cargo run --release -- ", "entralab ", 1);
        let mut words = command.split_whitespace().map(str::to_owned).peekable();
        let mut variables = Vec::new();
        while let Some((name, value)) = words.peek().and_then(|word| word.split_once('=')) {
            variables.push((name.to_owned(), value.to_owned()));
            words.next();
        }
        if words.next().as_deref() != Some("entralab") {
            return Err(format!("not a command of entralab: {line}"));
        }
        Ok(Self { variables, arguments: words.collect(), exit, output: Vec::new() })
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_entralab"));
        command.args(&self.arguments).current_dir(folder).env("NO_COLOR", "1");
        command.env("ENTRALAB_DATA_DIR", folder.join("lab")).env("ENTRALAB_PORT_BASE", "0");
        command.env("ENTRALAB_READY_FILE", folder.join(".ready.json"));
        command.env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Where a lab that this starts says that it is ready.
    fn ready_file(&self, folder: &Path) -> PathBuf {
        let flag = self.arguments.iter().position(|argument| argument == "--ready-file");
        let named = flag.and_then(|index| self.arguments.get(index + 1));
        folder.join(named.map_or(".ready.json", String::as_str))
    }

    /// What is shown and did not come.
    fn missing(&self, said: &str) -> Option<String> {
        let mut lines = said.lines();
        let shown = self.output.iter().map(|line| line.trim()).filter(|line| !line.is_empty() && *line != "…");
        shown.into_iter().find(|line| !lines.any(|said| occurs(line, said))).map(str::to_owned)
    }
}

/// Whether the parts of `shown` between its `…` stand in `said`, in that order.
fn occurs(shown: &str, said: &str) -> bool {
    let mut rest = said;
    shown.split('…').all(|part| match rest.split_once(part.trim()) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

/// A lab that a block started; it ends with the block.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _already_gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Starts `up` and waits until it is ready; what it wrote is in the file.
fn start(shown: &Shown, folder: &Path) -> Result<(Running, String), String> {
    let ready = shown.ready_file(folder);
    let _none_yet = std::fs::remove_file(&ready);
    let output = folder.join(".up.txt");
    let file = || std::fs::OpenOptions::new().create(true).append(true).open(&output).map(Stdio::from);
    let _none_yet = std::fs::remove_file(&output);
    let child = shown.command(folder).stdout(file().unwrap()).stderr(file().unwrap()).spawn().unwrap();
    let mut running = Running(child);
    let said = || std::fs::read_to_string(&output).unwrap_or_default();
    for _ in 0..LOOKS {
        // The banner is the last that it says.
        if ready.exists() && shown.missing(&said()).is_none() {
            return Ok((running, said()));
        }
        if running.0.try_wait().unwrap().is_some() {
            return Err(format!("ended:\n{}", said()));
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    Err(format!("not ready, or not as shown ({:?}):\n{}", shown.missing(&said()), said()))
}

/// Runs a `console` block; what is not as shown.
fn play(block: &Block, folder: &Path) -> Result<(), String> {
    let mut commands: Vec<Shown> = Vec::new();
    for line in &block.lines {
        match (line.trim_start().strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push(Shown::of(command)?),
            (None, Some(command)) => command.output.push(line.clone()),
            (None, None) => return Err("a console block begins with a command".to_owned()),
        }
    }
    let mut running = Vec::new();
    for shown in &commands {
        let told = shown.arguments.join(" ");
        if shown.arguments.first().is_some_and(|name| name == "up") && shown.exit == 0 {
            running.push(start(shown, folder).map_err(|error| format!("entralab {told}: {error}"))?);
            continue;
        }
        let output = shown.command(folder).output().unwrap();
        let said = text(&output.stdout) + &text(&output.stderr);
        if output.status.code() != Some(shown.exit) {
            return Err(format!("entralab {told}: {}, and the guide says {}:\n{said}", output.status, shown.exit));
        }
        if let Some(line) = shown.missing(&said) {
            return Err(format!("entralab {told}: the guide shows a line that does not come:\n{line}\nin\n{said}"));
        }
    }
    Ok(())
}

fn judge(block: &Block, folder: &Path, ci: &str) -> Result<(), String> {
    let info: Vec<&str> = block.info.iter().map(String::as_str).collect();
    match info.as_slice() {
        ["console"] => play(block, folder),
        [_, file] if file.starts_with("file=") => {
            let file = folder.join(&file["file=".len()..]);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, block.lines.join("\n") + "\n").unwrap();
            Ok(())
        }
        ["sh", "ci"] => match block.lines.iter().find(|line| !ci.lines().any(|command| command == line.as_str())) {
            Some(line) => Err(format!(".ci/run does not run: {line}")),
            None => Ok(()),
        },
        ["text" | "mermaid"] | [_, "not-run"] => Ok(()),
        _ => Err(format!("'{}': say console, file=NAME, ci or not-run", info.join(" "))),
    }
}

/// The guides and the README, with their texts.
fn guides() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    files.push(root.join("README.md"));
    files.sort();
    files.into_iter().map(|file| (file.clone(), std::fs::read_to_string(file).unwrap())).collect()
}

#[test]
fn every_block_of_the_guides_does_what_is_shown() {
    let ci = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/run")).unwrap();
    let ci = ci.replace(" --locked", "");
    let mut wrong = Vec::new();
    let mut commands = 0;
    for (file, guide) in guides() {
        let folder = tempfile::tempdir().unwrap();
        for block in blocks(&guide) {
            commands += block.lines.iter().filter(|line| line.starts_with("$ ")).count();
            if let Err(error) = judge(&block, folder.path(), &ci) {
                wrong.push(format!("{}:{}: {error}", file.display(), block.line));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(commands > 20, "only {commands} commands were found in the guides");
}

#[test]
fn every_link_of_the_guides_leads_to_a_file() {
    for (file, guide) in guides() {
        for target in guide.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            let is_file = path.is_empty() || path.contains("://") || file.with_file_name(path).exists();
            assert!(is_file, "{}: nothing is at {target}", file.display());
        }
    }
}

#[test]
fn a_line_that_is_not_in_the_output_is_missed() {
    let shown = |lines: &[&str]| Shown {
        output: lines.iter().map(|line| (*line).to_owned()).collect(),
        ..Shown::of("entralab run  # exit 1").unwrap()
    };
    let said = "first line\n  second line 12 ms\n";
    assert_eq!(shown(&["first line", "…", "second … ms"]).missing(said), None);
    assert_eq!(shown(&["second line", "first line"]).missing(said).as_deref(), Some("first line"));
    assert_eq!(shown(&["line … second"]).missing(said).as_deref(), Some("line … second"));
    assert_eq!((shown(&[]).exit, shown(&[]).arguments.len()), (1, 1));
    assert!(Shown::of("entralab schema > file").is_err() && Shown::of("rm -r x").is_err());
}
