#![no_main]
//! libFuzzer's door to the target `framing`.

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz_targets::FRAMING.feed(input));
