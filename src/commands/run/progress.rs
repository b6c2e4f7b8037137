//! The line on stderr that says how far a run is, where a person watches it.

use std::io::{IsTerminal, Write};

use crate::commands::Common;

/// With fewer scenarios than this nobody waits.
const MANY: usize = 8;

/// The progress of one run; silent where nobody would read it.
pub(super) struct Progress {
    total: usize,
    is_shown: bool,
}

impl Progress {
    /// The progress of a run of `total` scenarios.
    pub(super) fn of(total: usize, common: Common) -> Self {
        let is_shown = total >= MANY && !common.quiet && !common.json && std::io::stderr().is_terminal();
        Self { total, is_shown }
    }

    /// Shows how many are done.
    pub(super) fn show(&self, done: usize) {
        if done < self.total {
            self.write(&format!("\r\x1b[K{done} of {} played", self.total));
        }
    }

    /// Makes room for what goes to stdout.
    pub(super) fn clear(&self) {
        self.write("\r\x1b[K");
    }

    fn write(&self, text: &str) {
        if self.is_shown {
            let mut stderr = std::io::stderr().lock();
            let _reader_gone = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
        }
    }
}
