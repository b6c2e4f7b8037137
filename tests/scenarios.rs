//! Every bundled scenario, one test each: the file says what must be seen, and the runner proves it.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let trials = scenarios::bundled().into_iter().filter(|bundled| !bundled.is_world).map(|bundled| {
        Trial::test(format!("{}::{}", bundled.theme, bundled.name), move || {
            let scenario = bundled.read().map_err(|problems| {
                Failed::from(problems.0.iter().map(|problem| problem.render(false)).collect::<String>())
            })?;
            let runtime = tokio::runtime::Runtime::new()?;
            let played = runtime.block_on(entralab::play::play(&scenario))?;
            match &played.failure {
                None => Ok(()),
                Some(failure) => Err(failure.text(&played.redaction()).into()),
            }
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}
