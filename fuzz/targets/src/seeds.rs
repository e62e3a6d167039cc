//! The messages that are mutated, built by our own encoders, and the words that are put into them.

use core::net::Ipv4Addr;

use lockwarden::usm::{Envelope, Keys};
use lockwarden::wire::snmp::v3::scoped_pdu;
use lockwarden::wire::snmp::{
    CLOG_MESSAGE_GENERATED, Kind, Message, Oid, OutValue, OutVarbind, UsmCounter, decode, encode, standard,
};

use crate::party;

const EXAMPLE: Oid = Oid::known(&[1, 3, 6, 1, 4, 1, 8072, 9999]);
const CISCO_SYSLOG: Oid = Oid::known(&[1, 3, 6, 1, 4, 1, 9, 9, 41, 2]);
const CLOG_ROW: Oid = Oid::known(&[1, 3, 6, 1, 4, 1, 9, 9, 41, 1, 2, 3, 1]);
const AGENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);

/// Octets that mean something in BER or in SNMP.
pub(crate) const BER_WORDS: &[&[u8]] = &[
    &[0x30, 0x80],
    &[0x84, 0xff, 0xff, 0xff, 0xff],
    &[0x82, 0, 0],
    &[0x05, 0],
    &[0x80, 0],
    &[0x24, 0],
    &[0x02, 1, 0],
    &[0x02, 1, 3],
    &[0x02, 4, 0x7f, 0xff, 0xff, 0xff],
    &[0x02, 5, 0, 0xff, 0xff, 0xff, 0xff],
    &[0x06, 3, 0x2b, 6, 1],
    &[0x06, 2, 0x2b, 0x80],
    &[0x9f, 0x78, 4, 0, 0, 0, 0],
    &[0x1f, 0x21],
];

/// Text that means something in a header, a CiscoLog body or an RTMT alert.
pub(crate) const TEXT_WORDS: &[&[u8]] = &[
    b"[",
    b"]",
    b"\\",
    b"\\]",
    b": ",
    b"%",
    b"-4-",
    b"=",
    b"#012",
    b"MatchedEvent : ",
    b"TimeStamp : ",
    b"UserID : ",
    b"There are 2 ",
    b"%UC_IMS-4-authFail: %[UserID=",
    b"[part=16.1/3]",
    b"Jan 15 2026 08:21:05.090 UTC : ",
    b"<1>",
    b"<165>1 ",
    "é".as_bytes(),
    "💥".as_bytes(),
    b"\0",
    b"\n",
    b" ",
    b"*",
];

/// Traps and informs of both versions, with every value that we send, and an answer.
pub(crate) fn v1_v2c() -> Vec<Vec<u8>> {
    let every = every();
    let fail = clog("authFail", "%[UserID=jdoe][Message=Credential failure][NodeID=cucm-sub1]: Failed.", 12_345);
    let lock = clog("authHackLock", &format!("%[UserID=jdoe][AppID={}*", "x".repeat(233)), u32::MAX);
    let inform = encode::v2c(Kind::Inform, b"\xff\xfe", i32::MAX, 99, &CLOG_MESSAGE_GENERATED, &fail);
    let answer = match decode(&inform) {
        Ok(Message::Notification(read)) => encode::response_to(&read),
        Ok(_) | Err(_) => None,
    };
    let mut seeds = vec![
        encode::v1_trap(b"public", &CISCO_SYSLOG, AGENT, 6, 1, 99, &fail),
        encode::v1_trap(b"public", &EXAMPLE, AGENT, 4, 0, 99, &every),
        encode::v1_trap(b"c", &EXAMPLE, Ipv4Addr::UNSPECIFIED, 6, 77, 0, &[]),
        encode::v2c(Kind::Trap, b"public", -7, 12_400, &CLOG_MESSAGE_GENERATED, &fail),
        encode::v2c(Kind::Trap, b"public", 7, 99, &CLOG_MESSAGE_GENERATED, &lock),
        encode::v2c(Kind::Trap, b"public", 8, 99, &EXAMPLE, &every),
        encode::v2c(Kind::Inform, b"c", 0, 0, &standard::LINK_DOWN, &[]),
        inform,
    ];
    seeds.extend(answer);
    seeds
}

