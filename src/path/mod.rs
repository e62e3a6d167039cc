//! The path of a message, from datagram to verdict: admit, decode, read by the catalogue, decide by the engine.
//!
//! Invariant: every datagram or line is counted under exactly one verdict, so the sum of the counts is what was received.

mod hear;
mod mitel;
mod pieces;
mod probe;
mod refusals;
mod relay;

pub use mitel::{Controller, StreamLine};
pub use refusals::{Refusal, Transport};
pub use relay::{Passed, Relay, RelayTally};

use core::fmt::Write as _;
use core::net::IpAddr;
use core::str::FromStr as _;

use crate::assemble::{Assembler, Offered};
use crate::catalogue::{Catalogue, Origin};
use crate::config::Admission;
use crate::engine::{Engine, Heard, Loss, Settings, Stranger};
use crate::event::{Authenticated, Channel, Sender};
use crate::units::Now;
use crate::usm::{Believed, Level, Receiver, Told, Turned};
use crate::verdict::{Outcome, Tallies, Verdict};
use crate::wire::DecodeError;
use crate::wire::snmp::{self, Kind, Message, Notification, V3Message, Value, clog, standard};
use crate::wire::syslog;

use refusals::Refusals;

/// A line that is longer is not read (RFC 5425 asks for 8 KiB; a UDP datagram ends before 64 KiB).
pub const LONGEST_LINE: usize = 65_535;

/// Who may send; without an admission, everybody.
#[derive(Clone, Debug)]
pub struct Doors {
    /// SNMP notifications.
    pub traps: Option<Admission>,
    /// Syslog lines.
    pub syslog: Option<Admission>,
}

impl Doors {
    /// Open to everybody: for what was captured elsewhere, never for a socket.
    #[must_use]
    pub fn open() -> Self {
        Self { traps: None, syslog: None }
    }
}

/// What a configuration that is read again can change.
#[derive(Debug)]
pub struct Reading {
    /// By which the engine decides.
    pub settings: Settings,
    /// What messages mean.
    pub catalogue: Catalogue,
    /// Who may send.
    pub doors: Doors,
}

/// What goes back to the sender of an SNMP message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The response to an inform, to be sent once what it carried cannot be lost any more.
    Answer(Vec<u8>),
    /// A Report on an SNMPv3 message that was not taken, to be sent at once.
    Report(Vec<u8>),
}

/// Everything between the socket and the actions.
#[derive(Debug)]
pub struct Path {
    /// Decides. Its actions and deadlines are the caller's to follow.
    pub engine: Engine,
    /// Decides which SNMPv3 messages are believed; without it, none. What it learns is the caller's to keep.
    pub usm: Option<Receiver>,
    /// Chooses what is passed on to an NMS; it is the caller's to send.
    pub relay: Option<Relay>,
    catalogue: Catalogue,
    pieces: Assembler,
    doors: Doors,
    tallies: Tallies,
    refusals: Refusals,
    /// Where encrypted messages are decrypted; kept, so that none needs memory of its own.
    scratch: Vec<u8>,
}

impl Path {
    /// A path that has seen nothing.
    #[must_use]
    pub fn new(engine: Engine, catalogue: Catalogue, doors: Doors) -> Self {
        let (tallies, refusals, pieces) = (Tallies::default(), Refusals::default(), Assembler::default());
        Self { engine, usm: None, relay: None, catalogue, pieces, doors, tallies, refusals, scratch: Vec::new() }
    }

    /// From now on goes by this; what waits, is open or was counted stays.
    pub fn reload(&mut self, reading: Reading) {
        let Reading { settings, catalogue, doors } = reading;
        self.engine.reload(settings, catalogue.families());
        (self.catalogue, self.doors) = (catalogue, doors);
    }

    /// How often each verdict was given.
    #[must_use]
    pub const fn tallies(&self) -> &Tallies {
        &self.tallies
    }

    /// Who was refused, newest last.
    pub fn refusals(&self) -> impl Iterator<Item = &Refusal> {
        self.refusals.iter()
    }

