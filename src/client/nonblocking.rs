//! The async client. It needs no runtime of its own: whatever its transport needs.

use std::path::Path;
use std::time::SystemTime;

use super::blocking::stopped;
use super::search::{Search, Step, Turns};
use super::{Core, Downloaded, Incoming, Next, Repository, already_present, forbidden, is_overtaken, missing};
use crate::error::{CallerError, Error, TransportError};
use crate::lookup::Found;
use crate::refresh::Fetch;
use crate::role::TargetPath;
use crate::session::Session;
use crate::store::Store;
use crate::target::TargetInfo;
use crate::transport::{AsyncBody, AsyncTransport, Fetched};

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

    /// As [`crate::Client::lookup`].
    ///
    /// # Errors
    /// As [`crate::Client::lookup`].
    pub async fn lookup(&mut self, path: &TargetPath) -> Result<Found, Error> {
        self.turns = Turns::default();
        let now = (self.core.clock)();
        if self.session.as_ref().is_none_or(|session| session.valid_until() <= now) {
            self.refresh().await?;
        }
        let mut restarts = 0;
        loop {
            let session = self.session.as_ref().ok_or_else(stopped)?;
            let searched = self.search_in(session, path).await;
            if restarts >= self.core.repository.settings.limits.restarts || !is_overtaken(session, &searched, now) {
                return searched;
            }
            restarts += 1;
            let before = session.timestamp().version();
            if self.refresh().await?.timestamp().version() == before && searched.is_err() {
                return searched;
            }
        }
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
        self.fetch_target(info, |bytes| incoming.take(bytes)).await?;
        Ok(Downloaded::Fetched(incoming.finish()?))
    }

    /// As [`crate::Client::read`].
    ///
    /// # Errors
    /// As [`crate::Client::read`].
    pub async fn read(&self, info: &TargetInfo) -> Result<Vec<u8>, Error> {
        let mut verifier = info.verifier();
        let mut all = Vec::new();
        self.fetch_target(info, |bytes| {
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
        mut take: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for path in info.url_paths() {
            let url = self.core.repository.targets.join(&path);
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
