//! `entralab new NAME|FILE`.

use std::path::{Path, PathBuf};

use clap::Args;
use scenarios::Scenario;
use serde_json::json;

use super::{Common, Exit, Failure, json_line, output_file, print};
use crate::report::shell;
use crate::report::visible::visible;

/// Options of `new`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The name of the scenario, or the file to write. A name becomes NAME.scenario.yaml in this folder.
    #[arg(value_name = "NAME|FILE")]
    name: PathBuf,
    /// The world to start from: a bundled one, or a file beside the new one.
    #[arg(long, value_name = "WORLD", default_value = "article", conflicts_with = "from")]
    base: String,
    /// The bundled scenario to start from, as `list` names it.
    #[arg(long, value_name = "SCENARIO")]
    from: Option<String>,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
}

pub(super) fn run(options: &Options, common: Common) -> Result<Exit, Failure> {
    let path = file(&options.name)?;
    let text = match &options.from {
        Some(from) => copy(from)?,
        None => starter(&path, &options.base)?,
    };
    output_file::write(&path, &text, options.force)?;
    let file = path.display().to_string();
    if common.json {
        print(&json_line(&json!({ "file": file })))?;
    } else if !common.quiet {
        let typed = shell::file(&file);
        print(&visible(&format!(
            "wrote {file}\n  entralab check {typed}    judges it without starting anything\n  \
             entralab run {typed}      plays it\n"
        )))?;
    }
    Ok(Exit::Ok)
}

/// The file to write: as it was named, or with the ending that `run` looks for.
fn file(named: &Path) -> Result<PathBuf, Failure> {
    let refused = |why: &str, fix: &str| {
        let message = format!("'{}' {why}\nfix: {fix}", named.display());
        Err(Failure::new(Exit::Usage, "usage", message))
    };
    // `file_name` overlooks what ends in a slash, or in a slash and a dot
    let text = named.to_string_lossy();
    if ["", ".", ".."].contains(&text.rsplit(std::path::is_separator).next().unwrap_or_default()) {
        return refused("is a folder, and no name of a file", "write the name of a file in it, such as my-first");
    }
    let Some(name) = named.file_name().and_then(|name| name.to_str()) else {
        return refused("is no name of a file", "entralab new my-first");
    };
    if name.contains(char::is_control) {
        return refused("holds a control character", "entralab new my-first");
    }
    let has_ending = [".yaml", ".yml"].iter().any(|ending| name.ends_with(ending));
    Ok(if has_ending { named.to_owned() } else { named.with_file_name(format!("{name}.scenario.yaml")) })
}

fn copy(from: &str) -> Result<String, Failure> {
    let usage = |message: String| Failure::new(Exit::Usage, "scenario.unknown", message);
    let bundled = scenarios::find_bundled(from)
        .ok_or_else(|| usage(scenarios::unknown(from, "no bundled scenario has this name").render(false)))?;
    if bundled.is_world {
        return Err(usage(format!("'{from}' is a world, without steps\nfix: --base {from}")));
    }
    Ok(format!("# Begun from the bundled scenario `{from}`.\n{}", bundled.text))
}

/// A scenario that passes, with comments on how to go on.
fn starter(path: &Path, base: &str) -> Result<String, Failure> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let title = name.split('.').next().unwrap_or_default().replace(['-', '_'], " ");
    let invalid = |problems: scenarios::Problems| Failure::new(Exit::Usage, "scenario.invalid", problems.render(false));
    // read once without steps: the steps name a person of the base
    let head = format!("scenario: 1\ntitle: {}\nworld:\n  base: {}\n", json!(title), json!(base));
    let read = |text: &str| scenarios::read_text(name, text, path.parent()).map_err(invalid);
    let user = user(&read(&head)?).ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            "world.users",
            format!("nobody can sign in: the world '{base}' has no users\nfix: --base article"),
        )
    })?;
    let text = STARTER.replace("{title}", &json!(title).to_string()).replace("{base}", base).replace("{user}", &user);
    read(&text)?;
    Ok(text)
}

/// Who connects: the first that is no administrator, else the first.
fn user(scenario: &Scenario) -> Option<String> {
    let users = &scenario.world.idp.users;
    let ordinary = users.iter().find(|(_, user)| user.roles.is_empty());
    ordinary.or_else(|| users.iter().next()).map(|(name, _)| name.clone())
}

const STARTER: &str = r#"# A story: how everything is set up, what people do, and what must be seen.
# `entralab check` judges this file, `entralab run` plays it. For completion in an editor:
# entralab schema > scenario.schema.json
scenario: 1
title: {title}
# What it reproduces, for people who search: AADSTS codes, issues as owner/repo#1.
# reports: AADSTS50011
world:
  # The complete, working setup that this one starts from: `entralab show {base}` prints a bundled one.
  base: {base}
  # What is different here. One change makes a bug, and the change is the lesson: maps are merged, lists are replaced,
  # null removes.
  # change:
  #   gate: { allowed_audiences: [] }
steps:
  # Signs in with a scripted browser, on the identity provider's own pages.
  - connect: { as: {user} }
    expect: { connection: connected }
  # The connector's Test tab. 406 means that all is well: the gate let the request in, and the server answered.
  - test_operation: {}
    expect: { status: 406, verdict: reachable_and_authorized }
    # What went over the wire, in this order; other messages may lie between.
    hops:
      - hop: gate -> mcp POST /*
  - ask: Give me the stock price of tesla
    expect: { tool: get_stockprice, arguments: { ticker_symbol: TSLA } }
  # Time stands still until a step moves it on: here the token ends, and the connector renews it.
  - advance_clock: 70m
  - ask: Give me the stock price of tesla
    expect: { tool: get_stockprice, refreshed: true }
# Where there is a change: `steps` show what it breaks, with the check that refuses, and these mend it.
# `run` then proves that the change, and nothing else, is the cause.
# fix:
#   - change:
#       gate: { allowed_audiences: ["api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b"] }
# then:
#   - test_operation: {}
#     expect: { status: 406 }
"#;
