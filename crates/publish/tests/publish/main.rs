//! Publishing, as its library does it: what lies on the disk afterwards, and what clients say of it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod attacks;
mod audits;
mod ceremonies;
mod distributions;
mod fixture;
mod keys;
mod renewals;
mod rotations;
mod updates;
