//! The blocking client. It needs no runtime.

use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::SystemTime;

use super::search::{Search, Step, Turns};
use super::{
    Core, Downloaded, Incoming, Next, Repository, Restarts, already_present, body_error, forbidden, is_overtaken,
    missing,
};
use crate::error::{CallerError, Error, TransportError};
use crate::lookup::{Found, Lookup};
use crate::refresh::Fetch;
use crate::role::TargetPath;
use crate::session::Session;
use crate::store::Store;
use crate::target::TargetInfo;
use crate::transport::{Fetched, Transport};
use crate::trusted_role::TrustedRole;

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
    /// Of the searches in that session.
    turns: Turns,
}

impl<T: Transport, S: Store> Client<T, S> {
    /// A client that has not asked for anything yet.
    pub fn new(repository: Repository, transport: T, store: S) -> Self {
        Self { core: Core::new(repository, store), transport, session: None, turns: Turns::default() }
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
        self.turns = Turns::default();
        self.drive(|answer| Ok(machine.step(answer)?.into()))?;
        Ok(self.session.insert(machine.into_session().ok_or_else(stopped)?))
    }

    /// The store. Every file in it was verified before it was written, for a mirror that hands on what is trusted;
    /// delegated roles of earlier sessions may lie beside those of the last.
    pub fn store(&self) -> &S {
        &self.core.store
    }

    /// The session of the last refresh that succeeded.
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Searches for a target (§5.6.7) in the session of the last refresh, which it never replaces: all that is found in
    /// one session belongs to one consistent snapshot. Any number of threads can search at once. Each delegated role is
    /// loaded, fetched and verified by one of them; the others wait and find it verified.
    ///
    /// A role that fails, for whatever reason, is not asked for again in this session: each later search that needs it
    /// is told the same error. A refresh forgets, and so does [`Client::lookup`].
    ///
    /// # Errors
    /// [`CallerError::NotRefreshed`] where there is no session; else see [`Error`]. That no role lists the target is not
    /// an error.
    pub fn search(&self, path: &TargetPath) -> Result<Found, Error> {
        self.search_in(self.session.as_ref().ok_or(CallerError::NotRefreshed)?, path)
    }

    /// Has the role of one delegation verified in the session of the last refresh, without a search for a path: for a
    /// mirror, which needs them all. `at` is the place of the delegation in the order of `by`; `None` where there is none,
    /// and where the snapshot does not list the role. As with [`Client::search`], each role is fetched once.
    ///
    /// # Errors
    /// [`CallerError::OtherSession`] where `by` was verified in another session; else as [`Client::search`].
    pub fn delegated(&self, by: &TrustedRole, at: usize) -> Result<Option<TrustedRole>, Error> {
        let session = self.session.as_ref().ok_or(CallerError::NotRefreshed)?;
        let Some(delegation) = session.delegation(by, at)? else { return Ok(None) };
        let mut search = Search::of(session, &self.turns, Lookup::of_role(session, by, delegation));
        let driven = self.drive(|answer| search.step(answer));
        Ok(Some(search.end_role(driven)?))
    }

    #[cfg(feature = "pypi")]
    pub(crate) fn limits(&self) -> &crate::limits::Limits {
        &self.core.repository.settings.limits
    }

    /// Searches for a target (§5.6.7), after a refresh if there was none or what it found has expired since. Where a
    /// delegated role has expired since, or its file is gone, the search begins again after a refresh, at most
    /// [`Limits::restarts`](crate::Limits) times.
    ///
    /// # Errors
    /// See [`Error`]; that no role lists the target is not one.
    pub fn lookup(&mut self, path: &TargetPath) -> Result<Found, Error> {
        let mut restarts = self.begin()?;
        loop {
            let found = self.search(path);
            let outdated =
                found.as_ref().is_ok_and(|found| restarts.outdates(self.session.as_ref(), |_| found.valid_until()));
            if !self.begin_again(&mut restarts, &found, outdated)? {
                return found;
            }
        }
    }

