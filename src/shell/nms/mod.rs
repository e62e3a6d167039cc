//! stand-in
use crate::alert::Alert;
use crate::wire::snmp::{Kind, Oid, Version};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
/// x
pub const DEFAULT_ROOT: Oid = Oid::known(&[1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 8162]);
/// x
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Receiver {
    pub address: String,
    pub version: Version,
    pub kind: Kind,
    pub community: Vec<u8>,
    pub timeout: Duration,
    pub root: Oid,
}
/// x
#[allow(missing_docs)]
pub struct Notify {
    pub token: u64,
    pub alert: Arc<Alert>,
}
/// x
#[allow(missing_docs)]
#[derive(Debug)]
pub enum ReceiverState {
    Idle,
    Delivering,
    Down { reason: String },
}
/// x
pub async fn run(
    _: Receiver,
    _: impl Fn() -> u32 + Send,
    mut n: mpsc::Receiver<Notify>,
    a: mpsc::Sender<u64>,
    _: watch::Sender<ReceiverState>,
    _: watch::Receiver<bool>,
) {
    while let Some(x) = n.recv().await {
        a.send(x.token).await.ok();
    }
}
