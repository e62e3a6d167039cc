//! The port of the embedded broker: reads CONNECT, admits or refuses with a CONNACK, and splices to the broker's listener
//! for that protocol version.
//!
//! It also keeps from rumqttd 0.20 what would end the whole process (our panics abort): a topic that begins with a character
//! outside ASCII (it slices the first byte), and a client whose CONNACK cannot be written (the next client of that id makes it panic).
//! Beyond rumqttd: bad credentials and client ids are answered, and a keep-alive of 0 is taken (as 18 hours).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::v4;
use rumqttc::v5::mqttbytes::v5;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};

use super::broker::{MAX_CLIENTS, MAX_PACKET};
use super::codec::{self, Frame};
use crate::config::Secret;

/// How long a client may take for CONNECT, and the broker for CONNACK.
const PATIENCE: Duration = Duration::from_secs(10);
/// Wait after a failed accept (no file descriptors), and between tries to reach a broker that is still starting.
const RETRY: Duration = Duration::from_millis(20);
/// CONNECT with a will, in bytes.
const MAX_CONNECT: usize = 128 * 1024;

/// Where the broker's listeners are and who may come in.
pub(super) struct Doors {
    v4: SocketAddr,
    v5: SocketAddr,
    users: Vec<(String, Secret)>,
}

impl Doors {
    pub(super) fn new(v4: SocketAddr, v5: SocketAddr, users: Vec<(String, Secret)>) -> Self {
        Self { v4, v5, users }
    }

    fn admits(&self, name: &str, password: &str) -> bool {
        // Every user is compared in full, so that the time taken tells nothing.
        let known = self.users.iter().fold(false, |known, (n, p)| known | (same(n, name) & same(p.expose(), password)));
        known || self.users.is_empty()
    }
}

