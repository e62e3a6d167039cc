//! How the runs of the program have ended, for `health`.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::process::Ended;

/// Counts since the start.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    zero: AtomicU64,
    other: AtomicU64,
    signal: AtomicU64,
    late: AtomicU64,
    folded: AtomicU64,
}

impl Runs {
    pub(crate) fn note(&self, ended: Ended) {
        let count = match ended {
            Ended::Itself(Some(0)) => &self.zero,
            Ended::Itself(Some(_)) => &self.other,
            Ended::Itself(None) => &self.signal,
            Ended::Late => &self.late,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// A message that had not had its turn when a newer one about the same alert came.
    pub(crate) fn folded(&self) {
        self.folded.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn report(&self) -> Value {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        json!({
            "exit_status_zero": of(&self.zero),
            "exit_status_other": of(&self.other),
            "by_signal": of(&self.signal),
            "too_long": of(&self.late),
            "folded": of(&self.folded),
        })
    }
}
