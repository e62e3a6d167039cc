//! Receivers that answer late, wrongly or not at all.

use std::net::SocketAddr;
use std::time::Duration;

use lockwarden::wire::snmp::{Kind, Message, decode, encode};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::rig::{NOTHING, PATIENCE, Rig, informed, lockout, receiver, v2c};

/// An NMS that answers when the test says so.
struct Nms(UdpSocket);

/// An inform that has arrived.
struct Inform {
    request_id: i32,
    answer: Vec<u8>,
    from: SocketAddr,
}

impl Nms {
    async fn open() -> Self {
        Self(UdpSocket::bind("127.0.0.1:0").await.unwrap())
    }

    fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    async fn inform(&self) -> Inform {
        let mut buffer = [0; 4096];
        let (length, from) = timeout(PATIENCE, self.0.recv_from(&mut buffer)).await.unwrap().unwrap();
        let Ok(Message::Notification(notification)) = decode(&buffer[..length]) else { panic!("no notification") };
        let answer = encode::response_to(&notification).unwrap();
        Inform { request_id: notification.request_id, answer, from }
    }

    async fn answer(&self, inform: &Inform, datagram: &[u8]) {
        self.0.send_to(datagram, inform.from).await.unwrap();
    }
}

#[tokio::test]
async fn a_repeated_inform_has_the_same_request_id_and_a_late_answer_to_the_first_counts() {
    let nms = Nms::open().await;
    let mut rig = Rig::start(informed(nms.address()));
    rig.notify(1, lockout()).await;
    let first = nms.inform().await;
    rig.until_down().await;
    let second = nms.inform().await;
    assert_eq!((first.request_id, first.from), (second.request_id, second.from));
    nms.answer(&first, &first.answer).await;
    assert_eq!(rig.delivered().await, Some(1));
    rig.until_idle().await;
    nms.answer(&second, &second.answer).await;
    assert_eq!(rig.finish().await, NOTHING);
}

#[tokio::test]
async fn an_answer_with_another_id_or_from_another_socket_is_none() {
    let nms = Nms::open().await;
    let stranger = Nms::open().await;
    let mut rig = Rig::start(informed(nms.address()));
    rig.notify(1, lockout()).await;
    let inform = nms.inform().await;
    stranger.answer(&inform, &inform.answer).await;
    nms.answer(&inform, &response(inform.request_id + 1, 0)).await;
    nms.answer(&inform, b"noise").await;
    rig.until_down().await;
    let again = nms.inform().await;
    nms.answer(&again, &again.answer).await;
    assert_eq!(rig.delivered().await, Some(1));
    assert_eq!(rig.finish().await, NOTHING);
}

#[tokio::test]
async fn an_answer_with_an_error_is_an_answer() {
    let nms = Nms::open().await;
    let mut rig = Rig::start(informed(nms.address()));
    rig.notify(1, lockout()).await;
    let inform = nms.inform().await;
    // genErr(5).
    nms.answer(&inform, &response(inform.request_id, 5)).await;
    assert_eq!(rig.delivered().await, Some(1));
    assert_eq!(rig.finish().await, NOTHING);
}

#[tokio::test]
async fn shutdown_does_not_wait_for_an_answer() {
    let nms = Nms::open().await;
    let mut slow = informed(nms.address());
    slow.timeout = Duration::from_secs(3_600);
    let rig = Rig::start(slow);
    rig.notify(1, lockout()).await;
    nms.inform().await;
    rig.stop().await;
}

#[tokio::test]
async fn an_unknown_name_is_said_with_what_to_do_and_shutdown_does_not_wait_for_it() {
    let mut rig = Rig::start(receiver("nms.invalid:162", v2c(Kind::Inform)));
    rig.notify(1, lockout()).await;
    let reason = rig.until_down().await;
    assert!(reason.starts_with("nms.invalid:162: "), "{reason}");
    assert!(reason.ends_with("; correct `address` in [[nms]], or the name service"), "{reason}");
    rig.stop().await;
}

#[tokio::test]
async fn traps_to_a_closed_port_are_delivered_and_the_receiver_is_said_to_be_down() {
    let closed = Nms::open().await.address();
    let mut rig = Rig::start(receiver(closed, v2c(Kind::Trap)));
    for token in 1..=3 {
        rig.notify(token, lockout()).await;
        assert_eq!(rig.delivered().await, Some(token));
    }
    let reason = rig.until_down().await;
    assert!(reason.contains("nobody takes notifications there"), "{reason}");

    let open = UdpSocket::bind(closed).await.unwrap();
    rig.notify(4, lockout()).await;
    assert_eq!(rig.delivered().await, Some(4));
    timeout(PATIENCE, open.recv(&mut [0; 4096])).await.unwrap().unwrap();
    rig.until_idle().await;
    assert_eq!(rig.finish().await, NOTHING);
}

#[tokio::test]
async fn a_name_with_a_silent_address_is_tried_at_the_next() {
    // `localhost` is ::1 first on most systems; the receiver listens on IPv4 only.
    let nms = Nms::open().await;
    let name = format!("localhost:{}", nms.address().port());
    let mut rig = Rig::start(receiver(name, v2c(Kind::Inform)));
    rig.notify(1, lockout()).await;
    let inform = nms.inform().await;
    nms.answer(&inform, &inform.answer).await;
    assert_eq!(rig.delivered().await, Some(1));
    assert_eq!(rig.finish().await, NOTHING);
}

/// A Response-PDU without varbinds; the id is at most 127.
fn response(id: i32, error_status: u8) -> Vec<u8> {
    let id = u8::try_from(id).unwrap();
    let pdu = [0xa2, 11, 0x02, 1, id, 0x02, 1, error_status, 0x02, 1, 0, 0x30, 0];
    [&[0x30, 24, 0x02, 1, 1, 0x04, 6][..], b"public", &pdu].concat()
}
