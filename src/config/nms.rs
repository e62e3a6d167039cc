//! Whom to send notifications to, and how.

use super::endpoint::Endpoint;
use super::oid::oid;
use super::secret::SecretFrom;
use super::section::Section;
use super::usm::{Protection, Security, user_name};
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
    /// Who we are to it; a user where the version is v3, and only there.
    pub identity: NmsIdentity,
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
    /// RFC 3412 with the security of RFC 3414.
    V3,
}

/// In whose name notifications are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NmsIdentity {
    /// Sent in the clear with every notification.
    Community(SecretFrom),
    /// A user of SNMPv3 that the receiver knows.
    User(NmsUser),
}

/// A user of SNMPv3 to send as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NmsUser {
    /// 1 to 32 octets of UTF-8.
    pub name: String,
    /// What protects what we send.
    pub security: Security,
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

    pub(super) fn parse(section: &Section<'_>) -> Option<Self> {
        section.require("address", &[]);
        let version = section.read("version", version).or((!section.has("version")).then(SnmpVersion::default));
        let kind = section.read("kind", kind).unwrap_or_default();
        if version == Some(SnmpVersion::V1) && kind == NotificationKind::Inform {
            let fault = "is inform, which v1 does not have";
            section.refuse("kind", fault, "inform with v2c or v3", Some(r#"version = "v2c""#));
        }
        let endpoint = section.read("address", |text| Endpoint::parse(text, Self::PORT));
        let identity = NmsIdentity::parse(section, version);
        let timeout = section.number("timeout-s").map_or(Self::TIMEOUT, |s| Span::secs(s.into()));
        let root_oid = section.read("root-oid", |text| oid(text, ROOT_ARCS));
        Some(Self { endpoint: endpoint?, version: version?, kind, identity: identity?, timeout, root_oid })
    }
}

impl NmsIdentity {
    /// `version` is none where it cannot be read; then neither identity is missing or out of place.
    fn parse(section: &Section<'_>, version: Option<SnmpVersion>) -> Option<Self> {
        let community = section.secret("community");
        let name = section.read("user", user_name);
        let protection = Protection::read(section);
        match version? {
            SnmpVersion::V1 | SnmpVersion::V2c => {
                for key in ["user"].iter().chain(&Protection::KEYS).filter(|key| section.has(key)) {
                    section.refuse(key, "is for v3", r#"with version = "v3" only"#, Some(r#"version = "v3""#));
                }
                if !section.has("user") {
                    section.require("community", &["community-file"]);
                }
                Some(Self::Community(community?))
            }
            SnmpVersion::V3 => {
                for key in ["community", "community-file"].iter().filter(|key| section.has(key)) {
                    section.refuse(key, "is for v1 and v2c", "user with v3", Some(r#"user = "lockwarden""#));
                }
                section.require("user", &[]);
                let security = protection.agree(section);
                Some(Self::User(NmsUser { name: name?, security: security? }))
            }
        }
    }
}

fn version(text: &str) -> Option<SnmpVersion> {
    match text {
        "v1" => Some(SnmpVersion::V1),
        "v2c" => Some(SnmpVersion::V2c),
        "v3" => Some(SnmpVersion::V3),
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
