//! The command line: one module for each command.

use std::io::{ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde_json::json;
use wire::steering::steers_terminal;

use crate::report::visible::visible;

mod check;
mod completions;
mod connect;
mod doctor;
mod env;
mod exec;
mod explain;
mod list;
mod listening;
mod lone;
mod man;
mod new;
mod output_file;
mod ready;
mod record;
mod report_files;
mod reset;
mod run;
mod running;
mod schema;
mod settings;
mod show;
mod status;
mod stop_signal;
mod token;
mod up;
mod variables;

/// A local Microsoft Entra ID, Copilot Studio's connector, an Easy-Auth-like gate and an MCP server: offline.
#[derive(Debug, Parser)]
#[command(name = "entralab", version, about, max_term_width = 100)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Flags that every command takes.
#[derive(Clone, Copy, Debug, Args)]
struct Common {
    /// One JSON document on stdout instead of text; an error is one JSON line on stderr.
    #[arg(long, global = true)]
    json: bool,
    /// Colours: `auto` follows NO_COLOR, CLICOLOR_FORCE and the terminal.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
    /// Less text.
    #[arg(short, long, global = true)]
    quiet: bool,
    /// More text.
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ColorChoice {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Plays scenarios offline and checks them; all bundled ones when none is named.
    Run(run::Options),
    /// Starts the lab and stays: identity provider, gate with MCP server, connector.
    Up(up::Options),
    /// Starts the identity provider alone.
    Idp(lone::IdentityProviderOptions),
    /// Starts the gate alone, in front of your own server.
    Gate(lone::GateOptions),
    /// Starts the MCP server alone, with no gate in front: everybody on this machine may ask it.
    Mcp(lone::McpOptions),
    /// Runs a program of yours against a lab that has the cloud's own names; ends with the program's exit code.
    Exec(exec::Options),
    /// Is the connector against a running lab: signs in, tests the operation, lists the tools, asks.
    Connect(connect::Options),
    /// Prints the variables, and the settings of an SDK, that point a program at the running lab.
    Env(env::Options),
    /// Reads scenario files and judges them without starting anything.
    Check(check::Options),
    /// Explains an AADSTS code or a named check: causes, fixes, and the scenario that reproduces it.
    Explain(explain::Options),
    /// Begins a scenario of your own: a file with comments that passes as it is.
    New(new::Options),
    /// Writes what was done on the page of a running lab as a scenario file.
    Record(record::Options),
    /// Lists the bundled scenarios and worlds.
    List,
    /// Prints a bundled scenario or world.
    Show(show::Options),
    /// Prints the JSON Schema of scenario files.
    Schema,
    /// Makes an access token in a running lab, good or with a flaw, and prints it.
    Token(token::Options),
    /// Brings a running lab back to where it began.
    Reset(reset::Options),
    /// Says whether a lab is running, and where.
    Status(status::Options),
    /// Looks at this machine: is it fit for a lab, and what mends it.
    Doctor(doctor::Options),
    /// Prints the completion script for a shell.
    Completions(completions::Options),
    /// Prints the manual page, or writes one for each command.
    Man(man::Options),
}

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All as expected.
    Ok,
    /// An expectation failed.
    Failed,
    /// The command line or a file is in error.
    Usage,
    /// The machine is: a port is taken, a folder not writable, nothing is running.
    Environment,
    /// This is our bug.
    Bug,
    /// Interrupted before it was done.
    Interrupted,
    /// As the program that was run ended.
    Program(u8),
}

impl Exit {
    /// The process's exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Environment => 3,
            Self::Bug => 70,
            Self::Interrupted => 130,
            Self::Program(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// An error that ends a command.
#[derive(Debug)]
struct Failure {
    exit: Exit,
    /// Stable, for scripts.
    code: &'static str,
    message: String,
}

impl Failure {
    fn new(exit: Exit, code: &'static str, message: impl ToString) -> Self {
        Self { exit, code, message: visible(&message.to_string()) }
    }

    /// One whose message is painted for a terminal, and safe on it.
    fn painted(exit: Exit, code: &'static str, message: String) -> Self {
        Self { exit, code, message }
    }

    /// Says it on stderr.
    fn tell(&self, common: Common) {
        self.tell_as(common.json);
    }

    fn tell_as(&self, json: bool) {
        if json {
            let mut error = json!({ "code": self.code, "message": self.message.trim_end() });
            // as the control API has it
            if let Some((message, fix)) = self.message.trim_end().split_once("\nfix: ") {
                error["message"] = message.into();
                error["fix"] = fix.into();
            }
            eprint!("{}", json_line(&json!({ "error": error })));
        } else {
            eprintln!("{}", self.message.trim_end());
        }
    }
}

/// Reads the command line; an error in it ends the process as clap has it, or as one JSON line where JSON was asked for.
#[must_use]
pub fn parse() -> Options {
    Options::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
            eprint!("{}", json_line(&json!({ "error": of_command_line(&error.render().to_string()) })));
            std::process::exit(Exit::Usage.code().into());
        }
        let mut arguments = std::env::args_os();
        if error.use_stderr() && arguments.any(|argument| argument.to_string_lossy().contains(steers_terminal)) {
            // clap would show it to the terminal as it is
            eprint!("{}", visible(&error.render().to_string()));
            std::process::exit(Exit::Usage.code().into());
        }
        // --help and --version are results
        match printed(error.print().and_then(|()| std::io::stdout().flush())) {
            Ok(()) => std::process::exit(error.exit_code()),
            Err(failure) => {
                failure.tell_as(false);
                std::process::exit(failure.exit.code().into())
            }
        }
    })
}

