//! `gen`: labelled days of a site, from a seed: `cucm.log`, which `lockwarden replay` reads, and `labels.tsv`, which says what really
//! happened. Traps have no place in a file of lines; `bench --detection` plays them, too.

mod attack;
mod cucm;
mod day;
mod label;
mod line;
mod site;
mod stream;

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use lockwarden::units::Wall;

use crate::workspace::{Failure, Workspace};

pub(crate) use attack::NAMES;
pub(crate) use label::Label;
pub(crate) use site::ADMINISTRATORS;
pub(crate) use stream::{Plan, Stream};

/// Monday, 2026-01-05T00:00Z: the beginning of the first day.
const START: i64 = 1_767_571_200_000;

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    plan: Plan,
    to: Option<PathBuf>,
}

/// Writes the files.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Failure> {
    let options = Options::read(arguments)?;
    let folder = options.to.unwrap_or_else(|| workspace.target().join("gen"));
    let failed = |error: std::io::Error| Failure::of(folder.display().to_string(), error);
    fs::create_dir_all(&folder).map_err(failed)?;
    let mut lines = BufWriter::new(File::create(folder.join("cucm.log")).map_err(failed)?);
    let mut labels = BufWriter::new(File::create(folder.join("labels.tsv")).map_err(failed)?);
    writeln!(labels, "{}", label::HEAD).map_err(failed)?;
    let (mut written, mut labelled) = (0_u64, 0_u64);
    let mut stream = Stream::new(options.plan);
    while let Some(message) = stream.next() {
        for label in stream.take_labels() {
            labelled += 1;
            writeln!(labels, "{label}").map_err(failed)?;
        }
        if !message.is_trap {
            written += 1;
            lines.write_all(&message.bytes).and_then(|()| lines.write_all(b"\n")).map_err(failed)?;
        }
    }
    lines.flush().and_then(|()| labels.flush()).map_err(failed)?;
    println!("{}: {written} lines in cucm.log, {labelled} labels in labels.tsv", folder.display());
    Ok(())
}

impl Options {
    fn read(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self { plan: Plan { seed: 1, days: 30, users: 20_000, attacks: NAMES.to_vec() }, to: None };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let given =
                rest.next().ok_or_else(|| Failure::Said(format!("{argument} takes a value, or is none of ours")))?;
            let number =
                || given.parse::<u32>().map_err(|_| Failure::Said(format!("{argument} {given}: not a number")));
            match argument.as_str() {
                "--seed" => options.plan.seed = number()?.into(),
                "--days" => options.plan.days = number()?,
                // Names repeat after 26 * 24 * 100.
                "--users" => options.plan.users = number()?.clamp(100, 60_000),
                "--attacks" => options.plan.attacks = attacks(given)?,
                "--to" => options.to = Some(given.into()),
                other => {
                    let known = "--seed N, --days N, --users N, --attacks none|all|NAME,..., --to DIR";
                    return Err(Failure::Said(format!("no option `{other}`; there are {known}")));
                }
            }
        }
        Ok(options)
    }
}

/// `none`, `all`, or names with commas between.
pub(crate) fn attacks(given: &str) -> Result<Vec<&'static str>, Failure> {
    match given {
        "none" => Ok(Vec::new()),
        "all" => Ok(NAMES.to_vec()),
        names => names
            .split(',')
            .map(|name| {
                let known = NAMES.iter().find(|known| **known == name).copied();
                known.ok_or_else(|| Failure::Said(format!("no attack `{name}`; there are {}", NAMES.join(", "))))
            })
            .collect(),
    }
}

/// A time of the site as a time of the wall clock.
fn wall(at: i64) -> Wall {
    Wall::from_millis(START + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_wrong_ones_named() {
        let read = |text: &str| Options::read(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let plan = Plan { seed: 7, days: 2, users: 500, attacks: vec!["spray", "storm"] };
        assert_eq!(
            read("--seed 7 --days 2 --users 500 --attacks spray,storm --to x").unwrap(),
            Options { plan, to: Some("x".into()) }
        );
        assert_eq!(read("").unwrap().plan.attacks.len(), NAMES.len());
        for wrong in ["--seed", "--days many", "--attacks flood", "--long 1"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
