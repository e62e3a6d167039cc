//! Every decision: correlate, tally, detect, alert. Time is an argument, effects are values.
//!
//! The surface is four calls. [`Engine::observe`] takes one observation and answers how it ended; [`Engine::tick`] does what is
//! due; [`Engine::deadline`] says when that is; [`Engine::next_action`] gives out what is to be done, and must be called until it
//! gives nothing after each of the first two.
//!
//! Invariant: no clock, no I/O, no lock, no iteration over an unordered map into output.

mod account;
mod action;
mod admit;
mod alerts;
mod climb;
mod clusters;
mod correlate;
mod day;
mod detect;
mod distinct;
mod drain;
mod few;
mod ghosts;
mod glance;
mod idle;
mod log;
mod nodes;
mod overload;
mod patterns;
mod placement;
mod policy;
mod quiet;
mod replay;
mod restore;
mod settings;
mod spray;
mod storm;
mod strangers;
mod su;
mod table;
mod tally;
mod trace;
mod trail;
mod usual;
mod watch;
mod weigh;

pub use account::AccountRecord;
pub use action::Action;
pub use clusters::MOST as MOST_OF_CLUSTER;
pub use day::Day;
pub use glance::{DayGlance, Glance};
pub use idle::MOST as IDLE_ACCOUNTS;
pub use nodes::Node;
pub use overload::Loss;
pub use patterns::{Patterns, SprayLimits};
pub use policy::{MAX_FAILED_LOGONS, Policies, Policy, PolicyFor};
pub use settings::{NodeOf, Settings, Threshold};
pub use spray::Front;
pub use storm::{Held, MOST as MOST_OF_STORM};
pub use strangers::Stranger;
pub use su::{MOST as MOST_OF_SU, Switcher};
pub use watch::{Heard, Watched};

use crate::alert::Alert;
use crate::event::{Account, Channel, Family, Label, LockReason, Meaning, Name, Observation, Realm};
use crate::units::{Mono, Now};
use crate::verdict::Verdict;

use account::{Run, Seen};
use alerts::FamilyNames;
use climb::Around;
use clusters::Clusters;
use correlate::Taken;
use detect::{AT_MOST, Case};
use ghosts::Ghosts;
use idle::Idle;
use nodes::Nodes;
use overload::Overload;
use placement::Placement;
use replay::Replays;
use spray::Sprays;
use storm::Storm;
use strangers::Strangers;
use su::Switchers;
use table::{Accounts, Slot};
use trail::Trail;
use watch::Watch;

/// Actions that wait to be taken at most; a tick with more to do stays due.
const ACTIONS: usize = 4 * AT_MOST + 2 * crate::board::NODES + 264 + crate::board::SOURCES + 16;

/// The decisions of one site.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    names: FamilyNames,
    accounts: Accounts,
    ghosts: Ghosts,
    nodes: Nodes,
    placement: Placement,
    /// When what is at hand happened: by its own time, if that is believed; now, in a tick.
    placed: Mono,
    replays: Replays,
    strangers: Strangers,
    overload: Overload,
    trail: Trail,
    watch: Watch,
    clusters: Clusters,
    switchers: Switchers,
    sprays: Sprays,
    storm: Storm,
    actions: Box<heapless::Deque<Action, ACTIONS>>,
    /// Not later than the earliest deadline of any account.
    next: Option<Mono>,
    idle: Idle,
    /// Accounts that had made room when the store was last given all that had changed.
    evicted_before: u64,
    /// Failures that could not be kept, since every account in the table is locked or has an open alert.
    untracked: u64,
}

impl Engine {
    /// An engine that has seen nothing. `families` are the names that evidence can have; `seed` keeps strangers from aiming
    /// at one place in the tables.
    #[must_use]
    pub fn new(settings: Settings, families: impl IntoIterator<Item = Label>, seed: (u64, u64)) -> Self {
        let (nodes, watch) = (Nodes::configured(&settings.nodes), Watch::configured(&settings.nodes));
        let names = families.into_iter().map(|name| (Family::of(name.as_str()), name)).collect();
        Self {
            settings,
            names,
            accounts: Accounts::new(crate::board::HOT_ACCOUNTS, seed),
            ghosts: Ghosts::default(),
            nodes,
            placement: Placement::default(),
            placed: Mono::ZERO,
            replays: Replays::new(),
            strangers: Strangers::default(),
            overload: Overload::default(),
            trail: Trail::new(seed),
            watch,
            clusters: Clusters::default(),
            switchers: Switchers::default(),
            sprays: Sprays::default(),
            storm: Storm::default(),
            actions: Box::default(),
            next: None,
            idle: Idle::default(),
            evicted_before: 0,
            untracked: 0,
        }
    }

