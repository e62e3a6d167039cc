//! What each threshold would have raised at half its value and at twice: the whole file again for each, a few at a time, so that
//! memory does not grow with the file or with the table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use serde_json::{Value, json};

use super::drive::{Replay, Show};
use crate::alert::{Alert, Kind, Severity, State};
use crate::engine::{MAX_FAILED_LOGONS, Settings};
use crate::event::Realm;
use crate::shell::capture;
use crate::shell::cli::{Place, load};
use crate::units::Span;

/// Runs at one time at most: each needs the memory of a service.
const AT_ONCE: usize = 4;
/// The highest count that the engine can tell from more.
const MOST: u64 = MAX_FAILED_LOGONS as u64 - 1;
const CUCM: &[Realm] = &[Realm::Cucm, Realm::Mitel, Realm::Lockwarden];
const UNIX: &[Realm] = &[Realm::Os, Realm::Unix];

/// A setting that decides how much is raised.
struct Tunable {
    key: &'static str,
    /// What it raises.
    kind: Kind,
    /// It concerns failures in these realms only; empty: in all.
    realms: &'static [Realm],
    most: u64,
    /// In the key's unit; 0: off.
    read: fn(&Settings) -> u64,
    write: fn(&mut Settings, u64),
}

/// A count and its window of one `Threshold`.
macro_rules! threshold {
    ($key:literal, $field:ident, $kind:expr, $realms:expr) => {
        [
            Tunable {
                key: concat!($key, ".more-than"),
                kind: $kind,
                realms: $realms,
                most: MOST,
                read: |settings| settings.$field.more_than.into(),
                write: |settings, n| settings.$field.more_than = small(n),
            },
            Tunable {
                key: concat!($key, ".window-s"),
                kind: $kind,
                realms: $realms,
                most: 86_400,
                read: |settings| if settings.$field.more_than == 0 { 0 } else { settings.$field.window.as_secs() },
                write: |settings, s| settings.$field.window = Span::secs(s),
            },
        ]
    };
}

const POLICY: [Tunable; 4] = [
    Tunable {
        key: "policy.failed-logons",
        kind: Kind::Lockout,
        realms: &[Realm::Cucm],
        most: MOST,
        read: |settings| settings.policies.cucm.failed_logons.into(),
        write: |settings, n| settings.policies.cucm.failed_logons = small(n),
    },
    Tunable {
        key: "policy.reset-min",
        kind: Kind::Lockout,
        realms: &[Realm::Cucm],
        most: 120,
        read: |settings| settings.policies.cucm.reset.as_secs() / 60,
        write: |settings, minutes| settings.policies.cucm.reset = Span::mins(minutes),
    },
    Tunable {
        key: "policy.os.failed-logons",
        kind: Kind::Lockout,
        realms: &[Realm::Os],
        most: MOST,
        read: |settings| settings.policies.os.failed_logons.into(),
        write: |settings, n| settings.policies.os.failed_logons = small(n),
    },
    Tunable {
        key: "policy.os.reset-s",
        kind: Kind::Lockout,
        realms: &[Realm::Os],
        most: 7_200,
        read: |settings| settings.policies.os.reset.as_secs(),
        write: |settings, s| settings.policies.os.reset = Span::secs(s),
    },
];
const CUCM_REPEATED: [Tunable; 2] = threshold!("detect.repeated-failures", repeated_cucm, Kind::RepeatedFailures, CUCM);
const UNIX_REPEATED: [Tunable; 2] =
    threshold!("detect.repeated-failures.unix", repeated_unix, Kind::RepeatedFailures, UNIX);
const CLUSTER: [Tunable; 2] = threshold!("detect.repeated-failures.cluster", cluster, Kind::RepeatedFailures, &[]);
const SU: [Tunable; 2] = threshold!("detect.failed-su", failed_su, Kind::FailedSu, &[]);
const ALL: [&[Tunable]; 6] = [&POLICY, &CUCM_REPEATED, &UNIX_REPEATED, &CLUSTER, &SU, &PATTERNS];

/// A count that stands alone.
macro_rules! limit {
    ($key:literal, $kind:expr, $most:literal, $($field:ident).+) => {
        Tunable {
            key: $key,
            kind: $kind,
            realms: &[],
            most: $most,
            read: |settings| settings.$($field).+.into(),
            write: |settings, n| settings.$($field).+ = small(n),
        }
    };
}

const PATTERNS: [Tunable; 9] = [
    limit!("detect.spray.accounts", Kind::Spray, 400, patterns.spray.accounts),
    Tunable {
        key: "detect.spray.window-s",
        kind: Kind::Spray,
        realms: &[],
        most: 3_600,
        read: |settings| settings.patterns.spray.window.as_secs(),
        write: |settings, s| {
            (settings.patterns.spray.window, settings.patterns.cluster_spray.window) = (Span::secs(s), Span::secs(s));
        },
    },
    limit!("detect.spray.accounts-of-day", Kind::Spray, 400, patterns.spray.of_day),
    limit!("detect.spray.cluster-accounts", Kind::Spray, 9_999, patterns.cluster_spray.accounts),
    limit!("detect.spray.cluster-accounts-of-day", Kind::Spray, 9_999, patterns.cluster_spray.of_day),
    limit!("detect.distributed.sources", Kind::Distributed, 16, patterns.distributed),
    limit!("detect.slow-climb.failures", Kind::SlowClimb, 200, patterns.slow_climb),
    limit!("detect.success-after-failures.failures", Kind::SuccessAfterFailures, 200, patterns.success_after),
    limit!("detect.storm.more-than", Kind::Storm, 1_000, storm),
];

