//! Whom to send notifications to, and how.

use super::endpoint::Endpoint;
use super::secret::SecretFrom;
use super::section::Section;
use crate::units::Span;

/// One `[[nms]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nms {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// The version of SNMP.
    pub version: SnmpVersion,
    /// Answered or not; an inform is never v1.
    pub kind: NotificationKind,
    /// Sent in the clear with every notification.
    pub community: SecretFrom,
    /// How long the answer to an inform may take.
    pub timeout: Span,
    /// Where the MIB is rooted; none: at its own place.
    pub root_oid: Option<Vec<u32>>,
}

/// The versions that are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SnmpVersion {
    /// RFC 1157.
    V1,
    /// RFC 1901 with the operations of RFC 3416.
    #[default]
    V2c,
}

/// Trap or inform (RFC 3416 sections 4.2.6 and 4.2.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NotificationKind {
    /// Sent once, not answered.
    #[default]
    Trap,
    /// Answered, and sent again until it is.
    Inform,
}

/// Longest root, in numbers: leaves half of an identifier's 128 to what is below it.
const ROOT_ARCS: usize = 64;

impl Nms {
    /// The registered port of notifications.
    pub const PORT: u16 = 162;
    /// How long the answer to an inform may take.
    pub const TIMEOUT: Span = Span::secs(2);

    pub(super) fn parse_all(top: &Section<'_>) -> Vec<Self> {
        top.sections("nms").iter().filter_map(Self::parse).collect()
    }

    fn parse(section: &Section<'_>) -> Option<Self> {
        section.require("address", &[]);
        section.require("community", &["community-file"]);
        let version = section.read("version", version).unwrap_or_default();
        let kind = section.read("kind", kind).unwrap_or_default();
        if version == SnmpVersion::V1 && kind == NotificationKind::Inform {
            section.refuse("kind", "is inform, which v1 does not have", "inform with v2c", Some(r#"version = "v2c""#));
        }
        let endpoint = section.read("address", |text| Endpoint::parse(text, Self::PORT));
        let community = section.secret("community");
        let timeout = section.number("timeout-s").map_or(Self::TIMEOUT, |s| Span::secs(s.into()));
        let root_oid = section.read("root-oid", root_oid);
        Some(Self { endpoint: endpoint?, version, kind, community: community?, timeout, root_oid })
    }
}

fn version(text: &str) -> Option<SnmpVersion> {
    match text {
        "v1" => Some(SnmpVersion::V1),
        "v2c" => Some(SnmpVersion::V2c),
        _ => None,
    }
}

fn kind(text: &str) -> Option<NotificationKind> {
    match text {
        "trap" => Some(NotificationKind::Trap),
        "inform" => Some(NotificationKind::Inform),
        _ => None,
    }
}

/// The first number is 0 to 2, and below 0 and 1 the second is at most 39 (X.690 8.19.4: both share one encoded
/// number).
fn root_oid(text: &str) -> Option<Vec<u32>> {
    let digits = |arc: &str| arc.bytes().all(|b| b.is_ascii_digit()).then(|| arc.parse().ok()).flatten();
    let arcs: Vec<u32> = text.strip_prefix('.').unwrap_or(text).split('.').map(digits).collect::<Option<_>>()?;
    let (first, second) = (*arcs.first()?, *arcs.get(1)?);
    let encodable = first < 2 && second < 40 || first == 2 && second <= u32::MAX - 80;
    (encodable && arcs.len() <= ROOT_ARCS).then_some(arcs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_two_to_64_numbers_that_can_be_encoded() {
        assert_eq!(root_oid(".1.3.6.1"), Some(vec![1, 3, 6, 1]));
        for text in ["1", "", "3.1", "1.40", "1.3.x", "1.3.", "1.3.4294967296", "1.3.+6", &["1"; 65].join(".")] {
            assert_eq!(root_oid(text), None, "{text}");
        }
    }
}
