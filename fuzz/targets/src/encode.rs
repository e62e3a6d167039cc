//! What we send, made up from the input as from a recipe: every version and kind, every value, lengths around each boundary of
//! BER. It is encoded, those octets are decoded, and what was decoded encodes to the same octets.

use core::net::Ipv4Addr;

use lockwarden::usm::Envelope;
use lockwarden::wire::snmp::v3::{Header, Pdu, scoped_pdu};
use lockwarden::wire::snmp::{Kind, Message, Notification, Oid, OutValue, OutVarbind, Response, decode, encode};

use crate::Body;
use crate::party;
use crate::rewrite;

pub(crate) fn start() -> Body {
    Box::new(|input| {
        let mut recipe = Recipe(input);
        if recipe.octet() % 4 == 0 {
            v3_notification(&mut recipe);
            return true;
        }
        let community = recipe.octets(1);
        let uptime = recipe.number();
        let datagram = match recipe.octet() % 3 {
            0 => v1_trap(&mut recipe, &community, uptime),
            1 => v2c(&mut recipe, Kind::Trap, &community, uptime),
            _ => v2c(&mut recipe, Kind::Inform, &community, uptime),
        };
        let read = rewrite::notification(&datagram);
        assert_eq!((read.community, read.uptime), (community.as_slice(), uptime));
        let varbinds: Vec<_> = read.varbinds.iter().filter_map(rewrite::out).collect();
        assert_eq!(rewrite::encoded(&read, &varbinds), datagram);
        if let Some(answer) = encode::response_to(&read) {
            let no_error = Response { request_id: read.request_id, error_status: 0, error_index: 0 };
            assert_eq!(decode(&answer), Ok(Message::Response(no_error)));
            assert_eq!(answer.len(), datagram.len());
        }
        true
    })
}

fn v1_trap(recipe: &mut Recipe<'_>, community: &[u8], uptime: u32) -> Vec<u8> {
    // Two more sub-identifiers make the trap OID.
    let enterprise = recipe.oid(126);
    let agent = Ipv4Addr::from(recipe.number());
    let (generic, specific) = (recipe.octet() % 7, recipe.number() >> 1);
    let varbinds = recipe.varbinds();
    let datagram = encode::v1_trap(community, &enterprise, agent, generic, specific, uptime, &varbinds);
    let read = rewrite::notification(&datagram);
    let v1 = read.v1.expect("a v1 trap has a v1 header");
    assert!(v1.enterprise == enterprise && read.kind == Kind::Trap);
    assert_eq!((v1.agent, v1.generic, v1.specific), (agent, generic, specific));
    reads_as(&read, &varbinds);
    datagram
}

fn v2c(recipe: &mut Recipe<'_>, kind: Kind, community: &[u8], uptime: u32) -> Vec<u8> {
    let request_id = recipe.number().cast_signed();
    let trap_oid = recipe.oid(128);
    let varbinds = recipe.varbinds();
    let datagram = encode::v2c(kind, community, request_id, uptime, &trap_oid, &varbinds);
    let read = rewrite::notification(&datagram);
    assert_eq!((read.kind, read.request_id, read.v1), (kind, request_id, None));
    assert_eq!(read.trap_oid, trap_oid);
    reads_as(&read, &varbinds);
    datagram
}

