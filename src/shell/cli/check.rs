//! `lockwarden check FILE`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Place, load, refuse};

/// What to check.
#[derive(Clone, Debug, Args)]
pub(crate) struct CheckArgs {
    /// The configuration file
    file: PathBuf,
}

pub(crate) fn run(args: &CheckArgs) -> ExitCode {
    let place = Place { config: Some(args.file.clone()), store: None };
    match load(&place) {
        Ok(_) => ExitCode::SUCCESS,
        Err(problems) => refuse(&problems),
    }
}
