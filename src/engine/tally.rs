//! Failures of one account in a sliding window, exact and bounded.

use serde::{Deserialize, Serialize};

use crate::engine::few::Few;
use crate::engine::policy::MAX_FAILED_LOGONS;
use crate::event::Credential;
use crate::units::{Mono, Span};

/// The newest failures, at most [`MAX_FAILED_LOGONS`]. More than the highest limit need not be kept: what counts is whether the limit is
/// reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window(Few<Failure, MAX_FAILED_LOGONS>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Failure {
    /// In tenths of a second of the engine's time line.
    at: u32,
    /// What is known of it. The store keeps that apart.
    #[serde(skip)]
    about: Credential,
}

/// A tenth of a second on the time line; enough for 13 years of it, after which all failures count as one age.
fn tenths(at: Mono) -> u32 {
    u32::try_from(at.as_millis() / 100).unwrap_or(u32::MAX)
}

impl Window {
    /// Takes in a failure that happened at `at`; it can be one that came late, before others.
    pub(crate) fn record(&mut self, at: Mono, about: Credential) {
        let at = tenths(at);
        if self.0.is_full() && self.0.first().is_some_and(|oldest| at < oldest.at) {
            return;
        }
        self.0.push(Failure { at, about });
        let later = self.0.iter().rev().skip(1).take_while(|other| at < other.at).count();
        if let Some(place) = self.0.len().checked_sub(later + 1) {
            self.0.get_mut(place..).into_iter().for_each(|rest| rest.rotate_right(1));
        }
    }

    /// The first span of time with at least `limit` failures, that at `at` among them and none before `since`: how many, and when the
    /// last of them was. If there is none, what lies in the span that ends at `at`.
    /// `of`: only failures that can be about this credential; if that is unknown, about the one of the two that has more.
    pub(crate) fn reaching(
        &self,
        limit: u32,
        at: Mono,
        span: Span,
        since: Mono,
        of: Option<Credential>,
    ) -> (u32, Mono) {
        if at < since {
            return (0, at);
        }
        if of == Some(Credential::Unknown) {
            let both = [Credential::Pin, Credential::Password];
            let [pin, password] = both.map(|of| self.reaching(limit, at, span, since, Some(of)));
            return if pin.0 > password.0 { pin } else { password };
        }
        let counts = |about: Credential| about == Credential::Unknown || of.is_none_or(|of| of == about);
        let within = |end: Mono| {
            let (from, to) = (tenths((end - span).max(since)), tenths(end));
            let counted =
                self.0.iter().filter(|failure| from <= failure.at && failure.at <= to && counts(failure.about));
            u32::try_from(counted.count()).unwrap_or(u32::MAX)
        };
        let later = self.0.iter().map(|failure| failure.at).filter(|&end| tenths(at) < end && end <= tenths(at + span));
        let ends = core::iter::once(at).chain(later.map(|end| Mono::from_millis(u64::from(end) * 100)));
        ends.map(|end| (within(end), end)).find(|(failures, _)| *failures >= limit).unwrap_or((within(at), at))
    }

    /// Failures at `since` or later.
    pub(crate) fn count_since(&self, since: Mono) -> u32 {
        let since = tenths(since);
        u32::try_from(self.0.iter().filter(|failure| failure.at >= since).count()).unwrap_or(u32::MAX)
    }

    pub(crate) fn forget_before(&mut self, since: Mono) {
        let since = tenths(since);
        self.0.retain(|failure| failure.at >= since);
    }

    /// Drops what is about this credential.
    pub(crate) fn forget(&mut self, credential: Credential) {
        self.0.retain(|failure| failure.about != credential);
    }

    /// Takes back so many failures at `at` that are about an unknown credential, if they are there still.
    pub(crate) fn take_back(&mut self, at: Mono, failures: u32) {
        let (given, mut left) = (Failure { at: tenths(at), about: Credential::Unknown }, failures);
        self.0.retain(|failure| {
            let is_given = left > 0 && *failure == given;
            left -= u32::from(is_given);
            !is_given
        });
    }

    /// Takes in the failures of another window from `since` on.
    pub(crate) fn follow(&mut self, kept: &Self, since: Mono) {
        let counting = kept.0.iter().filter(|failure| failure.at >= tenths(since));
        counting.for_each(|failure| self.record(Mono::from_millis(u64::from(failure.at) * 100), failure.about));
    }

