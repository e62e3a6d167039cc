//! The operator's file from the outside: complete problems, complete values.

mod complete;
mod contradictions;
mod documented;
mod relay;
mod snmpv3;

use super::{Config, Problem};

/// The complete output for `text`, one line for each problem.
fn problems(text: &str) -> Vec<String> {
    Config::parse("lockwarden.toml", text).err().unwrap_or_default().iter().map(Problem::to_string).collect()
}
