//! The receiving half of USM (RFC 3414 section 3.2): which messages are believed, what the others are told, and what is remembered.
//!
//! A trap is of its sender's engine: its keys and clock are the sender's, and a sender that proves a user's key is learnt. An inform
//! is of our engine: a sender asks for our id and clock (section 4) and is told by Reports what is wrong.

use core::net::IpAddr;

use super::replays::{Replays, Source};
use super::secure::{is_genuine, read};
use super::senders::{Sender, SenderChange, SenderRecord, Senders};
use super::stranger::Stranger;
use super::window::{LAG, Late, Window, is_forgotten};
use super::{AuthKey, EngineId, Envelope, Keys, Level, LocalEngine, MAXIMUM, Sealed, User};
use crate::units::{Mono, Now};
use crate::verdict::Verdict;
use crate::wire::snmp::v3::{Data, Header, Pdu, ScopedPdu, UsmCounter, V3Message, scoped_pdu};
use crate::wire::snmp::{Kind, Notification, encode};

/// New senders that nobody was told of yet, at most.
const UNTOLD: usize = 8;

/// The receiver, with everything that it knows of users and senders.
#[derive(Debug)]
pub struct Receiver {
    local: LocalEngine,
    users: Vec<User>,
    /// Each user's keys at our engine.
    local_keys: Vec<Keys>,
    /// Of each user, the latest time in those of its informs that the memory of messages has lost.
    lost_informs: Vec<u32>,
    senders: Senders,
    replays: Replays,
    counters: [u32; UsmCounter::ALL.len()],
    salt: u64,
    learnt: heapless::Deque<(EngineId, IpAddr), UNTOLD>,
    /// Informs to other engines are taken, too: they were captured on their way there.
    overhears: bool,
}

/// A notification that is believed.
#[derive(Debug)]
pub struct Believed<'b> {
    /// What it says.
    pub notification: Notification<'b>,
    /// How it was protected.
    pub level: Level,
    /// The response that its sender waits for, if it is an inform to our engine.
    pub answer: Option<Vec<u8>>,
}

/// A message that is not taken.
#[derive(Debug, PartialEq, Eq)]
pub struct Turned {
    /// Why.
    pub verdict: Verdict,
    /// What its sender is told.
    pub told: Option<Told>,
}

/// What goes back at once, or after what came before is safe.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// A Report.
    Report(Vec<u8>),
    /// The response to an inform that was taken before.
    Answer(Vec<u8>),
}

impl Turned {
    const fn silently(verdict: Verdict) -> Self {
        Self { verdict, told: None }
    }
}

impl Receiver {
    /// A receiver that has heard nobody. `salt` is random, so that no two runs encrypt with the same one; `key` is secret.
    #[must_use]
    pub fn new(local: LocalEngine, users: Vec<User>, salt: u64, key: (u64, u64)) -> Self {
        let local_keys = users.iter().map(|user| user.protection.keys(local.id().as_bytes())).collect();
        Self {
            local,
            lost_informs: vec![0; users.len()],
            users,
            local_keys,
            senders: Senders::default(),
            replays: Replays::new(key),
            counters: [0; UsmCounter::ALL.len()],
            salt,
            learnt: heapless::Deque::new(),
            overhears: false,
        }
    }

    /// Takes informs to any engine that its user may speak for; for what was captured elsewhere, never for a socket.
    #[must_use]
    pub const fn overhearing(mut self) -> Self {
        self.overhears = true;
        self
    }

    /// Takes back what an earlier run knew of a sender. Call before the first message.
    pub fn restore(&mut self, sender: SenderRecord) {
        self.senders.restore(sender, self.local.started());
    }

    /// Our engine.
    #[must_use]
    pub const fn local(&self) -> &LocalEngine {
        &self.local
    }

    /// Whether there is any user.
    #[must_use]
    pub const fn has_users(&self) -> bool {
        !self.users.is_empty()
    }

    /// The engines that have proved themselves.
    pub fn senders(&self) -> impl Iterator<Item = &Sender> {
        self.senders.iter()
    }

