//! Messages that came in pieces: CiscoLog's parts (`[part=16.1/3]`) and audit messages that share a `CorrelationID`.
//!
//! CiscoLog allows a message 800 octets and splits a longer one; each piece has the header and some of the parameters, and the
//! account can be in any of them. Pieces wait here until all are there, or none came for a while; then they are one line.
//!
//! Pieces are of one set if sender, host, alarm and mark are the same, their times lie within `NEAR`, and no parameter is
//! contradicted: CUCM numbers per process, so the same number can come twice from one node at the same time.
//!
//! Bounds: `SETS` sets of `SET_BYTES` octets. One too many makes the sender with most sets give up its oldest. Time is an argument.

mod join;

use core::net::IpAddr;

use crate::event::Sender;
use crate::units::{Mono, Now, Span, Wall};
use crate::wire::ciscolog::{self, CiscoLog};
use crate::wire::syslog::{self, Record};

/// Sets at hand, waiting or remembered.
const SETS: usize = 64;
/// Octets of one set; a piece that does not fit counts as come, but is not read.
const SET_BYTES: usize = 16 * 1024;
/// Pieces of one set.
const MOST_PIECES: u16 = 64;
/// Sets of one mark that a piece is compared with; it begins a new one if it fits none of them.
const COMPARED: usize = 4;
/// Pieces of one message differ in time by less than this.
const NEAR: Span = Span::secs(3);
/// So long after its first piece a set is given up.
const LONGEST: Span = Span::secs(10);
/// So long after its last piece, if the parts are numbered.
const QUIET_PARTS: Span = Span::secs(5);
/// So long after its last piece, if nobody says how many there are.
const QUIET_CORRELATED: Span = Span::secs(2);
/// A finished set is remembered, so that a copy of a piece is known for what it is.
const REMEMBERED: Span = Span::secs(60);
/// One line in the log about missing parts in this time.
const SHOWN_EVERY: Span = Span::mins(10);

/// What became of a line.
#[derive(Debug, PartialEq, Eq)]
pub enum Offered {
    /// It is no piece of anything.
    Alone,
    /// It waits for the others.
    Held,
    /// It was here before.
    Again,
    /// Its set was finished without it.
    Late,
    /// It was the last that was missing.
    Whole(Assembled),
}

/// The pieces of a message as one line.
#[derive(Debug, PartialEq, Eq)]
pub struct Assembled {
    /// The line, with the header of its first piece.
    pub line: String,
    /// Whether something of the message is missing or contradicts itself.
    pub cut: bool,
    /// How many parts never came.
    pub missing: u16,
    /// Who sent it.
    pub from: Sender,
}

/// How often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AssemblyTally {
    /// Messages of which every piece came.
    pub joined: u64,
    /// Messages that were given up, and read without the parts that never came.
    pub incomplete: u64,
    /// Parts that never came.
    pub missing_parts: u64,
}

/// A message with parts missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Who sent it.
    pub from: IpAddr,
    /// Its facility and alarm: `UC_IMS-authFail`.
    pub alarm: String,
    /// How many parts never came.
    pub missing: u16,
    /// Of how many.
    pub of: u16,
    /// How many messages had parts missing since the last that was shown, with this one.
    pub count: u64,
}

/// The pieces that wait.
#[derive(Debug, Default)]
pub struct Assembler {
    /// In the order of their first pieces.
    sets: Vec<Set>,
    /// What had to make room.
    surplus: Option<Assembled>,
    tally: AssemblyTally,
    gap: Option<Gap>,
    shown: Option<Mono>,
}

#[derive(Debug)]
struct Set {
    from: Sender,
    host: String,
    alarm: String,
    mark: Mark,
    stamp: Option<Wall>,
    pieces: Vec<Piece>,
    octets: usize,
    /// A piece was not kept.
    cut: bool,
    first: Mono,
    last: Mono,
    finished: Option<Mono>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Mark {
    Part { first: u64, of: u16 },
    Correlated(String),
}

#[derive(Debug)]
struct Piece {
    number: u16,
    stamp: Option<Wall>,
    line: String,
}

/// A line that is a piece.
struct Offer<'a> {
    line: &'a str,
    log: CiscoLog<'a>,
    host: &'a str,
    stamp: Option<Wall>,
    mark: Mark,
    /// From 1; without a number, none.
    number: Option<u16>,
}

/// What a set says of a piece.
enum Fit {
    Next,
    Again,
    Late,
}