/// Serves until the sender of `stopped` is gone.
pub(super) async fn serve(listener: std::net::TcpListener, doors: Doors, stopped: oneshot::Receiver<()>) {
    let accepting = async {
        let listener = match TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => return tracing::error!(%error, "the embedded MQTT broker cannot use its port"),
        };
        let doors = Arc::new(doors);
        let clients = Arc::new(Semaphore::new(MAX_CLIENTS));
        loop {
            // A full house lets newcomers wait in the backlog.
            let Ok(place) = Arc::clone(&clients).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((client, from)) => {
                    let doors = Arc::clone(&doors);
                    tokio::spawn(async move {
                        if let Err(error) = client_session(client, &doors).await {
                            tracing::debug!(%from, %error, "MQTT client of the embedded broker");
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::debug!(%error, "the embedded MQTT broker could not accept");
                    sleep(RETRY).await;
                }
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        _dropped = stopped => {}
    }
}

async fn client_session(mut client: TcpStream, doors: &Doors) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let mut input = BytesMut::new();
    let connect = timeout(PATIENCE, first_packet(&mut client, &mut input)).await??;
    let (door, connect) = match judge(connect, doors) {
        Ok(admitted) => admitted,
        Err(refusal) => {
            client.write_all(&refusal).await?;
            return client.shutdown().await;
        }
    };
    let mut broker = timeout(PATIENCE, reach(door)).await??;
    broker.set_nodelay(true)?;
    broker.write_all(&connect).await?;
    // CONNACK is taken whether the client is still there or not.
    let mut answer = BytesMut::with_capacity(4 * 1024);
    timeout(PATIENCE, broker.read_buf(&mut answer)).await??;
    client.write_all(&answer).await?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_broker, mut to_broker) = broker.split();
    tokio::select! {
        up = guard(&mut from_client, &mut to_broker, input, door == doors.v5) => up,
        down = tokio::io::copy(&mut from_broker, &mut to_client) => down.map(drop),
    }
}

async fn first_packet(client: &mut TcpStream, input: &mut BytesMut) -> std::io::Result<Frame> {
    loop {
        if let Some(frame) = codec::cut(input, MAX_CONNECT).map_err(std::io::Error::other)? {
            return Ok(frame);
        }
        if client.read_buf(input).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The broker may still be starting.
async fn reach(door: SocketAddr) -> std::io::Result<TcpStream> {
    loop {
        match TcpStream::connect(door).await {
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => sleep(RETRY).await,
            other => return other,
        }
    }
}

/// To which listener a CONNECT goes, or the CONNACK that refuses it (empty for what is not MQTT).
fn judge(frame: Frame, doors: &Doors) -> Result<(SocketAddr, Bytes), Bytes> {
    let Frame { mut bytes, header } = frame;
    // Behind the fixed header: length and name of the protocol, its level, flags, keep-alive (3.1.1 section 3.1.2).
    let level = bytes.get(header + 6).copied();
    if bytes.first() != Some(&0x10) || bytes.get(header..header + 6) != Some(b"\0\x04MQTT") {
        // "MQIsdp" is version 3.1.
        let old = bytes.get(header..header + 8) == Some(b"\0\x06MQIsdp");
        return Err(if old { Bytes::from_static(&[0x20, 2, 0, 1]) } else { Bytes::new() });
    }
    if let Some(keep_alive) = bytes.get_mut(header + 8..header + 10)
        && keep_alive == [0, 0]
    {
        keep_alive.copy_from_slice(&[0xFF, 0xFF]);
    }
    let original = bytes.clone().freeze();
    match level {
        Some(4) => match v4::Packet::read(&mut bytes, MAX_CONNECT) {
            Ok(v4::Packet::Connect(connect)) => {
                let will = connect.last_will.as_ref().map(|will| will.topic.as_bytes());
                let login = connect.login.as_ref().map_or(("", ""), |l| (l.username.as_str(), l.password.as_str()));
                let code = verdict(doors, login, &connect.client_id, will, [4, 2, 3]);
                code.map_or(Ok((doors.v4, original)), |code| Err(Bytes::copy_from_slice(&[0x20, 2, 0, code])))
            }
            Ok(_) | Err(_) => Err(Bytes::new()),
        },
        Some(5) => match v5::Packet::read(&mut bytes, None) {
            Ok(v5::Packet::Connect(connect, will, login)) => {
                let will = will.as_ref().map(|will| will.topic.as_ref());
                let login = login.as_ref().map_or(("", ""), |l| (l.username.as_str(), l.password.as_str()));
                let code = verdict(doors, login, &connect.client_id, will, [0x86, 0x85, 0x90]);
                code.map_or(Ok((doors.v5, original)), |code| Err(Bytes::copy_from_slice(&[0x20, 3, 0, code, 0])))
            }
            Ok(_) | Err(_) => Err(Bytes::new()),
        },
        Some(_) | None => Err(Bytes::from_static(&[0x20, 2, 0, 1])),
    }
}

/// The code of a refusal, out of those for bad credentials, client id and will topic.
fn verdict(doors: &Doors, login: (&str, &str), client_id: &str, will: Option<&[u8]>, codes: [u8; 3]) -> Option<u8> {
    let [credentials, id, topic] = codes;
    if !doors.admits(login.0, login.1) {
        Some(credentials)
    } else if client_id.contains(['+', '$', '#', '/']) {
        // rumqttd takes none of these.
        Some(id)
    } else if will.is_some_and(|will| !is_harmless(will) || will.is_empty()) {
        Some(topic)
    } else {
        None
    }
}

/// Passes whole packets from the client to the broker, as long as they do no harm.
async fn guard(
    client: &mut ReadHalf<'_>,
    broker: &mut WriteHalf<'_>,
    mut input: BytesMut,
    v5: bool,
) -> std::io::Result<()> {
    loop {
        let mut whole = 0;
        while let Some(rest) = input.get(whole..)
            && let Some((header, length)) = codec::measure(rest, MAX_PACKET).map_err(std::io::Error::other)?
            && let Some(packet) = rest.get(..length)
        {
            if !passes(packet, header, v5) {
                return Err(std::io::Error::other("a publish with a topic that is not accepted"));
            }
            whole += length;
        }
        broker.write_all_buf(&mut input.split_to(whole)).await?;
        if client.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
    }
}

fn passes(packet: &[u8], header: usize, v5: bool) -> bool {
    if packet.first().is_none_or(|kind| kind >> 4 != 3) {
        return true;
    }
    let Some((length, rest)) = packet.get(header..).and_then(|body| body.split_first_chunk()) else { return false };
    match rest.get(..usize::from(u16::from_be_bytes(*length))) {
        // With version 5 an alias can stand for the topic.
        Some([]) => v5,
        Some(topic) => is_harmless(topic) && !topic.iter().any(|byte| matches!(byte, b'+' | b'#' | 0)),
        None => false,
    }
}

/// Whether the topic does not begin with a character of several bytes.
fn is_harmless(topic: &[u8]) -> bool {
    topic.first().is_none_or(u8::is_ascii)
}

fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doors() -> Doors {
        let users = vec![(String::from("reader"), Secret::new("right"))];
        Doors::new(([127, 0, 0, 1], 4).into(), ([127, 0, 0, 1], 5).into(), users)
    }

    fn connect(level: u8, client_id: &str, password: &str) -> Frame {
        let mut body = b"\0\x04MQTT".to_vec();
        body.extend([level, 0xC2, 0, 0]);
        if level == 5 {
            body.push(0);
        }
        for text in [client_id, "reader", password] {
            body.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
            body.extend(text.bytes());
        }
        let mut bytes = BytesMut::from([0x10, u8::try_from(body.len()).unwrap()].as_slice());
        bytes.extend_from_slice(&body);
        Frame { bytes, header: 2 }
    }

    #[test]
    fn a_connect_goes_to_the_listener_of_its_version_and_is_never_without_keep_alive() {
        for (level, port) in [(4, 4), (5, 5)] {
            let (door, sent) = judge(connect(level, "a", "right"), &doors()).unwrap();
            assert_eq!((door.port(), &sent[10..12]), (port, [0xFF, 0xFF].as_slice()));
        }
    }

    #[test]
    fn a_refused_connect_is_told_why() {
        assert_eq!(judge(connect(4, "a", "wrong"), &doors()).unwrap_err().as_ref(), [0x20, 2, 0, 4]);
        assert_eq!(judge(connect(5, "a", "wrong"), &doors()).unwrap_err().as_ref(), [0x20, 3, 0, 0x86, 0]);
        assert_eq!(judge(connect(5, "a/b", "right"), &doors()).unwrap_err().as_ref(), [0x20, 3, 0, 0x85, 0]);
        assert_eq!(judge(connect(9, "a", "right"), &doors()).unwrap_err().as_ref(), [0x20, 2, 0, 1]);
        let http = Frame { bytes: BytesMut::from(b"GET / HTTP/1.1".as_slice()), header: 2 };
        assert_eq!(judge(http, &doors()).unwrap_err().as_ref(), b"");
    }

    #[test]
    fn a_publish_that_would_end_the_broker_does_not_pass() {
        assert!(passes(b"\x30\x05\0\x03a/b", 2, false));
        assert!(passes(b"\xC0\0", 2, false));
        assert!(!passes("\u{30}\u{4}\0\u{2}é".as_bytes(), 2, false));
        assert!(!passes(b"\x30\x05\0\x03a/#", 2, false));
        assert!(!passes(b"\x30\x02\0\x09", 2, true));
    }
}
