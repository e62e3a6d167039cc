//! `mutants`: which changes to `src/engine` no test notices. All mutants are built into the tests at once and woken one after the other
//! by a number, since a build for each would take a day. Those that no test can or need notice stand with the reason in
//! `tests/mutants.txt`.

mod build;
mod list;
mod source;
mod trial;

use std::collections::BTreeSet;
use std::fs;

use crate::workspace::{Failure, Workspace};
use build::Built;
use list::List;
use trial::{End, Results};

const LIST: &str = "tests/mutants.txt";

/// What is to be done.
#[derive(Debug, Default)]
struct Options {
    /// Only mutants whose name has one of these in it.
    only: Vec<String>,
    /// Only say what there is.
    list: bool,
    /// Only those that survived the last time, or are in the list.
    survivors: bool,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--list" => options.list = true,
                "--survivors" => options.survivors = true,
                "--only" => {
                    let text = rest.next().ok_or_else(|| Failure::Said("--only takes a part of a name".into()))?;
                    options.only.push(text.clone());
                }
                other => {
                    return Err(Failure::Said(format!(
                        "no option {other}; there are --only TEXT, --list, --survivors"
                    )));
                }
            }
        }
        Ok(options)
    }

    fn takes(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }
}

/// Runs it.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Failure> {
    let options = Options::parse(arguments)?;
    let path = workspace.root().join(LIST);
    let text = fs::read_to_string(&path).map_err(|e| Failure::of(LIST, e))?;
    let list = List::parse(&text).map_err(Failure::Said)?;
    let place = workspace.target().join("mutants");
    let Built { names, tests, root } = build::build(workspace, &place)?;
    let mut results = Results::read(&place.join("results.tsv"))?;
    let survived: BTreeSet<String> = results.survivors();
    let wanted =
        |name: &String| options.takes(name) && (!options.survivors || list.has(name) || survived.contains(name));
    let chosen: Vec<(usize, &String)> = names.iter().enumerate().filter(|(_, name)| wanted(name)).collect();
    if options.list {
        chosen.iter().for_each(|(_, name)| println!("{name}"));
        return Ok(());
    }
    println!("mutants: {} of {} are tried", chosen.len(), names.len());
    let ends = trial::all(&tests, &root, &chosen, &mut results)?;
    let known: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let wrong = list.wrong(&ends, &known, chosen.len() == names.len());
    let count = |end: End| ends.iter().filter(|(_, other)| **other == end).count();
    let survivors = count(End::Survived);
    let unexplained = ends.iter().filter(|(name, end)| **end == End::Survived && !list.has(name)).count();
    wrong.iter().for_each(|line| println!("{line}"));
    println!(
        "mutants: {} tried; {} noticed by a test, {} by a test that took too long; {survivors} not noticed, {} of them explained in {LIST}",
        ends.len(),
        count(End::Noticed),
        count(End::Late),
        survivors - unexplained
    );
    if wrong.is_empty() { Ok(()) } else { Err(Failure::Said(format!("{} things to look at, see above", wrong.len()))) }
}
