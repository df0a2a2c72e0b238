//! The chain of roots (§5.3): floors → pinned root → stored history → `root.json` → newer roots, and what its end means.

use std::sync::Arc;

use super::{Refresh, State};
use crate::commit::newer_floors;
use crate::error::{Error, Fault, RepositoryError};
use crate::role::RoleName;
use crate::store::Entry;
use crate::trusted::{BadRecord, Floor, Floors, TrustedRoot};

impl Refresh {
    pub(super) fn floors_loaded(&mut self, root: Box<TrustedRoot>, answer: Option<Vec<u8>>) -> Result<State, Error> {
        match answer.map(Floors::from_bytes) {
            None => {}
            Some(Ok(floors)) => {
                self.now = self.now.max(floors.last_update());
                self.rotation.last = (!floors.online_keys.is_empty()).then(|| floors.online_keys.clone());
                self.floors = floors;
            }
            Some(Err(BadRecord::Damaged)) => self.floors_damaged = true,
            Some(Err(BadRecord::Newer(found))) => return Err(newer_floors(found).into()),
        }
        self.follow(&root)?;
        Ok(State::LoadPinned(root))
    }

    /// The stored root of the pinned one's version: another content means two histories under one name.
    pub(super) fn pinned_loaded(&mut self, root: Box<TrustedRoot>, answer: Option<Vec<u8>>) -> Result<State, Error> {
        let version = root.root().version();
        let unstored = match answer.map(|bytes| TrustedRoot::pin(&bytes, &self.settings.limits)) {
            None => true,
            Some(Ok(stored)) => {
                refuse_fork(&root, &stored)?;
                stored.root().version() != version
            }
            Some(Err(error)) => {
                self.unusable(Entry::RootHistory(version), &error);
                true
            }
        };
        if unstored {
            self.unstored_roots.push((version, Arc::new(root.bytes().to_vec())));
        }
        Ok(State::LoadHistory(root))
    }

    pub(super) fn history_loaded(&mut self, root: Box<TrustedRoot>, answer: Option<Vec<u8>>) -> Result<State, Error> {
        let Some(bytes) = answer.filter(|_| root.root().version() < u64::MAX) else { return Ok(State::LoadRoot(root)) };
        match root.successor(&bytes, &self.settings.limits) {
            Ok(next) => {
                self.follow(&next)?;
                Ok(State::LoadHistory(Box::new(next)))
            }
            Err(error) => {
                self.unusable(Entry::RootHistory(root.root().version().saturating_add(1)), &error);
                Ok(State::LoadRoot(root))
            }
        }
    }

    /// `root.json` normally ends the history that was just loaded. It may be older, beside a newer pinned root, or a
    /// link that the history lost.
    pub(super) fn root_loaded(&mut self, mut root: Box<TrustedRoot>, answer: Option<Vec<u8>>) -> Result<State, Error> {
        if let Some(bytes) = answer {
            match TrustedRoot::pin(&bytes, &self.settings.limits) {
                Err(error) => self.unusable(Entry::Root, &error),
                Ok(stored) if stored.root().version() == root.root().version() => {
                    refuse_fork(&root, &stored)?;
                    self.stored_root = stored.root().version();
                }
                Ok(stored) if Some(stored.root().version()) == root.root().version().checked_add(1) => {
                    match root.successor(&bytes, &self.settings.limits) {
                        Ok(next) => {
                            self.follow(&next)?;
                            self.stored_root = next.root().version();
                            self.unstored_roots.push((self.stored_root, Arc::new(bytes)));
                            root = Box::new(next);
                        }
                        Err(error) => self.unusable(Entry::Root, &error),
                    }
                }
                Ok(_) => {}
            }
        }
        if self.stored_root != 0 {
            // Stored timestamp and snapshot are of this root's time at the latest, whatever became of the record.
            self.rotation.last.get_or_insert_with(|| root.root().online_keys());
        }
        Ok(State::FetchRoot(root))
    }

