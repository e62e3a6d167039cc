//! Alerts as SNMP notifications, one task for each NMS.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::{Refresh, Shared, WAITING, acknowledge, feed};
use crate::config::{Nms, NmsIdentity, NotificationKind, SnmpVersion};
use crate::shell::clock::Clock;
use crate::shell::keeper::KeeperHandle;
use crate::shell::nms::{self, Notify, Receiver, ReceiverState};
use crate::shell::secrets;
use crate::wire::snmp::{Kind, Oid, Version};

/// The receiver that this configuration describes.
///
/// # Errors
/// If the community's file cannot be read, or the version is v3.
pub(crate) fn receiver(nms: &Nms) -> Result<Receiver, String> {
    let root = match &nms.root_oid {
        Some(ids) => Oid::new(ids.clone()).map_err(|error| format!("nms.root-oid: {error}"))?,
        None => nms::DEFAULT_ROOT,
    };
    let v3 = || format!("nms {}: v3 is not sent yet", nms.endpoint);
    let NmsIdentity::Community(community) = &nms.identity else { return Err(v3()) };
    Ok(Receiver {
        address: nms.endpoint.to_string(),
        version: match nms.version {
            SnmpVersion::V1 => Version::V1,
            SnmpVersion::V2c => Version::V2c,
            SnmpVersion::V3 => return Err(v3()),
        },
        kind: match nms.kind {
            NotificationKind::Trap => Kind::Trap,
            NotificationKind::Inform => Kind::Inform,
        },
        community: secrets::read("nms.community-file", community)?.expose().as_bytes().to_vec(),
        timeout: Duration::from_millis(nms.timeout.as_millis()),
        root,
    })
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
    // sysUpTime is in hundredths of a second and wraps.
    let uptime = move || u32::try_from(clock.running().as_millis() / 10 % (1 << 32)).unwrap_or(0);
    let sending = nms::run(receiver, uptime, to_notify, tokens, state, shutdown);
    let acknowledging = acknowledge(keeper.clone(), Arc::clone(&shared), name, acknowledged);
    let to_messages =
        |seq: u64, alert: &crate::alert::Alert| vec![Notify { token: seq, alert: Arc::new(alert.clone()) }];
    let feeding = feed(keeper, shared, first, notifications, to_messages, Refresh::never());
    tokio::select! {
        () = sending => {}
        () = async { tokio::join!(feeding, acknowledging); } => {}
    }
}