/// What clap says in paragraphs: the first is what is wrong, and a tip is a fix.
fn of_command_line(text: &str) -> serde_json::Value {
    let text = visible(text);
    let lines = |paragraph: &str| paragraph.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let mut paragraphs = text.split("\n\n");
    let message = lines(paragraphs.next().unwrap_or_default());
    let mut error = json!({ "code": "usage", "message": message.trim_start_matches("error: ") });
    if let Some(tip) = paragraphs.find_map(|paragraph| paragraph.trim().strip_prefix("tip: ")) {
        error["fix"] = lines(tip).into();
    }
    error
}

/// Runs the command that `options` name.
pub fn run(options: Options) -> Exit {
    let common = options.common;
    let result = match options.command {
        Command::Run(options) => run::run(&options, common),
        Command::Up(options) => up::run(&options, common),
        Command::Idp(options) => lone::identity_provider(&options, common),
        Command::Gate(options) => lone::gate(&options, common),
        Command::Mcp(options) => lone::mcp(&options, common),
        Command::Env(options) => env::run(&options, common),
        Command::Exec(options) => exec::run(&options, common),
        Command::Connect(options) => connect::run(&options, common),
        Command::Check(options) => check::run(&options, common),
        Command::Explain(options) => explain::run(&options, common),
        Command::New(options) => new::run(&options, common),
        Command::Record(options) => record::run(&options, common),
        Command::List => list::run(common),
        Command::Show(options) => show::run(&options),
        Command::Schema => schema::run(),
        Command::Token(options) => token::run(&options, common),
        Command::Reset(options) => reset::run(&options, common),
        Command::Status(options) => status::run(&options, common),
        Command::Doctor(options) => doctor::run(&options, common),
        Command::Completions(options) => completions::run(&options),
        Command::Man(options) => man::run(&options),
    };
    result.unwrap_or_else(|failure| {
        failure.tell(common);
        failure.exit
    })
}

impl Common {
    /// Whether to colour what goes to stdout.
    fn colored(self) -> bool {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let forced = set("CLICOLOR_FORCE") && std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if set("NO_COLOR") => false,
            ColorChoice::Auto if forced => true,
            ColorChoice::Auto => {
                std::io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        }
    }
}

/// Prints to stdout. A reader who has gone away is no error of ours; a full disk is one of the machine.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    printed(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

fn printed(written: std::io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let message = format!("cannot write to stdout: {error}\nfix: make room, or send the output elsewhere");
            Err(Failure::new(Exit::Environment, "stdout.unwritable", message))
        }
        _ => Ok(()),
    }
}

/// A JSON document as one line that does nothing to a terminal: every character that would act there is escaped.
fn json_line(value: &serde_json::Value) -> String {
    let mut line = String::new();
    for c in value.to_string().chars() {
        if steers_terminal(c) {
            line.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            line.push(c);
        }
    }
    line.push('\n');
    line
}

/// The runtime of commands that start parties.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Environment, "runtime", format!("cannot start threads: {error}")))
}
