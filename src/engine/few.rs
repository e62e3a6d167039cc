//! A list of at most so many, the oldest first. It takes the memory of those that it holds, not of the most that it may hold: thousands of
//! accounts have one failure each. Once full it takes no more, however much comes.

use core::ops::{Deref, DerefMut};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Few<T, const MOST: usize>(Vec<T>);

impl<T, const MOST: usize> Few<T, MOST> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    /// Adds one; if there is no room, the oldest makes it.
    pub(crate) fn push(&mut self, newest: T) {
        if self.is_full() {
            self.pop_front();
        }
        if self.0.len() == self.0.capacity() {
            self.0.reserve_exact(1);
        }
        self.0.push(newest);
    }

    pub(crate) fn pop_front(&mut self) -> Option<T> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn retain(&mut self, is_kept: impl FnMut(&T) -> bool) {
        self.0.retain(is_kept);
    }
}

impl<T, const MOST: usize> Default for Few<T, MOST> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const MOST: usize> Deref for Few<T, MOST> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const MOST: usize> DerefMut for Few<T, MOST> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T, const MOST: usize> IntoIterator for Few<T, MOST> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Few<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all = Vec::deserialize(deserializer)?;
        if all.len() > MOST {
            return Err(D::Error::invalid_length(all.len(), &"no more than there is room for"));
        }
        Ok(Self(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_makes_room_and_no_memory_is_taken_beforehand() {
        let mut few = Few::<u8, 3>::new();
        let capacities = [1, 2, 3, 4, 5].map(|n| {
            few.push(n);
            few.0.capacity()
        });
        assert_eq!((&few[..], few.is_full(), capacities), (&[3, 4, 5][..], true, [1, 2, 3, 3, 3]));
        assert_eq!((few.pop_front(), few.len()), (Some(3), 2));
    }

    #[test]
    fn it_is_kept_as_a_list_and_a_list_that_is_too_long_is_refused() {
        let list = |most| postcard::to_allocvec(&(1..=most).collect::<Vec<u8>>()).unwrap();
        let few = |most| postcard::from_bytes::<Few<u8, 3>>(&list(most));
        assert_eq!(postcard::to_allocvec(&few(3).unwrap()).unwrap(), list(3));
        assert!(few(4).is_err());
    }
}
