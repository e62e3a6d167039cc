//! From a decoded message to what it says about accounts.
//!
//! Each message ends in one verdict. One that carries others (an RTMT alert) ends in the weightiest verdict of what it carried.

use core::hash::Hasher as _;

use siphasher::sip::SipHasher13;

use crate::catalogue::fields::{Fields, Misfit};
use crate::catalogue::file::{Entry, Pack, Said};
use crate::catalogue::{Catalogue, Zones};
use crate::event::{Authenticated, Channel, Credential, Family, Meaning, Observation, Session, Stamped};
use crate::units::Wall;
use crate::verdict::Verdict;
use crate::wire::LocalZone;
use crate::wire::ciscolog::{self, CiscoLog};
use crate::wire::snmp::ClogMessage;
use crate::wire::stamp::{Accuracy, Stamp, Zone};
use crate::wire::syslog::{self, Record};

/// A message inside a message inside a message is not read further.
const DEPTH: u8 = 2;
/// A message that says it happened more often is read as having happened so often.
const MOST_TIMES: u32 = 64;

/// Where a message came from and when.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// By which way.
    pub channel: Channel,
    /// How the sender proved itself.
    pub authenticated: Authenticated,
    /// Its address in text.
    pub sender: &'a str,
    /// The node, if the transport names one (a trap's agent address); else empty.
    pub agent: &'a str,
    /// When it was received.
    pub received: Wall,
}

/// What is done with each observation.
type Each<'e> = &'e mut dyn FnMut(&Observation<'_>) -> Verdict;

/// The interface of a failed `su`.
const SU: &str = "su";

/// Whether a text that says how often another was said is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeated {
    Read,
    Leave,
}

/// One message on its way through the catalogue.
#[derive(Clone, Copy)]
struct Message<'a> {
    origin: Origin<'a>,
    host: &'a str,
    stamp: Option<Stamped>,
    fingerprint: Option<u64>,
    likeness: Option<u64>,
    /// Where its times are to be taken that name no zone.
    zone: Option<&'a LocalZone>,
    depth: u8,
}

impl Catalogue {
    /// Reads one syslog line; each statement about an account is given to `each`, whose verdicts make this one's.
    pub fn read_line(&self, record: &Record<'_>, origin: Origin<'_>, each: Each<'_>) -> Verdict {
        self.line(record, false, origin, DEPTH, each)
    }

    /// As [`Catalogue::read_line`]; with `cut`, something of the message is known to be missing, wherever it stood.
    pub fn read_cut_line(&self, record: &Record<'_>, cut: bool, origin: Origin<'_>, each: Each<'_>) -> Verdict {
        self.line(record, cut, origin, DEPTH, each)
    }

    /// Reads one `clogMessageGenerated`. If its text holds a whole CiscoLog line, that line is read; otherwise facility, name
    /// and text are put together. What CUCM puts into clogHistFacility is not known: if no entry has this facility, the name of
    /// the alarm alone decides.
    pub fn read_clog(&self, clog: &ClogMessage<'_>, uptime: u32, origin: Origin<'_>, each: Each<'_>) -> Verdict {
        let text = String::from_utf8_lossy(clog.text);
        let record = syslog::decode(&text);
        if let Some(log) = ciscolog::parse_cut(record.body, clog.text_cut) {
            let message = Message::of(&record, &log, origin, &self.zones, DEPTH);
            return self.alarm(&log, &message, self.entries(log.facility, log.mnemonic), each);
        }
        let facility = String::from_utf8_lossy(clog.facility);
        let name = String::from_utf8_lossy(clog.name);
        let log = CiscoLog::from_parts(&facility, clog.severity.unwrap_or(0), &name, &text, clog.text_cut);
        let mut hash = SipHasher13::new();
        for part in [clog.facility, clog.name, clog.text] {
            hash.write(part);
            hash.write_u8(0);
        }
        // The time stamp is sysUpTime at the event: equal for two copies of one event. Without it, the notification's own.
        hash.write_u32(clog.timestamp.unwrap_or(uptime));
        let zone = zone_of(&self.zones, &log, [origin.agent, origin.sender]);
        let fingerprint = Some(hash.finish());
        let message = Message { origin, host: "", stamp: None, fingerprint, likeness: None, zone, depth: DEPTH };
        let by_facility = self.entries(&facility, &name).next().is_some();
        if by_facility {
            self.alarm(&log, &message, self.entries(&facility, &name), each)
        } else {
            self.alarm(&log, &message, self.entries_of_alarm(&name), each)
        }
    }

