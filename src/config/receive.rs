//! Where notifications and syslog arrive, and from whom.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::admission::{Admission, block};
use super::section::{At, Section, secret, socket};
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
        Self { udp: everywhere(Self::PORT), admission: Admission::default() }
    }
}

/// Both sections, since no two sockets can be the same.
pub(super) fn parse(top: &Section<'_>) -> (Traps, Syslog) {
    let (traps, syslog) = (top.section("traps"), top.section("syslog"));
    let (for_traps, for_syslog) = (sockets(&traps, "listen", Traps::PORT), sockets(&syslog, "udp", Syslog::PORT));
    let claims: Vec<_> =
        (for_traps.iter().map(|at| Claim { section: &traps, name: "listen", path: "traps.listen", at }))
            .chain(for_syslog.iter().map(|at| Claim { section: &syslog, name: "udp", path: "syslog.udp", at }))
            .collect();
    for (place, later) in claims.iter().enumerate() {
        if let Some(earlier) = claims.iter().take(place).find(|claim| overlap(claim.at.value, later.at.value)) {
            later.refuse(earlier);
        }
    }
    let communities = traps.list("communities", secret).unwrap_or_default();
    let communities = communities.iter().map(|at| at.value.expose().as_bytes().to_vec()).collect();
    let admission = Admission { allow: blocks(&traps), communities };
    let engine_id = traps.read("engine-id", engine_id);
    let traps = Traps { listen: values(for_traps), admission, engine_id, users: UsmUser::parse_all(&traps) };
    let admission = Admission { allow: blocks(&syslog), communities: Vec::new() };
    (traps, Syslog { udp: values(for_syslog), admission })
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
