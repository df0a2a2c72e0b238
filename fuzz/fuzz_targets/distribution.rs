//! `cargo +nightly fuzz run distribution`

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tufgate::fuzzing::distribution(bytes));
