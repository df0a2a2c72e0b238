//! `tufgate-publish diff`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueHint};
use serde_json::json;
use tufgate_publish::Result;
use tufgate_publish::diff::{Change, Difference, Side, diff};

use super::Run;

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// A repository, or REPO@VERSION for one of its snapshots
    #[arg(value_hint = ValueHint::DirPath)]
    old: PathBuf,
    /// The one to compare it with
    #[arg(value_hint = ValueHint::DirPath)]
    new: PathBuf,
}

pub(crate) fn run(run: &Run<'_>, args: &DiffArgs) -> Result<ExitCode> {
    let differences = diff(&Side::parse(&args.old), &Side::parse(&args.new))?;
    let line = |one: &Difference| format!("{}\t{}\t{}\n", one.change.as_str(), one.path, one.role);
    let mut text: String = differences.iter().map(line).collect();
    let count = |change| differences.iter().filter(|one| one.change == change).count();
    let (added, changed, removed) = (count(Change::Added), count(Change::Changed), count(Change::Removed));
    text.push_str(&format!("{added} added, {changed} changed, {removed} removed\n"));
    let one = |one: &Difference| json!({"change": one.change.as_str(), "path": one.path, "role": one.role});
    run.print(
        &text,
        &json!({"schema": "tufgate-publish.diff/1", "targets": differences.iter().map(one).collect::<Vec<_>>()}),
    )?;
    Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
