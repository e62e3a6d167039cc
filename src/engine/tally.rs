//! Failures of one account in a sliding window, exact and bounded.

use serde::{Deserialize, Serialize};

use crate::engine::policy::MAX_FAILED_LOGONS;
use crate::units::Mono;

/// The newest failures, at most [`MAX_FAILED_LOGONS`], in tenths of a second of the engine's time line. More than the highest
/// limit need not be kept: what counts is whether the limit is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window(heapless::Deque<u32, MAX_FAILED_LOGONS>);

/// A tenth of a second on the time line; enough for 13 years of it, after which all failures count as one age.
fn tenths(at: Mono) -> u32 {
    u32::try_from(at.as_millis() / 100).unwrap_or(u32::MAX)
}

impl Window {
    pub(crate) fn record(&mut self, at: Mono) {
        if self.0.is_full() {
            self.0.pop_front();
        }
        // There is room now.
        let _full = self.0.push_back(tenths(at)).is_err();
    }

    /// Failures at `since` or later.
    pub(crate) fn count_since(&self, since: Mono) -> u32 {
        let since = tenths(since);
        u32::try_from(self.0.iter().filter(|&&at| at >= since).count()).unwrap_or(u32::MAX)
    }

    pub(crate) fn forget_before(&mut self, since: Mono) {
        let since = tenths(since);
        while self.0.front().is_some_and(|&at| at < since) {
            self.0.pop_front();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;

    #[test]
    fn a_failure_counts_until_it_is_older_than_the_window() {
        let mut window = Window::default();
        for s in [0, 600, 1200] {
            window.record(Mono::ZERO + Span::secs(s));
        }
        let at = |s| window.count_since(Mono::ZERO + Span::secs(s) - Span::mins(30));
        assert_eq!((at(1200), at(1800), at(1801), at(2401), at(3001)), (3, 3, 2, 1, 0));
    }

    #[test]
    fn the_window_is_bounded_by_the_highest_limit() {
        let mut window = Window::default();
        for ms in 0..1_000 {
            window.record(Mono::from_millis(ms * 100));
        }
        assert_eq!(window.count_since(Mono::ZERO), 100);
    }
}