impl Assembler {
    /// Takes a line if it is a piece.
    pub fn offer(&mut self, line: &str, record: &Record<'_>, from: Sender, now: Now) -> Offered {
        let Some(offer) = Offer::read(line, record, now.wall) else { return Offered::Alone };
        self.sets.retain(|set| set.finished.is_none_or(|at| now.mono.since(at) < REMEMBERED));
        let of_mark = self.sets.iter_mut().rev().filter(|set| set.is_of(&offer, from)).take(COMPARED);
        let found = of_mark.filter_map(|set| Some((set.fit(&offer)?, set))).next();
        let set = match found {
            Some((Fit::Again, _)) => return Offered::Again,
            Some((Fit::Late, _)) => return Offered::Late,
            Some((Fit::Next, set)) => set,
            None => {
                self.make_room(now.mono);
                self.sets.push(Set::new(&offer, from, now.mono));
                let Some(set) = self.sets.last_mut() else { return Offered::Alone };
                set
            }
        };
        set.add(&offer, now.mono);
        if !set.is_whole() {
            return Offered::Held;
        }
        let whole = set.finish(now.mono);
        self.count(&whole, None);
        Offered::Whole(whole)
    }

    /// When [`Assembler::next_given_up`] has something to give, if ever.
    #[must_use]
    pub fn deadline(&self) -> Option<Mono> {
        self.sets.iter().filter_map(Set::due).min()
    }

    /// A message for which nothing more is waited.
    pub fn next_given_up(&mut self, now: Mono) -> Option<Assembled> {
        let set = self.sets.iter_mut().find(|set| set.due().is_some_and(|due| due <= now))?;
        let given_up = set.finish(now);
        let gap = set.gap(given_up.missing);
        self.count(&given_up, gap);
        Some(given_up)
    }

    /// What had to make room for a new set; at most one after each [`Assembler::offer`].
    pub fn surplus(&mut self) -> Option<Assembled> {
        self.surplus.take()
    }

    /// How many messages wait for a piece.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.sets.iter().filter(|set| set.finished.is_none()).count()
    }

    /// How often what happened.
    #[must_use]
    pub const fn tally(&self) -> AssemblyTally {
        self.tally
    }

    /// A message with parts missing that nobody was shown yet; at most one in ten minutes.
    pub fn gap_to_show(&mut self, now: Mono) -> Option<Gap> {
        if self.gap.is_none() || self.shown.is_some_and(|shown| now.since(shown) < SHOWN_EVERY) {
            return None;
        }
        self.shown = Some(now);
        self.gap.take()
    }

    fn make_room(&mut self, now: Mono) {
        if self.sets.len() < SETS {
            return;
        }
        let place = self.sets.iter().position(|set| set.finished.is_some()).or_else(|| self.oldest_of_the_busiest());
        let Some(place) = place else { return };
        let mut set = self.sets.remove(place);
        if set.finished.is_none() {
            let given_up = set.finish(now);
            let gap = set.gap(given_up.missing);
            self.count(&given_up, gap);
            self.surplus = Some(given_up);
        }
    }

    /// The first set of the sender with most sets: who sends much cannot push out who sends little.
    fn oldest_of_the_busiest(&self) -> Option<usize> {
        let of = |from: IpAddr| self.sets.iter().filter(|set| set.from.address == from).count();
        let busiest = self.sets.iter().map(|set| (of(set.from.address), set.from.address)).max()?.1;
        self.sets.iter().position(|set| set.from.address == busiest)
    }

    fn count(&mut self, assembled: &Assembled, gap: Option<Gap>) {
        if assembled.missing == 0 {
            self.tally.joined += 1;
        } else {
            self.tally.incomplete += 1;
            self.tally.missing_parts += u64::from(assembled.missing);
        }
        if let Some(gap) = gap {
            let before = self.gap.as_ref().map_or(0, |gap| gap.count);
            self.gap = Some(Gap { count: before + 1, ..gap });
        }
    }
}

impl<'a> Offer<'a> {
    fn read(line: &'a str, record: &Record<'a>, near: Wall) -> Option<Self> {
        // Nearly every line ends here.
        if !record.body.starts_with('%') || line.len() > SET_BYTES {
            return None;
        }
        let numbered = record.body.contains("part");
        if !numbered && !record.body.contains("CorrelationID") {
            return None;
        }
        let log = ciscolog::parse(record.body)?;
        let (mark, number) = if let Some(part) = log.tags.part() {
            let sane = (2..=MOST_PIECES).contains(&part.of) && (1..=part.of).contains(&part.part);
            sane.then_some((Mark::Part { first: part.first, of: part.of }, Some(part.part)))?
        } else {
            (Mark::Correlated(correlation(&log)?), None)
        };
        let stamp = record.stamp.and_then(|stamp| stamp.to_wall(near));
        Some(Self { line, log, host: record.host.unwrap_or_default(), stamp, mark, number })
    }
}

