//! Every decision: correlate, tally, detect, alert. Time is an argument, effects are values.

mod policy;
mod settings;

pub use policy::{MAX_FAILED_LOGONS, Policies, Policy, PolicyFor};
pub use settings::{NodeOf, Settings, Threshold};
