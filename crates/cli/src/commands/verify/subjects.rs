//! What there is to judge.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tufgate::pypi::DistributionName;

use super::wheels::Wheels;
use crate::args::VerifyArgs;
use crate::commands::Run;
use crate::environment::{self, Environment};
use crate::error::CliError;
use crate::inputs::{self, LockKind, Locked, LockedEntry};
use crate::judged::{Judged, Verdict};
use crate::text::{count, shown};
use crate::walk::{Selected, Selection};

/// One thing that gets a verdict.
pub(in crate::commands) enum Subject {
    /// A file on the disk.
    File(Selected),
    /// What a lock file names.
    Locked(Locked),
    /// What could be judged as soon as it was read.
    Judged(Judged),
    /// An environment, as it was named, all that is installed in it, and where the wheels are that it came from.
    Environment(PathBuf, Environment, Arc<Wheels>),
}

impl Subject {
    /// How many bytes will be read for it, as far as is known.
    pub(in crate::commands) fn bytes(&self) -> u64 {
        match self {
            Self::File(selected) if selected.problem.is_none() => {
                fs::metadata(&selected.path).map_or(0, |meta| meta.len())
            }
            _ => 0,
        }
    }
}

/// All that the arguments mean, in their order: paths, then requirements, then environments.
pub(in crate::commands) fn gather(run: &Run<'_>, what: &VerifyArgs) -> Result<Vec<Subject>, CliError> {
    let mut subjects = Vec::new();
    let mut selection = Selection::default();
    let mut empty = Vec::new();
    for path in &what.paths {
        match inputs::kind_of(path) {
            Some(kind) if path.is_file() => subjects.extend(locked(run, path, kind)?),
            _ => match selection.add(path) {
                Some(files) => subjects.extend(files.into_iter().map(Subject::File)),
                None => empty.push(path),
            },
        }
    }
    for path in &what.requirements {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if DistributionName::parse(&name).is_ok() {
            return Err(CliError::usage(
                format!("{} is a distribution by its name, and no lock file", shown(path)),
                "-r is for lock files alone: `tufgate verify` takes distributions without it",
            ));
        }
        subjects.extend(locked(run, path, inputs::kind_of(path).unwrap_or(LockKind::Requirements))?);
    }
    if !what.environment.is_empty() {
        subjects.extend(environments(run, &what.environment)?);
    }
    if subjects.is_empty() {
        return Err(CliError::usage(
            format!("there is nothing to verify: {} named, and no file in it", count(empty.len(), "directory")),
            "name files, or a directory that has some: that nothing was checked must not look like success",
        ));
    }
    if what.download.is_some() && !subjects.iter().any(|subject| matches!(subject, Subject::Locked(_))) {
        run.output.warn("--download: no lock file names anything to fetch");
    }
    for dir in empty {
        run.output.warn(format_args!("{}: there is no file in it", shown(dir)));
    }
    Ok(subjects)
}

/// All of them are compared with wheels from one place.
fn environments(run: &Run<'_>, paths: &[PathBuf]) -> Result<Vec<Subject>, CliError> {
    let wheels = Arc::new(Wheels::new(run)?);
    let one = |path: &PathBuf| {
        let environment = environment::scan(path)?;
        if environment.layout.system_site_packages {
            run.output.warn(format_args!(
                "{}: it also uses the packages of the interpreter that it was made with, which are not looked at",
                path.display()
            ));
        }
        Ok(Subject::Environment(path.clone(), environment, Arc::clone(&wheels)))
    };
    paths.iter().map(one).collect()
}

/// What a lock file names. That something in it is nothing that could be signed is said, and is no finding.
fn locked(run: &Run<'_>, path: &Path, kind: LockKind) -> Result<Vec<Subject>, CliError> {
    let mut subjects = Vec::new();
    for entry in inputs::read(path, kind)? {
        match entry {
            LockedEntry::Distribution(locked) => subjects.push(Subject::Locked(locked)),
            LockedEntry::Undecided { source, line, about, reason } => {
                let verdict = Verdict::Undecided { reason };
                let (file, distribution) = (Some(source.to_string_lossy().into_owned()), Some(about));
                subjects.push(Subject::Judged(Judged { file, line, distribution, ..Judged::new(verdict) }));
            }
            LockedEntry::Skipped { source, about, reason, .. } => {
                run.output.status(format_args!("{}: {about} is left out: {reason}", source.display()));
            }
        }
    }
    Ok(subjects)
}
