//! Software that knows nothing of us, against a running lab.
//!
//! Needs Python with `tests/clients/requirements.txt`: `ENTRALAB_PYTHON` names the interpreter. Without it the test
//! says what it did not run.

use std::path::Path;
use std::process::{Command, ExitCode};

#[path = "support/lab_process.rs"]
mod lab_process;

use lab_process::LabProcess;

/// What is run, and the script that runs it.
const CLIENTS: [(&str, &str); 2] = [("MSAL for Python", "msal_python.py"), ("MCP SDK for Python", "mcp_python.py")];

fn main() -> ExitCode {
    let Some(python) = std::env::var_os("ENTRALAB_PYTHON") else {
        for (client, _) in CLIENTS {
            println!(
                "not run: {client} (set ENTRALAB_PYTHON to a Python that has tests/clients/requirements.txt installed)"
            );
        }
        return ExitCode::SUCCESS;
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let mut failed = 0;
    for (client, script) in CLIENTS {
        let lab = LabProcess::start(&["up", "--port-base", "0"]);
        // No bytecode of the shared module is left beside it.
        let status = Command::new(&python).arg("-B").arg(folder.join(script)).arg(&lab.ready_file).status();
        if !status.as_ref().is_ok_and(std::process::ExitStatus::success) {
            eprintln!("{client}: {status:?}");
            failed += 1;
        }
    }
    println!("{} passed, {failed} failed", CLIENTS.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
