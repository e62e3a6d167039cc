#![no_main]
//! libFuzzer's door to the target `v1_v2c`.

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz_targets::V1_V2C.feed(input));
