//! One change of a repository: what it touches is signed again, and becomes visible all at once.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::time::SystemTime;

use serde_json::Value;
use tempfile::NamedTempFile;
use tufgate::error::TransportError;
use tufgate::{Digest, Entry, Fetched, FileTransport, Found, TargetPath, Transport};

use crate::Result;
use crate::bins::BinLayout;
use crate::disk::{self, Staging};
use crate::document::{Authority, Document, TopLevel, meta_entry, target_entry};
use crate::error::Error;
use crate::json::Layout;
use crate::keys::{KeyRing, signers_of_all};
use crate::repository::{self, BINS, METADATA, Repository, TARGETS};
use crate::settings::{self, Kind};

/// A change in the making. Nothing of it is seen before [`Update::commit`].
#[derive(Debug)]
pub struct Update<'r> {
    repository: &'r Repository,
    now: SystemTime,
    staging: Staging,
    /// Roles that change, by name: bins, `bins`, `targets`.
    roles: BTreeMap<String, Document>,
    /// Roles that are signed again as they are. They are many, so they are read one by one.
    renewed: BTreeSet<String>,
    /// Whether the snapshot is signed again though no role is.
    renews_snapshot: bool,
    /// The root that will be in force soon: what it changes is signed for both.
    next: Option<TopLevel>,
    /// Whether the keys of the root in force are not asked for.
    without_old: bool,
    /// Paths that clients must find, or not find, afterwards.
    expected: BTreeMap<TargetPath, bool>,
    /// Files below the folder of targets that go once the change is visible.
    withdrawn: Vec<String>,
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
        Self {
            repository,
            now,
            staging,
            roles: BTreeMap::new(),
            renewed: BTreeSet::new(),
            renews_snapshot: false,
            next: None,
            without_old: false,
            expected: BTreeMap::new(),
            withdrawn: Vec::new(),
        }
    }

    /// An empty file on the repository's file system, for [`Update::store_file`].
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new_file(&self) -> Result<NamedTempFile> {
        self.staging.file()
    }

    /// Has this file lie below the folder of targets.
    ///
    /// # Errors
    /// When what was written to it does not reach the disk.
    pub fn store_file(&mut self, place: &str, file: NamedTempFile) -> Result<()> {
        self.staging.place(&format!("{TARGETS}/{place}"), file)
    }

    /// Has a file below the folder of targets deleted, once clients see the change.
    pub fn withdraw(&mut self, place: &str) {
        self.withdrawn.push(place.to_owned());
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

    /// A role that changes: `targets`, `bins`, or a bin that [`Repository::find`] asked for.
    ///
    /// # Errors
    /// When it was not verified before.
    pub fn role(&mut self, name: &str) -> Result<&mut Document> {
        if !self.roles.contains_key(name) {
            self.roles.insert(name.to_owned(), self.renewed(name)?);
            self.renewed.remove(name);
        }
        self.roles.get_mut(name).ok_or_else(|| Error::Document(format!("`{name}` is not loaded")))
    }

    /// Has a role signed again as it is. It has to be verified by then.
    pub fn renew(&mut self, name: &str) {
        if !self.roles.contains_key(name) {
            self.renewed.insert(name.to_owned());
        }
    }

    /// Has the snapshot signed again, and so the timestamp.
    pub fn renew_snapshot(&mut self) {
        self.renews_snapshot = true;
    }

    /// Signs for the root that will be in force soon, too; with `without_old` for that alone.
    pub fn prepare_for(&mut self, next: TopLevel, without_old: bool) {
        self.next = Some(next);
        self.without_old = without_old;
        self.renews_snapshot = true;
    }

    fn renewed(&self, name: &str) -> Result<Document> {
        let mut document = self.repository.document(&repository::entry(name)?)?;
        document.renew(self.repository.settings().expires(kind(name), self.now))?;
        Ok(document)
    }

    /// Whether no role is signed again.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.renewed.is_empty() && !self.renews_snapshot
    }

    /// Signs what changed, the snapshot if anything did, and the timestamp; has a client look at it; writes everything,
    /// the timestamp last.
    ///
    /// # Errors
    /// When keys are not at hand, an offline role expired, a client would refuse the result, or the disk fails. Whatever
    /// it is, clients see the repository as it was: what was written has no timestamp that leads to it.
    pub fn commit(self, ring: &dyn KeyRing) -> Result<Published> {
        self.commit_after(ring, None)
    }

    /// The same with a new root, in force just before the timestamp: where the old online keys are not to sign.
    ///
    /// # Errors
    /// As [`Update::commit`].
    pub fn commit_with_root(self, ring: &dyn KeyRing, version: u64, root: &[u8]) -> Result<Published> {
        self.commit_after(ring, Some((&format!("{version}.root.json"), root)))
    }

    fn commit_after(mut self, ring: &dyn KeyRing, root: Option<(&str, &[u8])>) -> Result<Published> {
        let (repository, settings) = (self.repository, self.repository.settings());
        repository
            .refuse_expired_offline(self.now, |role| self.roles.contains_key(role) || self.renewed.contains(role))?;
        let signers = self.signers(ring)?;
        let mut snapshot = repository.document(&Entry::Snapshot)?;
        let names: BTreeSet<String> = self.roles.keys().chain(&self.renewed).cloned().collect();
        for name in &names {
            let document = match self.roles.get(name) {
                Some(changed) => Cow::Borrowed(changed),
                None => Cow::Owned(self.renewed(name)?),
            };
            let bytes = signers.sign(name, &document)?;
            let version = document.version();
            snapshot.meta_mut()?.insert(format!("{name}.json"), meta_entry(version, &bytes, settings.pin_delegated));
            self.staging.add(&format!("{METADATA}/{version}.{name}.json"), &bytes)?;
        }
        let mut timestamp = repository.document(&Entry::Timestamp)?;
        timestamp.renew(settings.expires(Kind::Timestamp, self.now))?;
        if !names.is_empty() || self.renews_snapshot {
            snapshot.renew(settings.expires(Kind::Snapshot, self.now))?;
            let bytes = signers.sign("snapshot", &snapshot)?;
            self.staging.add(&format!("{METADATA}/{}.snapshot.json", snapshot.version()), &bytes)?;
            let meta = meta_entry(snapshot.version(), &bytes, true);
            *timestamp.meta_mut()? = [("snapshot.json".to_owned(), meta)].into_iter().collect();
        }
        let bytes = signers.sign("timestamp", &timestamp)?;
        drop(signers);

        self.staging.commit()?;
        let metadata: Vec<(&str, &[u8])> = root.into_iter().chain([("timestamp.json", bytes.as_slice())]).collect();
        accepted(repository, &metadata, &self.expected)?;
        for (name, bytes) in metadata {
            disk::write(repository.path(), &format!("{METADATA}/{name}"), bytes)?;
        }
        for place in &self.withdrawn {
            disk::remove(&repository.path().join(TARGETS).join(place))?;
        }
        let roles = names.into_iter().collect();
        Ok(Published { roles, snapshot: snapshot.version(), timestamp: timestamp.version() })
    }

    /// Who signs what, as it will be.
    fn signers<'k>(&self, ring: &'k dyn KeyRing) -> Result<Signers<'k>> {
        let is_bin = |name: &String| kind(name) == Kind::Bin;
        let targets = self.delegator("targets")?.into_owned();
        let bins = match self.repository.settings().layout {
            BinLayout::Prefixes if self.roles.keys().chain(&self.renewed).any(is_bin) => {
                Some(self.delegator(BINS)?.into_owned())
            }
            _ => None,
        };
        let mut roots = Vec::new();
        if !self.without_old {
            roots.push(self.repository.root()?.top_level()?);
        }
        roots.extend(self.next.clone());
        Ok(Signers { ring, roots, targets, bins })
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
}