/// An audit message that is a piece names what it belongs to; one that is not has this empty.
fn correlation(log: &CiscoLog<'_>) -> Option<String> {
    if !log.facility.eq_ignore_ascii_case("UC_AUDITLOG") {
        return None;
    }
    let id = log.tags.get("CorrelationID").filter(|value| value.complete)?.unescaped();
    (!id.is_empty()).then(|| id.into_owned())
}

fn alarm(log: &CiscoLog<'_>) -> String {
    format!("{}-{}", log.facility, log.mnemonic)
}

impl Set {
    fn new(offer: &Offer<'_>, from: Sender, now: Mono) -> Self {
        Self {
            from,
            host: offer.host.to_owned(),
            alarm: alarm(&offer.log),
            mark: offer.mark.clone(),
            stamp: offer.stamp,
            pieces: Vec::new(),
            octets: 0,
            cut: false,
            first: now,
            last: now,
            finished: None,
        }
    }

    fn is_of(&self, offer: &Offer<'_>, from: Sender) -> bool {
        let near = match (self.stamp, offer.stamp) {
            (Some(ours), Some(its)) => ours.distance(its) <= NEAR,
            (None, _) | (_, None) => true,
        };
        self.from == from
            && self.mark == offer.mark
            && near
            && self.host == offer.host
            && self.alarm == alarm(&offer.log)
    }

    /// `None` if it is a piece of another message of the same mark.
    fn fit(&self, offer: &Offer<'_>) -> Option<Fit> {
        let of_number = self.pieces.iter().find(|piece| Some(piece.number) == offer.number);
        let same = |piece: &Piece| {
            piece.stamp == offer.stamp && syslog::decode(&piece.line).body == syslog::decode(offer.line).body
        };
        if offer.number.is_some() && of_number.is_some_and(|piece| !same(piece)) {
            return None;
        }
        if of_number.is_some() || offer.number.is_none() && self.pieces.iter().any(same) {
            return Some(Fit::Again);
        }
        let record = self.pieces.first().map(|piece| syslog::decode(&piece.line));
        let log = record.and_then(|record| ciscolog::parse(record.body));
        if log.is_some_and(|log| join::contradict(&log, &offer.log)) {
            return None;
        }
        Some(if self.finished.is_some() { Fit::Late } else { Fit::Next })
    }

    fn add(&mut self, offer: &Offer<'_>, now: Mono) {
        let next = u16::try_from(self.pieces.len()).unwrap_or(u16::MAX).saturating_add(1);
        let number = offer.number.unwrap_or(next);
        self.last = now;
        let octets = self.octets + offer.line.len();
        let fits = octets <= SET_BYTES;
        self.cut |= !fits;
        if fits {
            self.octets = octets;
        }
        // The number of pieces that are not kept is bounded only where they are numbered.
        if fits || offer.number.is_some() {
            let line = if fits { offer.line.to_owned() } else { String::new() };
            self.pieces.push(Piece { number, stamp: offer.stamp, line });
        }
    }

    fn is_whole(&self) -> bool {
        match self.mark {
            Mark::Part { of, .. } => self.missing(of) == 0,
            Mark::Correlated(_) => false,
        }
    }

    fn missing(&self, of: u16) -> u16 {
        of.saturating_sub(u16::try_from(self.pieces.len()).unwrap_or(u16::MAX))
    }

    fn due(&self) -> Option<Mono> {
        let quiet = match self.mark {
            Mark::Part { .. } => QUIET_PARTS,
            Mark::Correlated(_) => QUIET_CORRELATED,
        };
        self.finished.is_none().then(|| (self.last + quiet).min(self.first + LONGEST))
    }

    fn finish(&mut self, now: Mono) -> Assembled {
        self.finished = Some(now);
        let mut pieces: Vec<(u16, &str)> = self.pieces.iter().map(|p| (p.number, p.line.as_str())).collect();
        pieces.sort_by_key(|(number, _)| *number);
        let (of, missing) = match self.mark {
            Mark::Part { of, .. } => (Some(of), self.missing(of)),
            Mark::Correlated(_) => (None, 0),
        };
        let joined = join::join(pieces.iter().copied(), of);
        Assembled { line: joined.line, cut: joined.cut || self.cut || missing > 0, missing, from: self.from }
    }

    fn gap(&self, missing: u16) -> Option<Gap> {
        match self.mark {
            Mark::Part { of, .. } if missing > 0 => {
                Some(Gap { from: self.from.address, alarm: self.alarm.clone(), missing, of, count: 1 })
            }
            Mark::Part { .. } | Mark::Correlated(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
