//! Which observations are one record of the audit log: each login, failed login and logout has exactly one, however often and by
//! whatever ways it was told.
//!
//! A failure is what [`super::correlate`] says it is; logins and logouts are merged here by the same rules. A later telling adds
//! what the record lacks, under the same number, as long as the record is at hand: until it was given out to be kept and the merge
//! window is over. A failed login without a place in the account table is merged like a login.
//!
//! Bounded by what the log keeps: a record that would be overwritten before it was kept is not given out at all. Of tellings, the
//! last [`RECENT`] attempts are remembered; a flood of more within the merge window can give an attempt a second record.

use std::collections::VecDeque;

use core::hash::Hasher as _;

use siphasher::sip::SipHasher13;

use crate::audit::{Action, AuditRecord};
use crate::engine::account::Seen;
use crate::engine::alerts::FamilyNames;
use crate::engine::correlate::{Attempt, Telling, number};
use crate::event::{Account, Label, Meaning, Name, Observation};
use crate::units::{Mono, Now, Span, Text};

/// Attempts that a later telling can still belong to.
const RECENT: usize = 512;
/// Records that the log keeps if nothing else is set.
pub(crate) const RECORDS: usize = 2_000;
/// What a lock that was reported adds to its attempt.
const LOCKED: &str = "account locked";

/// What is known already about whether an observation is an attempt of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decided {
    /// It is.
    New,
    /// It belongs to one that was told before.
    Merged,
    /// Nothing.
    Open,
}

/// One observation with what the engine has made of it.
#[derive(Clone, Copy)]
pub(crate) struct Told<'a> {
    pub(crate) observation: &'a Observation<'a>,
    pub(crate) account: &'a Account,
    pub(crate) seen: Seen,
    pub(crate) decided: Decided,
}

/// The newest records and attempts.
#[derive(Debug)]
pub(crate) struct Trail {
    /// The number of the next record.
    next: u64,
    bound: usize,
    /// Records at hand, their numbers without a gap.
    held: VecDeque<Held>,
    /// No record before this number has changed since it was given out.
    changed_from: u64,
    /// A ring: attempt `n` stands at place `n % RECENT`.
    recent: Vec<Recent>,
    /// How many attempts there ever were; they are numbered from 1.
    attempts: u64,
    /// The newest attempt whose key falls into this bucket; 0 for none.
    heads: Box<[u64]>,
    seed: (u64, u64),
}

#[derive(Debug)]
struct Held {
    record: AuditRecord,
    since: Mono,
    changed: bool,
}

#[derive(Debug)]
struct Recent {
    key: u64,
    cluster: u32,
    attempt: Attempt,
    record: u64,
    /// The attempt before it in its bucket; 0 for none.
    before: u64,
}

impl Trail {
    pub(crate) fn new(seed: (u64, u64)) -> Self {
        Self {
            next: 1,
            bound: RECORDS,
            held: VecDeque::with_capacity(RECORDS),
            changed_from: 1,
            recent: Vec::with_capacity(RECENT),
            attempts: 0,
            heads: vec![0; RECENT].into_boxed_slice(),
            seed,
        }
    }

    /// Goes on with this number, for a log of so many records.
    pub(crate) fn resume(&mut self, next: u64, bound: usize) {
        self.next = next.max(1);
        self.changed_from = self.next;
        self.bound = bound.max(1);
        self.held = VecDeque::with_capacity(self.bound);
    }

    /// Takes an observation that is, or belongs to, a login, a failed login or a logout.
    pub(crate) fn take(&mut self, told: Told<'_>, names: &FamilyNames, window: Span, now: Now) {
        let telling = Telling::of(told.observation, now.mono);
        let key = self.key(&told);
        let cluster = number(told.account.cluster.as_str());
        if told.decided != Decided::New
            && let Some(at) = self.closest(key, cluster, &telling, window)
        {
            self.enrich(at, &told, &telling);
            return;
        }
        if told.decided == Decided::Merged {
            return;
        }
        let record = self.append(record(&told, names, now), now.mono);
        let Some(bucket) = self.bucket(key) else { return };
        self.attempts += 1;
        let attempt = Attempt::begin(&telling, told.seen, now.mono);
        let before = self.heads.get(bucket).copied().unwrap_or(0);
        let new = Recent { key, cluster, attempt, record, before };
        if let Some(old) = self.place(self.attempts).and_then(|place| self.recent.get_mut(place)) {
            *old = new;
        } else {
            self.recent.push(new);
        }
        if let Some(head) = self.heads.get_mut(bucket) {
            *head = self.attempts;
        }
    }

    /// Adds a record as it is; returns its number.
    pub(crate) fn append(&mut self, record: AuditRecord, now: Mono) -> u64 {
        let id = self.next;
        self.next += 1;
        if self.held.len() >= self.bound {
            self.held.pop_front();
        }
        self.held.push_back(Held { record: AuditRecord { id, ..record }, since: now, changed: true });
        id
    }

    /// Gives at most so many records that are new or have changed to `keep`, in the order of their numbers, and lets go of those that
    /// nothing will be added to.
    pub(crate) fn drain_changed(&mut self, most: usize, window: Span, now: Mono, mut keep: impl FnMut(&AuditRecord)) {
        let first = self.first();
        let from = usize::try_from(self.changed_from.saturating_sub(first)).unwrap_or(usize::MAX);
        let mut changed = self.held.iter_mut().skip(from).filter(|held| held.changed);
        for held in changed.by_ref().take(most) {
            held.changed = false;
            keep(&held.record);
        }
        self.changed_from = changed.next().map_or(self.next, |held| held.record.id);
        while self.held.front().is_some_and(|held| !held.changed && held.since + window < now) {
            self.held.pop_front();
        }
    }