/// Who signs what in one update.
struct Signers<'k> {
    ring: &'k dyn KeyRing,
    /// One root, or two while the second one is about to be in force.
    roots: Vec<TopLevel>,
    targets: Document,
    bins: Option<Document>,
}

impl Signers<'_> {
    fn sign(&self, role: &str, document: &Document) -> Result<Vec<u8>> {
        let of_roots = |pick: fn(&TopLevel) -> &Authority| self.roots.iter().map(|root| pick(root).clone()).collect();
        let authorities: Vec<Authority> = match role {
            "timestamp" => of_roots(|root| &root.timestamp),
            "snapshot" => of_roots(|root| &root.snapshot),
            "targets" => of_roots(|root| &root.targets),
            _ => {
                let delegator = if role == BINS { &self.targets } else { self.bins.as_ref().unwrap_or(&self.targets) };
                let missing = || {
                    Error::Document(format!("no role delegates to `{role}`, which {} asks for", settings::FILE_NAME))
                };
                vec![delegator.delegated_authority(role).ok_or_else(missing)?]
            }
        };
        let keys = signers_of_all(self.ring, role, &authorities)?;
        document.sign(&keys, Layout::Compact)
    }
}

fn kind(role: &str) -> Kind {
    match role {
        "targets" | BINS => Kind::Targets,
        _ => Kind::Bin,
    }
}

/// Has a client look at the repository as it will be with these metadata files.
pub(crate) fn accepted(
    repository: &Repository,
    metadata: &[(&str, &[u8])],
    expected: &BTreeMap<TargetPath, bool>,
) -> Result<()> {
    let path = repository.path();
    let transport = Overlay { metadata, files: FileTransport::new() };
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

/// The files of a repository, with some of its metadata as it is not there yet.
struct Overlay<'a> {
    metadata: &'a [(&'a str, &'a [u8])],
    files: FileTransport,
}

impl<'a> Transport for Overlay<'a> {
    type Body = Box<dyn std::io::Read + 'a>;

    fn fetch(&self, url: &str) -> std::result::Result<Fetched<Self::Body>, TransportError> {
        let is_it = |name: &str| url.strip_suffix(name).is_some_and(|folder| folder.ends_with("/metadata/"));
        match self.metadata.iter().find(|(name, _)| is_it(name)) {
            Some((_, bytes)) => Ok(Fetched::Body(Box::new(Cursor::new(*bytes)))),
            None => Ok(self.files.fetch(url)?.map(|body| Box::new(body) as Self::Body)),
        }
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
