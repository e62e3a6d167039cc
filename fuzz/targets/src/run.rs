//! Mutated inputs on stable Rust. Inputs are numbered and run in blocks of [`BLOCK`], each with a body that has seen nothing: a
//! block can be repeated alone, and how many threads share the blocks makes no difference.

use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::Target;
use crate::mutation::Mutation;
use crate::random::Random;

/// Inputs that share a body.
pub const BLOCK: u64 = 10_000;

/// What came of a number of inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Inputs that were run.
    pub runs: u64,
    /// Those of them that were taken for a message.
    pub accepted: u64,
}

/// An input on which a target panicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The target.
    pub target: &'static str,
    /// The seed of the run.
    pub seed: u64,
    /// The numbers of the inputs that the body had been given, this one last.
    pub numbers: Range<u64>,
    /// The input.
    pub input: Vec<u8>,
    /// What the panic said.
    pub said: String,
}

/// The inputs of one target under one seed.
#[derive(Debug)]
pub struct Inputs {
    target: &'static Target,
    mutation: Mutation,
    seed: u64,
}

impl Inputs {
    /// All that follow from this seed.
    #[must_use]
    pub fn new(target: &'static Target, seed: u64) -> Self {
        Self { target, mutation: Mutation::of(target), seed }
    }

    /// Runs the inputs with these numbers through one body.
    ///
    /// # Errors
    ///
    /// The first input on which the target panics.
    pub fn run(&self, numbers: Range<u64>) -> Result<Tally, Finding> {
        let mut tally = Tally::default();
        let mut body = (self.target.start)();
        for number in numbers.clone() {
            let input = self.mutation.input(Random::of(self.seed, number));
            let end = catch_unwind(AssertUnwindSafe(|| body(&input)));
            let accepted = end.map_err(|panic| Finding {
                target: self.target.name,
                seed: self.seed,
                numbers: numbers.start..number + 1,
                input,
                said: said(panic.as_ref()),
            })?;
            tally.runs += 1;
            tally.accepted += u64::from(accepted);
        }
        Ok(tally)
    }
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { runs: self.runs + other.runs, accepted: self.accepted + other.accepted }
    }
}

impl Finding {
    /// The arguments that repeat it, with all that its body had seen before.
    #[must_use]
    pub fn arguments(&self) -> String {
        let Range { start, end } = self.numbers;
        format!("--target {} --seed {} --from {start} --runs {}", self.target, self.seed, end - start)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: PANIC: {}", self.target, self.said)?;
        write!(f, "input, {} octets: ", self.input.len())?;
        self.input.iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
        write!(f, "\nrepeat it: cargo xtask fuzz {}", self.arguments())
    }
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("(no text)").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Panics at the first input that begins with `!`, once it has seen three others.
    const FRAGILE: Target = Target {
        name: "fragile",
        seeds: || vec![b"!a".to_vec(), b"b".to_vec()],
        words: &[b"!"],
        start: || {
            let mut seen = 0;
            Box::new(move |input| {
                seen += 1;
                assert!(seen < 4 || !input.starts_with(b"!"), "seen {seen}");
                true
            })
        },
    };

    #[test]
    fn a_panic_is_caught_and_its_numbers_repeat_it() {
        let inputs = Inputs::new(&FRAGILE, 3);
        let finding = inputs.run(20..10_000).unwrap_err();
        assert!(finding.input.starts_with(b"!") && finding.said.starts_with("seen "), "{finding}");
        assert_eq!(inputs.run(finding.numbers.clone()), Err(finding.clone()));
        let before = finding.numbers.start..finding.numbers.end - 1;
        assert_eq!(inputs.run(before.clone()).unwrap().runs, before.end - before.start);
    }

    #[test]
    fn a_finding_is_shown_with_its_octets_and_its_command() {
        let said = "left: 1".to_owned();
        let finding = Finding { target: "syslog", seed: 7, numbers: 10_000..10_003, input: vec![0x3c, 0], said };
        assert_eq!(
            finding.to_string(),
            "syslog: PANIC: left: 1\ninput, 2 octets: 3c00\n\
             repeat it: cargo xtask fuzz --target syslog --seed 7 --from 10000 --runs 3"
        );
    }
}
