//! The engine's side of the audit log: which verdicts are records, and records that come whole from an import.

use super::trail::{Decided, Told};
use super::{Engine, longest_window, seen};
use crate::audit::{AuditRecord, Failed};
use crate::event::{Account, Authenticated, Credential, Family, Meaning, Observation, Session, Stamped};
use crate::units::{Mono, Now, Span};
use crate::verdict::Verdict;

impl Engine {
    /// Goes on with the audit log where the last run left it: the number of the next record, and how many are kept.
    pub fn resume_audit(&mut self, next: u64, records: usize) {
        self.trail.resume(next, records);
    }

    /// Takes note of a record that an earlier run kept, so that its source can send it again without its being another.
    pub fn restore_audit(&mut self, record: &AuditRecord) {
        let _known = self.replays.seen(record.fingerprint().rotate_left(record.channel as u32));
    }

    /// Gives at most so many records of the audit log that are new or have changed since they were given to `keep`, in the order of their
    /// numbers.
    pub fn drain_audit(&mut self, most: usize, now: Mono, keep: impl FnMut(&AuditRecord)) {
        self.trail.drain_changed(most, self.settings.merge_window, now, keep);
    }

    /// Whether [`Engine::drain_audit`] would give something.
    #[must_use]
    pub fn has_audit(&self) -> bool {
        self.trail.has_changed()
    }

    /// Takes a record that was imported: it gets the next number, and nothing is merged with it. A failed login counts as one that
    /// happens now, but only if it is younger than every window in which it could count: what is older can raise nothing any more.
    pub fn import(&mut self, record: AuditRecord, now: Now) -> Verdict {
        self.storm.now = now;
        let verdict = self.count_imported(&record, now);
        self.restore_audit(&record);
        self.trail.append(record, now.mono);
        verdict
    }

    fn count_imported(&mut self, record: &AuditRecord, now: Now) -> Verdict {
        let account = Account { realm: record.realm, cluster: record.cluster.clone(), name: record.user.clone() };
        let is_failure = record.failed() == Some(Failed::Authentication);
        let is_recent = record.at <= now.wall && record.at.distance(now.wall) < self.shortest_window(&account);
        match (is_failure && is_recent, record.action) {
            (true, _) => {
                let observation = observation_of(record);
                self.decide(&observation, &account, now)
            }
            // What is past ends nothing that goes on now.
            (false, crate::audit::Action::Logout) => Verdict::Logout,
            (false, crate::audit::Action::Login) => Verdict::NeverCounted,
        }
    }

    /// The shortest time for which a failure of this account can count; the longest if it never does.
    fn shortest_window(&self, account: &Account) -> Span {
        let policy = self.settings.policies.of(account);
        let repeated = self.settings.repeated(account.realm);
        let windows = [(policy.failed_logons, policy.reset), (repeated.more_than, repeated.window)];
        let in_use = windows.into_iter().filter(|(limit, _)| *limit > 0).map(|(_, window)| window);
        in_use.min().unwrap_or_else(|| longest_window(&self.settings, account))
    }

    /// Makes a record of what `verdict` was given for; with `correlated`, the verdict says whether it is an attempt of its own.
    pub(super) fn record(
        &mut self,
        observation: &Observation<'_>,
        account: &Account,
        (verdict, correlated): (Verdict, bool),
        now: Now,
    ) {
        let decided = match (verdict, observation.meaning) {
            // Another detector sums up attempts; it is none itself.
            (_, Meaning::Found | Meaning::FoundSu) => return,
            (Verdict::Failure, Meaning::FailedSu) => Decided::Open,
            (Verdict::Failure | Verdict::Lockout, _) if correlated => Decided::New,
            (Verdict::Failure | Verdict::Lockout | Verdict::Success | Verdict::Logout, _) => Decided::Open,
            (Verdict::Absorbed, _) => Decided::Merged,
            // A lock by an administrator, an unlock, a copy: nobody tried to come in.
            (
                _,
                Meaning::Failure
                | Meaning::Lockout(_)
                | Meaning::Success
                | Meaning::Unlock
                | Meaning::Logout
                | Meaning::FailedSu,
            ) => return,
        };
        let told = Told { observation, account, seen: seen(observation, now), decided };
        self.trail.take(told, &self.names, self.settings.merge_window, now);
    }
}

/// What a record says, as the message that it once was.
fn observation_of(record: &AuditRecord) -> Observation<'_> {
    Observation {
        meaning: Meaning::Failure,
        family: Family::of(record.family.as_str()),
        channel: record.channel,
        authenticated: Authenticated::None,
        realm: record.realm,
        account: record.user.as_str(),
        cluster: record.cluster.as_str(),
        node: record.node.as_str(),
        sender: "",
        source: record.source.as_str(),
        interface: record.login_type.as_str(),
        target: "",
        credential: Credential::Unknown,
        stamp: Some(Stamped { at: record.at, precision_ms: 1_000, zoned: false }),
        fingerprint: Some(record.fingerprint()),
        likeness: None,
        unlock_s: None,
        reported_failures: None,
        reported_severity: None,
        session: Session::default(),
    }
}