/// A row of `clogHistoryTable`.
fn clog(name: &str, text: &str, at: u32) -> Vec<OutVarbind<'static>> {
    let column = |n: u32| CLOG_ROW.child(&[n, 7]).expect("a row has few sub-identifiers");
    vec![
        OutVarbind::new(column(2), "UC_IMS"),
        OutVarbind::new(column(3), OutValue::Integer(5)),
        OutVarbind::new(column(4), name.to_owned()),
        OutVarbind::new(column(5), text.to_owned()),
        OutVarbind::new(column(6), OutValue::TimeTicks(at)),
    ]
}

/// Every level, traps and informs, a discovery and a Report.
pub(crate) fn v3() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (n, scoped) in (1_u16..).zip(scoped_pdus()) {
        for user in party::users() {
            for engine_id in [party::SENDER, party::OURS] {
                let reportable = engine_id == party::OURS;
                let envelope =
                    Envelope { msg_id: n.into(), reportable, engine_id, boots: 1, time: 9, user: &user.name };
                seeds.push(user.protection.keys(engine_id).secure(&envelope, n.into(), scoped.clone()));
            }
        }
    }
    let ask = Envelope { msg_id: 7, reportable: true, engine_id: b"", boots: 0, time: 0, user: b"" };
    seeds.push(Keys::NONE.secure(&ask, 0, scoped_pdu(b"", b"", &encode::discovery_pdu(7))));
    seeds
}

/// A trap and an inform with CUCM's alarm, a trap with every value, a Report, a request, and an answer.
pub(crate) fn scoped_pdus() -> Vec<Vec<u8>> {
    let fail = clog("authFail", "%[UserID=jdoe][Message=Credential failure][NodeID=cucm-sub1]: Failed.", 12_345);
    let trap = |kind, varbinds: &[_]| encode::notification_pdu(kind, 9, 12_400, &CLOG_MESSAGE_GENERATED, varbinds);
    let mut pdus = vec![
        trap(Kind::Trap, &fail),
        trap(Kind::Inform, &fail),
        encode::notification_pdu(Kind::Trap, -1, 0, &standard::LINK_DOWN, &every()),
        encode::report_pdu(9, UsmCounter::NotInTimeWindows, 41),
        encode::discovery_pdu(9),
    ];
    let inform = encode::v2c(Kind::Inform, b"c", 9, 0, &standard::LINK_DOWN, &every());
    if let Ok(Message::Notification(inform)) = decode(&inform) {
        pdus.push(encode::response_pdu(&inform));
    }
    pdus.iter().map(|pdu| scoped_pdu(party::SENDER, b"context", pdu)).collect()
}

/// Every value that we send.
fn every() -> [OutVarbind<'static>; 6] {
    [
        OutVarbind::new(EXAMPLE, OutValue::Integer(i32::MIN)),
        OutVarbind::new(EXAMPLE, OutValue::Counter32(u32::MAX)),
        OutVarbind::new(EXAMPLE, OutValue::Unsigned32(128)),
        OutVarbind::new(EXAMPLE, OutValue::Counter64(u64::MAX)),
        OutVarbind::new(EXAMPLE, OutValue::ObjectIdentifier(EXAMPLE)),
        OutVarbind::new(standard::SNMP_TRAP_ADDRESS.clone(), OutValue::IpAddress(AGENT)),
    ]
}

/// What `encode` makes messages of; any octets will do.
pub(crate) fn recipes() -> Vec<Vec<u8>> {
    let steps = [1_u8, 3, 7, 29, 61, 97, 131, 199];
    let run = |step: u8| std::iter::successors(Some(step), move |octet| Some(octet.wrapping_mul(5).wrapping_add(step)));
    let mut seeds: Vec<Vec<u8>> = steps.iter().map(|&step| run(step).take(240).collect()).collect();
    seeds.extend([vec![0xfd; 64], v1_v2c().concat()]);
    seeds
}

