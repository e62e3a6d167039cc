//! The signals that the service listens to.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

use super::manager;
use super::reload::Reload;

/// What ends the service, and what makes it read its configuration and certificates again.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// From now on a signal waits for [`Self::wait`].
    ///
    /// # Errors
    /// If the system gives us none.
    pub(crate) fn listen() -> Result<Self, String> {
        let on = |kind| signal(kind).map_err(|error| format!("signals cannot be received: {error}"));
        let (terminate, interrupt) = (on(SignalKind::terminate())?, on(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, hangup: on(SignalKind::hangup())? })
    }

    /// Returns when the service is to end, and by which signal.
    pub(crate) async fn wait(mut self, certificates: &Notify, mut reload: Reload<'_>) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                _ = self.hangup.recv() => {
                    manager::reloading();
                    certificates.notify_one();
                    reload.again().await;
                    manager::ready();
                }
            }
        }
    }
}
