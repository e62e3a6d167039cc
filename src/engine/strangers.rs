//! SNMPv3 messages that cannot be believed: the `unknown-engine` alert. Silence is what users of other receivers complain of, and a
//! flood of alerts would be no better: there is one, raised by the first such message, updated after an hour, two, four and so on while
//! more come, and cleared when none has come for an hour.

use crate::alert::{Alert, ClearedBy, Evidence, Kind, State};
use crate::engine::alerts;
use crate::engine::quiet::longer;
use crate::engine::settings::Settings;
use crate::event::{Channel, Label};
use crate::units::{Mono, Now, Span, Text};
use crate::verdict::Verdict;

/// Before the first update; and without a stranger, before it is over.
const QUIET: Span = Span::mins(60);

/// A message that was refused.
#[derive(Clone, Copy, Debug)]
pub struct Stranger<'a> {
    /// The address of its sender.
    pub from: &'a str,
    /// The engine that it names, in hexadecimal digits.
    pub engine_id: &'a str,
    /// The user that it names.
    pub user: &'a str,
    /// What is wrong.
    pub why: Verdict,
}

/// The alert, while it is open.
#[derive(Debug, Default)]
pub(crate) struct Strangers(Option<Open>);

#[derive(Debug)]
struct Open {
    alert: Box<Alert>,
    /// The newest stranger.
    last: Mono,
    quiet_until: Mono,
}

impl Strangers {
    /// Takes back an alert that was open when an earlier run ended.
    pub(crate) fn restore(&mut self, alert: Alert, now: Mono) {
        let quiet_until = now + longer(QUIET, alert.revision);
        self.0 = Some(Open { alert: Box::new(alert), last: now, quiet_until });
    }

    /// Takes note of a stranger; gives the alert if it is to be told.
    pub(crate) fn note(&mut self, settings: &Settings, stranger: Stranger<'_>, now: Now) -> Option<Alert> {
        let (state, open) = match self.0.as_mut() {
            None => {
                let alert = Box::new(raised(settings, now));
                let open = Open { alert, last: now.mono, quiet_until: now.mono };
                (State::Raised, self.0.insert(open))
            }
            Some(open) => (State::Updated, open),
        };
        let alert = open.alert.as_mut();
        open.last = now.mono;
        alert.failures = alert.failures.saturating_add(1);
        alert.last_failure = Some(now.wall);
        if now.mono < open.quiet_until {
            alert.suppressed = alert.suppressed.saturating_add(1);
            return None;
        }
        (alert.state, alert.revision) = (state, alert.revision + 1);
        open.quiet_until = now.mono + longer(QUIET, alert.revision);
        let from = Label::from_wire(stranger.from);
        if !alert.sources.contains(&from) {
            if alert.sources.is_full() {
                alert.sources.remove(0);
            }
            // There is room now.
            let _full = alert.sources.push(from).is_err();
        }
        let evidence =
            Evidence { family: Label::from_wire(stranger.why.as_str()), channel: Channel::Trap, at: now.wall };
        if alert.evidence.is_full() {
            alert.evidence.remove(0);
        }
        // As above.
        let _full = alert.evidence.push(evidence).is_err();
        alert.summary = Text::from_wire(&summary(stranger, alert.failures));
        Some(alert.clone())
    }

    /// Gives the end of the alert, if no stranger has come for long enough.
    pub(crate) fn expire(&mut self, now: Now) -> Option<Alert> {
        let open = self.0.take_if(|open| now.mono.since(open.last) >= QUIET)?;
        let mut alert = *open.alert;
        (alert.state, alert.revision) = (State::Cleared, alert.revision + 1);
        alert.cleared_by = Some(ClearedBy::PolicyEnd);
        alert.summary =
            Text::from_wire(&format!("no SNMPv3 message was refused for an hour; {} were before", alert.failures));
        Some(alert)
    }

    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.0.as_ref().map(|open| open.last + QUIET)
    }
}

