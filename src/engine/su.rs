//! Failed changes of user: HP-UX HIDS' template 9. More than so many in a day by one user, whoever he tried to be; the alert names his
//! targets. What HIDS found itself is told at once.
//!
//! Counted by who tried, not by whom he tried to be: a failed `su` says nothing about whose password was wrong, so it is no failure of
//! the target, and it locks nobody.

use serde::{Deserialize, Serialize};

use crate::alert::{Alert, Basis, ClearedBy, Evidence, Kind, Severity, State};
use crate::engine::alerts::{self, FamilyNames};
use crate::engine::quiet::longer;
use crate::engine::settings::{Settings, Threshold};
use crate::event::{Account, Authenticated, Credential, Label, Name, Observation};
use crate::units::{Mono, Now, Text};

/// Users whose tries are remembered; a new one beyond that replaces the one who tried longest ago.
const USERS: usize = 256;
/// The most tries that a threshold can allow.
pub const MOST: usize = 15;
/// Targets that an alert names.
const TARGETS: usize = 6;
/// HP-UX HIDS' severity 1 and 2: critical.
pub(crate) const CRITICAL_OF_HIDS: u32 = 2;

/// All users with failed tries, at most [`USERS`]; on the heap, since they are too large for a stack.
#[derive(Debug, Default)]
pub(crate) struct Switchers {
    users: Vec<Switcher>,
    /// Keys of records that have made room.
    gone: Vec<Vec<u8>>,
}

/// One user's tries; the store keeps it as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switcher {
    /// Who tried.
    pub account: Account,
    tries: heapless::Deque<Mono, { MOST + 1 }>,
    /// Whom he tried to be, the newest last.
    pub targets: heapless::Vec<Name, TARGETS>,
    /// The weakest proof of identity among what told of his tries.
    weakest: Option<Authenticated>,
    last: Mono,
    /// The open alert. The store has it as an alert.
    #[serde(skip)]
    open: Option<(Box<Alert>, Mono)>,
    #[serde(skip)]
    changed: bool,
}

impl Switchers {
    /// What an earlier run had counted of a user.
    pub(crate) fn restore(&mut self, user: Switcher) {
        if self.users.len() < USERS {
            self.users.push(user);
        }
    }

    /// Gives what the store should have, and by its key what it should not have any more.
    pub(crate) fn drain(&mut self, keep: &mut dyn FnMut(Vec<u8>, Option<&Switcher>)) {
        self.gone.drain(..).for_each(|key| keep(key, None));
        for user in self.users.iter_mut().filter(|user| user.changed) {
            user.changed = false;
            keep(user.account.key(), Some(user));
        }
    }

    /// An alert that was open when an earlier run ended.
    pub(crate) fn restore_alert(&mut self, alert: Alert, now: Mono) {
        let (Some(realm), Some(name)) = (alert.realm, alert.account.clone()) else { return };
        let account = Account { realm, cluster: alert.cluster.clone().unwrap_or_default(), name };
        if let Some(user) = self.at(account) {
            user.weakest = Some(alert.authenticated_by);
            (user.last, user.open) = (now.max(user.last), Some((Box::new(alert), now)));
        }
    }

    /// A failed try, or with `found` what another detector found; the alert, if one is to be told.
    pub(crate) fn note(
        &mut self,
        (settings, names): (&Settings, &FamilyNames),
        account: Account,
        said: &Observation<'_>,
        found: bool,
        now: Now,
    ) -> Option<Alert> {
        let threshold = settings.failed_su(account.realm);
        let user = self.at(account)?;
        user.changed = true;
        user.add(said, threshold, now);
        // HIDS says "more than".
        let reported = said.reported_failures.filter(|_| found).map_or(0, |n| n.saturating_add(1));
        let tries = reported.max(u32::try_from(user.tries.len()).unwrap_or(u32::MAX));
        let is_over = found || threshold.more_than > 0 && tries > threshold.more_than;
        let (mut alert, state) = match user.open.take() {
            None if !is_over => return None,
            None => (Box::new(user.raised(settings, now)), State::Raised),
            Some((mut alert, quiet_until)) if now.mono < quiet_until => {
                alert.failures = alert.failures.saturating_add(1);
                alert.suppressed = alert.suppressed.saturating_add(1);
                alert.last_failure = Some(now.wall);
                user.open = Some((alert, quiet_until));
                return None;
            }
            Some((alert, _)) => (alert, State::Updated),
        };
        (alert.state, alert.revision) = (state, alert.revision + 1);
        alert.failures = if state == State::Raised { tries.max(1) } else { alert.failures.saturating_add(1) };
        alert.last_failure = Some(now.wall);
        alert.basis = alert.basis.or(found.then_some(Basis::Reported));
        alert.authenticated_by = user.weakest.unwrap_or_default();
        alert.node = Some(Label::from_wire(said.node)).filter(|node| !node.is_empty());
        let realm = user.account.realm;
        let privileged =
            user.targets.iter().chain([&user.account.name]).any(|name| settings.is_privileged(realm, name));
        // What HIDS itself calls critical stays so.
        let is_critical = privileged || said.reported_severity.is_some_and(|severity| severity <= CRITICAL_OF_HIDS);
        let was_critical = state == State::Updated && alert.severity == Severity::Critical;
        alert.severity = if is_critical || was_critical { Severity::Critical } else { Severity::Warning };
        if alert.evidence.is_full() {
            alert.evidence.remove(0);
        }
        let family = names.get(&said.family).cloned().unwrap_or_default();
        let at = said.stamp.map_or(now.wall, |stamp| stamp.at);
        // There is room now.
        let _full = alert.evidence.push(Evidence { family, channel: said.channel, at }).is_err();
        alert.summary = Text::from_wire(&user.summary(threshold));
        user.open = Some((alert.clone(), now.mono + longer(threshold.quiet, alert.revision)));
        Some(*alert)
    }