/// Protected by one of the users' keys, and opened with the same.
fn v3_notification(recipe: &mut Recipe<'_>) {
    let users = party::users();
    let user = users.get(usize::from(recipe.octet()) % users.len()).expect("there are users");
    let (mut name, mut context) = (recipe.octets(0), recipe.octets(0));
    name.truncate(32);
    context.truncate(32);
    let engine_id: Vec<u8> = (0..5 + recipe.octet() % 28).map(|_| recipe.octet()).collect();
    let kind = if recipe.octet() & 1 == 0 { Kind::Trap } else { Kind::Inform };
    let mut positive = || recipe.number() >> 1;
    let (msg_id, boots, time, uptime) = (positive().cast_signed(), positive(), positive(), positive());
    let (request_id, trap_oid, varbinds) = (recipe.number().cast_signed(), recipe.oid(128), recipe.varbinds());
    let reportable = kind == Kind::Inform;
    let envelope = Envelope { msg_id, reportable, engine_id: &engine_id, boots, time, user: &name };
    let keys = user.protection.keys(&engine_id);
    let scoped =
        scoped_pdu(&engine_id, &context, &encode::notification_pdu(kind, request_id, uptime, &trap_oid, &varbinds));
    let datagram = keys.secure(&envelope, u64::from(time), scoped.clone());

    let Ok(Message::V3(message)) = decode(&datagram) else { panic!("not an SNMPv3 message: {datagram:02x?}") };
    let (auth, privacy) = (keys.auth.is_some(), keys.privacy.is_some());
    let header = Header { msg_id, auth, privacy, reportable, engine_id: &engine_id, boots, time, user: &name };
    assert_eq!(message.header, header);
    let mut scratch = Vec::new();
    let opened = keys.open(&message, &mut scratch).expect("what was sealed is opened with the same keys");
    assert_eq!((opened.context_engine_id, opened.context_name), (engine_id.as_slice(), context.as_slice()));
    let Pdu::Notification(read) = opened.pdu else { panic!("not a notification: {opened:?}") };
    assert_eq!((read.kind, read.request_id, read.uptime), (kind, request_id, uptime));
    assert_eq!(read.trap_oid, trap_oid);
    reads_as(&read, &varbinds);
    let again: Vec<_> = read.varbinds.iter().filter_map(rewrite::out).collect();
    assert_eq!(scoped_pdu(&engine_id, &context, &rewrite::pdu(&read, &again)), scoped);
}

fn reads_as(read: &Notification<'_>, varbinds: &[OutVarbind<'_>]) {
    assert!(read.varbinds.iter().map(rewrite::out).eq(varbinds.iter().cloned().map(Some)), "{varbinds:?}");
}

/// The input, read as choices. Where it ends, zeros follow.
struct Recipe<'a>(&'a [u8]);

impl Recipe<'_> {
    fn octet(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// Of any width: small ones are as likely as large ones.
    fn number(&mut self) -> u32 {
        let width = self.octet() % 5;
        (0..width).fold(0, |number, _| number << 8 | u32::from(self.octet()))
    }

    fn octets(&mut self, least: usize) -> Vec<u8> {
        let length = match self.octet() {
            n @ ..200 => usize::from(n % 32),
            n @ 200..240 => 100 + usize::from(n),
            n @ 240..255 => 16 + usize::from(n),
            // Rarely, since they take long.
            255 => match self.octet() {
                0..4 => 65_535,
                4..8 => 65_536,
                n @ 8.. => usize::from(n),
            },
        };
        let (first, step) = (self.octet(), self.octet());
        std::iter::successors(Some(first), |octet| Some(octet.wrapping_add(step))).take(length.max(least)).collect()
    }

    fn oid(&mut self, most: usize) -> Oid {
        let first = u32::from(self.octet() % 3);
        let second = if first == 2 { self.number() } else { self.number() % 40 };
        let wanted = match self.octet() {
            n @ ..248 => usize::from(n % 16),
            248.. => most,
        };
        let mut ids = vec![first, second];
        ids.extend((0..wanted.min(most - 2)).map(|_| self.number()));
        Oid::new(ids).expect("two legal sub-identifiers first, and not too many")
    }

    fn varbinds(&mut self) -> Vec<OutVarbind<'static>> {
        let count = self.octet() % 8;
        (0..count).map(|_| OutVarbind { name: self.oid(128), value: self.value() }).collect()
    }

    fn value(&mut self) -> OutValue<'static> {
        match self.octet() % 8 {
            0 => OutValue::Integer(self.number().cast_signed()),
            1 => OutValue::OctetString(self.octets(0).into()),
            2 => OutValue::ObjectIdentifier(self.oid(128)),
            3 => OutValue::IpAddress(Ipv4Addr::from(self.number())),
            4 => OutValue::Counter32(self.number()),
            5 => OutValue::Unsigned32(self.number()),
            6 => OutValue::TimeTicks(self.number()),
            _ => OutValue::Counter64(u64::from(self.number()) << 32 | u64::from(self.number())),
        }
    }
}
