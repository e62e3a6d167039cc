//! Reading back what the store keeps by the caller's own keys.

use serde::de::DeserializeOwned;

use super::backend::{Fault, Tree};
use super::layout::{Loaded, Store};
use super::record;

impl Store {
    /// One account's record, if there is a readable one.
    ///
    /// # Errors
    /// What the backend says.
    pub fn account<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Fault> {
        Ok(self.backend.get(Tree::Accounts, key)?.and_then(|bytes| record::decode(&bytes)))
    }

    /// All accounts.
    ///
    /// # Errors
    /// What the backend says.
    pub fn load_accounts<T: DeserializeOwned>(&self) -> Result<Loaded<T>, Fault> {
        self.load(Tree::Accounts, &[], |key| Some(key.to_vec()))
    }

    /// One account's last day, if there is a readable record of it.
    ///
    /// # Errors
    /// What the backend says.
    pub fn day<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Fault> {
        Ok(self.backend.get(Tree::Days, key)?.and_then(|bytes| record::decode_day(&bytes)))
    }

    /// The last days of all accounts.
    ///
    /// # Errors
    /// What the backend says.
    pub fn load_days<T: DeserializeOwned>(&self) -> Result<Loaded<T>, Fault> {
        self.load_as(Tree::Days, &[], |key| Some(key.to_vec()), record::decode_day)
    }

    /// Everywhere that sprays are counted.
    ///
    /// # Errors
    /// What the backend says.
    pub fn load_fronts<T: DeserializeOwned>(&self) -> Result<Loaded<T>, Fault> {
        self.load(Tree::Fronts, &[], |key| Some(key.to_vec()))
    }

    /// The tries of all users to become another.
    ///
    /// # Errors
    /// What the backend says.
    pub fn load_switchers<T: DeserializeOwned>(&self) -> Result<Loaded<T>, Fault> {
        self.load(Tree::Switchers, &[], |key| Some(key.to_vec()))
    }

    /// One user's tries to become another, if there is a readable record of them.
    ///
    /// # Errors
    /// What the backend says.
    pub fn switcher<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Fault> {
        Ok(self.backend.get(Tree::Switchers, key)?.and_then(|bytes| record::decode(&bytes)))
    }

    /// All nodes.
    ///
    /// # Errors
    /// What the backend says.
    pub fn load_nodes<T: DeserializeOwned>(&self) -> Result<Loaded<T>, Fault> {
        self.load(Tree::Nodes, &[], |key| Some(key.to_vec()))
    }

    /// All SNMPv3 engines.
    ///
    /// # Errors
    /// What the backend says.
    pub fn load_senders<T: DeserializeOwned>(&self) -> Result<Loaded<T>, Fault> {
        self.load(Tree::Senders, &[], |key| Some(key.to_vec()))
    }
}
