//! The least of MQTT 3.1.1 that a subscriber needs: CONNECT, one SUBSCRIBE at QoS 0, and reading PUBLISH packets.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::workspace::Failure;

const PATIENCE: Duration = Duration::from_secs(90);
const CONNACK: u8 = 2;
const PUBLISH: u8 = 3;
const SUBACK: u8 = 9;

/// A connected subscriber.
#[derive(Debug)]
pub(super) struct Subscriber(TcpStream);

impl Subscriber {
    /// Connects and subscribes; returns when the broker has confirmed both.
    pub(super) fn connect(broker: SocketAddr, filter: &str) -> Result<Self, Failure> {
        let failed = |e| Failure::of("the broker", e);
        let stream = TcpStream::connect(broker).map_err(failed)?;
        stream.set_nodelay(true).and_then(|()| stream.set_read_timeout(Some(PATIENCE))).map_err(failed)?;
        let mut subscriber = Self(stream);
        // Protocol level 4, clean session, no keep-alive.
        let connect = [text("MQTT"), vec![4, 2, 0, 0], text("bench")].concat();
        subscriber.send(0x10, &connect)?;
        subscriber.await_packet(CONNACK, |body| body.get(1) == Some(&0))?;
        subscriber.send(0x82, &[vec![0, 1], text(filter), vec![0]].concat())?;
        subscriber.await_packet(SUBACK, |body| body.get(2) == Some(&0))?;
        Ok(subscriber)
    }

    /// Waits for a PUBLISH that holds `what`.
    pub(super) fn await_publish(&mut self, what: &str) -> Result<(), Failure> {
        let holds = |body: &[u8]| body.windows(what.len()).any(|window| window == what.as_bytes());
        while !holds(&self.await_packet(PUBLISH, |_| true)?) {}
        Ok(())
    }

    /// The next PUBLISH, its topic and what is in it.
    pub(super) fn publish(&mut self) -> Result<String, Failure> {
        let body = self.await_packet(PUBLISH, |_| true)?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    fn await_packet(&mut self, kind: u8, accepted: impl Fn(&[u8]) -> bool) -> Result<Vec<u8>, Failure> {
        loop {
            let (first, body) = self.packet().map_err(|e| Failure::of("reading from the broker", e))?;
            if first >> 4 == kind {
                let refused = || Failure::Said(format!("the broker refused: packet type {kind}, {body:?}"));
                return if accepted(&body) { Ok(body) } else { Err(refused()) };
            }
        }
    }

    fn packet(&mut self) -> std::io::Result<(u8, Vec<u8>)> {
        let first = self.byte()?;
        let mut length = 0_usize;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok((first, body))
    }

    fn byte(&mut self) -> std::io::Result<u8> {
        let mut byte = [0];
        self.0.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    /// Sends a packet shorter than 128 bytes.
    fn send(&mut self, first: u8, body: &[u8]) -> Result<(), Failure> {
        let length = u8::try_from(body.len()).ok().filter(|length| *length < 0x80);
        let length = length.ok_or_else(|| Failure::Said("the packet is too long".into()))?;
        self.0.write_all(&[&[first, length], body].concat()).map_err(|e| Failure::of("the broker", e))
    }
}

/// A string with its length in front.
fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], text.as_bytes()].concat()
}
