//! `[relay]`: which received notifications are passed on, to which receivers, and in which form. Refuses a relay that
//! could never send anything.

use ipnet::IpNet;

use super::admission::block;
use super::endpoint::Endpoint;
use super::nms::Nms;
use super::oid::oid;
use super::section::{At, Section};

/// `[relay]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// The receivers, as places in `Config::nms`: ascending, at least one, none twice.
    pub to: Vec<usize>,
    /// What is sent to them.
    pub form: RelayForm,
    /// Beginnings of the `snmpTrapOID` of notifications that are passed on; empty: all.
    pub include: Vec<Vec<u32>>,
    /// Beginnings of the `snmpTrapOID` of notifications that are not passed on, whatever `include` says.
    pub exclude: Vec<Vec<u32>>,
    /// Whose notifications are passed on; empty: those of every accepted sender.
    pub sources: Vec<IpNet>,
    /// Notifications that may wait for each receiver, 1 to 100,000.
    pub queue: usize,
}

/// What becomes of a notification on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RelayForm {
    /// v1 stays v1 and v2c stays v2c, with the community it came with, whatever the receiver is set to. What came as v3 is
    /// sent in the receiver's version, under its own user or community.
    AsReceived,
    /// Version, kind and identity are those that the receiver is set to (RFC 3584 section 3); what came as v1 and is
    /// sent as v2c or v3 carries `snmpTrapAddress.0`, `snmpTrapCommunity.0` and `snmpTrapEnterprise.0`.
    #[default]
    Translated,
}

/// Longest identifier, in numbers (RFC 3416 section 4.1).
const OID_ARCS: usize = 128;

impl Relay {
    /// How many notifications may wait for each receiver.
    pub const QUEUE: usize = 1000;

    /// `receivers` are the sections `[[nms]]`.
    pub(super) fn parse(top: &Section<'_>, receivers: &[Section<'_>]) -> Option<Self> {
        let section = top.section("relay");
        let to = to(&section, receivers);
        let include = section.list("include", |text| oid(text, OID_ARCS)).unwrap_or_default();
        let exclude = values(section.list("exclude", |text| oid(text, OID_ARCS)));
        for at in include.iter().filter(|at| exclude.iter().any(|prefix| at.value.starts_with(prefix))) {
            section.refuse_at("include", at, "is excluded as a whole", "identifiers that exclude leaves something of");
        }
        let relay = Self {
            to,
            form: section.read("form", RelayForm::parse).unwrap_or_default(),
            include: values(Some(include)),
            exclude,
            sources: values(section.list("sources", block)),
            queue: section.number("queue").and_then(|n| usize::try_from(n).ok()).unwrap_or(Self::QUEUE),
        };
        top.has("relay").then_some(relay)
    }
}

impl RelayForm {
    /// The name in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AsReceived => "as-received",
            Self::Translated => "translated",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::AsReceived, Self::Translated].into_iter().find(|form| form.as_str() == text)
    }
}

fn endpoint(text: &str) -> Option<Endpoint> {
    Endpoint::parse(text, Nms::PORT)
}

/// Where several receivers have one address, it names all of them.
fn to(section: &Section<'_>, receivers: &[Section<'_>]) -> Vec<usize> {
    let named = section.list("to", endpoint);
    if receivers.is_empty() {
        if section.is_there() {
            section.refuse_whole("has nobody to relay to", "with one or more [[nms]]", None);
        }
        return Vec::new();
    }
    if section.lists_nothing("to") {
        section.refuse("to", "lists no receiver", "at least one address, or no such key for all of them", None);
    }
    let Some(named) = named else { return (0..receivers.len()).collect() };
    let addresses: Vec<_> = receivers.iter().map(|nms| nms.text("address").and_then(endpoint)).collect();
    let known = addresses.iter().flatten().map(Endpoint::to_string).collect::<Vec<_>>().join(", ");
    for (place, at) in named.iter().enumerate() {
        if !addresses.iter().flatten().any(|address| *address == at.value) {
            section.refuse_at("to", at, "is not the address of an [[nms]]", &known);
        } else if named.iter().take(place).any(|earlier| earlier.value == at.value) {
            section.refuse_at("to", at, "stands twice", "each address once");
        }
    }
    let asked = |address: &Option<Endpoint>| named.iter().any(|at| Some(&at.value) == address.as_ref());
    (addresses.iter().enumerate()).filter(|(_, address)| asked(address)).map(|(place, _)| place).collect()
}

fn values<T>(items: Option<Vec<At<T>>>) -> Vec<T> {
    items.unwrap_or_default().into_iter().map(|at| at.value).collect()
}
