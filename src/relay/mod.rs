//! Which received notifications are passed on to an NMS: those that the operator's [`Filter`] names, and of these only
//! what the [`LoopGuard`] has not seen come round. How they are written is [`crate::wire::snmp::Relayed`]'s.

use core::net::IpAddr;

use ipnet::IpNet;

use crate::wire::snmp::TrapOid;

mod guard;

pub use guard::{LoopGuard, Looped};

/// Which notifications the operator wants passed on. The default is every one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    include: Vec<Vec<u32>>,
    exclude: Vec<Vec<u32>>,
    sources: Vec<IpNet>,
}

impl Filter {
    /// `include` and `exclude` are prefixes of trap OIDs, as sub-identifiers; `sources` are blocks of senders' addresses.
    /// Nothing in `include` means every trap OID, nothing in `sources` every sender; `exclude` wins over `include`.
    #[must_use]
    pub const fn new(include: Vec<Vec<u32>>, exclude: Vec<Vec<u32>>, sources: Vec<IpNet>) -> Self {
        Self { include, exclude, sources }
    }

    /// Whether to pass on a notification that a datagram from `from` held. An SNMPv1 trap is known by the trap OID that
    /// it has in SNMPv2.
    #[must_use]
    pub fn passes(&self, trap_oid: TrapOid<'_>, from: IpAddr) -> bool {
        let below = |prefixes: &[Vec<u32>]| prefixes.iter().any(|prefix| trap_oid.starts_with(prefix));
        let from = from.to_canonical();
        (self.sources.is_empty() || self.sources.iter().any(|block| block.contains(&from)))
            && (self.include.is_empty() || below(&self.include))
            && !below(&self.exclude)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::snmp::{Kind, Message, Oid, decode, encode};

    fn passes(filter: &Filter, trap_oid: &str, from: &str) -> bool {
        let datagram = encode::v2c(Kind::Trap, b"public", 1, 1, &trap_oid.parse::<Oid>().unwrap(), &[]);
        match decode(&datagram) {
            Ok(Message::Notification(read)) => filter.passes(read.trap_oid, from.parse().unwrap()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_a_word_from_the_operator_everything_passes() {
        assert!(passes(&Filter::default(), "1.3.6.1.6.3.1.1.5.1", "2001:db8::3"));
    }

    #[test]
    fn what_is_included_passes_but_for_what_is_excluded_below_or_above_it() {
        let filter = Filter::new(vec![vec![1, 3, 6, 1, 4, 1, 9]], vec![vec![1, 3, 6, 1, 4, 1, 9, 9, 41]], vec![]);
        assert!(passes(&filter, "1.3.6.1.4.1.9.9.156.2.0.1", "192.0.2.1"));
        assert!(passes(&filter, "1.3.6.1.4.1.9", "192.0.2.1"));
        assert!(!passes(&filter, "1.3.6.1.4.1.9.9.41.2.0.1", "192.0.2.1"));
        assert!(!passes(&filter, "1.3.6.1.4.1.90.1", "192.0.2.1"));
        assert!(!passes(&filter, "1.3.6.1.4.1", "192.0.2.1"));
        let above = Filter::new(vec![vec![1, 3, 6, 1, 4, 1, 9]], vec![vec![1, 3, 6]], vec![]);
        assert!(!passes(&above, "1.3.6.1.4.1.9.9.156.2.0.1", "192.0.2.1"));
    }

    #[test]
    fn only_senders_in_the_blocks_pass_and_a_mapped_address_is_its_ipv4() {
        let blocks = vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
        let filter = Filter::new(vec![], vec![], blocks);
        for (from, expected) in [
            ("192.0.2.255", true),
            ("::ffff:192.0.2.1", true),
            ("2001:db8::1", true),
            ("198.51.100.1", false),
            ("::1", false),
        ] {
            assert_eq!(passes(&filter, "1.3.6.1.6.3.1.1.5.1", from), expected, "{from}");
        }
    }
}
