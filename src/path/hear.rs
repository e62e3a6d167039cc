//! Which node a message shows to be alive, if it says nothing about an account. Whatever does is told to the engine anyway.

use super::Path;
use crate::engine::Heard;
use crate::units::Now;
use crate::verdict::{Outcome, Verdict};
use crate::wire::ciscolog::{self, CiscoLog};
use crate::wire::syslog::Record;

/// How the facilities of CUCM's alarms begin.
const OF_CUCM: [&str; 2] = ["UC_", "CCM_"];

impl Path {
    pub(super) fn hear_line(&mut self, record: &Record<'_>, sender: &str, verdict: Verdict, now: Now) {
        let says_nothing =
            matches!(verdict, Verdict::Health | Verdict::Unreachable | Verdict::NeverCounted | Verdict::NotASignIn)
                || verdict.outcome() == Outcome::Unlisted;
        if !says_nothing {
            return;
        }
        let log = ciscolog::parse(record.body);
        let is_alarm = log.is_some_and(|log| OF_CUCM.iter().any(|begin| log.facility.starts_with(begin)));
        let heard = match (verdict, is_alarm) {
            (Verdict::Unreachable, _) => Heard::Unreachable,
            (_, true) => Heard::Alarm,
            (_, false) => Heard::Something,
        };
        let named = log.as_ref().and_then(named);
        self.engine.heard(named.as_deref().or(record.host).unwrap_or_default(), sender, heard, now);
    }
}

/// The node that an alarm names.
fn named<'a>(log: &CiscoLog<'a>) -> Option<std::borrow::Cow<'a, str>> {
    let value = log.tags.get("NodeID").filter(|value| value.complete)?;
    Some(value.unescaped()).filter(|name| !name.is_empty())
}
