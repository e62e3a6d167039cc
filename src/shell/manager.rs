//! What the service manager is told, if there is one: that we listen, how we are, and that messages still come through (sd_notify(3)).

use std::future::pending;
use std::os::fd::{AsFd, BorrowedFd};

use sd_notify::NotifyState::{self, Ready, Reloading, Status, Stopping, Watchdog};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};

use super::keeper::KeeperHandle;
use super::receive::{PathHandle, Question};

/// We listen.
pub(crate) fn ready() {
    tell(&[Ready], &[]);
}

/// The configuration is being read again; [`ready`] follows.
pub(crate) fn reloading() {
    // systemd wants to know when it began.
    let since = NotifyState::monotonic_usec_now();
    tell(&core::iter::once(Reloading).chain(since).collect::<Vec<_>>(), &[]);
}

/// What is taken in comes to its end.
pub(crate) fn stopping() {
    tell(&[Stopping], &[]);
}

/// How we are, in one line, from `health`.
pub(crate) fn status(health: &Value) {
    tell(&[Status(&line(health))], &[]);
}

fn line(health: &Value) -> String {
    let site = health.get("site").and_then(Value::as_str).unwrap_or_default();
    let degraded: Vec<&str> =
        health.get("degraded").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let how = match degraded.as_slice() {
        [] => "ok".to_owned(),
        [one] => format!("degraded: {one}"),
        [first, others @ ..] => format!("degraded: {first} (and {} more: lockwarden health)", others.len()),
    };
    // It is one line whatever it quotes.
    format!("guards site \"{site}\": {how}").replace(['\n', '\r'], " ")
}

/// Feeds the watchdog for as long as a message of ours comes through the path, and what the path has decided through the store's thread.
/// It never ends.
pub(crate) async fn watch(path: PathHandle, keeper: KeeperHandle) {
    let Some(limit) = sd_notify::watchdog_enabled() else { return pending().await };
    let mut timer = interval((limit / 2).max(std::time::Duration::from_millis(1)));
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        let (reply, through) = oneshot::channel();
        if path.send(Question::Probe(reply)).await.is_ok() && through.await.is_ok() {
            keeper.settled().await;
            tell(&[Watchdog], &[]);
        }
    }
}

/// Says so, and hands these over.
pub(super) fn tell(state: &[NotifyState<'_>], sockets: &[&dyn AsFd]) {
    let fds: Vec<BorrowedFd<'_>> = sockets.iter().map(|socket| socket.as_fd()).collect();
    let told = if fds.is_empty() { sd_notify::notify(state) } else { sd_notify::notify_with_fds(state, &fds) };
    if let Err(error) = told {
        tracing::warn!("systemd cannot be told how we are: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_status_is_one_line_with_the_first_of_what_is_wrong() {
        let status = |degraded: Value| line(&json!({ "site": "hq", "degraded": degraded }));
        assert_eq!(status(json!([])), "guards site \"hq\": ok");
        assert_eq!(status(json!(["mqtt: down\nagain"])), "guards site \"hq\": degraded: mqtt: down again");
        let two = "guards site \"hq\": degraded: store: full (and 1 more: lockwarden health)";
        assert_eq!(status(json!(["store: full", "clock: not synchronised"])), two);
    }
}
