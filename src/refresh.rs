//! The client workflow (TUF-1.0.34 §5.1 to §5.6.6) as a machine without I/O: it says what it needs, is given it, and
//! says what it needs next. Files, sockets and the clock are the driver's.
//!
//! ```text
//! floors → pinned root → stored history → newer roots → timestamp → snapshot → targets → Session
//! ```

use std::sync::Arc;
use std::time::SystemTime;

use crate::commit::{Commit, MAX_FLOORS_BYTES, newer_floors};
use crate::error::{CallerError, Error, Fault, RepositoryError, StoreError, StoreFault};
use crate::limits::Limits;
use crate::metadata::{MetaFile, Timestamp};
use crate::role::RoleName;
use crate::session::Session;
use crate::store::Entry;
use crate::time;
use crate::trusted::{BadRecord, Floor, Floors, FreshRoot, Judged, TrustedRoot, TrustedSnapshot, TrustedTimestamp};

/// How often an update, or a search, begins again because the repository published anew while it was read.
pub(crate) const MAX_RESTARTS: u32 = 2;

/// What a machine needs next.
#[derive(Debug)]
#[non_exhaustive]
pub enum Action {
    /// Read this entry of the store, at most so many bytes; answer with the bytes or `None`.
    Load {
        /// Which entry.
        entry: Entry,
        /// The most bytes it can have.
        max_bytes: u64,
    },
    /// Fetch this file of the repository's metadata; answer with the bytes or, if it is absent, `None`.
    Fetch(Fetch),
    /// Apply this to the store with [`Commit::apply`], then answer `None`.
    Commit(Commit),
    /// Nothing more: the machine is finished.
    Done,
}

/// A metadata file to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// The role it is about.
    pub role: RoleName,
    /// Its path below the metadata address, percent-encoded.
    pub path: String,
    /// The most bytes to read. Reading may stop one byte later: the machine judges the length.
    pub max_bytes: u64,
    /// Whether "forbidden" counts as "absent" (HTTP 403 of object stores, where that is configured).
    pub forbidden_is_absent: bool,
}

/// What can be set about one repository, apart from where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Limits on all that an attacker can lengthen.
    pub limits: Limits,
    /// Whether "forbidden" ends the chain of roots as "absent" does. Off by default: a middlebox that answers 403 could
    /// then hide new roots until the last one expires. Object stores that may not be listed need it.
    pub forbidden_is_absent: bool,
    /// Leaves out the hash before the last segment of a target's address although the repository uses consistent
    /// snapshots.
    pub plain_target_names: bool,
}

/// Something that did not stop the run and that a user should know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Notice {
    /// A stored file could not be used; it is fetched again.
    #[error("stored {}: {reason}; it is fetched again", .entry.file_name())]
    StoredFile {
        /// Which one.
        entry: Entry,
        /// Why.
        reason: String,
    },
    /// The record of floors was damaged and was restored from the metadata beside it.
    #[error("the record of trusted versions was damaged; it was restored from the metadata beside it")]
    FloorsRestored,
    /// The clock shows an earlier time than the last update; that update's time is used.
    #[error("the clock shows {}, earlier than the last update; {} is used", time::format(*.clock), time::format(*.used))]
    ClockBehind {
        /// What the clock showed.
        clock: SystemTime,
        /// What expiry is judged by.
        used: SystemTime,
    },
}

/// The machine for one update.
///
/// Drive it with [`Refresh::step`]: the first call is answered with `None`; each later one with what the action asked
/// for. [`crate::Client`] does.
pub struct Refresh {
    settings: Settings,
    clock: SystemTime,
    now: SystemTime,
    floors: Floors,
    floors_damaged: bool,
    floors_changed: bool,
    budget: u64,
    new_roots: u32,
    stored_root: u64,
    /// Roots of the chain that the history lacks, by version: the pinned one, and one that only `root.json` has. They are
    /// stored once the chain was followed to the end, so that another root of the pinned version is seen to be a fork in
    /// later runs, and the chain does not part where `root.json` is replaced.
    unstored_roots: Vec<(u64, Arc<Vec<u8>>)>,
    rotation: Rotation,
    restarts: u32,
    /// Why timestamp is asked for again.
    interrupted: Option<RepositoryError>,
    notices: Vec<Notice>,
    state: State,
}

