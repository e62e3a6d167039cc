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
