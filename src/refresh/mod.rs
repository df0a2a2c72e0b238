//! The client workflow (TUF-1.0.34 §5.1 to §5.6.6) as a machine without I/O: it says what it needs, is given it, and
//! says what it needs next. Files, sockets and the clock are the driver's.
//!
//! ```text
//! floors → pinned root → stored history → root.json → newer roots   roots.rs     §5.3
//!        → timestamp → snapshot                                     online.rs    §5.4, §5.5
//!        → targets → Session                                        targets.rs   §5.6
//! ```
//!
//! Each state has one method that takes its answer and says which state is next. `fetched.rs` judges how much came,
//! `record.rs` keeps the floors.

mod fetched;
mod online;
mod record;
mod roots;
mod targets;

use std::sync::Arc;
use std::time::SystemTime;

use crate::commit::{Commit, MAX_FLOORS_BYTES};
use crate::error::{CallerError, Error, RepositoryError};
use crate::metadata::{MetaFile, Timestamp};
use crate::notice::Notice;
use crate::role::RoleName;
use crate::session::Session;
use crate::settings::Settings;
use crate::store::Entry;
use crate::time::{self, Freshness};
use crate::trusted::{Floors, FreshRoot, TrustedRoot, TrustedSnapshot, TrustedTimestamp};

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

/// The machine for one update.
///
/// Drive it with [`Refresh::step`]: the first call is answered with `None`; each later one with what the action asked
/// for. [`crate::Client`] does.
pub struct Refresh {
    settings: Settings,
    clock: SystemTime,
    /// What expiry is judged by: the clock, or a later time that an earlier run proves.
    now: SystemTime,
    floors: Floors,
    /// The stored record cannot be read and was not restored yet: nothing is written in its place.
    floors_damaged: bool,
    /// They are not those of the store any more.
    floors_changed: bool,
    /// Bytes that may still be fetched.
    budget: u64,
    new_roots: u32,
    /// Version of the store's `root.json`, where it is of this chain; else 0.
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

    /// What was found trusted, once the machine said [`Action::Done`]; `None` before, and after an error.
    pub fn into_session(self) -> Option<Session> {
        match self.state {
            State::Done(session) => Some(*session),
            _ => None,
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

    fn freshness(&self) -> Freshness {
        Freshness { now: self.now, max_staleness: self.settings.max_staleness }
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
    /// An error was returned.
    Over,
}

/// Follows who can sign timestamp and snapshot along the chain of roots: any step that changes it counts.
#[derive(Default)]
struct Rotation {
    /// Those of the root that stored timestamp and snapshot were verified by; `None` where nothing is stored.
    last: Option<String>,
    seen: bool,
}

impl std::fmt::Debug for Refresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refresh").field("next", &self.action()).finish_non_exhaustive()
    }
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
