//! Two configurations over one file, side by side: what only one of them finds, and what both find but not alike.
//!
//! Two alerts are the same finding if they are of one kind and about the same account (or source, node or cluster) and are open at
//! the same time, whatever their identities: those follow from the site's name and the failure that fires.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::drive::Replay;
use super::{ReplayArgs, UNREADABLE};
use crate::alert::{Alert, Basis, ClearedBy, Kind, Severity, State};
use crate::event::{Label, Name, Realm};
use crate::shell::capture;
use crate::shell::cli::{Place, complain, load, refuse, say};
use crate::units::{Text, Wall};

/// Findings that wait for their end at most; then the oldest is told as it stands.
const OPEN: usize = 32_768;

pub(super) fn run(place: &Place, args: &ReplayArgs, files: &[PathBuf]) -> ExitCode {
    if let Some(given) = &place.config {
        complain(&format!("--compare names both configurations: leave out --config {}", given.display()));
        return ExitCode::from(UNREADABLE);
    }
    let of = |file: &PathBuf| load(&Place { config: Some(file.clone()), ..place.clone() });
    let (mut problems, mut sides) = (Vec::new(), Vec::new());
    for loaded in files.iter().map(of) {
        match loaded {
            Ok((config, catalogue)) => sides.push(Replay::of(&config, catalogue, &mut problems)),
            Err(wrong) => problems.extend(wrong),
        }
    }
    let Ok([mut a, mut b]) = <[Replay; 2]>::try_from(sides) else { return refuse(&problems) };
    problems.iter().for_each(|problem| complain(problem));
    let mut comparison = Comparison::new(args.json);
    let read = capture::read(&args.file, &mut |message| {
        a.take(&message, &mut |at, alert| comparison.note(Side::A, at, alert));
        b.take(&message, &mut |at, alert| comparison.note(Side::B, at, alert));
    });
    if let Err(problem) = &read {
        complain(problem);
        if a.first.is_none() {
            return ExitCode::from(UNREADABLE);
        }
    }
    if !args.no_tail {
        a.run_out(&mut |at, alert| comparison.note(Side::A, at, alert));
        b.run_out(&mut |at, alert| comparison.note(Side::B, at, alert));
    }
    comparison.end();
    if read.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(UNREADABLE) }
}

/// Whose alert it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    A,
    B,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct About {
    kind: Kind,
    realm: Option<Realm>,
    cluster: Option<Label>,
    account: Option<Name>,
    /// Without an account: the source or, of a node that cannot be seen, the node.
    other: Option<Label>,
}

impl About {
    fn of(alert: &Alert) -> Self {
        let other = match (&alert.account, alert.kind) {
            (Some(_), _) => None,
            (None, Kind::BlindNode) => alert.node.clone(),
            (None, _) => alert.sources.first().cloned(),
        };
        let account = alert.account.as_ref().map(|name| Name::from_wire(&name.as_str().to_ascii_lowercase()));
        Self { kind: alert.kind, realm: alert.realm, cluster: alert.cluster.clone(), account, other }
    }
}

/// What one configuration made of it, from the first message to the last.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    raised_at: Wall,
    /// More than once if it began anew while the other configuration's was still open.
    times: u32,
    /// The highest.
    severity: Severity,
    /// The most.
    failures: u32,
    basis: Option<Basis>,
    ended: Option<(Wall, Option<ClearedBy>)>,
    summary: Text<256>,
}

impl Finding {
    fn of(alert: &Alert) -> Self {
        Self {
            raised_at: alert.raised_at,
            times: 0,
            severity: alert.severity,
            failures: alert.failures,
            basis: alert.basis,
            ended: None,
            summary: alert.summary.clone(),
        }
    }

    fn note(&mut self, at: Wall, alert: &Alert) {
        self.times += u32::from(alert.state == State::Raised);
        self.severity = self.severity.max(alert.severity);
        self.failures = self.failures.max(alert.failures);
        self.basis = alert.basis;
        self.ended = (alert.state == State::Cleared).then_some((at, alert.cleared_by));
    }

    fn to_json(&self) -> Value {
        json!({
            "raised_at": self.raised_at, "times": self.times, "severity": self.severity.as_str(), "failures": self.failures,
            "basis": self.basis.map(Basis::as_str), "ended_at": self.ended.map(|(at, _)| at),
            "cleared_by": self.ended.and_then(|(_, by)| by).map(ClearedBy::as_str), "summary": self.summary,
        })
    }
}

/// How often: only in A, only in B, alike in both, differently in both.
type Counts = [u64; 4];

