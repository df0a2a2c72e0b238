//! The same case through the blocking and the async client: they must not differ.

use std::path::Path;
use std::time::SystemTime;

use tufgate::error::Error;
use tufgate::{
    AsyncClient, Client, Downloaded, Found, Repository as Config, Session, Settings, Store, TargetInfo, TargetPath,
    TrustedRole,
};

use crate::simulator::{Repository, SimTransport, block_on, now};

/// What every update asks for first, of a repository whose root is still in version 1.
pub const NEXT_ROOT: &str = "metadata/2.root.json";
/// What every update asks for after the roots.
pub const TIMESTAMP: &str = "metadata/timestamp.json";

/// Which of the two clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Blocking,
    Async,
}

/// Each of them.
pub const BOTH: [Kind; 2] = [Kind::Blocking, Kind::Async];

/// Runs a case with each of them.
pub fn for_both(case: impl Fn(Kind)) {
    for kind in BOTH {
        eprintln!("with the {kind:?} client:");
        case(kind);
    }
}

impl Kind {
    /// A client of the simulated repository that was shipped with its root 1, at the time of all tests.
    pub fn client<S: Store>(self, repo: &Repository, store: S) -> AnyClient<S> {
        self.client_with(repo, store, Settings::default(), now)
    }

    /// The same at another time.
    pub fn client_at<S: Store>(self, repo: &Repository, store: S, time: SystemTime) -> AnyClient<S> {
        self.client_with(repo, store, Settings::default(), move || time)
    }

    /// The same with other settings and any clock.
    pub fn client_with<S: Store>(
        self,
        repo: &Repository,
        store: S,
        settings: Settings,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> AnyClient<S> {
        let config = Config::new(repo.root_file(1), repo.metadata_base(), repo.targets_base()).with_settings(settings);
        match self {
            Self::Blocking => AnyClient::Blocking(Client::new(config, repo.transport(), store).with_clock(clock)),
            Self::Async => AnyClient::Async(AsyncClient::new(config, repo.transport(), store).with_clock(clock)),
        }
    }
}

/// The async client by itself, for tests that interrupt it.
pub fn async_client<S: Store>(repo: &Repository, store: S) -> AsyncClient<SimTransport, S> {
    match Kind::Async.client(repo, store) {
        AnyClient::Async(client) => client,
        AnyClient::Blocking(_) => unreachable!("the other kind was asked for"),
    }
}

/// A client of either kind.
pub enum AnyClient<S> {
    Blocking(Client<SimTransport, S>),
    Async(AsyncClient<SimTransport, S>),
}

impl<S: Store> AnyClient<S> {
    pub fn refresh(&mut self) -> Result<&Session, Error> {
        match self {
            Self::Blocking(client) => client.refresh(),
            Self::Async(client) => block_on(client.refresh()),
        }
    }

    pub fn lookup(&mut self, path: &str) -> Result<Found, Error> {
        let path = TargetPath::new(path).unwrap();
        match self {
            Self::Blocking(client) => client.lookup(&path),
            Self::Async(client) => block_on(client.lookup(&path)),
        }
    }

    pub fn search(&self, path: &str) -> Result<Found, Error> {
        let path = TargetPath::new(path).unwrap();
        match self {
            Self::Blocking(client) => client.search(&path),
            Self::Async(client) => block_on(client.search(&path)),
        }
    }

    pub fn delegated(&self, by: &TrustedRole, at: usize) -> Result<Option<TrustedRole>, Error> {
        match self {
            Self::Blocking(client) => client.delegated(by, at),
            Self::Async(client) => block_on(client.delegated(by, at)),
        }
    }

    pub fn is_overtaken(&self, error: &Error) -> bool {
        match self {
            Self::Blocking(client) => client.is_overtaken(error),
            Self::Async(client) => client.is_overtaken(error),
        }
    }

    pub fn read(&self, info: &TargetInfo) -> Result<Vec<u8>, Error> {
        match self {
            Self::Blocking(client) => client.read(info),
            Self::Async(client) => block_on(client.read(info)),
        }
    }

    pub fn read_at(&self, info: &TargetInfo, url_path: &str) -> Result<Vec<u8>, Error> {
        match self {
            Self::Blocking(client) => client.read_at(info, url_path),
            Self::Async(client) => block_on(client.read_at(info, url_path)),
        }
    }

    pub fn store(&self) -> &S {
        match self {
            Self::Blocking(client) => client.store(),
            Self::Async(client) => client.store(),
        }
    }

    pub fn download(&self, info: &TargetInfo, destination: &Path) -> Result<Downloaded, Error> {
        match self {
            Self::Blocking(client) => client.download(info, destination),
            Self::Async(client) => block_on(client.download(info, destination)),
        }
    }

    pub fn session(&self) -> &Session {
        self.session_if_any().expect("a refresh went well")
    }

    pub fn session_if_any(&self) -> Option<&Session> {
        match self {
            Self::Blocking(client) => client.session(),
            Self::Async(client) => client.session(),
        }
    }

    /// A search for what is signed.
    #[track_caller]
    pub fn target(&mut self, path: &str) -> TargetInfo {
        signed(self.lookup(path))
    }

    /// The role that signs for a path; `Err` with the roles that were asked where none does.
    #[track_caller]
    pub fn signer(&mut self, path: &str) -> Result<String, Vec<String>> {
        match self.lookup(path).unwrap() {
            Found::Signed(info) => Ok(info.role().to_string()),
            Found::Unsigned { asked, .. } => Err(asked.iter().map(ToString::to_string).collect()),
        }
    }
}

/// Versions of root, timestamp, snapshot and targets in a session.
pub fn versions(session: &Session) -> [u64; 4] {
    [session.root().version(), session.timestamp().version(), session.snapshot().version(), session.targets().version()]
}

/// The roles that were asked, as [`AnyClient::signer`] gives them where none signs.
pub fn nobody_of(asked: &[&str]) -> Result<String, Vec<String>> {
    Err(asked.iter().map(|&role| role.to_owned()).collect())
}

/// A signed target, or a failure of the test.
#[track_caller]
pub fn signed(found: Result<Found, Error>) -> TargetInfo {
    match found.unwrap() {
        Found::Signed(info) => info,
        Found::Unsigned { asked, .. } => panic!("nobody of {asked:?} signs for it"),
    }
}
