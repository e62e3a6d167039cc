//! New settings, and what an earlier run knew: records, nodes, what is counted of sprays, and alerts that were open.

use crate::alert::{Alert, Kind};
use crate::engine::account::AccountRecord;
use crate::engine::nodes::Node;
use crate::engine::settings::Settings;
use crate::engine::spray::Front;
use crate::engine::su::Switcher;
use crate::engine::{Engine, detect};
use crate::event::{Account, Family, Label};
use crate::units::Mono;

impl Engine {
    /// From now on decides by these settings, but for the site and its nodes, which stay.
    pub fn reload(&mut self, settings: Settings, families: impl IntoIterator<Item = Label>) {
        let (site, nodes) = (core::mem::take(&mut self.settings.site), core::mem::take(&mut self.settings.nodes));
        self.settings = Settings { site, nodes, ..settings };
        self.names.extend(families.into_iter().map(|name| (Family::of(name.as_str()), name)));
        // Any time may have become earlier: the next tick looks at all.
        self.next = Some(Mono::ZERO);
    }

    /// Says that the store has an account with this key beyond those that there is room for. Call before the first observation.
    pub fn restore_idle(&mut self, key: Vec<u8>) {
        // The caller does not keep more than there may be.
        let _discarded = self.idle.leave(key);
    }

    /// Takes back a record that an earlier run kept. Call before the first observation; false if there is no room.
    pub fn restore_account(&mut self, mut record: AccountRecord) -> bool {
        record.is_stored = true;
        let deadline = detect::deadline(&self.settings, &record);
        let restored = self.accounts.restore(record);
        self.note_deadline(deadline);
        restored
    }

    /// From now on, silence counts. Call before anything is taken back.
    pub fn begin(&mut self, now: Mono) {
        self.watch.begin(now);
        self.note_deadline(self.watch.deadline(&self.settings));
    }

    /// Takes back what an earlier run knew of a node.
    pub fn restore_node(&mut self, node: Node, now: Mono) {
        self.watch.restore_node(node.name.as_str(), &node.cluster, node.last_sign_in > Mono::ZERO, now);
        self.note_deadline(self.watch.deadline(&self.settings));
        self.nodes.restore(node);
    }

    /// Takes back an alert that was open when an earlier run ended, if it has no account that would bring it back.
    pub fn restore_alert(&mut self, alert: Alert, now: Mono) {
        if alert.kind == Kind::UnknownEngine {
            self.strangers.restore(alert, now);
        } else if alert.kind == Kind::Overload {
            self.overload.restore(&self.settings, alert, now);
        } else if alert.kind == Kind::Storm {
            self.storm.restore(alert, now);
        } else if alert.kind == Kind::BlindNode {
            self.watch.restore(alert, now);
        } else if alert.kind == Kind::RepeatedFailures && alert.account.is_none() {
            self.clusters.restore(alert, now);
        } else if alert.kind == Kind::FailedSu {
            self.switchers.restore_alert(alert, now);
        } else if alert.kind == Kind::Spray {
            self.sprays.restore_alert(alert, now);
        } else if matches!(alert.kind, Kind::SlowClimb | Kind::Distributed | Kind::SuccessAfterFailures) {
            self.restore_pattern(&alert, now);
        }
        self.note_deadlines_of_the_site();
    }

    /// Takes back where sprays were counted; false if there is no place for it.
    pub fn restore_front(&mut self, key: &[u8], front: Front) -> bool {
        self.sprays.restore(key, front)
    }

    /// Takes back what was counted of a user's tries to become another.
    pub fn restore_switcher(&mut self, switcher: Switcher) {
        self.switchers.restore(switcher);
    }

    fn restore_pattern(&mut self, alert: &Alert, now: Mono) {
        let (Some(realm), Some(name)) = (alert.realm, alert.account.clone()) else { return };
        let account = Account { realm, cluster: alert.cluster.clone().unwrap_or_default(), name };
        let known = self.accounts.find(account.realm, &account.cluster, account.name.as_str());
        if let Some(record) = known.or_else(|| self.admit(account)).and_then(|slot| self.accounts.get_mut(slot)) {
            record.trace.restore(alert, now);
            let deadline = detect::deadline(&self.settings, record);
            self.note_deadline(deadline);
        }
    }
}
