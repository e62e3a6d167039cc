//! Receivers that answer SNMPv3 informs with Reports, true or not.

use std::net::SocketAddr;
use std::time::Duration;

use lockwarden::shell::nms::Receiver;
use lockwarden::usm::{EngineId, Envelope, Keys};
use lockwarden::wire::snmp::v3::{Pdu, scoped_pdu};
use lockwarden::wire::snmp::{Kind, Message, UsmCounter, decode, encode};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::rig::{NOTHING, PATIENCE, Rig, lockout, receiver};
use crate::users::Person;

/// An NMS without keys that answers when the test says so.
struct Nms(UdpSocket);

/// What has arrived there.
struct Heard {
    msg_id: i32,
    engine: Option<EngineId>,
    request_id: i32,
    /// The Response-PDU to it, if it is an inform.
    answer: Option<Vec<u8>>,
    from: SocketAddr,
}

impl Nms {
    async fn open() -> Self {
        Self(UdpSocket::bind("127.0.0.1:0").await.unwrap())
    }

    /// A try that takes longer than the test.
    fn patiently(&self) -> Receiver {
        let protocol = Person::with(None, None).protocol(Kind::Inform);
        Receiver { timeout: Duration::from_secs(3_600), ..receiver(self.0.local_addr().unwrap(), protocol) }
    }

    async fn hear(&self) -> Heard {
        let mut buffer = [0; 4096];
        let (length, from) = timeout(PATIENCE, self.0.recv_from(&mut buffer)).await.unwrap().unwrap();
        let Ok(Message::V3(message)) = decode(&buffer[..length]) else { panic!("no SNMPv3 message") };
        let (msg_id, engine) = (message.header.msg_id, EngineId::new(message.header.engine_id));
        let mut scratch = Vec::new();
        let (request_id, answer) = match Keys::NONE.open(&message, &mut scratch).unwrap().pdu {
            Pdu::Notification(inform) => (inform.request_id, Some(encode::response_pdu(&inform))),
            Pdu::Other { request_id } => (request_id, None),
            pdu @ (Pdu::Response(_) | Pdu::Report(_)) => panic!("{pdu:?}"),
        };
        Heard { msg_id, engine, request_id, answer, from }
    }

    async fn say(&self, heard: &Heard, engine: &EngineId, pdu: &[u8]) {
        let engine_id = engine.as_bytes();
        let user = b"u-none-none";
        let envelope = Envelope { msg_id: heard.msg_id, reportable: false, engine_id, boots: 1, time: 1, user };
        let datagram = Keys::NONE.secure(&envelope, 0, scoped_pdu(engine_id, b"", pdu));
        self.0.send_to(&datagram, heard.from).await.unwrap();
    }

    async fn report(&self, heard: &Heard, engine: &EngineId, counter: UsmCounter) {
        self.say(heard, engine, &encode::report_pdu(heard.request_id, counter, 1)).await;
    }

    /// Whether nothing else has arrived.
    fn has_heard_all(&self) -> bool {
        self.0.try_recv(&mut [0; 16]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }
}

fn id(octet: u8) -> EngineId {
    EngineId::made_of([octet; 12])
}

#[tokio::test]
async fn one_try_sends_again_at_once_twice_and_no_more_and_a_response_still_counts() {
    let nms = Nms::open().await;
    let mut rig = Rig::start(nms.patiently());
    rig.notify(1, lockout()).await;
    let discovery = nms.hear().await;
    assert_eq!((&discovery.engine, &discovery.answer), (&None, &None));
    nms.report(&discovery, &id(1), UsmCounter::UnknownEngineIds).await;
    let first = nms.hear().await;
    assert_eq!(first.engine, Some(id(1)));
    nms.report(&first, &id(2), UsmCounter::UnknownEngineIds).await;
    let second = nms.hear().await;
    assert_eq!((second.engine.as_ref(), second.request_id), (Some(&id(2)), first.request_id));
    nms.report(&second, &id(3), UsmCounter::UnknownEngineIds).await;
    nms.say(&second, &id(2), second.answer.as_ref().unwrap()).await;
    assert_eq!(rig.delivered().await, Some(1));
    assert!(nms.has_heard_all());
    assert_eq!(rig.finish().await, NOTHING);
}

#[tokio::test]
async fn a_refusal_is_shown_at_once_and_a_response_behind_it_delivers() {
    let nms = Nms::open().await;
    let mut rig = Rig::start(nms.patiently());
    rig.notify(1, lockout()).await;
    let discovery = nms.hear().await;
    nms.report(&discovery, &id(1), UsmCounter::UnknownEngineIds).await;
    let inform = nms.hear().await;
    nms.report(&inform, &id(1), UsmCounter::UnknownUserNames).await;
    let reason = rig.until_down().await;
    assert!(reason.contains("knows no SNMPv3 user \"u-none-none\""), "{reason}");
    nms.say(&inform, &id(1), inform.answer.as_ref().unwrap()).await;
    assert_eq!(rig.delivered().await, Some(1));
    rig.until_idle().await;

    // The engine is known now: no discovery any more.
    rig.notify(2, lockout()).await;
    let inform = nms.hear().await;
    assert_eq!(inform.engine, Some(id(1)));
    nms.say(&inform, &id(1), inform.answer.as_ref().unwrap()).await;
    assert_eq!(rig.delivered().await, Some(2));
    assert!(nms.has_heard_all());
    assert_eq!(rig.finish().await, NOTHING);
}
