//! `tufgate-publish root`.

use std::process::ExitCode;

use clap::Subcommand;
use tufgate_publish::Result;

use super::Run;

#[derive(Debug, Subcommand)]
pub(crate) enum RootCommand {
    /// To be written
    Todo,
}

pub(crate) fn run(run: &Run<'_>, args: &RootCommand) -> Result<ExitCode> {
    let _ = (run, args);
    Ok(ExitCode::SUCCESS)
}
