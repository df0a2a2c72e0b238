//! `tufgate-publish rotate`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tufgate_publish::Result;

use super::Run;

#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// The repository
    repo: PathBuf,
}

pub(crate) fn run(run: &Run<'_>, args: &RotateArgs) -> Result<ExitCode> {
    let _ = (run, &args.repo);
    Ok(ExitCode::SUCCESS)
}