    /// Takes note of a message that says nothing about an account: of this node, or if it names none, from this address.
    pub fn heard(&mut self, node: &str, sender: &str, heard: Heard, now: Now) {
        self.storm.now = now;
        let (settings, actions) = (&self.settings, &mut self.actions);
        if self.watch.note(settings, (node, sender), heard, now, &mut |alert| announce(actions, alert)) {
            self.note_deadline(self.watch.deadline(&self.settings));
        }
    }

    /// Takes note of an SNMPv3 message that cannot be believed.
    pub fn stranger(&mut self, stranger: Stranger<'_>, now: Now) {
        self.storm.now = now;
        if let Some(alert) = self.strangers.note(&self.settings, stranger, now) {
            self.act(Action::Announce(Box::new(alert)));
        }
        self.note_deadline(self.strangers.deadline());
    }

    /// Takes note of datagrams that were lost before they could be read.
    pub fn lost(&mut self, loss: Loss<'_>, now: Now) {
        self.storm.now = now;
        if let Some(alert) = self.overload.note(&self.settings, loss, now) {
            self.act(Action::Announce(Box::new(alert)));
        }
        self.note_deadline(self.overload.deadline(&self.settings));
    }

    /// What the open `overload` alert last said.
    #[must_use]
    pub fn overload(&self) -> Option<&str> {
        self.overload.said()
    }

    /// Decides about one observation.
    pub fn observe(&mut self, observation: &Observation<'_>, now: Now) -> Verdict {
        self.storm.now = now;
        if let Some(fingerprint) = observation.fingerprint
            && self.replays.seen(fingerprint.rotate_left(observation.channel as u32))
        {
            return Verdict::Replay;
        }
        if let Some(likeness) = observation.likeness
            && self.replays.told_elsewhere(likeness, (observation.sender, observation.authenticated as u32))
        {
            return Verdict::Replay;
        }
        let name = Name::from_wire(observation.account);
        if name.is_empty() {
            return Verdict::NoAccount;
        }
        self.placed = self.placement.place(observation, now);
        let (realm, cluster) = self.nodes.home_of(observation, now.mono);
        if observation.realm == Realm::Cucm && observation.channel != Channel::Nested {
            self.heard(observation.node, observation.sender, Heard::SignIn, now);
        }
        let account = Account { realm, cluster, name };
        let untracked = self.untracked;
        let verdict = self.decide(observation, &account, now);
        self.record(observation, &account, (verdict, self.untracked == untracked), now);
        verdict
    }

    fn decide(&mut self, observation: &Observation<'_>, account: &Account, now: Now) -> Verdict {
        let known = self.accounts.find(account.realm, &account.cluster, account.name.as_str());
        self.note_move(known);
        match observation.meaning {
            Meaning::Logout => Verdict::Logout,
            Meaning::Success | Meaning::Unlock => self.relief(known, account, observation, now),
            Meaning::FailedSu | Meaning::FoundSu => {
                let (context, found) = ((&self.settings, &self.names), observation.meaning == Meaning::FoundSu);
                let told = self.switchers.note(context, account.clone(), observation, found, now);
                told.into_iter().for_each(|alert| announce(&mut self.actions, alert));
                self.note_deadline(self.switchers.deadline(&self.settings));
                Verdict::Failure
            }
            Meaning::Failure | Meaning::Lockout(_) | Meaning::Found => {
                match known.or_else(|| self.admit(account.clone())) {
                    Some(slot) => self.attempt(slot, observation, now),
                    None => self.without_place(account.clone(), observation, now),
                }
            }
        }
    }

