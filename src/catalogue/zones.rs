//! Which node's clock runs in which zone, for messages whose time names none.

use crate::event::Label;
use crate::wire::LocalZone;

/// The zones of nodes, as the operator named them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zones(Vec<(Label, LocalZone)>);

impl Zones {
    /// Adds a node under its name or its address.
    pub fn add(&mut self, node: Label, zone: LocalZone) {
        self.0.push((node, zone));
    }

    /// Whether every time that names no zone is UTC.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The zone of the first of these that is a node's name, with or without its domain, or its address.
    #[must_use]
    pub fn of(&self, names: [&str; 3]) -> Option<&LocalZone> {
        names.iter().find_map(|name| {
            let found = self.0.iter().find(|(node, _)| is_same(node.as_str(), name.trim()));
            found.map(|(_, zone)| zone)
        })
    }
}

/// `cucm-sub1.example.test` and `cucm-sub1` are one node; two addresses, or two nodes of different domains, are not.
fn is_same(a: &str, b: &str) -> bool {
    let has_domain = |name: &str| name.contains('.') && name.parse::<core::net::IpAddr>().is_err();
    let host = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    if has_domain(a) != has_domain(b) && !a.is_empty() && !b.is_empty() {
        let addresses = [a, b].iter().any(|name| name.parse::<core::net::IpAddr>().is_ok());
        return !addresses && host(a) == host(b);
    }
    !a.is_empty() && a.eq_ignore_ascii_case(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_known_by_name_with_or_without_domain_and_by_address() {
        let mut zones = Zones::default();
        let zone = LocalZone::fixed(60).unwrap();
        for name in ["cucm-pub", "sub1.example.test", "192.0.2.11"] {
            zones.add(Label::from_wire(name), zone.clone());
        }
        for known in ["cucm-pub", "CUCM-PUB.example.test", "sub1", "sub1.example.test", "192.0.2.11"] {
            assert_eq!(zones.of(["", "other", known]), Some(&zone), "{known}");
        }
        for unknown in ["", "sub1.other.test", "192", "192.0.2.12", "cucm-sub"] {
            assert_eq!(zones.of([unknown, "", ""]), None, "{unknown}");
        }
    }
}