    pub(super) fn root_fetched(&mut self, root: Box<TrustedRoot>, answer: Option<Vec<u8>>) -> Result<State, Error> {
        let Some(bytes) = answer else { return self.roots_end(root) };
        let limit = self.settings.limits.root_rotations;
        if self.new_roots >= limit {
            return Err(RepositoryError::role(&RoleName::ROOT, Fault::TooManyRoots { limit }).into());
        }
        let bytes = self.spend(&RoleName::ROOT, bytes, self.settings.limits.root_bytes)?;
        let next = root.successor(&bytes, &self.settings.limits)?;
        self.new_roots = self.new_roots.saturating_add(1);
        self.follow(&next)?;
        let version = next.root().version();
        self.stored_root = version;
        self.floors.root.raise(&Floor::new(version, Some(*next.digest())));
        let bytes = Arc::new(bytes);
        let commit = self
            .commit_floors()
            .and_write(Entry::RootHistory(version), version, Arc::clone(&bytes))
            .and_write(Entry::Root, version, bytes);
        Ok(State::Commit(commit, Box::new(State::FetchRoot(Box::new(next)))))
    }

    /// No newer root: the chain must not end below what was trusted before (§5.3.5), its last root must be fresh
    /// (§5.3.10), and a rotation of the online keys resets floors (§5.3.11).
    fn roots_end(&mut self, root: Box<TrustedRoot>) -> Result<State, Error> {
        let version = root.root().version();
        if version < self.floors.root.version {
            let fault = Fault::RootsWithheld { trusted: self.floors.root.version, found: version };
            return Err(RepositoryError::role(&RoleName::ROOT, fault).into());
        }
        let (bytes, online_keys) = (Arc::new(root.bytes().to_vec()), root.root().online_keys());
        let missing_root = self.stored_root != version;
        self.floors_changed |= self.floors.root.raise(&Floor::new(version, Some(*root.digest())));
        let fresh = root.fresh(self.freshness())?;
        let rotated = self.rotation.seen;
        if rotated {
            self.floors_restored();
            self.floors.reset(version);
            self.floors_changed = true;
        }
        if self.floors.compared_root != version || self.floors.online_keys != online_keys {
            self.floors.compared_root = version;
            self.floors.online_keys = online_keys;
            self.floors_changed = true;
        }
        let next = State::LoadTimestamp(Box::new(fresh));
        let unstored_roots = std::mem::take(&mut self.unstored_roots);
        if !missing_root && unstored_roots.is_empty() && !self.floors_changed {
            return Ok(next);
        }
        let mut commit = self.commit_floors();
        for (version, bytes) in unstored_roots {
            commit = commit.and_write(Entry::RootHistory(version), version, bytes);
        }
        if missing_root {
            commit = commit.and_write(Entry::Root, version, bytes);
        }
        if rotated {
            commit = commit.and_remove(Entry::Timestamp).and_remove(Entry::Snapshot);
        }
        Ok(State::Commit(commit, Box::new(next)))
    }

    /// Takes note of one more root of the chain: it must be the one that was trusted before under this version.
    fn follow(&mut self, root: &TrustedRoot) -> Result<(), RepositoryError> {
        let version = root.root().version();
        let trusted = &self.floors.root;
        if trusted.version == version && trusted.digest.is_some_and(|trusted| trusted != *root.digest()) {
            return Err(RepositoryError::role(&RoleName::ROOT, Fault::RootFork { version }));
        }
        self.follow_rotation(root);
        Ok(())
    }

    fn follow_rotation(&mut self, root: &TrustedRoot) {
        if root.root().version() <= self.floors.compared_root {
            return;
        }
        let keys = root.root().online_keys();
        // Where nothing is stored there is nothing to compare with, and nothing to reset.
        self.rotation.seen |= self.rotation.last.as_ref().is_some_and(|last| *last != keys);
        if self.rotation.last.is_some() {
            self.rotation.last = Some(keys);
        }
    }
}

fn refuse_fork(trusted: &TrustedRoot, stored: &TrustedRoot) -> Result<(), RepositoryError> {
    let version = trusted.root().version();
    if stored.root().version() == version && stored.digest() != trusted.digest() {
        return Err(RepositoryError::role(&RoleName::ROOT, Fault::RootFork { version }));
    }
    Ok(())
}
