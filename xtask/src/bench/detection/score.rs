//! Alerts beside labels: which label was found, and which alert has one.

use std::collections::BTreeMap;
use std::fmt;

use lockwarden::units::Span;

use super::play::{Finding, Played};
use crate::r#gen::{Label, NAMES};

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

    /// Labels of attacks that no alert was raised for. What people and programs do is in the table, but is no attack.
    pub(super) fn missed_attacks(&self) -> Vec<&'a Label> {
        self.missed.iter().copied().filter(|label| NAMES.contains(&label.part)).collect()
    }

    pub(super) fn unexplained(&self) -> impl Iterator<Item = &'a Finding> {
        self.unexplained.iter().copied()
    }
}

/// Whether `finding` is what `label` asks for.
fn fits(label: &Label, finding: &Finding) -> bool {
    is_about(label, finding) && (label.severity.is_empty() || finding.severity.as_str() == label.severity)
}

/// Whether `finding` is about what `label` says happened, and was told in time. One without a source is about the whole cluster; one that
/// was open before is told again when what it is about becomes another thing.
fn is_about(label: &Label, finding: &Finding) -> bool {
    let is_source = if label.source.is_empty() {
        label.kind != "spray" || finding.sources.len() != 1
    } else {
        finding.sources.contains(&label.source)
    };
    label.kind == finding.kind
        && label.account == finding.account
        && is_source
        && finding.told_at.iter().any(|at| (label.from..=label.to.plus(LATE)).contains(at))
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

#[cfg(test)]
mod tests {
    use super::*;
    use lockwarden::alert::Severity;
    use lockwarden::units::Wall;

    fn label(kind: &'static str, account: &str, source: &str) -> Label {
        Label {
            from: Wall::from_millis(0),
            to: Wall::from_millis(60_000),
            kind,
            part: "spray",
            account: account.into(),
            source: source.into(),
            cluster: "C",
            severity: "",
            must: true,
        }
    }

    fn finding(kind: &'static str, account: &str, sources: &[&str], at_ms: i64) -> Finding {
        Finding {
            kind,
            raised_at: Wall::from_millis(at_ms),
            told_at: vec![Wall::from_millis(at_ms)],
            severity: Severity::Warning,
            account: account.into(),
            sources: sources.iter().map(|&source| source.into()).collect(),
            summary: String::new(),
        }
    }

    #[test]
    fn a_label_is_found_by_an_alert_about_the_same_in_time() {
        let spray = label("spray", "", "192.0.2.1");
        assert!(fits(&spray, &finding("spray", "", &["192.0.2.1"], 659_000)));
        for other in [
            finding("spray", "", &["192.0.2.2"], 30_000),
            finding("spray", "", &[], 30_000),
            finding("spray", "", &["192.0.2.1"], 661_000),
            finding("storm", "", &["192.0.2.1"], 30_000),
        ] {
            assert!(!fits(&spray, &other), "{other}");
        }
        assert!(fits(&label("spray", "", ""), &finding("spray", "", &[], 30_000)));
        let privileged = Label { severity: "critical", ..label("slow-climb", "admin", "") };
        let climb = finding("slow-climb", "admin", &["192.0.2.1"], 30_000);
        assert!(is_about(&privileged, &climb) && !fits(&privileged, &climb));
    }

    #[test]
    fn what_is_missed_and_what_nobody_did_are_counted() {
        let labels =
            vec![label("spray", "", "192.0.2.1"), Label { part: "slow-climb", ..label("slow-climb", "jdoe", "") }];
        let findings = vec![finding("slow-climb", "jdoe", &[], 1), finding("slow-climb", "asmith", &[], 1)];
        let played = Played { messages: 0, findings, labels };
        let score = Score::of(&played);
        assert_eq!(score.missed_attacks(), [&played.labels[0]]);
        assert_eq!(score.unexplained().collect::<Vec<_>>(), [&played.findings[1]]);
        assert_eq!(score.rows.get("slow-climb"), Some(&Row { labels: 1, found: 1, alerts: 2, right: 1 }));
    }
}
