//! Against brokers that misbehave: a listener that speaks just enough MQTT.

use std::time::Duration;

use lockwarden::shell::mqtt::options::Version;
use lockwarden::shell::mqtt::session::LinkState;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::rig::{BOTH, PATIENCE, Rig, options};

/// One accepted client, read packet by packet.
struct Peer {
    stream: TcpStream,
    version: Version,
}

impl Peer {
    async fn accept(listener: &TcpListener, version: Version) -> Self {
        let (stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        let mut peer = Self { stream, version };
        assert_eq!(peer.packet().await[0], 0x10);
        let connack: &[u8] = match version {
            Version::V311 => &[0x20, 2, 0, 0],
            Version::V5 => &[0x20, 3, 0, 0, 0],
        };
        peer.write(connack).await;
        peer
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Each octet is a segment of its own, with time between them.
    async fn write_slowly(&mut self, bytes: &[u8]) {
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        for octet in bytes {
            pace.tick().await;
            self.write(&[*octet]).await;
        }
    }

    /// A packet shorter than 128 bytes; empty at the end of the connection.
    async fn packet(&mut self) -> Vec<u8> {
        let mut packet = vec![0; 2];
        let read = timeout(PATIENCE, self.stream.read_exact(&mut packet)).await.unwrap();
        if read.is_err() {
            return Vec::new();
        }
        packet.resize(2 + usize::from(packet[1]), 0);
        self.stream.read_exact(&mut packet[2..]).await.unwrap();
        packet
    }

    /// The next PUBLISH as (first byte, payload), acknowledged if told to.
    async fn publish(&mut self, acknowledge: bool) -> (u8, String) {
        let packet = self.packet().await;
        let topic = usize::from(packet[3]);
        let id = [packet[4 + topic], packet[5 + topic]];
        if acknowledge {
            self.write(&[0x40, 2, id[0], id[1]]).await;
        }
        let properties = usize::from(self.version == Version::V5);
        (packet[0], String::from_utf8(packet[6 + topic + properties..].to_vec()).unwrap())
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("mqtt://{}", listener.local_addr().unwrap());
    (listener, url)
}

const BIRTH: u8 = 0x33;
const FIRST: u8 = 0x32;
const AGAIN: u8 = 0x3A;

#[tokio::test]
async fn a_withheld_puback_rebuilds_the_session_and_the_publish_is_repeated() {
    for version in BOTH {
        let (listener, url) = listen().await;
        let mut options = options(&url, version);
        options.ack_timeout = Duration::from_millis(300);
        let mut rig = Rig::start(options);
        for token in 1..=3 {
            rig.publish(token, "t", &token.to_string()).await;
        }
        let mut peer = Peer::accept(&listener, version).await;
        assert_eq!(peer.publish(true).await, (BIRTH, "online".into()));
        assert_eq!(peer.publish(false).await, (FIRST, "1".into()));
        assert_eq!(peer.publish(true).await, (FIRST, "2".into()));
        assert_eq!(peer.publish(false).await, (FIRST, "3".into()));
        assert_eq!(rig.next_token().await, 2);
        assert!(peer.packet().await.is_empty());
        rig.until_down("has not acknowledged").await;
        let mut peer = Peer::accept(&listener, version).await;
        assert_eq!(peer.publish(true).await, (BIRTH, "online".into()));
        assert_eq!(peer.publish(true).await, (AGAIN, "1".into()));
        assert_eq!(peer.publish(true).await, (AGAIN, "3".into()));
        assert_eq!((rig.next_token().await, rig.next_token().await), (1, 3));
        rig.task.abort();
    }
}

#[tokio::test]
async fn a_broker_that_accepts_and_says_nothing_is_left_for_a_new_connection() {
    for version in BOTH {
        let (listener, url) = listen().await;
        let mut options = options(&url, version);
        options.connect_timeout = Duration::from_millis(300);
        let mut rig = Rig::start(options);
        rig.publish(1, "t", "1").await;
        let (silent, _) = listener.accept().await.unwrap();
        rig.until_down("does not answer (CONNACK)").await;
        let mut peer = Peer::accept(&listener, version).await;
        assert_eq!(peer.publish(true).await, (BIRTH, "online".into()));
        assert_eq!(peer.publish(true).await, (FIRST, "1".into()));
        assert_eq!(rig.next_token().await, 1);
        drop(silent);
        rig.task.abort();
    }
}

#[tokio::test]
async fn a_broker_that_writes_an_octet_at_a_time_is_understood() {
    for version in BOTH {
        let (listener, url) = listen().await;
        let mut rig = Rig::start(options(&url, version));
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut peer = Peer { stream, version };
        assert_eq!(peer.packet().await[0], 0x10);
        let connack: &[u8] = if version == Version::V5 { &[0x20, 3, 0, 0, 0] } else { &[0x20, 2, 0, 0] };
        peer.write_slowly(connack).await;
        assert_eq!(peer.publish(false).await, (BIRTH, "online".into()));
        peer.write_slowly(&[0x40, 2, 0, 1]).await;
        rig.until_connected().await;
        rig.publish(1, "t", "1").await;
        assert_eq!(peer.publish(false).await, (FIRST, "1".into()));
        peer.write_slowly(&[0x40, 2, 0, 2]).await;
        assert_eq!(rig.next_token().await, 1);
        rig.task.abort();
    }
}

#[tokio::test]
async fn a_dead_peer_is_noticed_by_its_missing_pingresp() {
    let (listener, url) = listen().await;
    let mut options = options(&url, Version::V311);
    options.keep_alive = Duration::from_secs(1);
    let mut rig = Rig::start(options);
    let mut peer = Peer::accept(&listener, Version::V311).await;
    peer.publish(true).await;
    assert_eq!(peer.packet().await, [0xC0, 0]);
    peer.write(&[0xD0, 0]).await;
    assert_eq!(peer.packet().await, [0xC0, 0]);
    rig.until_down("has not answered a ping").await;
    rig.task.abort();
}

#[tokio::test]
async fn unknown_and_repeated_pubacks_and_unasked_packets_change_nothing() {
    for version in BOTH {
        let (listener, url) = listen().await;
        let mut rig = Rig::start(options(&url, version));
        let mut peer = Peer::accept(&listener, version).await;
        peer.publish(true).await;
        let flood: Vec<u8> =
            (0..=u16::MAX).flat_map(|id| [0x40, 2, id.to_be_bytes()[0], id.to_be_bytes()[1]]).collect();
        peer.write(&flood).await;
        peer.write(&[0xD0, 0, 0x50, 2, 0, 9]).await;
        rig.publish(1, "t", "x").await;
        assert_eq!(peer.publish(true).await, (FIRST, "x".into()));
        assert_eq!(rig.next_token().await, 1);
        peer.write(&flood).await;
        rig.publish(2, "t", "y").await;
        assert_eq!(peer.publish(true).await, (FIRST, "y".into()));
        assert_eq!(rig.next_token().await, 2);
        rig.task.abort();
    }
}

#[tokio::test]
async fn what_is_not_mqtt_ends_the_connection_and_says_so() {
    for version in BOTH {
        let (listener, url) = listen().await;
        let mut rig = Rig::start(options(&url, version));
        let mut peer = Peer::accept(&listener, version).await;
        peer.publish(true).await;
        peer.write(&[0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]).await;
        rig.until_down("not MQTT").await;
        let mut peer = Peer::accept(&listener, version).await;
        assert_eq!(peer.publish(true).await, (BIRTH, "online".into()));
        rig.until_connected().await;
        rig.task.abort();
    }
}

#[tokio::test]
async fn the_brokers_receive_maximum_is_kept() {
    let (listener, url) = listen().await;
    let rig = Rig::start(options(&url, Version::V5));
    for token in 1..=4 {
        rig.publish(token, "t", &token.to_string()).await;
    }
    let (stream, _) = listener.accept().await.unwrap();
    let mut peer = Peer { stream, version: Version::V5 };
    assert_eq!(peer.packet().await[0], 0x10);
    peer.write(&[0x20, 6, 0, 0, 3, 33, 0, 2]).await;
    assert_eq!(peer.publish(false).await, (BIRTH, "online".into()));
    assert_eq!(peer.publish(false).await, (FIRST, "1".into()));
    let silence = timeout(Duration::from_millis(200), peer.stream.peek(&mut [0])).await;
    assert!(silence.is_err(), "a third publish came");
    peer.write(&[0x40, 2, 0, 2]).await;
    assert_eq!(peer.publish(false).await, (FIRST, "2".into()));
    rig.task.abort();
}

#[tokio::test]
async fn a_publish_at_which_the_broker_hangs_up_does_not_hold_up_the_others() {
    let (listener, url) = listen().await;
    let mut rig = Rig::start(options(&url, Version::V311));
    rig.publish(1, "forbidden", "1").await;
    rig.publish(2, "t", "2").await;
    for kind in [FIRST, AGAIN, AGAIN] {
        let mut peer = Peer::accept(&listener, Version::V311).await;
        assert_eq!(peer.publish(true).await, (BIRTH, "online".into()));
        assert_eq!(peer.publish(false).await, (kind, "1".into()));
    }
    let mut peer = Peer::accept(&listener, Version::V311).await;
    assert_eq!(peer.publish(true).await, (BIRTH, "online".into()));
    assert_eq!(peer.publish(true).await, (AGAIN, "2".into()));
    assert_eq!(rig.next_token().await, 2);
    rig.until(|state| matches!(state, LinkState::Refusing { reason } if reason.contains("\"forbidden\""))).await;
    rig.task.abort();
}

#[tokio::test]
async fn a_session_taken_over_names_the_client_id() {
    let (listener, url) = listen().await;
    let mut rig = Rig::start(options(&url, Version::V5));
    let mut peer = Peer::accept(&listener, Version::V5).await;
    peer.publish(true).await;
    peer.write(&[0xE0, 1, 0x8E]).await;
    rig.until_down("a client id of its own").await;
    rig.task.abort();
}

#[tokio::test]
async fn without_the_puback_of_its_farewell_the_session_leaves_the_will_to_the_broker() {
    let (listener, url) = listen().await;
    let rig = Rig::start(options(&url, Version::V311));
    let mut peer = Peer::accept(&listener, Version::V311).await;
    peer.publish(true).await;
    rig.shutdown.send(true).unwrap();
    assert_eq!(peer.publish(false).await, (0x33, "offline".into()));
    assert!(peer.packet().await.is_empty());
    timeout(PATIENCE, rig.task).await.unwrap().unwrap();
}
