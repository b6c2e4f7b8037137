//! The program that runs in the lab: started with its variables, given every signal that we get, and waited for.

use std::ffi::OsString;
use std::fmt;
use std::io::ErrorKind;
use std::process::ExitStatus;

use tokio::process::{Child, Command};

use super::environment::TAKEN_AWAY;
use crate::commands::{Exit, Failure};

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// With this exit code.
    Exit(u8),
    /// By this signal.
    Signal(u8),
}

impl Ended {
    /// The exit code that tells of it, as shells have it: 128 and the signal's number.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Exit(code) => code,
            Self::Signal(number) => number.saturating_add(128),
        }
    }

    pub(super) fn is_success(self) -> bool {
        self == Self::Exit(0)
    }

    #[cfg(unix)]
    fn of(status: ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt;
        let byte = |number: i32| u8::try_from(number).unwrap_or(u8::MAX);
        match (status.code(), status.signal()) {
            (None, Some(signal)) => Self::Signal(byte(signal)),
            (code, _) => Self::Exit(byte(code.unwrap_or(1))),
        }
    }

    #[cfg(not(unix))]
    fn of(status: ExitStatus) -> Self {
        // Windows has 32 bits, an exit code of ours 8: what does not fit is a failure all the same
        Self::Exit(status.code().map_or(1, |code| u8::try_from(code).unwrap_or(1)))
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "ended with exit code {code}"),
            Self::Signal(number) => write!(f, "was ended by signal {number}"),
        }
    }
}

/// Runs `command` with `variables` to its end.
pub(super) async fn run(
    command: &[OsString],
    variables: &[(String, String)],
    signals: Signals,
) -> Result<Ended, Failure> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| Failure::new(Exit::Usage, "usage", "which program? entralab exec -- CMD …"))?;
    let mut command = Command::new(program);
    command.args(arguments);
    for name in TAKEN_AWAY {
        command.env_remove(name);
    }
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let child = command.kill_on_drop(true).spawn().map_err(|error| not_started(program, &error))?;
    let status = signals.hand_on_until_it_ends(child).await.map_err(|error| {
        Failure::new(Exit::Environment, "exec.lost", format!("cannot wait for {}: {error}", program.display()))
    })?;
    Ok(Ended::of(status))
}

/// The exit codes are those of a shell: 127 for a program that is not there, 126 for one that cannot be run.
fn not_started(program: &OsString, error: &std::io::Error) -> Failure {
    let program = program.display();
    match error.kind() {
        ErrorKind::NotFound => {
            let message = format!(
                "cannot run '{program}': there is no such program\n\
                 fix: install it, or write its path; a shell's own words need the shell: sh -c '…'"
            );
            Failure::new(Exit::Program(127), "exec.not_found", message)
        }
        _ => {
            let message = format!("cannot run '{program}': {error}\nfix: is it a program, and may you run it?");
            Failure::new(Exit::Program(126), "exec.not_runnable", message)
        }
    }
}

#[cfg(unix)]
pub(super) use unix::Signals;

#[cfg(unix)]
mod unix {
    use std::fs::File;

    use rustix::process::{Pid, Signal, getpgrp, kill_process};
    use rustix::termios::tcgetpgrp;
    use tokio::signal::unix::{SignalKind, signal};

    use super::{Child, Exit, ExitStatus, Failure};

    /// SIGINT, SIGTERM and SIGHUP: from the moment that this is there they no longer end us, but go to the program.
    pub(in crate::commands::exec) struct Signals([(Signal, tokio::signal::unix::Signal); 3]);

    impl Signals {
        pub(in crate::commands::exec) fn register() -> Result<Self, Failure> {
            let listen = |kind| {
                signal(kind).map_err(|error| {
                    Failure::new(Exit::Environment, "signals", format!("cannot listen for signals: {error}"))
                })
            };
            Ok(Self([
                (Signal::INT, listen(SignalKind::interrupt())?),
                (Signal::TERM, listen(SignalKind::terminate())?),
                (Signal::HUP, listen(SignalKind::hangup())?),
            ]))
        }

        pub(in crate::commands::exec) async fn hand_on_until_it_ends(
            self,
            mut child: Child,
        ) -> std::io::Result<ExitStatus> {
            let Self([(int, mut interrupt), (term, mut terminate), (hup, mut hang_up)]) = self;
            let pid = child.id().and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
            let hand_on = |signal| {
                if let Some(pid) = pid {
                    let _already_gone = kill_process(pid, signal);
                }
            };
            loop {
                tokio::select! {
                    status = child.wait() => return status,
                    // Ctrl-C reaches every process of the terminal's foreground group: once is enough
                    _ = interrupt.recv() => if !is_in_foreground() { hand_on(int) },
                    _ = terminate.recv() => hand_on(term),
                    _ = hang_up.recv() => hand_on(hup),
                }
            }
        }
    }

    /// Whether a key pressed in the terminal signals us, and with us the program.
    fn is_in_foreground() -> bool {
        File::open("/dev/tty").ok().and_then(|terminal| tcgetpgrp(&terminal).ok()) == Some(getpgrp())
    }
}

#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn register() -> Result<Self, Failure> {
        Ok(Self)
    }

    /// Ctrl-C reaches every program of the console.
    pub(super) async fn hand_on_until_it_ends(self, mut child: Child) -> std::io::Result<ExitStatus> {
        loop {
            tokio::select! {
                status = child.wait() => return status,
                Ok(()) = tokio::signal::ctrl_c() => {}
            }
        }
    }
}
