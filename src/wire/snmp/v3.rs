//! The SNMPv3 message (RFC 3412 section 6) with the parameters of the User-based Security Model (RFC 3414 section 2.4), and the
//! scoped PDU inside it. Taken apart and put together; nothing here is checked against a key, a clock or a user.
//!
//! Refuses a security model other than USM, privacy without authentication, negative numbers, engine ids that are not 5 to 32
//! octets (empty: the sender asks for ours) and user names beyond 32 octets. Octets after a decrypted scoped PDU are padding
//! (RFC 3414 section 8.1.1.2) and ignored.

use super::ber::{self, Cursor, Writer};
use super::message::Response;
use super::notification::{Kind, Notification, Varbinds, Version};
use super::standard;
use crate::wire::DecodeError;

const VERSION_3: i128 = 3;
/// `msgSecurityModel` of USM (RFC 3411 section 5, SnmpSecurityModel).
const USM: i32 = 3;
/// The field of a message under another security model.
pub const SECURITY_MODEL: &str = "msgSecurityModel";
const AUTH_FLAG: u8 = 1;
const PRIV_FLAG: u8 = 2;
const REPORTABLE_FLAG: u8 = 4;
/// Octets of an engine id (RFC 3411 section 5, SnmpEngineID).
const ENGINE_ID: core::ops::RangeInclusive<usize> = 5..=32;
/// Octets of a user name (RFC 3414 section 5, usmUserName).
const USER_NAME: usize = 32;
/// What we can take in one message, as we tell others (`msgMaxSize`).
const MAX_SIZE: i128 = 65_507;

/// What everybody can read in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Pairs a request with its answer: 0 to 2^31-1.
    pub msg_id: i32,
    /// There is a digest.
    pub auth: bool,
    /// The scoped PDU is encrypted; never without a digest.
    pub privacy: bool,
    /// The sender wants a Report if it is not understood: so for an inform, not for a trap.
    pub reportable: bool,
    /// The engine whose clock and keys count: the sender's for a trap, ours for an inform. Empty: the sender asks for ours.
    pub engine_id: &'a [u8],
    /// How often that engine has started.
    pub boots: u32,
    /// Seconds since its last start.
    pub time: u32,
    /// On whose behalf.
    pub user: &'a [u8],
}

/// A message taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct V3Message<'a> {
    /// What everybody can read.
    pub header: Header<'a>,
    /// `msgAuthenticationParameters`: the digest as it came.
    pub digest: &'a [u8],
    /// `msgPrivacyParameters`: the salt.
    pub salt: &'a [u8],
    /// The scoped PDU.
    pub data: Data<'a>,
    /// All octets before the digest, and all after it.
    pub around_digest: (&'a [u8], &'a [u8]),
}

/// The scoped PDU of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data<'a> {
    /// Readable: the element as it stands.
    Plain(&'a [u8]),
    /// Encrypted.
    Encrypted(&'a [u8]),
}

/// A PDU in its context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopedPdu<'a> {
    /// Whose management information it is.
    pub context_engine_id: &'a [u8],
    /// Which part of it.
    pub context_name: &'a [u8],
    /// What it says.
    pub pdu: Pdu<'a>,
}

/// The PDUs that matter to a receiver and sender of notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pdu<'a> {
    /// A trap or inform; its community is empty.
    Notification(Notification<'a>),
    /// An answer to an inform.
    Response(Response),
    /// The other engine did not accept a message of ours.
    Report(Report),
    /// A request for somebody else; or an inform without any variable, by which pysnmp asks for an engine's id.
    Other {
        /// Its request-id.
        request_id: i32,
    },
}

/// A Report (RFC 3412 section 7.1 (3)): which counter of the other engine has gone up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The request-id of what was not accepted; 0 if it could not be read.
    pub request_id: i32,
    /// The counter, if it is one of USM.
    pub counter: Option<UsmCounter>,
}

/// The counters of USM, by which an engine says why it did not accept a message (RFC 3414 section 5, usmStats).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsmCounter {
    /// The user does not have the keys for this level.
    UnsupportedSecLevels,
    /// Boots and time are not those of the engine.
    NotInTimeWindows,
    /// No such user.
    UnknownUserNames,
    /// Not the engine that was meant.
    UnknownEngineIds,
    /// The digest is not right.
    WrongDigests,
    /// The scoped PDU cannot be decrypted.
    DecryptionErrors,
}

impl UsmCounter {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::UnsupportedSecLevels,
        Self::NotInTimeWindows,
        Self::UnknownUserNames,
        Self::UnknownEngineIds,
        Self::WrongDigests,
        Self::DecryptionErrors,
    ];

    /// Its number below `usmStats`.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::UnsupportedSecLevels => 1,
            Self::NotInTimeWindows => 2,
            Self::UnknownUserNames => 3,
            Self::UnknownEngineIds => 4,
            Self::WrongDigests => 5,
            Self::DecryptionErrors => 6,
        }
    }
}