    fn line(&self, record: &Record<'_>, cut: bool, origin: Origin<'_>, depth: u8, each: Each<'_>) -> Verdict {
        let Some(mut log) = ciscolog::parse(record.body) else {
            // What an alert carries is believed only in the form of an alarm.
            return if depth == DEPTH && !cut { self.text(record, origin, each) } else { Verdict::NoEntry };
        };
        log.truncated |= cut;
        let message = Message::of(record, &log, origin, &self.zones, depth);
        self.alarm(&log, &message, self.entries(log.facility, log.mnemonic), each)
    }

    fn alarm<'c>(
        &'c self,
        log: &CiscoLog<'_>,
        message: &Message<'_>,
        entries: impl Iterator<Item = (&'c Pack, &'c Entry)>,
        each: Each<'_>,
    ) -> Verdict {
        let mut listed = false;
        for (pack, entry) in entries {
            listed = true;
            if let Ok(fields) = entry.fit(pack, Some(*log), log.text) {
                return self.entry_says(pack, entry, &fields, message, each);
            }
        }
        match listed {
            false => Verdict::NoEntry,
            true if log.truncated => Verdict::TextCut,
            true => Verdict::NotASignIn,
        }
    }

    /// Reads text without an alarm's name.
    fn text(&self, record: &Record<'_>, origin: Origin<'_>, each: Each<'_>) -> Verdict {
        let message = Message::of_text(record, origin, &self.zones);
        self.text_of(record.app, record.body, &message, Repeated::Read, each)
    }

    fn text_of(
        &self,
        app: Option<&str>,
        text: &str,
        message: &Message<'_>,
        repeated: Repeated,
        each: Each<'_>,
    ) -> Verdict {
        let text = text.trim_ascii_end();
        let mut listed = Verdict::NoEntry;
        for (pack, entry) in self.entries_of_text(app) {
            match entry.fit(pack, None, text) {
                Ok(fields) if entry.meaning == Said::Repeats => {
                    return match repeated {
                        Repeated::Read => self.repeats(app, entry, &fields, message, each),
                        Repeated::Leave => Verdict::NeverCounted,
                    };
                }
                Ok(fields) => return self.entry_says(pack, entry, &fields, message, each),
                Err(Misfit::TooLong) => listed = Verdict::TextCut,
                Err(Misfit::Literal(_) | Misfit::Pattern(_) | Misfit::Condition(..)) => {
                    let is_its_program = !entry.program.is_empty() && listed == Verdict::NoEntry;
                    listed = if is_its_program { Verdict::NotASignIn } else { listed };
                }
            }
        }
        listed
    }

    /// `message repeated 2 times: [ … ]`: the same text, so often.
    fn repeats(
        &self,
        app: Option<&str>,
        entry: &Entry,
        fields: &Fields<'_>,
        message: &Message<'_>,
        each: Each<'_>,
    ) -> Verdict {
        let text = fields.text(&entry.text);
        let mut verdict = Verdict::NeverCounted;
        for n in 0..times(fields, &entry.times) {
            let again = message.again(n);
            let said = self.text_of(app, text, &again, Repeated::Leave, each);
            if !matches!(said, Verdict::NoEntry | Verdict::NotASignIn) {
                verdict = weightier(verdict, said);
            }
        }
        verdict
    }

    fn entry_says(
        &self,
        pack: &Pack,
        entry: &Entry,
        fields: &Fields<'_>,
        message: &Message<'_>,
        each: Each<'_>,
    ) -> Verdict {
        let meaning = match entry.meaning {
            Said::Failure => Meaning::Failure,
            Said::FailedSu => Meaning::FailedSu,
            Said::Found => Meaning::Found,
            Said::FoundSu => Meaning::FoundSu,
            Said::Lockout => Meaning::Lockout(entry.reason),
            Said::Success => Meaning::Success,
            Said::Unlock => Meaning::Unlock,
            Said::Logout => Meaning::Logout,
            Said::Health => return Verdict::Health,
            Said::Unreachable => return Verdict::Unreachable,
            // What is repeated was read before, by its text.
            Said::Never | Said::Repeats => return Verdict::NeverCounted,
            Said::CarriesLine => return self.carried_lines(entry, fields, message, each),
            Said::CarriesFailures => return carried_failures(pack, entry, fields, message, each),
        };
        let Some(account) = fields.value(&entry.account) else {
            return if fields.is_cut() { Verdict::AccountCut } else { Verdict::NoAccount };
        };
        if !account.complete {
            return Verdict::AccountCut;
        }
        let whole = |names: &[String]| fields.value(names).filter(|v| v.complete).map(|v| v.unescaped());
        let source = whole(&entry.source).unwrap_or_default();
        let interface = whole(&entry.interface).unwrap_or_default();
        let node = whole(&pack.node).unwrap_or_default();
        let number = |names: &[String]| whole(names).and_then(|text| text.trim().parse::<u32>().ok());
        let of_su = if entry.meaning == Said::FailedSu { SU } else { "" };
        let interface_is = entry.interface_is.as_deref().unwrap_or(of_su);
        let observation = Observation {
            meaning,
            family: Family::of(&entry.family),
            channel: message.origin.channel,
            authenticated: message.origin.authenticated,
            realm: entry.realm.unwrap_or(pack.realm),
            account: &account.unescaped(),
            cluster: &whole(&pack.cluster).unwrap_or_default(),
            node: first_given([&node, message.host, message.origin.agent]),
            sender: message.origin.sender,
            source: &source,
            interface: first_given([&interface, interface_is, ""]),
            target: &whole(&entry.target).unwrap_or_default(),
            credential: entry.credential,
            stamp: message.stamp,
            fingerprint: message.fingerprint,
            likeness: message.likeness,
            unlock_s: number(&entry.unlock_s),
            reported_failures: number(&entry.failures),
            session: Session {
                available: truth(&whole(&entry.session_available).unwrap_or_default()),
                id: &whole(&entry.session_id).unwrap_or_default(),
                comment: &whole(&entry.comment).unwrap_or_default(),
                number: &whole(&entry.number).unwrap_or_default(),
            },
        };
        let mut verdict = each(&observation);
        for n in 1..times(fields, &entry.times) {
            let Message { fingerprint, likeness, .. } = message.again(n);
            let again = Observation { fingerprint, likeness, ..observation.clone() };
            verdict = weightier(verdict, each(&again));
        }
        verdict
    }

    /// Reads each complete message that this one carries.
    fn carried_lines(&self, entry: &Entry, fields: &Fields<'_>, message: &Message<'_>, each: Each<'_>) -> Verdict {
        let Some(depth) = message.depth.checked_sub(1) else { return Verdict::NeverCounted };
        let Some(value) = fields.value(&entry.text) else { return Verdict::NeverCounted };
        let detail = value.detail();
        let origin = Origin { channel: Channel::Nested, agent: "", ..message.origin };
        let mut verdict = Verdict::NeverCounted;
        let mut read = |line: &str| {
            let said = self.line(&syslog::decode(line), false, origin, depth, each);
            if !matches!(said, Verdict::NoEntry | Verdict::NotASignIn | Verdict::TextCut) {
                verdict = weightier(verdict, said);
            }
        };
        let lines = ciscolog::nested_lines(&detail).map(&mut read).count();
        if lines == 0 && detail.contains('%') {
            read(&detail);
        }
        verdict
    }
}