    /// A refusal that nobody was shown yet; at most one an hour for each sender and reason.
    pub fn refusal_to_show(&mut self) -> Option<Refusal> {
        self.refusals.next_to_show()
    }

    /// Counts datagrams that the kernel dropped before we could read them.
    pub fn lost(&mut self, loss: Loss<'_>, now: Now) {
        self.tallies.add(Verdict::KernelDrop, loss.datagrams);
        self.engine.lost(loss, now);
    }

    /// One syslog message, as it came in a datagram or out of a stream's framing.
    pub fn syslog(&mut self, message: &[u8], from: impl Into<Sender>, now: Now) -> Verdict {
        self.syslog_cut(message, false, from.into(), now)
    }

    /// As [`Path::syslog`]; with `cut`, the end of the message is known to be missing.
    pub fn syslog_cut(&mut self, message: &[u8], cut: bool, from: Sender, now: Now) -> Verdict {
        let verdict = self.syslog_verdict(message, cut, from, now);
        self.tallies.record(verdict);
        self.read_surplus(now);
        verdict
    }

    /// A message of a stream that was too long to be read.
    pub fn too_long(&mut self) {
        self.tallies.record(Verdict::TooLong);
    }

    /// A syslog connection that was not taken: it counts as one input, since nobody knows what it would have said.
    pub fn refuse_stream(&mut self, from: IpAddr, why: Verdict, now: Now) {
        self.refusals.note(from, Transport::Syslog, why, now);
        self.tallies.record(why);
    }

    /// One SNMP datagram.
    pub fn snmp(&mut self, datagram: &[u8], from: IpAddr, now: Now) -> (Verdict, Option<Reply>) {
        let (verdict, reply) = self.snmp_verdict(datagram, from, now);
        self.tallies.record(verdict);
        (verdict, reply)
    }

    fn syslog_verdict(&mut self, message: &[u8], cut: bool, from: Sender, now: Now) -> Verdict {
        if self.doors.syslog.as_ref().is_some_and(|door| !door.allows(from.address)) {
            self.refusals.note(from.address, Transport::Syslog, Verdict::SenderNotAllowed, now);
            return Verdict::SenderNotAllowed;
        }
        if message.len() > LONGEST_LINE {
            return Verdict::TooLong;
        }
        let line = String::from_utf8_lossy(message);
        let record = syslog::decode(&line);
        if record.body.trim().is_empty() {
            return Verdict::Empty;
        }
        match self.pieces.offer(&line, &record, from, now) {
            Offered::Alone => self.read_record(&record, cut, from, now),
            Offered::Whole(whole) => self.read_assembled(&whole, now),
            Offered::Held => Verdict::PartHeld,
            Offered::Again => Verdict::Replay,
            Offered::Late => Verdict::PartLate,
        }
    }

    /// With `cut`, something of the message is missing, wherever it stood.
    fn read_record(&mut self, record: &syslog::Record<'_>, cut: bool, from: Sender, now: Now) -> Verdict {
        let sender = text(from.address);
        let origin = Origin {
            channel: Channel::Syslog,
            authenticated: from.authenticated,
            sender: &sender,
            agent: "",
            received: now.wall,
        };
        let engine = &mut self.engine;
        let verdict =
            self.catalogue.read_cut_line(record, cut, origin, &mut |observation| engine.observe(observation, now));
        self.hear_line(record, &sender, verdict, now);
        verdict
    }