fn small(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Alerts that a run raised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Raised {
    by_kind: BTreeMap<Kind, u64>,
    /// Alerts of any kind that were raised as more than a line in a list.
    above_notice: u64,
}

impl Raised {
    pub(super) fn note(&mut self, alert: &Alert) {
        if alert.state == State::Raised {
            *self.by_kind.entry(alert.kind).or_default() += 1;
            self.above_notice += u64::from(alert.severity > Severity::Notice);
        }
    }

    fn of(&self, kind: Kind) -> u64 {
        self.by_kind.get(&kind).copied().unwrap_or(0)
    }
}

/// One threshold, and what it raised at each of its values.
pub(super) struct Row {
    key: &'static str,
    kind: Kind,
    /// Half, as it is, twice; none where that is no other value than the one beside it.
    values: [Option<(u64, Raised)>; 3],
}

/// The table, and the thresholds that are left out since nothing in the file concerns them, or they are off.
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    pub(super) left_out: Vec<&'static str>,
}

/// Runs the file again for each value of each threshold. `as_is` is what the first run raised, `realms` those in which an account
/// failed.
///
/// # Errors
/// If the configuration cannot be read any more, or a run ended early.
pub(super) fn measure(
    place: &Place,
    file: &Path,
    tail: bool,
    as_is: &Raised,
    realms: &BTreeSet<Realm>,
) -> Result<Table, Vec<String>> {
    let settings = load(place)?.0.settings;
    let concerns = |tunable: &Tunable| {
        (tunable.read)(&settings) > 0
            && (tunable.realms.is_empty() || tunable.realms.iter().any(|realm| realms.contains(realm)))
    };
    let (varied, left_out): (Vec<&Tunable>, Vec<&Tunable>) = ALL.into_iter().flatten().partition(|one| concerns(one));
    let mut runs: Vec<(usize, usize, u64)> = Vec::new();
    let mut rows: Vec<Row> = Vec::new();
    for (n, tunable) in varied.iter().enumerate() {
        let value = (tunable.read)(&settings);
        let (half, twice) = (value.div_ceil(2), value.saturating_mul(2).min(tunable.most));
        runs.extend((half != value).then_some((n, 0, half)));
        runs.extend((twice > value).then_some((n, 2, twice)));
        rows.push(Row { key: tunable.key, kind: tunable.kind, values: [None, Some((value, as_is.clone())), None] });
    }
    let waiting = Mutex::new(runs);
    let done = Mutex::new(Vec::new());
    let take = || waiting.lock().ok().and_then(|mut runs| runs.pop());
    let work = || {
        while let Some((row, column, value)) = take() {
            let Some(tunable) = varied.get(row) else { continue };
            let raised = run(place, file, tail, |settings| (tunable.write)(settings, value));
            if let Ok(mut done) = done.lock() {
                done.push((row, column, value, raised));
            }
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from).min(AT_ONCE);
    thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
    for (row, column, value, raised) in done.into_inner().unwrap_or_default() {
        let raised = raised?;
        if let Some(place) = rows.get_mut(row).and_then(|row| row.values.get_mut(column)) {
            *place = Some((value, raised));
        }
    }
    Ok(Table { rows, left_out: left_out.iter().map(|tunable| tunable.key).collect() })
}

/// One run with changed settings. A file that is damaged was complained of before; it is read as far as then.
fn run(place: &Place, file: &Path, tail: bool, change: impl FnOnce(&mut Settings)) -> Result<Raised, Vec<String>> {
    let (mut config, catalogue) = load(place)?;
    change(&mut config.settings);
    let mut raised = Raised::default();
    let mut replay = Replay::of(&config, catalogue, &mut Vec::new());
    let show: &mut Show<'_> = &mut |_, alert| raised.note(alert);
    let _damaged = capture::read(file, &mut |message| replay.take(&message, show)).is_err();
    if tail {
        replay.run_out(show);
    }
    Ok(raised)
}

impl Table {
    /// For a machine.
    pub(super) fn to_json(&self) -> Value {
        let value = |value: &Option<(u64, Raised)>, kind| match value {
            Some((value, raised)) => {
                json!({ "value": value, "raised": raised.of(kind), "above_notice": raised.above_notice })
            }
            None => Value::Null,
        };
        let row = |row: &Row| {
            let [half, as_is, twice] = row.values.each_ref().map(|one| value(one, row.kind));
            json!({ "key": row.key, "kind": row.kind.as_str(), "half": half, "as_is": as_is, "twice": twice })
        };
        self.rows.iter().map(row).collect()
    }

    /// For a person, line by line.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines =
            vec!["what each threshold would have raised, in alerts of its kind (and of any kind above notice):".into()];
        let widest = self.rows.iter().map(|row| row.key.len()).max().unwrap_or(0);
        let head = format!("  {:widest$}  {:22}  {:>18}  {:>18}  {:>18}", "", "", "half", "as it is", "twice");
        lines.push(head);
        for row in &self.rows {
            let cell = |value: &Option<(u64, Raised)>| match value {
                Some((value, raised)) => format!("{value}: {} ({})", raised.of(row.kind), raised.above_notice),
                None => "-".into(),
            };
            let [half, as_is, twice] = row.values.each_ref().map(cell);
            let kind = row.kind.as_str();
            lines.push(format!("  {:widest$}  {kind:22}  {half:>18}  {as_is:>18}  {twice:>18}", row.key));
        }
        if !self.left_out.is_empty() {
            lines.push(format!("  off, or nothing in the file concerns it: {}", self.left_out.join(", ")));
        }
        lines
    }
}
