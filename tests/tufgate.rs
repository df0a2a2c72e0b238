//! The library's behaviour, by topic. `simulator` is the hostile repository that the topics talk to.

// Clippy's permission for tests covers test functions, not the helpers they share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub, reason = "nothing here is for other crates")]

mod attacks;
#[cfg(feature = "pypi")]
mod pypi;
#[allow(dead_code, unused_imports, reason = "a toolbox: not every tool is in use at every time")]
mod simulator;
mod store;
mod transport;
