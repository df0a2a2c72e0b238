//! The metadata of a mirror: bytes exactly as they were received and verified, so that any client can judge them anew.

use std::collections::HashSet;
use std::io::{self, Cursor, Read};

use serde::Serialize;
use tufgate::error::{CallerError, TransportError};
use tufgate::{
    Action, BaseUrl, Client, Entry, Fetched, FileTransport, Found, MemoryStore, Refresh, Repository, RoleName, Session,
    Store, Transport,
};

use super::dir::{Dir, metadata_fault};
use super::plan::Item;
use crate::commands::{Run, session};
use crate::error::CliError;
use crate::index::{Index, IndexClient, IndexTransport};
use crate::text::shown;

const TIMESTAMP: &str = "timestamp.json";

/// How many metadata files there are.
#[derive(Debug, Default, Serialize)]
pub(super) struct Written {
    written: usize,
    unchanged: usize,
}

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} written, {} unchanged", self.written, self.unchanged)
    }
}

/// Writes what the session rests on: delegated roles, targets, snapshot, roots. Only once all of that verifies from the
/// pinned root on, the timestamp makes it what clients of the mirror see.
pub(super) fn publish(
    run: &Run<'_>,
    index: &Index,
    client: &IndexClient,
    dir: &Dir,
    items: &[Item],
) -> Result<Written, CliError> {
    let session = session(client)?;
    let mut files = roles(session);
    files.push((versioned(session, session.snapshot().version(), &RoleName::SNAPSHOT), Entry::Snapshot));
    let last = session.root().version();
    let pinned = index.root()?.version();
    files.extend((pinned..=last).map(|version| (root_name(version), Entry::RootHistory(version))));
    let mut names = HashSet::new();
    for (name, _) in &files {
        let twice = (!names.insert(name.to_lowercase())).then(|| "another one has the same name".to_owned());
        if let Some(reason) = metadata_fault(name).or(twice) {
            return Err(tufgate::Error::from(CallerError::Destination { path: name.clone(), reason }).into());
        }
    }

    let mut written = Written::default();
    let mut write = |name: &str, bytes: &[u8]| -> Result<(), CliError> {
        match dir.write_metadata(name, bytes)? {
            true => written.written = written.written.saturating_add(1),
            false => written.unchanged = written.unchanged.saturating_add(1),
        }
        Ok(())
    };
    for (name, entry) in &files {
        write(name, &stored(client, index, entry)?)?;
    }
    for (version, bytes) in older_roots(run, index, dir, stored(client, index, &Entry::RootHistory(pinned))?)? {
        write(&root_name(version), &bytes)?;
    }
    let timestamp = stored(client, index, &Entry::Timestamp)?;
    check(session, index, dir, &timestamp, items).map_err(|error| {
        let message =
            format!("the mirror in {} does not verify, and its timestamp is left as it was", shown(dir.path()));
        CliError::disk(message, io::Error::other(error))
    })?;
    write(TIMESTAMP, &timestamp)?;
    Ok(written)
}

/// The targets roles that were asked in the session, the top-level one last.
fn roles(session: &Session) -> Vec<(String, Entry)> {
    let names = session.verified_roles().into_iter().chain([RoleName::TARGETS]);
    let file = |role: RoleName| {
        let version = session.snapshot().meta(&role)?.version();
        let name = versioned(session, version, &role);
        Some((name, if role == RoleName::TARGETS { Entry::Targets } else { Entry::Delegated(role) }))
    };
    names.filter_map(file).collect()
}

/// The name by which clients ask for a role's file, where their transports have decoded it.
fn versioned(session: &Session, version: u64, role: &RoleName) -> String {
    match session.root().consistent_snapshot() {
        true => format!("{version}.{}.json", role.as_str()),
        false => format!("{}.json", role.as_str()),
    }
}

fn root_name(version: u64) -> String {
    format!("{version}.root.json")
}

fn stored(client: &IndexClient, index: &Index, entry: &Entry) -> Result<Vec<u8>, CliError> {
    let limits = &index.limits;
    let most = limits.root_bytes.max(limits.timestamp_bytes).max(limits.snapshot_bytes).max(limits.targets_bytes);
    let bytes = client.store().read(entry, most).map_err(tufgate::Error::from)?;
    bytes.ok_or_else(|| {
        let message = format!("what is trusted of `{}` was changed while it was mirrored: run again", index.name);
        CliError::disk(message, io::Error::new(io::ErrorKind::NotFound, entry.file_name()))
    })
}

