//! `lockwarden audit`: shows the log of logins, failed logins and logouts, writes it to a file, and reads the file of another system.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::ask::table;
use super::{Place, complain, load, refuse, say};
use crate::audit::{
    Action, Already, AuditRecord, Column, DayOrder, Failed, Filter, LONGEST_FILE, Origin, Row, in_order, read_csv,
    read_json, read_xml, row_of_json, write_csv, write_json, write_xml,
};
use crate::config::{Config, Mitel, ZoneName};
use crate::event::Label;
use crate::shell::control::{self, Ask};
use crate::shell::{clock, zones};
use crate::units::{Span, Wall};

/// Of a controller's name, as in the configuration.
const LONGEST_NAME: usize = 64;
/// Records asked for, or sent, at a time.
const PAGE: usize = 64;
/// Records that are listed if nothing else is said.
const LIMIT: usize = 100;

/// What to do with the audit log.
#[derive(Clone, Debug, Args)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    command: Option<AuditCommand>,
    #[command(flatten)]
    wanted: Wanted,
    /// Show this many records at most
    #[arg(long, value_name = "N", default_value_t = LIMIT)]
    limit: usize,
    /// Print a list of JSON objects
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Debug, Subcommand)]
enum AuditCommand {
    /// Write the records to a file or to standard output, oldest first
    #[command(after_help = "Example:\n  lockwarden audit export --format csv --output audit.csv --since 7d")]
    Export(ExportArgs),
    /// Take the records of a file: a Mitel controller's export (CSV or XML), or what `export` wrote
    #[command(
        after_help = "Example:\n  lockwarden audit import audit.xml --controller mitel1\n\nWhat is there already is not taken again."
    )]
    Import(ImportArgs),
}

