//! Where the broker is and how we speak to it. Checked when made: a [`BrokerUrl`] cannot be wrong.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;

use crate::config::Secret;

/// `mqtt://host[:port]` or `mqtts://host[:port]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerUrl {
    /// Whether TLS lies under MQTT (`mqtts`).
    pub tls: bool,
    /// A name or an address; an IPv6 address without its brackets.
    pub host: String,
    /// TCP port; 1883 or, with TLS, 8883 unless given.
    pub port: u16,
}

impl FromStr for BrokerUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (tls, rest) = match (text.strip_prefix("mqtt://"), text.strip_prefix("mqtts://")) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => {
                return Err(format!("\"{text}\" is not a broker address: write mqtt://HOST:PORT or mqtts://HOST:PORT"));
            }
        };
        if rest.contains('@') {
            return Err(String::from("a broker address holds no user name or password: they have keys of their own"));
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = split_port(rest)?;
        if host.is_empty() || host.contains(['/', '?', '#']) || host.contains(char::is_whitespace) {
            return Err(format!("\"{text}\" names no host: write mqtt://HOST:PORT, without a path"));
        }
        let port = match port {
            None if tls => 8883,
            None => 1883,
            Some(port) => match port.parse() {
                Ok(port) if port > 0 => port,
                Ok(_) | Err(_) => return Err(format!("\"{port}\" is not a port: 1 to 65535")),
            },
        };
        Ok(Self { tls, host: host.to_owned(), port })
    }
}

fn split_port(rest: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(bracketed) = rest.strip_prefix('[') {
        let (host, after) = bracketed
            .split_once(']')
            .ok_or_else(|| format!("\"{rest}\": the bracket of the IPv6 address is not closed"))?;
        if host.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(format!("\"{host}\" is not an IPv6 address"));
        }
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if after.is_empty() => Ok((host, None)),
            None => Err(format!("\"{after}\" after an IPv6 address: only :PORT may follow")),
        };
    }
    match rest.split_once(':') {
        Some((_, port)) if port.contains(':') => {
            Err(format!("\"{rest}\": an IPv6 address stands in brackets, as in mqtt://[2001:db8::5]:1883"))
        }
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((rest, None)),
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "mqtts" } else { "mqtt" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

/// The protocol version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// MQTT 3.1.1 (protocol level 4).
    V311,
    /// MQTT 5.
    V5,
}

/// Files of the TLS stream, all PEM. They are read anew at every connection, so renewed certificates need no restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// The CAs to trust; without it the system's.
    pub ca: Option<PathBuf>,
    /// Our certificate chain, if the broker asks for one; goes with `key`.
    pub certificate: Option<PathBuf>,
    /// The private key of `certificate`.
    pub key: Option<PathBuf>,
}

/// A message that belongs to the session itself: birth or last will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The topic, without wildcards.
    pub topic: String,
    /// The payload.
    pub payload: Bytes,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
}

/// The message that the broker publishes when we are gone without a farewell.
pub type Will = Message;

/// Everything a session needs to know.
#[derive(Clone, Debug)]
pub struct Options {
    /// The broker.
    pub broker: BrokerUrl,
    /// The protocol version; there is no fallback to the other.
    pub version: Version,
    /// The client identifier: one for each box, or brokers throw the older session out.
    pub client_id: String,
    /// The user name.
    pub username: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// Files of the TLS stream; only read for `mqtts`.
    pub tls: TlsOptions,
    /// Longest silence on the line, at least 1 s; a PINGREQ goes out after three quarters of it, and a broker that does not
    /// answer within it counts as dead.
    pub keep_alive: Duration,
    /// Published by the broker when the connection breaks, and by us at shutdown. QoS 1.
    pub will: Will,
    /// Published at the start of every connection. QoS 1.
    pub birth: Message,
    /// Bound for each of: TCP connection, TLS handshake, CONNACK.
    pub connect_timeout: Duration,
    /// A session whose oldest publish is not acknowledged for so long is torn down and rebuilt.
    pub ack_timeout: Duration,
    /// Publishes without PUBACK at one time, at least 1. A version 5 broker may grant less (receive maximum).
    pub in_flight: u16,
    /// First wait after a lost or failed connection; it doubles.
    pub reconnect_first: Duration,
    /// Longest wait between connections; at once after a refusal that only a person can cure.
    pub reconnect_longest: Duration,
    /// Wait before a publish that the broker refused (version 5) is tried again.
    pub refused_retry: Duration,
}

impl Options {
    /// Defaults: version 5, keep-alive 30 s, 10 s to connect, 20 s to acknowledge, 64 in flight, reconnect after 250 ms to
    /// 30 s, refused publishes again after 30 s; `online` and `offline`, retained, at `status_topic`.
    #[must_use]
    pub fn new(broker: BrokerUrl, client_id: impl Into<String>, status_topic: &str) -> Self {
        let status = |payload: &'static str| Message {
            topic: status_topic.to_owned(),
            payload: Bytes::from_static(payload.as_bytes()),
            retain: true,
        };
        Self {
            broker,
            version: Version::V5,
            client_id: client_id.into(),
            username: None,
            password: None,
            tls: TlsOptions::default(),
            keep_alive: Duration::from_secs(30),
            will: status("offline"),
            birth: status("online"),
            connect_timeout: Duration::from_secs(10),
            ack_timeout: Duration::from_secs(20),
            in_flight: 64,
            reconnect_first: Duration::from_millis(250),
            reconnect_longest: Duration::from_secs(30),
            refused_retry: Duration::from_secs(30),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        text.parse::<BrokerUrl>().map(|url| url.to_string())
    }

    #[test]
    fn a_broker_address_gets_the_port_of_its_scheme() {
        assert_eq!(read("mqtt://broker.example.test").as_deref(), Ok("mqtt://broker.example.test:1883"));
        assert_eq!(read("mqtts://broker.example.test/").as_deref(), Ok("mqtts://broker.example.test:8883"));
        assert_eq!(read("mqtt://192.0.2.7:1884").as_deref(), Ok("mqtt://192.0.2.7:1884"));
        assert_eq!(read("mqtts://[2001:db8::5]").as_deref(), Ok("mqtts://[2001:db8::5]:8883"));
        assert_eq!(read("mqtt://[2001:db8::5]:99").as_deref(), Ok("mqtt://[2001:db8::5]:99"));
    }

    #[test]
    fn a_wrong_broker_address_says_what_is_wrong() {
        for (text, why) in [
            ("broker:1883", "mqtt://HOST:PORT"),
            ("http://broker", "mqtt://HOST:PORT"),
            ("mqtt://", "names no host"),
            ("mqtt://:1883", "names no host"),
            ("mqtt://broker/path", "without a path"),
            ("mqtt://user:pw@broker", "keys of their own"),
            ("mqtt://broker:0", "not a port"),
            ("mqtt://broker:70000", "not a port"),
            ("mqtt://broker:", "not a port"),
            ("mqtt://2001:db8::5", "in brackets"),
            ("mqtt://[2001:db8::5", "not closed"),
            ("mqtt://[host]:1", "not an IPv6 address"),
            ("mqtt://[2001:db8::5]x", "only :PORT"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
