//! What has changed, for the store: every so often, and at the end.

use std::rc::Rc;

use super::{Receiver, drain, drain_audit};
use crate::shell::turn::Turn;
use crate::units::Span;

/// Accounts, and records of the audit log, that are given to the store together when nothing hurries, so that it takes little memory.
pub(super) const AT_ONCE: usize = 32;

impl Receiver {
    pub(super) async fn flush_every(self: Rc<Self>, interval: Span) {
        let mut timer = tokio::time::interval(std::time::Duration::from_millis(interval.as_millis().max(1)));
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            timer.tick().await;
            while self.flush_some().await {
                self.keeper.settled().await;
            }
        }
    }

    async fn flush_some(&self) -> bool {
        let _turn = self.turnstile.lock().await;
        self.flush(false).await
    }

    /// At the end.
    pub(super) async fn keep_all(&self) {
        self.hurry().await;
        while self.flush(true).await {
            self.keeper.settled().await;
        }
    }

    /// What waits for pieces is counted as it is: nothing waits over a restart.
    async fn hurry(&self) {
        let mut turn = Turn::at(self.clock.now());
        {
            let mut path = self.path.borrow_mut();
            while path.hurry(turn.now) {
                drain(&mut path, &mut turn);
            }
        }
        if !turn.is_empty() {
            self.keeper.keep(turn).await;
        }
    }

    /// Gives the store some of what has changed, at the end of `all` that is counted. True if there is more.
    pub(super) async fn flush(&self, all: bool) -> bool {
        let mut turn = Turn::at(self.clock.now());
        self.count_drops(&mut turn);
        self.due.notify_one();
        let more = {
            let mut path = self.path.borrow_mut();
            drain(&mut path, &mut turn);
            let more = path.engine.drain_changed(AT_ONCE, all, |record| turn.records.push(record.clone()));
            if !turn.records.is_empty() && !more {
                turn.nodes = path.engine.nodes().cloned().collect();
            }
            if let Some(usm) = path.usm.as_mut() {
                usm.drain_changed(|change| turn.take_sender(change));
            }
            path.engine.drain_fronts(all, turn.now.mono, |key, front| turn.fronts.push((key, front.cloned())));
            turn.sync = true;
            drain_audit(&mut path, &mut turn);
            more || path.engine.has_audit()
        };
        if !turn.is_empty() {
            self.keeper.keep(turn).await;
        }
        more
    }
}
