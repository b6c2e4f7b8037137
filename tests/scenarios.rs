//! Every bundled scenario: the file says what must be seen, and the runner proves it. And the proof of that proof: with
//! one line of its change taken away, or one expectation reversed, the same file fails.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use scenarios::{Bundled, Problems, Scenario};

#[path = "support/mutation.rs"]
mod mutation;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let bundled = || scenarios::bundled().into_iter().filter(|bundled| !bundled.is_world);
    let told = bundled()
        .map(|bundled| Trial::test(format!("{}::{}", bundled.theme, bundled.name), move || holds(bundled.read())));
    let mutated = bundled()
        .map(|bundled| Trial::test(format!("mutation::{}::{}", bundled.theme, bundled.name), move || fails(&bundled)));
    libtest_mimic::run(&arguments, told.chain(mutated).collect()).exit_code()
}

/// Plays all cases of a file, and gives the first failure.
fn failure(scenario: Scenario) -> Result<Option<String>, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for case in scenario.cases() {
        let played = runtime.block_on(entralab::play::play(&case))?;
        if let Some(failure) = &played.failure {
            return Ok(Some(format!("{}: {}", case.name, failure.text(&played.redaction()))));
        }
    }
    Ok(None)
}

fn holds(read: Result<Scenario, Problems>) -> Result<(), Failed> {
    let scenario = read.map_err(|problems| Failed::from(problems.render(false)))?;
    failure(scenario)?.map_or(Ok(()), |text| Err(text.into()))
}

/// Every mutation must be noticed: by the reader, or by the run.
fn fails(bundled: &Bundled) -> Result<(), Failed> {
    let mutations = mutation::of(bundled);
    if mutations.is_empty() {
        return Err("nothing in this file could be wrong".into());
    }
    for (what, text) in mutations {
        let Ok(scenario) = scenarios::read_text(&bundled.file, &text, None) else { continue };
        if failure(scenario)?.is_none() {
            return Err(format!("{what}, and nobody noticed").into());
        }
    }
    Ok(())
}
