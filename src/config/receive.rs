//! Where notifications and syslog arrive, and from whom.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::admission::{Admission, block};
use super::section::{At, Section, secret, socket};
use super::streams::{Limits, SyslogTls};
use super::usm::{UsmUser, engine_id};

/// `[traps]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traps {
    /// UDP sockets.
    pub listen: Vec<SocketAddr>,
    /// Who may send.
    pub admission: Admission,
    /// Our own engine id, 5 to 32 octets; none: the one in the store, made at the first start.
    pub engine_id: Option<Vec<u8>>,
    /// `[[traps.user]]`: who may send SNMPv3.
    pub users: Vec<UsmUser>,
}

/// `[syslog]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Syslog {
    /// UDP sockets.
    pub udp: Vec<SocketAddr>,
    /// TCP sockets.
    pub tcp: Vec<SocketAddr>,
    /// TCP sockets with TLS.
    pub tls: Option<SyslogTls>,
    /// What a connection may do.
    pub limits: Limits,
    /// Who may send; its communities are not used.
    pub admission: Admission,
}

impl Traps {
    /// Port of notifications until it is configured: above 1023, so that no privilege is needed.
    pub const PORT: u16 = 1162;
}

impl Syslog {
    /// Port of syslog until it is configured.
    pub const PORT: u16 = 1514;
}

impl Default for Traps {
    fn default() -> Self {
        Self { listen: everywhere(Self::PORT), admission: Admission::default(), engine_id: None, users: Vec::new() }
    }
}

impl Default for Syslog {
    fn default() -> Self {
        Self {
            udp: everywhere(Self::PORT),
            tcp: everywhere(Self::PORT),
            tls: None,
            limits: Limits::default(),
            admission: Admission::default(),
        }
    }
}

/// Both sections, since no two sockets can be the same.
pub(super) fn parse(top: &Section<'_>) -> (Traps, Syslog) {
    let (traps, syslog) = (top.section("traps"), top.section("syslog"));
    let (for_traps, for_syslog) = (sockets(&traps, "listen", Traps::PORT), sockets(&syslog, "udp", Syslog::PORT));
    let udp = [(&traps, "listen", "traps.listen", &for_traps), (&syslog, "udp", "syslog.udp", &for_syslog)];
    refuse_overlaps(&udp);
    let streams = syslog.section("tls");
    let for_tcp = sockets(&syslog, "tcp", Syslog::PORT);
    let (for_tls, tls) = SyslogTls::parse(&streams);
    refuse_overlaps(&[(&syslog, "tcp", "syslog.tcp", &for_tcp), (&streams, "listen", "syslog.tls.listen", &for_tls)]);
    let communities = traps.list("communities", secret).unwrap_or_default();
    let communities = communities.iter().map(|at| at.value.expose().as_bytes().to_vec()).collect();
    let admission = Admission { allow: blocks(&traps), communities };
    let engine_id = traps.read("engine-id", engine_id);
    let traps = Traps { listen: values(for_traps), admission, engine_id, users: UsmUser::parse_all(&traps) };
    let admission = Admission { allow: blocks(&syslog), communities: Vec::new() };
    let limits = Limits::parse(&syslog);
    (traps, Syslog { udp: values(for_syslog), tcp: values(for_tcp), tls, limits, admission })
}

/// No two sockets of one protocol can be the same: section, key, path and sockets of each list.
fn refuse_overlaps(lists: &[(&Section<'_>, &'static str, &'static str, &Vec<At<SocketAddr>>)]) {
    let claims = lists
        .iter()
        .flat_map(|&(section, name, path, sockets)| sockets.iter().map(move |at| Claim { section, name, path, at }));
    let claims: Vec<_> = claims.collect();
    for (place, later) in claims.iter().enumerate() {
        if let Some(earlier) = claims.iter().take(place).find(|claim| overlap(claim.at.value, later.at.value)) {
            later.refuse(earlier);
        }
    }
}

/// A socket that a key asks for.
struct Claim<'s, 'd> {
    section: &'s Section<'d>,
    name: &'static str,
    path: &'static str,
    at: &'s At<SocketAddr>,
}

/// The line of a default.
const NO_LINE: usize = 0;

impl Claim<'_, '_> {
    /// Reports the pair at the one that stands in the file; two defaults never meet.
    fn refuse(&self, earlier: &Self) {
        let (here, other) = if self.at.line == NO_LINE { (earlier, self) } else { (self, earlier) };
        let fault = if other.at.line == NO_LINE {
            format!("is taken by the default of {}", other.path)
        } else {
            format!("is taken by {} in line {}", other.path, other.at.line)
        };
        here.section.refuse_at(here.name, here.at, &fault, "each address and port once");
    }
}

fn sockets(section: &Section<'_>, name: &str, port: u16) -> Vec<At<SocketAddr>> {
    let default =
        || everywhere(port).into_iter().map(|value| At { line: NO_LINE, given: String::new(), value }).collect();
    section.list(name, socket).unwrap_or_else(default)
}

fn blocks(section: &Section<'_>) -> Vec<ipnet::IpNet> {
    section.list("allow", block).map(values).unwrap_or_default()
}

fn values<T>(items: Vec<At<T>>) -> Vec<T> {
    items.into_iter().map(|at| at.value).collect()
}

/// All addresses of both families.
fn everywhere(port: u16) -> Vec<SocketAddr> {
    vec![SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)), SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))]
}

/// Whether the system would refuse the second of these sockets. Port 0 is any free port; the families do not meet,
/// since IPv6 sockets are opened for IPv6 only.
fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let meet =
        |a: IpAddr, b: IpAddr| a == b || (a.is_ipv4() == b.is_ipv4() && (a.is_unspecified() || b.is_unspecified()));
    a.port() != 0 && a.port() == b.port() && meet(a.ip(), b.ip())
}
