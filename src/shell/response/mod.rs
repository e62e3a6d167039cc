//! The response program: one that was written for HP-UX HIDS works as it is.

mod arguments;
mod process;

pub(crate) use arguments::{arguments, is_for};
pub(crate) use process::{Ended, run};
