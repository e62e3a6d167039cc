//! What came of it.

use std::fmt;
use std::time::Duration;

use super::ledger::{Difference, Ledger};
use crate::workspace::Failure;

/// What one reader of the alerts got.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) kills: u64,
    /// Messages, copies among them.
    pub(super) messages: u64,
    /// Alerts and revisions, each once.
    pub(super) different: u64,
    /// What was due and never came.
    pub(super) missing: Vec<String>,
    /// Accounts that were locked once and have two lockouts.
    pub(super) doubled: Vec<String>,
    /// Copies that differ, revisions out of order.
    pub(super) wrong: Vec<String>,
}

/// The figures of a run that came to its end.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) seed: u64,
    pub(super) took: Duration,
    pub(super) service_kills: u64,
    pub(super) slowest_start: Duration,
    /// Of the broker's reader, and of the NMS.
    pub(super) slowest_readers: (Duration, Duration),
    /// Alerts that had to be told.
    pub(super) due: u64,
    /// Those that the broker acknowledged and was killed before it wrote, while its reader was away: lost by the broker.
    pub(super) unwritten: Vec<String>,
    pub(super) broker: Reader,
    pub(super) nms: Reader,
    pub(super) counts: Difference,
    pub(super) ledger: Ledger,
}

impl Report {
    /// A failure with everything that was lost, doubled or wrong.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        let mut found: Vec<String> = self.counts.accounts.clone();
        for (name, reader) in [("MQTT", &self.broker), ("NMS", &self.nms)] {
            found.extend(reader.missing.iter().map(|what| format!("{name}: lost: {what}")));
            found.extend(reader.doubled.iter().map(|what| format!("{name}: two lockouts for one: {what}")));
            found.extend(reader.wrong.iter().map(|what| format!("{name}: {what}")));
        }
        if found.is_empty() { Ok(()) } else { Err(Failure::Said(found.join("\n"))) }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ledger { informs, informs_v3, acknowledged, repeated, unanswered, .. } = &self.ledger;
        let (broker, nms) = (&self.broker, &self.nms);
        let copies =
            |reader: &Reader| format!("{} and {} copies", reader.different, reader.messages - reader.different);
        let lost = |reader: &Reader| reader.missing.len();
        let doubled = |reader: &Reader| reader.doubled.len();
        let s = |time: Duration| format!("{:.2} s", time.as_secs_f64());
        let rows = [
            ("seed, duration", format!("{}, {}", self.seed, s(self.took))),
            ("kills: service, broker, NMS", format!("{}, {}, {}", self.service_kills, broker.kills, nms.kills)),
            ("informs sent, in SNMPv3 among them", format!("{informs}, {informs_v3}")),
            ("informs acknowledged", acknowledged.to_string()),
            ("informs sent again", repeated.to_string()),
            ("syslog lines and traps sent", unanswered.to_string()),
            ("acknowledged failures lost", self.counts.lost.to_string()),
            ("failures counted twice", self.counts.doubled.to_string()),
            ("alerts due", self.due.to_string()),
            ("MQTT subscriber: alerts", copies(broker)),
            ("NMS: alerts", copies(nms)),
            ("alerts lost by the broker after its PUBACK", self.unwritten.len().to_string()),
            ("alerts lost: MQTT, NMS", format!("{}, {}", lost(broker), lost(nms))),
            ("lockouts told as two: MQTT, NMS", format!("{}, {}", doubled(broker), doubled(nms))),
            ("copies that differ, or out of order", (broker.wrong.len() + nms.wrong.len()).to_string()),
            ("longest from start to listening", s(self.slowest_start)),
            ("longest from the broker's return to all told", s(self.slowest_readers.0)),
            ("longest from the NMS's return to all told", s(self.slowest_readers.1)),
        ];
        rows.iter().try_for_each(|(name, value)| writeln!(f, "{name:46} {value}"))?;
        self.unwritten.iter().try_for_each(|alert| writeln!(f, "  lost by the broker: {alert}"))
    }
}
