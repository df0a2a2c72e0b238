//! One change of a repository: what it touches is signed again, and becomes visible all at once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::time::SystemTime;

use serde_json::Value;
use tempfile::NamedTempFile;
use tufgate::error::TransportError;
use tufgate::{Digest, Entry, Fetched, FileTransport, Found, TargetPath, Transport};

use crate::Result;
use crate::bins::BinLayout;
use crate::disk::{self, Staging};
use crate::document::{Authority, Document, meta_entry, target_entry};
use crate::error::Error;
use crate::json::Layout;
use crate::keys::{KeyRing, signers};
use crate::repository::{self, BINS, METADATA, Repository, TARGETS};
use crate::settings::{self, Kind};

const TIMESTAMP: &str = "metadata/timestamp.json";

/// A change in the making. Nothing of it is seen before [`Update::commit`].
#[derive(Debug)]
pub struct Update<'r> {
    repository: &'r Repository,
    now: SystemTime,
    staging: Staging,
    /// Roles that are signed again, by name: bins, `bins`, `targets`.
    roles: BTreeMap<String, Document>,
    /// Paths that clients must find, or not find, afterwards.
    expected: BTreeMap<TargetPath, bool>,
}

/// What a commit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The names of the delegated and targets roles that were signed again.
    pub roles: Vec<String>,
    /// The version of the new snapshot.
    pub snapshot: u64,
    /// The version of the new timestamp.
    pub timestamp: u64,
}

impl<'r> Update<'r> {
    /// A change of nothing yet, made at `now`.
    #[must_use]
    pub fn new(repository: &'r Repository, now: SystemTime) -> Self {
        let staging = Staging::new(repository.path());
        Self { repository, now, staging, roles: BTreeMap::new(), expected: BTreeMap::new() }
    }

    /// An empty file on the repository's file system, for [`Update::store_file`].
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new_file(&self) -> Result<NamedTempFile> {
        self.staging.file()
    }

    /// Has this file lie below the folder of targets.
    pub fn store_file(&mut self, place: &str, file: NamedTempFile) {
        self.staging.place(&format!("{TARGETS}/{place}"), file);
    }

    /// What is listed for a path, with the changes so far. Its bin is not signed again for that.
    ///
    /// # Errors
    /// When its bin does not verify.
    pub fn peek(&mut self, path: &TargetPath) -> Result<Option<Value>> {
        let name = self.repository.settings().bin_roles()?.of(path);
        if let Some(changed) = self.roles.get_mut(&name) {
            return Ok(changed.targets_mut()?.get(path.as_str()).cloned());
        }
        match self.repository.find(path)? {
            Found::Unsigned { .. } => Ok(None),
            Found::Signed(info) => {
                let hashes: Vec<Digest> = info.hashes().iter().copied().collect();
                Ok(Some(target_entry(info.length(), &hashes)))
            }
        }
    }

    /// Lists a target, or another content of one.
    ///
    /// # Errors
    /// When its bin does not verify.
    pub fn list(&mut self, path: &TargetPath, entry: Value) -> Result<()> {
        self.bin(path)?.targets_mut()?.insert(path.as_str().to_owned(), entry);
        self.expected.insert(path.clone(), true);
        Ok(())
    }

    /// Takes a target from the list. Returns whether it was there.
    ///
    /// # Errors
    /// When its bin does not verify.
    pub fn unlist(&mut self, path: &TargetPath) -> Result<bool> {
        let was = self.bin(path)?.targets_mut()?.remove(path.as_str()).is_some();
        self.expected.insert(path.clone(), false);
        Ok(was)
    }

    /// Has a role signed again: `targets`, `bins`, or a bin that [`Repository::find`] asked for.
    ///
    /// # Errors
    /// When it was not verified before.
    pub fn role(&mut self, name: &str) -> Result<&mut Document> {
        if !self.roles.contains_key(name) {
            let mut document = self.repository.document(&repository::entry(name)?)?;
            document.renew(self.repository.settings().expires(kind(name), self.now))?;
            self.roles.insert(name.to_owned(), document);
        }
        self.roles.get_mut(name).ok_or_else(|| Error::Document(format!("`{name}` is not loaded")))
    }

    /// Whether there is nothing to sign.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }

