//! `tufgate-publish remove`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueHint};
use serde_json::json;
use tufgate::pypi::{DistributionName, ProjectName};
use tufgate_publish::index::IndexUpdate;
use tufgate_publish::pages::PageFile;
use tufgate_publish::{Error, Repository, Result};

use super::Run;
use super::add::summary;

#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// The repository
    #[arg(value_hint = ValueHint::DirPath)]
    repo: PathBuf,
    /// What to revoke: PROJECT, PROJECT==VERSION, or the name of a file
    #[arg(required = true, value_name = "WHAT")]
    what: Vec<String>,
    /// Do not revoke it, but ask installers to choose another one, and why (PEP 592)
    #[arg(long, value_name = "REASON", conflicts_with = "unyank")]
    yank: Option<String>,
    /// Take that back
    #[arg(long)]
    unyank: bool,
}

/// Which files are meant.
struct What {
    project: ProjectName,
    version: Option<String>,
    file: Option<String>,
}

pub(crate) fn run(run: &Run<'_>, args: &RemoveArgs) -> Result<ExitCode> {
    let repository = Repository::open(&args.repo)?;
    let mut update = IndexUpdate::new(&repository, run.now)?;
    let mut paths = Vec::new();
    for spelled in &args.what {
        let what = What::parse(spelled)?;
        let matches = |file: &PageFile| what.matches(file);
        if !update.page(&what.project)?.0.files.iter().any(matches) {
            return Err(Error::usage(
                format!("nothing published is `{spelled}`"),
                "`tufgate-publish diff` and the index pages say what is",
            ));
        }
        paths.extend(match (&args.yank, args.unyank) {
            (None, false) => update.remove(&what.project, matches)?,
            (reason, _) => update.yank(&what.project, reason.as_deref(), matches)?,
        });
    }
    let update = update.finish()?;
    let published = match update.is_empty() {
        true => None,
        false => Some(update.commit(&run.ring(&args.repo)?)?),
    };
    let done = match (&args.yank, args.unyank) {
        (Some(_), _) => "yanked",
        (None, true) => "unyanked",
        (None, false) => "removed",
    };
    let mut text: String = paths.iter().map(|path| format!("{done}\t{}\n", path.as_str())).collect();
    text.push_str(&summary(paths.len(), done, published.as_ref()));
    let paths: Vec<_> = paths.iter().map(tufgate::TargetPath::as_str).collect();
    run.print(
        &text,
        &json!({"schema": "tufgate-publish.remove/1", done: paths, "published": super::published(published.as_ref())}),
    )?;
    Ok(ExitCode::SUCCESS)
}

impl What {
    fn parse(spelled: &str) -> Result<Self> {
        if let Ok(name) = DistributionName::parse(spelled) {
            return Ok(Self { project: name.project().clone(), version: None, file: Some(spelled.to_owned()) });
        }
        let (project, version) = match spelled.split_once("==") {
            Some((project, version)) => (project, Some(version.to_owned())),
            None => (spelled, None),
        };
        let project = ProjectName::new(project.trim())
            .map_err(|error| Error::usage(error.to_string(), "give PROJECT, PROJECT==VERSION or the name of a file"))?;
        Ok(Self { project, version, file: None })
    }

    fn matches(&self, file: &PageFile) -> bool {
        let Ok(name) = DistributionName::parse(&file.filename) else { return false };
        self.file.as_ref().is_none_or(|wanted| *wanted == file.filename)
            && self.version.as_ref().is_none_or(|version| name.same_version(version.trim()))
    }
}