    /// Does what is due at `now`.
    pub fn tick(&mut self, now: Now) {
        if self.next.is_none_or(|next| next > now.mono) {
            return;
        }
        self.next = None;
        self.placed = now.mono;
        self.storm.now = now;
        self.storm.expire(now);
        let (stranger, loss) = (self.strangers.expire(now), self.overload.expire(&self.settings, now));
        stranger.into_iter().chain(loss).for_each(|alert| self.act(Action::Announce(Box::new(alert))));
        let (settings, actions) = (&self.settings, &mut self.actions);
        self.watch.expire(settings, now, &mut |alert| announce(actions, alert));
        self.clusters.expire(settings, now, &mut |alert| announce(actions, alert));
        self.switchers.expire(settings, now, &mut |alert| announce(actions, alert));
        self.sprays.expire(now, &mut |alert| announce(actions, alert));
        self.note_deadlines_of_the_site();
        for slot in self.accounts.slots() {
            let due = self.accounts.get(slot).and_then(|record| detect::deadline(&self.settings, record));
            if due.is_none_or(|due| due > now.mono) {
                self.note_deadline(due);
                continue;
            }
            if self.actions.capacity() - self.actions.len() < AT_MOST {
                self.note_deadline(due);
                return;
            }
            self.examine(slot, now, |case| case.expire());
        }
    }

    /// When [`Engine::tick`] should be called next, if ever.
    #[must_use]
    pub const fn deadline(&self) -> Option<Mono> {
        self.next
    }

    /// The next thing to be done.
    pub fn next_action(&mut self) -> Option<Action> {
        if let Some(told) = self.storm.next_told() {
            return Some(told);
        }
        let action = weigh::weighed(&self.settings, self.actions.pop_front()?);
        let action = self.storm.take(&self.settings, action);
        self.note_deadline(self.storm.deadline());
        Some(action)
    }