    /// Signs what changed, snapshot and timestamp; has a client look at it; writes everything, the timestamp last.
    ///
    /// # Errors
    /// When keys are not at hand, an offline role expired, a client would refuse the result, or the disk fails. Whatever
    /// it is, clients see the repository as it was: what was written has no timestamp that leads to it.
    pub fn commit(mut self, ring: &dyn KeyRing) -> Result<Published> {
        let repository = self.repository;
        let settings = repository.settings();
        let session = repository.session()?;
        if !self.roles.contains_key("targets") && !self.roles.contains_key(BINS) {
            repository.refuse_expired_offline(self.now)?;
        }
        let roles = repository.root()?.top_level()?;

        let mut snapshot = repository.document(&Entry::Snapshot)?;
        for ((name, document), authority) in self.roles.iter().zip(self.authorities()?) {
            let bytes = document.sign(signers(ring, name, &authority)?.iter().map(AsRef::as_ref), Layout::Compact)?;
            let version = document.version();
            let meta = meta_entry(version, &bytes, settings.pin_delegated);
            snapshot.meta_mut()?.insert(format!("{name}.json"), meta);
            self.staging.add(&format!("{METADATA}/{version}.{name}.json"), &bytes)?;
        }
        snapshot.renew(settings.expires(Kind::Snapshot, self.now))?;
        let bytes =
            snapshot.sign(signers(ring, "snapshot", &roles.snapshot)?.iter().map(AsRef::as_ref), Layout::Compact)?;
        self.staging.add(&format!("{METADATA}/{}.snapshot.json", snapshot.version()), &bytes)?;

        let mut timestamp = repository.document(&Entry::Timestamp)?;
        timestamp.renew(settings.expires(Kind::Timestamp, self.now))?;
        *timestamp.meta_mut()? =
            [("snapshot.json".to_owned(), meta_entry(snapshot.version(), &bytes, true))].into_iter().collect();
        drop(bytes);
        let timestamp_bytes =
            timestamp.sign(signers(ring, "timestamp", &roles.timestamp)?.iter().map(AsRef::as_ref), Layout::Compact)?;

        let published = Published {
            roles: self.roles.keys().cloned().collect(),
            snapshot: snapshot.version(),
            timestamp: timestamp.version(),
        };
        debug_assert!(session.timestamp().version() < published.timestamp);
        self.staging.commit()?;
        accepted(repository, &timestamp_bytes, &self.expected)?;
        disk::write(repository.path(), TIMESTAMP, &timestamp_bytes)?;
        Ok(published)
    }

    /// The bin of a path, as it will be.
    fn bin(&mut self, path: &TargetPath) -> Result<&mut Document> {
        let name = self.repository.settings().bin_roles()?.of(path);
        if !self.roles.contains_key(&name) {
            self.repository.find(path)?;
        }
        self.role(&name)
    }

    /// The document that says who signs bins, as it will be. It is large, so it is read once for all of them.
    fn delegator(&self, name: &'static str) -> Result<Cow<'_, Document>> {
        match self.roles.get(name) {
            Some(changed) => Ok(Cow::Borrowed(changed)),
            None => Ok(Cow::Owned(self.repository.document(&repository::entry(name)?)?)),
        }
    }

    /// Who signs each of the changed roles, and what says so.
    fn authorities(&self) -> Result<Vec<Authority>> {
        let targets = self.delegator("targets")?;
        let bins = match self.repository.settings().layout {
            BinLayout::Prefixes if self.roles.keys().any(|name| kind(name) == Kind::Bin) => Some(self.delegator(BINS)?),
            _ => None,
        };
        let of = |name: &String| {
            let delegator = match name.as_str() {
                "targets" => return Ok(self.repository.root()?.top_level()?.targets),
                BINS => &targets,
                _ => bins.as_ref().unwrap_or(&targets),
            };
            let missing =
                || Error::Document(format!("no role delegates to `{name}`, which {} asks for", settings::FILE_NAME));
            delegator.delegated_authority(name).ok_or_else(missing)
        };
        self.roles.keys().map(of).collect()
    }
}

fn kind(role: &str) -> Kind {
    match role {
        "targets" | BINS => Kind::Targets,
        _ => Kind::Bin,
    }
}

/// Has a client look at the repository as it will be with this timestamp.
fn accepted(repository: &Repository, timestamp: &[u8], expected: &BTreeMap<TargetPath, bool>) -> Result<()> {
    let path = repository.path();
    let transport = WithTimestamp { timestamp, files: FileTransport::new() };
    let mut client = repository::client(path, repository.settings(), transport)?;
    client.refresh().map_err(repository::untrusted(path))?;
    for (target, listed) in expected {
        let found = client.search(target).map_err(repository::untrusted(path))?;
        if matches!(found, Found::Signed(_)) != *listed {
            return Err(Error::Document(format!(
                "clients would not see `{}` as it was to be published",
                target.as_str()
            )));
        }
    }
    Ok(())
}

/// The files of a repository, with another timestamp.
struct WithTimestamp<'a> {
    timestamp: &'a [u8],
    files: FileTransport,
}

impl<'a> Transport for WithTimestamp<'a> {
    type Body = Box<dyn std::io::Read + 'a>;

    fn fetch(&self, url: &str) -> std::result::Result<Fetched<Self::Body>, TransportError> {
        if url.ends_with("/metadata/timestamp.json") {
            return Ok(Fetched::Body(Box::new(Cursor::new(self.timestamp))));
        }
        Ok(self.files.fetch(url)?.map(|body| Box::new(body) as Self::Body))
    }
}

/// Below the folder of targets, where clients ask for a target (TUF-1.0.34 §5.7.3): once for each hash, before the last
/// segment; or under its plain name.
#[must_use]
pub fn places(path: &TargetPath, digests: &[Digest], plain: bool) -> Vec<String> {
    if plain {
        return vec![path.as_str().to_owned()];
    }
    let (folder, name) = path
        .as_str()
        .rsplit_once('/')
        .map_or((String::new(), path.as_str()), |(folder, name)| (format!("{folder}/"), name));
    digests.iter().map(|digest| format!("{folder}{}.{name}", digest.to_hex())).collect()
}