/// Lines in every form that is read.
pub(crate) fn lines() -> Vec<Vec<u8>> {
    [
        "<188>103: cucm-sub1.example.test: Jan 15 2026 08:21:05.090 UTC : %UC_IMS-4-authFail: %[UserID=eve\\][x][ Message =a[b]c]: An.",
        "<186>9: Jan 15 2026 09:03:01 PM.688 UTC :  %UC_RTMT-2-RTMT_ALERT: %[AlertDetail= There are 2 A #012TimeStamp : 1/15/26 9:00 \
         AM#012LoginFrom : 192.0.2.15#012UserID : 山田#012MatchedEvent : Jan 15 09:03:59 cucm-sub1 local7 4 : 103: Jan 15 2026 \
         09:03:59 UTC : %UC_IMS-4-authFail: %[UserID=jdoe]: x#012AppID : y][part=16.1/3]: RTMT Alert",
        "<165>1 2026-01-15T08:21:05.090+01:00 host.example.test app 710 ID47 [a@0 x=\"]\\\"\"][b] \u{feff}naïve",
        "<13>1 2026-01-15T08:21:06Z 192.0.2.10 - - - - <188>103: Jan 15 2026 08:21:05.090 UTC : %UC_IMS-4-authHackLock: \
         %[UserID=jdoe][AppID=Cisco Tomcat][ClusterID=][NodeID=cucm-sub1]: Locked.",
        "Jan 15 08:21:05 cucm-sub1 local7 4 ccm: 6838: cucm-sub1: *Jan 15 08:21:05.1 GMT+01:00: % UC_X Y-3-Z : text Login UserID:é",
        "<38>Jan 15 09:30:00 cucm-pub sshd(pam_unix)[20038]: check pass; user unknown 💥",
        "06:58:35.314 |LogMessage   UserID : jdoe  ClientAddress : 192.0.2.5  App ID: Cisco Tomcat Cluster ID:  Node ID: n",
    ]
    .map(|line| line.as_bytes().to_vec())
    .into()
}

/// The CiscoLog bodies in those lines, and others that only a body can be.
pub(crate) fn bodies() -> Vec<Vec<u8>> {
    let lines = lines();
    let inside =
        lines.iter().filter_map(|line| line.iter().position(|&octet| octet == b'%').and_then(|at| line.get(at..)));
    let more: [&[u8]; 3] = [
        b"%CCM_TOMCAT_APPS-LOGIN-5-AuthenticationFailed: Login UserID:jdoe IP:192.0.2.5 App ID:Cisco Tomcat Cluster ID:",
        b"%UC_IMS-4-authFail: %[UNKNOWN_PARAMNAME:UserID=jdoe][App ID=a\\\\][UNKNOWN_PARAMNAME:UNKNOWN_PARAMNAME:x]\
          [Reason code.=\\[1\\]]: Failed*",
        b"[AlertDetail=MatchedEvent : %UC_IMS-4-authFail: %\\[UserID=x\\\\\\]\\]: y#012AppID : z]",
    ];
    inside.chain(more).map(<[u8]>::to_vec).collect()
}

/// Streams: lines with line ends, with counts, glued together, and one after another of each.
pub(crate) fn streams() -> Vec<Vec<u8>> {
    let lines = lines();
    let ended = lines.iter().map(|line| [line, &b"\n"[..]].concat());
    let counted = lines.iter().map(|line| [format!("{} ", line.len()).as_bytes(), line].concat());
    let each: Vec<Vec<u8>> = ended.zip(counted).flat_map(|(ended, counted)| [ended, counted]).collect();
    let mut streams: Vec<Vec<u8>> = each.chunks(5).map(<[Vec<u8>]>::concat).collect();
    streams.extend(lines.chunks(3).map(<[Vec<u8>]>::concat));
    streams
}
