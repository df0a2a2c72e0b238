//! `tufgate verify`: are these files exactly what the repository signs for?

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tufgate::{Found, TargetInfo, TargetPath};

use super::judged::{self, Verdict};
use super::{Basis, Run, session};
use crate::args::RepositoryArgs;
use crate::error::{CliError, Exit};
use crate::index::{Index, IndexClient};
use crate::output::{Output, Report};
use crate::progress::Progress;
use crate::text::{count, shown};
use crate::walk::{self, Selected};

pub(super) fn run(run: &Run<'_>, paths: &[PathBuf], repository: &RepositoryArgs) -> Result<Exit, CliError> {
    let selection = walk::select(paths);
    if selection.files.is_empty() {
        return Err(CliError::usage(
            format!(
                "there is nothing to verify: {} named, and no file in it",
                count(selection.empty.len(), "directory")
            ),
            "name files, or a directory that has some: that nothing was checked must not look like success",
        ));
    }
    for dir in &selection.empty {
        run.output.warn(format_args!("{}: there is no file in it", shown(dir)));
    }
    let index = Index::find(repository, run.global)?;
    let mut client = run.client(&index)?;
    let basis = Basis::new(&index, session(&client)?);
    let progress = Progress::new(run.global);
    let width = selection.files.iter().map(|file| shown(&file.path).chars().count()).max().unwrap_or(0).min(70);

    let mut files = Vec::with_capacity(selection.files.len());
    for selected in &selection.files {
        let judged = judge(&mut client, &index, selected, &progress)?;
        if !run.output.is_json() {
            judged.verdict.line(run.output, &judged.file, width);
        }
        files.push(judged);
    }
    let report = Verified { repository: basis, files };
    let verdicts = report.files.iter().map(|judged| &judged.verdict);
    if run.output.is_json() {
        run.output.report(&report);
    }
    Ok(judged::conclude(run.output, "file", verdicts))
}

#[derive(Debug, Serialize)]
struct Verified {
    repository: Basis,
    files: Vec<JudgedFile>,
}

#[derive(Debug, Serialize)]
struct JudgedFile {
    file: String,
    target: Option<String>,
    #[serde(flatten)]
    verdict: Verdict,
}

impl Report for Verified {
    const SCHEMA: &'static str = "tufgate.verify/1";

    fn text(&self, _: &Output) {
        // Each line was written as soon as it was known.
    }
}

fn judge(
    client: &mut IndexClient,
    index: &Index,
    selected: &Selected,
    progress: &Progress,
) -> Result<JudgedFile, CliError> {
    let file = selected.path.to_string_lossy().into_owned();
    if let Some(problem) = &selected.problem {
        let verdict = Verdict::Unreadable { reason: problem.clone() };
        return Ok(JudgedFile { file, target: None, verdict });
    }
    let path = match target_path(index, &selected.path) {
        Ok(path) => path,
        Err(reason) => return Ok(JudgedFile { file, target: None, verdict: Verdict::Unsigned { reason } }),
    };
    let verdict = match client.lookup(&path) {
        Ok(Found::Signed(info)) => compare(&info, &selected.path, progress),
        Ok(Found::Unsigned { asked, valid_until }) => Verdict::unsigned(&asked, valid_until),
        Err(error) => Verdict::of_search(error)?,
    };
    Ok(JudgedFile { file, target: Some(path.as_str().to_owned()), verdict })
}

/// The target that a file must be, or why there can be none.
fn target_path(index: &Index, path: &Path) -> Result<TargetPath, String> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or("its name is not Unicode, so that no target can have it")?;
    index.template.target_path(name)
}

fn compare(info: &TargetInfo, path: &Path, progress: &Progress) -> Verdict {
    let read = || {
        let file: File = walk::open(path)?;
        let length = file.metadata()?.len();
        let bar = progress.bar(&path.to_string_lossy(), length);
        let result = info.verifier().read_all(&mut bar.0.wrap_read(&file))?;
        std::io::Result::Ok((result, length))
    };
    match read() {
        Ok((Ok(approved), _)) => Verdict::verified(approved.info()),
        Ok((Err(error), length)) => Verdict::mismatch(info, &error, Some(length)),
        Err(error) => Verdict::Unreadable { reason: error.to_string() },
    }
}
