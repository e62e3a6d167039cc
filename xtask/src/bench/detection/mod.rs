//! `bench --detection`: months that were made, with the truth beside them, through the engine in virtual time; precision and recall of
//! each finding. A month without attacks may raise nothing above `notice`, and no attack may be missed.

mod play;
mod score;

use std::time::Instant;

use lockwarden::alert::Severity;

use crate::r#gen::{self, Plan};
use crate::workspace::{Failure, Workspace, succeed};

use play::{Finding, Played, play};
use score::Score;

/// Findings of each sort that are listed for people.
const LISTED: usize = 12;

/// Plays both sets and prints the table.
pub(super) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Failure> {
    let (plan, only) = read(arguments)?;
    if cfg!(debug_assertions) {
        let mut again = workspace.cargo();
        again.args(["run", "--quiet", "--release", "--package", "xtask", "--", "bench", "--detection"]).args(arguments);
        return succeed(&mut again);
    }
    let mut wrong = Vec::new();
    if only != Some("attacks") {
        let calm = timed("without attacks", &Plan { attacks: Vec::new(), ..plan.clone() })?;
        wrong.extend(without_attacks(&calm));
    }
    if only != Some("calm") {
        let attacked = timed("with attacks", &plan)?;
        wrong.extend(with_attacks(&attacked));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failure::Said(wrong.join("; "))) }
}

/// `--seed`, `--days`, `--users`, `--attacks`, and `--only calm` or `--only attacks`.
fn read(arguments: &[String]) -> Result<(Plan, Option<&'static str>), Failure> {
    let mut plan = Plan { seed: 1, days: 30, users: 20_000, attacks: r#gen::NAMES.to_vec() };
    let mut only = None;
    let known = "--seed N, --days N, --users N, --attacks all|NAME,..., --only calm|attacks";
    for pair in arguments.chunks(2) {
        let [name, given] = pair else { return Err(Failure::Said(format!("there are {known}, each with a value"))) };
        let number = || given.parse::<u32>().map_err(|_| Failure::Said(format!("{name} {given}: not a number")));
        match (name.as_str(), given.as_str()) {
            ("--seed", _) => plan.seed = number()?.into(),
            ("--days", _) => plan.days = number()?,
            ("--users", _) => plan.users = number()?.clamp(100, 60_000),
            ("--attacks", names) => plan.attacks = r#gen::attacks(names)?,
            ("--only", "calm") => only = Some("calm"),
            ("--only", "attacks") => only = Some("attacks"),
            _ => return Err(Failure::Said(format!("no option `{name} {given}`; there are {known}"))),
        }
    }
    Ok((plan, only))
}

fn timed(what: &str, plan: &Plan) -> Result<Played, Failure> {
    eprintln!("bench: {} days of {} users {what}, seed {}", plan.days, plan.users, plan.seed);
    let began = Instant::now();
    let played = play(plan)?;
    println!("{} days {what}: {} messages in {:.1} s", plan.days, played.messages, began.elapsed().as_secs_f64());
    Ok(played)
}

fn without_attacks(played: &Played) -> Option<String> {
    println!("{}", Score::of(played));
    let above: Vec<&Finding> = played.findings.iter().filter(|finding| finding.severity > Severity::Notice).collect();
    println!("alerts above notice: {}", above.len());
    list(&above);
    (!above.is_empty()).then(|| format!("{} alerts above notice without any attack", above.len()))
}

fn with_attacks(played: &Played) -> Option<String> {
    let score = Score::of(played);
    println!("{score}");
    let missed = score.missed_attacks();
    println!("attacks that were missed: {}", missed.len());
    missed.iter().take(LISTED).for_each(|label| println!("  {label}"));
    let unexplained: Vec<&Finding> =
        score.unexplained().filter(|finding| finding.severity > Severity::Notice).collect();
    println!("alerts above notice that no label explains: {}", unexplained.len());
    list(&unexplained);
    (!missed.is_empty()).then(|| format!("{} attacks were missed", missed.len()))
}

fn list(findings: &[&Finding]) {
    findings.iter().take(LISTED).for_each(|finding| println!("  {finding}"));
    if let Some(more @ 1..) = findings.len().checked_sub(LISTED) {
        println!("  and {more} more");
    }
}