impl<'a> V3Message<'a> {
    /// Reads what follows the version in a datagram of `length` octets; nothing follows the message.
    pub(super) fn read(datagram: &'a [u8], mut message: Cursor<'a>) -> Result<Self, DecodeError> {
        let mut global = Cursor::new(message.content(ber::SEQUENCE, "msgGlobalData")?);
        let msg_id = not_negative(global.integer("msgID")?, "msgID")?;
        not_negative(global.integer("msgMaxSize")?, "msgMaxSize")?;
        let &[flags] = global.content(ber::OCTET_STRING, "msgFlags")? else {
            return Err(DecodeError::Invalid("msgFlags"));
        };
        let model = global.integer(SECURITY_MODEL)?;
        global.end("msgGlobalData")?;
        let (auth, privacy) = (flags & AUTH_FLAG != 0, flags & PRIV_FLAG != 0);
        if privacy && !auth {
            return Err(DecodeError::Invalid("msgFlags"));
        }
        if model != USM {
            return Err(DecodeError::Unsupported(SECURITY_MODEL));
        }
        let parameters = message.content(ber::OCTET_STRING, "msgSecurityParameters")?;
        let after_parameters = message.rest().len();
        let mut outside = Cursor::new(parameters);
        let mut usm = Cursor::new(outside.content(ber::SEQUENCE, "UsmSecurityParameters")?);
        outside.end("UsmSecurityParameters")?;
        let engine_id = usm.content(ber::OCTET_STRING, "msgAuthoritativeEngineID")?;
        if !engine_id.is_empty() && !ENGINE_ID.contains(&engine_id.len()) {
            return Err(DecodeError::Invalid("msgAuthoritativeEngineID"));
        }
        let boots =
            not_negative(usm.integer("msgAuthoritativeEngineBoots")?, "msgAuthoritativeEngineBoots")?.unsigned_abs();
        let time =
            not_negative(usm.integer("msgAuthoritativeEngineTime")?, "msgAuthoritativeEngineTime")?.unsigned_abs();
        let user = usm.content(ber::OCTET_STRING, "msgUserName")?;
        if user.len() > USER_NAME {
            return Err(DecodeError::Limit("msgUserName"));
        }
        let digest = usm.content(ber::OCTET_STRING, "msgAuthenticationParameters")?;
        let behind_digest = usm.rest().len() + after_parameters;
        let salt = usm.content(ber::OCTET_STRING, "msgPrivacyParameters")?;
        usm.end("UsmSecurityParameters")?;
        let data = message.tlv("msgData")?;
        message.end("message")?;
        let data = match (privacy, data.tag) {
            (false, ber::SEQUENCE) => Data::Plain(data.whole),
            (true, ber::OCTET_STRING) => Data::Encrypted(data.content),
            (_, _) => return Err(DecodeError::Invalid("msgData")),
        };
        let from_digest = datagram.len().saturating_sub(behind_digest + digest.len());
        let around = datagram
            .split_at_checked(from_digest)
            .and_then(|(before, from)| Some((before, from.split_at_checked(digest.len())?.1)));
        let header =
            Header { msg_id, auth, privacy, reportable: flags & REPORTABLE_FLAG != 0, engine_id, boots, time, user };
        Ok(Self { header, digest, salt, data, around_digest: around.ok_or(DecodeError::Truncated("message"))? })
    }
}

impl<'a> ScopedPdu<'a> {
    /// Reads a scoped PDU: the plain element, or what decryption gave.
    ///
    /// # Errors
    /// The field at which the octets stop being one; after decryption with a wrong key, almost always the first.
    pub fn read(octets: &'a [u8]) -> Result<Self, DecodeError> {
        let mut scoped = Cursor::new(Cursor::new(octets).content(ber::SEQUENCE, "scopedPDU")?);
        let context_engine_id = scoped.content(ber::OCTET_STRING, "contextEngineID")?;
        let context_name = scoped.content(ber::OCTET_STRING, "contextName")?;
        let pdu = scoped.tlv("pdu")?;
        scoped.end("scopedPDU")?;
        let notification = |kind| {
            let read = Notification::read_v2(b"", kind, pdu.content)?;
            Ok(Pdu::Notification(Notification { version: Version::V3, ..read }))
        };
        let pdu = match pdu.tag {
            ber::TRAP_V2_PDU => notification(Kind::Trap)?,
            ber::INFORM_PDU => match without_variables(pdu.content) {
                Some(request_id) => Pdu::Other { request_id },
                None => notification(Kind::Inform)?,
            },
            ber::RESPONSE_PDU => Pdu::Response(Response::read(pdu.content)?),
            ber::REPORT_PDU => Pdu::Report(Report::read(pdu.content)?),
            ber::GET_PDU | ber::GET_NEXT_PDU | ber::SET_PDU | ber::GET_BULK_PDU => {
                Pdu::Other { request_id: Cursor::new(pdu.content).integer("request-id")? }
            }
            _ => return Err(DecodeError::Unsupported("pdu type")),
        };
        Ok(Self { context_engine_id, context_name, pdu })
    }
}

