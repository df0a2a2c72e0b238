//! Timestamp (§5.4) and snapshot (§5.5): first what is stored of each, then what the repository has.

use super::{Refresh, State, max_bytes};
use crate::error::Error;
use crate::metadata::{Snapshot, Timestamp};
use crate::role::RoleName;
use crate::store::Entry;
use crate::trusted::{Floor, FreshRoot, Judged, TrustedSnapshot, TrustedTimestamp};

impl Refresh {
    /// The stored timestamp, expired or not, raises the floors; if it is the newest ever trusted it may stay.
    pub(super) fn timestamp_loaded(&mut self, root: Box<FreshRoot>, answer: Option<Vec<u8>>) -> Result<State, Error> {
        let mut local = None;
        match answer.map(|bytes| root.judge_timestamp(&bytes, &self.settings.limits)) {
            Some(Ok(Judged { signed, digest })) => {
                let floor = Floor::new(signed.version(), Some(digest));
                self.floors_changed |= self.floors.timestamp.raise(&floor);
                self.floors_changed |= self.floors.snapshot.raise(&Floor::new(signed.snapshot().version(), None));
                local = (self.floors.timestamp == floor).then_some(signed);
            }
            Some(Err(error)) => {
                self.restore_impossible()?;
                self.unusable(Entry::Timestamp, &error);
            }
            None => self.restore_impossible()?,
        }
        Ok(State::FetchTimestamp(root, local))
    }

    pub(super) fn timestamp_fetched(
        &mut self,
        root: FreshRoot,
        local: Option<Timestamp>,
        answer: Option<Vec<u8>>,
    ) -> Result<State, Error> {
        let bytes = self.fetched(&RoleName::TIMESTAMP, answer, self.settings.limits.timestamp_bytes)?;
        let new = root.judge_timestamp(&bytes, &self.settings.limits)?;
        match local {
            // The same version again: what is trusted stays, whatever else this one says (§5.4.3.1).
            Some(local) if local.version() == new.signed.version() => {
                if let Some(error) = self.interrupted.take() {
                    return Err(error.into());
                }
                let on = root.trust_timestamp(local, self.freshness())?;
                self.update_proven(&on);
                Ok(State::LoadSnapshot(Box::new(on)))
            }
            _ => {
                self.interrupted = None;
                root.check_timestamp(&new, &self.floors)?;
                let on = root.trust_timestamp(new.signed, self.freshness())?;
                self.update_proven(&on);
                let version = on.timestamp.version();
                self.floors.timestamp.raise(&Floor::new(version, Some(new.digest)));
                self.floors.snapshot.raise(&Floor::new(on.timestamp.snapshot().version(), None));
                let commit = self.commit_floors().and_write(Entry::Timestamp, version, bytes);
                Ok(State::Commit(commit, Box::new(State::LoadSnapshot(Box::new(on)))))
            }
        }
    }

    /// The stored snapshot is used if it still is the one that the timestamp names; otherwise it raises the floors.
    pub(super) fn snapshot_loaded(
        &mut self,
        on: Box<TrustedTimestamp>,
        answer: Option<Vec<u8>>,
    ) -> Result<State, Error> {
        let Some(bytes) = answer else {
            self.restore_impossible()?;
            return Ok(State::FetchSnapshot(on));
        };
        if let Ok(stored) = on.judge_snapshot(&bytes, &self.settings.limits) {
            let known = self.floors.snapshot == Floor::new(stored.signed.version(), Some(stored.digest));
            let checked = if known { Ok(()) } else { on.check_snapshot(&stored, &self.floors) };
            match checked {
                Ok(()) => {
                    if !known {
                        self.raise_snapshot(&stored);
                    }
                    self.floors_restored();
                    let commit = self.floors_changed.then(|| self.commit_floors());
                    let next = self.targets_next(on.trust_snapshot(stored.signed, self.freshness())?)?;
                    return Ok(match commit {
                        Some(commit) => State::Commit(commit, Box::new(next)),
                        None => next,
                    });
                }
                Err(error) => self.unusable(Entry::Snapshot, &error),
            }
        } else {
            match on.judge_superseded_snapshot(&bytes, &self.settings.limits) {
                Ok(old) => {
                    if self.floors.snapshot != Floor::new(old.signed.version(), Some(old.digest)) {
                        self.raise_snapshot(&old);
                    }
                    self.floors_restored();
                }
                Err(error) => {
                    self.restore_impossible()?;
                    self.unusable(Entry::Snapshot, &error);
                }
            }
        }
        Ok(State::FetchSnapshot(on))
    }

    pub(super) fn snapshot_fetched(&mut self, on: TrustedTimestamp, answer: Option<Vec<u8>>) -> Result<State, Error> {
        let cap = max_bytes(on.timestamp.snapshot(), self.settings.limits.snapshot_bytes);
        let fetched = self.fetched_pinned(&RoleName::SNAPSHOT, answer, on.timestamp.snapshot(), cap);
        let judged = fetched.and_then(|bytes| Ok((on.judge_snapshot(&bytes, &self.settings.limits)?, bytes)));
        let (new, bytes) = match judged {
            Ok(judged) => judged,
            Err(error) => return self.begin_again(on.root, on.timestamp, error),
        };
        on.check_snapshot(&new, &self.floors)?;
        let mut raised = self.floors.clone();
        raised.snapshot.raise(&Floor::new(new.signed.version(), Some(new.digest)));
        raised.raise_roles(&new.signed);
        let on = on.trust_snapshot(new.signed, self.freshness())?;
        self.floors = raised;
        let commit = self.commit_floors().and_write(Entry::Snapshot, on.snapshot.version(), bytes);
        Ok(State::Commit(commit, Box::new(self.targets_next(on)?)))
    }

    fn targets_next(&self, on: TrustedSnapshot) -> Result<State, Error> {
        let pin = on.targets_pin()?;
        Ok(State::LoadTargets(Box::new(on), pin))
    }

    fn raise_snapshot(&mut self, judged: &Judged<Snapshot>) {
        self.floors.snapshot.raise(&Floor::new(judged.signed.version(), Some(judged.digest)));
        self.floors.raise_roles(&judged.signed);
        self.floors_changed = true;
    }
}
