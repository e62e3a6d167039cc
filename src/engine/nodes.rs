//! Whose account a message speaks of. CUCM leaves `ClusterID` empty in many alarms, so the cluster of a node is taken from the
//! configuration, else from what the node's other messages named, else from the only cluster there is. Any other host keeps its
//! accounts to itself, unless it is the platform of a node.

use serde::{Deserialize, Serialize};

use crate::board::NODES;
use crate::engine::settings::NodeOf;
use crate::event::{Label, Observation, Realm};
use crate::units::Mono;

/// What is known of one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its name without the domain, in lower case; or the address of a sender that named no node.
    pub name: Label,
    /// Its cluster; empty if nobody named it.
    pub cluster: Label,
    /// When it last sent anything about a sign-in.
    pub last_sign_in: Mono,
}

/// The nodes of the site, at most [`NODES`]; a new one beyond that replaces the one that is silent longest.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    known: Box<heapless::Vec<Node, NODES>>,
    /// The only cluster named so far; `Some(empty)` once there are two.
    sole_cluster: Option<Label>,
    /// How many of the first are the operator's own: they stay, and what he said of them holds against any message.
    fixed: usize,
    /// Whether the operator named the nodes: then one that he did not name is not taken to be of the only cluster.
    named: bool,
}

impl Nodes {
    pub(crate) fn configured(nodes: &[NodeOf]) -> Self {
        let mut this = Self { named: !nodes.is_empty(), ..Self::default() };
        for node in nodes {
            let cluster = node.cluster.clone().unwrap_or_default();
            for name in [Some(&node.name), node.address.as_ref()].into_iter().flatten() {
                this.note(short(name.as_str()), &cluster, Mono::ZERO);
            }
        }
        this.fixed = this.known.len();
        this
    }

