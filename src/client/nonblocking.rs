//! The async client. It needs no runtime of its own: whatever its transport needs.

use std::path::Path;
use std::time::SystemTime;

use super::blocking::stopped;
use super::search::{Search, Step, Turns};
use super::{
    Core, Downloaded, Incoming, Next, Repository, Restarts, already_present, forbidden, is_overtaken, missing,
};
use crate::error::{CallerError, Error, TransportError};
use crate::lookup::{Found, Lookup};
use crate::refresh::Fetch;
use crate::role::TargetPath;
use crate::session::Session;
use crate::store::Store;
use crate::target::TargetInfo;
use crate::transport::{AsyncBody, AsyncTransport, Fetched};
use crate::trusted_role::TrustedRole;

/// A client of one repository, async. See [`crate::Client`]; both behave the same.
///
/// The store and the destination of a download are written without awaiting: a few small files in an update, and the
/// pieces of a target as they come. A future that is dropped leaves the store whole, before or after a change.
pub struct AsyncClient<T, S> {
    core: Core<S>,
    transport: T,
    session: Option<Session>,
    /// Of the searches in that session.
    turns: Turns,
}

impl<T: AsyncTransport, S: Store> AsyncClient<T, S> {
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

    /// As [`crate::Client::refresh`].
    ///
    /// # Errors
    /// As [`crate::Client::refresh`].
    pub async fn refresh(&mut self) -> Result<&Session, Error> {
        let mut machine = self.core.refresh()?;
        self.turns = Turns::default();
        self.drive(|answer| Ok(machine.step(answer)?.into())).await?;
        Ok(self.session.insert(machine.into_session().ok_or_else(stopped)?))
    }

    /// As [`crate::Client::store`].
    pub fn store(&self) -> &S {
        &self.core.store
    }

    /// The session of the last refresh that succeeded.
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// As [`crate::Client::search`], without waiting on a thread.
    ///
    /// # Errors
    /// As [`crate::Client::search`].
    pub async fn search(&self, path: &TargetPath) -> Result<Found, Error> {
        self.search_in(self.session.as_ref().ok_or(CallerError::NotRefreshed)?, path).await
    }

    /// As [`crate::Client::delegated`].
    ///
    /// # Errors
    /// As [`crate::Client::delegated`].
    pub async fn delegated(&self, by: &TrustedRole, at: usize) -> Result<Option<TrustedRole>, Error> {
        let session = self.session.as_ref().ok_or(CallerError::NotRefreshed)?;
        let Some(delegation) = session.delegation(by, at)? else { return Ok(None) };
        let mut search = Search::of(session, &self.turns, Lookup::of_role(session, by, delegation));
        let driven = self.drive(|answer| search.step(answer)).await;
        Ok(Some(search.end_role(driven)?))
    }

    /// As [`crate::Client::lookup`].
    ///
    /// # Errors
    /// As [`crate::Client::lookup`].
    pub async fn lookup(&mut self, path: &TargetPath) -> Result<Found, Error> {
        let mut restarts = self.begin().await?;
        loop {
            let found = self.search(path).await;
            let outdated =
                found.as_ref().is_ok_and(|found| restarts.outdates(self.session.as_ref(), |_| found.valid_until()));
            if !self.begin_again(&mut restarts, &found, outdated).await? {
                return found;
            }
        }
    }

    /// As [`crate::Client::is_overtaken`].
    pub fn is_overtaken(&self, error: &Error) -> bool {
        self.session.as_ref().is_some_and(|session| is_overtaken(session, error, (self.core.clock)()))
    }

    /// Starts a run: in a session that is still valid, with nothing held against any role.
    async fn begin(&mut self) -> Result<Restarts, Error> {
        self.turns = Turns::default();
        let restarts = self.core.restarts();
        if restarts.outdates(self.session.as_ref(), Session::valid_until) {
            self.refresh().await?;
        }
        Ok(restarts)
    }

    /// Whether a run is to be made once more, and then in a new session.
    async fn begin_again<R>(
        &mut self,
        restarts: &mut Restarts,
        result: &Result<R, Error>,
        outdated: bool,
    ) -> Result<bool, Error> {
        if !restarts.wanted(self.session.as_ref(), result, outdated) {
            return Ok(false);
        }
        let version = self.session.as_ref().map_or(0, |session| session.timestamp().version());
        self.refresh().await?;
        Ok(self.session.as_mut().is_some_and(|session| restarts.begin(session, version, result)))
    }

