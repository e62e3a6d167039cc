//! How long an open alert is quiet. What goes on for ever, such as an application with an old password, must not send an update every
//! few minutes for ever: the quiet time doubles with each message, up to a day.

use crate::units::{Mono, Span};

/// As long as the quiet time becomes, unless it is set to more.
const LONGEST: Span = Span::mins(1_440);
/// More doublings than a day has room for.
const DOUBLINGS: u32 = 17;

/// The quiet time after the message with this revision; the first is 1.
pub(crate) fn longer(quiet: Span, revision: u32) -> Span {
    let doubled = quiet.as_millis().saturating_mul(1 << revision.saturating_sub(1).min(DOUBLINGS));
    Span::millis(doubled).min(LONGEST.max(quiet))
}

/// When the newest message was sent, of an alert that is quiet until then.
pub(crate) fn told_at(quiet_until: Mono, quiet: Span, revision: u32) -> Mono {
    quiet_until - longer(quiet, revision)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quiet_time_doubles_up_to_a_day() {
        let minutes = |quiet, revision| longer(Span::mins(quiet), revision).as_secs() / 60;
        let five: Vec<_> = (1..=11).map(|revision| minutes(5, revision)).collect();
        assert_eq!(five, [5, 10, 20, 40, 80, 160, 320, 640, 1_280, 1_440, 1_440]);
        assert_eq!((minutes(60, 5), minutes(60, 6), minutes(60, u32::MAX)), (960, 1_440, 1_440));
        assert_eq!((longer(Span::secs(1), 17), longer(Span::secs(1), 18)), (Span::secs(65_536), Span::mins(1_440)));
        assert_eq!((minutes(2_000, 1), minutes(2_000, 9)), (2_000, 2_000));
    }
}
