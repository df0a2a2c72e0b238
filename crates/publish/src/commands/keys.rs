//! `tufgate-publish keys`.

use std::process::ExitCode;

use clap::Subcommand;
use tufgate_publish::Result;

use super::Run;

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// To be written
    Todo,
}

pub(crate) fn run(run: &Run<'_>, args: &KeysCommand) -> Result<ExitCode> {
    let _ = (run, args);
    Ok(ExitCode::SUCCESS)
}