    /// When the newest of them was.
    pub(crate) fn newest(&self) -> Option<Mono> {
        self.0.last().map(|failure| Mono::from_millis(u64::from(failure.at) * 100))
    }

    /// What each failure was about, the oldest first; nothing if it is known of none.
    pub(crate) fn credentials(&self) -> heapless::Vec<Credential, MAX_FAILED_LOGONS> {
        let is_known = self.0.iter().any(|failure| failure.about != Credential::Unknown);
        self.0.iter().filter(|_| is_known).map(|failure| failure.about).collect()
    }

    /// Takes back what the failures were about. Of another number of failures it says nothing.
    pub(crate) fn know(&mut self, credentials: &[Credential]) {
        if credentials.len() == self.0.len() {
            self.0.iter_mut().zip(credentials).for_each(|(failure, about)| failure.about = *about);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
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
            window.record(Mono::ZERO + Span::secs(s), Credential::Unknown);
        }
        let at = |s| window.count_since(Mono::ZERO + Span::secs(s) - Span::mins(30));
        assert_eq!((at(1200), at(1800), at(1801), at(2401), at(3001)), (3, 3, 2, 1, 0));
    }

    #[test]
    fn a_failure_that_comes_late_counts_with_those_that_it_happened_among() {
        let at = |s| Mono::ZERO + Span::secs(s);
        let mut window = Window::default();
        for s in [3_600, 0, 1_200, 600] {
            window.record(at(s), Credential::Unknown);
        }
        let reaching = |limit, s, since| window.reaching(limit, at(s), Span::mins(30), at(since), None);
        assert_eq!(reaching(3, 600, 0), (3, at(1_200)));
        assert_eq!(reaching(3, 0, 0), (3, at(1_200)));
        assert_eq!(reaching(3, 3_600, 0), (1, at(3_600)));
        assert_eq!(reaching(4, 600, 0), (2, at(600)), "none has so many: those up to its own time");
        assert_eq!(reaching(2, 600, 601), (0, at(600)), "what is over counts to nothing");
        assert_eq!(reaching(3, 1_200, 1), (2, at(1_200)));
    }

    #[test]
    fn pins_and_passwords_are_counted_apart_and_unknown_ones_to_either() {
        use Credential::{Password, Pin, Unknown};
        let at = |s| Mono::ZERO + Span::secs(s);
        let mut window = Window::default();
        for (s, credential) in [(0, Pin), (1, Password), (2, Pin), (4, Unknown), (3, Password), (5, Pin)] {
            window.record(at(s), credential);
        }
        let count = |window: &Window, of| window.reaching(100, at(5), Span::mins(30), at(0), of).0;
        let counts = |window: &Window| [Some(Pin), Some(Password), Some(Unknown), None].map(|of| count(window, of));
        assert_eq!(counts(&window), [4, 3, 4, 6]);
        window.forget(Pin);
        assert_eq!(counts(&window), [1, 3, 3, 3]);
        let bytes = postcard::to_allocvec(&window).unwrap();
        let mut restored: Window = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(counts(&restored), [3, 3, 3, 3], "what a restart forgets can be either");
        restored.record(at(5), Pin);
        assert_eq!(counts(&restored), [4, 3, 4, 4]);
    }

    #[test]
    fn a_full_window_keeps_the_newest() {
        let mut window = Window::default();
        (0..100).for_each(|s| window.record(Mono::ZERO + Span::secs(100 + s), Credential::Unknown));
        window.record(Mono::ZERO, Credential::Unknown);
        assert_eq!(window.count_since(Mono::ZERO + Span::secs(100)), 100);
        window.record(Mono::ZERO + Span::secs(150), Credential::Unknown);
        assert_eq!((window.count_since(Mono::ZERO + Span::secs(101)), window.count_since(Mono::ZERO)), (100, 100));
    }

    #[test]
    fn the_window_is_bounded_by_the_highest_limit() {
        let mut window = Window::default();
        for ms in 0..1_000 {
            window.record(Mono::from_millis(ms * 100), Credential::Unknown);
        }
        assert_eq!(window.count_since(Mono::ZERO), 100);
    }
}