/// RTMT's own alert about failed logins lists each with a time of a minute's precision.
fn carried_failures(pack: &Pack, entry: &Entry, fields: &Fields<'_>, message: &Message<'_>, each: Each<'_>) -> Verdict {
    let family = Family::of(entry.carries_as.as_deref().unwrap_or(&entry.family));
    let cluster = fields.value(&pack.cluster).filter(|v| v.complete).map(|v| v.unescaped()).unwrap_or_default();
    let Some(detail) = fields.value(&entry.text) else { return Verdict::NeverCounted };
    let mut verdict = Verdict::NeverCounted;
    for (n, failure) in (0_u32..).zip(ciscolog::authentication_failures(detail)) {
        if !failure.user.complete || failure.user.raw.trim().is_empty() {
            verdict = weightier(verdict, Verdict::AccountCut);
            continue;
        }
        let said = each(&Observation {
            meaning: Meaning::Failure,
            family,
            channel: Channel::Nested,
            authenticated: message.origin.authenticated,
            realm: entry.realm.unwrap_or(pack.realm),
            account: &failure.user.unescaped(),
            cluster: &cluster,
            // The alert comes from the node that runs RTMT's collector, which need not be where the login failed.
            node: "",
            sender: message.origin.sender,
            source: failure.login_from,
            interface: failure.interface,
            target: "",
            credential: Credential::Password,
            stamp: failure.stamp.and_then(|stamp| stamped(stamp, message.origin.received, message.zone)),
            fingerprint: nth(message.fingerprint, n + 1),
            likeness: None,
            unlock_s: None,
            reported_failures: None,
            session: Session::default(),
        });
        verdict = weightier(verdict, said);
    }
    verdict
}

impl<'a> Message<'a> {
    fn of(record: &Record<'a>, log: &CiscoLog<'_>, origin: Origin<'a>, zones: &'a Zones, depth: u8) -> Self {
        let host = record.host.unwrap_or_default();
        let zone = zone_of(zones, log, [host, origin.sender]);
        let stamp = record.stamp.and_then(|stamp| stamped(stamp, origin.received, zone));
        let fingerprint = stamp.and_then(|stamp| line_fingerprint(record, log, stamp));
        Self { origin, host, stamp, fingerprint, likeness: None, zone, depth }
    }

