#![no_main]
//! libFuzzer's door to the target `syslog`.

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz_targets::SYSLOG.feed(input));
