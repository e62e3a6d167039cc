//! `torture`: SIGKILL for the service, its broker and its NMS at random points under load, until it is sure that nothing
//! acknowledged is lost and nothing is counted twice. docs/reliability.md says what is promised and why.
//!
//! Everything random follows from the seed; where in the service's work a kill falls does not, since that is a matter of microseconds.

#![expect(clippy::disallowed_methods, reason = "kills have their times, and waits their deadlines")]

mod broker;
mod ledger;
mod lines;
mod load;
mod nms;
mod options;
mod outage;
mod process;
mod report;
mod rounds;
mod service;
mod told;
mod usm;
mod watched;

use std::path::{Path, PathBuf};
use std::{env, fs};

use options::{Options, What};
use rounds::Site;

use crate::bench::machine;
use crate::workspace::{Failure, Workspace, succeed};

/// Runs it with the binary that `LOCKWARDEN_BIN` names, or else the release binary.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Failure> {
    let options = Options::read(arguments)?;
    let binary = binary(workspace)?;
    let directory = workspace.target().join("torture");
    if directory.exists() {
        fs::remove_dir_all(&directory).map_err(|e| Failure::of("target/torture", e))?;
    }
    if let What::Outage = options.what {
        return outage::run(&binary, &directory, options.minutes).map(|()| println!("{}", machine::line()));
    }
    println!(
        "torture: seed {}, {} kills of the service, {} of broker and NMS each",
        options.seed, options.service, options.others
    );
    let outcome = tortured(&binary, &directory, &options);
    outcome.map_err(|failure| match failure {
        Failure::Said(text) => Failure::Said(format!(
            "{text}\nto repeat it: cargo xtask torture --rounds {} --seed {}; what was left lies in {}",
            options.service,
            options.seed,
            directory.display()
        )),
        Failure::Exit(code) => Failure::Exit(code),
    })
}

fn tortured(binary: &Path, directory: &Path, options: &Options) -> Result<(), Failure> {
    let mut site = Site::start(binary, directory, options)?;
    site.run()?;
    let report = site.finish()?;
    print!("{report}");
    println!("{}", machine::line());
    report.verdict()?;
    if let What::Everything = options.what {
        outage::run(binary, &directory.join("outage"), Some(10))?;
    }
    Ok(())
}

fn binary(workspace: &Workspace) -> Result<PathBuf, Failure> {
    if let Some(named) = env::var_os("LOCKWARDEN_BIN") {
        return Ok(named.into());
    }
    succeed(workspace.cargo().args(["build", "--release", "--package", "lockwarden"]))?;
    Ok(workspace.target().join("release").join("lockwarden"))
}
