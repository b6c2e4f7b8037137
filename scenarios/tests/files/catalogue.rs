//! The table of all rows of the bug catalogue: which bundled file reproduces each, or why none does.
//!
//! After a deliberate change: `ENTRALAB_BLESS=1 cargo test -p scenarios`, and read the difference.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use scenarios::{Bundled, bundled};
use serde::Deserialize;

const ROWS: usize = 89;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    group: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    title: String,
    row: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    seen: String,
    cause: String,
    #[serde(default)]
    reports: Vec<String>,
    but: Option<String>,
    not_yet: Option<String>,
    cannot: Option<String>,
}

fn catalogue() -> Catalogue {
    toml::from_str(include_str!("../../catalogue.toml")).unwrap_or_else(|error| panic!("catalogue.toml: {error}"))
}

impl Row {
    /// What the `reports` of a file call it.
    fn name(&self) -> String {
        format!("bug-{}", self.id)
    }

    fn reproduced_by<'b>(&self, all: &'b [Bundled]) -> Vec<&'b Bundled> {
        all.iter().filter(|bundled| bundled.reports.contains(&self.name())).collect()
    }

    /// The row's last but one cell, or what is wrong with the row.
    fn told(&self, all: &[Bundled]) -> Result<String, String> {
        let files = self.reproduced_by(all);
        let links =
            files.iter().map(|file| format!("[{0}](../scenarios/{1}/{0}.scenario.yaml)", file.name, file.theme));
        let links = links.collect::<Vec<_>>().join(", ");
        match (files.as_slice(), &self.but, &self.not_yet, &self.cannot) {
            ([], None, Some(needs), None) => Ok(format!("not yet; first: {needs}")),
            ([], None, None, Some(why)) => Ok(format!("cannot be: {why}")),
            ([], ..) => Err(format!("{}: no file reports it, so it says either `not_yet` or `cannot`", self.id)),
            ([_, ..], but, None, None) => Ok(but.iter().fold(links, |links, but| format!("{links}; but {but}"))),
            ([first, ..], ..) => Err(format!("{}: {} reports it, so it is reproduced after all", self.id, first.file)),
        }
    }
}

/// `owner/repository#number`, taken apart.
fn issue(citation: &str) -> Option<(&str, &str)> {
    let (repository, number) = citation.split_once('#')?;
    let (owner, name) = repository.split_once('/')?;
    let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    (is_name(owner) && is_name(name) && number.parse::<u32>().is_ok()).then_some((repository, number))
}

fn render(catalogue: &Catalogue, all: &[Bundled]) -> Result<String, String> {
    let rows = || catalogue.group.iter().flat_map(|group| &group.row);
    let counted = |told: fn(&Row) -> bool| rows().filter(|row| told(row)).count();
    let (not_yet, cannot) = (counted(|row| row.not_yet.is_some()), counted(|row| row.cannot.is_some()));
    let mut page = format!(
        "<!-- Made of scenarios/catalogue.toml and the bundled scenarios: ENTRALAB_BLESS=1 cargo test -p scenarios -->\n\n\
         # The bug catalogue\n\n\
         What people meet on the way from Copilot Studio through Entra ID and Container Apps to an MCP server. Of {} rows,\n\
         {} are reproduced by a bundled scenario, {not_yet} are not yet, and {cannot} cannot be. `entralab run NAME` plays a\n\
         scenario: it shows what is seen, proves that the cause is the cause, and mends it. A scenario names its rows in\n\
         `reports`, such as `bug-G05`, and the public report that it rebuilds, where it does; those are in `scenarios/reports`.\n",
        rows().count(),
        rows().count() - not_yet - cannot,
    );
    for group in &catalogue.group {
        let _ = write!(
            page,
            "\n## {}\n\n| Row | What is seen | What it was | Reproduced by | Public reports |\n|---|---|---|---|---|\n",
            group.title
        );
        for row in &group.row {
            let cited = row.reports.iter().map(|citation| {
                let (repository, number) =
                    issue(citation).ok_or_else(|| format!("{}: '{citation}' is no issue", row.id))?;
                Ok(format!("[{citation}](https://github.com/{repository}/issues/{number})"))
            });
            let cells = [
                row.name(),
                row.seen.clone(),
                row.cause.clone(),
                row.told(all)?,
                cited.collect::<Result<Vec<_>, String>>()?.join(", "),
            ];
            if let Some(broken) = cells.iter().find(|cell| cell.contains(['|', '\n'])) {
                return Err(format!("{}: '{broken}' does not fit into a table", row.id));
            }
            let _ = writeln!(page, "| {} |", cells.join(" | ").replace("|  |", "| |"));
        }
    }
    Ok(page)
}

