//! `tufgate-publish add`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueHint};
use serde_json::json;
use tufgate::pypi::DistributionName;
use tufgate_publish::index::{Added, IndexUpdate};
use tufgate_publish::{Error, Published, Repository, Result};

use super::Run;

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The repository
    #[arg(value_hint = ValueHint::DirPath)]
    repo: PathBuf,
    /// Wheels and source distributions
    #[arg(value_name = "FILE", required_unless_present = "from_index", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// A folder, such as a copy of an index: all distributions in it and below are added
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    from_index: Vec<PathBuf>,
}

pub(crate) fn run(run: &Run<'_>, args: &AddArgs) -> Result<ExitCode> {
    let repository = Repository::open(&args.repo)?;
    let mut files = args.files.clone();
    for folder in &args.from_index {
        let before = files.len();
        collect(folder, &mut files)?;
        if files.len() == before {
            return Err(Error::usage(
                format!("{} has no distributions", folder.display()),
                "give the folder that has them",
            ));
        }
    }
    let mut update = IndexUpdate::new(&repository, run.now)?;
    let added = files.iter().map(|file| update.add(file)).collect::<Result<Vec<_>>>()?;
    let update = update.finish()?;
    let published = match update.is_empty() {
        true => None,
        false => Some(update.commit(&run.ring(&args.repo)?)?),
    };
    let mut text: String = added.iter().map(line).collect();
    text.push_str(&summary(added.iter().filter(|one| !one.known).count(), "added", published.as_ref()));
    let one = |added: &Added| json!({"path": added.path.as_str(), "sha256": added.sha256, "known": added.known});
    let json = json!({"schema": "add/1", "files": added.iter().map(one).collect::<Vec<_>>(), "published": super::published(published.as_ref())});
    run.print(&text, &json)?;
    Ok(ExitCode::SUCCESS)
}

fn line(added: &Added) -> String {
    format!("{}\t{}\tsha256 {}\n", if added.known { "unchanged" } else { "added" }, added.path.as_str(), added.sha256)
}

/// What was done, in one line.
pub(crate) fn summary(count: usize, done: &str, published: Option<&Published>) -> String {
    let files = if count == 1 { "file" } else { "files" };
    match published {
        None => "nothing to do: all is published as it is\n".to_owned(),
        Some(published) => format!(
            "{count} {files} {done}: {} roles signed, snapshot {}, timestamp {}\n",
            published.roles.len(),
            published.snapshot,
            published.timestamp
        ),
    }
}

/// All distributions of a folder, in an order that does not depend on the disk. Links to folders are not followed.
fn collect(folder: &Path, into: &mut Vec<PathBuf>) -> Result<()> {
    let failed = |source| Error::Disk { path: folder.to_owned(), action: "cannot read", source };
    let mut entries = fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>).map_err(failed)?;
    entries.sort_unstable_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().map_err(failed)?;
        let name = entry.file_name();
        let is_distribution = |name: &str| DistributionName::parse(name).is_ok_and(|name| !name.is_metadata());
        if kind.is_dir() {
            collect(&entry.path(), into)?;
        } else if name.to_str().is_some_and(is_distribution) {
            into.push(entry.path());
        }
    }
    Ok(())
}
