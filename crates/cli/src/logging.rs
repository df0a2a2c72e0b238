//! Events of the libraries, on standard error.

use std::io;

use tracing_subscriber::EnvFilter;

/// `-v`: what is fetched, and why again. `-vv`: all that the libraries tell.
pub(crate) fn start(verbose: u8) {
    let filter = match verbose {
        0 => return,
        1 => "tufgate=debug",
        _ => "tufgate=trace,debug",
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(io::stderr)
        .with_ansi(false)
        .without_time()
        .finish();
    // Nobody else has set one.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