#[test]
fn the_table_of_bugs_tells_of_every_row_which_file_reproduces_it_or_why_none_does() {
    let catalogue = catalogue();
    let ids: Vec<&str> = catalogue.group.iter().flat_map(|group| &group.row).map(|row| row.id.as_str()).collect();
    assert_eq!(ids, (1..=ROWS).map(|number| format!("G{number:02}")).collect::<Vec<_>>());
    let page = render(&catalogue, &bundled()).unwrap_or_else(|wrong| panic!("{wrong}"));
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/bugs.md");
    if std::env::var_os("ENTRALAB_BLESS").is_some() {
        std::fs::write(&golden, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&golden).unwrap_or_default().replace("\r\n", "\n");
    let first = page.lines().zip(kept.lines()).find(|(now, before)| now != before);
    assert!(page == kept, "docs/bugs.md is stale: ENTRALAB_BLESS=1 cargo test -p scenarios; first here: {first:?}");
}

#[test]
fn what_files_report_is_in_the_catalogue() {
    let catalogue = catalogue();
    let rows: Vec<&Row> = catalogue.group.iter().flat_map(|group| &group.row).collect();
    let mut rebuilt = BTreeSet::new();
    for bundled in bundled() {
        let own: Vec<&&Row> = rows.iter().filter(|row| bundled.reports.contains(&row.name())).collect();
        let named = bundled.reports.iter().filter(|report| report.starts_with("bug-")).count();
        assert_eq!(own.len(), named, "{} reports a row that is none: {:?}", bundled.file, bundled.reports);
        let cited: Vec<&String> = bundled.reports.iter().filter(|report| issue(report).is_some()).collect();
        for citation in &cited {
            let is_of_row = own.iter().any(|row| row.reports.contains(citation));
            assert!(is_of_row, "{}: {citation} is not cited by any of its rows", bundled.file);
            let told = bundled.text.lines().next().unwrap_or_default();
            assert!(told.contains(citation.as_str()), "{}: the first line does not name {citation}", bundled.file);
        }
        assert_eq!(bundled.theme == "reports", !cited.is_empty(), "{}: public reports stand in reports/", bundled.file);
        rebuilt.extend(cited.into_iter().cloned());
    }
    assert!(rebuilt.len() >= 10, "only {} public reports are rebuilt", rebuilt.len());
}

#[test]
fn a_row_without_a_file_and_a_reason_is_noticed_and_so_is_one_with_both() {
    let all = bundled();
    let row = |text: &str| toml::from_str::<Row>(&format!("seen = \"x\"\ncause = \"y\"\n{text}")).unwrap().told(&all);
    assert!(row("id = \"G99\"").unwrap_err().contains("no file reports it"));
    assert!(row("id = \"G99\"\nnot_yet = \"a\"\ncannot = \"b\"").is_err());
    assert!(row("id = \"G01\"\nnot_yet = \"a\"").unwrap_err().contains("reproduced after all"));
    assert_eq!(row("id = \"G99\"\nnot_yet = \"a\"").unwrap(), "not yet; first: a");
    assert!(row("id = \"G01\"\nbut = \"b\"").unwrap().ends_with("; but b"));
}