    /// Whether anything waits to be given out.
    pub(crate) fn has_changed(&self) -> bool {
        self.changed_from < self.next
    }

    /// The number of the first record at hand.
    fn first(&self) -> u64 {
        self.held.front().map_or(self.next, |held| held.record.id)
    }

    fn enrich(&mut self, at: u64, told: &Told<'_>, telling: &Telling) {
        let Some(recent) = self.place(at).and_then(|place| self.recent.get_mut(place)) else { return };
        recent.attempt.enrich(telling, told.seen);
        recent.cluster = if recent.cluster == 0 { number(told.account.cluster.as_str()) } else { recent.cluster };
        let (id, stamp) = (recent.record, recent.attempt.stamp());
        let first = self.first();
        let held = id.checked_sub(first).and_then(|at| usize::try_from(at).ok()).and_then(|at| self.held.get_mut(at));
        let Some(held) = held else { return };
        let mut fuller = held.record.clone();
        complete(&mut fuller, told);
        fuller.at = stamp.map_or(fuller.at, |stamp| stamp.at);
        if fuller != held.record {
            (held.record, held.changed) = (fuller, true);
            self.changed_from = self.changed_from.min(id);
        }
    }

    /// The attempt that this is most likely about.
    fn closest(&self, key: u64, cluster: u32, telling: &Telling, window: Span) -> Option<u64> {
        let mut best: Option<(u64, u64)> = None;
        let mut at = self.bucket(key).and_then(|bucket| self.heads.get(bucket)).copied().unwrap_or(0);
        while at != 0 && at + RECENT as u64 > self.attempts {
            let recent = self.place(at).and_then(|place| self.recent.get(place))?;
            let elsewhere = cluster != 0 && recent.cluster != 0 && cluster != recent.cluster;
            if recent.key == key
                && !elsewhere
                && let Some(distance) = telling.distance(&recent.attempt, window)
                && best.is_none_or(|(least, _)| distance <= least)
            {
                best = Some((distance, at));
            }
            at = recent.before;
        }
        best.map(|(_, at)| at)
    }

    fn place(&self, attempt: u64) -> Option<usize> {
        usize::try_from(attempt.checked_sub(1)? % RECENT as u64).ok()
    }

    fn bucket(&self, key: u64) -> Option<usize> {
        usize::try_from(key % RECENT as u64).ok()
    }

    /// Who did what.
    fn key(&self, told: &Told<'_>) -> u64 {
        let mut hash = SipHasher13::new_with_keys(self.seed.0, self.seed.1);
        hash.write_u8(told.account.realm as u8);
        hash.write_u8(match told.observation.meaning {
            Meaning::Failure | Meaning::Lockout(_) => 0,
            Meaning::Success | Meaning::Unlock => 1,
            Meaning::Logout => 2,
            Meaning::FailedSu => 3,
            Meaning::Found | Meaning::FoundSu => 4,
        });
        told.account.name.as_str().bytes().for_each(|b| hash.write_u8(b.to_ascii_lowercase()));
        hash.finish()
    }
}

/// What the first telling says.
fn record(told: &Told<'_>, names: &FamilyNames, now: Now) -> AuditRecord {
    let Told { observation, account, seen, .. } = *told;
    let action = if observation.meaning == Meaning::Logout { Action::Logout } else { Action::Login };
    let authenticated = match observation.meaning {
        Meaning::Failure | Meaning::Lockout(_) | Meaning::FailedSu | Meaning::Found | Meaning::FoundSu => false,
        Meaning::Success | Meaning::Unlock | Meaning::Logout => true,
    };
    let mut record = AuditRecord {
        id: 0,
        at: seen.at,
        received: now.wall,
        action,
        user: account.name.clone(),
        source: Label::new(),
        login_type: Label::new(),
        authenticated,
        session_available: None,
        session_id: Text::new(),
        comments: Name::new(),
        realm: account.realm,
        cluster: account.cluster.clone(),
        node: Label::new(),
        family: names.get(&observation.family).cloned().unwrap_or_default(),
        channel: observation.channel,
        source_id: Text::new(),
    };
    complete(&mut record, told);
    record
}

/// Adds what the record lacks.
fn complete(record: &mut AuditRecord, told: &Told<'_>) {
    let Told { observation, account, .. } = *told;
    let session = observation.session;
    fill(&mut record.source, observation.source);
    // The column is that of an address; a host name stands in it only until one comes.
    if !is_address(record.source.as_str()) && is_address(observation.source) {
        record.source = Label::from_wire(observation.source);
    }
    fill(&mut record.login_type, observation.interface);
    fill(&mut record.node, observation.node);
    fill(&mut record.cluster, account.cluster.as_str());
    fill(&mut record.session_id, session.id);
    fill(&mut record.source_id, session.number);
    record.session_available = record.session_available.or(session.available);
    let is_lock = matches!(observation.meaning, Meaning::Lockout(_));
    let comment = [session.comment, observation.target, if is_lock { LOCKED } else { "" }];
    let comment = comment.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    fill(&mut record.comments, comment);
}

fn fill<const N: usize>(text: &mut Text<N>, with: &str) {
    if text.is_empty() && !with.is_empty() {
        *text = Text::from_wire(with);
    }
}

fn is_address(text: &str) -> bool {
    text.trim().parse::<core::net::IpAddr>().is_ok()
}
