//! A lab as a process of its own, as a user starts it, on free ports and in a throw-away data folder.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// A running `entralab`; killed when dropped.
pub struct LabProcess {
    pub child: Child,
    pub ready_file: PathBuf,
    _folder: Arc<tempfile::TempDir>,
}

impl LabProcess {
    /// Starts `entralab` with `arguments` and waits until its ready file is there.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_in(&Arc::new(tempfile::tempdir().expect("a temporary folder")), arguments)
    }

    /// The same in a folder where others may be started, so that they share a data folder.
    pub fn start_in(folder: &Arc<tempfile::TempDir>, arguments: &[&str]) -> Self {
        let (ready_file, data_dir) = (folder.path().join(format!("{}.json", arguments[0])), folder.path().join("lab"));
        let mut child = Command::new(env!("CARGO_BIN_EXE_entralab"))
            .args(arguments)
            .arg("--data-dir")
            .arg(&data_dir)
            .arg("--ready-file")
            .arg(&ready_file)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("entralab starts");
        // Readiness is polled for, with a limit: a lab that never gets ready fails the test instead of hanging it.
        for _ in 0..3000 {
            if ready_file.exists() {
                return Self { child, ready_file, _folder: folder.clone() };
            }
            if let Ok(Some(status)) = child.try_wait() {
                let output = child.wait_with_output().expect("its output");
                panic!("entralab ended with {status}: {}", String::from_utf8_lossy(&output.stderr));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _already_gone = child.kill();
        panic!("entralab was not ready in time");
    }
}

impl Drop for LabProcess {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
