//! `lockwarden accounts`, `alerts`, `health`: ask the running service and show its answer, as a table or as JSON.

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::{Place, complain, load, refuse, say};
use crate::shell::control::{self, Ask};

/// Something works, but not everything.
const DEGRADED: u8 = 3;

/// How to show it.
#[derive(Clone, Debug, Args)]
pub(crate) struct AskArgs {
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn accounts(place: &Place, args: &AskArgs) -> ExitCode {
    show(place, args, Ask::Accounts, |answer| {
        let mut rows =
            vec![["ACCOUNT", "CLUSTER", "STATE", "UNTIL", "FAILURES", "LAST FAILURE", "FROM"].map(String::from)];
        for account in answer.as_array().into_iter().flatten() {
            let sources = account.get("sources").and_then(Value::as_array).into_iter().flatten();
            let sources: Vec<&str> = sources.filter_map(Value::as_str).collect();
            let locked = account.get("locked").and_then(Value::as_bool).unwrap_or(false);
            rows.push([
                text(account, "account"),
                text(account, "cluster"),
                if locked { format!("locked ({})", text(account, "basis")) } else { "open".into() },
                text(account, "unlock_expected"),
                format!("{} of {}", text(account, "failures"), text(account, "limit")),
                text(account, "last_failure"),
                sources.join(" "),
            ]);
        }
        table(&rows);
        ExitCode::SUCCESS
    })
}

pub(crate) fn alerts(place: &Place, args: &AskArgs) -> ExitCode {
    show(place, args, Ask::Alerts, |answer| {
        let mut rows = vec![["RAISED", "STATE", "SEVERITY", "KIND", "ID", "SUMMARY"].map(String::from)];
        for alert in answer.as_array().into_iter().flatten() {
            rows.push(["raised_at", "state", "severity", "kind", "id", "summary"].map(|key| text(alert, key)));
        }
        table(&rows);
        ExitCode::SUCCESS
    })
}

pub(crate) fn health(place: &Place, args: &AskArgs) -> ExitCode {
    show(place, args, Ask::Health, |health| {
        say(&format!(
            "{}: lockwarden {} at site \"{}\", up {} s, {} messages received",
            text(health, "status"),
            text(health, "version"),
            text(health, "site"),
            text(health, "uptime_s"),
            text(health, "received")
        ));
        if let Some(end) = health.get("last_end").and_then(Value::as_str) {
            say(&format!("  the run before: {end}"));
        }
        list(health, "listening").for_each(|line| say(&format!("  listening: {}", bare(line))));
        for sink in list(health, "sinks") {
            say(&format!("  {}: {}, {} to deliver", text(sink, "name"), text(sink, "state"), text(sink, "backlog")));
        }
        for controller in list(health, "mitel") {
            let [name, address, state] = ["name", "address", "state"].map(|key| text(controller, key));
            say(&format!("  mitel {name} at {address}: {state}"));
        }
        for (verdict, count) in health.get("verdicts").and_then(Value::as_object).into_iter().flatten() {
            say(&format!("  {verdict}: {count}"));
        }
        if let Some(snmpv3) = health.get("snmpv3") {
            say(&format!("  SNMPv3: our engine is {}, boots {}", text(snmpv3, "engine_id"), text(snmpv3, "boots")));
            for sender in list(snmpv3, "senders") {
                say(&format!(
                    "  SNMPv3: engine {} at {}, boots {}, silent for {} s",
                    text(sender, "engine_id"),
                    Some(text(sender, "from"))
                        .filter(|from| !from.is_empty())
                        .unwrap_or_else(|| "an address of an earlier run".into()),
                    text(sender, "boots"),
                    text(sender, "silent_s")
                ));
            }
        }
        for refused in list(health, "refused") {
            say(&format!(
                "  refused {} from {} ({}); what to do: {}",
                text(refused, "count"),
                text(refused, "from"),
                text(refused, "why"),
                text(refused, "remedy")
            ));
        }
        list(health, "advice").for_each(|line| say(&format!("  ADVICE: {}", bare(line))));
        list(health, "degraded").for_each(|line| say(&format!("  DEGRADED: {}", bare(line))));
        if text(health, "status") == "ok" { ExitCode::SUCCESS } else { ExitCode::from(DEGRADED) }
    })
}

fn show(place: &Place, args: &AskArgs, question: Ask, print: impl FnOnce(&Value) -> ExitCode) -> ExitCode {
    let config = match load(place) {
        Ok((config, _)) => config,
        Err(problems) => return refuse(&problems),
    };
    match control::ask(&config.store.path, question) {
        Err(problem) => {
            complain(&problem);
            ExitCode::FAILURE
        }
        Ok(answer) if args.json => {
            say(&answer.to_string());
            match answer.get("status").and_then(Value::as_str) {
                Some("degraded") => ExitCode::from(DEGRADED),
                Some(_) | None => ExitCode::SUCCESS,
            }
        }
        Ok(answer) => print(&answer),
    }
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).map(bare).unwrap_or_default()
}

/// A value without quotes; nothing for null.
fn bare(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Columns as wide as their widest cell.
pub(super) fn table<const N: usize>(rows: &[[String; N]]) {
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        say(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}
