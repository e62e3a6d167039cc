//! net-snmp's snmptrapd as the NMS: it prints every inform before it answers.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::process::{Prints, Process, free_port, program};
use super::told::{Message, Told};
use super::watched::Watched;
use crate::workspace::{Failure, write};

/// The objects of LOCKWARDEN-MIB, and in it the columns that are looked at.
const OBJECTS: &str = ".1.3.6.1.4.1.8072.9999.9999.8162.1.";
const ID: &str = "1";
const REVISION: &str = "2";
const STATE: &str = "3";
const KIND: &str = "4";
const ACCOUNT: &str = "9";
/// `cleared` and `lockout` in the MIB.
const CLEARED: &str = "3";
const LOCKOUT: &str = "1";

/// A running or killed snmptrapd.
#[derive(Debug)]
pub(super) struct Nms {
    directory: PathBuf,
    pub(super) at: SocketAddr,
    process: Option<Process>,
    /// What it was told.
    pub(super) told: Watched<Told>,
    pub(super) kills: u64,
}

impl Nms {
    /// Running.
    pub(super) fn start(directory: &Path) -> Result<Self, Failure> {
        let (directory, at) = (directory.join("nms"), free_port()?);
        let text = "authCommunity log nms-community\ndisableAuthorization no\nformat2 %P|%V|%v\\n\n";
        write(&directory.join("snmptrapd.conf"), text)?;
        let mut nms = Self { directory, at, process: None, told: Watched::new(Told::default()), kills: 0 };
        nms.start_again()?;
        Ok(nms)
    }

    /// Starts it.
    pub(super) fn start_again(&mut self) -> Result<(), Failure> {
        let mut run = program("snmptrapd")?;
        run.args(["-f", "-Le", "-n", "-C", "-On", "-c"]).arg(self.directory.join("snmptrapd.conf"));
        run.arg(format!("udp:{}", self.at)).env("SNMP_PERSISTENT_DIR", self.directory.join("persistent"));
        let told = self.told.clone();
        let process = Process::start("snmptrapd", run, Prints::Err, move |line| {
            if line.contains(OBJECTS) {
                told.with(|told| take(told, line));
            }
            line.starts_with("NET-SNMP version")
        })?;
        process.wait_ready()?;
        self.process = Some(process);
        Ok(())
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) -> Result<(), Failure> {
        self.kills += 1;
        self.process.take().map_or(Ok(()), Process::kill)
    }
}

impl Drop for Nms {
    fn drop(&mut self) {
        // What it keeps says nothing about a run.
        let _absent = fs::remove_dir_all(self.directory.join("persistent")).is_err();
    }
}

fn take(told: &mut Told, line: &str) {
    // sysUpTime is that of the try, all behind it that of the alert.
    let payload = line.split_once(OBJECTS).map_or("", |(_, payload)| payload);
    let fields = payload.split('|').filter_map(|field| {
        let (column, value) = field.trim_start_matches(OBJECTS).split_once(".0 = ")?;
        let (_, value) = value.split_once(": ")?;
        Some((column, value.trim_matches('"')))
    });
    let fields: Vec<_> = fields.collect();
    let field = |wanted: &str| fields.iter().find(|(column, _)| *column == wanted).map_or("", |(_, value)| *value);
    let (id, Ok(revision)) = (field(ID), field(REVISION).parse()) else {
        told.wrong.push(format!("no alert: {line}"));
        return;
    };
    told.take(&Message {
        id,
        revision,
        account: field(ACCOUNT),
        is_lockout: field(KIND) == LOCKOUT,
        is_cleared: field(STATE) == CLEARED,
        payload,
    });
}
