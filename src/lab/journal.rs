//! What a maker did on the lab's page, in order, so that a session can become a scenario file.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;

/// How much is noted; what comes after is counted only, because a story without its beginning is none.
pub const CAPACITY: usize = 1000;

/// The acts of one lab; clones are the same journal.
#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    entries: Vec<Entry>,
    left_out: usize,
}

/// Something that a maker did.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When, in lab time.
    pub at: Timestamp,
    /// The newest exchange of the trace before it.
    pub before: u64,
    /// What.
    pub act: Act,
    /// What came of it, as expectations see it; null where that shows later.
    pub outcome: Value,
}

/// What a maker does on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Begins a sign-in, which the browser carries on.
    Connect {
        /// The state that was sent with it; none where it could not begin.
        state: Option<String>,
    },
    /// "Test operation".
    TestOperation,
    /// Lists the tools.
    ListTools,
    /// Asks the agent.
    Ask {
        /// The question.
        question: String,
    },
}

impl Journal {
    /// Notes what was done.
    pub fn note(&self, entry: Entry) {
        let mut state = self.state();
        if state.entries.len() < CAPACITY {
            state.entries.push(entry);
        } else {
            state.left_out += 1;
        }
    }

    /// Forgets all of it.
    pub fn clear(&self) {
        *self.state() = State::default();
    }

    /// What was done, in order, and how much more was done after that.
    #[must_use]
    pub fn entries(&self) -> (Vec<Entry>, usize) {
        let state = self.state();
        (state.entries.clone(), state.left_out)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
