//! `lockwarden mib`: prints LOCKWARDEN-MIB.

use std::process::ExitCode;

use clap::Args;

use super::{complain, say};
use crate::shell::nms::{DEFAULT_ROOT, mib};
use crate::wire::snmp::Oid;

/// Which root.
#[derive(Clone, Debug, Args)]
pub(crate) struct MibArgs {
    /// Root OID below 1.3.6.1.4.1, the same as `nms.root-oid`; without it, net-snmp's arc for experiments
    #[arg(long, value_name = "OID")]
    root: Option<String>,
}

pub(crate) fn run(args: &MibArgs) -> ExitCode {
    let root = match args.root.as_deref().map(str::parse::<Oid>).transpose() {
        Ok(root) => root.unwrap_or(DEFAULT_ROOT),
        Err(error) => {
            complain(&format!("--root: {error}; for example 1.3.6.1.4.1.99999.1"));
            return ExitCode::from(2);
        }
    };
    match mib::module(&root) {
        Ok(text) => {
            say(text.trim_end());
            ExitCode::SUCCESS
        }
        Err(problem) => {
            complain(&format!("--root: {problem}"));
            ExitCode::from(2)
        }
    }
}