    fn snmp_verdict(&mut self, datagram: &[u8], from: IpAddr, now: Now) -> (Verdict, Option<Reply>) {
        if self.doors.traps.as_ref().is_some_and(|door| !door.allows(from)) {
            self.refusals.note(from, Transport::Snmp, Verdict::SenderNotAllowed, now);
            return (Verdict::SenderNotAllowed, None);
        }
        if datagram.is_empty() {
            return (Verdict::Empty, None);
        }
        let notification = match snmp::decode(datagram) {
            Ok(Message::Notification(notification)) => notification,
            Ok(Message::V3(message)) => return self.v3(&message, from, now),
            Ok(Message::Response(_)) => return (Verdict::NotANotification, None),
            Err(error) => {
                let verdict = unreadable(error);
                self.turn_away(&[], &[], verdict, from, now);
                return (verdict, None);
            }
        };
        if self.doors.traps.as_ref().is_some_and(|door| !door.accepts_community(from, notification.community)) {
            self.refusals.note(from, Transport::Snmp, Verdict::WrongCommunity, now);
            return (Verdict::WrongCommunity, None);
        }
        let verdict = self.notification(&notification, Authenticated::Community, from, now);
        self.pass_on(&notification, Some(datagram), verdict, from, now);
        let answer = if notification.kind == Kind::Inform { snmp::encode::response_to(&notification) } else { None };
        (verdict, answer.map(Reply::Answer))
    }

    fn v3(&mut self, message: &V3Message<'_>, from: IpAddr, now: Now) -> (Verdict, Option<Reply>) {
        let mut scratch = core::mem::take(&mut self.scratch);
        let nobody = Turned { verdict: Verdict::V3NotConfigured, told: None };
        let decided = match self.usm.as_mut() {
            Some(receiver) => receiver.receive(message, &mut scratch, from, now),
            None => Err(nobody),
        };
        let result = match decided {
            Ok(Believed { notification, level, answer }) => {
                let proof = match level {
                    Level::NoAuthNoPriv => Authenticated::None,
                    Level::AuthNoPriv | Level::AuthPriv => Authenticated::Usm,
                };
                let verdict = self.notification(&notification, proof, from, now);
                self.pass_on(&notification, None, verdict, from, now);
                (verdict, answer.map(Reply::Answer))
            }
            Err(Turned { verdict, told }) => {
                // An inform that is out of time is told the right one, and comes again.
                if verdict != Verdict::NotInTimeWindow || !self.is_to_us(message) {
                    self.turn_away(message.header.engine_id, message.header.user, verdict, from, now);
                }
                let reply = told.map(|told| match told {
                    Told::Report(report) => Reply::Report(report),
                    Told::Answer(answer) => Reply::Answer(answer),
                });
                (verdict, reply)
            }
        };
        self.scratch = scratch;
        result
    }

    fn pass_on(
        &mut self,
        notification: &Notification<'_>,
        datagram: Option<&[u8]>,
        verdict: Verdict,
        from: IpAddr,
        now: Now,
    ) {
        if verdict != Verdict::Replay
            && let Some(relay) = self.relay.as_mut()
        {
            relay.take(notification, datagram, from, now);
        }
    }

    fn is_to_us(&self, message: &V3Message<'_>) -> bool {
        self.usm.as_ref().is_some_and(|usm| message.header.engine_id == usm.local().id().as_bytes())
    }

    /// Shows whose SNMPv3 messages are not believed, if something is to be put right. Engine and user are as far as they could be read.
    fn turn_away(&mut self, engine_id: &[u8], user: &[u8], verdict: Verdict, from: IpAddr, now: Now) {
        if verdict.outcome() != Outcome::Refused {
            return;
        }
        self.refusals.note(from, Transport::Snmp, verdict, now);
        let mut engine = heapless::String::<66>::from_str("0x").unwrap_or_default();
        for octet in engine_id {
            // 66 characters hold the longest engine id.
            let _full = write!(engine, "{octet:02x}").is_err();
        }
        let user = String::from_utf8_lossy(user);
        self.engine.stranger(Stranger { from: &text(from), engine_id: &engine, user: &user, why: verdict }, now);
    }

    fn notification(
        &mut self,
        notification: &Notification<'_>,
        authenticated: Authenticated,
        from: IpAddr,
        now: Now,
    ) -> Verdict {
        let (sender, agent) = (text(from), agent(notification).map(text).unwrap_or_default());
        let origin_of_it = if agent.is_empty() { &sender } else { &agent };
        let Some(message) = clog(notification) else {
            self.engine.heard("", origin_of_it, Heard::Something, now);
            return self.catalogue.notification(notification.trap_oid).unwrap_or(Verdict::NoEntry);
        };
        let origin =
            Origin { channel: Channel::Trap, authenticated, sender: &sender, agent: &agent, received: now.wall };
        self.engine.heard("", origin_of_it, Heard::Something, now);
        let engine = &mut self.engine;
        self.catalogue
            .read_clog(&message, notification.uptime, origin, &mut |observation| engine.observe(observation, now))
    }
}

