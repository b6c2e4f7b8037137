//! Software that knows nothing of us, against a running lab.
//!
//! Needs Python with MSAL: `ENTRALAB_PYTHON` names the interpreter. Without it the test says that it did not run.

use std::path::Path;
use std::process::{Command, ExitCode};

#[path = "support/lab_process.rs"]
mod lab_process;

use lab_process::LabProcess;

fn main() -> ExitCode {
    let Some(python) = std::env::var_os("ENTRALAB_PYTHON") else {
        println!("not run: MSAL for Python (set ENTRALAB_PYTHON to a Python that has the packages msal and requests)");
        return ExitCode::SUCCESS;
    };
    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/msal_python.py");
    let status = Command::new(python).arg(script).arg(&lab.ready_file).status();
    match status {
        Ok(status) if status.success() => {
            println!("1 passed, 0 failed");
            ExitCode::SUCCESS
        }
        outcome => {
            eprintln!("MSAL for Python: {outcome:?}");
            println!("0 passed, 1 failed");
            ExitCode::FAILURE
        }
    }
}
