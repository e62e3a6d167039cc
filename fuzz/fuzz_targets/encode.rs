#![no_main]
//! libFuzzer's door to the target `encode`.

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz_targets::ENCODE.feed(input));
