//! Alerts beside labels: which label was found, and which alert has one.

use std::collections::BTreeMap;
use std::fmt;

use lockwarden::units::Span;

use super::play::{Finding, Played};
use crate::r#gen::Label;

/// An alert belongs to a label if it is raised not later than this after the label's end.
const LATE: Span = Span::mins(10);

/// What was found, of one kind of finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Row {
    /// Labels that must be found, and those of them that were.
    labels: usize,
    found: usize,
    /// Alerts, and those of them that a label explains.
    alerts: usize,
    right: usize,
}

/// Every label and every alert, joined.
pub(super) struct Score<'a> {
    rows: BTreeMap<&'static str, Row>,
    missed: Vec<&'a Label>,
    unexplained: Vec<&'a Finding>,
}

impl<'a> Score<'a> {
    pub(super) fn of(played: &'a Played) -> Self {
        let mut score = Self { rows: BTreeMap::new(), missed: Vec::new(), unexplained: Vec::new() };
        // Of one kind and one account there are few: nothing is compared with all.
        let mut findings: BTreeMap<(&str, &str), Vec<&Finding>> = BTreeMap::new();
        for finding in &played.findings {
            findings.entry((finding.kind, &finding.account)).or_default().push(finding);
        }
        let mut labels: BTreeMap<(&str, &str), Vec<&Label>> = BTreeMap::new();
        for label in &played.labels {
            labels.entry((label.kind, &label.account)).or_default().push(label);
        }
        for label in played.labels.iter().filter(|label| label.must) {
            let of_it = findings.get(&(label.kind, label.account.as_str()));
            let found = of_it.is_some_and(|all| all.iter().any(|finding| fits(label, finding)));
            let row = score.rows.entry(label.kind).or_default();
            row.labels += 1;
            row.found += usize::from(found);
            if !found {
                score.missed.push(label);
            }
        }
        for finding in &played.findings {
            let of_it = labels.get(&(finding.kind, finding.account.as_str()));
            let is_right = of_it.is_some_and(|all| all.iter().any(|label| is_about(label, finding)));
            let row = score.rows.entry(finding.kind).or_default();
            row.alerts += 1;
            row.right += usize::from(is_right);
            if !is_right {
                score.unexplained.push(finding);
            }
        }
        score
    }

    /// Labels of attacks that no alert was raised for. A lockout that was missed is in the table, but is no attack.
    pub(super) fn missed_attacks(&self) -> Vec<&'a Label> {
        self.missed.iter().copied().filter(|label| label.part != "people").collect()
    }

    pub(super) fn unexplained(&self) -> impl Iterator<Item = &'a Finding> {
        self.unexplained.iter().copied()
    }
}

/// Whether `finding` is what `label` asks for.
fn fits(label: &Label, finding: &Finding) -> bool {
    is_about(label, finding) && (label.severity.is_empty() || finding.severity.as_str() == label.severity)
}

/// Whether `finding` is about what `label` says happened. One without a source is about the whole cluster.
fn is_about(label: &Label, finding: &Finding) -> bool {
    let is_source = if label.source.is_empty() {
        label.kind != "spray" || finding.sources.len() != 1
    } else {
        finding.sources.contains(&label.source)
    };
    label.kind == finding.kind
        && label.account == finding.account
        && is_source
        && (label.from..=label.to.plus(LATE)).contains(&finding.raised_at)
}

impl fmt::Display for Score<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |part: usize, whole: usize| {
            if whole == 0 { "-".into() } else { format!("{:.1} %", 100.0 * part as f64 / whole as f64) }
        };
        writeln!(
            f,
            "{:24}{:>9}{:>9}{:>10}{:>9}{:>9}{:>11}",
            "finding", "happened", "found", "recall", "alerts", "right", "precision"
        )?;
        for (kind, Row { labels, found, alerts, right }) in &self.rows {
            let (recall, precision) = (percent(*found, *labels), percent(*right, *alerts));
            writeln!(f, "{kind:24}{labels:>9}{found:>9}{recall:>10}{alerts:>9}{right:>9}{precision:>11}")?;
        }
        Ok(())
    }
}
