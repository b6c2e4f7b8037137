//! Several scenarios at a time: each has labs of its own, so they never meet.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use scenarios::Scenario;

use super::interruption::Interruption;
use crate::commands::{Exit, Failure};
use crate::play::{self, Played};

/// Plays `scenarios`, `jobs` at a time. `done` hears how many are played whenever one is; `next` gets them in the order
/// of the list, however long each took, and says whether to go on. After an interruption no further ones begin.
///
/// # Errors
/// When a lab cannot be started, and what `next` gives.
pub(super) fn play_all(
    scenarios: &[Scenario],
    jobs: usize,
    interruption: &Interruption,
    done: impl Fn(usize),
    mut next: impl FnMut(Played) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let runtime = &interruption.runtime;
    let (taken, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..jobs.min(scenarios.len()) {
            let sender = sender.clone();
            let (taken, stopped) = (&taken, &stopped);
            scope.spawn(move || {
                while !stopped.load(Ordering::Relaxed) && !interruption.has_come() {
                    let index = taken.fetch_add(1, Ordering::Relaxed);
                    let Some(scenario) = scenarios.get(index) else { break };
                    let result = runtime.block_on(play::play(scenario));
                    if sender.send((index, result)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut told = 0;
        for (count, (index, result)) in receiver.iter().enumerate() {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&told) {
                told += 1;
                let go_on = match result {
                    Ok(played) => next(played),
                    Err(error) => {
                        let message = format!("cannot start a lab: {error}");
                        Err(Failure::new(Exit::Environment, "lab.start", message))
                    }
                };
                if !matches!(go_on, Ok(true)) {
                    stopped.store(true, Ordering::Relaxed);
                    return go_on.map(|_| ());
                }
            }
            done(count + 1);
        }
        Ok(())
    })
}
