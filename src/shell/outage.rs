//! When the store's disk does not work: what an operator is told, and when it is tried again.

use std::time::Duration;

use tokio::time::Instant;

use crate::store::{Fault, FaultKind};

/// The first pause before the disk is tried again; each next is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The present outage, and the one before it.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    present: Option<Present>,
    count: u32,
    last: Option<String>,
}

#[derive(Debug)]
struct Present {
    fault: Fault,
    since: Instant,
    pause: Duration,
    next_try: Instant,
}

impl From<Option<(Fault, Instant)>> for Outage {
    fn from(fault: Option<(Fault, Instant)>) -> Self {
        let mut outage = Self::default();
        if let Some((fault, now)) = fault {
            outage.failed(fault, now);
        }
        outage
    }
}

impl Outage {
    /// When the disk is to be tried again; `None` while it works.
    pub(crate) fn next_try(&self) -> Option<Instant> {
        self.present.as_ref().map(|present| present.next_try)
    }

    /// What is wrong and what to do, while it is.
    pub(crate) fn text(&self) -> Option<String> {
        self.present.as_ref().map(|present| described(&present.fault))
    }

    /// Outages of this run.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// The last outage that is over.
    pub(crate) fn last(&self) -> Option<String> {
        self.last.clone()
    }

    /// The disk has failed at this time; true if there is something new to tell.
    pub(crate) fn failed(&mut self, fault: Fault, now: Instant) -> bool {
        match &mut self.present {
            Some(present) => {
                let is_new = present.fault.kind != fault.kind;
                present.pause = (present.pause * 2).min(LONGEST_PAUSE);
                present.next_try = now + present.pause;
                present.fault = fault;
                is_new
            }
            None => {
                self.count = self.count.saturating_add(1);
                self.present = Some(Present { fault, since: now, pause: FIRST_PAUSE, next_try: now + FIRST_PAUSE });
                true
            }
        }
    }

    /// The disk works. Says what is over, if something is.
    pub(crate) fn ended(&mut self, now: Instant) -> Option<String> {
        let Present { fault, since, .. } = self.present.take()?;
        let lasted = now.saturating_duration_since(since).as_secs();
        let text = format!("{fault}; after {lasted} s the disk works again, and everything kept in memory is on it");
        self.last = Some(text.clone());
        Some(text)
    }
}

/// What is wrong, what that means, and what to do.
pub(crate) fn described(fault: &Fault) -> String {
    let remedy = match fault.kind {
        FaultKind::NoSpace => "free space on its file system",
        FaultKind::ReadOnly => "make the directory writable for this user, or set store.path",
        FaultKind::Corrupt | FaultKind::Locked | FaultKind::Newer | FaultKind::Encode | FaultKind::Io => {
            "look at the disk (`dmesg`), or set store.path"
        }
    };
    format!(
        "store: {fault}; alerts and counters are kept in memory, and are written as soon as the disk works: {remedy}. Informs are not \
         answered until then"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::clock;

    fn full() -> Fault {
        Fault { action: "write the store", cause: "no space left on device".into(), kind: FaultKind::NoSpace }
    }

    #[test]
    fn pauses_double_up_to_half_a_minute() {
        let now = clock::instant();
        let mut outage = Outage::default();
        let pauses: Vec<u64> = (0..8)
            .map(|_| {
                outage.failed(full(), now);
                (outage.next_try().unwrap() - now).as_secs()
            })
            .collect();
        assert_eq!((pauses, outage.count()), (vec![1, 2, 4, 8, 16, 30, 30, 30], 1));
    }

    #[test]
    fn an_outage_is_told_once_and_its_end_once() {
        let now = clock::instant();
        let mut outage = Outage::from(Some((full(), now)));
        assert_eq!(
            outage.text().as_deref(),
            Some(
                "store: cannot write the store: no space left on device; alerts and counters are kept in memory, and are written as \
                 soon as the disk works: free space on its file system. Informs are not answered until then"
            )
        );
        assert!(!outage.failed(full(), now));
        let over = "cannot write the store: no space left on device; after 95 s the disk works again, and everything kept in memory is \
                    on it";
        assert_eq!(outage.ended(now + Duration::from_secs(95)).as_deref(), Some(over));
        assert_eq!((outage.ended(now), outage.text(), outage.next_try()), (None, None, None));
        assert_eq!(outage.last().as_deref(), Some(over));
        assert!(outage.failed(full(), now));
    }
}
