//! Lines of a Mitel controller's maintenance log, and records that are imported.

use super::Path;
use crate::audit::{Action, AuditRecord, DayOrder, Failed, Flaw, Origin, read_line};
use crate::catalogue::Origin as Sender;
use crate::event::{Authenticated, Channel, Credential, Family, Label, Meaning, Observation, Session, Stamped};
use crate::units::Now;
use crate::verdict::Verdict;
use crate::wire::{LocalZone, syslog};

/// The clock of a controller shows seconds.
const PRECISION_MS: u32 = 1_000;

/// A controller whose log is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controller {
    /// Its name.
    pub name: Label,
    /// The cluster that its accounts belong to; its name, if none is given.
    pub cluster: Label,
    /// Its address in text.
    pub address: Label,
    /// The zone of its clock; none: UTC.
    pub zone: Option<LocalZone>,
}

/// A line as it came out of the stream's framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamLine<'a> {
    /// With its end.
    Whole(&'a [u8]),
    /// The connection ended in the middle: whose it is may be cut.
    Cut,
    /// Longer than is read.
    TooLong,
}

impl Path {
    /// One line of a controller's maintenance log. What is no record of the audit form is asked of the catalogue.
    pub fn mitel(&mut self, line: StreamLine<'_>, controller: &Controller, now: Now) -> Verdict {
        let verdict = match line {
            StreamLine::Whole(line) => self.mitel_line(&String::from_utf8_lossy(line), controller, now),
            StreamLine::Cut => Verdict::TextCut,
            StreamLine::TooLong => Verdict::TooLong,
        };
        self.tallies.record(verdict);
        verdict
    }

    /// A record from elsewhere, and how it ended.
    pub fn import(&mut self, record: AuditRecord, now: Now) -> Verdict {
        let verdict = self.engine.import(record, now);
        self.tallies.record(verdict);
        verdict
    }

    fn mitel_line(&mut self, line: &str, controller: &Controller, now: Now) -> Verdict {
        if line.trim().is_empty() {
            return Verdict::Empty;
        }
        let Some(row) = read_line(line) else { return self.other_line(line, controller, now) };
        let origin = Origin {
            cluster: controller.cluster.clone(),
            node: controller.name.clone(),
            zone: controller.zone.as_ref(),
            order: DayOrder::default(),
            now: now.wall,
        };
        match row.record_now(&origin) {
            Ok((record, has_time)) => {
                // Without a time or a number of its own, nothing tells a line that is sent again from a second event.
                let is_known = has_time || !record.source_id.is_empty();
                let fingerprint = is_known.then(|| record.fingerprint());
                let stamp = has_time.then_some(Stamped {
                    at: record.at,
                    precision_ms: PRECISION_MS,
                    zoned: controller.zone.is_some(),
                });
                self.engine.observe(&observation(&record, controller, stamp, fingerprint), now)
            }
            Err(Flaw::User) => Verdict::NoAccount,
            Err(Flaw::Action | Flaw::Truth | Flaw::Time | Flaw::Ours) => Verdict::NotASignIn,
        }
    }

    /// A line of another form: the site's own catalogue may know it.
    fn other_line(&mut self, line: &str, controller: &Controller, now: Now) -> Verdict {
        let origin = Sender {
            channel: Channel::Syslog,
            authenticated: Authenticated::None,
            sender: controller.address.as_str(),
            agent: controller.name.as_str(),
            received: now.wall,
        };
        let record = syslog::decode(line);
        let engine = &mut self.engine;
        self.catalogue.read_line(&record, origin, &mut |said| {
            let cluster = if said.cluster.is_empty() { controller.cluster.as_str() } else { said.cluster };
            engine.observe(&Observation { cluster, ..said.clone() }, now)
        })
    }
}

