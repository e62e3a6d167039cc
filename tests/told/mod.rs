//! What a message comes to, in words: shared by the tests that feed single messages to the whole path.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use lockwarden::catalogue::{Catalogue, Origin};
use lockwarden::config::Admission;
use lockwarden::engine::{Action, Engine, Settings};
use lockwarden::event::{Authenticated, Channel, Observation};
use lockwarden::path::{Doors, Path};
use lockwarden::units::Wall;
use lockwarden::verdict::Verdict;

/// A node of the cluster: the only sender that may.
pub(crate) const NODE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10));

/// A path with the shipped catalogue and every default, that has seen nothing.
pub(crate) fn path() -> Path {
    let catalogue = Catalogue::shipped().unwrap();
    let engine = Engine::new(Settings::default(), catalogue.families(), (1, 2));
    let node = Admission { allow: vec!["192.0.2.10/32".parse().unwrap()], communities: vec![b"public".to_vec()] };
    Path::new(engine, catalogue, Doors { traps: Some(node.clone()), syslog: Some(node) })
}

/// Where a message of the node came from.
pub(crate) fn origin(channel: Channel, received: Wall) -> Origin<'static> {
    let authenticated = if channel == Channel::Trap { Authenticated::Community } else { Authenticated::None };
    Origin { channel, authenticated, sender: "192.0.2.10", agent: "", received }
}

/// Each statement that `read` finds in a message, one a line, with all that it says.
pub(crate) fn statements(
    read: impl FnOnce(&Catalogue, &mut dyn FnMut(&Observation<'_>) -> Verdict) -> Verdict,
) -> String {
    let mut told = String::new();
    read(&Catalogue::shipped().unwrap(), &mut |said| {
        write!(told, "  {:?} {}/{}/{}", said.meaning, said.realm.as_str(), said.cluster, said.account).unwrap();
        write!(told, " credential={:?}", said.credential).unwrap();
        let mut add = |name: &str, value: &str| {
            if !value.is_empty() {
                write!(told, " {name}={value}").unwrap();
            }
        };
        add("node", said.node);
        add("source", said.source);
        add("interface", said.interface);
        add("at", &said.stamp.map(|stamp| stamp.at.to_string()).unwrap_or_default());
        add("unlock-s", &said.unlock_s.map(|seconds| seconds.to_string()).unwrap_or_default());
        add("failures", &said.reported_failures.map(|count| count.to_string()).unwrap_or_default());
        told.push('\n');
        Verdict::Failure
    });
    told
}

/// Each alert that waits to be told, one a line, complete.
pub(crate) fn alerts(path: &mut Path) -> String {
    let mut told = String::new();
    while let Some(action) = path.engine.next_action() {
        match action {
            Action::Tell(alert, _) | Action::Announce(alert) => writeln!(told, "  {}", alert.to_json()).unwrap(),
            Action::Hold(alert, _) => writeln!(told, "  held {}", alert.to_json()).unwrap(),
            Action::Forget(_) | Action::Move(..) | Action::Discard(_) | Action::Recall(_) => {}
            Action::Keep(record) => writeln!(told, "  kept {}", record.account.name).unwrap(),
        }
    }
    told
}
