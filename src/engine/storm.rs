//! `storm`: more alerts within a minute than anybody reads one by one. They become one digest, and those about one account are held:
//! kept as open alerts, but not sent.
//!
//! | | when |
//! |---|---|
//! | raised | at the alert after `more-than` within a minute (`detect.storm`) |
//! | updated | with the first alert after the quiet time, which is a minute and doubles |
//! | cleared | when a whole minute has passed in which there were never more |
//!
//! Held is what is no more than a warning about one account. An alert that was held stays so to its end, unless it becomes critical, or
//! has something new to say when the storm is over: then it is told as it is.

use std::collections::VecDeque;
use std::fmt::Write as _;

use crate::alert::{Alert, ClearedBy, Kind, Severity, State};
use crate::engine::Action;
use crate::engine::alerts;
use crate::engine::quiet::longer;
use crate::engine::settings::Settings;
use crate::event::Name;
use crate::units::{Mono, Now, Span, Text};

const MINUTE: Span = Span::secs(60);
/// The most alerts in a minute that a threshold can allow.
pub const MOST: u32 = 1_000;
/// Alerts that are known to be held; with more, the one held longest is told as any other is.
const HELD: usize = 4_096;
/// Accounts that a digest names.
const NEWEST: usize = 3;

/// Which alerts are held. Whoever takes note of the same messages in the same order has the same ones.
#[derive(Debug, Default)]
pub struct Held(VecDeque<u64>);

impl Held {
    /// This message was held back or was not.
    pub fn note(&mut self, alert: &Alert, is_held: bool) {
        if is_held && alert.state == State::Updated {
            return;
        }
        let id = number(&alert.id);
        self.0.retain(|known| *known != id);
        if is_held && alert.state == State::Raised {
            if self.0.len() >= HELD {
                self.0.pop_front();
            }
            self.0.push_back(id);
        }
    }

    /// Whether nobody was told of this alert.
    #[must_use]
    pub fn has(&self, id: &Text<128>) -> bool {
        self.0.contains(&number(id))
    }
}

/// How many alerts there were lately, and the digest while there are too many.
#[derive(Debug)]
pub(crate) struct Storm {
    /// The time of the input that is at hand.
    pub(crate) now: Now,
    /// The newest alerts that were raised within a minute: one more than are allowed.
    raised: VecDeque<(Mono, Kind)>,
    /// The accounts that the newest alerts are about, the newest first.
    newest: heapless::Vec<Name, NEWEST>,
    open: Option<Open>,
    held: Held,
    /// Messages about the storm itself that are to be sent.
    told: VecDeque<Box<Alert>>,
}

#[derive(Debug)]
struct Open {
    alert: Box<Alert>,
    /// How many of each kind there were in this run, in the order of [`Kind::ALL`].
    counts: [u32; Kind::ALL.len()],
    /// When there were last more than allowed.
    last: Mono,
    quiet_until: Mono,
}

impl Default for Storm {
    fn default() -> Self {
        let now = Now { mono: Mono::ZERO, wall: crate::units::Wall::default(), synchronised: false };
        let (raised, told) = (VecDeque::new(), VecDeque::new());
        Self { now, raised, newest: heapless::Vec::new(), open: None, held: Held::default(), told }
    }
}

impl Storm {
    /// An alert that was open when an earlier run ended. Which alerts were held is not known any more.
    pub(crate) fn restore(&mut self, alert: Alert, now: Mono) {
        let quiet_until = now + longer(MINUTE, alert.revision);
        let counts = [0; Kind::ALL.len()];
        self.open = Some(Open { alert: Box::new(alert), counts, last: now, quiet_until });
    }

    /// The next message about the storm itself.
    pub(crate) fn next_told(&mut self) -> Option<Action> {
        self.told.pop_front().map(Action::Announce)
    }

    /// Counts what is to be told, and holds it if it can wait.
    pub(crate) fn take(&mut self, settings: &Settings, action: Action) -> Action {
        match action {
            Action::Tell(alert, record) if self.holds(settings, &alert) => Action::Hold(alert, Some(record)),
            Action::Announce(alert) if self.holds(settings, &alert) => Action::Hold(alert, None),
            Action::Tell(..)
            | Action::Announce(_)
            | Action::Hold(..)
            | Action::Keep(_)
            | Action::Forget(_)
            | Action::Discard(_)
            | Action::Recall(_)
            | Action::Move(..) => action,
        }
    }

