//! The name of an SNMP engine (RFC 3411 section 5, SnmpEngineID).

use core::fmt;

use serde::{Deserialize, Serialize};

/// Octets of an engine id at most.
const LONGEST: usize = 32;
const SHORTEST: usize = 5;
/// The first bit says that the form of RFC 3411 is used; the other 31 are an enterprise number: net-snmp's, under whose arc for
/// experiments LOCKWARDEN-MIB lies by default, too.
const ENTERPRISE: [u8; 4] = [0x80, 0x00, 0x1f, 0x88];
/// The rest is the engine's own choice (128 to 255: as the enterprise says).
const OCTETS_FORM: u8 = 5;

/// An engine id: 5 to 32 octets, neither all zeros nor all ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EngineId(heapless::Vec<u8, LONGEST>);

impl EngineId {
    /// Octets of randomness in an id that we make.
    pub const RANDOM: usize = 12;

    /// These octets as an engine id, if they can be one.
    #[must_use]
    pub fn new(octets: &[u8]) -> Option<Self> {
        let is_void = octets.iter().all(|&octet| octet == 0) || octets.iter().all(|&octet| octet == 0xff);
        if octets.len() < SHORTEST || is_void {
            return None;
        }
        heapless::Vec::from_slice(octets).ok().map(Self)
    }

    /// An id for a new engine, of format 5 ("octets").
    #[must_use]
    pub fn made_of(random: [u8; Self::RANDOM]) -> Self {
        let octets = ENTERPRISE.into_iter().chain([OCTETS_FORM]).chain(random);
        Self(octets.collect())
    }

    /// The octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// `0x8000…`, as net-snmp and Cisco write it.
impl fmt::Display for EngineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_id_has_5_to_32_octets_and_says_something() {
        assert_eq!(EngineId::new(&[0x80, 0, 0, 9, 1]).unwrap().to_string(), "0x8000000901");
        for void in [&[1; 4][..], &[1; 33], &[0; 12], &[0xff; 12], &[]] {
            assert_eq!(EngineId::new(void), None);
        }
        let made = EngineId::made_of([7; 12]);
        assert_eq!(made.to_string(), "0x80001f8805070707070707070707070707");
        assert_eq!(EngineId::new(made.as_bytes()), Some(made));
    }
}
