//! Datagrams that the system dropped since nobody read them in time: the `overload` alert. A burst comes in pieces, so there is one alert,
//! raised by the first loss, updated after `detect.quiet-s`, twice that and so on while more is lost, and cleared after
//! `detect.quiet-s` without a loss.

use crate::alert::{Alert, ClearedBy, Kind, State};
use crate::engine::alerts;
use crate::engine::quiet::longer;
use crate::engine::settings::Settings;
use crate::units::{Mono, Now, Text};

/// Datagrams that were lost.
#[derive(Clone, Copy, Debug)]
pub struct Loss<'a> {
    /// How many since the last loss.
    pub datagrams: u64,
    /// What to do about it; up to 150 characters are shown.
    pub remedy: &'a str,
}

/// The alert, while it is open.
#[derive(Debug, Default)]
pub(crate) struct Overload(Option<Open>);

#[derive(Debug)]
struct Open {
    alert: Box<Alert>,
    /// The newest loss.
    last: Mono,
    quiet_until: Mono,
}

impl Overload {
    /// Takes back an alert that was open when an earlier run ended.
    pub(crate) fn restore(&mut self, settings: &Settings, alert: Alert, now: Mono) {
        let quiet_until = now + longer(settings.quiet, alert.revision);
        self.0 = Some(Open { alert: Box::new(alert), last: now, quiet_until });
    }

    /// Takes note of a loss; gives the alert if it is to be told.
    pub(crate) fn note(&mut self, settings: &Settings, loss: Loss<'_>, now: Now) -> Option<Alert> {
        let (state, open) = match self.0.as_mut() {
            None => {
                let alert = Box::new(raised(settings, now));
                (State::Raised, self.0.insert(Open { alert, last: now.mono, quiet_until: now.mono }))
            }
            Some(open) => (State::Updated, open),
        };
        let alert = open.alert.as_mut();
        open.last = now.mono;
        alert.failures = alert.failures.saturating_add(u32::try_from(loss.datagrams).unwrap_or(u32::MAX));
        alert.last_failure = Some(now.wall);
        if now.mono < open.quiet_until {
            alert.suppressed = alert.suppressed.saturating_add(1);
            return None;
        }
        (alert.state, alert.revision) = (state, alert.revision + 1);
        open.quiet_until = now.mono + longer(settings.quiet, alert.revision);
        alert.summary = Text::from_wire(&format!("{}: {}", lost(alert.failures), loss.remedy));
        Some(alert.clone())
    }

    /// Gives the end of the alert, if nothing was lost for long enough.
    pub(crate) fn expire(&mut self, settings: &Settings, now: Now) -> Option<Alert> {
        let open = self.0.take_if(|open| now.mono.since(open.last) >= settings.quiet)?;
        let mut alert = *open.alert;
        (alert.state, alert.revision) = (State::Cleared, alert.revision + 1);
        alert.cleared_by = Some(ClearedBy::PolicyEnd);
        let quiet = settings.quiet.as_secs();
        alert.summary =
            Text::from_wire(&format!("no datagram was lost for {quiet} s; before, {}", lost(alert.failures)));
        Some(alert)
    }

    /// What was last told, while it is open.
    pub(crate) fn said(&self) -> Option<&str> {
        self.0.as_ref().map(|open| open.alert.summary.as_str())
    }

    pub(crate) fn deadline(&self, settings: &Settings) -> Option<Mono> {
        self.0.as_ref().map(|open| open.last + settings.quiet)
    }
}

fn raised(settings: &Settings, now: Now) -> Alert {
    Alert {
        window_s: alerts::whole_seconds(settings.quiet.as_secs()),
        first_failure: Some(now.wall),
        last_failure: Some(now.wall),
        ..alerts::of_site(settings, Kind::Overload, &[], now)
    }
}

fn lost(datagrams: u32) -> String {
    match datagrams {
        1 => "1 datagram was lost before it could be read".to_owned(),
        n => format!("{n} datagrams were lost before they could be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Span, Wall};

    fn at(s: u64) -> Now {
        let wall = Wall::from_millis(1_768_465_265_000).plus(Span::secs(s));
        Now { mono: Mono::ZERO + Span::secs(s), wall, synchronised: true }
    }

    const LOSS: Loss<'_> = Loss { datagrams: 20, remedy: "send less" };

    #[test]
    fn an_hour_of_losses_is_one_alert_with_a_few_updates_and_one_end() {
        let (mut overload, settings) = (Overload::default(), Settings::default());
        let mut told = Vec::new();
        for s in 0..3_600 {
            told.extend(overload.note(&settings, LOSS, at(s)));
            assert_eq!(overload.expire(&settings, at(s)), None);
        }
        assert_eq!(told.iter().map(|alert| alert.failures / 20 - 1).collect::<Vec<_>>(), [0, 300, 900, 2_100]);
        let first = &told[0];
        assert_eq!((first.state, first.revision, first.failures), (State::Raised, 1, 20));
        assert_eq!(first.summary.as_str(), "20 datagrams were lost before they could be read: send less");
        let last = told.last().unwrap();
        assert_eq!((last.state, last.revision, last.failures, last.suppressed), (State::Updated, 4, 42_020, 2_097));
        assert_eq!(last.id, first.id);
        assert_eq!(overload.deadline(&settings), Some(at(3_599 + 300).mono));
        assert_eq!(overload.expire(&settings, at(3_599 + 299)), None);
        let end = overload.expire(&settings, at(3_599 + 300)).unwrap();
        assert_eq!((end.state, end.revision, end.failures), (State::Cleared, 5, 72_000));
        assert_eq!(
            end.summary.as_str(),
            "no datagram was lost for 300 s; before, 72000 datagrams were lost before they could be read"
        );
        assert_eq!((end.cleared_by, overload.deadline(&settings)), (Some(ClearedBy::PolicyEnd), None));
    }

    #[test]
    fn another_run_ends_what_this_one_raised() {
        let (mut overload, settings) = (Overload::default(), Settings::default());
        let alert = overload.note(&settings, Loss { datagrams: 1, ..LOSS }, at(0)).unwrap();
        assert_eq!(alert.summary.as_str(), "1 datagram was lost before it could be read: send less");
        let mut restarted = Overload::default();
        restarted.restore(&settings, alert.clone(), at(10).mono);
        assert_eq!(restarted.note(&settings, LOSS, at(20)), None);
        let end = restarted.expire(&settings, at(320)).unwrap();
        assert_eq!((end.id, end.revision, end.failures), (alert.id, 2, 21));
    }
}