    pub(crate) fn restore(&mut self, node: Node) {
        let cluster = node.cluster.clone();
        self.note(node.name.as_str(), &cluster, node.last_sign_in);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Node> {
        self.known.iter()
    }

    /// Who answers for the account of this message, and in which cluster or on which host it lives.
    pub(crate) fn home_of(&mut self, said: &Observation<'_>, now: Mono) -> (Realm, Label) {
        let realm = match said.realm {
            Realm::Cucm | Realm::Os => said.realm,
            // What the operating system of a node says is about the node's platform accounts.
            Realm::Unix if self.find(named(said.node, said.sender)).is_some() => Realm::Os,
            Realm::Unix | Realm::Mitel | Realm::Lockwarden => {
                let host = if said.cluster.trim().is_empty() { named(said.node, said.sender) } else { said.cluster };
                return (said.realm, Label::from_wire(host.trim()));
            }
        };
        (realm, self.cluster_of(said.cluster, said.node, said.sender, now))
    }

    /// The cluster of a message from `node` (or, if it names none, from the address `sender`) that names `cluster`.
    fn cluster_of(&mut self, cluster: &str, node: &str, sender: &str, now: Mono) -> Label {
        let name = named(node, sender);
        let cluster = cluster.trim();
        // The steady state: a node that is known, and names its known cluster or none. No allocation, no copy but the answer.
        let fixed = self.fixed;
        if let Some((at, known)) = self.find(name) {
            known.last_sign_in = now;
            let holds = at < fixed || cluster.is_empty() || known.cluster.as_str() == cluster;
            if holds && !known.cluster.is_empty() {
                return known.cluster.clone();
            }
            if cluster.is_empty() {
                return self.unnamed();
            }
        }
        let cluster = Label::from_wire(cluster);
        self.note(name, &cluster, now);
        if cluster.is_empty() { self.unnamed() } else { cluster }
    }

    /// The cluster of a message when neither it nor anything known of its node names one.
    fn unnamed(&self) -> Label {
        if self.named { Label::new() } else { self.sole_cluster.clone().unwrap_or_default() }
    }

    /// The node of this name, and its place.
    fn find(&mut self, name: &str) -> Option<(usize, &mut Node)> {
        self.known.iter_mut().enumerate().find(|(_, node)| node.name.as_str().eq_ignore_ascii_case(name))
    }

    fn note(&mut self, name: &str, cluster: &Label, now: Mono) {
        if !cluster.is_empty() {
            self.sole_cluster = match self.sole_cluster.take() {
                Some(sole) if sole != *cluster => Some(Label::new()),
                Some(_) | None => Some(cluster.clone()),
            };
        }
        if name.is_empty() {
            return;
        }
        let fixed = self.fixed;
        if let Some((at, known)) = self.find(name) {
            known.last_sign_in = known.last_sign_in.max(now);
            if !cluster.is_empty() && (at >= fixed || known.cluster.is_empty()) {
                known.cluster = cluster.clone();
            }
            return;
        }
        let node =
            Node { name: Label::from_wire(&name.to_ascii_lowercase()), cluster: cluster.clone(), last_sign_in: now };
        if let Err(node) = self.known.push(node)
            && let Some(oldest) = self.known.iter_mut().skip(fixed).min_by_key(|n| n.last_sign_in)
        {
            *oldest = node;
        }
    }
}

/// The name of a message's node: what it is called, else the sender's address.
pub(super) fn named<'n>(node: &'n str, sender: &'n str) -> &'n str {
    if node.is_empty() { sender } else { short(node) }
}

/// `cucm-sub1.example.test` and `cucm-sub1` are one node; an address is left whole.
pub(super) fn short(name: &str) -> &str {
    let name = name.trim();
    if name.parse::<core::net::IpAddr>().is_ok() {
        return name;
    }
    name.split_once('.').map_or(name, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nodes: &mut Nodes, cluster: &str, node: &str) -> String {
        nodes.cluster_of(cluster, node, "192.0.2.10", Mono::ZERO).to_string()
    }

    #[test]
    fn an_empty_cluster_is_filled_from_the_node_then_from_the_only_cluster() {
        let mut nodes = Nodes::default();
        assert_eq!(at(&mut nodes, "", "cucm-pub"), "");
        assert_eq!(at(&mut nodes, "East", "cucm-sub1.example.test"), "East");
        assert_eq!(at(&mut nodes, "", "CUCM-SUB1"), "East");
        assert_eq!(at(&mut nodes, "", "cucm-pub"), "East", "there is only one cluster");
        assert_eq!(at(&mut nodes, "West", "west-pub"), "West");
        assert_eq!(at(&mut nodes, "", "cucm-pub"), "", "two clusters: not guessed");
        assert_eq!(at(&mut nodes, "", "west-pub"), "West");
    }

    #[test]
    fn no_message_moves_or_pushes_out_a_configured_node() {
        let label = Label::from_wire;
        let named = NodeOf { name: label("sub1"), address: None, cluster: Some(label("HQ")) };
        let mut nodes = Nodes::configured(&[named]);
        assert_eq!(at(&mut nodes, "EVIL", "sub1"), "HQ");
        for n in 0..2 * NODES {
            at(&mut nodes, "EVIL", &format!("n{n}"));
        }
        assert_eq!(at(&mut nodes, "", "sub1"), "HQ");
        assert_eq!(at(&mut nodes, "", "stranger"), "", "with named nodes, a stranger is nobody's");
    }

    #[test]
    fn the_configuration_names_the_cluster_of_a_node_and_of_an_address() {
        let mut nodes = Nodes::configured(&[NodeOf {
            name: Label::from_wire("cucm-pub.example.test"),
            address: Some(Label::from_wire("192.0.2.10")),
            cluster: Some(Label::from_wire("East")),
        }]);
        assert_eq!(at(&mut nodes, "West", "west-pub"), "West");
        assert_eq!(at(&mut nodes, "", "cucm-pub"), "East");
        assert_eq!(at(&mut nodes, "", ""), "East", "by the sender's address");
    }
}
