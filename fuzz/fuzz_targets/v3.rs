#![no_main]
//! libFuzzer's door to the target `v3`.

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz_targets::V3.feed(input));