/// The roots before the pinned one, newest first, for clients that pinned an older one: as far back as each signs for
/// the next. They come from the mirror itself where it has them already.
fn older_roots(run: &Run<'_>, index: &Index, dir: &Dir, mut next: Vec<u8>) -> Result<Vec<(u64, Vec<u8>)>, CliError> {
    let (transport, (metadata, _)) = (index.transport(run.global)?, index.addresses()?);
    let (limit, last) = (index.limits.root_bytes, index.root()?.version());
    let mut roots = Vec::new();
    for version in (1..last).rev().take(index.limits.root_rotations as usize) {
        let kept = dir.metadata(&root_name(version), limit).filter(|root| signs_for(run, index, version, root, &next));
        let root = match kept {
            Some(root) => Some(root),
            None => fetch(&transport, &metadata.join(&root_name(version)), limit)?
                .filter(|root| signs_for(run, index, version, root, &next)),
        };
        let Some(root) = root else { break };
        next.clone_from(&root);
        roots.push((version, root));
    }
    Ok(roots)
}

fn fetch(transport: &IndexTransport, url: &str, limit: u64) -> Result<Option<Vec<u8>>, CliError> {
    let fetched = transport.fetch(url).map_err(tufgate::Error::from)?;
    let Fetched::Body(body) = fetched else { return Ok(None) };
    let mut bytes = Vec::new();
    body.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| CliError::disk(format!("cannot read {}", crate::text::without_credentials(url)), error))?;
    Ok(Some(bytes))
}

/// Whether a client that pinned `root`, of this version, accepts `next` as the one after it.
fn signs_for(run: &Run<'_>, index: &Index, version: u64, root: &[u8], next: &[u8]) -> bool {
    let Ok(mut machine) = Refresh::new(root, index.settings(), run.now) else { return false };
    let mut answer = None;
    let mut asked = false;
    // Nothing is stored, so that the machine asks for the next root, and after that for another file.
    while let Ok(action) = machine.step(answer.take()) {
        match action {
            Action::Fetch(_) if asked => return true,
            Action::Fetch(fetch) if fetch.path == root_name(version.saturating_add(1)) => {
                asked = true;
                answer = Some(next.to_vec());
            }
            Action::Fetch(_) | Action::Done => return false,
            _ => {}
        }
    }
    false
}

/// Whether a client that has nothing but the pinned root finds in the directory what this one found.
fn check(session: &Session, index: &Index, dir: &Dir, timestamp: &[u8], items: &[Item]) -> Result<(), tufgate::Error> {
    let root = std::path::absolute(dir.path()).unwrap_or_else(|_| dir.path().to_owned());
    let address = |part| BaseUrl::from_directory(&root.join(part));
    let repository = Repository::new(index.root_bytes(), address("metadata")?, address("targets")?);
    let transport = BeforeTimestamp { url: address("metadata")?.join(TIMESTAMP), timestamp: timestamp.to_vec() };
    let now = session.started();
    let mut client =
        Client::new(repository.with_settings(index.settings()), transport, MemoryStore::new()).with_clock(move || now);
    client.refresh()?;
    for item in items.iter().filter(|item| item.is_target) {
        if let Found::Unsigned { .. } = client.search(item.info.path())? {
            let (path, reason) =
                (item.info.path().as_str().to_owned(), "nothing of the mirror signs for it".to_owned());
            return Err(CallerError::Destination { path, reason }.into());
        }
    }
    Ok(())
}

/// The files of the mirror, with the timestamp that is not yet among them.
struct BeforeTimestamp {
    url: String,
    timestamp: Vec<u8>,
}

impl Transport for BeforeTimestamp {
    type Body = Box<dyn Read>;

    fn fetch(&self, url: &str) -> Result<Fetched<Self::Body>, TransportError> {
        if url == self.url {
            return Ok(Fetched::Body(Box::new(Cursor::new(self.timestamp.clone()))));
        }
        Ok(FileTransport::new().fetch(url)?.map(|body| Box::new(body) as Box<dyn Read>))
    }
}
