//! `tufgate-publish gc`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueHint};
use serde_json::json;
use tufgate_publish::gc::{Orphan, delete, orphans};
use tufgate_publish::{Repository, Result};

use super::Run;

#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    /// The repository
    #[arg(value_hint = ValueHint::DirPath)]
    repo: PathBuf,
    /// How many snapshots are kept, with all that belongs to them
    #[arg(long, value_name = "N", default_value_t = 2)]
    keep: usize,
    /// Keep what is younger in any case: a client may be in the middle of a run
    #[arg(long, value_name = "TIME", default_value = "1day", value_parser = humantime::parse_duration)]
    younger: Duration,
    /// Only say what would go
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(run: &Run<'_>, args: &GcArgs) -> Result<ExitCode> {
    let repository = Repository::open(&args.repo)?;
    let since = run.now.checked_sub(args.younger).unwrap_or(run.now);
    let orphans = orphans(&repository, args.keep, since)?;
    if !args.dry_run {
        delete(&repository, &orphans)?;
    }
    let done = if args.dry_run { "would delete" } else { "deleted" };
    let bytes: u64 = orphans.iter().map(|orphan| orphan.bytes).sum();
    let mut text: String = orphans.iter().map(|orphan| format!("{done}\t{}\n", orphan.path.display())).collect();
    text.push_str(&format!("{done} {} files, {bytes} bytes\n", orphans.len()));
    let one = |orphan: &Orphan| json!({"path": orphan.path.display().to_string(), "bytes": orphan.bytes});
    let files: Vec<_> = orphans.iter().map(one).collect();
    run.print(
        &text,
        &json!({"schema": "tufgate-publish.gc/1", "deleted": !args.dry_run, "files": files, "bytes": bytes}),
    )?;
    Ok(ExitCode::SUCCESS)
}
