//! What no client needs any more (PEP 458 "Cleaning up old metadata").

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;
use tufgate::{Digest, HashAlgorithm, TargetPath};

use crate::Result;
use crate::disk;
use crate::document::Document;
use crate::error::Error;
use crate::repository::{METADATA, Repository, TARGETS};
use crate::update::places;

/// A file that can go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Orphan {
    /// Below the repository's folder.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
}

/// Files that belong neither to the newest `keep` snapshots nor changed since `since`: a client in the middle of a run
/// still asks for those of the snapshot that it began with. Roots are never among them.
///
/// # Errors
/// When a kept document cannot be read: then nothing is known to be an orphan.
pub fn orphans(repository: &Repository, keep: usize, since: SystemTime) -> Result<Vec<Orphan>> {
    let root = repository.path();
    let needed = needed(repository, keep.max(1))?;
    let mut orphans = Vec::new();
    let mut look = |path: PathBuf, file: &fs::Metadata| {
        let is_new = since > SystemTime::UNIX_EPOCH && file.modified().is_ok_and(|changed| changed > since);
        if let Ok(inner) = path.strip_prefix(root)
            && !needed.contains(inner)
            && !is_new
        {
            orphans.push(Orphan { path: inner.to_owned(), bytes: file.len() });
        }
    };
    for folder in [METADATA, TARGETS] {
        walk(&root.join(folder), &mut look)?;
    }
    orphans.sort_unstable();
    Ok(orphans)
}

/// Deletes orphans.
///
/// # Errors
/// When one cannot be deleted; those before it are gone.
pub fn delete(repository: &Repository, orphans: &[Orphan]) -> Result<()> {
    orphans.iter().try_for_each(|orphan| disk::remove(&repository.path().join(&orphan.path)))
}

/// Every file that belongs to a kept snapshot, relative to the repository.
pub(crate) fn needed(repository: &Repository, keep: usize) -> Result<BTreeSet<PathBuf>> {
    let folder = repository.path().join(METADATA);
    let mut needed = BTreeSet::from([PathBuf::from(METADATA).join("timestamp.json")]);
    let mut snapshots = Vec::new();
    walk(&folder, &mut |path, _| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".root.json") {
            needed.insert(PathBuf::from(METADATA).join(name));
        }
        let version = name.strip_suffix(".snapshot.json").and_then(|version| version.parse::<u64>().ok());
        snapshots.extend(version);
    })?;
    // A crash may have left a snapshot above the current one: no client ever saw it.
    let current = repository.session()?.snapshot().version();
    snapshots.retain(|version| *version <= current);
    snapshots.sort_unstable();
    for version in snapshots.iter().rev().take(keep) {
        let name = format!("{version}.snapshot.json");
        let snapshot = read(&folder, &name)?;
        needed.insert(PathBuf::from(METADATA).join(&name));
        for (file, meta) in snapshot.member("meta").and_then(Value::as_object).into_iter().flatten() {
            let version = meta.get("version").and_then(Value::as_u64).unwrap_or(0);
            let name = format!("{version}.{file}");
            if needed.insert(PathBuf::from(METADATA).join(&name)) {
                targets_of(repository, &read(&folder, &name)?, &mut needed)?;
            }
        }
    }
    Ok(needed)
}

/// Where the targets of one role lie.
fn targets_of(repository: &Repository, role: &Document, needed: &mut BTreeSet<PathBuf>) -> Result<()> {
    let profile = repository.settings().index_profile()?;
    for (path, entry) in role.member("targets").and_then(Value::as_object).into_iter().flatten() {
        let Ok(path) = TargetPath::new(path.as_str()) else { continue };
        let hashes = entry.get("hashes").and_then(Value::as_object);
        let digest =
            |(name, hash): (&String, &Value)| Digest::from_hex(HashAlgorithm::from_name(name)?, hash.as_str()?);
        let digests: Vec<Digest> = hashes.into_iter().flatten().filter_map(digest).collect();
        let mut stored = places(&path, &digests, profile.plain_target_names());
        stored.push(path.as_str().to_owned());
        for source in profile.pages() {
            if let Some(project) = source.project_of(&path) {
                let paths = digests.iter().filter_map(|hash| source.stored_path(&project, hash)?.ok());
                stored.extend(paths.map(|path| path.as_str().to_owned()));
            }
        }
        needed.extend(stored.into_iter().map(|place| PathBuf::from(TARGETS).join(place)));
    }
    Ok(())
}

fn read(folder: &Path, name: &str) -> Result<Document> {
    let path = folder.join(name);
    Document::read(&fs::read(&path).map_err(Error::disk(&path, "cannot read"))?)
}

/// All files of a folder and below. Links are neither followed nor shown.
fn walk(folder: &Path, look: &mut impl FnMut(PathBuf, &fs::Metadata)) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(Error::disk(folder, "cannot read"))?,
    };
    for entry in entries {
        let entry = entry.map_err(Error::disk(folder, "cannot read"))?;
        let metadata = entry.metadata().map_err(Error::disk(folder, "cannot read"))?;
        if metadata.is_dir() {
            walk(&entry.path(), look)?;
        } else if metadata.is_file() {
            look(entry.path(), &metadata);
        }
    }
    Ok(())
}