    /// The `n`th event of those that it tells at once.
    fn again(&self, n: u32) -> Self {
        Self { fingerprint: nth(self.fingerprint, n), likeness: nth(self.likeness, n), ..*self }
    }

    /// Of a line without an alarm's name, which carries no other.
    fn of_text(record: &Record<'a>, origin: Origin<'a>, zones: &'a Zones) -> Self {
        let host = record.host.unwrap_or_default();
        let zone = if zones.is_empty() { None } else { zones.of(["", host, origin.sender]) };
        let stamp = record.stamp.and_then(|stamp| stamped(stamp, origin.received, zone));
        let fingerprint = stamp.filter(|stamp| stamp.precision_ms <= 1).map(|stamp| text_fingerprint(record, stamp));
        // Without a host, two senders are two hosts.
        let coarse = stamp.filter(|stamp| stamp.precision_ms > 1 && !host.is_empty());
        let likeness = coarse.map(|stamp| text_fingerprint(record, stamp));
        Self { origin, host, stamp, fingerprint, likeness, zone, depth: 0 }
    }
}

/// The zone of the node that the message itself names, else of the first of these that is known.
fn zone_of<'z>(zones: &'z Zones, log: &CiscoLog<'_>, [first, second]: [&str; 2]) -> Option<&'z LocalZone> {
    // Nearly every site ends here.
    if zones.is_empty() {
        return None;
    }
    let node = log.tags.get("NodeID").filter(|value| value.complete).map(|value| value.unescaped());
    zones.of([node.as_deref().unwrap_or_default(), first, second])
}

fn stamped(stamp: Stamp, near: Wall, zone: Option<&LocalZone>) -> Option<Stamped> {
    let zoned = (stamp.zone != Zone::Unknown || zone.is_some()) && stamp.accuracy == Accuracy::Synchronised;
    Some(Stamped { at: stamp.to_wall_in(near, zone)?, precision_ms: stamp.precision_ms(), zoned })
}

/// Equal for two deliveries of one record: the alarm, its parameters and text, and a time to the millisecond, whatever PRI,
/// sequence number and header the delivery has. With a coarser time the sequence number must be equal too; with neither there is
/// nothing to tell a copy from a second event.
fn line_fingerprint(record: &Record<'_>, log: &CiscoLog<'_>, stamp: Stamped) -> Option<u64> {
    let mut hash = SipHasher13::new();
    hash.write(log.facility.as_bytes());
    hash.write_u8(0);
    hash.write(log.mnemonic.as_bytes());
    hash.write_i64(stamp.at.as_millis());
    hash.write(log.tags.as_str().as_bytes());
    hash.write_u8(0);
    hash.write(log.text.as_bytes());
    if stamp.precision_ms > 1 {
        hash.write_u64(record.sequence?);
    }
    Some(hash.finish())
}

/// As [`line_fingerprint`], for text: the time, the host without its domain, the program, the process and the text. Only a time to the
/// millisecond tells two equal texts of one process apart.
fn text_fingerprint(record: &Record<'_>, stamp: Stamped) -> u64 {
    let mut hash = SipHasher13::new();
    hash.write_i64(stamp.at.as_millis());
    for part in [record.host.map(without_domain), record.app, record.pid, Some(record.body)] {
        hash.write(part.unwrap_or_default().as_bytes());
        hash.write_u8(0);
    }
    hash.finish()
}

/// One relay writes the short name, another the long one.
fn without_domain(host: &str) -> &str {
    let is_address = host.parse::<core::net::IpAddr>().is_ok();
    host.split_once('.').filter(|_| !is_address).map_or(host, |(name, _)| name)
}

/// The fingerprint of the `n`th statement of one message; that of the message itself is the first's.
fn nth(fingerprint: Option<u64>, n: u32) -> Option<u64> {
    fingerprint.map(|f| f.wrapping_add(u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// None where neither is said.
fn truth(text: &str) -> Option<bool> {
    let is = |word: &str| text.trim().eq_ignore_ascii_case(word);
    if is("true") { Some(true) } else { is("false").then_some(false) }
}

/// How often a message says it happened: at least once.
fn times(fields: &Fields<'_>, names: &[String]) -> u32 {
    fields.text(names).parse().unwrap_or(1).clamp(1, MOST_TIMES)
}

fn first_given(texts: [&str; 3]) -> &str {
    texts.into_iter().find(|text| !text.trim().is_empty()).unwrap_or_default()
}

/// Of the verdicts of what one message carried, the one that says most: an attempt counted before one merged, and so on.
fn weightier(a: Verdict, b: Verdict) -> Verdict {
    if b.outcome() < a.outcome() { b } else { a }
}
