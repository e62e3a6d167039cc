//! Alerts as SNMP notifications, one task for each NMS.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::{Refresh, Shared, WAITING, acknowledge, feed};
use crate::config::{Nms, NmsIdentity, NotificationKind, SnmpVersion};
use crate::shell::clock::Clock;
use crate::shell::keeper::KeeperHandle;
use crate::shell::nms::{self, Content, Notify, Protocol, Receiver, ReceiverState};
use crate::shell::secrets;
use crate::shell::snmpv3::Keyring;
use crate::usm::LocalEngine;
use crate::wire::snmp::{Kind, Oid};

/// The receiver that this configuration describes; `engine` is ours.
///
/// # Errors
/// If the file of a community or password cannot be read, or a password is too short.
pub(crate) fn receiver(nms: &Nms, engine: &LocalEngine, keyring: &mut Keyring) -> Result<Receiver, String> {
    let root = match &nms.root_oid {
        Some(ids) => Oid::new(ids.clone()).map_err(|error| format!("nms.root-oid: {error}"))?,
        None => nms::DEFAULT_ROOT,
    };
    let kind = match nms.kind {
        NotificationKind::Trap => Kind::Trap,
        NotificationKind::Inform => Kind::Inform,
    };
    let of_nms = |problem| format!("nms {}: {problem}", nms.endpoint);
    let protocol = match &nms.identity {
        NmsIdentity::Community(community) => {
            let community = secrets::read("nms.community-file", community)?.expose().as_bytes().to_vec();
            match nms.version {
                SnmpVersion::V1 => Protocol::V1 { community },
                SnmpVersion::V2c | SnmpVersion::V3 => Protocol::V2c { community, kind },
            }
        }
        NmsIdentity::User(user) => Protocol::V3 {
            user: user.name.clone().into_bytes(),
            protection: keyring.protection("nms", &user.security).map_err(of_nms)?,
            kind,
            engine: engine.clone(),
        },
    };
    let timeout = Duration::from_millis(nms.timeout.as_millis());
    Ok(Receiver { address: nms.endpoint.to_string(), protocol, timeout, root })
}

/// The names of their cursors in the store: one stays the same as long as its address does. Where several have one address, the
/// later ones are numbered.
pub(crate) fn names(all: &[Nms]) -> Vec<Arc<str>> {
    let mut names: Vec<Arc<str>> = Vec::new();
    for nms in all {
        let name = format!("nms {}", nms.endpoint);
        let same = names.iter().filter(|known| known.split(" #").next() == Some(name.as_str())).count();
        names.push(if same == 0 { name.into() } else { format!("{name} #{}", same + 1).into() });
    }
    names
}

/// sysUpTime, in hundredths of a second; it wraps.
pub(crate) fn uptime(clock: Clock) -> impl Fn() -> u32 + Send {
    move || u32::try_from(clock.running().as_millis() / 10 % (1 << 32)).unwrap_or(0)
}

/// Delivers for ever. `first` is the outbox number to begin with.
pub(crate) async fn run(
    receiver: Receiver,
    name: Arc<str>,
    clock: Clock,
    keeper: KeeperHandle,
    first: u64,
    state: watch::Sender<ReceiverState>,
    shutdown: watch::Receiver<bool>,
) {
    let (notifications, to_notify) = mpsc::channel(WAITING);
    let (tokens, acknowledged) = mpsc::channel(WAITING);
    let shared = Shared::default();
    let sending = nms::run(receiver, uptime(clock), move || clock.now().mono, to_notify, tokens, state, shutdown);
    let acknowledging = acknowledge(keeper.clone(), Arc::clone(&shared), name, acknowledged);
    let to_messages = |seq: u64, alert: &crate::alert::Alert| {
        vec![Notify { token: seq, content: Content::Alert(Arc::new(alert.clone())) }]
    };
    let feeding = feed(keeper, shared, first, notifications, to_messages, Refresh::never());
    tokio::select! {
        () = sending => {}
        () = async { tokio::join!(feeding, acknowledging); } => {}
    }
}
