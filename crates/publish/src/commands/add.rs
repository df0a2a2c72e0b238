//! `tufgate-publish add`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueHint};
use serde_json::json;
use tufgate::pypi::{DistributionName, PageFormat, ProjectName};
use tufgate_publish::distribution::name_of;
use tufgate_publish::index::{Added, IndexUpdate};
use tufgate_publish::pages::Page;
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
    /// A folder, such as a copy of an index: all distributions in it and below are added. What its pages
    /// (`simple/PROJECT/index.json`) say is yanked stays so
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    from_index: Vec<PathBuf>,
}

pub(crate) fn run(run: &Run<'_>, args: &AddArgs) -> Result<ExitCode> {
    let repository = Repository::open(&args.repo)?;
    let mut files = args.files.clone();
    let mut pages = Vec::new();
    for folder in &args.from_index {
        let before = files.len();
        collect(folder, &mut files, &mut pages)?;
        if files.len() == before {
            let message = format!("{} has no distributions", folder.display());
            return Err(Error::usage(message, "give the folder that has them"));
        }
    }
    let mut update = IndexUpdate::new(&repository, run.now)?;
    let added = files.iter().map(|file| update.add(file)).collect::<Result<Vec<_>>>()?;
    for page in &pages {
        update.adopt(&read_page(page)?)?;
    }
    let update = update.finish()?;
    let published = match update.is_empty() {
        true => None,
        false => Some(update.commit(&run.ring(&args.repo)?)?),
    };
    let mut text: String = added.iter().map(line).collect();
    text.push_str(&summary(added.iter().filter(|one| !one.known).count(), "added", published.as_ref()));
    let one = |added: &Added| json!({"path": added.path.as_str(), "sha256": added.sha256, "known": added.known});
    let json = json!({"schema": "tufgate-publish.add/1", "files": added.iter().map(one).collect::<Vec<_>>(), "published": super::published(published.as_ref())});
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

/// All distributions and index pages of a folder, in an order that does not depend on the disk. Links to folders are not
/// followed.
fn collect(folder: &Path, files: &mut Vec<PathBuf>, pages: &mut Vec<PathBuf>) -> Result<()> {
    let failed = |source| Error::Disk { path: folder.to_owned(), action: "cannot read", source };
    let mut entries = fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>).map_err(failed)?;
    entries.sort_unstable_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (kind, path) = (entry.file_type().map_err(failed)?, entry.path());
        if kind.is_dir() {
            collect(&path, files, pages)?;
            continue;
        }
        let name = name_of(&path);
        if DistributionName::parse(name).is_ok_and(|name| !name.is_metadata()) {
            files.push(path);
        } else if name == "index.json" && is_project(folder) {
            pages.push(path);
        }
    }
    Ok(())
}

/// Whether a folder is that of one project: `simple/PROJECT`.
fn is_project(folder: &Path) -> bool {
    folder.parent().is_some_and(|parent| parent.ends_with("simple"))
}

/// A page by PEP 691. One of another form has nothing that is taken over.
fn read_page(path: &Path) -> Result<Page> {
    let bytes =
        fs::read(path).map_err(|source| Error::Disk { path: path.to_owned(), action: "cannot read", source })?;
    let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
    let wrong = |reason: String| Error::Input { path: path.to_owned(), reason };
    let project = ProjectName::new(folder).map_err(|error| wrong(error.to_string()))?;
    Page::read(PageFormat::Json, &project, &bytes).map_err(|error| wrong(error.to_string()))
}