    /// All accounts at hand, in no order that matters.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountRecord> {
        self.accounts.slots().filter_map(|slot| self.accounts.get(slot))
    }

    /// All nodes that are known.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter()
    }

    /// All nodes that are watched.
    pub fn watched(&self) -> impl Iterator<Item = &Watched> {
        self.watch.iter()
    }

    /// The settings in force.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Accounts at hand, accounts that had to make room for others, failures that found no room.
    #[must_use]
    pub fn occupancy(&self) -> (usize, u64, u64) {
        (self.accounts.len(), self.accounts.evicted, self.untracked)
    }

    /// Passes on that a record has changed its place.
    fn note_move(&mut self, slot: Option<Slot>) {
        if let Some(old) = self.accounts.moved.take()
            && let Some(record) = slot.and_then(|slot| self.accounts.get_mut(slot))
        {
            record.is_stored = true;
            let record = record.clone();
            self.act(Action::Move(old, Box::new(record)));
        }
    }

    /// The longest time for which a failure of this account can count.
    #[must_use]
    pub fn longest_window(&self, account: &Account) -> crate::units::Span {
        longest_window(&self.settings, account).max(Patterns::DAY)
    }

    fn attempt(&mut self, slot: Slot, observation: &Observation<'_>, now: Now) -> Verdict {
        self.examine(slot, now, |case| case.expire());
        let merge_window = self.settings.merge_window;
        let Some(record) = self.accounts.get_mut(slot) else { return Verdict::Failure };
        let seen = seen(observation, now);
        let without_attempt =
            matches!(observation.meaning, Meaning::Lockout(Some(LockReason::Administrator | LockReason::Inactive)));
        let taken = record.attempts.take(observation, seen, merge_window, now.mono);
        if taken == Taken::Replay {
            return Verdict::Replay;
        }
        let placed = self.placed;
        let keep = placed - longest_window(&self.settings, &record.account);
        record.failures.forget_before(keep);
        if record.failures.count_since(record.over()) == 0 && !record.is_pinned() && taken == Taken::New {
            record.run = Run { began: now.mono, ..Run::default() };
        }
        record.learn(observation, seen);
        record.changed = true;
        let retold = if let Taken::Merged(at, _) = taken { Some(at.min(placed)) } else { None };
        let new = taken == Taken::New && !without_attempt;
        if new {
            record.count(placed, observation.credential);
            if record.account.realm == Realm::Cucm {
                let cluster = &record.account.cluster;
                let told = self.clusters.note(&self.settings, cluster, observation.authenticated, (placed, now));
                told.into_iter().for_each(|alert| announce(&mut self.actions, alert));
            }
        }
        let account = record.account.clone();
        self.look_for_patterns(slot, &account, observation, (taken, new), now);
        self.note_deadline(self.clusters.deadline(&self.settings));
        self.examine(slot, now, |case| match observation.meaning {
            Meaning::Lockout(reason) => case.lockout(observation, reason, new, retold),
            Meaning::Found => case.found(observation),
            Meaning::Failure
            | Meaning::Success
            | Meaning::Unlock
            | Meaning::Logout
            | Meaning::FailedSu
            | Meaning::FoundSu => case.failure(observation, new),
        });
        match (observation.meaning, new) {
            (Meaning::Lockout(_), true) => Verdict::Lockout,
            (Meaning::Lockout(_), false) if without_attempt => Verdict::LockNoted,
            (_, true) => Verdict::Failure,
            (_, false) => Verdict::Absorbed,
        }
    }

    /// What an attempt says about the day of its account and of where it came from. A telling that adds the source counts for that alone.
    fn look_for_patterns(
        &mut self,
        slot: Slot,
        account: &Account,
        observation: &Observation<'_>,
        (taken, new): (Taken, bool),
        now: Now,
    ) {
        let adds_source = matches!(taken, Taken::Merged(_, true));
        if !new && !adds_source {
            return;
        }
        let context = (&self.settings, &self.names);
        let (told, deadline) = self.sprays.note(context, account, observation, new, (self.placed, now));
        told.into_iter().for_each(|alert| announce(&mut self.actions, alert));
        self.note_deadline(deadline);
        self.examine(
            slot,
            now,
            |case| if new { case.note_failure(observation) } else { case.note_source(observation) },
        );
    }

    fn relief(&mut self, known: Option<Slot>, account: &Account, observation: &Observation<'_>, now: Now) -> Verdict {
        let is_success = observation.meaning == Meaning::Success;
        let around = self.sprays.around(&account.cluster, observation.source);
        // A success from an address that tries many accounts matters even if this one never failed.
        let is_new =
            known.is_none() && (is_success && around == Around::SprayingSource || self.idle.has(&account.key()));
        if let Some(slot) = known.or_else(|| is_new.then(|| self.admit(account.clone())).flatten()) {
            self.examine(slot, now, |case| case.expire());
            self.examine(slot, now, |case| match is_success {
                true => case.success(observation, around),
                false => case.unlock(observation),
            });
            if let Some(record) = self.accounts.get_mut(slot) {
                record.changed = true;
            }
        }
        if is_success { Verdict::Success } else { Verdict::Unlock }
    }

    fn examine(&mut self, slot: Slot, now: Now, rule: impl FnOnce(&mut Case<'_>)) {
        let Some(record) = self.accounts.get_mut(slot) else { return };
        let mut case = Case::new(&self.settings, &self.names, record, now);
        case.placed = self.placed;
        rule(&mut case);
        let (found, deadline) = (case.found, detect::deadline(&self.settings, case.record));
        if !found.is_empty() {
            record.is_stored = true;
            let record = Box::new(record.clone());
            record_told(&mut self.actions, found, record);
        }
        self.note_deadline(deadline);
    }

    /// Those of what is not about one account.
    fn note_deadlines_of_the_site(&mut self) {
        let (watch, clusters) = (self.watch.deadline(&self.settings), self.clusters.deadline(&self.settings));
        let (su, sprays) = (self.switchers.deadline(&self.settings), self.sprays.deadline());
        let site = [watch, clusters, su, sprays, self.overload.deadline(&self.settings)];
        self.next =
            [self.next, self.strangers.deadline(), self.storm.deadline()].into_iter().chain(site).flatten().min();
    }

    fn note_deadline(&mut self, deadline: Option<Mono>) {
        self.next = [self.next, deadline].into_iter().flatten().min();
    }

    fn act(&mut self, action: Action) {
        // The caller empties the queue after each input; one input makes fewer actions than it holds.
        let _full = self.actions.push_back(action).is_err();
    }
}

fn announce(actions: &mut heapless::Deque<Action, ACTIONS>, alert: Alert) {
    // As in `Engine::act`.
    let _full = actions.push_back(Action::Announce(Box::new(alert))).is_err();
}

fn record_told(
    actions: &mut heapless::Deque<Action, ACTIONS>,
    found: heapless::Vec<Alert, AT_MOST>,
    record: Box<AccountRecord>,
) {
    for alert in found {
        // As in `Engine::act`.
        let _full = actions.push_back(Action::Tell(Box::new(alert), record.clone())).is_err();
    }
}

fn seen(observation: &Observation<'_>, now: Now) -> Seen {
    Seen {
        family: observation.family,
        channel: observation.channel,
        at: observation.stamp.map_or(now.wall, |stamp| stamp.at),
        fingerprint: observation.fingerprint.and_then(core::num::NonZeroU64::new),
    }
}

fn longest_window(settings: &Settings, account: &Account) -> crate::units::Span {
    settings.policies.longest_reset(account).max(settings.repeated(account.realm).window)
}
