//! The command line. Every command answers `--help` with an example; errors go to standard error with what to do about them.

mod ask;
mod audit;
mod check;
mod demo;
mod explain;
mod mib;
mod replay;
mod send;

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use super::last_end::{FAILED, Failure};
use super::{run, zones};
use crate::catalogue::Catalogue;
use crate::config::Config;

/// What `check` and every other command ends with when the configuration is wrong.
const WRONG_CONFIGURATION: u8 = 2;

const EXAMPLES: &str = "Examples:
  lockwarden         run on embedded defaults
  lockwarden demo    see an attack and the alerts it makes
  lockwarden run --config /etc/lockwarden/lockwarden.toml";
const RUN_EXAMPLE: &str = "Example:
  lockwarden run --config /etc/lockwarden/lockwarden.toml

Ends on SIGTERM or SIGINT; reads its configuration again on SIGHUP.
Exit status: 0 ended by a signal, 1 could not start, 2 wrong configuration, 70 a part of it failed.";

const REPLAY_EXAMPLES: &str = "Examples:
  lockwarden replay incident.pcap --config lockwarden.toml
  lockwarden replay cucm.log --compare now.toml stricter.toml

Senders and communities are not checked.
Exit status: 0 read to its end, 2 wrong configuration, or a file that is damaged or cannot be read.";

const EXPLAIN_EXAMPLE: &str = "Examples:
  lockwarden explain \"<86>Jan 15 09:30:00 web1 sshd[2003]: Failed password for jdoe from 192.0.2.20 port 50122 ssh2\"
  tail -n 20 cucm.log | lockwarden explain - --config lockwarden.toml";

/// Alarm box for the lockouts of a Cisco Unified Communications Manager cluster.
#[derive(Debug, Parser)]
#[command(name = "lockwarden", version, about, max_term_width = 100)]
#[command(after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    place: Place,
}

/// Which service is meant.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Place {
    /// The configuration file; without it, embedded defaults
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The store's directory, instead of `store.path`
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service (also without any command)
    #[command(after_help = RUN_EXAMPLE)]
    Run,
    /// Check a configuration file: says nothing if it is right, else lists every problem
    #[command(after_help = "Example:\n  lockwarden check lockwarden.toml\n\nExit status: 0 right, 2 wrong.")]
    Check(check::CheckArgs),
    /// See it work: plays a CUCM attack through the real sockets and shows the MQTT messages that come out
    #[command(
        after_help = "Example:\n  lockwarden demo\n\nPlays to the running service; if none runs, to an own instance."
    )]
    Demo(demo::DemoArgs),
    /// Send one realistic CUCM message
    #[command(after_help = "Example:\n  lockwarden send lockout --account jdoe --via trap --to 192.0.2.50:162")]
    Send(send::SendArgs),
    /// Run a capture or a log through the same engine, offline, and print what it finds
    #[command(
        after_help = REPLAY_EXAMPLES
    )]
    Replay(replay::ReplayArgs),
    /// List the accounts at hand: who is locked, who is failing
    #[command(after_help = "Example:\n  lockwarden accounts --json")]
    Accounts(ask::AskArgs),
    /// List open alerts, then the newest closed ones
    #[command(after_help = "Example:\n  lockwarden alerts")]
    Alerts(ask::AskArgs),
    /// List logins, failed logins and logouts, newest first
    #[command(after_help = "Example:\n  lockwarden audit --user jdoe --since 2h --result failure")]
    Audit(audit::AuditArgs),
    /// Say whether everything works, and what does not
    #[command(after_help = "Example:\n  lockwarden health\n\nExit status: 0 ok, 1 no service answers, 3 degraded.")]
    Health(ask::AskArgs),
    /// Show what a syslog line is taken for, step by step, and why
    #[command(after_help = EXPLAIN_EXAMPLE)]
    Explain(explain::ExplainArgs),
    /// Print LOCKWARDEN-MIB, for the management station
    #[command(after_help = "Example:\n  lockwarden mib > LOCKWARDEN-MIB.txt")]
    Mib(mib::MibArgs),
}

