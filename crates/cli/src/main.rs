//! The `tufgate` command: verifies distributions against a package index that is signed with The Update Framework.

mod args;
mod commands;
mod config;
#[cfg_attr(
    not(test),
    expect(dead_code, unused_imports, reason = "the command that reports on an environment comes next")
)]
mod environment;
mod error;
mod index;
mod logging;
mod names;
mod output;
mod progress;
mod text;
mod walk;

use std::process::ExitCode;
use std::time::SystemTime;

use clap::Parser;

use crate::args::Arguments;
use crate::output::Output;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    logging::start(arguments.global.verbose);
    let output = Output::new(&arguments.global);
    let exit = commands::run(&arguments, &output, now()).unwrap_or_else(|error| {
        output.error(&error);
        error.exit()
    });
    output.finish(exit).into()
}

/// The one look at the clock: all that a run does is judged by the time at which it started.
#[allow(clippy::disallowed_methods)]
fn now() -> SystemTime {
    SystemTime::now()
}
