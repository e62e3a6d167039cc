//! What the engine asks of its shell.

use crate::alert::Alert;
use crate::engine::account::AccountRecord;
use crate::event::Account;

/// What the shell must do.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Keep this alert and the record behind it durably, then deliver the alert to every sink.
    Tell(Box<Alert>, Box<AccountRecord>),
    /// Keep this alert durably, then deliver it to every sink: no account is behind it.
    Announce(Box<Alert>),
    /// Keep this alert durably, and the record behind it if there is one, but deliver it to nobody: a storm's digest counts it.
    Hold(Box<Alert>, Option<Box<AccountRecord>>),
    /// Keep this record: it made room for another.
    Keep(Box<AccountRecord>),
    /// Forget this record, if the store has had it: it made room, and one failure is not worth keeping.
    Forget(Box<AccountRecord>),
    /// Forget the record with this key: more have made room than are kept.
    Discard(Vec<u8>),
    /// Give back what is kept of this account, with [`crate::engine::Engine::recall`]: it is at hand again. It must be read before anything
    /// that was decided with this is written.
    Recall(Box<Account>),
    /// Keep this record in place of the one with this key: its cluster has become known.
    Move(Vec<u8>, Box<AccountRecord>),
}
