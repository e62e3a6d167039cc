//! A host and a port that we send to. Names are checked here and resolved by the shell.

use core::fmt;
use core::net::IpAddr;

/// Longest host name (RFC 1035 section 2.3.4, in text).
const HOST_BYTES: usize = 253;

/// An address, or a name to be resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// An address.
    Address(IpAddr),
    /// A host name: labels of letters, digits, `-` and `_` (RFC 1123 section 2.1, and what people use besides).
    Name(String),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Where.
    pub host: Host,
    /// The port, never 0.
    pub port: u16,
}

impl Endpoint {
    /// Reads `host`, `host:port`, `[address]:port`, or a bare address of either family.
    pub(super) fn parse(text: &str, default_port: u16) -> Option<Self> {
        if let Ok(address) = text.parse() {
            return Some(Self { host: Host::Address(address), port: default_port });
        }
        if let Some(rest) = text.strip_prefix('[') {
            let (address, rest) = rest.split_once(']')?;
            let host = Host::Address(IpAddr::V6(address.parse().ok()?));
            let port = if rest.is_empty() { default_port } else { port(rest.strip_prefix(':')?)? };
            return Some(Self { host, port });
        }
        let (name, port) = match text.split_once(':') {
            Some((name, digits)) => (name, port(digits)?),
            None => (text, default_port),
        };
        let host = match name.parse() {
            Ok(address) => Host::Address(IpAddr::V4(address)),
            Err(_) => Host::Name(host_name(name)?),
        };
        Some(Self { host, port })
    }

    /// Whether what is sent there stays on this machine: by its address, or by the name that is never any other (RFC 6761 section 6.3).
    pub(super) fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Address(address) => address.to_canonical().is_loopback(),
            Host::Name(name) => {
                let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
                name == "localhost" || name.ends_with(".localhost")
            }
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]:{}", self.port),
            Host::Address(IpAddr::V4(address)) => write!(f, "{address}:{}", self.port),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

fn port(digits: &str) -> Option<u16> {
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten().filter(|&port| port != 0)
}

/// A name of digits and dots alone is a mistyped address, not a host.
fn host_name(name: &str) -> Option<String> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let numeric = name.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let labels = name.strip_suffix('.').unwrap_or(name);
    (name.len() <= HOST_BYTES && !numeric && labels.split('.').all(label)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_in_every_notation() {
        for (text, read) in [
            ("192.0.2.5", Some("192.0.2.5:162")),
            ("192.0.2.5:1162", Some("192.0.2.5:1162")),
            ("2001:db8::5", Some("[2001:db8::5]:162")),
            ("[2001:db8::5]", Some("[2001:db8::5]:162")),
            ("[2001:db8::5]:1162", Some("[2001:db8::5]:1162")),
            ("nms.example.test", Some("nms.example.test:162")),
            ("nms_1.example.test.:99", Some("nms_1.example.test.:99")),
            ("nms:0", None),
            ("nms:65536", None),
            ("nms:+1", None),
            ("nms:", None),
            ("192.0.2.256", None),
            ("-nms", None),
            ("a..b", None),
            ("nms/x", None),
            ("[192.0.2.5]:162", None),
            ("", None),
        ] {
            assert_eq!(Endpoint::parse(text, 162).map(|e| e.to_string()).as_deref(), read, "{text}");
        }
    }

    #[test]
    fn what_stays_on_this_machine_is_known_by_address_and_by_its_one_name() {
        for (text, stays) in [
            ("127.0.0.1", true),
            ("127.9.9.9:1", true),
            ("[::1]", true),
            ("::ffff:127.0.0.1", true),
            ("LocalHost.", true),
            ("broker.localhost:1883", true),
            ("localhost.example.test", false),
            ("notlocalhost", false),
            ("0.0.0.0", false),
            ("192.0.2.1", false),
        ] {
            assert_eq!(Endpoint::parse(text, 1883).unwrap().is_loopback(), stays, "{text}");
        }
    }
}
