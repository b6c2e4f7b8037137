//! The signals that end a command which stays.

use super::{Exit, Failure};

/// Waits for SIGINT, SIGTERM or SIGHUP (Ctrl-C elsewhere); registered at once, before it is awaited.
#[cfg(unix)]
pub(super) fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |error| Failure::new(Exit::Environment, "signals", format!("cannot listen for signals: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(failed)?;
    Ok(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {}, _ = hang_up.recv() => {} }
    })
}

#[cfg(not(unix))]
pub(super) fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    Ok(async {
        let _unavailable = tokio::signal::ctrl_c().await;
    })
}
