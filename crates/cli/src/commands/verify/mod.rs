//! `tufgate verify`: are these distributions exactly what the repository signs for?

mod file;
mod installed;
pub(super) mod locked;
pub(super) mod subjects;
mod wheels;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::SystemTime;

use serde::Serialize;
use tufgate::error::Error;
use tufgate::pypi::{Answer, PackageIndex, SignedFile};
use tufgate::{Digest, FileStore, Hashes, TargetInfo};

use self::subjects::Subject;
use super::{Basis, Run, not_written, session};
use crate::args::{RepositoryArgs, VerifyArgs};
use crate::error::{CliError, Exit};
use crate::index::{Index, IndexClient, IndexTransport};
use crate::judged::{self, Judged, Verdict};
use crate::output::{Output, Report};
use crate::parallel;
use crate::progress::{Bar, Progress};

pub(super) fn run(run: &Run<'_>, what: &VerifyArgs, repository: &RepositoryArgs) -> Result<Exit, CliError> {
    let subjects = subjects::gather(run, what)?;
    let index = Index::find(repository, run.global)?;
    let mut client = run.client(&index)?;
    let judged = run.one_snapshot(&mut client, |client, strict| {
        let judge = Judge::new(run, &index, client, what, &subjects, strict)?;
        parallel::map(&subjects, |subject| judge.subject(subject))
    })?;
    let mut judged: Vec<Judged> = judged.into_iter().flatten().collect();
    allow_unsigned(run.output, &what.allow_unsigned, &mut judged);
    let report = Verified { repository: Basis::new(&index, session(&client)?), files: judged };
    judged::tell(run.output, &report, &report.files);
    Ok(judged::conclude(run.output, "file", &report.files))
}

#[derive(Debug, Serialize)]
struct Verified {
    repository: Basis,
    files: Vec<Judged>,
}

impl Report for Verified {
    const SCHEMA: &'static str = "tufgate.verify/2";
}

/// Judges single subjects, from many threads at once.
pub(super) struct Judge<'a> {
    client: &'a IndexClient,
    pub(super) packages: PackageIndex<'a, IndexTransport, FileStore>,
    index: &'a Index,
    now: SystemTime,
    download: Option<&'a Path>,
    /// What was written to the directory, by its name where letter case does not count.
    taken: Mutex<HashMap<String, Hashes>>,
    /// Whether a file that is gone stops the run, so that it can begin again.
    strict: bool,
    bar: Bar,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        run: &Run<'_>,
        index: &'a Index,
        client: &'a IndexClient,
        what: &'a VerifyArgs,
        subjects: &[Subject],
        strict: bool,
    ) -> Result<Self, CliError> {
        let packages = PackageIndex::new(client, &index.profile, &index.simple, &index.targets);
        let bytes = subjects.iter().map(Subject::bytes).fold(0, u64::saturating_add);
        Ok(Self {
            client,
            packages,
            index,
            now: session(client)?.started(),
            download: what.download.as_deref(),
            taken: Mutex::default(),
            strict,
            bar: Progress::new(run.global).bar("verifying", bytes),
        })
    }

    /// The same, which has pages and pointers brought by `reader`.
    pub(super) fn with_reader(self, reader: impl Fn(&TargetInfo) -> Result<Vec<u8>, Error> + Send + Sync + 'a) -> Self {
        Self { packages: self.packages.with_reader(reader), ..self }
    }

    pub(super) fn subject(&self, subject: &Subject) -> Result<Vec<Judged>, CliError> {
        match subject {
            Subject::File(selected) => Ok(vec![self.file(selected)?]),
            Subject::Locked(locked) => self.locked(locked),
            Subject::Judged(judged) => Ok(vec![judged.clone()]),
            Subject::Environment(root, environment, wheels) => self.environment(root, environment, wheels),
        }
    }

    /// The verdict where a search ended with an error, or the error where it stops the run.
    pub(super) fn failed(&self, error: Error) -> Result<Verdict, CliError> {
        if self.strict && self.client.is_overtaken(&error) {
            return Err(error.into());
        }
        Ok(Verdict::of_search(error)?)
    }

    /// What is signed for a distribution, or the verdict where nothing is.
    pub(super) fn signed(&self, file_name: &str, digests: &[Digest]) -> Result<Result<SignedFile, Verdict>, CliError> {
        Ok(match self.packages.file(file_name, digests) {
            Ok(Answer::Signed(signed)) => Ok(signed),
            Ok(Answer::Unsigned(unlisted)) => Err(Verdict::unsigned(&unlisted)),
            Ok(Answer::UnknownProject(project, unlisted)) => Err(Verdict::unknown_project(project.as_str(), &unlisted)),
            Err(error) => Err(self.failed(error)?),
        })
    }

    /// Fetches what is signed to a place, or finds it there.
    fn fetch(&self, info: &TargetInfo, to: &Path) -> Result<Result<(), Verdict>, CliError> {
        if info.is_exact() {
            self.bar.0.inc_length(info.length());
        }
        let mut before = 0;
        let fetched = self.client.download_with(info, to, |bytes| {
            self.bar.0.inc(bytes.saturating_sub(before));
            before = bytes;
        });
        match fetched {
            Ok(_) => Ok(Ok(())),
            Err(error) if self.strict && self.client.is_overtaken(&error) => Err(error.into()),
            Err(Error::Repository(error)) => Ok(Err(Verdict::mismatch(info, &error, None))),
            Err(error) => Err(not_written(error, to)),
        }
    }
}

/// Lets pass what the user named, and says so for each, and for each name that was of no use.
fn allow_unsigned(output: &Output, names: &[String], judged: &mut [Judged]) {
    for name in names {
        let mut used = false;
        for judged in judged.iter_mut().filter(|judged| judged.is_called(name)) {
            if let Some(allowed) = judged.verdict.allowed() {
                output.warn(format_args!("{} is not signed, and passes because of --allow-unsigned", judged.about()));
                judged.verdict = allowed;
                used = true;
            }
        }
        if !used {
            output.warn(format_args!("--allow-unsigned {name}: nothing of this name was judged and found unsigned"));
        }
    }
}
