//! A new repository.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::Result;
use crate::bins::BinLayout;
use crate::disk::{self, Staging};
use crate::document::{Authority, Delegated, Document, Scope, TopLevel, meta_entry};
use crate::error::Error;
use crate::json::Layout;
use crate::keys::{KeyRing, signers};
use crate::repository::{BINS, METADATA, ROOT, TARGETS, lock};
use crate::settings::{FILE_NAME, Kind, Settings};

/// Who signs what in a new repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorities {
    /// Root, timestamp, snapshot and targets.
    pub top_level: TopLevel,
    /// `bins`, where there is that role.
    pub bins: Authority,
    /// Each bin.
    pub bin_n: Authority,
}

/// Makes a repository without targets in a folder that is empty or not there.
///
/// # Errors
/// When there is something in the folder, a key is not at hand, or the disk fails. A folder that was begun has no
/// [`ROOT`], and can be removed.
pub fn init(
    path: &Path,
    settings: &Settings,
    authorities: &Authorities,
    ring: &dyn KeyRing,
    now: SystemTime,
) -> Result<()> {
    fs::create_dir_all(path).map_err(Error::disk(path, "cannot make the folder"))?;
    let mut entries = fs::read_dir(path).map_err(Error::disk(path, "cannot read"))?;
    if entries.next().is_some() {
        let message = format!("{} is not empty", path.display());
        return Err(Error::usage(message, "give a folder that is not there yet"));
    }
    let _lock = lock(path)?;
    let mut staging = Staging::new(path);
    let mut snapshot = Document::snapshot(1, settings.expires(Kind::Snapshot, now));
    let mut publish = |staging: &mut Staging, name: &str, document: &Document, authority: &Authority| -> Result<()> {
        let bytes = sign(document, ring, name, authority)?;
        let meta = meta_entry(document.version(), &bytes, settings.pin_delegated);
        snapshot.meta_mut()?.insert(format!("{name}.json"), meta);
        staging.add(&format!("{METADATA}/{}.{name}.json", document.version()), &bytes)
    };

    let TopLevel { root: root_keys, timestamp: timestamp_keys, snapshot: snapshot_keys, targets: targets_keys } =
        &authorities.top_level;
    let bins = settings.bin_roles()?;
    let mut targets = Document::targets(1, settings.expires(Kind::Targets, now));
    match settings.layout {
        BinLayout::Succinct => bins.delegate(&mut targets, &authorities.bin_n),
        BinLayout::Prefixes => {
            targets.delegate(&[to_bins(authorities.bins.clone())]);
            let mut delegator = Document::targets(1, settings.expires(Kind::Targets, now));
            bins.delegate(&mut delegator, &authorities.bin_n);
            publish(&mut staging, BINS, &delegator, &authorities.bins)?;
        }
    }
    publish(&mut staging, "targets", &targets, targets_keys)?;
    // All bins are alike, so one file is signed for all.
    let empty = Document::targets(1, settings.expires(Kind::Bin, now));
    for name in bins.names() {
        publish(&mut staging, &name, &empty, &authorities.bin_n)?;
    }
    let snapshot_bytes = sign(&snapshot, ring, "snapshot", snapshot_keys)?;
    staging.add(&format!("{METADATA}/1.snapshot.json"), &snapshot_bytes)?;
    let mut timestamp = Document::timestamp(1, settings.expires(Kind::Timestamp, now));
    timestamp.meta_mut()?.insert("snapshot.json".to_owned(), meta_entry(1, &snapshot_bytes, true));
    staging.add(&format!("{METADATA}/timestamp.json"), &sign(&timestamp, ring, "timestamp", timestamp_keys)?)?;
    let root = Document::root(1, settings.expires(Kind::Root, now), &authorities.top_level);
    let root = sign(&root, ring, "root", root_keys)?;
    staging.add(&format!("{METADATA}/1.root.json"), &root)?;
    staging.add(FILE_NAME, settings.to_toml()?.as_bytes())?;
    let folder = path.join(TARGETS);
    fs::create_dir_all(&folder).map_err(Error::disk(&folder, "cannot make the folder"))?;
    staging.commit()?;
    disk::write(path, ROOT, &root)
}

/// The delegation from `targets` to `bins`. A pattern cannot say "everything", since `*` does not cross `/`; all first
/// digits of a hash can.
#[must_use]
pub fn to_bins(authority: Authority) -> Delegated {
    let everything = (0..16).map(|digit| format!("{digit:x}")).collect();
    Delegated { name: BINS.to_owned(), authority, scope: Scope::PathHashPrefixes(everything), terminating: false }
}

fn sign(document: &Document, ring: &dyn KeyRing, role: &str, authority: &Authority) -> Result<Vec<u8>> {
    let keys = signers(ring, role, authority)?;
    document.sign(&keys, Layout::Compact)
}
