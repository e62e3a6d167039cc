//! `[syslog]` over streams: the limits of its connections, and `[syslog.tls]`.

use core::net::SocketAddr;
use std::path::PathBuf;

use super::section::{At, Section, file, socket};
use crate::units::Span;

/// What a stream may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of one message.
    pub message: usize,
    /// Connections in all.
    pub connections: usize,
    /// Connections from one address.
    pub per_address: usize,
    /// A connection that says nothing for so long is closed.
    pub idle: Span,
}

/// `[syslog.tls]`, RFC 5425.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyslogTls {
    /// TCP sockets.
    pub listen: Vec<SocketAddr>,
    /// Our certificate and those between it and the CA (PEM).
    pub certificate: PathBuf,
    /// Its private key (PEM).
    pub key: PathBuf,
    /// Who must have signed a client's certificate (PEM), and whether a client needs one; none: no client is asked.
    pub clients: Option<Clients>,
}

/// The clients' certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clients {
    /// Certificates (PEM) that a client's must descend from.
    pub ca: PathBuf,
    /// Whether a client without one is refused.
    pub required: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { message: 16_384, connections: 256, per_address: 32, idle: Span::mins(1_440) }
    }
}

impl Limits {
    pub(super) fn parse(section: &Section<'_>) -> Self {
        let default = Self::default();
        let number = |name, default: usize| {
            section.number(name).and_then(|number| usize::try_from(number).ok()).unwrap_or(default)
        };
        Self {
            message: number("longest-message", default.message),
            connections: number("connections", default.connections),
            per_address: number("connections-per-address", default.per_address),
            idle: section.number("idle-min").map_or(default.idle, |minutes| Span::mins(u64::from(minutes))),
        }
    }
}

impl SyslogTls {
    /// With the sockets as they stand in the file, so that they can be compared with others. `None` without the section, or if
    /// something that it needs is missing, which is noted.
    pub(super) fn parse(section: &Section<'_>) -> (Vec<At<SocketAddr>>, Option<Self>) {
        if !section.is_there() {
            return (Vec::new(), None);
        }
        ["listen", "certificate", "key"].into_iter().for_each(|name| section.require(name, &[]));
        let listen = section.list("listen", socket).unwrap_or_default();
        let required = section.read("client-certificate", |text| match text {
            "required" => Some(true),
            "optional" => Some(false),
            _ => None,
        });
        if section.has("client-certificate") {
            section.require("client-ca", &[]);
        }
        let clients = section.read("client-ca", file).map(|ca| Clients { ca, required: required.unwrap_or(true) });
        let tls = match (section.read("certificate", file), section.read("key", file)) {
            (Some(certificate), Some(key)) => {
                Some(Self { listen: listen.iter().map(|at| at.value).collect(), certificate, key, clients })
            }
            (None, _) | (_, None) => None,
        };
        (listen, tls)
    }
}