    /// Ends it, if that is due.
    pub(crate) fn expire(&mut self, now: Now) {
        if let Some(mut open) = self.open.take_if(|open| now.mono.since(open.last) >= MINUTE) {
            (open.alert.state, open.alert.revision) = (State::Cleared, open.alert.revision.saturating_add(1));
            open.alert.cleared_by = Some(ClearedBy::PolicyEnd);
            let (kinds, held) = (open.kinds(), open.alert.suppressed);
            open.alert.summary = Text::from_wire(&format!(
                "single alerts resume; {} alerts since {}: {kinds}; {held} were not sent one by one: lockwarden alerts",
                open.alert.failures, open.alert.raised_at
            ));
            self.told.push_back(open.alert);
        }
    }

    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.open.as_ref().map(|open| open.last + MINUTE)
    }

    fn holds(&mut self, settings: &Settings, alert: &Alert) -> bool {
        self.expire(self.now);
        let is_due = alert.state == State::Raised && self.count(settings, alert);
        let (is_on, is_known) = (self.open.is_some(), self.held.has(&alert.id));
        let is_held = match alert.state {
            State::Raised => is_on && can_wait(alert),
            State::Updated => is_on && is_known && can_wait(alert),
            // Its beginning was not told.
            State::Cleared => is_known,
        };
        self.held.note(alert, is_held);
        if let Some(open) = &mut self.open {
            let is_new = is_held && alert.state == State::Raised;
            open.alert.suppressed = open.alert.suppressed.saturating_add(u32::from(is_new));
            if is_due {
                self.told.push_back(open.told(&self.newest, self.now.mono));
            }
        }
        is_held
    }

    /// One more alert; whether the digest is to be told.
    fn count(&mut self, settings: &Settings, alert: &Alert) -> bool {
        let (at, limit) = (self.now.mono, settings.storm);
        if limit == 0 {
            return false;
        }
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        while self.raised.len() > most || self.raised.front().is_some_and(|(then, _)| at.since(*then) >= MINUTE) {
            self.raised.pop_front();
        }
        if self.raised.is_empty() {
            self.newest.clear();
        }
        self.raised.push_back((at, alert.kind));
        if let Some(account) = &alert.account {
            if self.newest.is_full() {
                self.newest.pop();
            }
            // There is room now.
            let _full = self.newest.insert(0, account.clone()).is_err();
        }
        let is_over = self.raised.len() > most;
        match &mut self.open {
            Some(open) => {
                open.add(alert.kind);
                if is_over {
                    open.last = at;
                }
                at >= open.quiet_until
            }
            None if is_over => {
                let alert = Box::new(alerts::of_site(settings, Kind::Storm, &[], self.now));
                let counts = [0; Kind::ALL.len()];
                let mut open = Open { alert, counts, last: at, quiet_until: at };
                open.alert.window_s = alerts::whole_seconds(MINUTE.as_secs());
                self.raised.iter().for_each(|(_, kind)| open.add(*kind));
                self.open = Some(open);
                true
            }
            None => false,
        }
    }
}

impl Open {
    fn add(&mut self, kind: Kind) {
        self.alert.failures = self.alert.failures.saturating_add(1);
        for (count, _) in self.counts.iter_mut().zip(Kind::ALL).filter(|(_, known)| **known == kind) {
            *count = count.saturating_add(1);
        }
    }

    /// The digest as it stands.
    fn told(&mut self, newest: &[Name], at: Mono) -> Box<Alert> {
        let kinds = self.kinds();
        let Self { alert, quiet_until, .. } = self;
        alert.state = if alert.revision == 0 { State::Raised } else { State::Updated };
        alert.revision = alert.revision.saturating_add(1);
        *quiet_until = at + longer(MINUTE, alert.revision);
        let since =
            if alert.state == State::Raised { "in a minute".to_owned() } else { format!("since {}", alert.raised_at) };
        let names: Vec<String> = newest.iter().map(|name| Text::<32>::from_wire(name.as_str()).to_string()).collect();
        let newest = if names.is_empty() { String::new() } else { format!("; newest: {}", names.join(", ")) };
        alert.summary = Text::from_wire(&format!(
            "{} alerts {since}: {kinds}{newest}; the list: lockwarden alerts",
            alert.failures
        ));
        alert.clone()
    }

    /// "38 lockout, 3 repeated-failures".
    fn kinds(&self) -> String {
        let mut text = String::new();
        let mut before = self.alert.failures;
        for (count, kind) in self.counts.iter().zip(Kind::ALL).filter(|(count, _)| **count > 0) {
            before = before.saturating_sub(*count);
            let comma = if text.is_empty() { "" } else { ", " };
            // Writing to a string does not fail.
            let _written = write!(text, "{comma}{count} {}", kind.as_str()).is_ok();
        }
        if before > 0 {
            let comma = if text.is_empty() { "" } else { ", " };
            let _written = write!(text, "{comma}{before} before a restart").is_ok();
        }
        text
    }
}

/// An id in eight bytes (FNV-1a): what makes ids differ is a digest already.
fn number(id: &Text<128>) -> u64 {
    id.as_str().bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Whether it is enough that it stands in the digest: no more than a warning about one account, and no pattern.
fn can_wait(alert: &Alert) -> bool {
    let is_of_account = match alert.kind {
        Kind::Lockout | Kind::RepeatedFailures | Kind::FailedSu => alert.account.is_some(),
        Kind::Spray
        | Kind::Distributed
        | Kind::SlowClimb
        | Kind::SuccessAfterFailures
        | Kind::BlindNode
        | Kind::UnknownEngine
        | Kind::Overload
        | Kind::Storm => false,
    };
    is_of_account && alert.severity < Severity::Critical
}
