//! Who may send: address blocks and SNMP communities. Clear-text checks; they keep out the careless, not the attacker.

use core::fmt;
use core::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

/// The senders of one input. IPv4 addresses that arrive on an IPv6 socket (`::ffff:192.0.2.1`) count as IPv4.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Admission {
    /// The blocks that may send, besides loopback.
    pub allow: Vec<IpNet>,
    /// The communities that are ours; empty: any, but from loopback only.
    pub communities: Vec<Vec<u8>>,
}

impl Admission {
    /// Whether this address may send at all. Loopback always may, so that `demo` and `send` work.
    #[must_use]
    pub fn allows(&self, from: IpAddr) -> bool {
        let from = from.to_canonical();
        from.is_loopback() || self.allow.iter().any(|block| block.contains(&from))
    }

    /// Whether a message from `from` with this community is ours. Once communities are set, they hold for loopback too.
    #[must_use]
    pub fn accepts_community(&self, from: IpAddr, community: &[u8]) -> bool {
        if self.communities.is_empty() {
            from.to_canonical().is_loopback()
        } else {
            self.communities.iter().any(|ours| ours == community)
        }
    }
}

/// Communities are counted, not shown.
impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission")
            .field("allow", &self.allow)
            .field("communities", &format_args!("{} hidden", self.communities.len()))
            .finish()
    }
}

/// A block, or one address as a block. Bits beyond the prefix are dropped; blocks of IPv4-mapped addresses become IPv4.
pub(super) fn block(text: &str) -> Option<IpNet> {
    let net = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse::<IpNet>().ok()?.trunc(),
    };
    Some(match net {
        IpNet::V4(_) => net,
        IpNet::V6(v6) => mapped(v6.addr(), v6.prefix_len()).map_or(net, IpNet::V4),
    })
}

fn mapped(address: Ipv6Addr, prefix: u8) -> Option<Ipv4Net> {
    Ipv4Net::new(address.to_ipv4_mapped()?, prefix.checked_sub(96)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn without_blocks_only_loopback_may_send() {
        let nobody = Admission::default();
        for (from, may) in [
            ("127.0.0.9", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("192.0.2.1", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(nobody.allows(ip(from)), may, "{from}");
        }
    }

    #[test]
    fn blocks_and_single_addresses_admit_in_both_notations() {
        let allow =
            ["192.0.2.77/24", "198.51.100.5", "2001:db8::/32", "::ffff:198.51.100.128/121"].map(|b| block(b).unwrap());
        let site = Admission { allow: allow.to_vec(), communities: Vec::new() };
        for (from, may) in [
            ("192.0.2.200", true),
            ("::ffff:192.0.2.200", true),
            ("198.51.100.5", true),
            ("198.51.100.6", false),
            ("198.51.100.129", true),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
            ("127.0.0.1", true),
        ] {
            assert_eq!(site.allows(ip(from)), may, "{from}");
        }
        assert_eq!([block("192.0.2.0/33"), block("cucm-pub"), block("")], [None, None, None]);
    }

    #[test]
    fn without_communities_loopback_may_use_any_and_others_none() {
        let open = Admission::default();
        assert!(open.accepts_community(ip("::ffff:127.0.0.1"), b"anything"));
        assert!(!open.accepts_community(ip("192.0.2.1"), b"anything"));
        let set = Admission { allow: Vec::new(), communities: vec![b"sesame".to_vec()] };
        assert!(set.accepts_community(ip("192.0.2.1"), b"sesame"));
        assert!(!set.accepts_community(ip("127.0.0.1"), b"Sesame"));
        assert_eq!(format!("{set:?}"), "Admission { allow: [], communities: 1 hidden }");
    }
}
