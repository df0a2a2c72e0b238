//! Drives the machines: the only place that reads the clock. The blocking and the async client behave the same, since
//! all decisions are the machines'; they differ in how a file is fetched.

mod blocking;
mod nonblocking;
mod search;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

pub use blocking::Client;
pub use nonblocking::AsyncClient;

use self::search::Step;

use crate::atomic::{AtomicFile, SHARED};
use crate::error::{
    CallerError, Error, Fault, RepositoryError, StoreError, StoreFault, TransportError, TransportFault,
};
use crate::metadata::Root;
use crate::notice::Notice;
use crate::refresh::{Action, Fetch, Refresh};
use crate::role::RoleName;
use crate::session::Session;
use crate::settings::Settings;
use crate::store::Store;
use crate::target::{Approved, TargetInfo, TargetVerifier};
use crate::transport::BaseUrl;
use crate::trusted::TrustedRoot;

/// One repository: the root that is trusted beforehand, and where its files lie.
#[derive(Debug, Clone)]
pub struct Repository {
    pinned_root: Vec<u8>,
    metadata: BaseUrl,
    targets: BaseUrl,
    settings: Settings,
}

impl Repository {
    /// A repository by its pinned root (bytes of a root file that came with the installer or was checked by hand) and
    /// the addresses of metadata and targets.
    #[must_use]
    pub fn new(pinned_root: impl Into<Vec<u8>>, metadata: BaseUrl, targets: BaseUrl) -> Self {
        Self { pinned_root: pinned_root.into(), metadata, targets, settings: Settings::default() }
    }

    /// The same with other settings.
    #[must_use]
    pub fn with_settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// The pinned root, to show it before anything is fetched. It may have expired: the chain of newer roots starts at
    /// it (TUF-1.0.34 §5.2).
    ///
    /// # Errors
    /// [`CallerError::PinnedRoot`] when the bytes are not a root that is signed by its own keys.
    pub fn root(&self) -> Result<Root, CallerError> {
        TrustedRoot::pin(&self.pinned_root, &self.settings.limits)
            .map(|trusted| trusted.root().clone())
            .map_err(|error| CallerError::PinnedRoot(Box::new(error)))
    }
}

/// A downloaded target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Downloaded {
    /// It was fetched and verified.
    Fetched(Approved),
    /// It was there already and was verified; nothing was fetched.
    Present(Approved),
}

impl Downloaded {
    /// The proof, either way.
    #[must_use]
    pub fn approved(&self) -> &Approved {
        match self {
            Self::Fetched(approved) | Self::Present(approved) => approved,
        }
    }
}

type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

#[allow(clippy::disallowed_methods)]
fn system_clock() -> Clock {
    Arc::new(SystemTime::now)
}

/// What both clients have in common, apart from fetching.
struct Core<S> {
    repository: Repository,
    store: S,
    clock: Clock,
}

/// A step once its local part is done.
enum Next {
    Answer(Option<Vec<u8>>),
    Fetch(Fetch),
    Wait(RoleName),
    Done,
}

impl<S: Store> Core<S> {
    fn new(repository: Repository, store: S) -> Self {
        Self { repository, store, clock: system_clock() }
    }

    fn refresh(&self) -> Result<Refresh, CallerError> {
        Refresh::new(&self.repository.pinned_root, self.repository.settings.clone(), (self.clock)())
    }

    /// A target to be read into memory is refused before it is asked for where it is too large for that.
    fn check_page(&self, info: &TargetInfo) -> Result<(), RepositoryError> {
        let limit = self.repository.settings.limits.page_bytes;
        if info.length() > limit {
            return Err(RepositoryError::target(info.path(), Fault::TooLarge { limit }));
        }
        Ok(())
    }

    /// Where a target lies, by one of its paths.
    fn address(&self, info: &TargetInfo, url_path: &str) -> String {
        let targets = &self.repository.targets;
        if info.is_beside_targets() { targets.parent().join(url_path) } else { targets.join(url_path) }
    }

    fn restarts(&self) -> Restarts {
        Restarts { done: 0, limit: self.repository.settings.limits.restarts, now: (self.clock)() }
    }

