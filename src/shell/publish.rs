//! What `health` says, for its MQTT topic and the service manager, each time that it has changed.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::health::Health;
use super::manager;

/// The published `health` is looked at this often; it is sent when it has changed.
const HEALTH_EVERY: Duration = Duration::from_secs(30);

/// Publishes `health` when something other than the passing of time has changed; at once when a sink's state has.
pub(super) async fn run(health: Health, document: watch::Sender<String>) {
    let changed = Arc::new(Notify::new());
    for (_, state) in &health.sinks {
        tokio::spawn(state.clone().notify_changes(Arc::clone(&changed)));
    }
    tokio::spawn(notify_outages(health.keeper.on_disk.clone(), Arc::clone(&changed)));
    for (_, _, mut state) in health.mitel.clone() {
        let changed = Arc::clone(&changed);
        tokio::spawn(async move {
            while state.changed().await.is_ok() {
                changed.notify_one();
            }
        });
    }
    loop {
        let report = lasting(health.report().await);
        let text = report.to_string();
        let _same = document.send_if_modified(|old| {
            let changed = *old != text;
            if changed {
                manager::status(&report);
            }
            *old = text;
            changed
        });
        let _quiet = timeout(HEALTH_EVERY, changed.notified()).await.is_err();
    }
}

/// Tells when the store's disk fails, and when it works again.
async fn notify_outages(mut on_disk: watch::Receiver<bool>, changed: Arc<Notify>) {
    while on_disk.changed().await.is_ok() {
        changed.notify_one();
    }
}

/// What does not change by the passing of time alone.
fn lasting(mut report: Value) -> Value {
    if let Some(all) = report.as_object_mut() {
        all.remove("uptime_s");
    }
    for list in ["/snmpv3/senders", "/nodes"] {
        let items = report.pointer_mut(list).and_then(Value::as_array_mut);
        for item in items.into_iter().flatten().filter_map(Value::as_object_mut) {
            item.remove("silent_s");
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_changes_by_the_passing_of_time_alone_is_not_published() {
        let report = |uptime, silent| {
            let sender = json!({ "engine_id": "0x8000000901", "silent_s": silent });
            json!({ "status": "ok", "uptime_s": uptime, "snmpv3": { "boots": 1, "senders": [sender] } })
        };
        assert_eq!(lasting(report(5, 1)), lasting(report(35, 31)));
        let senders = json!([{ "engine_id": "0x8000000901" }]);
        assert_eq!(lasting(report(5, 1)), json!({ "status": "ok", "snmpv3": { "boots": 1, "senders": senders } }));
        assert_eq!(lasting(json!({ "status": "ok", "snmpv3": null })), json!({ "status": "ok", "snmpv3": null }));
    }
}
