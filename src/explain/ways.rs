//! How to meet a code that no bundled scenario reports.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use mock_idp::EntraErrorKind;
use serde::{Deserialize, Serialize};

/// A way to meet a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A scenario file, whole.
    File(String),
    /// What to do by hand.
    ByHand(String),
}

/// What `ways.toml` says of one code.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    world: Option<String>,
    steps: Option<String>,
    words: Option<String>,
}

/// All of it; that the file can be read is tested.
static WRITTEN: LazyLock<BTreeMap<String, Written>> =
    LazyLock::new(|| toml::from_str(include_str!("ways.toml")).unwrap_or_default());

/// How to meet `kind`: as written, or else, where the token endpoint can answer so, by a fault.
#[must_use]
pub fn to_meet(kind: EntraErrorKind) -> Option<Way> {
    let number = kind.number();
    let written = WRITTEN.get(&format!("AADSTS{number}")).cloned();
    if written.is_none() && kind.faces().token.is_none() {
        return None;
    }
    let connect = format!("- connect: {{ as: megan }}\n  expect: {{ aadsts: {number} }}");
    let Written { world, steps, words } = written.unwrap_or_else(|| Written {
        steps: Some(format!("- fault: {{ at: idp, path: \"*/token\", aadsts: {number} }}\n{connect}")),
        ..Written::default()
    });
    if let Some(words) = words {
        return Some(Way::ByHand(words));
    }
    let world = world.unwrap_or_else(|| "{ base: article }".to_owned());
    let steps = steps.unwrap_or(connect).trim().replace('\n', "\n  ");
    Some(Way::File(format!("scenario: 1\ntitle: AADSTS{number}\nworld: {world}\nsteps:\n  {steps}\n")))
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn the_file_can_be_read_and_speaks_of_codes() {
        let written: BTreeMap<String, Written> = toml::from_str(include_str!("ways.toml")).unwrap();
        for name in written.keys() {
            assert!(EntraErrorKind::iter().any(|kind| format!("AADSTS{}", kind.number()) == *name), "{name}");
        }
    }

    /// Each file meets the code that it is for, and by the identity provider's own rule where no fault is asked for.
    #[test]
    fn every_file_is_played_and_holds() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mut wrong = Vec::new();
        for kind in EntraErrorKind::iter() {
            let Some(Way::File(text)) = to_meet(kind) else { continue };
            let scenario = scenarios::read_text("way.scenario.yaml", &text, None)
                .unwrap_or_else(|problems| panic!("{}\n{text}", problems.render(false)));
            let played = runtime.block_on(crate::play::play(&scenario)).unwrap();
            if let Some(failure) = &played.failure {
                wrong.push(format!("{text}{}", failure.text(&played.redaction())));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
