//! Object identifiers that the standards assign (SNMPv2-MIB, RFC 3418; SNMP-COMMUNITY-MIB, RFC 3584; SNMP-USER-BASED-SM-MIB,
//! RFC 3414).

use super::oid::Oid;

/// `sysUpTime.0`, the first varbind of every SNMPv2 notification.
pub static SYS_UP_TIME: Oid = Oid::known(&[1, 3, 6, 1, 2, 1, 1, 3, 0]);
/// `snmpTrapOID.0`, the second varbind of every SNMPv2 notification.
pub static SNMP_TRAP_OID: Oid = Oid::known(&[1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0]);
/// `snmpTrapEnterprise.0`: the enterprise of a translated SNMPv1 trap.
pub static SNMP_TRAP_ENTERPRISE: Oid = Oid::known(&[1, 3, 6, 1, 6, 3, 1, 1, 4, 3, 0]);
/// `snmpTrapAddress.0`: the original sender of a forwarded notification.
pub static SNMP_TRAP_ADDRESS: Oid = Oid::known(&[1, 3, 6, 1, 6, 3, 18, 1, 3, 0]);
/// `snmpTrapCommunity.0`: the original community of a forwarded notification.
pub static SNMP_TRAP_COMMUNITY: Oid = Oid::known(&[1, 3, 6, 1, 6, 3, 18, 1, 4, 0]);
/// `snmpTraps`, below which the generic traps stand.
pub static SNMP_TRAPS: Oid = Oid::known(&[1, 3, 6, 1, 6, 3, 1, 1, 5]);
/// `coldStart`.
pub static COLD_START: Oid = Oid::known(&[1, 3, 6, 1, 6, 3, 1, 1, 5, 1]);
/// `warmStart`.
pub static WARM_START: Oid = Oid::known(&[1, 3, 6, 1, 6, 3, 1, 1, 5, 2]);
/// `linkDown`.
pub static LINK_DOWN: Oid = Oid::known(&[1, 3, 6, 1, 6, 3, 1, 1, 5, 3]);
/// `linkUp`.
pub static LINK_UP: Oid = Oid::known(&[1, 3, 6, 1, 6, 3, 1, 1, 5, 4]);
/// `authenticationFailure`: a wrong community or SNMP user. Says nothing about a person's sign-in.
pub static AUTHENTICATION_FAILURE: Oid = Oid::known(&[1, 3, 6, 1, 6, 3, 1, 1, 5, 5]);
/// `egpNeighborLoss`.
pub static EGP_NEIGHBOR_LOSS: Oid = Oid::known(&[1, 3, 6, 1, 6, 3, 1, 1, 5, 6]);
/// `usmStats`, below which the counters of USM stand.
pub static USM_STATS: Oid = Oid::known(&[1, 3, 6, 1, 6, 3, 15, 1, 1]);
