//! The only place that reads a clock. Everything else is handed the time.

/// The present, for timers and deadlines.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the shell's one door to the monotonic clock")]
pub fn instant() -> tokio::time::Instant {
    tokio::time::Instant::now()
}
