//! What tufgate says.

use std::path::Path;

use tufgate::error::{CallerError, Error, Fault, RepositoryError, Subject};
use tufgate::{BaseUrl, Client, FileStore, FileTransport, Found, MemoryStore, Repository, Store, TargetPath};

use crate::Result;
use crate::cases::Case;
use crate::verdict::{Answer, Opinion};

/// The store is on the disk only where something is to be remembered: each write waits for the disk.
pub(crate) fn opinion(case: &Case, folder: &Path, state: &Path) -> Result<Opinion> {
    match case.steps.len() {
        1 => opinion_with(case, folder, MemoryStore::new()),
        _ => opinion_with(case, folder, FileStore::open(state)?),
    }
}

fn opinion_with<S: Store>(case: &Case, folder: &Path, store: S) -> Result<Opinion> {
    let root = case.pinned()?.bytes("root.json")?;
    let base = |name| BaseUrl::from_directory(&folder.join(name));
    let repository = Repository::new(root, base("metadata")?, base("targets")?);
    let mut client = Client::new(repository, FileTransport::new(), store);
    if let Err(error) = client.refresh() {
        return Ok(Opinion::not_loaded(reason(&error)));
    }
    Ok(Opinion::loaded(case.targets.iter().map(|path| {
        let answer = fetch(&mut client, path).unwrap_or_else(|error| Answer::Refused(reason(&error)));
        (path.clone(), answer)
    })))
}

fn fetch<S: Store>(client: &mut Client<FileTransport, S>, path: &str) -> std::result::Result<Answer, Error> {
    Ok(match client.lookup(&TargetPath::new(path)?)? {
        Found::Signed(info) => Answer::Bytes(client.read(&info)?),
        Found::Unsigned { .. } => Answer::Absent,
    })
}

fn reason(error: &Error) -> String {
    match error {
        Error::Repository(error) => about(error),
        Error::Caller(CallerError::PinnedRoot(error)) => format!("pinned {}", about(error)),
        Error::Caller(CallerError::TargetPath { .. }) => "not a target path".to_owned(),
        Error::Transport(error) => {
            format!("{}: transport", error.url.rsplit('/').next().unwrap_or(&error.url))
        }
        other => other.to_string(),
    }
}

fn about(error: &RepositoryError) -> String {
    let fault = match &error.fault {
        Fault::Malformed(_) => "malformed",
        Fault::Threshold { .. } => "signatures",
        Fault::Expired { .. } => "expired",
        Fault::Version { .. } => "version",
        Fault::Rollback { .. } => "rollback",
        Fault::SameVersionOtherContent { .. } => "other content",
        Fault::Length { .. } => "length",
        Fault::Hash { .. } => "hash",
        Fault::Missing => "missing",
        Fault::NotInSnapshot => "not in snapshot",
        Fault::WrongBin { .. } => "wrong bin",
        Fault::Pattern { .. } => "pattern",
        _ => return error.to_string(),
    };
    match &error.subject {
        Subject::Role(role) => format!("{role}: {fault}"),
        Subject::Target(_) => fault.to_owned(),
    }
}