/// The request-id of a PDU that holds no variable.
fn without_variables(pdu: &[u8]) -> Option<i32> {
    let mut pdu = Cursor::new(pdu);
    let request_id = pdu.integer("request-id").ok()?;
    pdu.integer("error-status").ok()?;
    pdu.integer("error-index").ok()?;
    Varbinds::read_last(&mut pdu).ok()?.iter().next().is_none().then_some(request_id)
}

impl Report {
    fn read(pdu: &[u8]) -> Result<Self, DecodeError> {
        let mut pdu = Cursor::new(pdu);
        let request_id = pdu.integer("request-id")?;
        pdu.integer("error-status")?;
        pdu.integer("error-index")?;
        let varbinds = Varbinds::read_last(&mut pdu)?;
        let counter = varbinds.iter().next().and_then(|varbind| {
            let below = |counter: &UsmCounter| standard::USM_STATS.child(&[counter.number(), 0]);
            UsmCounter::ALL.into_iter().find(|counter| below(counter).is_ok_and(|oid| varbind.name == oid))
        });
        Ok(Self { request_id, counter })
    }
}

/// A scoped PDU around a PDU of [`super::encode`], in the default context.
#[must_use]
pub fn scoped_pdu(context_engine_id: &[u8], context_name: &[u8], pdu: &[u8]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.nest(ber::SEQUENCE, |scoped| {
        scoped.tlv(ber::OCTET_STRING, context_engine_id);
        scoped.tlv(ber::OCTET_STRING, context_name);
        scoped.raw(pdu);
    });
    writer.into_bytes()
}

/// A message, with `digest_length` zeros where its digest belongs. Returns the place of the first of them, too.
#[must_use]
pub fn message(header: &Header<'_>, digest_length: usize, salt: &[u8], data: Data<'_>) -> (Vec<u8>, usize) {
    let flag = |is_set, flag| if is_set { flag } else { 0 };
    let flags =
        flag(header.auth, AUTH_FLAG) | flag(header.privacy, PRIV_FLAG) | flag(header.reportable, REPORTABLE_FLAG);
    let digest = vec![0; digest_length];
    let mut parameters = Writer::default();
    parameters.nest(ber::SEQUENCE, |usm| {
        usm.tlv(ber::OCTET_STRING, header.engine_id);
        usm.number(ber::INTEGER, i128::from(header.boots));
        usm.number(ber::INTEGER, i128::from(header.time));
        usm.tlv(ber::OCTET_STRING, header.user);
        usm.tlv(ber::OCTET_STRING, &digest);
        usm.tlv(ber::OCTET_STRING, salt);
    });
    let mut body = Writer::default();
    body.number(ber::INTEGER, VERSION_3);
    body.nest(ber::SEQUENCE, |global| {
        global.number(ber::INTEGER, i128::from(header.msg_id));
        global.number(ber::INTEGER, MAX_SIZE);
        global.tlv(ber::OCTET_STRING, &[flags]);
        global.number(ber::INTEGER, i128::from(USM));
    });
    body.tlv(ber::OCTET_STRING, &parameters.into_bytes());
    let mut tail = Writer::default();
    match data {
        Data::Plain(scoped) => tail.raw(scoped),
        Data::Encrypted(octets) => tail.tlv(ber::OCTET_STRING, octets),
    }
    let tail = tail.into_bytes();
    body.raw(&tail);
    let mut whole = Writer::default();
    whole.tlv(ber::SEQUENCE, &body.into_bytes());
    let whole = whole.into_bytes();
    // Behind the digest stand the salt with its two octets of tag and length (it is never longer than 127), and the data.
    let place = whole.len().saturating_sub(tail.len() + 2 + salt.len() + digest_length);
    (whole, place)
}