    async fn search_in(&self, session: &Session, path: &TargetPath) -> Result<Found, Error> {
        let mut search = Search::new(session, &self.turns, path);
        let driven = self.drive(|answer| search.step(answer)).await;
        search.end(driven)
    }

    /// As [`crate::Client::download`].
    ///
    /// # Errors
    /// As [`crate::Client::download`].
    pub async fn download(&self, info: &TargetInfo, destination: &Path) -> Result<Downloaded, Error> {
        if let Some(approved) = already_present(info, destination) {
            return Ok(Downloaded::Present(approved));
        }
        let mut incoming = Incoming::new(info, destination)?;
        self.fetch_target(info, &info.url_paths(), |bytes| incoming.take(bytes)).await?;
        Ok(Downloaded::Fetched(incoming.finish()?))
    }

    /// As [`crate::Client::read`].
    ///
    /// # Errors
    /// As [`crate::Client::read`].
    pub async fn read(&self, info: &TargetInfo) -> Result<Vec<u8>, Error> {
        self.read_from(info, &info.url_paths()).await
    }

    /// As [`crate::Client::read_at`].
    ///
    /// # Errors
    /// As [`crate::Client::read_at`].
    pub async fn read_at(&self, info: &TargetInfo, url_path: &str) -> Result<Vec<u8>, Error> {
        self.read_from(info, &[TargetPath::new(url_path)?.url_path(None)]).await
    }

    async fn read_from(&self, info: &TargetInfo, url_paths: &[String]) -> Result<Vec<u8>, Error> {
        self.core.check_page(info)?;
        let mut verifier = info.verifier();
        let mut all = Vec::new();
        self.fetch_target(info, url_paths, |bytes| {
            verifier.update(bytes)?;
            all.extend_from_slice(bytes);
            Ok(())
        })
        .await?;
        verifier.finish()?;
        Ok(all)
    }

    async fn drive(&self, mut step: impl FnMut(Option<Vec<u8>>) -> Result<Step, Error>) -> Result<(), Error> {
        let mut answer = None;
        loop {
            answer = match self.core.perform(step(answer)?)? {
                Next::Answer(answer) => answer,
                Next::Fetch(fetch) => self.fetch_metadata(&fetch).await?,
                Next::Wait(role) => {
                    self.turns.wait_async(&role).await;
                    None
                }
                Next::Done => return Ok(()),
            };
        }
    }

    async fn fetch_metadata(&self, fetch: &Fetch) -> Result<Option<Vec<u8>>, TransportError> {
        let url = self.core.repository.metadata.join(&fetch.path);
        let mut body = match self.transport.fetch(&url).await? {
            Fetched::Body(body) => body,
            Fetched::NotFound => return Ok(None),
            Fetched::Forbidden if fetch.forbidden_is_absent => return Ok(None),
            Fetched::Forbidden => return Err(forbidden(&url)),
        };
        let most = usize::try_from(fetch.max_bytes.saturating_add(1)).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        while bytes.len() < most
            && let Some(chunk) = body.chunk().await?
        {
            bytes.extend_from_slice(&chunk);
        }
        // How the body came in pieces must not show.
        bytes.truncate(most);
        Ok(Some(bytes))
    }

    async fn fetch_target(
        &self,
        info: &TargetInfo,
        url_paths: &[String],
        mut take: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for path in url_paths {
            let url = self.core.address(info, path);
            let mut body = match self.transport.fetch(&url).await? {
                Fetched::Body(body) => body,
                Fetched::NotFound => continue,
                Fetched::Forbidden => return Err(forbidden(&url).into()),
            };
            while let Some(chunk) = body.chunk().await? {
                take(&chunk)?;
            }
            return Ok(());
        }
        Err(missing(info))
    }
}

impl<T: std::fmt::Debug, S: std::fmt::Debug> std::fmt::Debug for AsyncClient<T, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsyncClient")
            .field("core", &self.core)
            .field("transport", &self.transport)
            .field("session", &self.session)
            .finish()
    }
}