/// Arguments to exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command.unwrap_or(Command::Run) {
        Command::Run => run_service(&cli.place),
        Command::Check(args) => check::run(&args),
        Command::Demo(args) => demo::run(&cli.place, &args),
        Command::Send(args) => send::run(&args),
        Command::Replay(args) => replay::run(&cli.place, &args),
        Command::Accounts(args) => ask::accounts(&cli.place, &args),
        Command::Alerts(args) => ask::alerts(&cli.place, &args),
        Command::Audit(args) => audit::run(&cli.place, &args),
        Command::Health(args) => ask::health(&cli.place, &args),
        Command::Explain(args) => explain::run(&cli.place, &args),
        Command::Mib(args) => mib::run(&args),
    }
}

fn run_service(place: &Place) -> ExitCode {
    let (config, catalogue) = match load(place) {
        Ok(loaded) => loaded,
        Err(problems) => return refuse(&problems),
    };
    match run::run(&config, catalogue, &|| load(place), &mut |line| say(line)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Start(problem)) => {
            complain(&problem);
            ExitCode::FAILURE
        }
        Err(Failure::Part(problem)) => {
            complain(&problem);
            ExitCode::from(FAILED)
        }
    }
}

/// The configuration and the catalogue that it names.
///
/// # Errors
/// All problems of all files.
pub(crate) fn load(place: &Place) -> Result<(Config, Catalogue), Vec<String>> {
    let mut config = match &place.config {
        None => Config::default(),
        Some(path) => read_config(path)?,
    };
    if let Some(store) = &place.store {
        config.store.path.clone_from(store);
    }
    let zones = zones::load(&config.node_zones);
    match (read_catalogue(&config), zones) {
        (Ok(catalogue), Ok(zones)) => Ok((config, catalogue.with_zones(zones))),
        (catalogue, zones) => Err([catalogue.err(), zones.err()].into_iter().flatten().flatten().collect()),
    }
}

/// The text of a configuration or catalogue file, which is never long.
fn read_text(path: &Path) -> Result<String, String> {
    const LONGEST: u64 = 1 << 20;
    let mut text = String::new();
    let file = fs::File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let length = file.take(LONGEST + 1).read_to_string(&mut text);
    let length = length.map_err(|error| format!("{}: {error}", path.display()))?;
    if u64::try_from(length).is_ok_and(|length| length > LONGEST) {
        return Err(format!("{}: longer than a mebibyte: this is no configuration", path.display()));
    }
    Ok(text)
}

fn read_config(path: &Path) -> Result<Config, Vec<String>> {
    let text = read_text(path).map_err(|problem| vec![problem])?;
    Config::parse(&path.display().to_string(), &text).map_err(|all| all.iter().map(ToString::to_string).collect())
}

fn read_catalogue(config: &Config) -> Result<Catalogue, Vec<String>> {
    let mut problems = Vec::new();
    let mut files = Vec::new();
    for path in &config.catalogue_files {
        match read_text(path) {
            Ok(text) => files.push((path.display().to_string(), text)),
            Err(problem) => problems.push(format!("catalogue.files: {problem}")),
        }
    }
    let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    match Catalogue::with_files(&named) {
        Ok(catalogue) if problems.is_empty() => Ok(catalogue),
        Ok(_) => Err(problems),
        Err(more) => Err(problems.into_iter().chain(more).collect()),
    }
}

fn refuse(problems: &[String]) -> ExitCode {
    problems.iter().for_each(|problem| complain(problem));
    ExitCode::from(WRONG_CONFIGURATION)
}

/// One line for the person at the terminal. A reader that has gone away is no error.
pub(crate) fn say(line: &str) {
    let _gone = writeln!(std::io::stdout().lock(), "{line}").is_err();
}

/// One line about something that went wrong.
pub(crate) fn complain(line: &str) {
    let _gone = writeln!(std::io::stderr().lock(), "{line}").is_err();
}
