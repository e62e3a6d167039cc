//! The time zones of nodes, from the system's time zone database: `$TZDIR`, else `/usr/share/zoneinfo`.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::catalogue::Zones;
use crate::config::{NodeZone, ZoneName};
use crate::wire::LocalZone;

/// Where the system keeps it.
const DATABASE: &str = "/usr/share/zoneinfo";
/// The longest file in it has some 4 KB.
const LONGEST: u64 = 1 << 16;

/// The zones that the configuration names.
pub(crate) fn load(nodes: &[NodeZone]) -> Result<Zones, Vec<String>> {
    let database = database();
    let (mut zones, mut problems) = (Zones::default(), Vec::new());
    for node in nodes {
        match zone(&node.zone, &database) {
            Ok(zone) => {
                for name in [Some(&node.name), node.address.as_ref()].into_iter().flatten() {
                    zones.add(name.clone(), zone.clone());
                }
            }
            Err(problem) => problems.push(format!("node.time-zone of {}: {problem}", node.name)),
        }
    }
    if problems.is_empty() { Ok(zones) } else { Err(problems) }
}

/// The zone of a controller's clock.
pub(crate) fn of_controller(name: &crate::event::Label, named: &ZoneName) -> Result<LocalZone, String> {
    zone(named, &database()).map_err(|problem| format!("mitel.time-zone of {name}: {problem}"))
}

fn database() -> PathBuf {
    std::env::var_os("TZDIR").map_or_else(|| DATABASE.into(), PathBuf::from)
}

fn zone(zone: &ZoneName, database: &Path) -> Result<LocalZone, String> {
    const REMEDY: &str =
        "allowed: a name of the time zone database (package tzdata), or an offset, for example \"+01:00\"";
    match zone {
        ZoneName::Offset(minutes) => LocalZone::fixed(*minutes).ok_or_else(|| REMEDY.to_owned()),
        ZoneName::Named(name) => {
            let file = database.join(name);
            let mut tzif = Vec::new();
            File::open(&file)
                .and_then(|opened| opened.take(LONGEST).read_to_end(&mut tzif))
                .map_err(|error| format!("{}: {error}; {REMEDY}", file.display()))?;
            LocalZone::from_tzif(name, &tzif).ok_or_else(|| format!("{}: is no time zone; {REMEDY}", file.display()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Label;

    #[test]
    fn a_zone_that_is_not_there_is_a_problem_and_an_offset_needs_no_database() {
        let node = |zone| NodeZone { name: Label::from_wire("cucm-pub"), address: None, zone };
        assert!(load(&[node(ZoneName::Offset(60))]).is_ok());
        let problems = load(&[node(ZoneName::Named("Europe/Atlantis".into()))]).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("node.time-zone of cucm-pub: "), "{problems:?}");
        assert!(problems[0].contains("Europe/Atlantis"), "{problems:?}");
    }
}