/// Where the workflow stands: what is trusted so far, and which answer is awaited.
enum State {
    Start(Box<TrustedRoot>),
    LoadFloors(Box<TrustedRoot>),
    LoadPinned(Box<TrustedRoot>),
    LoadHistory(Box<TrustedRoot>),
    LoadRoot(Box<TrustedRoot>),
    FetchRoot(Box<TrustedRoot>),
    LoadTimestamp(Box<FreshRoot>),
    FetchTimestamp(Box<FreshRoot>, Option<Timestamp>),
    LoadSnapshot(Box<TrustedTimestamp>),
    FetchSnapshot(Box<TrustedTimestamp>),
    LoadTargets(Box<TrustedSnapshot>, MetaFile),
    FetchTargets(Box<TrustedSnapshot>, MetaFile),
    Commit(Commit, Box<State>),
    Done(Box<Session>),
    /// An error was returned, or the session was taken.
    Over,
}

/// Follows who can sign timestamp and snapshot along the chain of roots: any step that changes it counts.
#[derive(Default)]
struct Rotation {
    last: Option<String>,
    seen: bool,
}

impl Refresh {
    /// Starts from a pinned root. `now` is the fixed update start time (§5.1): expiry is judged by it alone.
    ///
    /// # Errors
    /// [`CallerError::PinnedRoot`] when the bytes are not a root that is signed by its own keys.
    pub fn new(pinned_root: &[u8], settings: Settings, now: SystemTime) -> Result<Self, CallerError> {
        let root = TrustedRoot::pin(pinned_root, &settings.limits)
            .map_err(|error| CallerError::PinnedRoot(Box::new(error)))?;
        Ok(Self {
            budget: settings.limits.update_bytes,
            settings,
            clock: now,
            now: now.max(time::earliest()),
            floors: Floors::default(),
            floors_damaged: false,
            floors_changed: false,
            new_roots: 0,
            stored_root: 0,
            unstored_roots: Vec::new(),
            rotation: Rotation::default(),
            restarts: 0,
            interrupted: None,
            notices: Vec::new(),
            state: State::Start(Box::new(root)),
        })
    }

    /// Takes the answer to the last action and says what is needed next. The answer to the first call is `None`.
    ///
    /// # Errors
    /// The first check that fails ends the machine. What was committed before it stays trusted.
    pub fn step(&mut self, answer: Option<Vec<u8>>) -> Result<Action, Error> {
        let state = std::mem::replace(&mut self.state, State::Over);
        self.state = self.advance(state, answer)?;
        Ok(self.action())
    }

    /// What was found trusted, once the machine said [`Action::Done`]; `None` before and a second time.
    pub fn into_session(self) -> Option<Session> {
        match self.state {
            State::Done(session) => Some(*session),
            _ => None,
        }
    }

