//! What is fuzzed. A [`Target`] is one way from bytes into the core, with what must hold for every input; libFuzzer
//! (`fuzz/fuzz_targets`), the long run (`cargo xtask fuzz`) and the short run among the tests all call the same one.
//!
//! Invariant: an input of [`run`] follows from target, seed and number alone, so every run can be repeated.

mod ciscolog;
mod door;
mod element;
mod encode;
mod framing;
mod mutation;
mod party;
mod random;
mod rewrite;
pub mod run;
mod scoped_pdu;
mod seeds;
mod syslog;
mod v1_v2c;
mod v3;

use std::cell::RefCell;
use std::fmt;

/// What is done with an input: panics if something does not hold, else says whether the input was taken for a message.
pub type Body = Box<dyn FnMut(&[u8]) -> bool>;

/// One way from bytes into the core.
pub struct Target {
    /// Its name on the command line, and that of its file in `fuzz/fuzz_targets`.
    pub name: &'static str,
    /// Messages of ours, to be mutated.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Octets that mean something here, to be put in anywhere.
    pub words: &'static [&'static [u8]],
    /// A body that has seen nothing. One body may remember what it has seen, as the service does.
    pub start: fn() -> Body,
}

/// Every one there is.
pub const TARGETS: &[&Target] = &[&V1_V2C, &V3, &SCOPED_PDU, &ENCODE, &SYSLOG, &FRAMING, &CISCOLOG];

/// An SNMPv1 or SNMPv2c datagram: decoded, used, written again, and taken through the path to its verdict.
pub const V1_V2C: Target =
    Target { name: "v1_v2c", seeds: seeds::v1_v2c, words: seeds::BER_WORDS, start: v1_v2c::start };

/// An SNMPv3 datagram: header and USM parameters, as they are and signed anew, and what a receiver with users says to it.
pub const V3: Target = Target { name: "v3", seeds: seeds::v3, words: seeds::BER_WORDS, start: v3::start };

/// What decryption gives: encrypted and signed by a user whom the receiver believes.
pub const SCOPED_PDU: Target =
    Target { name: "scoped_pdu", seeds: seeds::scoped_pdus, words: seeds::BER_WORDS, start: scoped_pdu::start };

/// A notification of ours, made up from the input: what we send is what a receiver reads.
pub const ENCODE: Target =
    Target { name: "encode", seeds: seeds::recipes, words: seeds::BER_WORDS, start: encode::start };

/// A syslog line: decoded, and taken through the path to its verdict.
pub const SYSLOG: Target =
    Target { name: "syslog", seeds: seeds::lines, words: seeds::TEXT_WORDS, start: syslog::start };

/// A stream of syslog messages, in any pieces.
pub const FRAMING: Target =
    Target { name: "framing", seeds: seeds::streams, words: seeds::TEXT_WORDS, start: framing::start };

/// A CiscoLog body and everything that can be read out of it.
pub const CISCOLOG: Target =
    Target { name: "ciscolog", seeds: seeds::bodies, words: seeds::TEXT_WORDS, start: ciscolog::start };

impl Target {
    /// One input from libFuzzer, which feeds one target in a process.
    pub fn feed(&self, input: &[u8]) {
        thread_local!(static BODY: RefCell<Option<Body>> = const { RefCell::new(None) });
        BODY.with_borrow_mut(|body| body.get_or_insert_with(self.start)(input));
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.name)
    }
}

/// Whether `part` was cut out of `whole`: it lies there, or is empty.
fn within(part: &str, whole: &str) -> bool {
    let (part, whole) = (part.as_bytes().as_ptr_range(), whole.as_bytes().as_ptr_range());
    part.is_empty() || (whole.start <= part.start && part.end <= whole.end)
}