/// Which records.
#[derive(Clone, Debug, Args)]
struct Wanted {
    /// Only users whose name contains this
    #[arg(long, value_name = "TEXT")]
    user: Option<String>,
    /// Only from an address, cluster or node that contains this
    #[arg(long, value_name = "TEXT")]
    source: Option<String>,
    /// Only login types that contain this
    #[arg(long = "type", value_name = "TEXT")]
    login_type: Option<String>,
    /// Only this action
    #[arg(long)]
    action: Option<ActionArg>,
    /// Only logins that ended like this
    #[arg(long)]
    result: Option<ResultArg>,
    /// Only from this time on: 2026-01-15, 2026-01-15T08:00:00Z, or 30m, 2h, 7d before now
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Wall>,
    /// Only before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Wall>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ActionArg {
    Login,
    Logout,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ResultArg {
    /// The user came in, or left
    Success,
    /// The password or PIN was wrong
    Failure,
    /// The password was right, and no session was free
    NoSession,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    Csv,
    /// One object a line
    Json,
    Xml,
}

#[derive(Clone, Debug, Args)]
struct ExportArgs {
    /// How it is written
    #[arg(long)]
    format: Form,
    /// The file; without it, standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    wanted: Wanted,
}

#[derive(Clone, Debug, Args)]
struct ImportArgs {
    /// The file
    file: PathBuf,
    /// The controller that the records are of; without it, the only [[mitel]] of the configuration
    #[arg(long, value_name = "NAME")]
    controller: Option<String>,
    /// Dates such as 03/04/2026 are the 3rd of April
    #[arg(long)]
    day_first: bool,
}

impl Wanted {
    fn filter(&self) -> Filter {
        Filter {
            user: self.user.clone(),
            source: self.source.clone(),
            login_type: self.login_type.clone(),
            action: self.action.map(|action| match action {
                ActionArg::Login => Action::Login,
                ActionArg::Logout => Action::Logout,
            }),
            result: self.result.map(|result| match result {
                ResultArg::Success => None,
                ResultArg::Failure => Some(Failed::Authentication),
                ResultArg::NoSession => Some(Failed::NoSession),
            }),
            since: self.since,
            until: self.until,
        }
    }
}

pub(crate) fn run(place: &Place, args: &AuditArgs) -> ExitCode {
    let config = match load(place) {
        Ok((config, _)) => config,
        Err(problems) => return refuse(&problems),
    };
    let is_for_list = args.json || args.limit != LIMIT || args.wanted.filter() != Filter::default();
    let done = match &args.command {
        Some(_) if is_for_list => Err("options of `export` and `import` stand behind these words".into()),
        None => show(&config, args),
        Some(AuditCommand::Export(args)) => export(&config, args),
        Some(AuditCommand::Import(args)) => import(&config, args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain(&problem);
            ExitCode::FAILURE
        }
    }
}

fn show(config: &Config, args: &AuditArgs) -> Result<(), String> {
    let records = records(config, &args.wanted.filter(), args.limit)?;
    if args.json {
        say(&Value::Array(records.iter().map(write_json).collect()).to_string());
        return Ok(());
    }
    let titles = [
        "ID",
        "DATE",
        "TIME (UTC)",
        "ACTION",
        "USER",
        "FROM",
        "LOGIN TYPE",
        "AUTHENTICATED",
        "SESSION",
        "SESSION ID",
        "COMMENTS",
        "CLUSTER",
    ];
    let mut rows = vec![titles.map(String::from)];
    for record in &records {
        let cell = |column: Column| column.of(record);
        let mut cells = Column::of_form().iter().copied().chain([Column::Cluster]).map(cell);
        rows.push(core::array::from_fn(|_| cells.next().unwrap_or_default()));
    }
    table(&rows);
    Ok(())
}

fn export(config: &Config, args: &ExportArgs) -> Result<(), String> {
    let mut records = records(config, &args.wanted.filter(), usize::MAX)?;
    records.reverse();
    let bytes = match args.format {
        Form::Csv => write_csv(&records),
        Form::Xml => write_xml(&records).into_bytes(),
        Form::Json => records.iter().map(|record| format!("{}\n", write_json(record))).collect::<String>().into_bytes(),
    };
    match &args.output {
        None => {
            let _gone = std::io::stdout().lock().write_all(&bytes).is_err();
            Ok(())
        }
        Some(path) => {
            // Who signed in when is for its owner alone.
            let options = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
            options
                .and_then(|mut file| file.write_all(&bytes))
                .map_err(|error| format!("{}: {error}", path.display()))?;
            say(&format!("{} records in {}", records.len(), path.display()));
            Ok(())
        }
    }
}

fn import(config: &Config, args: &ImportArgs) -> Result<(), String> {
    let rows = read(&args.file)?;
    // A file of ours says itself whose each record is; a wrong name is a mistake all the same.
    let whose = match (rows.iter().all(Row::is_ours), args.controller.as_deref()) {
        (true, None) => Whose { cluster: Label::new(), name: Label::new(), zone: None },
        (_, name) => controller(&config.mitel, name)?,
    };
    let zone = whose.zone.map(|zone| zones::of_controller(&whose.name, zone)).transpose()?;
    let (cluster, node) = (whose.cluster, whose.name);
    let order = if args.day_first { DayOrder::DayFirst } else { DayOrder::MonthFirst };
    let origin = Origin { cluster, node, zone: zone.as_ref(), order, now: clock::wall() };
    let (mut read, mut flaws) = (Vec::new(), Vec::new());
    for (number, row) in (1..).zip(rows) {
        match row.record(&origin) {
            Ok(record) => read.push((row, record)),
            Err(flaw) => flaws.push((number, flaw)),
        }
    }
    let mut already = Already::default();
    records(config, &Filter::default(), usize::MAX)?.iter().for_each(|record| already.note(record));
    let (known, new): (Vec<_>, Vec<_>) = in_order(read).into_iter().partition(|record| already.takes(record));
    let mut counted = 0;
    for chunk in new.chunks(PAGE) {
        let answer = ask(config, Ask::AuditImport { records: chunk.iter().map(write_json).collect() })?;
        counted += answer.get("counted").and_then(Value::as_u64).unwrap_or(0);
    }
    say(&format!(
        "{} records taken, {} were there already; {counted} of the failed logins are recent enough to count",
        new.len(),
        known.len()
    ));
    if new.len() > config.audit.records {
        say(&format!("the log keeps {}: the older ones are overwritten (audit.records)", config.audit.records));
    }
    flaws.iter().take(10).for_each(|(number, flaw)| complain(&format!("record {number}: {}", flaw.as_str())));
    if flaws.is_empty() { Ok(()) } else { Err(format!("{} records were not taken", flaws.len())) }
}

/// The rows of a file of any form.
fn read(path: &Path) -> Result<Vec<Row>, String> {
    let named = |problem: String| format!("{}: {problem}", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| named(error.to_string()))?;
    file.take(LONGEST_FILE + 1).read_to_end(&mut bytes).map_err(|error| named(error.to_string()))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LONGEST_FILE) {
        return Err(named(format!("longer than {} MiB", LONGEST_FILE >> 20)));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(named("is UTF-16; save it as UTF-8".into()));
    }
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).trim_ascii_start().first().copied();
    match start {
        Some(b'<') => read_xml(&String::from_utf8_lossy(&bytes)),
        Some(b'{' | b'[') => read_json(&String::from_utf8_lossy(&bytes)),
        Some(_) | None => read_csv(&bytes),
    }
    .map_err(named)
}

/// What is known of the controller that the records are of.
#[derive(Debug, PartialEq, Eq)]
struct Whose<'c> {
    cluster: Label,
    name: Label,
    zone: Option<&'c ZoneName>,
}

