//! A message of our own, to see whether messages still come through.

use core::net::{IpAddr, Ipv4Addr};

use super::Path;
use crate::event::Sender;
use crate::units::Now;
use crate::wire::syslog;

/// It says nothing that could be counted.
const LINE: &str = "<46>lockwarden: a message comes through";

impl Path {
    /// Takes a message the whole way through decoder, catalogue and engine, and does what is due. It is in no tally, comes from nobody's
    /// address, and changes nothing.
    pub fn probe(&mut self, now: Now) {
        let nobody = Sender::from(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let _unlisted = self.read_record(&syslog::decode(LINE), false, nobody, now);
        self.tick(now);
    }
}

#[cfg(test)]
mod tests {
    use crate::catalogue::Catalogue;
    use crate::engine::{Engine, Settings};
    use crate::path::{Doors, Path};
    use crate::units::{Mono, Now, Wall};

    #[test]
    fn a_probe_leaves_no_trace() {
        let engine = Engine::new(Settings::default(), [], (1, 2));
        let mut path = Path::new(engine, Catalogue::shipped().unwrap(), Doors::open());
        path.probe(Now { mono: Mono::FIRST, wall: Wall::default(), synchronised: true });
        assert_eq!((path.tallies().total(), path.engine.watched().count(), path.engine.nodes().count()), (0, 0, 0));
        assert_eq!((path.engine.accounts().count(), path.engine.next_action().is_none()), (0, true));
    }
}