struct Comparison {
    json: bool,
    open: BTreeMap<About, [Option<Finding>; 2]>,
    counts: BTreeMap<Kind, Counts>,
}

impl Comparison {
    fn new(json: bool) -> Self {
        Self { json, open: BTreeMap::new(), counts: BTreeMap::new() }
    }

    fn note(&mut self, side: Side, at: Wall, alert: &Alert) {
        let about = About::of(alert);
        let pair = self.open.entry(about.clone()).or_default();
        let [a, b] = pair;
        let (mine, other) = match side {
            Side::A => (a, b),
            Side::B => (b, a),
        };
        mine.get_or_insert_with(|| Finding::of(alert)).note(at, alert);
        let over = |finding: &Finding| finding.ended.is_some();
        if mine.as_ref().is_some_and(over) && other.as_ref().is_none_or(over) {
            self.settle(&about);
        } else if self.open.len() > OPEN {
            let began = |pair: &[Option<Finding>; 2]| pair.iter().flatten().map(|finding| finding.raised_at).min();
            let oldest = self.open.iter().min_by_key(|(_, pair)| began(pair)).map(|(about, _)| about.clone());
            oldest.iter().for_each(|about| self.settle(about));
        }
    }

    /// Tells what has not ended, then the counts.
    fn end(mut self) {
        let left: Vec<About> = self.open.keys().cloned().collect();
        left.iter().for_each(|about| self.settle(about));
        if self.json {
            let counts = self.counts.iter().map(|(kind, [only_a, only_b, alike, different])| {
                let counts = json!({ "only_a": only_a, "only_b": only_b, "alike": alike, "different": different });
                (kind.as_str().to_owned(), counts)
            });
            return say(&Value::Object(counts.collect()).to_string());
        }
        say(&format!("{:22}  {:>9}  {:>9}  {:>9}  {:>9}", "", "only in A", "only in B", "alike", "different"));
        for (kind, [only_a, only_b, alike, different]) in &self.counts {
            say(&format!("{:22}  {only_a:>9}  {only_b:>9}  {alike:>9}  {different:>9}", kind.as_str()));
        }
    }

    fn settle(&mut self, about: &About) {
        let Some([a, b]) = self.open.remove(about) else { return };
        let (column, line) = match (&a, &b) {
            (Some(a), None) => (0, only("A", about, a)),
            (None, Some(b)) => (1, only("B", about, b)),
            (Some(a), Some(b)) => match differences(a, b) {
                differences if differences.is_empty() => (2, String::new()),
                differences => (3, format!("differs    {}: {}", title(about, a), differences.join(", "))),
            },
            (None, None) => return,
        };
        if let Some(count) = self.counts.entry(about.kind).or_default().get_mut(column) {
            *count += 1;
        }
        if line.is_empty() {
            return;
        }
        if self.json {
            let [a, b] = [&a, &b].map(|finding| finding.as_ref().map(Finding::to_json));
            let (account, cluster) = (&about.account, &about.cluster);
            say(&json!({ "kind": about.kind.as_str(), "account": account, "cluster": cluster, "a": a, "b": b })
                .to_string());
        } else {
            say(&line);
        }
    }
}

fn only(side: &str, about: &About, finding: &Finding) -> String {
    let severity = finding.severity.as_str();
    format!("only in {side}  {}: {severity}, {}", title(about, finding), finding.summary)
}

fn title(about: &About, finding: &Finding) -> String {
    let whose = about.account.as_ref().map(Text::as_str).or(about.other.as_ref().map(Text::as_str));
    let whose = whose.or(about.cluster.as_ref().map(Text::as_str)).unwrap_or("the site");
    format!("{}  {} of {whose}", finding.raised_at, about.kind.as_str())
}

/// What is not alike, A's before B's.
fn differences(a: &Finding, b: &Finding) -> Vec<String> {
    let ended = |finding: &Finding| match finding.ended {
        Some((at, by)) => format!("{at}{}", by.map(|by| format!(" by {}", by.as_str())).unwrap_or_default()),
        None => "never".into(),
    };
    let both = |of: &dyn Fn(&Finding) -> String| (of(a), of(b));
    let all = [
        ("raised", both(&|finding| finding.raised_at.to_string())),
        ("severity", both(&|finding| finding.severity.as_str().to_owned())),
        ("failures", both(&|finding| finding.failures.to_string())),
        ("times", both(&|finding| finding.times.to_string())),
        ("basis", both(&|finding| finding.basis.map_or("none", Basis::as_str).to_owned())),
        ("ended", both(&ended)),
    ];
    all.into_iter().filter(|(_, (a, b))| a != b).map(|(name, (a, b))| format!("{name} {a} / {b}")).collect()
}
