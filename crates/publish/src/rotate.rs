//! New keys for a role.
//!
//! A new root is in force for clients as soon as it lies there, before any timestamp says so. What it asks for must be
//! there by then, and what the old root asks for must be there until then: so everything is first signed by old and new
//! keys together, and the root comes last.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use crate::Result;
use crate::bins::BinLayout;
use crate::disk;
use crate::document::{Authority, Document, TopLevel};
use crate::error::Error;
use crate::init::to_bins;
use crate::json::Layout;
use crate::keys::{KeyRing, Signer, signers_of_all};
use crate::repository::{BINS, METADATA, Repository};
use crate::settings::Kind;
use crate::update::{Published, Update, accepted};

/// Whose keys are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Root.
    Root,
    /// The top-level targets.
    Targets,
    /// The role that delegates to the bins.
    Bins,
    /// Each bin.
    BinN,
    /// Snapshot.
    Snapshot,
    /// Timestamp.
    Timestamp,
    /// Timestamp, snapshot and each bin: what one online key signs.
    Online,
}

const ROLES: [(&str, Role); 7] = [
    ("root", Role::Root),
    ("targets", Role::Targets),
    ("bins", Role::Bins),
    ("bin-n", Role::BinN),
    ("snapshot", Role::Snapshot),
    ("timestamp", Role::Timestamp),
    ("online", Role::Online),
];

impl FromStr for Role {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Self, String> {
        let known = ROLES.iter().find(|(known, _)| *known == name).map(|(_, role)| *role);
        known.ok_or_else(|| "there are root, targets, bins, bin-n, snapshot, timestamp and online".to_owned())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ROLES.iter().find(|(_, role)| role == self).map_or("", |(name, _)| name))
    }
}

/// What a rotation published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The version of the new root, where it changed.
    pub root: Option<u64>,
    /// The update that came with it.
    pub published: Option<Published>,
}

/// Who signs a role now.
///
/// # Errors
/// When no document says so.
pub fn authority_of(repository: &Repository, role: Role) -> Result<Authority> {
    let top_level = repository.root()?.top_level()?;
    let missing = || Error::Document(format!("no role delegates to `{role}`"));
    Ok(match role {
        Role::Root => top_level.root,
        Role::Targets => top_level.targets,
        Role::Snapshot => top_level.snapshot,
        Role::Timestamp | Role::Online => top_level.timestamp,
        Role::Bins | Role::BinN => {
            let bin = repository.settings().bin_roles()?.names().next().unwrap_or_default();
            repository.all_bins()?;
            let is_bin = role == Role::BinN && repository.settings().layout == BinLayout::Prefixes;
            let delegator = repository.document(&crate::repository::entry(if is_bin { BINS } else { "targets" })?)?;
            delegator.delegated_authority(if role == Role::BinN { &bin } else { BINS }).ok_or_else(missing)?
        }
    })
}

/// Gives a role these keys and this threshold. The same ones as before sign it again, for another lifetime.
///
/// `without_old` is for an online key that is lost or stolen: nothing is signed with the old one, and until the timestamp
/// follows the root, for the time of two renames, clients refuse the repository.
///
/// # Errors
/// As [`Update::commit`]. A new root needs as many keys of the old root as that asks for.
pub fn rotate(
    repository: &Repository,
    role: Role,
    authority: &Authority,
    without_old: bool,
    ring: &dyn KeyRing,
    now: SystemTime,
) -> Result<Rotated> {
    let mut next = repository.root()?.top_level()?;
    match role {
        Role::Root => next.root = authority.clone(),
        Role::Targets => next.targets = authority.clone(),
        Role::Snapshot => next.snapshot = authority.clone(),
        Role::Timestamp => next.timestamp = authority.clone(),
        Role::Online => {
            next.snapshot = authority.clone();
            next.timestamp = authority.clone();
        }
        Role::Bins | Role::BinN => {}
    }
    let mut update = Update::new(repository, now);
    if matches!(role, Role::Bins | Role::BinN | Role::Online) {
        delegate(repository, role, authority, &mut update)?;
    }
    if matches!(role, Role::Bins | Role::BinN) {
        return Ok(Rotated { root: None, published: Some(update.commit(ring)?) });
    }
    let root = next_root(repository, &next, now)?;
    let keys = root_signers(repository, &next, ring)?;
    let bytes = root.sign(&keys, Layout::Compact)?;
    publish_root(repository, &root, &bytes, update, without_old, ring)
}

