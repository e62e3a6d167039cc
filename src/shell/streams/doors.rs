//! Who may connect, and how many at once.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Notify, watch};

use crate::config::{Admission, Limits};
use crate::verdict::Verdict;

/// How many connections there are, for health.
#[derive(Debug, Default)]
pub(crate) struct Count {
    open: AtomicUsize,
}

impl Count {
    /// Connections that are open now.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

/// The doors of all listening sockets.
pub(super) struct Doors {
    pub(super) limits: Limits,
    admission: watch::Receiver<Admission>,
    places: Rc<Places>,
}

struct Places {
    /// Addresses with their open connections: never more than the limit of connections.
    taken: RefCell<Vec<(IpAddr, usize)>>,
    count: Arc<Count>,
    freed: Notify,
}

/// A connection's place, until it is dropped.
pub(super) struct Place {
    places: Rc<Places>,
    pub(super) from: IpAddr,
}

impl Doors {
    pub(super) fn new(limits: Limits, admission: watch::Receiver<Admission>, count: Arc<Count>) -> Self {
        let places = Places { taken: RefCell::new(Vec::new()), count, freed: Notify::new() };
        Self { limits, admission, places: Rc::new(places) }
    }

    /// A place for a connection from this address, or why it gets none.
    pub(super) fn open(&self, from: IpAddr) -> Result<Place, Verdict> {
        if !self.admission.borrow().allows(from) {
            return Err(Verdict::SenderNotAllowed);
        }
        let mut taken = self.places.taken.borrow_mut();
        let all: usize = taken.iter().map(|(_, n)| n).sum();
        let its = taken.iter_mut().find(|(address, _)| *address == from);
        let full = all >= self.limits.connections;
        match its {
            Some((_, n)) if !full && *n < self.limits.per_address => *n += 1,
            None if !full => taken.push((from, 1)),
            Some(_) | None => return Err(Verdict::TooManyConnections),
        }
        self.places.count.open.store(all + 1, Ordering::Relaxed);
        Ok(Place { places: Rc::clone(&self.places), from })
    }

    /// Waits until no connection is open.
    pub(super) async fn closed(&self) {
        while !self.places.taken.borrow().is_empty() {
            self.places.freed.notified().await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.borrow_mut();
        if let Some((_, n)) = taken.iter_mut().find(|(address, _)| *address == self.from) {
            *n -= 1;
        }
        taken.retain(|(_, n)| *n > 0);
        self.places.count.open.store(taken.iter().map(|(_, n)| n).sum(), Ordering::Relaxed);
        self.places.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doors(connections: usize, per_address: usize) -> Doors {
        let allow = vec!["192.0.2.0/24".parse().unwrap()];
        let admission = Admission { allow, communities: Vec::new() };
        let (_, admission) = watch::channel(admission);
        Doors::new(Limits { connections, per_address, ..Limits::default() }, admission, Arc::default())
    }

    #[test]
    fn a_connection_needs_an_address_that_may_send_and_a_place() {
        let doors = doors(3, 2);
        let open = |from: &str| doors.open(from.parse().unwrap());
        assert_eq!(open("198.51.100.1").err(), Some(Verdict::SenderNotAllowed));
        let first = open("192.0.2.1").unwrap();
        let _second = open("192.0.2.1").unwrap();
        assert_eq!(open("192.0.2.1").err(), Some(Verdict::TooManyConnections), "two from one address");
        let _third = open("192.0.2.2").unwrap();
        assert_eq!((open("192.0.2.3").err(), doors.places.count.open()), (Some(Verdict::TooManyConnections), 3));
        drop(first);
        assert_eq!(doors.places.count.open(), 2);
        assert!(open("192.0.2.1").is_ok());
    }
}
