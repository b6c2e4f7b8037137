//! The parity page: what of Microsoft Entra ID is there, with the test that proves it.
//!
//! `tests/parity.toml` lists features and differences. A script of `tests/clients` says in a line `proves: …` which
//! features its library showed to work. After a deliberate change:
//! `ENTRALAB_BLESS=1 cargo test --release --test end_to_end parity`, and read the difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parity {
    section: Vec<Section>,
    difference: Vec<Difference>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    title: String,
    feature: Vec<Feature>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Feature {
    /// What scripts call it.
    id: String,
    title: String,
    status: Status,
    /// What is not there, or how it is meant.
    #[serde(default)]
    note: String,
    /// Our own tests, by the names of their functions.
    #[serde(default)]
    tests: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Status {
    Real,
    Partial,
    Absent,
}

/// Something that we do otherwise on purpose.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    entra: String,
    here: String,
    why: String,
    test: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn parity() -> Parity {
    toml::from_str(include_str!("../parity.toml")).unwrap_or_else(|error| panic!("tests/parity.toml: {error}"))
}

/// The files below `folder` whose name ends in one of `endings`.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !["target", "node_modules", ".git"].contains(&name.as_str()) {
            found.extend(files(&path, endings));
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The scripts that prove each feature, by its id.
fn proofs() -> BTreeMap<String, Vec<PathBuf>> {
    let mut proofs: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for script in files(&root().join("tests/clients"), &[".py", ".cjs", ".rs"]) {
        let text = fs::read_to_string(&script).unwrap();
        for line in text.lines() {
            let Some((_, ids)) = line.split_once("proves: ") else { continue };
            for id in ids.split(',').map(str::trim) {
                proofs.entry(id.to_owned()).or_default().push(script.clone());
            }
        }
    }
    proofs
}

/// The names of all test functions of the project.
fn test_functions() -> BTreeSet<String> {
    let name = |line: &str| {
        let rest = line.trim_start().strip_prefix("async ").unwrap_or(line.trim_start());
        Some(rest.strip_prefix("fn ")?.split('(').next()?.to_owned())
    };
    let texts = files(root(), &[".rs"]).into_iter().map(|path| fs::read_to_string(path).unwrap());
    texts.flat_map(|text| text.lines().filter_map(name).collect::<Vec<_>>()).collect()
}

/// The script as the page links it.
fn link(script: &Path) -> String {
    let path = script.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
    let name = script.file_stem().unwrap().to_string_lossy();
    let name = if name == "main" { "openidconnect".into() } else { name };
    format!("[{name}](../{path})")
}

fn render(parity: &Parity, proofs: &BTreeMap<String, Vec<PathBuf>>) -> String {
    let features = || parity.section.iter().flat_map(|section| &section.feature);
    let count = |status| features().filter(|feature| feature.status == status).count();
    let proven = features().filter(|feature| proofs.contains_key(&feature.id)).count();
    let mut page = format!(
        "<!-- Made of tests/parity.toml and the scripts of tests/clients: ENTRALAB_BLESS=1 cargo test --release --test \
         end_to_end parity -->\n\n\
         # What of Microsoft Entra ID is here\n\n\
         Of {} features {} are real, {} partial and {} absent. *Real* means that it behaves as Entra does as far as that is\n\
         known. {proven} are proven by software that knows nothing of us: client libraries from their own packages, \
         unmodified,\nin CI. The rest is held by our own tests.\n",
        features().count(),
        count(Status::Real),
        count(Status::Partial),
        count(Status::Absent),
    );
    for section in &parity.section {
        let _ = write!(page, "\n## {}\n\n| Feature | | Proven by |\n|---|---|---|\n", section.title);
        for feature in &section.feature {
            let status = format!("{:?}", feature.status).to_lowercase();
            let note = if feature.note.is_empty() { String::new() } else { format!(": {}", feature.note) };
            let scripts = proofs.get(&feature.id).into_iter().flatten().map(|script| link(script));
            let tests = feature.tests.iter().map(|test| format!("`{test}`"));
            let by = scripts.chain(tests).collect::<Vec<_>>().join(", ");
            let _ = writeln!(page, "| {} | {status}{note} | {by} |", feature.title);
        }
    }
    page.push_str("\n## What we do otherwise, on purpose\n\n| Entra | Here | Why | Held by |\n|---|---|---|---|\n");
    for difference in &parity.difference {
        let Difference { entra, here, why, test } = difference;
        let _ = writeln!(page, "| {entra} | {here} | {why} | `{test}` |");
    }
    page
}

#[test]
fn the_parity_page_tells_of_every_feature_what_proves_it() {
    let (parity, proofs, functions) = (parity(), proofs(), test_functions());
    let features: Vec<&Feature> = parity.section.iter().flat_map(|section| &section.feature).collect();
    let ids: BTreeSet<&str> = features.iter().map(|feature| feature.id.as_str()).collect();
    assert_eq!(ids.len(), features.len(), "an id stands twice");
    for (id, scripts) in &proofs {
        assert!(ids.contains(id.as_str()), "{scripts:?} prove '{id}', which tests/parity.toml does not list");
    }
    for feature in &features {
        let is_proven = proofs.contains_key(&feature.id) || !feature.tests.is_empty();
        assert_eq!(is_proven, feature.status != Status::Absent, "{}: {:?}", feature.id, feature.status);
        let needs_note = feature.status != Status::Real;
        assert!(!needs_note || !feature.note.is_empty(), "{}: what is missing?", feature.id);
        for test in &feature.tests {
            assert!(functions.contains(test), "{}: no test is called {test}", feature.id);
        }
    }
    for difference in &parity.difference {
        assert!(functions.contains(&difference.test), "no test is called {}", difference.test);
    }
    let page = render(&parity, &proofs);
    let golden = root().join("docs/parity.md");
    if std::env::var_os("ENTRALAB_BLESS").is_some() {
        fs::write(&golden, &page).unwrap();
    }
    let kept = fs::read_to_string(&golden).unwrap_or_default().replace("\r\n", "\n");
    let first = page.lines().zip(kept.lines()).find(|(now, before)| now != before);
    assert!(page == kept, "docs/parity.md is stale: ENTRALAB_BLESS=1 writes it anew; first here: {first:?}");
}