fn not_negative(n: i32, field: &'static str) -> Result<i32, DecodeError> {
    if n < 0 { Err(DecodeError::Invalid(field)) } else { Ok(n) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::snmp::{Message, Oid, OutValue, OutVarbind, decode, encode};

    const ENGINE: &[u8] = &[0x80, 0, 0x1f, 0x88, 4, b'p', b'u', b'b'];

    fn header(user: &'static [u8]) -> Header<'static> {
        Header { msg_id: 7, auth: true, privacy: false, reportable: true, engine_id: ENGINE, boots: 3, time: 77, user }
    }

    fn trap() -> Vec<u8> {
        let varbind = OutVarbind::new(Oid::known(&[1, 3, 6, 1, 4, 1, 8072, 1]), OutValue::from("jdoe"));
        encode::notification_pdu(Kind::Trap, 5, 9, &standard::COLD_START, &[varbind])
    }

    fn read(datagram: &[u8]) -> Result<V3Message<'_>, DecodeError> {
        match decode(datagram)? {
            Message::V3(message) => Ok(message),
            other @ (Message::Notification(_) | Message::Response(_)) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_message_reads_back_whole_and_its_digest_is_where_it_was_said_to_be() {
        let scoped = scoped_pdu(ENGINE, b"ctx", &trap());
        let (mut datagram, place) = message(&header(b"cucm"), 24, &[], Data::Plain(&scoped));
        let digest: Vec<u8> = (1..=24).collect();
        datagram[place..place + 24].copy_from_slice(&digest);
        let message = read(&datagram).unwrap();
        assert_eq!((message.header, message.digest, message.salt), (header(b"cucm"), &digest[..], &[][..]));
        assert_eq!(message.around_digest, (&datagram[..place], &datagram[place + 24..]));
        assert_eq!(message.data, Data::Plain(&scoped));
        let scoped = ScopedPdu::read(&scoped).unwrap();
        assert_eq!((scoped.context_engine_id, scoped.context_name), (ENGINE, &b"ctx"[..]));
        let Pdu::Notification(notification) = scoped.pdu else { panic!("{scoped:?}") };
        assert_eq!((notification.version, notification.kind), (Version::V3, Kind::Trap));
        assert_eq!((notification.request_id, notification.uptime, notification.community), (5, 9, &b""[..]));
    }

    #[test]
    fn an_encrypted_message_reads_back_and_padding_is_ignored() {
        let header = Header { privacy: true, ..header(b"cucm") };
        let (datagram, _) = message(&header, 12, &[8; 8], Data::Encrypted(&[1, 2, 3]));
        let read = read(&datagram).unwrap();
        assert_eq!((read.data, read.salt, read.header), (Data::Encrypted(&[1, 2, 3]), &[8; 8][..], header));
        let padded = [scoped_pdu(ENGINE, b"", &trap()), vec![0; 5]].concat();
        assert!(ScopedPdu::read(&padded).is_ok());
    }

    #[test]
    fn a_report_names_its_counter() {
        for counter in UsmCounter::ALL {
            let pdu = encode::report_pdu(9, counter, 41);
            let scoped = scoped_pdu(ENGINE, b"", &pdu);
            let report = Report { request_id: 9, counter: Some(counter) };
            assert_eq!(ScopedPdu::read(&scoped).unwrap().pdu, Pdu::Report(report));
        }
    }

    #[test]
    fn an_inform_without_variables_is_a_request_like_any_other() {
        let mut pdu = encode::discovery_pdu(9);
        pdu[0] = ber::INFORM_PDU;
        assert_eq!(ScopedPdu::read(&scoped_pdu(b"", b"", &pdu)).unwrap().pdu, Pdu::Other { request_id: 9 });
    }

    #[test]
    fn what_the_rfcs_do_not_allow_is_refused_by_name() {
        let scoped = scoped_pdu(ENGINE, b"", &trap());
        let error = |header: Header<'_>, data| read(&message(&header, 0, &[], data).0).unwrap_err();
        let plain = Data::Plain(&scoped);
        let privacy = Header { auth: false, privacy: true, ..header(b"u") };
        assert_eq!(error(privacy, Data::Encrypted(&[1])), DecodeError::Invalid("msgFlags"));
        let short = Header { engine_id: &[1, 2, 3, 4], ..header(b"u") };
        assert_eq!(error(short, plain), DecodeError::Invalid("msgAuthoritativeEngineID"));
        let long = Header { engine_id: &[1; 33], ..header(b"u") };
        assert_eq!(error(long, plain), DecodeError::Invalid("msgAuthoritativeEngineID"));
        assert_eq!(error(header(&[b'u'; 33]), plain), DecodeError::Limit("msgUserName"));
        assert_eq!(error(header(b"u"), Data::Encrypted(&scoped)), DecodeError::Invalid("msgData"));
        let id = Header { msg_id: -1, ..header(b"u") };
        assert_eq!(error(id, plain), DecodeError::Invalid("msgID"));
        let boots = Header { boots: u32::MAX, ..header(b"u") };
        assert_eq!(error(boots, plain), DecodeError::Invalid("msgAuthoritativeEngineBoots"));
    }

    #[test]
    fn a_message_cut_anywhere_is_refused() {
        let scoped = scoped_pdu(ENGINE, b"", &trap());
        let (whole, _) = message(&header(b"cucm"), 12, &[], Data::Plain(&scoped));
        for end in 0..whole.len() {
            assert!(decode(&whole[..end]).is_err(), "{end}");
        }
    }
}
