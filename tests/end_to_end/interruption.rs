//! Ctrl-C while scenarios are played.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A story in several long cases, so that its end is far when the first is told.
fn long() -> String {
    let asks = "  - ask: Give me the stock price of tesla\n".repeat(60);
    format!(
        "scenario: 1\ntitle: Many questions\nmatrix: {{ time: [1m, 2m, 3m, 4m, 5m, 6m, 7m, 8m, 9m, 10m] }}\n\
         world: {{ base: article }}\nsteps:\n  - connect: {{ as: megan }}\n  - advance_clock: \"${{matrix.time}}\"\n{asks}"
    )
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_tells_and_reports_what_was_played_and_exits_130() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("long.scenario.yaml"), long()).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_entralab"))
        .args([
            "run",
            "long.scenario.yaml",
            "--jobs",
            "1",
            "--json",
            "--events",
            "--report",
            "json=report.json,tap=report.tap",
        ])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    let error: Value = serde_json::from_str(&stderr).expect("one JSON line");
    assert_eq!(error["error"]["code"], "interrupted");
    let summary: Value = serde_json::from_str(rest.lines().last().unwrap()).unwrap();
    let (played, left) = (summary["passed"].as_u64().unwrap(), summary["not_played"].as_u64().unwrap());
    assert!(played > 0 && left > 0 && played + left == 10, "{summary}");
    let report: Value = serde_json::from_str(&fs::read_to_string(folder.path().join("report.json")).unwrap()).unwrap();
    assert_eq!(report["scenarios"].as_array().unwrap().len() as u64, played);
    assert!(fs::read_to_string(folder.path().join("report.tap")).unwrap().contains(&format!("1..{played}")));
}
