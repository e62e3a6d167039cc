//! Which accounts the store has that had to leave the table. Each comes back with all that is known of it when it is told of again.
//!
//! There is room for [`MOST`]; when there are more, the store forgets those that left first.

use std::collections::{BTreeMap, VecDeque};

/// Accounts that the store keeps beyond those at hand.
pub const MOST: usize = 2 * crate::board::HOT_ACCOUNTS;

/// Accounts in the store that are not at hand. Those of one key are told apart by it alone; a hash of it stands for it here.
#[derive(Debug, Default)]
pub(crate) struct Idle {
    /// The one that left first in front. One that has come back since is still there, with a number that is not known any more.
    queue: VecDeque<Left>,
    /// The number under which each is in the queue, by hash.
    known: BTreeMap<u64, u64>,
    last: u64,
}

#[derive(Debug)]
struct Left {
    number: u64,
    hash: u64,
    key: Box<[u8]>,
}

impl Idle {
    /// The account with this key has left the table. Gives the key of the one that the store must forget for it, if there are too many.
    pub(crate) fn leave(&mut self, key: Vec<u8>) -> Option<Vec<u8>> {
        self.last += 1;
        let left = Left { number: self.last, hash: hash(&key), key: key.into() };
        self.known.insert(left.hash, left.number);
        self.queue.push_back(left);
        if self.queue.len() > 2 * MOST {
            self.queue.retain(|left| self.known.get(&left.hash) == Some(&left.number));
        }
        while self.known.len() > MOST {
            let first = self.queue.pop_front()?;
            if self.known.get(&first.hash) == Some(&first.number) {
                self.known.remove(&first.hash);
                return Some(first.key.into());
            }
        }
        None
    }

    /// Whether the account with this key is among them.
    pub(crate) fn has(&self, key: &[u8]) -> bool {
        self.known.contains_key(&hash(key))
    }

    /// Whether the account with this key was among them; it is not any more.
    pub(crate) fn come_back(&mut self, key: &[u8]) -> bool {
        self.known.remove(&hash(key)).is_some()
    }
}

fn hash(key: &[u8]) -> u64 {
    use core::hash::Hasher as _;
    let mut hasher = siphasher::sip::SipHasher13::new();
    hasher.write(key);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: usize) -> Vec<u8> {
        n.to_be_bytes().into()
    }

    #[test]
    fn an_account_comes_back_once() {
        let mut idle = Idle::default();
        assert_eq!((idle.leave(key(1)), idle.leave(key(2))), (None, None));
        assert_eq!([1, 1, 3, 2].map(|n| idle.come_back(&key(n))), [true, false, false, true]);
    }

    #[test]
    fn who_left_first_is_forgotten_for_the_newest_but_not_if_he_has_come_back_and_left_again() {
        let mut idle = Idle::default();
        assert!((0..MOST).all(|n| idle.leave(key(n)).is_none()));
        assert!(idle.come_back(&key(0)) && idle.come_back(&key(1)));
        assert_eq!((idle.leave(key(0)), idle.leave(key(MOST))), (None, None));
        assert_eq!((idle.leave(key(MOST + 1)), idle.leave(key(MOST + 2))), (Some(key(2)), Some(key(3))));
        assert!(idle.come_back(&key(0)) && !idle.come_back(&key(2)));
    }

    #[test]
    fn accounts_that_come_and_go_take_no_more_room_than_twice_as_many_as_there_can_be() {
        let mut idle = Idle::default();
        for _ in 0..3 * MOST {
            assert_eq!(idle.leave(key(1)), None);
            assert!(idle.come_back(&key(1)));
        }
        assert!(idle.queue.len() <= 2 * MOST && idle.known.is_empty());
    }
}
