//! `cargo +nightly fuzz run page`

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tufgate::fuzzing::page(bytes));