    /// Ends the alerts of users who have stopped.
    pub(crate) fn expire(&mut self, settings: &Settings, now: Now, tell: &mut dyn FnMut(Alert)) {
        for user in &mut self.users {
            if user.deadline(settings).is_none_or(|at| at > now.mono) {
                continue;
            }
            if let Some((alert, _)) = user.open.take() {
                let mut alert = *alert;
                (alert.state, alert.revision) = (State::Cleared, alert.revision + 1);
                alert.cleared_by = Some(ClearedBy::PolicyEnd);
                tell(alert);
            }
        }
    }

    pub(crate) fn deadline(&self, settings: &Settings) -> Option<Mono> {
        self.users.iter().filter_map(|user| user.deadline(settings)).min()
    }

    fn at(&mut self, account: Account) -> Option<&mut Switcher> {
        let same = |user: &Switcher| {
            let (known, wanted) = (&user.account, &account);
            known.realm == wanted.realm
                && known.cluster == wanted.cluster
                && known.name.as_str().eq_ignore_ascii_case(wanted.name.as_str())
        };
        if let Some(place) = self.users.iter().position(same) {
            return self.users.get_mut(place);
        }
        let (tries, targets) = (heapless::Deque::new(), heapless::Vec::new());
        let new = Switcher { account, tries, targets, weakest: None, last: Mono::ZERO, open: None, changed: false };
        if self.users.len() < USERS {
            self.users.push(new);
            return self.users.last_mut();
        }
        // One with an open alert stays.
        let oldest = self.users.iter_mut().filter(|user| user.open.is_none()).min_by_key(|user| user.last)?;
        self.gone.push(core::mem::replace(oldest, new).account.key());
        Some(oldest)
    }
}

impl Switcher {
    fn add(&mut self, said: &Observation<'_>, threshold: Threshold, now: Now) {
        let keep = now.mono - threshold.window;
        while self.tries.front().is_some_and(|at| *at < keep) || self.tries.is_full() {
            self.tries.pop_front();
        }
        if self.tries.is_empty() && self.open.is_none() {
            self.targets.clear();
            self.weakest = None;
        }
        self.weakest = Some(self.weakest.map_or(said.authenticated, |weakest| weakest.min(said.authenticated)));
        // There is room now.
        let _full = self.tries.push_back(now.mono).is_err();
        self.last = now.mono;
        for target in said.target.split_whitespace() {
            let target = Name::from_wire(target);
            self.targets.retain(|known| *known != target);
            if self.targets.is_full() {
                self.targets.remove(0);
            }
            // As above.
            let _full = self.targets.push(target).is_err();
        }
    }

    /// When its alert ends, if he does not try again.
    fn deadline(&self, settings: &Settings) -> Option<Mono> {
        self.open.as_ref().map(|_| {
            let threshold = settings.failed_su(self.account.realm);
            self.last + threshold.window.max(threshold.quiet)
        })
    }

    /// As HIDS words it.
    fn summary(&self, threshold: Threshold) -> String {
        let mut targets = String::new();
        for target in &self.targets {
            targets.push_str(target.as_str());
            targets.push(' ');
        }
        let Threshold { more_than, window, .. } = threshold;
        let window = match window.as_secs() {
            86_400 => "day".to_owned(),
            seconds if seconds % 3_600 == 0 => format!("{} hour", seconds / 3_600),
            seconds => format!("{seconds} second"),
        };
        let name = &self.account.name;
        format!(
            "User {name} had more than {more_than} failed su attempts in the past {window}. Targets were [ {targets}]"
        )
    }

    fn raised(&self, settings: &Settings, now: Now) -> Alert {
        let account = &self.account;
        let name = account.name.as_str().to_ascii_lowercase();
        let whose = [account.realm.as_str(), account.cluster.as_str(), name.as_str()];
        Alert {
            cluster: Some(account.cluster.clone()).filter(|cluster| !cluster.is_empty()),
            account: Some(account.name.clone()),
            realm: Some(account.realm),
            credential: Credential::Password,
            interface: Some(Label::from_wire("su")),
            window_s: alerts::whole_seconds(settings.failed_su(account.realm).window.as_secs()),
            last_failure: Some(now.wall),
            ..alerts::of_site(settings, Kind::FailedSu, &whose, now)
        }
    }
}