/// The next root as a draft: nobody signed it yet.
///
/// # Errors
/// When there is no higher version.
pub fn next_root(repository: &Repository, next: &TopLevel, now: SystemTime) -> Result<Document> {
    let mut root = repository.root()?;
    root.renew(repository.settings().expires(Kind::Root, now))?;
    root.set_top_level(next);
    Ok(root)
}

/// Publishes a root that is signed, with what it makes necessary.
///
/// # Errors
/// When clients would refuse the root, or as [`Update::commit`].
pub fn publish_root(
    repository: &Repository,
    root: &Document,
    bytes: &[u8],
    mut update: Update<'_>,
    without_old: bool,
    ring: &dyn KeyRing,
) -> Result<Rotated> {
    let (old, next) = (repository.root()?.top_level()?, root.top_level()?);
    let name = format!("{}.root.json", root.version());
    let place = format!("{METADATA}/{name}");
    let changes = [(&old.timestamp, &next.timestamp), (&old.snapshot, &next.snapshot), (&old.targets, &next.targets)];
    if changes.iter().any(|(old, next)| old != next) {
        if old.targets != next.targets {
            update.renew("targets");
        }
        update.prepare_for(next, without_old);
    }
    let published = match (update.is_empty(), without_old) {
        (true, _) => None,
        (false, false) => Some(update.commit(ring)?),
        (false, true) => Some(update.commit_with_root(ring, root.version(), bytes)?),
    };
    if !without_old || published.is_none() {
        accepted(repository, &[(&name, bytes)], &BTreeMap::new())?;
        disk::write(repository.path(), &place, bytes)?;
    }
    Ok(Rotated { root: Some(root.version()), published })
}

/// The signatures that a root needs: by the old threshold, and by its own (TUF-1.0.34 §5.3.4).
fn root_signers(repository: &Repository, next: &TopLevel, ring: &dyn KeyRing) -> Result<Vec<Signer>> {
    signers_of_all(ring, "root", &[repository.root()?.top_level()?.root, next.root.clone()])
}

fn delegate(repository: &Repository, role: Role, authority: &Authority, update: &mut Update<'_>) -> Result<()> {
    let bins = repository.all_bins()?;
    let layout = repository.settings().layout;
    match (role, layout) {
        (Role::Bins, BinLayout::Succinct) => {
            return Err(Error::usage("succinct bins have no role `bins`", "rotate `targets` or `bin-n`"));
        }
        (Role::Bins, BinLayout::Prefixes) => {
            update.role("targets")?.delegate(&[to_bins(authority.clone())]);
            update.renew(BINS);
        }
        (_, _) => {
            let delegator = if layout == BinLayout::Prefixes { BINS } else { "targets" };
            repository.settings().bin_roles()?.delegate(update.role(delegator)?, authority);
            for (name, _) in bins {
                update.renew(&name);
            }
        }
    }
    Ok(())
}

/// Refuses where the bins that are delegated to are not those of the settings. Their number cannot be changed in place:
/// clients refuse a snapshot that lacks a role it had (TUF-1.0.34 §5.5.5).
///
/// # Errors
/// When they differ.
pub fn refuse_other_bins(repository: &Repository) -> Result<()> {
    let published: Vec<String> = repository.all_bins()?.into_iter().map(|(name, _)| name).collect();
    if !repository.settings().bin_roles()?.names().eq(published.iter().cloned()) {
        let reason = "the bins that are published are not those of `bins` and `layout`; their number cannot be changed, \
                      since clients refuse a snapshot that lacks a role it had (TUF-1.0.34 §5.5.5)";
        return Err(Error::input(repository.path().join(crate::settings::FILE_NAME), reason));
    }
    Ok(())
}
