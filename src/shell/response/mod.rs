//! The response program: one that was written for HP-UX HIDS works as it is.

mod arguments;
mod process;
mod runs;
mod waiting;

pub(crate) use arguments::{Beyond, arguments, is_for};
pub(crate) use process::{Ended, run};
pub(crate) use runs::Runs;
pub(crate) use waiting::{Job, Subject, Waiting};
