//! Messages in pieces on the path: each piece has a verdict of its own, and one of them turns into that of the message when nothing
//! more is waited for.

use super::Path;
use crate::assemble::{Assembled, AssemblyTally, Gap};
use crate::units::{Mono, Now};
use crate::verdict::Verdict;
use crate::wire::syslog;

impl Path {
    /// Does one thing that is due at `now`, if any; its actions are to be taken before the next.
    pub fn tick(&mut self, now: Now) {
        match self.pieces.next_given_up(now.mono) {
            Some(given_up) => self.read_given_up(&given_up, now),
            None => self.engine.tick(now),
        }
    }

    /// When [`Path::tick`] should be called next, if ever.
    #[must_use]
    pub fn deadline(&self) -> Option<Mono> {
        [self.engine.deadline(), self.pieces.deadline()].into_iter().flatten().min()
    }

    /// Reads one message that waits for pieces as it is, since there is no time to wait; whether there was one. Its actions are to
    /// be taken before the next.
    pub fn hurry(&mut self, now: Now) -> bool {
        let given_up = self.pieces.next_given_up(Mono::from_millis(u64::MAX));
        if let Some(given_up) = &given_up {
            self.read_given_up(given_up, now);
        }
        given_up.is_some()
    }

    /// How many messages wait for pieces, and what became of the others.
    #[must_use]
    pub fn pieces(&self) -> (usize, AssemblyTally) {
        (self.pieces.waiting(), self.pieces.tally())
    }

    /// A message with parts missing that nobody was shown yet; at most one in ten minutes.
    pub fn gap_to_show(&mut self, now: Mono) -> Option<Gap> {
        self.pieces.gap_to_show(now)
    }

    pub(super) fn read_surplus(&mut self, now: Now) {
        if let Some(surplus) = self.pieces.surplus() {
            self.read_given_up(&surplus, now);
        }
    }

    pub(super) fn read_assembled(&mut self, whole: &Assembled, now: Now) -> Verdict {
        self.read_record(&syslog::decode(&whole.line), whole.cut, whole.from, now)
    }

    /// One of the pieces that were held comes to what the message says.
    fn read_given_up(&mut self, given_up: &Assembled, now: Now) {
        let said = self.read_assembled(given_up, now);
        let unsaid = matches!(said, Verdict::TextCut | Verdict::NotASignIn | Verdict::NoAccount);
        let verdict = if unsaid && given_up.missing > 0 { Verdict::PartMissing } else { said };
        self.tallies.turn(Verdict::PartHeld, verdict);
    }
}
