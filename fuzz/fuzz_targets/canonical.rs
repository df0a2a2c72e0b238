//! `cargo +nightly fuzz run canonical`

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tufgate::fuzzing::canonical(bytes));
