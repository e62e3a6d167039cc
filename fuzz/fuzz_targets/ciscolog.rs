#![no_main]
//! libFuzzer's door to the target `ciscolog`.

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz_targets::CISCOLOG.feed(input));