/// What becomes of octets that cannot be read.
fn unreadable(error: DecodeError) -> Verdict {
    match error {
        DecodeError::Unsupported(snmp::v3::SECURITY_MODEL) => Verdict::UnknownSecurityModel,
        DecodeError::Unsupported(_) => Verdict::NotANotification,
        DecodeError::Truncated(_)
        | DecodeError::Missing(_)
        | DecodeError::Invalid(_)
        | DecodeError::Trailing(_)
        | DecodeError::Limit(_) => Verdict::BadSnmp,
    }
}

/// The original sender, if a forwarder in between says so: `snmpTrapAddress.0` (RFC 3584 section 3.1 (4)), else the agent
/// address of an SNMPv1 trap.
fn agent(notification: &Notification<'_>) -> Option<IpAddr> {
    let address = notification.varbinds.iter().find(|varbind| varbind.name == standard::SNMP_TRAP_ADDRESS);
    let forwarded = address.and_then(|varbind| if let Value::IpAddress(a) = varbind.value { Some(a) } else { None });
    let own = notification.v1.map(|v1| v1.agent).filter(|address| !address.is_unspecified());
    forwarded.or(own).map(IpAddr::V4)
}

/// An address as text, without the heap. IPv4 inside IPv6 is shown as IPv4.
fn text(address: IpAddr) -> heapless::String<46> {
    let mut text = heapless::String::new();
    // 46 bytes hold the longest IPv6 address.
    let _full = write!(text, "{}", address.to_canonical()).is_err();
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Action;
    use crate::units::{Mono, Wall};
    use crate::usm::{Envelope, Keys};
    use crate::wire::snmp::v3::scoped_pdu;

    const FROM: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 7));
    const NOW: Now = Now { mono: Mono::ZERO, wall: Wall::from_millis(1_768_465_265_000), synchronised: true };

    fn path() -> Path {
        let catalogue = Catalogue::shipped().unwrap();
        Path::new(
            Engine::new(crate::engine::Settings::default(), catalogue.families(), (1, 2)),
            catalogue,
            Doors::open(),
        )
    }

    #[test]
    fn another_security_model_is_refused_with_a_remedy_and_raises_the_alert() {
        let envelope = Envelope { msg_id: 1, reportable: true, engine_id: b"", boots: 0, time: 0, user: b"" };
        let mut datagram = Keys::NONE.secure(&envelope, 0, scoped_pdu(b"", b"", &snmp::encode::discovery_pdu(1)));
        let model = datagram.windows(6).position(|octets| octets == [4, 1, 4, 2, 1, 3]).unwrap() + 5;
        // The Transport Security Model (RFC 5591).
        datagram[model] = 4;
        let mut path = path();
        assert_eq!(path.snmp(&datagram, FROM, NOW), (Verdict::UnknownSecurityModel, None));
        let refusal = path.refusal_to_show().unwrap();
        assert_eq!(
            (refusal.why, refusal.remedy().as_str()),
            (Verdict::UnknownSecurityModel, "at the sender: send with the User-based Security Model")
        );
        let Some(Action::Announce(alert)) = path.engine.next_action() else { panic!() };
        assert_eq!(
            alert.summary.as_str(),
            "SNMPv3 messages from 192.0.2.7 are refused: they do not come under the User-based Security Model"
        );
    }

    #[test]
    fn what_is_no_message_is_no_stranger() {
        let mut path = path();
        for datagram in [&b"\x30\x00"[..], b"GET / HTTP/1.1"] {
            assert_eq!(path.snmp(datagram, FROM, NOW), (Verdict::BadSnmp, None));
        }
        assert_eq!((path.refusals().count(), path.engine.next_action().is_none()), (0, true));
    }
}
