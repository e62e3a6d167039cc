//! The table: what, measured, budget, met. Sizes have their budgets in the board file, everything else has them here.

use std::{env, fmt, fs};

use crate::workspace::{Failure, Workspace};

/// What a measured number may be. The constants quote the table "Budgets" of the design.
#[derive(Clone, Copy, Debug)]
pub(super) enum Budget {
    AtMost(f64),
    AtLeast(f64),
    /// Only shown.
    Open,
}

/// "sustained without loss on one core: CUCM syslog / v2c traps / v3 authPriv: 150,000 / 120,000 / 60,000 a second at 3.5 / 4 / 12
/// CPU-seconds per million".
/// A CPU-second per million is a microsecond per message.
pub(super) const SYSLOG_PER_S: Budget = Budget::AtLeast(150_000.0);
pub(super) const SYSLOG_CPU_US: Budget = Budget::AtMost(3.5);
pub(super) const TRAPS_PER_S: Budget = Budget::AtLeast(120_000.0);
pub(super) const TRAPS_CPU_US: Budget = Budget::AtMost(4.0);
pub(super) const V3_TRAPS_PER_S: Budget = Budget::AtLeast(60_000.0);
pub(super) const V3_TRAPS_CPU_US: Budget = Budget::AtMost(12.0);
/// "heap allocations per message, socket to tally, steady state: syslog 0; traps only those inside snmp-parser".
pub(super) const ALLOCATIONS: Budget = Budget::AtMost(0.0);
/// "sent packet to MQTT message in a subscriber's hands: p99 2 ms idle, 10 ms at 20,000 messages/s (store sync shown apart)".
pub(super) const LATENCY_P99_MS: Budget = Budget::AtMost(2.0);
pub(super) const LOADED_LATENCY_P99_MS: Budget = Budget::AtMost(10.0);
/// "resident memory at 5,000 accounts open: 14 MiB".
pub(super) const RESIDENT_5000_KIB: Budget = Budget::AtMost(14.0 * 1024.0);
/// "start to listening, warm store of 5,000 accounts: 150 ms".
pub(super) const START_MS: Budget = Budget::AtMost(150.0);
/// "ten times the efficiency of the best peer".
pub(super) const OF_PEER: Budget = Budget::AtMost(0.1);
/// "one `spray` or `storm` alert, and a real user's lockout in the middle of it still raised within one second".
pub(super) const FLOOD_ALERTS: Budget = Budget::AtMost(1.0);
pub(super) const FLOOD_LOCKOUT_MS: Budget = Budget::AtMost(1_000.0);
/// "without loss".
pub(super) const LOST: Budget = Budget::AtMost(0.0);

/// The budgets that depend on the board.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budgets {
    pub(super) binary_kib: Budget,
    pub(super) resident_idle_kib: Budget,
    pub(super) resident_flood_kib: Budget,
    pub(super) flash_mib: Budget,
}

impl Budgets {
    /// Those of `LOCKWARDEN_BOARD`, or of the default board.
    pub(super) fn of_board(workspace: &Workspace) -> Result<Self, Failure> {
        let board = env::var("LOCKWARDEN_BOARD").unwrap_or_else(|_| "generic-x86_64".into());
        let name = format!("board/{board}.toml");
        let text = fs::read_to_string(workspace.root().join(&name)).map_err(|e| Failure::of(&name, e))?;
        let of = |key: &str| {
            let value = number_of(&text, key);
            value.map(Budget::AtMost).ok_or_else(|| Failure::Said(format!("{name}: [budget] {key} is missing")))
        };
        Ok(Self {
            binary_kib: of("binary-kib")?,
            resident_idle_kib: of("resident-idle-kib")?,
            resident_flood_kib: of("resident-flood-kib")?,
            flash_mib: of("flash-mb")?,
        })
    }
}

/// The number of `key` in a board file, whose lines are `key = number`.
fn number_of(text: &str, key: &str) -> Option<f64> {
    let mut lines = text.lines().filter_map(|line| line.split_once('='));
    lines.find(|(name, _)| name.trim() == key)?.1.trim().parse().ok()
}

/// The rows, in the order in which they were measured.
#[derive(Debug, Default)]
pub(super) struct Table(Vec<Row>);

#[derive(Debug)]
struct Row {
    what: String,
    measured: String,
    budget: String,
    met: &'static str,
}

impl Table {
    /// Adds a number with its unit.
    pub(super) fn add(&mut self, what: impl Into<String>, value: f64, unit: &str, budget: Budget) {
        let shown = |n: f64| format!("{} {unit}", number(n)).trim_end().to_owned();
        let (limit, met) = match budget {
            Budget::AtMost(most) => (format!("<= {}", shown(most)), if value <= most { "met" } else { "NOT MET" }),
            Budget::AtLeast(least) => (format!(">= {}", shown(least)), if value >= least { "met" } else { "NOT MET" }),
            Budget::Open => (String::new(), ""),
        };
        self.0.push(Row { what: what.into(), measured: shown(value), budget: limit, met });
    }

    /// Adds something that could not be measured here, and why.
    pub(super) fn skip(&mut self, what: impl Into<String>, why: &str) {
        self.0.push(Row { what: what.into(), measured: format!("skipped: {why}"), budget: String::new(), met: "" });
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = Row { what: "what".into(), measured: "measured".into(), budget: "budget".into(), met: "" };
        let rows = || std::iter::once(&head).chain(&self.0);
        let width = |of: fn(&Row) -> &str| rows().map(|row| of(row).chars().count()).max().unwrap_or(0);
        let (a, b, c) = (width(|r| &r.what), width(|r| &r.measured), width(|r| &r.budget));
        for Row { what, measured, budget, met } in rows() {
            let line = format!("{what:a$}  {measured:>b$}  {budget:>c$}  {met}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Thousands are grouped; small numbers keep two places.
fn number(value: f64) -> String {
    if value.abs() < 100.0 && value.fract() != 0.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (left, digit) in (0..digits.len()).rev().zip(digits.chars()) {
        grouped.push(digit);
        if left > 0 && left % 3 == 0 && digit.is_ascii_digit() {
            grouped.push(',');
        }
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_with_groups_of_three_or_two_places() {
        assert_eq!(
            [0.0, 3.456, 99.0, 1234.5, 150_000.0, 1_234_567.0].map(number),
            ["0", "3.46", "99", "1,234", "150,000", "1,234,567"]
        );
    }

    #[test]
    fn a_row_says_whether_its_budget_is_met() {
        let mut table = Table::default();
        table.add("rate", 149_000.0, "/s", SYSLOG_PER_S);
        table.add("lost", 0.0, "", LOST);
        table.add("sync", 0.5, "ms", Budget::Open);
        table.skip("broker", "not installed");
        assert_eq!(
            table
                .to_string()
                .lines()
                .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect::<Vec<_>>(),
            [
                "what measured budget",
                "rate 149,000 /s >= 150,000 /s NOT MET",
                "lost 0 <= 0 met",
                "sync 0.50 ms",
                "broker skipped: not installed"
            ]
        );
    }

    #[test]
    fn a_board_file_gives_its_numbers() {
        let text = "[budget]\nbinary-kib = 6144\n[tables]\nnodes = 256\n";
        assert_eq!((number_of(text, "binary-kib"), number_of(text, "flash-mb")), (Some(6144.0), None));
    }
}
