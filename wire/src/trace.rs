//! The list of all exchanges of a lab.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Checks, Exchange};

/// How many exchanges a trace keeps; the oldest go first.
pub const CAPACITY: usize = 10_000;

/// How much text a trace keeps, in bytes; the oldest exchanges go first.
pub const CAPACITY_BYTES: usize = 32 * 1024 * 1024;

/// Every exchange of one lab, shared by its parties; clones are the same trace.
#[derive(Clone, Debug, Default)]
pub struct Trace(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    last_number: u64,
    exchanges: VecDeque<Exchange>,
    kept_bytes: usize,
}

impl Trace {
    /// Takes the number of an exchange whose request has just arrived.
    #[must_use]
    pub fn open(&self) -> u64 {
        let mut state = self.state();
        state.last_number += 1;
        state.last_number
    }

    /// Adds a finished exchange at its place.
    pub fn record(&self, exchange: Exchange) {
        let mut state = self.state();
        let place = state.exchanges.partition_point(|earlier| earlier.number < exchange.number);
        state.kept_bytes += exchange.kept_bytes();
        state.exchanges.insert(place, exchange);
        while state.exchanges.len() > CAPACITY || state.kept_bytes > CAPACITY_BYTES {
            let Some(oldest) = state.exchanges.pop_front() else { break };
            state.kept_bytes = state.kept_bytes.saturating_sub(oldest.kept_bytes());
        }
    }

    /// Adds checks that another party made on a recorded exchange: the browser on an answer, say.
    pub fn annotate(&self, number: u64, checks: Checks) {
        if let Some(exchange) = self.state().exchanges.iter_mut().find(|exchange| exchange.number == number) {
            exchange.checks.0.extend(checks.0);
        }
    }

    /// Notes that the answer of a recorded exchange did not arrive, and why.
    pub(crate) fn fail(&self, number: u64, why: &str) {
        if let Some(exchange) = self.state().exchanges.iter_mut().find(|exchange| exchange.number == number) {
            exchange.failure = Some(why.to_owned());
        }
    }

    /// The number of the newest exchange; 0 before the first.
    #[must_use]
    pub fn last_number(&self) -> u64 {
        self.state().last_number
    }

    /// All exchanges after `number`, in order; all for 0.
    #[must_use]
    pub fn after(&self, number: u64) -> Vec<Exchange> {
        self.state().exchanges.iter().filter(|exchange| exchange.number > number).cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
