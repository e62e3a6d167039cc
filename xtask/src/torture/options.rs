//! How long, and with which seed.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::workspace::Failure;

/// Which part of the torture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The rounds of kills, and nothing else.
    Rounds,
    /// The rounds, then the outages, with ten minutes of one at its own pace.
    Everything,
    /// The outages in compressed time.
    Outage,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) what: What,
    /// How often the service is killed.
    pub(super) service: u64,
    /// How often the broker is, and how often the NMS.
    pub(super) others: u64,
    /// Events that must at least be acknowledged.
    pub(super) acknowledged: u64,
    pub(super) seed: u64,
    /// Of an outage at its own pace, after those in compressed time.
    pub(super) minutes: Option<u64>,
}

impl Options {
    /// A quarter of the rounds each for the broker and the NMS; 500 acknowledged events for each kill of the service.
    const fn of(what: What, service: u64, seed: u64, minutes: Option<u64>) -> Self {
        Self { what, minutes, service, others: service.div_ceil(4), acknowledged: service.saturating_mul(500), seed }
    }

    /// Reads the arguments; without `--seed` each run has another one.
    pub(super) fn read(arguments: &[String]) -> Result<Self, Failure> {
        let (mut what, mut rounds, mut seed, mut minutes) = (What::Everything, 200, None, None);
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut number = || {
                let given = rest.next().and_then(|text| text.parse::<u64>().ok());
                given.ok_or_else(|| Failure::Said(format!("{argument} takes a number")))
            };
            match argument.as_str() {
                "--short" => (what, rounds) = (What::Rounds, 12),
                "--rounds" => (what, rounds) = (What::Rounds, number()?),
                "--minutes" => (what, minutes) = (What::Outage, Some(number()?)),
                "--outage" => what = What::Outage,
                "--seed" => seed = Some(number()?),
                other => {
                    let all = "--short, --outage, --minutes N, --rounds N, --seed N";
                    return Err(Failure::Said(format!("no option `{other}`; there are {all}")));
                }
            }
        }
        Ok(Self::of(what, rounds, seed.unwrap_or_else(any_seed), minutes))
    }
}

fn any_seed() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| u64::from(since.subsec_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_form_has_200_kills_and_100_000_acknowledged_events() {
        let read = |arguments: &[&str]| {
            Options::read(&arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>())
        };
        let long =
            Options { what: What::Everything, service: 200, others: 50, acknowledged: 100_000, seed: 7, minutes: None };
        assert_eq!(read(&["--seed", "7"]).unwrap(), long);
        assert_eq!(
            read(&["--seed", "7", "--short"]).unwrap(),
            Options { what: What::Rounds, service: 12, others: 3, acknowledged: 6_000, seed: 7, minutes: None }
        );
        for wrong in [&["--seed"][..], &["--rounds", "many"], &["--long"]] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
