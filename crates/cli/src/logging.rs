//! Events of the libraries, on standard error.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// `-v`: what is fetched, and why again. `-vv`: all that the libraries tell.
pub(crate) fn start(verbose: u8) {
    let filter = match verbose {
        0 => return,
        1 => Targets::new().with_target("tufgate", LevelFilter::DEBUG),
        _ => Targets::new().with_target("tufgate", LevelFilter::TRACE).with_default(LevelFilter::DEBUG),
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false).without_time();
    // Nobody else has set one.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines).with(filter));
}
