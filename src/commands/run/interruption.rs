//! Ctrl-C while scenarios are played: what has begun is finished and told, and a second one ends everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::commands::listening::stop_signal;
use crate::commands::{Exit, Failure, runtime};

/// Whether somebody interrupted this process; and the runtime, on whose threads the signals are awaited.
pub(super) struct Interruption {
    pub runtime: Runtime,
    has_come: Arc<AtomicBool>,
}

impl Interruption {
    /// From now on the first signal is noted, and the second ends the process.
    pub(super) fn awaited() -> Result<Self, Failure> {
        let runtime = runtime()?;
        let has_come = Arc::new(AtomicBool::new(false));
        let first = {
            let _signals_belong_to_the_runtime = runtime.enter();
            stop_signal()?
        };
        let noted = has_come.clone();
        runtime.spawn(async move {
            first.await;
            noted.store(true, Ordering::Relaxed);
            if let Ok(second) = stop_signal() {
                second.await;
                std::process::exit(Exit::Interrupted.code().into());
            }
        });
        Ok(Self { runtime, has_come })
    }

    /// Whether it has come.
    pub(super) fn has_come(&self) -> bool {
        self.has_come.load(Ordering::Relaxed)
    }

    /// Waits, unless it comes: whether it has.
    pub(super) fn within(&self, pause: Duration) -> bool {
        std::thread::sleep(pause);
        self.has_come()
    }
}