fn observation<'a>(
    record: &'a AuditRecord,
    controller: &'a Controller,
    stamp: Option<Stamped>,
    fingerprint: Option<u64>,
) -> Observation<'a> {
    let meaning = match (record.action, record.failed()) {
        (Action::Logout, _) => Meaning::Logout,
        (Action::Login, Some(Failed::Authentication)) => Meaning::Failure,
        (Action::Login, Some(Failed::NoSession) | None) => Meaning::Success,
    };
    Observation {
        meaning,
        family: Family::of(record.family.as_str()),
        channel: record.channel,
        authenticated: Authenticated::None,
        realm: record.realm,
        account: record.user.as_str(),
        cluster: record.cluster.as_str(),
        node: record.node.as_str(),
        sender: controller.address.as_str(),
        source: record.source.as_str(),
        interface: record.login_type.as_str(),
        target: "",
        credential: Credential::Password,
        stamp,
        fingerprint,
        likeness: None,
        unlock_s: None,
        reported_failures: None,
        reported_severity: None,
        session: Session {
            available: record.session_available,
            id: record.session_id.as_str(),
            comment: record.comments.as_str(),
            number: record.source_id.as_str(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;
    use crate::engine::{Engine, Settings};
    use crate::path::Doors;
    use crate::units::{Mono, Span, Wall};

    fn at(ms: u64) -> Now {
        let start = Wall::from_millis(1_768_465_260_000);
        Now { mono: Mono::from_millis(ms), wall: start.plus(Span::millis(ms)), synchronised: true }
    }

    fn path() -> Path {
        let catalogue = Catalogue::shipped().unwrap();
        Path::new(Engine::new(Settings::default(), catalogue.families(), (1, 2)), catalogue, Doors::open())
    }

    fn controller() -> Controller {
        let label = Label::from_wire;
        Controller { name: label("mitel1"), cluster: label("hq-pbx"), address: label("192.0.2.9"), zone: None }
    }

    fn drained(path: &mut Path, now: Now) -> Vec<AuditRecord> {
        let mut records = Vec::new();
        path.engine.drain_audit(usize::MAX, now.mono, |record| records.push(record.clone()));
        records
    }

    #[test]
    fn each_line_of_the_form_is_one_record_and_a_line_sent_again_is_none() {
        let (mut path, controller) = (path(), controller());
        let lines = [
            ("1,2026-01-15,08:21:00,Login,system,192.0.2.30,FTP,False,True,0,Invalid Password", Verdict::Failure),
            ("2,2026-01-15,08:21:01,Login,system,192.0.2.30,FTP,True,False,0,", Verdict::Success),
            ("1,2026-01-15,08:21:00,Login,system,192.0.2.30,FTP,False,True,0,Invalid Password", Verdict::Replay),
            ("3,2026-01-15,08:21:02,Logout,system,192.0.2.30,FTP,True,True,1,Terminated by timeout", Verdict::Logout),
            ("4,2026-01-15,08:21:02,Login,,192.0.2.30,FTP,False,True,1,", Verdict::NoAccount),
            ("Alarm cleared: Minor", Verdict::NoEntry),
        ];
        for (line, verdict) in lines {
            assert_eq!(path.mitel(StreamLine::Whole(line.as_bytes()), &controller, at(0)), verdict, "{line}");
        }
        assert_eq!(path.mitel(StreamLine::Cut, &controller, at(0)), Verdict::TextCut);
        assert_eq!(path.mitel(StreamLine::TooLong, &controller, at(0)), Verdict::TooLong);
        assert_eq!(path.tallies().total(), 8);
        let records = drained(&mut path, at(0));
        let seen: Vec<_> =
            records.iter().map(|r| (r.id, r.failed(), r.source_id.as_str(), r.cluster.as_str())).collect();
        assert_eq!(
            seen,
            [
                (1, Some(Failed::Authentication), "1", "hq-pbx"),
                (2, Some(Failed::NoSession), "2", "hq-pbx"),
                (3, None, "3", "hq-pbx")
            ]
        );
        assert_eq!(records[2].session_id.as_str(), "1");
        assert_eq!(records[2].comments.as_str(), "Terminated by timeout");
    }

    #[test]
    fn an_earlier_runs_records_are_known_when_the_controller_sends_them_again() {
        let (mut first, controller) = (path(), controller());
        let line = b"1,2026-01-15,08:21:00,Login,system,192.0.2.30,FTP,True,True,4,";
        first.mitel(StreamLine::Whole(line), &controller, at(0));
        let records = drained(&mut first, at(0));
        let mut second = path();
        second.engine.resume_audit(2, 10);
        records.iter().for_each(|record| second.engine.restore_audit(record));
        assert_eq!(second.mitel(StreamLine::Whole(line), &controller, at(9_000)), Verdict::Replay);
        assert_eq!(drained(&mut second, at(9_000)), []);
    }

    #[test]
    fn old_imported_failures_raise_nothing_and_recent_ones_count() {
        let mut path = path();
        let (mut origin_path, controller) = (self::path(), controller());
        let line = b"1,2026-01-15,08:20:00,Login,system,192.0.2.30,FTP,False,True,0,Invalid Password";
        origin_path.mitel(StreamLine::Whole(line), &controller, at(0));
        let record = drained(&mut origin_path, at(0)).remove(0);
        let minutes = |minutes: u64| AuditRecord { at: at(0).wall.minus(Span::mins(minutes)), ..record.clone() };
        assert_eq!(path.import(minutes(11), at(0)), Verdict::NeverCounted);
        assert_eq!(path.engine.accounts().count(), 0);
        assert_eq!(path.import(minutes(9), at(0)), Verdict::Failure);
        assert_eq!(path.engine.accounts().map(|account| account.total).sum::<u64>(), 1);
        // A time to come is no time at which it can have been.
        let future = AuditRecord { at: at(0).wall.plus(Span::mins(1)), ..record };
        assert_eq!(path.import(future, at(0)), Verdict::NeverCounted);
        assert_eq!(drained(&mut path, at(0)).iter().map(|record| record.id).collect::<Vec<_>>(), [1, 2, 3]);
    }
}
