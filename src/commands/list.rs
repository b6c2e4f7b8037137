//! `entralab list`.

use serde_json::json;

use super::{Common, Exit, Failure, json_line, print};

pub(super) fn run(common: Common) -> Result<Exit, Failure> {
    let bundled = scenarios::bundled();
    if common.json {
        let entries: Vec<_> = bundled
            .iter()
            .map(|entry| {
                let kind = if entry.is_world { "world" } else { "scenario" };
                json!({
                    "name": entry.name, "kind": kind, "theme": entry.theme, "title": entry.title,
                    "reports": entry.reports, "tags": entry.tags
                })
            })
            .collect();
        print(&json_line(&json!({ "scenarios": entries })))?;
        return Ok(Exit::Ok);
    }
    let width = bundled.iter().map(|entry| entry.name.len()).max().unwrap_or_default();
    let mut theme = "";
    let mut text = String::new();
    for entry in &bundled {
        if entry.theme != theme {
            theme = entry.theme;
            text.push_str(&format!("{theme}\n"));
        }
        text.push_str(&format!("  {:width$}  {}\n", entry.name, entry.title));
    }
    print(&text)?;
    Ok(Exit::Ok)
}
