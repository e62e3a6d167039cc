//! The short run of every target, on stable Rust and among the other tests: mutated inputs, every cut of every seed, and long
//! inputs of one piece.

use std::thread;

use fuzz_targets::run::Inputs;
use fuzz_targets::{CISCOLOG, SYSLOG, TARGETS};
use lockwarden::path::LONGEST_LINE;

/// Inputs for each target: some seconds without optimisation.
const RUNS: u64 = 10_000;
const SEED: u64 = 0x5eed;

#[test]
fn no_target_panics_and_each_takes_some_inputs_for_messages_and_some_not() {
    let run = |target| thread::spawn(move || (target, Inputs::new(target, SEED).run(0..RUNS)));
    let threads: Vec<_> = TARGETS.iter().copied().map(run).collect();
    for thread in threads {
        let (target, end) = thread.join().unwrap();
        let tally = end.unwrap_or_else(|finding| panic!("{finding}"));
        assert_eq!(tally.runs, RUNS);
        assert!(tally.accepted > RUNS / 10, "{target:?}: {tally:?}");
    }
}

#[test]
fn every_head_and_tail_of_every_seed_is_survived() {
    for target in TARGETS {
        let mut body = (target.start)();
        for seed in (target.seeds)() {
            for at in 0..=seed.len() {
                let (head, tail) = seed.split_at(at);
                body(head);
                body(tail);
            }
        }
    }
}

/// No clock here: quadratic work on one of these shows as a test that takes minutes instead of seconds.
#[test]
fn the_longest_line_of_anything_is_read_in_linear_time() {
    let units = [
        "[",
        "]",
        "[]",
        "[a=[",
        "[a=[] ",
        "[a=]",
        "] ",
        "\\",
        "[a=\\]",
        ": %[a=[",
        ": ",
        "1: ",
        "<1>",
        " ",
        "#012",
        "%A-1-B: ",
        "Jan 15 08:21:05 a ",
        "MatchedEvent : ",
        "MatchedEvent : x#012AppID\n",
        "MatchedEvent : #012 ",
        "TimeStamp : ",
        "UserID  ",
        "UserID : ",
    ];
    let (mut line, mut body) = ((SYSLOG.start)(), (CISCOLOG.start)());
    for head in ["", "%UC_IMS-4-authFail: %", "<188>1: %UC_IMS-4-authFail: %[UserID="] {
        for unit in units {
            let input = format!("{head}{}", unit.repeat((LONGEST_LINE - head.len()) / unit.len()));
            line(input.as_bytes());
            body(input.as_bytes());
        }
    }
}

#[test]
fn every_target_has_its_file_for_libfuzzer() {
    let fuzz = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    let paths = manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"));
    let expected: Vec<_> = TARGETS.iter().map(|target| format!("{}.rs\"", target.name)).collect();
    assert_eq!(paths.collect::<Vec<_>>(), expected);
    for target in TARGETS {
        let file = std::fs::read_to_string(fuzz.join(format!("fuzz_targets/{}.rs", target.name))).unwrap();
        assert!(file.contains(&format!("fuzz_targets::{}.feed", target.name.to_uppercase())), "{file}");
    }
}
