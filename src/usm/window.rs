//! The time window (RFC 3414 section 3.2 (7) b): what a sender's clock was seen to show, and which messages are too old for it.
//!
//! Stricter than the RFC in two places, since the RFC lets a copy of a message pass for 150 s. After a restart, nothing older than
//! the last message before it is taken, nor a copy of one of its second; see [`super::senders`]. And what is more than 2 s older
//! than our memory of messages is not taken either, because it could not be told from a copy; see [`super::replays`]. Neither
//! refuses a message that comes in order.

use serde::{Deserialize, Serialize};

use super::MAXIMUM;
use crate::units::{Mono, Span};

/// Seconds by which a message may lag.
pub(super) const LAG: u32 = 150;
/// Seconds by which a message may lag behind what the memory of messages has lost: one for the clock's own step, one for
/// datagrams that overtake each other.
const OVERTAKEN: u32 = 2;

/// The clock of an authoritative engine, as its messages showed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// `snmpEngineBoots`.
    pub boots: u32,
    /// `latestReceivedEngineTime`, in seconds.
    pub time: u32,
    /// When that was received.
    pub at: Mono,
}

/// Why a genuine message is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// Boots are at their maximum: such an engine must be given another id.
    Exhausted,
    /// It is older than [`LAG`].
    Old,
    /// It is of an earlier start of its engine.
    EarlierStart,
    /// It was sent before the last message that was taken before our restart.
    BeforeRestart,
}

/// Times of the present boots below which nothing is taken; and since when the sender's clock is known to run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Floors {
    /// The last time before our restart.
    pub(super) restart: u32,
    /// The last time that the memory of messages has lost.
    pub(super) forgotten: u32,
    /// When our present run began, for a sender of an earlier one. How long the pause was only the wall clock says, and somebody may
    /// have set it meanwhile: if it counted, an hour too many would refuse every honest message from then on.
    pub(super) resumed: Mono,
}

impl Window {
    /// The window that this message opens or moves, if it is in it. Nothing is changed by a message that is refused.
    pub(super) fn admit(
        known: Option<(Self, Floors)>,
        boots: u32,
        time: u32,
        now: Mono,
    ) -> Result<(Self, Floors), Late> {
        let fresh = (Self { boots, time, at: now }, Floors::default());
        if boots >= MAXIMUM {
            return Err(Late::Exhausted);
        }
        let Some((window, floors)) = known else { return Ok(fresh) };
        if boots != window.boots {
            return if boots > window.boots { Ok(fresh) } else { Err(Late::EarlierStart) };
        }
        if time < floors.restart {
            return Err(Late::BeforeRestart);
        }
        let runs_since = window.at.max(floors.resumed);
        let notion = Mono::ZERO + Span::secs(window.time.into()) + now.since(runs_since);
        let oldest = Span::secs(u64::from(time) + u64::from(LAG));
        // Whole seconds: the notion's fraction is not the message's fault.
        if oldest.as_secs() < notion.since(Mono::ZERO).as_secs() || is_forgotten(time, floors.forgotten) {
            return Err(Late::Old);
        }
        let moved = if time > window.time { Self { boots, time, at: now } } else { window };
        Ok((moved, floors))
    }
}

/// Whether a message of this time could be a copy of one that the memory of messages has lost, the latest of `lost`.
pub(super) const fn is_forgotten(time: u32, lost: u32) -> bool {
    time.saturating_add(OVERTAKEN) < lost
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Mono {
        Mono::ZERO + Span::secs(s)
    }

    fn known(boots: u32, time: u32) -> Option<(Window, Floors)> {
        Some((Window { boots, time, at: at(1_000) }, Floors::default()))
    }

    fn verdict(known: Option<(Window, Floors)>, boots: u32, time: u32, now: u64) -> Result<(u32, u32), Late> {
        Window::admit(known, boots, time, at(now)).map(|(window, _)| (window.boots, window.time))
    }

    #[test]
    fn a_message_may_lag_by_150_seconds_behind_the_clock_that_runs_on() {
        assert_eq!(verdict(None, 3, 70, 5), Ok((3, 70)));
        assert_eq!(verdict(known(3, 500), 3, 501, 1_000), Ok((3, 501)));
        assert_eq!(verdict(known(3, 500), 3, 350, 1_000), Ok((3, 500)));
        assert_eq!(verdict(known(3, 500), 3, 349, 1_000), Err(Late::Old));
        assert_eq!(verdict(known(3, 500), 3, 500, 1_150), Ok((3, 500)));
        assert_eq!(verdict(known(3, 500), 3, 500, 1_151), Err(Late::Old));
        assert_eq!(verdict(known(3, 500), 3, MAXIMUM, 1_000), Ok((3, MAXIMUM)));
    }

    #[test]
    fn a_later_start_moves_the_window_and_an_earlier_one_is_refused() {
        assert_eq!(verdict(known(3, 500), 4, 0, 1_000), Ok((4, 0)));
        assert_eq!(verdict(known(3, 500), 2, 9_999, 1_000), Err(Late::EarlierStart));
    }

    #[test]
    fn boots_at_the_maximum_are_refused_and_move_nothing() {
        assert_eq!(verdict(None, MAXIMUM, 5, 0), Err(Late::Exhausted));
        assert_eq!(verdict(known(3, 500), MAXIMUM, 501, 1_000), Err(Late::Exhausted));
        assert_eq!(verdict(known(3, 500), 3, 501, 1_000), Ok((3, 501)));
    }

    #[test]
    fn nothing_from_before_a_restart_is_taken_until_the_sender_starts_anew() {
        let restored =
            Some((Window { boots: 3, time: 500, at: at(1_000) }, Floors { restart: 500, ..Floors::default() }));
        assert_eq!(verdict(restored, 3, 499, 1_000), Err(Late::BeforeRestart));
        assert_eq!(verdict(restored, 3, 500, 1_000), Ok((3, 500)));
        assert_eq!(verdict(restored, 4, 1, 1_000), Ok((4, 1)));
        let (_, floors) = Window::admit(restored, 4, 1, at(1_000)).unwrap();
        assert_eq!(floors, Floors::default());
    }

    #[test]
    fn a_pause_of_ours_makes_no_message_late_however_long_the_wall_clock_says_it_was() {
        let floors = Floors { restart: 500, resumed: at(9_000), ..Floors::default() };
        let restored = Some((Window { boots: 3, time: 500, at: at(1_000) }, floors));
        assert_eq!(verdict(restored, 3, 510, 9_005), Ok((3, 510)));
        assert_eq!(verdict(restored, 3, 510, 9_160), Ok((3, 510)));
        assert_eq!(verdict(restored, 3, 510, 9_161), Err(Late::Old));
        let next = Window::admit(restored, 3, 510, at(9_005)).ok();
        assert_eq!(verdict(next, 3, 511, 9_166), Err(Late::Old));
    }

    #[test]
    fn what_the_memory_has_lost_is_not_taken_but_a_datagram_may_be_overtaken() {
        let flooded =
            Some((Window { boots: 3, time: 500, at: at(1_000) }, Floors { forgotten: 500, ..Floors::default() }));
        assert_eq!(verdict(flooded, 3, 497, 1_000), Err(Late::Old));
        assert_eq!(verdict(flooded, 3, 498, 1_000), Ok((3, 500)));
    }
}
