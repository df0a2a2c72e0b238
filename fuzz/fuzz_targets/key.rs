//! `cargo +nightly fuzz run key`

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tufgate::fuzzing::key(bytes));
