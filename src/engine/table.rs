//! The hot accounts: a table of fixed capacity, allocated once. When it is full, an account with the fewest failures makes room, of these
//! the one that failed longest ago; one that is locked or has an open alert never does.

use siphasher::sip::SipHasher13;

use crate::engine::account::AccountRecord;
use crate::event::{Account, Label, Realm};

/// Slots that are looked at to find one that can make room.
const LOOKED_AT: usize = 32;
const EMPTY: u32 = u32::MAX;
/// Failures from which on it makes no difference who has more.
const NEAR: usize = 4;

/// Where an account stands. Valid until the next insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(usize);

/// Accounts by realm and name; the cluster distinguishes, and an unknown one is filled in when it becomes known.
#[derive(Debug)]
pub(crate) struct Accounts {
    slots: Vec<AccountRecord>,
    hashes: Vec<u64>,
    /// Open addressing over slot numbers, a power of two of at least twice the capacity.
    index: Box<[u32]>,
    capacity: usize,
    hand: usize,
    seed: (u64, u64),
    /// The key under which the record that [`Accounts::find`] found was known before.
    pub(crate) moved: Option<Vec<u8>>,
    /// Accounts that had to make room.
    pub(crate) evicted: u64,
}

impl Accounts {
    pub(crate) fn new(capacity: usize, seed: (u64, u64)) -> Self {
        let capacity = capacity.max(1);
        Self {
            slots: Vec::with_capacity(capacity),
            hashes: Vec::with_capacity(capacity),
            index: vec![EMPTY; (capacity * 2).next_power_of_two()].into_boxed_slice(),
            capacity,
            hand: 0,
            seed,
            moved: None,
            evicted: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&AccountRecord> {
        self.slots.get(slot.0)
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut AccountRecord> {
        self.slots.get_mut(slot.0)
    }

    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + use<> {
        (0..self.slots.len()).map(Slot)
    }

    /// The account of this name in `cluster`. If the message's cluster is unknown, the only one of this name; if the known
    /// one's is, that one, which then belongs to `cluster`.
    pub(crate) fn find(&mut self, realm: Realm, cluster: &Label, name: &str) -> Option<Slot> {
        let hash = self.hash(realm, name);
        let mut exact = None;
        let mut nameless = None;
        let mut others = 0_usize;
        let mut other = None;
        for at in self.probe(hash) {
            let Some(record) = self.slots.get(at) else { continue };
            if self.hashes.get(at) != Some(&hash) || !is_same(&record.account, realm, name) {
                continue;
            }
            if record.account.cluster == *cluster {
                exact = Some(at);
                break;
            } else if record.account.cluster.is_empty() {
                nameless = Some(at);
            } else {
                others += 1;
                other = Some(at);
            }
        }
        if let Some(at) = exact {
            return Some(Slot(at));
        }
        if cluster.is_empty() {
            return other.filter(|_| others == 1).map(Slot);
        }
        let at = nameless.filter(|_| others == 0)?;
        let record = self.slots.get_mut(at)?;
        self.moved = Some(record.key());
        record.account.cluster = cluster.clone();
        Some(Slot(at))
    }

    /// Takes a record back as it was kept; false if the table is full or has it already.
    pub(crate) fn restore(&mut self, record: AccountRecord) -> bool {
        let hash = self.hash(record.account.realm, record.account.name.as_str());
        let key = record.key();
        let known = self.probe(hash).any(|at| self.slots.get(at).is_some_and(|other| other.key() == key));
        !known && self.slots.len() < self.capacity && self.insert(record).is_some()
    }

    /// Adds an account that is not there yet. `None` if the table is full of accounts that may not make room.
    pub(crate) fn insert(&mut self, record: AccountRecord) -> Option<(Slot, Option<AccountRecord>)> {
        let hash = self.hash(record.account.realm, record.account.name.as_str());
        if self.slots.len() < self.capacity {
            let at = self.slots.len();
            self.slots.push(record);
            self.hashes.push(hash);
            self.link(hash, at);
            return Some((Slot(at), None));
        }
        let at = self.victim()?;
        self.unlink(at);
        let place = self.slots.get_mut(at)?;
        let gone = core::mem::replace(place, record);
        if let Some(known) = self.hashes.get_mut(at) {
            *known = hash;
        }
        self.link(hash, at);
        self.evicted += 1;
        Some((Slot(at), Some(gone)))
    }

    fn victim(&mut self) -> Option<usize> {
        let len = self.slots.len();
        let looked_at = (0..len).map(|n| (self.hand + n) % len);
        let mut free = looked_at.filter(|&at| self.slots.get(at).is_some_and(|r| !r.is_pinned()));
        let first = free.next()?;
        let at = core::iter::once(first)
            .chain(free.take(LOOKED_AT - 1))
            // Who is nearest to his limit stays longest.
            .min_by_key(|&at| self.slots.get(at).map(|record| (record.failures.len().min(NEAR), record.last)))?;
        self.hand = (at + 1) % len;
        Some(at)
    }

    /// A number of this account, whatever its cluster.
    pub(crate) fn hash(&self, realm: Realm, name: &str) -> u64 {
        use core::hash::Hasher as _;
        let mut hasher = SipHasher13::new_with_keys(self.seed.0, self.seed.1);
        hasher.write_u8(realm as u8);
        let mut folded = heapless::Vec::<u8, 128>::new();
        for byte in name.bytes() {
            if folded.push(byte.to_ascii_lowercase()).is_err() {
                break;
            }
        }
        hasher.write(&folded);
        hasher.finish()
    }

    fn positions(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let mask = self.index.len() - 1;
        let start = usize::try_from(hash & mask as u64).unwrap_or(0);
        (0..=mask).map(move |n| (start + n) & mask)
    }

    fn probe(&self, hash: u64) -> impl Iterator<Item = usize> + '_ {
        self.positions(hash)
            .map_while(|p| self.index.get(p).copied().filter(|&at| at != EMPTY))
            .filter_map(|at| usize::try_from(at).ok())
    }

    fn link(&mut self, hash: u64, at: usize) {
        let Ok(at) = u32::try_from(at) else { return };
        let free = self.positions(hash).find(|&p| self.index.get(p) == Some(&EMPTY));
        if let Some(place) = free.and_then(|p| self.index.get_mut(p)) {
            *place = at;
        }
    }

    /// Takes a slot out of the index and closes the gap, so that no probe ends early.
    fn unlink(&mut self, at: usize) {
        let (Some(&hash), Ok(number)) = (self.hashes.get(at), u32::try_from(at)) else { return };
        let Some(position) = self.positions(hash).find(|&p| self.index.get(p) == Some(&number)) else { return };
        let mask = self.index.len() - 1;
        if let Some(place) = self.index.get_mut(position) {
            *place = EMPTY;
        }
        let mut behind = position;
        loop {
            behind = (behind + 1) & mask;
            let Some(&next) = self.index.get(behind) else { return };
            if next == EMPTY {
                return;
            }
            let moved = usize::try_from(next).ok();
            if let Some(place) = self.index.get_mut(behind) {
                *place = EMPTY;
            }
            if let Some((moved, &hash)) = moved.and_then(|m| Some((m, self.hashes.get(m)?))) {
                self.link(hash, moved);
            }
        }
    }
}

fn is_same(account: &Account, realm: Realm, name: &str) -> bool {
    account.realm == realm && account.name.as_str().eq_ignore_ascii_case(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Name;
    use crate::units::Mono;

    fn record(cluster: &str, name: &str, last: u64) -> AccountRecord {
        let account = Account { realm: Realm::Cucm, cluster: Label::from_wire(cluster), name: Name::from_wire(name) };
        AccountRecord { last: Mono::from_millis(last), ..AccountRecord::new(account) }
    }

    fn find(table: &mut Accounts, cluster: &str, name: &str) -> Option<String> {
        let slot = table.find(Realm::Cucm, &Label::from_wire(cluster), name)?;
        table.get(slot).map(|r| format!("{}/{}", r.account.cluster, r.account.name))
    }

    #[test]
    fn an_unknown_cluster_finds_the_only_account_of_that_name() {
        let mut table = Accounts::new(8, (1, 2));
        table.insert(record("", "jdoe", 1)).unwrap();
        assert_eq!(find(&mut table, "East", "JDOE").as_deref(), Some("East/jdoe"), "the cluster is filled in");
        assert_eq!(find(&mut table, "", "jdoe").as_deref(), Some("East/jdoe"));
        assert_eq!(find(&mut table, "West", "jdoe"), None);
        table.insert(record("West", "jdoe", 1)).unwrap();
        assert_eq!(find(&mut table, "", "jdoe"), None, "two of that name: not guessed");
    }

    #[test]
    fn a_full_table_gives_up_who_failed_longest_ago_and_still_finds_the_rest() {
        let mut table = Accounts::new(32, (1, 2));
        for n in 0..200_u64 {
            let (_, gone) = table.insert(record("East", &format!("u{n}"), n)).unwrap();
            assert_eq!(gone.map(|r| r.account.name.to_string()), n.checked_sub(32).map(|old| format!("u{old}")));
        }
        for n in 0..200 {
            assert_eq!(find(&mut table, "East", &format!("u{n}")).is_some(), n >= 168, "u{n}");
        }
        assert_eq!((table.len(), table.evicted), (32, 168));
    }
}