    fn action(&self) -> Action {
        let limits = &self.settings.limits;
        let load = |entry, max_bytes| Action::Load { entry, max_bytes };
        let fetch = |role: RoleName, path, max_bytes| {
            Action::Fetch(Fetch { role, path, max_bytes, forbidden_is_absent: false })
        };
        match &self.state {
            State::LoadFloors(_) => load(Entry::Floors, MAX_FLOORS_BYTES),
            State::LoadPinned(root) => load(Entry::RootHistory(root.root().version()), limits.root_bytes),
            State::LoadHistory(root) => {
                load(Entry::RootHistory(root.root().version().saturating_add(1)), limits.root_bytes)
            }
            State::LoadRoot(_) => load(Entry::Root, limits.root_bytes),
            State::FetchRoot(root) => Action::Fetch(Fetch {
                role: RoleName::ROOT,
                // One more than the largest version is a file that no repository has.
                path: format!("{}.root.json", u128::from(root.root().version()) + 1),
                max_bytes: limits.root_bytes,
                forbidden_is_absent: self.settings.forbidden_is_absent,
            }),
            State::LoadTimestamp(_) => load(Entry::Timestamp, limits.timestamp_bytes),
            State::FetchTimestamp(..) => {
                fetch(RoleName::TIMESTAMP, "timestamp.json".to_owned(), limits.timestamp_bytes)
            }
            State::LoadSnapshot(_) => load(Entry::Snapshot, limits.snapshot_bytes),
            State::FetchSnapshot(on) => {
                let pin = on.timestamp.snapshot();
                let path = metadata_path(&RoleName::SNAPSHOT, pin, on.root.root().consistent_snapshot());
                fetch(RoleName::SNAPSHOT, path, max_bytes(pin, limits.snapshot_bytes))
            }
            State::LoadTargets(_, pin) => load(Entry::Targets, max_bytes(pin, limits.targets_bytes)),
            State::FetchTargets(on, pin) => {
                let path = metadata_path(&RoleName::TARGETS, pin, on.root.root().consistent_snapshot());
                fetch(RoleName::TARGETS, path, max_bytes(pin, limits.targets_bytes))
            }
            State::Commit(commit, _) => Action::Commit(commit.clone()),
            State::Start(_) | State::Done(_) | State::Over => Action::Done,
        }
    }

    fn advance(&mut self, state: State, answer: Option<Vec<u8>>) -> Result<State, Error> {
        match state {
            State::Start(root) => Ok(State::LoadFloors(root)),
            State::LoadFloors(root) => self.floors_loaded(root, answer),
            State::LoadPinned(root) => self.pinned_loaded(root, answer),
            State::LoadHistory(root) => self.history_loaded(root, answer),
            State::LoadRoot(root) => self.root_loaded(root, answer),
            State::FetchRoot(root) => self.root_fetched(root, answer),
            // After a rotation both files are deleted (§5.3.11). A store that is only read still has them.
            State::LoadTimestamp(root) => self.timestamp_loaded(root, answer.filter(|_| !self.rotation.seen)),
            State::FetchTimestamp(root, local) => self.timestamp_fetched(*root, local, answer),
            State::LoadSnapshot(on) => self.snapshot_loaded(on, answer.filter(|_| !self.rotation.seen)),
            State::FetchSnapshot(on) => self.snapshot_fetched(*on, answer),
            State::LoadTargets(on, pin) => self.targets_loaded(on, pin, answer),
            State::FetchTargets(on, pin) => self.targets_fetched(*on, &pin, answer),
            State::Commit(_, next) => Ok(*next),
            state @ (State::Done(_) | State::Over) => Ok(state),
        }
    }

