#![no_main]
//! libFuzzer's door to the target `scoped_pdu`.

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz_targets::SCOPED_PDU.feed(input));
