//! `tufgate download`: fetch targets; a file appears only once all of it is verified.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tufgate::error::{Error, StoreError, Subject};
use tufgate::{Downloaded, Found, TargetInfo, TargetPath};

use super::judged::{self, Verdict};
use super::{Basis, Run, session};
use crate::args::RepositoryArgs;
use crate::error::{CliError, Exit};
use crate::index::{Index, IndexClient};
use crate::output::{Output, Report};
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
    let basis = Basis::new(&index, session(&client)?);
    fs::create_dir_all(dir).map_err(|error| CliError::disk(format!("cannot make {}", shown(dir)), error))?;
    let progress = Progress::new(run.global);
    let width = targets.iter().map(|target| target.chars().count()).max().unwrap_or(0).min(70);

    let mut judged = Vec::with_capacity(wanted.len());
    for (path, destination) in wanted {
        let verdict = fetch(&mut client, &path, &destination, &progress)?;
        if !run.output.is_json() {
            verdict.line(run.output, path.as_str(), width);
        }
        let file = matches!(verdict, Verdict::Fetched { .. } | Verdict::Present { .. })
            .then(|| destination.to_string_lossy().into_owned());
        judged.push(JudgedTarget { target: path.as_str().to_owned(), file, verdict });
    }
    let report = DownloadReport { repository: basis, targets: judged };
    let verdicts = report.targets.iter().map(|judged| &judged.verdict);
    if run.output.is_json() {
        run.output.report(&report);
    }
    Ok(judged::conclude(run.output, "target", verdicts))
}

#[derive(Debug, Serialize)]
struct DownloadReport {
    repository: Basis,
    targets: Vec<JudgedTarget>,
}

#[derive(Debug, Serialize)]
struct JudgedTarget {
    target: String,
    /// Where it lies; nothing where it was not verified.
    file: Option<String>,
    #[serde(flatten)]
    verdict: Verdict,
}

impl Report for DownloadReport {
    const SCHEMA: &'static str = "tufgate.download/1";

    fn text(&self, _: &Output) {
        // Each line was written as soon as it was known.
    }
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

/// Why a name is not written to a directory: a repository must not choose a file that a system or a shell takes for
/// something else.
fn name_fault(name: &str) -> Option<&'static str> {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_ascii_lowercase();
    let numbered = |prefix| stem.strip_prefix(prefix).is_some_and(|rest: &str| rest.chars().count() == 1);
    if matches!(stem.as_str(), "con" | "prn" | "aux" | "nul" | "conin$" | "conout$")
        || numbered("com")
        || numbered("lpt")
    {
        Some("Windows gives the name to a device")
    } else if name.ends_with('.') || name.ends_with(' ') {
        Some("its name ends with a dot or a space, which Windows leaves out")
    } else if name.starts_with('.') || name.starts_with('-') || name.starts_with(' ') {
        Some("its name starts with a dot, a hyphen or a space")
    } else if name.contains(['<', '>', '"', '|', '?', '*']) || Escaped(name).to_string() != name {
        Some("its name has a character that is special, or that is not seen")
    } else if name.len() > 240 {
        Some("its name is longer than 240 bytes")
    } else {
        None
    }
}

fn fetch(
    client: &mut IndexClient,
    path: &TargetPath,
    destination: &Path,
    progress: &Progress,
) -> Result<Verdict, CliError> {
    let info: TargetInfo = match client.lookup(path) {
        Ok(Found::Signed(info)) => info,
        Ok(Found::Unsigned { asked, valid_until }) => return Ok(Verdict::unsigned(&asked, valid_until)),
        Err(error) => return Ok(Verdict::of_search(error)?),
    };
    let bar = progress.bar(path.as_str(), info.length());
    match client.download_with(&info, destination, |bytes| bar.0.set_position(bytes)) {
        Ok(Downloaded::Fetched(approved)) => Ok(Verdict::fetched(approved.info())),
        Ok(Downloaded::Present(approved)) => Ok(Verdict::present(approved.info())),
        Err(Error::Repository(error)) if matches!(error.subject, Subject::Target(_)) => {
            Ok(Verdict::mismatch(&info, &error, None))
        }
        // Its own files, not those of what is trusted.
        Err(Error::Store(StoreError { path, fault, source: Some(source), .. })) if Path::new(&path) == destination => {
            Err(CliError::disk(format!("{}: {fault}", shown(destination)), source))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_mean_something_else_somewhere_are_refused() {
        for name in [
            "con",
            "NUL.whl",
            "com1.tar.gz",
            "lpt¹.txt",
            "a.",
            "a ",
            ".pth",
            "-rf",
            "a*",
            "a\u{202e}b",
            &"a".repeat(241),
        ] {
            assert!(name_fault(name).is_some(), "{name:?}");
        }
        for name in ["console-1.0.tar.gz", "com10.zip", "tufgate_demo_clock-0.2.0-py3-none-any.whl", "é.whl"] {
            assert_eq!(name_fault(name), None, "{name:?}");
        }
    }

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
