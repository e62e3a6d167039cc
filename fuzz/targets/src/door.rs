//! The path behind an open door: everything from datagram to verdict, with the time that a service would have.

use core::net::{IpAddr, Ipv4Addr};

use lockwarden::catalogue::Catalogue;
use lockwarden::engine::{Engine, Settings};
use lockwarden::path::{Doors, Path, Reply};
use lockwarden::units::{Mono, Now, Span, Wall};
use lockwarden::usm::{Identity, LocalEngine, Receiver};
use lockwarden::verdict::Verdict;

use crate::party;

const FROM: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
const START: Wall = Wall::from_millis(1_768_465_260_000);
/// From one input to the next.
const STEP: Span = Span::secs(1);

/// A path that admits everybody.
#[derive(Debug)]
pub(crate) struct Door {
    path: Path,
    now: Now,
}

impl Door {
    pub(crate) fn new() -> Self {
        let catalogue = Catalogue::shipped().expect("the shipped catalogue is legal");
        let engine = Engine::new(Settings::default(), catalogue.families(), (1, 2));
        let now = Now { mono: Mono::ZERO, wall: START, synchronised: true };
        Self { path: Path::new(engine, catalogue, Doors::open()), now }
    }

    /// With the users of [`party`], and an engine of ours.
    pub(crate) fn with_users() -> Self {
        let mut door = Self::new();
        let local = LocalEngine::new(Identity::new(party::engine(party::OURS)), Mono::ZERO);
        door.path.usm = Some(Receiver::new(local, party::users(), 7, (1, 2)));
        door
    }

    /// Seconds since the first input, before the next one.
    pub(crate) fn seconds(&self) -> u32 {
        u32::try_from(self.now.mono.since(Mono::ZERO).as_secs()).unwrap_or(u32::MAX)
    }

    pub(crate) fn snmp(&mut self, datagram: &[u8]) -> (Verdict, Option<Reply>) {
        self.pass(|path, now| path.snmp(datagram, FROM, now), |(verdict, _)| *verdict)
    }

    pub(crate) fn syslog(&mut self, message: &[u8]) -> Verdict {
        self.pass(|path, now| path.syslog(message, FROM, now), |verdict| *verdict)
    }

    /// One input ends in exactly one verdict, whatever comes of it.
    fn pass<T>(&mut self, put: impl FnOnce(&mut Path, Now) -> T, verdict: impl FnOnce(&T) -> Verdict) -> T {
        self.now.mono = self.now.mono + STEP;
        self.now.wall = self.now.wall.plus(STEP);
        self.path.tick(self.now);
        let before = self.path.tallies().clone();
        let end = put(&mut self.path, self.now);
        let (mut expected, ended) = (before.clone(), verdict(&end));
        expected.record(ended);
        // A piece may have made another message give up waiting: then a held piece came to something else as well.
        let after = self.path.tallies();
        let turned = ended == Verdict::PartHeld && after.total() == expected.total();
        assert!(turned || *after == expected, "one input, one verdict: {after:?} after {before:?}");
        while self.path.engine.next_action().is_some() {}
        end
    }
}