    fn perform(&self, step: Step) -> Result<Next, Error> {
        let action = match step {
            Step::Do(action) => action,
            Step::Wait(role) => return Ok(Next::Wait(role)),
        };
        Ok(match action {
            Action::Load { entry, max_bytes } => Next::Answer(self.store.read(&entry, max_bytes)?),
            Action::Commit(commit) => {
                commit.apply(&self.store)?;
                Next::Answer(None)
            }
            Action::Fetch(fetch) => Next::Fetch(fetch),
            Action::Done => Next::Done,
        })
    }
}

/// Whether an error may come from a file that the session names and that has expired, or is gone, or was replaced, since
/// the session began: a newer session may do better (PEP 458 "Cleaning up old metadata").
fn is_overtaken(session: &Session, error: &Error, now: SystemTime) -> bool {
    match error {
        Error::Repository(RepositoryError { fault: Fault::Expired { .. }, .. }) => session.started() < now,
        Error::Repository(error) => error.may_be_overtaken(session.root().consistent_snapshot()),
        _ => false,
    }
}

/// How often a run began again, and whether it may once more.
struct Restarts {
    done: u32,
    limit: u32,
    /// When the run was asked for.
    now: SystemTime,
}

impl Restarts {
    /// Whether something of the session, or there is none, may not be used any more.
    fn outdates(&self, session: Option<&Session>, valid_until: impl FnOnce(&Session) -> SystemTime) -> bool {
        session.is_none_or(|session| session.freshness_at(self.now).refuses(valid_until(session)))
    }

    /// Whether the run is worth a refresh: by its error, or because its answer is `outdated`.
    fn wanted<R>(&self, session: Option<&Session>, result: &Result<R, Error>, outdated: bool) -> bool {
        let overtaken = |error| session.is_some_and(|session| is_overtaken(session, error, self.now));
        self.done < self.limit && result.as_ref().err().map_or(outdated, overtaken)
    }

    /// Whether the session of that refresh can give another answer. It keeps a notice where the repository has changed.
    fn begin<R>(&mut self, session: &mut Session, version_before: u64, result: &Result<R, Error>) -> bool {
        self.done = self.done.saturating_add(1);
        let changed = session.timestamp().version() != version_before;
        if changed {
            session.add_notice(Notice::BeganAgain { restarts: self.done, limit: self.limit });
        }
        changed || result.is_ok()
    }
}

/// A target on its way to the disk: written beside its destination, approved, then given its name.
struct Incoming<'a> {
    destination: &'a Path,
    file: AtomicFile,
    verifier: TargetVerifier<'a>,
}

impl<'a> Incoming<'a> {
    fn new(info: &'a TargetInfo, destination: &'a Path) -> Result<Self, Error> {
        let file = AtomicFile::create(destination, SHARED).map_err(|error| cannot_write(destination, error))?;
        Ok(Self { destination, file, verifier: info.verifier() })
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.verifier.update(bytes)?;
        self.file.write_all(bytes).map_err(|error| cannot_write(self.destination, error))?;
        Ok(())
    }

    fn finish(self) -> Result<Approved, Error> {
        let approved = self.verifier.finish()?;
        self.file.commit().map_err(|error| cannot_write(self.destination, error))?;
        Ok(approved)
    }
}

fn cannot_write(destination: &Path, error: io::Error) -> Error {
    StoreError::new(destination, StoreFault::Write).caused_by(error).into()
}

/// Whether the destination already is the target: a regular file with the right length and hashes, read in full.
fn already_present(info: &TargetInfo, destination: &Path) -> Option<Approved> {
    let meta = fs::symlink_metadata(destination).ok()?;
    if !meta.is_file() || (info.is_exact() && meta.len() != info.length()) {
        return None;
    }
    info.verifier().read_all(&mut File::open(destination).ok()?).ok()?.ok()
}

fn missing(info: &TargetInfo) -> Error {
    RepositoryError::target(info.path(), Fault::Missing).into()
}

/// An error while a body was read: a transport wraps its own into [`io::Error`].
fn body_error(url: &str, error: io::Error) -> TransportError {
    match error.downcast::<TransportError>() {
        Ok(error) => error,
        Err(error) => TransportError::new(url, TransportFault::Read).caused_by(error),
    }
}

fn forbidden(url: &str) -> TransportError {
    TransportError::new(url, TransportFault::Status(403))
}

impl<S: std::fmt::Debug> std::fmt::Debug for Core<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core")
            .field("metadata", &self.repository.metadata)
            .field("targets", &self.repository.targets)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