fn raised(settings: &Settings, now: Now) -> Alert {
    Alert {
        window_s: alerts::whole_seconds(QUIET.as_secs()),
        first_failure: Some(now.wall),
        last_failure: Some(now.wall),
        ..alerts::of_site(settings, Kind::UnknownEngine, &[], now)
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "of all verdicts, only refusals of SNMPv3 come here")]
fn summary(stranger: Stranger<'_>, failures: u32) -> String {
    let Stranger { from, engine_id, user, why } = stranger;
    let user = Text::<64>::from_wire(user);
    let what = match why {
        Verdict::V3NotConfigured => "no SNMPv3 user is configured".to_owned(),
        Verdict::UnknownUser => format!("user \"{user}\" is not configured"),
        Verdict::UnknownEngine => {
            format!("engine {engine_id} is none that user \"{user}\" may speak for, nor is it ours")
        }
        Verdict::UnknownSecurityModel => "they do not come under the User-based Security Model".to_owned(),
        Verdict::OwnEngine => format!("engine {engine_id} is this box itself: a notification of ours that came back?"),
        Verdict::UnsupportedSecurityLevel => format!("user \"{user}\" is set to another security level"),
        Verdict::WrongDigest => format!("wrong authentication password or algorithm of user \"{user}\""),
        Verdict::WrongDigestLength => format!("another authentication algorithm than that of user \"{user}\""),
        Verdict::BootsWentBack => format!("messages of engine {engine_id} are of an earlier start: played back?"),
        Verdict::DecryptionError => format!("wrong privacy password or algorithm of user \"{user}\""),
        Verdict::NotInTimeWindow => format!("messages of engine {engine_id} are too old: delayed, or played back"),
        Verdict::BootsAtMaximum => format!("engine {engine_id} has used up its boots and needs another engine id"),
        _ => why.as_str().to_owned(),
    };
    let so_far = if failures > 1 { format!(" ({failures} so far)") } else { String::new() };
    format!("SNMPv3 messages from {from} are refused: {what}{so_far}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Wall;

    fn at(s: u64) -> Now {
        let wall = Wall::from_millis(1_768_465_265_000).plus(Span::secs(s));
        Now { mono: Mono::ZERO + Span::secs(s), wall, synchronised: true }
    }

    const WRONG: Stranger<'_> =
        Stranger { from: "192.0.2.7", engine_id: "0x8000000901", user: "cucm", why: Verdict::WrongDigest };

    #[test]
    fn a_day_of_strangers_is_one_alert_with_a_few_updates_and_one_end() {
        let (mut strangers, settings) = (Strangers::default(), Settings::default());
        let mut told = Vec::new();
        for s in 0..86_400 {
            told.extend(strangers.note(&settings, WRONG, at(s)));
            assert_eq!(strangers.expire(at(s)), None);
        }
        assert_eq!(told.iter().map(|alert| alert.failures / 3_600).collect::<Vec<_>>(), [0, 1, 3, 7, 15]);
        let first = &told[0];
        assert_eq!((first.state, first.revision, first.failures), (State::Raised, 1, 1));
        assert_eq!(
            first.summary.as_str(),
            "SNMPv3 messages from 192.0.2.7 are refused: wrong authentication password or algorithm of user \"cucm\""
        );
        let last = told.last().unwrap();
        assert_eq!((last.state, last.revision, last.failures, last.suppressed), (State::Updated, 5, 54_001, 53_996));
        assert_eq!(last.id, first.id);
        assert_eq!(strangers.deadline(), Some(at(86_399).mono + QUIET));
        assert_eq!(strangers.expire(at(86_399 + 3_599)), None);
        let end = strangers.expire(at(86_399 + 3_600)).unwrap();
        assert_eq!((end.state, end.revision, end.failures), (State::Cleared, 6, 86_400));
        assert_eq!((end.cleared_by, strangers.deadline()), (Some(ClearedBy::PolicyEnd), None));
    }

    #[test]
    fn another_run_ends_what_this_one_raised() {
        let (mut strangers, settings) = (Strangers::default(), Settings::default());
        let alert = strangers.note(&settings, WRONG, at(0)).unwrap();
        let mut restarted = Strangers::default();
        restarted.restore(alert.clone(), at(10).mono);
        assert_eq!(restarted.note(&settings, WRONG, at(20)), None);
        let end = restarted.expire(at(3_620)).unwrap();
        assert_eq!((end.id, end.revision, end.failures), (alert.id, 2, 2));
    }
}
