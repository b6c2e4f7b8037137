//! The SDKs that can be pointed at a lab on localhost, and how: `sdks.toml`.

use scenarios::instead;
use serde::Deserialize;

use crate::commands::{Exit, Failure};

/// One SDK.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sdk {
    /// As its package registry has it, or nearly.
    pub name: String,
    /// The language of its settings.
    pub language: String,
    /// The variables that its settings read, or that it reads itself.
    pub variables: Vec<String>,
    /// What to write in a program.
    pub settings: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sdks {
    sdk: Vec<Sdk>,
}

fn all() -> Result<Vec<Sdk>, Failure> {
    let sdks: Sdks =
        toml::from_str(include_str!("sdks.toml")).map_err(|error| Failure::new(Exit::Bug, "sdks", error))?;
    Ok(sdks.sdk)
}

/// The SDK of this name.
pub(super) fn find(name: &str) -> Result<Sdk, Failure> {
    let all = all()?;
    let fix = instead(name, all.iter().map(|sdk| sdk.name.as_str()));
    all.into_iter().find(|sdk| sdk.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
        let message = format!("--for: '{name}' is not known here\nfix: {fix}");
        Failure::new(Exit::Usage, "sdk.unknown", message)
    })
}

impl Sdk {
    /// The settings as comments of a shell.
    pub(super) fn as_comment(&self) -> String {
        let lines = self.settings.trim_end().lines().map(|line| format!("# {line}").trim_end().to_owned() + "\n");
        format!("#\n# {}, in {}:\n", self.name, self.language) + &lines.collect::<String>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::variables::TRUST;

    #[test]
    fn settings_name_only_variables_that_env_writes_and_that_are_listed() {
        let sdks = all().unwrap();
        let written = ["AZURE_AUTHORITY_HOST", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"];
        for sdk in &sdks {
            let known = |name: &str| written.contains(&name) || TRUST.contains(&name);
            assert!(sdk.variables.iter().all(|name| known(name)), "{}: {:?}", sdk.name, sdk.variables);
            let words = sdk.settings.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            for word in words.filter(|word| known(word)) {
                assert!(sdk.variables.iter().any(|name| name == word), "{}: {word} is not listed", sdk.name);
            }
        }
        let mut names: Vec<_> = sdks.iter().map(|sdk| sdk.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), sdks.len());
    }
}
