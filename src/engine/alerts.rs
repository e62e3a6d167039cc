//! From an account's record to the alert that is told: identity, life, and the line for a person.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::alert::{Alert, Basis, ClearedBy, Evidence, Kind, SOURCES, Severity, State};
use crate::engine::account::{AccountRecord, Lock, Open, Repeated};
use crate::engine::settings::Settings;
use crate::event::{Authenticated, Credential, Family, Label, LockReason};
use crate::units::{Mono, Now, Text, Wall};

/// The names of alarm families, for evidence.
pub(crate) type FamilyNames = BTreeMap<Family, Label>;

/// Gives an alert its identity: from the site, the kind, the account with its cluster, and the attempt that began it. The node is
/// left out, since not every message names it.
pub(crate) fn open(settings: &Settings, kind: Kind, record: &AccountRecord, began: Wall, now: Now) -> Open {
    let account = &record.account;
    let mut hash = Sha256::new();
    for part in [settings.site.as_str(), kind.as_str(), account.realm.as_str(), account.cluster.as_str()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(account.name.as_str().to_ascii_lowercase().as_bytes());
    hash.update(began.as_millis().to_be_bytes());
    let digits: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    Open {
        id: Text::from_wire(&format!("{}.{}.{digits}", settings.site, kind.as_str())),
        revision: 0,
        raised_at: now.wall,
        synchronised: now.synchronised,
        quiet_until: Mono::ZERO,
        held: 0,
        suppressed: 0,
    }
}

/// An alert that no account's record is behind, before anything is known of it but its kind. Its identity is made from the site,
/// the kind, `whose` and the moment.
pub(crate) fn of_site(settings: &Settings, kind: Kind, whose: &[&str], now: Now) -> Alert {
    let mut hash = Sha256::new();
    for part in [settings.site.as_str(), kind.as_str()].iter().chain(whose) {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(now.wall.as_millis().to_be_bytes());
    let digits: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    Alert {
        id: Text::from_wire(&format!("{}.{}.{digits}", settings.site, kind.as_str())),
        revision: 0,
        state: State::Raised,
        kind,
        severity: Severity::Warning,
        site: settings.site.clone(),
        cluster: None,
        node: None,
        account: None,
        realm: None,
        credential: Credential::Unknown,
        basis: None,
        reason: None,
        interface: None,
        sources: heapless::Vec::new(),
        failures: 0,
        window_s: 0,
        first_failure: None,
        last_failure: None,
        raised_at: now.wall,
        unlock_expected: None,
        cleared_by: None,
        suppressed: 0,
        time_synchronised: now.synchronised,
        authenticated_by: Authenticated::None,
        evidence: heapless::Vec::new(),
        summary: Text::new(),
    }
}

/// The `lockout` alert in this state of its life.
pub(crate) fn lockout(
    settings: &Settings,
    names: &FamilyNames,
    record: &AccountRecord,
    lock: &Lock,
    state: State,
    cleared_by: Option<ClearedBy>,
) -> Alert {
    let mut alert = base(settings, names, record, &lock.open, Kind::Lockout, state);
    alert.severity = match lock.reason {
        Some(LockReason::Platform) => Severity::Warning,
        Some(LockReason::FailedLogons) | None => Severity::Notice,
        Some(LockReason::Administrator | LockReason::Inactive) => Severity::Info,
    };
    alert.basis = Some(lock.basis);
    alert.reason = lock.reason;
    alert.failures = lock.failures;
    alert.window_s = whole_seconds(settings.policies.of_credential(&record.account, lock.credential).reset.as_secs());
    alert.unlock_expected = lock.unlock_expected.filter(|_| cleared_by.is_none());
    alert.cleared_by = cleared_by;
    if lock.failures == 0 {
        // Locked by an administrator, or for inactivity: the run that is on record holds no failure.
        (alert.first_failure, alert.last_failure) = (None, None);
    }
    let steady = record.trace.steady().filter(|_| record.trace.is_told_steady && cleared_by.is_none());
    alert.summary = Text::from_wire(&(lockout_summary(&alert) + &steady.map(steadily).unwrap_or_default()));
    alert
}

/// The `repeated-failures` alert in this state of its life.
pub(crate) fn repeated_failures(
    settings: &Settings,
    names: &FamilyNames,
    record: &AccountRecord,
    repeated: &Repeated,
    state: State,
    cleared_by: Option<ClearedBy>,
) -> Alert {
    let mut alert = base(settings, names, record, &repeated.open, Kind::RepeatedFailures, state);
    let threshold = settings.repeated(record.account.realm);
    let steady = record.trace.steady();
    alert.severity = match (record.trace.is_critical, steady) {
        (true, _) => Severity::Critical,
        (false, Some(_)) => Severity::Notice,
        (false, None) => Severity::Warning,
    };
    alert.failures = repeated.failures;
    alert.window_s = whole_seconds(threshold.window.as_secs());
    alert.cleared_by = cleared_by;
    let account = &record.account.name;
    alert.summary = Text::from_wire(&match state {
        State::Cleared => format!("{account} has stopped failing: {} failed sign-ins in all", repeated.failures),
        State::Raised | State::Updated => format!(
            "{account} keeps failing: {} failed sign-ins, more than {} within {} s{}{}",
            repeated.failures,
            threshold.more_than,
            alert.window_s,
            from(&alert),
            steady.map(steadily).unwrap_or_default()
        ),
    });
    alert
}

pub(crate) fn base(
    settings: &Settings,
    names: &FamilyNames,
    record: &AccountRecord,
    open: &Open,
    kind: Kind,
    state: State,
) -> Alert {
    let run = &record.run;
    let given = |label: &Label| Some(label.clone()).filter(|l| !l.is_empty());
    let told = run.evidence.iter().map(|seen| Evidence {
        family: names.get(&seen.family).cloned().unwrap_or_default(),
        channel: seen.channel,
        at: seen.at,
    });
    Alert {
        id: open.id.clone(),
        revision: open.revision,
        state,
        kind,
        severity: Severity::Info,
        site: settings.site.clone(),
        cluster: given(&record.account.cluster),
        node: given(&run.node),
        account: Some(record.account.name.clone()),
        realm: Some(record.account.realm),
        credential: record.credential(),
        basis: None,
        reason: None,
        interface: given(&run.interface),
        sources: run.sources.iter().cloned().collect(),
        failures: 0,
        window_s: 0,
        first_failure: run.first,
        last_failure: run.last,
        raised_at: open.raised_at,
        unlock_expected: None,
        cleared_by: None,
        suppressed: open.suppressed,
        time_synchronised: open.synchronised,
        authenticated_by: run.authenticated.unwrap_or(Authenticated::None),
        evidence: told.collect(),
        summary: Text::new(),
    }
}

fn lockout_summary(alert: &Alert) -> String {
    let account = alert.account.clone().unwrap_or_default();
    let what = match alert.credential {
        Credential::Pin => "the PIN of ",
        Credential::Password => "the password of ",
        Credential::Unknown => "",
    };
    let why = match alert.reason {
        // The cluster counted its own limit; what we saw of it can be less.
        Some(LockReason::FailedLogons) if alert.basis == Some(Basis::Reported) => {
            format!("after too many failed sign-ins ({} seen)", alert.failures)
        }
        Some(LockReason::FailedLogons) => format!("after {} failed sign-ins", alert.failures),
        Some(LockReason::Platform) => format!("by the platform after {} failed sign-ins", alert.failures),
        Some(LockReason::Administrator) => "by an administrator".into(),
        Some(LockReason::Inactive) => "for inactivity".into(),
        None => "(the message does not say why)".into(),
    };
    let known = match alert.basis {
        Some(Basis::Inferred) => ", inferred from the policy",
        Some(Basis::Reported) | None => "",
    };
    match (alert.state, alert.cleared_by) {
        (State::Cleared, Some(ClearedBy::PolicyEnd) | None) => {
            format!("{what}{account} should be unlocked: the lockout time of its policy is over")
        }
        (State::Cleared, Some(ClearedBy::Success)) => format!("{what}{account} is unlocked: signed in again"),
        (State::Cleared, Some(ClearedBy::Administrator)) => format!("{what}{account} was unlocked by an administrator"),
        (State::Raised | State::Updated, _) => {
            let until = match (alert.unlock_expected, alert.reason) {
                (Some(at), _) => format!("; unlock expected {at}"),
                (None, None) => String::new(),
                (None, Some(_)) => "; until an administrator acts".into(),
            };
            format!("{what}{account} is locked {why}{}{known}{until}", from(alert))
        }
    }
}

pub(crate) fn from(alert: &Alert) -> String {
    match alert.sources.as_slice() {
        [] => String::new(),
        [only] => format!(" from {only}"),
        [.., newest] => format!(" from {} addresses, the newest {newest}", alert.sources.len()),
    }
}

/// Adds a source; the oldest makes room.
pub(crate) fn add_source(sources: &mut heapless::Vec<Label, SOURCES>, source: Label) {
    if source.is_empty() || sources.contains(&source) {
        return;
    }
    if sources.is_full() {
        sources.remove(0);
    }
    // There is room now.
    let _full = sources.push(source).is_err();
}

/// "7 failed sign-ins".
pub(crate) fn failed(failures: u32) -> String {
    format!("{failures} failed sign-in{}", if failures == 1 { "" } else { "s" })
}

/// What is said of failures that keep a pace.
pub(crate) fn steadily(seconds: u64) -> String {
    format!("; once in {seconds} s, as a machine with an old password does")
}

pub(crate) fn whole_seconds(s: u64) -> u32 {
    u32::try_from(s).unwrap_or(u32::MAX)
}
