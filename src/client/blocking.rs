//! The blocking client. It needs no runtime.

use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::SystemTime;

use super::{
    Core, Downloaded, Incoming, Next, Repository, already_present, body_error, forbidden, is_overtaken, missing,
};
use crate::error::{Error, TransportError};
use crate::lookup::Found;
use crate::refresh::{Action, Fetch};
use crate::role::TargetPath;
use crate::session::Session;
use crate::store::Store;
use crate::target::TargetInfo;
use crate::transport::{Fetched, Transport};

/// A client of one repository, blocking.
///
/// ```no_run
/// use tufgate::{BaseUrl, Client, FileStore, FileTransport, Found, Repository, TargetPath};
///
/// # fn main() -> Result<(), tufgate::Error> {
/// # let pinned_root: Vec<u8> = Vec::new();
/// let repository = Repository::new(
///     pinned_root,
///     BaseUrl::new("file:///srv/index/metadata/")?,
///     BaseUrl::new("file:///srv/index/targets/")?,
/// );
/// let mut client = Client::new(repository, FileTransport::new(), FileStore::open("/var/lib/installer/index")?);
/// let path = TargetPath::new("packages/example-1.0-py3-none-any.whl")?;
/// match client.lookup(&path)? {
///     Found::Signed(target) => {
///         client.download(&target, "example-1.0-py3-none-any.whl".as_ref())?;
///     }
///     Found::Unsigned { .. } => println!("the repository has no such file"),
/// }
/// # Ok(())
/// # }
/// ```
pub struct Client<T, S> {
    core: Core<S>,
    transport: T,
    session: Option<Session>,
}

impl<T: Transport, S: Store> Client<T, S> {
    /// A client that has not asked for anything yet.
    pub fn new(repository: Repository, transport: T, store: S) -> Self {
        Self { core: Core::new(repository, store), transport, session: None }
    }

    /// The same with another clock than the system's, for tests and for programs that have a better one.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.core.clock = std::sync::Arc::new(clock);
        self
    }

    /// Brings the trusted metadata up to date (TUF-1.0.34 §5.1 to §5.6).
    ///
    /// # Errors
    /// See [`Error`]. What was trusted before stays so, the session included as long as it is valid; roots that were
    /// verified on the way are kept.
    pub fn refresh(&mut self) -> Result<&Session, Error> {
        let mut machine = self.core.refresh()?;
        self.drive(|answer| machine.step(answer))?;
        Ok(self.session.insert(machine.into_session().ok_or_else(stopped)?))
    }

    /// The session of the last refresh that succeeded.
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Searches for a target (§5.6.7), after a refresh if there was none or what it found has expired since. Where a
    /// delegated role has expired since, or its file is gone, the search begins again after a refresh, at most twice.
    ///
    /// # Errors
    /// See [`Error`]; that no role lists the target is not one.
    pub fn lookup(&mut self, path: &TargetPath) -> Result<Found, Error> {
        let now = (self.core.clock)();
        if self.session.as_ref().is_none_or(|session| session.valid_until() <= now) {
            self.refresh()?;
        }
        let mut restarts = 0;
        loop {
            let session = self.session.as_ref().ok_or_else(stopped)?;
            let searched = self.search(session, path);
            if restarts >= self.core.repository.settings.limits.restarts || !is_overtaken(session, &searched, now) {
                return searched;
            }
            restarts += 1;
            let before = session.timestamp().version();
            if self.refresh()?.timestamp().version() == before && searched.is_err() {
                return searched;
            }
        }
    }

    fn search(&self, session: &Session, path: &TargetPath) -> Result<Found, Error> {
        let mut machine = session.lookup(path);
        self.drive(|answer| machine.step(answer))?;
        machine.into_found().ok_or_else(stopped)
    }

    /// Fetches a target to a file (§5.7), or finds that the file is there already. The file appears only when all of it
    /// was verified.
    ///
    /// # Errors
    /// See [`Error`]. The destination is unchanged then.
    pub fn download(&self, info: &TargetInfo, destination: &Path) -> Result<Downloaded, Error> {
        self.download_with(info, destination, |_| {})
    }

    /// The same, and says after each piece how many bytes have come.
    ///
    /// # Errors
    /// As [`Client::download`].
    pub fn download_with(
        &self,
        info: &TargetInfo,
        destination: &Path,
        mut progress: impl FnMut(u64),
    ) -> Result<Downloaded, Error> {
        if let Some(approved) = already_present(info, destination) {
            return Ok(Downloaded::Present(approved));
        }
        let mut incoming = Incoming::new(info, destination)?;
        let mut received = 0;
        self.fetch_target(info, |bytes| {
            incoming.take(bytes)?;
            received += bytes.len() as u64;
            progress(received);
            Ok(())
        })?;
        Ok(Downloaded::Fetched(incoming.finish()?))
    }

    /// Fetches a small target into memory: an index page, a pointer.
    ///
    /// # Errors
    /// See [`Error`]. Nothing is handed out that was not verified.
    pub fn read(&self, info: &TargetInfo) -> Result<Vec<u8>, Error> {
        let mut verifier = info.verifier();
        let mut all = Vec::new();
        self.fetch_target(info, |bytes| {
            verifier.update(bytes)?;
            all.extend_from_slice(bytes);
            Ok(())
        })?;
        verifier.finish()?;
        Ok(all)
    }

    fn drive(&self, mut step: impl FnMut(Option<Vec<u8>>) -> Result<Action, Error>) -> Result<(), Error> {
        let mut answer = None;
        loop {
            answer = match self.core.perform(step(answer)?)? {
                Next::Answer(answer) => answer,
                Next::Fetch(fetch) => self.fetch_metadata(&fetch)?,
                Next::Done => return Ok(()),
            };
        }
    }

    fn fetch_metadata(&self, fetch: &Fetch) -> Result<Option<Vec<u8>>, TransportError> {
        let url = self.core.repository.metadata.join(&fetch.path);
        let body = match self.transport.fetch(&url)? {
            Fetched::Body(body) => body,
            Fetched::NotFound => return Ok(None),
            Fetched::Forbidden if fetch.forbidden_is_absent => return Ok(None),
            Fetched::Forbidden => return Err(forbidden(&url)),
        };
        let mut bytes = Vec::new();
        body.take(fetch.max_bytes.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| body_error(&url, error))?;
        Ok(Some(bytes))
    }

    fn fetch_target(&self, info: &TargetInfo, mut take: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        for path in info.url_paths() {
            let url = self.core.repository.targets.join(&path);
            let mut body = match self.transport.fetch(&url)? {
                Fetched::Body(body) => body,
                Fetched::NotFound => continue,
                Fetched::Forbidden => return Err(forbidden(&url).into()),
            };
            // Systems write large pieces with less work for each byte. What is not used of this is never touched.
            let mut buffer = vec![0; 1 << 20];
            loop {
                match body.read(&mut buffer) {
                    Ok(0) => return Ok(()),
                    Ok(count) => take(buffer.get(..count).unwrap_or(&buffer))?,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(body_error(&url, error).into()),
                }
            }
        }
        Err(missing(info))
    }
}

/// A machine that said it was done without a result: it cannot be, and must not be a panic if it is.
pub(super) fn stopped() -> Error {
    crate::error::CallerError::Stopped.into()
}

impl<T: std::fmt::Debug, S: std::fmt::Debug> std::fmt::Debug for Client<T, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("core", &self.core)
            .field("transport", &self.transport)
            .field("session", &self.session)
            .finish()
    }
}
