//! What the commands do.

mod completions;
mod download;
mod inspect;
mod mirror;
mod refresh;
mod trust;
mod verify;

use std::time::SystemTime;

use serde::Serialize;
use tufgate::Session;

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
        let session = client.refresh()?;
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
        }
    }
}

/// The session of a client that was just refreshed.
fn session(client: &IndexClient) -> Result<&Session, CliError> {
    client.session().ok_or_else(|| tufgate::Error::from(tufgate::error::CallerError::Stopped).into())
}
