//! `tufgate download`: fetch targets; a file appears only once all of it is verified.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;
use tufgate::error::{Error, Subject};
use tufgate::pypi::Unlisted;
use tufgate::{Downloaded, Found, TargetInfo, TargetPath};

use super::{Basis, Run, not_written, session};
use crate::args::RepositoryArgs;
use crate::error::{CliError, Exit};
use crate::index::{Index, IndexClient};
use crate::judged::{self, Judged, Verdict};
use crate::names::name_fault;
use crate::output::Report;
use crate::progress::Progress;
use crate::text::{Escaped, shown};

pub(super) fn run(
    run: &Run<'_>,
    targets: &[String],
    dir: &Path,
    repository: &RepositoryArgs,
) -> Result<Exit, CliError> {
    let wanted = destinations(targets, dir)?;
    let index = Index::find(repository, run.global)?;
    let mut client = run.client(&index)?;
    fs::create_dir_all(dir).map_err(|error| CliError::disk(format!("cannot make {}", shown(dir)), error))?;
    let progress = Progress::new(run.global);
    let targets = run.one_snapshot(&mut client, |client, strict| {
        let now = session(client)?.started();
        let fetched = wanted.iter().map(|(path, destination)| {
            let verdict = fetch(client, path, destination, now, &progress, strict)?;
            let is_there = matches!(
                verdict,
                Verdict::Fetched { .. } | Verdict::Present { .. } | Verdict::Stale { accepted: true, .. }
            );
            let downloaded = is_there.then(|| destination.to_string_lossy().into_owned());
            Ok(Judged { target: Some(path.as_str().to_owned()), downloaded, ..Judged::new(verdict) })
        });
        fetched.collect::<Result<Vec<_>, CliError>>()
    })?;
    let report = DownloadReport { repository: Basis::new(&index, session(&client)?), targets };
    judged::tell(run.output, &report, &report.targets);
    Ok(judged::conclude(run.output, "target", &report.targets))
}

#[derive(Debug, Serialize)]
struct DownloadReport {
    repository: Basis,
    targets: Vec<Judged>,
}

impl Report for DownloadReport {
    const SCHEMA: &'static str = "tufgate.download/2";
}

/// Where each target goes, each once; refused as a whole before anything is fetched.
fn destinations(targets: &[String], dir: &Path) -> Result<Vec<(TargetPath, PathBuf)>, CliError> {
    let mut wanted: Vec<(TargetPath, PathBuf)> = Vec::new();
    let mut names: HashMap<String, TargetPath> = HashMap::new();
    for target in targets {
        let path = TargetPath::new(target.as_str()).map_err(Error::from)?;
        let name = path.file_name();
        if let Some(reason) = name_fault(name) {
            return Err(CliError::usage(
                format!("target `{path}` cannot be written as a file: {reason}"),
                "leave it out; nothing was fetched",
            ));
        }
        match names.insert(name.to_lowercase(), path.clone()) {
            Some(other) if other == path => continue,
            Some(other) => {
                return Err(CliError::usage(
                    format!("targets `{other}` and `{path}` would be one file, `{}`", Escaped(name)),
                    "fetch them one by one, into different directories; nothing was fetched",
                ));
            }
            None => {}
        }
        let destination = dir.join(name);
        wanted.push((path, destination));
    }
    Ok(wanted)
}

/// Fetches one target. An error that a newer snapshot may mend is given back where `strict` asks for it.
fn fetch(
    client: &IndexClient,
    path: &TargetPath,
    destination: &Path,
    now: SystemTime,
    progress: &Progress,
    strict: bool,
) -> Result<Verdict, CliError> {
    let info: TargetInfo = match client.search(path) {
        Ok(Found::Signed(info)) => info,
        Ok(Found::Unsigned { asked, valid_until }) => return Ok(Verdict::unsigned(&Unlisted::new(asked, valid_until))),
        Err(error) if strict && client.is_overtaken(&error) => return Err(error.into()),
        Err(error) => return Ok(Verdict::of_search(error)?),
    };
    let bar = progress.bar(path.as_str(), info.length());
    match client.download_with(&info, destination, |bytes| bar.0.set_position(bytes)) {
        Ok(Downloaded::Fetched(approved)) => Ok(Verdict::fetched(approved.info(), now)),
        Ok(Downloaded::Present(approved)) => Ok(Verdict::present(approved.info(), now)),
        Err(error) if strict && client.is_overtaken(&error) => Err(error.into()),
        Err(Error::Repository(error)) if matches!(error.subject, Subject::Target(_)) => {
            Ok(Verdict::mismatch(&info, &error, None))
        }
        Err(error) => Err(not_written(error, destination)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_targets_with_one_file_name_are_refused_and_one_named_twice_counts_once() {
        let wanted = |targets: &[&str]| {
            let targets: Vec<_> = targets.iter().map(ToString::to_string).collect();
            destinations(&targets, Path::new("out")).map_err(|error| error.to_string())
        };
        assert_eq!(
            wanted(&["a/x.whl", "b/X.whl"]).unwrap_err(),
            "targets `a/x.whl` and `b/X.whl` would be one file, `X.whl`"
        );
        let path = TargetPath::new("a/x.whl").unwrap();
        assert_eq!(wanted(&["a/x.whl", "a/x.whl"]).unwrap(), [(path, PathBuf::from("out/x.whl"))]);
    }
}