/// The controller that is meant: one of the configured ones, or, where none is configured, any name.
fn controller<'c>(configured: &'c [Mitel], name: Option<&str>) -> Result<Whose<'c>, String> {
    let known = || configured.iter().map(|known| known.name.as_str()).collect::<Vec<_>>().join(", ");
    let found = match (name, configured) {
        (None, []) => return Err("the file does not say whose it is; say --controller NAME".into()),
        (None, [only]) => only,
        (None, _) => return Err(format!("which controller? say --controller NAME: one of {}", known())),
        (Some(name), []) => {
            let is_name = !name.trim().is_empty() && name.len() <= LONGEST_NAME && !name.contains(char::is_control);
            let label = Label::from_wire(name);
            return match is_name {
                true => Ok(Whose { cluster: label.clone(), name: label, zone: None }),
                false => Err(format!(
                    "--controller: a name has 1 to {LONGEST_NAME} characters, none of them a control character"
                )),
            };
        }
        (Some(name), _) => {
            let is_meant = |known: &&Mitel| known.name.as_str().eq_ignore_ascii_case(name);
            let unknown = || format!("--controller {name}: no [[mitel]] has this name; configured: {}", known());
            configured.iter().find(is_meant).ok_or_else(unknown)?
        }
    };
    let cluster = found.cluster.clone().unwrap_or_else(|| found.name.clone());
    Ok(Whose { cluster, name: found.name.clone(), zone: found.zone.as_ref() })
}

/// The newest records that the filter takes, newest first.
fn records(config: &Config, filter: &Filter, limit: usize) -> Result<Vec<AuditRecord>, String> {
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let answer = ask(config, Ask::Audit { before, limit: PAGE })?;
        let page: Vec<AuditRecord> = answer.as_array().into_iter().flatten().filter_map(record).collect();
        let Some(last) = page.last() else { return Ok(found) };
        before = Some(last.id);
        for record in page.into_iter().filter(|record| filter.takes(record)) {
            if found.len() >= limit {
                return Ok(found);
            }
            found.push(record);
        }
    }
}

fn record(value: &Value) -> Option<AuditRecord> {
    let object = value.as_object()?;
    let nowhere = Origin {
        cluster: Label::new(),
        node: Label::new(),
        zone: None,
        order: DayOrder::default(),
        now: Wall::default(),
    };
    let record = row_of_json(object).ok()?.record(&nowhere).ok()?;
    Some(AuditRecord { id: object.get(&Column::Id.key())?.as_u64()?, ..record })
}

fn ask(config: &Config, question: Ask) -> Result<Value, String> {
    let answer = control::ask(&config.store.path, question)?;
    match answer.get("error").and_then(Value::as_str) {
        Some(error) => Err(error.to_owned()),
        None => Ok(answer),
    }
}

/// A day, a time, or a length of time before now.
fn time(text: &str) -> Result<Wall, String> {
    let before = |unit: char, seconds: u64| {
        let number = text.strip_suffix(unit)?.parse::<u64>().ok()?;
        Some(clock::wall().minus(Span::secs(number.saturating_mul(seconds))))
    };
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let at = whole.parse::<jiff::Timestamp>().ok().map(|at| Wall::from_millis(at.as_millisecond()));
    at.or_else(|| units.into_iter().find_map(|(unit, seconds)| before(unit, seconds)))
        .ok_or_else(|| "not a time such as 2026-01-15, 2026-01-15T08:00:00Z or 2h".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configured(names: &[&str]) -> Vec<Mitel> {
        let sections =
            names.iter().map(|name| format!("[[mitel]]\naddress = \"{name}.example.test\"\nname = \"{name}\"\n"));
        Config::parse("lockwarden.toml", &sections.collect::<String>()).unwrap().mitel
    }

    #[test]
    fn a_controller_is_one_of_those_that_are_configured_or_any_if_none_is() {
        let two = configured(&["mitel1", "mitel2"]);
        let of = |configured, name| controller(configured, name).map(|whose| whose.name.to_string());
        assert_eq!(of(&two, Some("MITEL2")), Ok("mitel2".into()));
        let unknown = "--controller nosuch: no [[mitel]] has this name; configured: mitel1, mitel2";
        assert_eq!(of(&two, Some("nosuch")), Err(unknown.into()));
        assert_eq!(of(&two, None), Err("which controller? say --controller NAME: one of mitel1, mitel2".into()));
        assert_eq!(of(&two[..1], None), Ok("mitel1".into()));
        assert_eq!(of(&[], Some("hq-pbx")), Ok("hq-pbx".into()));
        assert_eq!(of(&[], None), Err("the file does not say whose it is; say --controller NAME".into()));
        let form = Err("--controller: a name has 1 to 64 characters, none of them a control character".to_owned());
        assert_eq!(
            (of(&[], Some(" ")), of(&[], Some("a\nb")), of(&[], Some(&"x".repeat(65)))),
            (form.clone(), form.clone(), form)
        );
    }
}