    /// A sender that has proved itself for the first time and notified us, and from where; each once.
    pub fn learnt(&mut self) -> Option<(EngineId, IpAddr)> {
        self.learnt.pop_front()
    }

    /// Gives every change of a sender since the last call, in the order in which they are to be kept.
    pub fn drain_changed(&mut self, change: impl FnMut(SenderChange<'_>)) {
        self.senders.drain_changed(change);
    }

    /// Decides about one message. What is decrypted stands in `scratch`.
    ///
    /// # Errors
    /// A message that is not taken, with what its sender is told.
    pub fn receive<'b>(
        &mut self,
        message: &V3Message<'b>,
        scratch: &'b mut Vec<u8>,
        from: IpAddr,
        now: Now,
    ) -> Result<Believed<'b>, Turned> {
        let engine_id = message.header.engine_id;
        if self.users.is_empty() {
            return Err(Turned::silently(Verdict::V3NotConfigured));
        }
        if engine_id.is_empty() {
            return Err(self.discovery(message, now.mono));
        }
        if engine_id == self.local.id().as_bytes() {
            self.inform(message, scratch, now.mono)
        } else {
            self.trap(message, scratch, from, now)
        }
    }

    /// Somebody who does not know our engine's id (RFC 3414 section 4 (1)).
    fn discovery(&mut self, message: &V3Message<'_>, now: Mono) -> Turned {
        let verdict = match plain_pdu(message) {
            Some(Pdu::Notification(Notification { kind: Kind::Trap, .. })) => Verdict::UnknownEngine,
            Some(_) => Verdict::Discovery,
            None if message.header.privacy => Verdict::UnknownEngine,
            None => Verdict::BadSnmp,
        };
        self.report(message, UsmCounter::UnknownEngineIds, verdict, now)
    }

    /// A message to our engine.
    fn inform<'b>(
        &mut self,
        message: &V3Message<'b>,
        scratch: &'b mut Vec<u8>,
        now: Mono,
    ) -> Result<Believed<'b>, Turned> {
        let header = &message.header;
        let (user, keys) = match self.genuine_here(message) {
            Ok(known) => known,
            Err(stranger) => {
                let (counter, verdict) = stranger.reason();
                return Err(self.report(message, counter, verdict, now));
            }
        };
        if keys.auth.is_some() && !self.is_timely(user, header, now) {
            return Err(self.out_of_time(message, keys, now));
        }
        let fingerprint = self.replays.fingerprint(header.engine_id, message.digest);
        let scoped = match read(keys.privacy.as_ref(), message, scratch) {
            Ok(scoped) => scoped,
            Err(Sealed::Content) if keys.privacy.is_some() => {
                return Err(self.report(message, UsmCounter::DecryptionErrors, Verdict::DecryptionError, now));
            }
            Err(Sealed::Content | Sealed::Level | Sealed::Digest) => return Err(Turned::silently(Verdict::BadSnmp)),
        };
        let notification = match scoped.pdu {
            Pdu::Notification(notification) if notification.kind == Kind::Inform => notification,
            // The engine of a trap is its sender's, and nobody else has our id.
            Pdu::Notification(_) => return Err(Turned::silently(Verdict::OwnEngine)),
            Pdu::Response(_) | Pdu::Report(_) | Pdu::Other { .. } => {
                return Err(Turned::silently(Verdict::NotANotification));
            }
        };
        let answer = self.answer(message, &keys, &scoped, &notification, now);
        if keys.auth.is_some() {
            if self.replays.has(fingerprint) {
                return Err(Turned { verdict: Verdict::Replay, told: Some(Told::Answer(answer)) });
            }
            self.remember(fingerprint, Source::Inform(user), (header.boots, header.time));
        }
        Ok(Believed { notification, level: level_of(header), answer: Some(answer) })
    }

    /// A message of another engine.
    fn trap<'b>(
        &mut self,
        message: &V3Message<'b>,
        scratch: &'b mut Vec<u8>,
        from: IpAddr,
        now: Now,
    ) -> Result<Believed<'b>, Turned> {
        let header = &message.header;
        let place = self.senders.find(header.engine_id);
        let user = match self.genuine(message, place) {
            Ok(user) => user,
            Err(stranger) => {
                let (counter, verdict) = stranger.reason();
                return Err(self.turn_away(message, Some(counter), verdict, now.mono));
            }
        };
        if level_of(header) == Level::NoAuthNoPriv {
            // Nothing is proved, so nothing is learnt, and no clock can be believed.
            let scoped = read(None, message, scratch).map_err(|_| Turned::silently(Verdict::BadSnmp))?;
            let notification = self.for_us(message, &scoped, now.mono)?;
            return Ok(Believed { notification, level: Level::NoAuthNoPriv, answer: None });
        }
        let known = place.and_then(|place| self.senders.at(place)).map(|sender| sender.window());
        let window = match Window::admit(known, header.boots, header.time, now.mono) {
            Ok(window) => window,
            Err(late) => {
                let (counter, verdict) = match late {
                    Late::Exhausted => (Some(UsmCounter::NotInTimeWindows), Verdict::BootsAtMaximum),
                    Late::Old => (Some(UsmCounter::NotInTimeWindows), Verdict::NotInTimeWindow),
                    Late::EarlierStart => (Some(UsmCounter::NotInTimeWindows), Verdict::BootsWentBack),
                    Late::BeforeRestart => (None, Verdict::Replay),
                };
                return Err(self.turn_away(message, counter, verdict, now.mono));
            }
        };
        let sent = (header.boots, header.time);
        let fingerprint = self.replays.fingerprint(header.engine_id, message.digest);
        let sender = place.and_then(|place| self.senders.at(place));
        if sender.is_some_and(|sender| sender.has_sent(sent, message.digest)) || self.replays.has(fingerprint) {
            return Err(self.turn_away(message, None, Verdict::Replay, now.mono));
        }
        let Some(place) = place.or_else(|| self.learn(header.engine_id, window.0, now)) else {
            return Err(Turned::silently(Verdict::BadSnmp));
        };
        if let Some(sender) = self.senders.at(place) {
            sender.heard(window, from, sent, message.digest);
        }
        self.remember(fingerprint, Source::Sender(place), sent);
        let key = match (self.senders.at(place), self.users.get(user)) {
            (Some(sender), Some(of)) if header.privacy => {
                // The digest was checked without a sender to keep its key, if the sender was new.
                sender.auth_key(user, of);
                sender.priv_key(user, of)
            }
            _ => None,
        };
        let scoped = match read(key, message, scratch) {
            Ok(scoped) => scoped,
            Err(_) if header.privacy => {
                let counter = Some(UsmCounter::DecryptionErrors);
                return Err(self.turn_away(message, counter, Verdict::DecryptionError, now.mono));
            }
            Err(_) => return Err(Turned::silently(Verdict::BadSnmp)),
        };
        let notification = self.for_us(message, &scoped, now.mono)?;
        self.announce(place, from);
        Ok(Believed { notification, level: level_of(header), answer: None })
    }

    /// The place of the user whose message to our engine this is, with its keys; or what is wrong with it.
    fn genuine_here(&self, message: &V3Message<'_>) -> Result<(usize, Keys), Stranger> {
        let users = self.users.iter().zip(&self.local_keys).enumerate();
        let mut stranger = Stranger::User;
        for (place, (_, keys)) in users.filter(|(_, (user, _))| user.name == message.header.user) {
            if level(keys) != level_of(&message.header) {
                stranger = stranger.max(Stranger::Level);
                continue;
            }
            if keys.auth.as_ref().is_none_or(|key| is_genuine(key, message)) {
                return Ok((place, keys.clone()));
            }
            stranger = stranger.max(Stranger::by_digest(message, keys.auth.as_ref().map(AuthKey::auth)));
        }
        Err(stranger)
    }

    /// The place of the user whose message this is; or what is wrong with it.
    fn genuine(&mut self, message: &V3Message<'_>, sender: Option<usize>) -> Result<usize, Stranger> {
        let header = &message.header;
        let mut stranger = Stranger::User;
        for (place, user) in self.users.iter().enumerate().filter(|(_, user)| user.name == header.user) {
            if !user.speaks_for(header.engine_id) {
                stranger = stranger.max(Stranger::Engine);
                continue;
            }
            if user.protection.level() != level_of(header) {
                stranger = stranger.max(Stranger::Level);
                continue;
            }
            let is_genuine = match sender.and_then(|sender| self.senders.at(sender)) {
                Some(sender) => sender.auth_key(place, user).is_none_or(|key| is_genuine(key, message)),
                None => user.protection.auth_key(header.engine_id).is_none_or(|key| is_genuine(&key, message)),
            };
            if is_genuine {
                return Ok(place);
            }
            stranger = stranger.max(Stranger::by_digest(message, user.protection.auth()));
        }
        Err(stranger)
    }

    /// A message of another engine that is not taken. If its sender waits for an answer, he takes that engine for ours, perhaps
    /// because ours has a new id: he is told that it is not, and asks anew.
    fn turn_away(
        &mut self,
        message: &V3Message<'_>,
        counter: Option<UsmCounter>,
        verdict: Verdict,
        now: Mono,
    ) -> Turned {
        match counter {
            _ if message.header.reportable => self.report(message, UsmCounter::UnknownEngineIds, verdict, now),
            Some(counter) => self.report(message, counter, verdict, now),
            None => Turned::silently(verdict),
        }
    }

    /// The notification in a message of another engine: a trap; an inform to another engine is not for us.
    fn for_us<'b>(
        &mut self,
        message: &V3Message<'_>,
        scoped: &ScopedPdu<'b>,
        now: Mono,
    ) -> Result<Notification<'b>, Turned> {
        match scoped.pdu {
            Pdu::Notification(notification) if notification.kind == Kind::Trap || self.overhears => Ok(notification),
            Pdu::Notification(_) => {
                Err(self.report(message, UsmCounter::UnknownEngineIds, Verdict::UnknownEngine, now))
            }
            Pdu::Response(_) | Pdu::Report(_) | Pdu::Other { .. } => Err(Turned::silently(Verdict::NotANotification)),
        }
    }

    fn learn(&mut self, engine_id: &[u8], window: Window, now: Now) -> Option<usize> {
        let (place, replaced) = self.senders.learn(EngineId::new(engine_id)?, window, now.wall);
        if replaced {
            self.replays.disown(place);
        }
        Some(place)
    }

    fn announce(&mut self, place: usize, from: IpAddr) {
        if let Some(sender) = self.senders.at(place).filter(|sender| !sender.has_notified) {
            sender.has_notified = true;
            // With so many at once, the ninth is in the list of senders all the same.
            let _full = self.learnt.push_back((sender.record().id.clone(), from)).is_err();
        }
    }

    fn remember(&mut self, fingerprint: u64, source: Source, sent: (u32, u32)) {
        let Some(lost) = self.replays.remember(fingerprint, source, sent) else { return };
        match lost.source {
            Source::Sender(place) => {
                if let Some(sender) = self.senders.at(place) {
                    sender.forgot(lost.sent);
                }
            }
            Source::Inform(user) => {
                if let Some(latest) = self.lost_informs.get_mut(user) {
                    *latest = lost.sent.1.max(*latest);
                }
            }
            Source::Gone => {}
        }
    }

    /// RFC 3414 section 3.2 (7) a, for our own clock; and what could be a copy of a forgotten inform is refused as a trap is.
    fn is_timely(&self, user: usize, header: &Header<'_>, now: Mono) -> bool {
        let ours = self.local.boots();
        let lost = self.lost_informs.get(user).copied().unwrap_or(0);
        ours < MAXIMUM
            && header.boots == ours
            && header.time.abs_diff(self.local.time(now)) <= LAG
            && !is_forgotten(header.time, lost)
    }

    /// A genuine message to our engine with another clock than ours: at first because its sender does not know it yet. The Report is
    /// authenticated, so that its time can be believed.
    fn out_of_time(&mut self, message: &V3Message<'_>, keys: Keys, now: Mono) -> Turned {
        let asks = message.header.boots == 0 && message.header.time == 0;
        let verdict = if asks { Verdict::Discovery } else { Verdict::NotInTimeWindow };
        let keys = Keys { privacy: None, ..keys };
        self.report_under(&keys, message, UsmCounter::NotInTimeWindows, verdict, now)
    }

    fn report(&mut self, message: &V3Message<'_>, counter: UsmCounter, verdict: Verdict, now: Mono) -> Turned {
        self.report_under(&Keys::NONE, message, counter, verdict, now)
    }

    /// Counts, and tells a sender that waits for an answer (RFC 3412 section 7.1 (3)). Stricter than section 6.4 of it: even a
    /// readable inform must ask for Reports to get one.
    fn report_under(
        &mut self,
        keys: &Keys,
        message: &V3Message<'_>,
        counter: UsmCounter,
        verdict: Verdict,
        now: Mono,
    ) -> Turned {
        let value = self.count(counter);
        let request_id = match plain_pdu(message) {
            Some(Pdu::Notification(Notification { kind: Kind::Inform, request_id, .. })) => request_id,
            Some(Pdu::Other { request_id }) => request_id,
            // Nobody waits, whatever the flag says.
            Some(Pdu::Notification(_)) => return Turned::silently(verdict),
            // A Report is never answered by a Report, nor is a response.
            Some(Pdu::Report(_) | Pdu::Response(_)) => return Turned::silently(Verdict::NotANotification),
            None => 0,
        };
        if !message.header.reportable {
            return Turned::silently(verdict);
        }
        let id = self.local.id().clone();
        let scoped = scoped_pdu(id.as_bytes(), b"", &encode::report_pdu(request_id, counter, value));
        let report = keys.secure(&self.envelope(message, &id, now), 0, scoped);
        Turned { verdict, told: Some(Told::Report(report)) }
    }

    fn answer(
        &mut self,
        message: &V3Message<'_>,
        keys: &Keys,
        scoped: &ScopedPdu<'_>,
        inform: &Notification<'_>,
        now: Mono,
    ) -> Vec<u8> {
        let pdu = scoped_pdu(scoped.context_engine_id, scoped.context_name, &encode::response_pdu(inform));
        let id = self.local.id().clone();
        self.salt = self.salt.wrapping_add(1);
        keys.secure(&self.envelope(message, &id, now), self.salt, pdu)
    }

    fn envelope<'e>(&self, message: &V3Message<'e>, id: &'e EngineId, now: Mono) -> Envelope<'e> {
        Envelope {
            msg_id: message.header.msg_id,
            reportable: false,
            engine_id: id.as_bytes(),
            boots: self.local.boots(),
            time: self.local.time(now),
            user: message.header.user,
        }
    }

    /// Counts, and returns how often this was counted.
    fn count(&mut self, counter: UsmCounter) -> u32 {
        let place = counter.number() as usize - 1;
        let Some(count) = self.counters.get_mut(place) else { return 0 };
        *count = count.wrapping_add(1);
        *count
    }
}

const fn level(keys: &Keys) -> Level {
    match (&keys.auth, &keys.privacy) {
        (None, _) => Level::NoAuthNoPriv,
        (Some(_), None) => Level::AuthNoPriv,
        (Some(_), Some(_)) => Level::AuthPriv,
    }
}

const fn level_of(header: &Header<'_>) -> Level {
    match (header.auth, header.privacy) {
        (false, _) => Level::NoAuthNoPriv,
        (true, false) => Level::AuthNoPriv,
        (true, true) => Level::AuthPriv,
    }
}

/// The PDU of a message that is not encrypted, for the request-id in a Report.
fn plain_pdu<'b>(message: &V3Message<'b>) -> Option<Pdu<'b>> {
    match message.data {
        Data::Plain(octets) => ScopedPdu::read(octets).ok().map(|scoped| scoped.pdu),
        Data::Encrypted(_) => None,
    }
}