    fn floors_loaded(&mut self, root: Box<TrustedRoot>, answer: Option<Vec<u8>>) -> Result<State, Error> {
        match answer.as_deref().map(Floors::from_bytes) {
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
    fn pinned_loaded(&mut self, root: Box<TrustedRoot>, answer: Option<Vec<u8>>) -> Result<State, Error> {
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

    fn history_loaded(&mut self, root: Box<TrustedRoot>, answer: Option<Vec<u8>>) -> Result<State, Error> {
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
    fn root_loaded(&mut self, mut root: Box<TrustedRoot>, answer: Option<Vec<u8>>) -> Result<State, Error> {
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

    fn root_fetched(&mut self, root: Box<TrustedRoot>, answer: Option<Vec<u8>>) -> Result<State, Error> {
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
        let fresh = root.fresh(self.now)?;
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

    /// The stored timestamp, expired or not, raises the floors; if it is the newest ever trusted it may stay.
    fn timestamp_loaded(&mut self, root: Box<FreshRoot>, answer: Option<Vec<u8>>) -> Result<State, Error> {
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

    fn timestamp_fetched(
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
                let on = root.trust_timestamp(local, self.now)?;
                self.update_proven();
                Ok(State::LoadSnapshot(Box::new(on)))
            }
            _ => {
                self.interrupted = None;
                root.check_timestamp(&new, &self.floors)?;
                let on = root.trust_timestamp(new.signed, self.now)?;
                self.update_proven();
                let version = on.timestamp.version();
                self.floors.timestamp.raise(&Floor::new(version, Some(new.digest)));
                self.floors.snapshot.raise(&Floor::new(on.timestamp.snapshot().version(), None));
                let commit = self.commit_floors().and_write(Entry::Timestamp, version, bytes);
                Ok(State::Commit(commit, Box::new(State::LoadSnapshot(Box::new(on)))))
            }
        }
    }

    /// The stored snapshot is used if it still is the one that the timestamp names; otherwise it raises the floors.
    fn snapshot_loaded(&mut self, on: Box<TrustedTimestamp>, answer: Option<Vec<u8>>) -> Result<State, Error> {
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
                    let next = self.targets_next(on.trust_snapshot(stored.signed, self.now)?)?;
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

    fn snapshot_fetched(&mut self, on: TrustedTimestamp, answer: Option<Vec<u8>>) -> Result<State, Error> {
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
        let on = on.trust_snapshot(new.signed, self.now)?;
        self.floors = raised;
        let commit = self.commit_floors().and_write(Entry::Snapshot, on.snapshot.version(), bytes);
        Ok(State::Commit(commit, Box::new(self.targets_next(on)?)))
    }

    fn targets_next(&self, on: TrustedSnapshot) -> Result<State, Error> {
        let pin = on.targets_pin()?;
        Ok(State::LoadTargets(Box::new(on), pin))
    }

    fn targets_loaded(
        &mut self,
        on: Box<TrustedSnapshot>,
        pin: MetaFile,
        answer: Option<Vec<u8>>,
    ) -> Result<State, Error> {
        let Some(bytes) = answer else { return Ok(State::FetchTargets(on, pin)) };
        match on.judge_targets(&bytes, &pin, &self.settings.limits) {
            Ok(stored) => Ok(self.done(on.trust_targets(stored, self.now)?)),
            // Normally just an older one; it is fetched anew in any case.
            Err(_) => Ok(State::FetchTargets(on, pin)),
        }
    }

    fn targets_fetched(
        &mut self,
        on: TrustedSnapshot,
        pin: &MetaFile,
        answer: Option<Vec<u8>>,
    ) -> Result<State, Error> {
        let cap = max_bytes(pin, self.settings.limits.targets_bytes);
        let fetched = self.fetched_pinned(&RoleName::TARGETS, answer, pin, cap);
        let judged = fetched.and_then(|bytes| Ok((on.judge_targets(&bytes, pin, &self.settings.limits)?, bytes)));
        let (new, bytes) = match judged {
            Ok(judged) => judged,
            Err(error) => return self.begin_again(on.root, on.timestamp, error),
        };
        let trusted = on.trust_targets(new, self.now)?;
        let commit = Commit::write(Entry::Targets, pin.version(), bytes);
        Ok(State::Commit(commit, Box::new(self.done(trusted))))
    }

    fn done(&mut self, trusted: crate::trusted::TrustedTargets) -> State {
        let mut notices = std::mem::take(&mut self.notices);
        if self.clock < self.now {
            notices.push(Notice::ClockBehind { clock: self.clock, used: self.now });
        }
        State::Done(Box::new(Session::new(trusted, self.settings.clone(), self.now, notices, self.budget)))
    }

    /// A file that was named a moment ago is gone, or is another one. If that is because the repository published anew
    /// meanwhile, timestamp shows it, and the update goes on from there; if timestamp is still the same, the error stays.
    fn begin_again(&mut self, root: FreshRoot, timestamp: Timestamp, error: RepositoryError) -> Result<State, Error> {
        if self.restarts >= MAX_RESTARTS || !error.fault.may_be_overtaken(root.root().consistent_snapshot()) {
            return Err(error.into());
        }
        self.restarts += 1;
        self.interrupted = Some(error);
        Ok(State::FetchTimestamp(Box::new(root), Some(timestamp)))
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

    fn raise_snapshot(&mut self, judged: &Judged<crate::metadata::Snapshot>) {
        self.floors.snapshot.raise(&Floor::new(judged.signed.version(), Some(judged.digest)));
        self.floors.raise_roles(&judged.signed);
        self.floors_changed = true;
    }

    /// A commit that starts with the floors; with nothing as long as a damaged record was not restored.
    fn commit_floors(&mut self) -> Commit {
        if self.floors_damaged {
            return Commit::default();
        }
        self.floors_changed = false;
        Commit::floors(&self.floors)
    }

    /// A damaged record of floors can be restored only from stored metadata that verifies.
    fn restore_impossible(&self) -> Result<(), StoreError> {
        if self.floors_damaged {
            return Err(StoreError::new(Entry::Floors.file_name(), StoreFault::FloorsDamaged));
        }
        Ok(())
    }

    fn floors_restored(&mut self) {
        if std::mem::take(&mut self.floors_damaged) {
            self.notices.push(Notice::FloorsRestored);
            self.floors_changed = true;
        }
    }

    /// An unexpired timestamp bounds how far ahead the clock can be: only now may the start time become a floor, so that
    /// one run with a clock far in the future does not lock the client out until then.
    fn update_proven(&mut self) {
        self.floors.time = self.floors.time.max(time::seconds(self.now));
    }

    fn unusable(&mut self, entry: Entry, error: &RepositoryError) {
        self.notices.push(Notice::StoredFile { entry, reason: error.fault.to_string() });
    }

    fn fetched(&mut self, role: &RoleName, answer: Option<Vec<u8>>, cap: u64) -> Result<Vec<u8>, RepositoryError> {
        let bytes = answer.ok_or_else(|| RepositoryError::role(role, Fault::Missing))?;
        self.spend(role, bytes, cap)
    }

    /// The same where a length may be signed: then that is what is reported.
    fn fetched_pinned(
        &mut self,
        role: &RoleName,
        answer: Option<Vec<u8>>,
        pin: &MetaFile,
        cap: u64,
    ) -> Result<Vec<u8>, RepositoryError> {
        if let (Some(bytes), Some(expected)) = (&answer, pin.length()) {
            let found = bytes.len() as u64;
            if found > cap && expected <= cap {
                return Err(RepositoryError::role(role, Fault::Length { expected, found }));
            }
        }
        self.fetched(role, answer, cap)
    }

    fn spend(&mut self, role: &RoleName, bytes: Vec<u8>, cap: u64) -> Result<Vec<u8>, RepositoryError> {
        let length = bytes.len() as u64;
        if length > cap {
            return Err(RepositoryError::role(role, Fault::TooLarge { limit: cap }));
        }
        self.budget = self.budget.checked_sub(length).ok_or_else(|| {
            RepositoryError::role(role, Fault::UpdateBudget { limit: self.settings.limits.update_bytes })
        })?;
        Ok(bytes)
    }
}

impl std::fmt::Debug for Refresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refresh").field("next", &self.action()).finish_non_exhaustive()
    }
}

fn refuse_fork(trusted: &TrustedRoot, stored: &TrustedRoot) -> Result<(), RepositoryError> {
    let version = trusted.root().version();
    if stored.root().version() == version && stored.digest() != trusted.digest() {
        return Err(RepositoryError::role(&RoleName::ROOT, Fault::RootFork { version }));
    }
    Ok(())
}

/// Signed length, but never more than the client accepts. A length of 0 is a limit, not "none".
pub(crate) fn max_bytes(pin: &MetaFile, cap: u64) -> u64 {
    pin.length().map_or(cap, |length| length.min(cap))
}

/// `VERSION.NAME.json` with consistent snapshots, else `NAME.json` (§5.5.1, §5.6.1, §6.2.2).
pub(crate) fn metadata_path(role: &RoleName, pin: &MetaFile, consistent_snapshot: bool) -> String {
    let name = role.url_segment();
    if consistent_snapshot { format!("{}.{name}.json", pin.version()) } else { format!("{name}.json") }
}