    /// Makes a run of many searches and downloads, all of them in one session: what it gives back belongs to one
    /// consistent snapshot. Begins like [`Client::lookup`], with a refresh where one is due, and forgets what failed.
    ///
    /// Where the run ends with an error that [`Client::is_overtaken`] accepts, and a refresh finds a newer timestamp, all
    /// of the run is made again, at most [`Limits::restarts`](crate::Limits) times; a
    /// [`Notice::BeganAgain`](crate::Notice) stands in the new session then. What an earlier attempt found must not be
    /// used: keep it in the value that the run gives back.
    ///
    /// ```no_run
    /// # use tufgate::{Client, Error, FileStore, FileTransport, Found, TargetPath};
    /// # fn page_and_file(client: &mut Client<FileTransport, FileStore>) -> Result<(), Error> {
    /// let (page, file) = (TargetPath::new("simple/example/index.html")?, TargetPath::new("packages/example-1.0.zip")?);
    /// let both = client.consistently(|client| Ok((client.search(&page)?, client.search(&file)?)))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the refresh and of the last run.
    pub fn consistently<R>(&mut self, mut run: impl FnMut(&Self) -> Result<R, Error>) -> Result<R, Error> {
        let mut restarts = self.begin()?;
        loop {
            let result = run(self);
            if !self.begin_again(&mut restarts, &result, false)? {
                return result;
            }
        }
    }

    /// Whether an error of a search or of a target's download may come from a repository that published anew, or cleaned
    /// up, after this client's session began: a file that the session names is gone, or another one, or has expired
    /// (PEP 458 "Cleaning up old metadata"). It is worth a refresh; if that finds a newer timestamp, begin the whole run
    /// again, at most [`Limits::restarts`](crate::Limits) times. [`Client::consistently`] does that.
    pub fn is_overtaken(&self, error: &Error) -> bool {
        self.session.as_ref().is_some_and(|session| is_overtaken(session, error, (self.core.clock)()))
    }

    /// Starts a run: in a session that is still valid, with nothing held against any role.
    fn begin(&mut self) -> Result<Restarts, Error> {
        self.turns = Turns::default();
        let restarts = self.core.restarts();
        if restarts.outdates(self.session.as_ref(), Session::valid_until) {
            self.refresh()?;
        }
        Ok(restarts)
    }

    /// Whether a run is to be made once more, and then in a new session.
    fn begin_again<R>(
        &mut self,
        restarts: &mut Restarts,
        result: &Result<R, Error>,
        outdated: bool,
    ) -> Result<bool, Error> {
        if !restarts.wanted(self.session.as_ref(), result, outdated) {
            return Ok(false);
        }
        let version = self.session.as_ref().map_or(0, |session| session.timestamp().version());
        self.refresh()?;
        Ok(self.session.as_mut().is_some_and(|session| restarts.begin(session, version, result)))
    }

    fn search_in(&self, session: &Session, path: &TargetPath) -> Result<Found, Error> {
        let mut search = Search::new(session, &self.turns, path);
        let driven = self.drive(|answer| search.step(answer));
        search.end(driven)
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
        self.fetch_target(info, &info.url_paths(), |bytes| {
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
    /// [`Fault::TooLarge`](crate::error::Fault) before anything is asked for where more is signed than
    /// [`Limits::page_bytes`](crate::Limits); else see [`Error`]. Nothing is handed out that was not verified.
    pub fn read(&self, info: &TargetInfo) -> Result<Vec<u8>, Error> {
        self.read_from(info, &info.url_paths())
    }

    /// The same from another place below the targets address than the one its path says: `url_path` is not encoded, and
    /// goes through the rules of a [`TargetPath`]. What came is verified all the same.
    ///
    /// # Errors
    /// [`CallerError::TargetPath`] for a path that could leave the targets address; else as [`Client::read`].
    pub fn read_at(&self, info: &TargetInfo, url_path: &str) -> Result<Vec<u8>, Error> {
        self.read_from(info, &[TargetPath::new(url_path)?.url_path(None)])
    }

    fn read_from(&self, info: &TargetInfo, url_paths: &[String]) -> Result<Vec<u8>, Error> {
        self.core.check_page(info)?;
        let mut verifier = info.verifier();
        let mut all = Vec::new();
        self.fetch_target(info, url_paths, |bytes| {
            verifier.update(bytes)?;
            all.extend_from_slice(bytes);
            Ok(())
        })?;
        verifier.finish()?;
        Ok(all)
    }

    fn drive(&self, mut step: impl FnMut(Option<Vec<u8>>) -> Result<Step, Error>) -> Result<(), Error> {
        let mut answer = None;
        loop {
            answer = match self.core.perform(step(answer)?)? {
                Next::Answer(answer) => answer,
                Next::Fetch(fetch) => self.fetch_metadata(&fetch)?,
                Next::Wait(role) => {
                    self.turns.wait(&role);
                    None
                }
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

    fn fetch_target(
        &self,
        info: &TargetInfo,
        url_paths: &[String],
        mut take: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for path in url_paths {
            let url = self.core.address(info, path);
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
    CallerError::Stopped.into()
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
