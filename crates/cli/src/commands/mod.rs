//! What the commands do.

mod completions;
mod download;
mod inspect;
mod mirror;
mod refresh;
mod trust;
mod verify;

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tufgate::Session;
use tufgate::error::{Error, Fault, RepositoryError, StoreError};

use crate::args::{Arguments, Command, Format, Global};
use crate::error::{CliError, Exit};
use crate::index::{Index, IndexClient};
use crate::output::Output;
use crate::text;

/// Runs a command. Its result is written; what stops it is returned.
pub(crate) fn run(arguments: &Arguments, output: &Output, now: SystemTime) -> Result<Exit, CliError> {
    let run = Run { global: &arguments.global, output, now };
    let judges = matches!(arguments.command, Command::Verify { .. } | Command::Download { .. });
    if matches!(output.format(), Format::Github | Format::Junit) && !judges {
        return Err(CliError::usage(
            "the formats `github` and `junit` are for verdicts, which this command does not give",
            "leave --format out, or use `--format json`",
        ));
    }
    match &arguments.command {
        Command::Trust(trust) => trust::run(&run, trust),
        Command::Refresh { name, repository } => refresh::run(&run, name.as_ref(), repository),
        Command::Download { targets, output, repository } => download::run(&run, targets, output, repository),
        Command::Verify { what, repository } => verify::run(&run, what, repository),
        Command::Mirror { what, repository } => mirror::run(&run, what, repository),
        Command::Inspect { role, repository } => inspect::run(&run, role.as_deref(), repository),
        Command::Completions { shell } => completions::completions(&run, *shell),
        Command::Man { dir } => completions::manual(&run, dir.as_deref()),
    }
}

/// What every command is given.
struct Run<'a> {
    global: &'a Global,
    output: &'a Output,
    now: SystemTime,
}

impl Run<'_> {
    /// A client whose trusted metadata is up to date. What the update noticed, and a root that is about to end, become
    /// warnings.
    fn client(&self, index: &Index) -> Result<IndexClient, CliError> {
        let mut client = index.client(self.global, self.now)?;
        let session = client.refresh().map_err(|error| self.refused(error))?;
        self.tell_age(index, session);
        for notice in session.notices() {
            self.output.warn(notice);
        }
        if let Some(expires) = session.root().expires() {
            let left = expires.duration_since(session.started()).unwrap_or_default().as_secs() / (24 * 60 * 60);
            if left < 30 {
                self.output.warn(format_args!(
                    "the root of `{}` expires on {}, in {}: the operator must publish a newer one",
                    index.name,
                    text::time(expires),
                    text::count(usize::try_from(left).unwrap_or(usize::MAX), "day"),
                ));
            }
        }
        Ok(client)
    }
}

impl Run<'_> {
    /// Does a job of many searches and downloads by one consistent snapshot. Where files of it are gone, it may have been
    /// cleaned up: the whole job is done again by a newer one, a few times (PEP 458 "Cleaning up old metadata"), and a
    /// warning says so. The job is told whether to give such an error back (`true`), or to take it for what it has to say
    /// of what it concerns, since there is no newer snapshot.
    fn one_snapshot<R>(
        &self,
        client: &mut IndexClient,
        job: impl Fn(&IndexClient, bool) -> Result<R, CliError>,
    ) -> Result<R, CliError> {
        let told = session(client)?.notices().to_vec();
        // What the library is to judge is passed to it; what else stops the job is kept aside.
        let done = client.consistently(|client| match job(client, true) {
            Err(CliError::Library(error)) if client.is_overtaken(&error) => Err(error),
            outcome => Ok(outcome),
        });
        let outcome = match done {
            Ok(outcome) => outcome,
            Err(error) if client.is_overtaken(&error) => job(client, false),
            // The refresh failed: nothing is known that could be judged by.
            Err(error) => Err(error.into()),
        };
        for notice in session(client)?.notices().iter().filter(|notice| !told.contains(notice)) {
            self.output.warn(notice);
        }
        outcome
    }

    /// What can be done about metadata that has expired is another thing without a network.
    fn refused(&self, error: tufgate::Error) -> CliError {
        match error {
            tufgate::Error::Repository(RepositoryError { fault: Fault::Expired { .. }, .. }) if self.global.offline => {
                CliError::ExpiredOffline(error)
            }
            error => error.into(),
        }
    }

    /// How old the copy of a repository is, and a warning where that is more than its publisher allowed.
    fn tell_age(&self, index: &Index, session: &Session) {
        let valid_until = text::time(session.valid_until());
        if let Some(copy) = Copy::of(index) {
            let made = match &copy.made {
                Some(made) => format!("made on {made} by its own word"),
                None => "made nobody knows when".to_owned(),
            };
            let validity = if session.is_stale() { "has expired on" } else { "is valid until" };
            self.output
                .status(format_args!("reading the copy in {}, {made}: {validity} {valid_until}", copy.directory));
        }
        if session.is_stale() {
            self.output.warn(format_args!(
                "the metadata of `{}` expired on {valid_until}, and is accepted because of --max-staleness {}: what was \
                 released, withdrawn or revoked since its time is not known here",
                index.name,
                duration(index.max_staleness),
            ));
        }
    }
}

/// In days where that is exact: months and years differ in length.
fn duration(duration: Duration) -> String {
    const DAY: u64 = 24 * 60 * 60;
    match duration.as_secs() {
        seconds if seconds % DAY == 0 => text::count(usize::try_from(seconds / DAY).unwrap_or(usize::MAX), "day"),
        _ => humantime::format_duration(duration).to_string(),
    }
}

/// A copy of a repository that is read in its place.
#[derive(Debug, Serialize)]
struct Copy {
    directory: String,
    /// When it was made, by its own word: nobody signed that. `None` where it does not say.
    made: Option<String>,
}

impl Copy {
    fn of(index: &Index) -> Option<Self> {
        let directory = index.copy()?;
        // A mirror writes this file last.
        let timestamp = fs::symlink_metadata(directory.join("metadata").join("timestamp.json"));
        let made = timestamp.and_then(|found| found.modified()).ok().map(text::time);
        Some(Self { directory: directory.to_string_lossy().into_owned(), made })
    }
}

/// The session that verdicts rest on.
#[derive(Debug, Serialize)]
struct Basis {
    index: String,
    metadata_url: String,
    root: u64,
    timestamp: u64,
    snapshot: u64,
    targets: u64,
    valid_until: String,
    /// The same where it is past, and was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    expired_since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    copy: Option<Copy>,
}

impl Basis {
    fn new(index: &Index, session: &Session) -> Self {
        Self {
            index: index.name.clone(),
            metadata_url: index.metadata.to_string(),
            root: session.root().version(),
            timestamp: session.timestamp().version(),
            snapshot: session.snapshot().version(),
            targets: session.targets().version(),
            valid_until: text::time(session.valid_until()),
            expired_since: session.is_stale().then(|| text::time(session.valid_until())),
            copy: Copy::of(index),
        }
    }
}

/// Why a target was not written to its destination, or below it: that is of the user's, and not of what is trusted.
fn not_written(error: Error, destination: &Path) -> CliError {
    match error {
        Error::Store(StoreError { path, fault, source: Some(source), .. })
            if Path::new(&path).starts_with(destination) =>
        {
            CliError::disk(format!("{}: {fault}", text::shown(Path::new(&path))), source)
        }
        error => error.into(),
    }
}

/// The session of a client that was just refreshed.
fn session(client: &IndexClient) -> Result<&Session, CliError> {
    client.session().ok_or_else(|| Error::from(tufgate::error::CallerError::Stopped).into())
}
