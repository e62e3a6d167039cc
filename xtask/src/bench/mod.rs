//! `bench`: what the service costs, beside what it may cost. One table; nothing is asserted, since times are this machine's.
//!
//! Everything is measured in the release profile: without it, this command runs itself again with it.

#![expect(clippy::disallowed_methods, reason = "time is what is measured")]

mod core_path;
mod detection;
mod flood;
mod footprint;
mod latency;
pub(crate) mod machine;
pub(crate) mod messages;
mod month;
pub(crate) mod process;
pub(crate) mod service;
mod snmptrapd;
mod subscriber;
mod table;
mod throughput;
mod traps;
pub(crate) mod user;

use std::fs;

use table::{Budgets, Table};

use crate::workspace::{Failure, Workspace, succeed};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Extent {
    /// Fewer samples, for a look in between.
    quick: bool,
}

impl Extent {
    fn pick<T>(self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}

/// Measures everything, then prints the table. `--in-process` leaves out what needs the service, `--traps` all but the traps through
/// its socket, `--flood` all but a flood of invented names, `--month` all but two months of a calm site. `--detection` measures what is
/// found instead of what it costs.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Failure> {
    if let Some((first, rest)) = arguments.split_first()
        && first == "--detection"
    {
        return detection::run(workspace, rest);
    }
    let known = ["--quick", "--in-process", "--traps", "--flood", "--month"];
    if let Some(argument) = arguments.iter().find(|argument| !known.contains(&argument.as_str())) {
        return Err(Failure::Said(format!("no option `{argument}`; there are {}", known.join(", "))));
    }
    if cfg!(debug_assertions) {
        let mut again = workspace.cargo();
        again.args(["run", "--quiet", "--release", "--package", "xtask", "--", "bench"]).args(arguments);
        return succeed(&mut again);
    }
    let given = |name: &str| arguments.iter().any(|argument| argument == name);
    let extent = Extent { quick: given("--quick") };
    let mut table = Table::default();
    let only = ["--traps", "--flood", "--month"].into_iter().find(|part| given(part));
    if only.is_none() {
        say("in process");
        core_path::measure(&mut table, extent)?;
    }
    if !given("--in-process") {
        with_service(workspace, &mut table, extent, only)?;
    }
    print!("{table}");
    println!("{}", machine::line());
    Ok(())
}

fn with_service(workspace: &Workspace, table: &mut Table, extent: Extent, only: Option<&str>) -> Result<(), Failure> {
    let budgets = Budgets::of_board(workspace)?;
    say("building the service");
    succeed(workspace.cargo().args(["build", "--release", "--package", "lockwarden"]))?;
    let place = service::Place {
        binary: workspace.target().join("release").join("lockwarden"),
        directory: workspace.target().join("bench"),
    };
    if place.directory.exists() {
        fs::remove_dir_all(&place.directory).map_err(|e| Failure::of("target/bench", e))?;
    }
    if only == Some("--traps") {
        say("traps");
        return traps::measure(&place, table, extent);
    }
    if only == Some("--flood") {
        say("flood");
        return flood::measure(&place, table, extent, &budgets);
    }
    if only == Some("--month") {
        say("month");
        return month::measure(&place, table, extent, &budgets);
    }
    say("latency");
    latency::measure(&place, table, extent)?;
    say("memory, size and start");
    footprint::measure(&place, table, extent, &budgets)?;
    say("throughput");
    throughput::measure(&place, table, extent)?;
    say("traps");
    traps::measure(&place, table, extent)?;
    say("flood");
    flood::measure(&place, table, extent, &budgets)
}

/// Which part is being measured, for whoever waits.
fn say(what: &str) {
    eprintln!("bench: {what}");
}
