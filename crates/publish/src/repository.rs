//! A repository on disk, read as its clients read it.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use tufgate::{
    BaseUrl, Client, Entry, FileTransport, Found, MemoryStore, RoleName, Session, Store as _, TargetPath, TrustedRole,
};

use crate::Result;
use crate::disk;
use crate::document::{Document, utc};
use crate::error::Error;
use crate::settings::Settings;

/// The folder of published metadata.
pub const METADATA: &str = "metadata";
/// The folder of published targets.
pub const TARGETS: &str = "targets";
/// The root that users pin.
pub const ROOT: &str = "root.json";

const LOCK: &str = ".lock";

/// More than any document of a repository that clients load.
const MOST: u64 = 1 << 32;

/// A repository that verifies from its first root on.
///
/// Nothing in it is signed again before it was verified: who could write to the folder, and has no key, must not get a
/// signature by changing a bin.
#[derive(Debug)]
pub struct Repository {
    path: PathBuf,
    settings: Settings,
    client: Client<FileTransport, MemoryStore>,
    /// Held for as long as this lives; `None` for readers.
    _lock: Option<File>,
}

impl Repository {
    /// Opens a repository to publish to it. Only one process does so at a time.
    ///
    /// # Errors
    /// [`Error::Locked`] while another one does; [`Error::Untrusted`] when a client would refuse what is there, for
    /// another reason than that it expired.
    pub fn open(path: &Path) -> Result<Self> {
        let settings = Settings::read(path)?;
        let lock = lock(path)?;
        disk::remove_stale(path)?;
        Self::verified(path, settings, Some(lock))
    }

    /// Opens a repository to look at it.
    ///
    /// # Errors
    /// As [`Repository::open`], but for the lock.
    pub fn open_to_read(path: &Path) -> Result<Self> {
        Self::verified(path, Settings::read(path)?, None)
    }

    fn verified(path: &Path, settings: Settings, lock: Option<File>) -> Result<Self> {
        let mut client = client(path, &settings, FileTransport::new())?;
        client.refresh().map_err(untrusted(path))?;
        Ok(Self { path: path.to_owned(), settings, client, _lock: lock })
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What its publisher decided.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The client that verified it. Its clock stands at 1970, so that nothing is expired for it.
    #[must_use]
    pub fn client(&self) -> &Client<FileTransport, MemoryStore> {
        &self.client
    }

    /// What was verified.
    ///
    /// # Errors
    /// Never, in a repository that was opened.
    pub fn session(&self) -> Result<&Session> {
        self.client.session().ok_or_else(|| Error::Document("the repository is not loaded".to_owned()))
    }

    /// The root in force.
    ///
    /// # Errors
    /// As [`Repository::document`].
    pub fn root(&self) -> Result<Document> {
        self.document(&Entry::Root)
    }

    /// A document that was verified. A delegated role is, once [`Repository::find`] asked it.
    ///
    /// # Errors
    /// When it was not.
    pub fn document(&self, entry: &Entry) -> Result<Document> {
        Document::read(&self.bytes(entry)?)
    }

    /// The same as it was published.
    ///
    /// # Errors
    /// As [`Repository::document`].
    pub fn bytes(&self, entry: &Entry) -> Result<Vec<u8>> {
        let bytes = self.client.store().read(entry, MOST).map_err(|error| untrusted(&self.path)(error.into()))?;
        bytes.ok_or_else(|| Error::Document(format!("{} was not verified", entry.file_name())))
    }

    /// Whether a target is published, and by which role. Afterwards the bin that answers for the path is verified.
    ///
    /// # Errors
    /// When a role on the way does not verify.
    pub fn find(&self, path: &TargetPath) -> Result<Found> {
        self.client.search(path).map_err(untrusted(&self.path))
    }

    /// Refuses to go on where an offline role expired that is not about to be signed again: nothing that is published
    /// would reach a client.
    ///
    /// # Errors
    /// [`Error::Expired`].
    pub fn refuse_expired_offline(&self, now: SystemTime, is_renewed: impl Fn(&str) -> bool) -> Result<()> {
        let session = self.session()?;
        let mut roles = vec![("root", session.root().expires()), ("targets", Some(session.targets().expires()))];
        if self.settings.layout == crate::bins::BinLayout::Prefixes
            && let Ok(bins) = self.document(&Entry::Delegated(role_name(BINS)?))
        {
            roles.push((BINS, bins.expires()));
        }
        let expired = |expires: Option<SystemTime>| expires.is_some_and(|expires| expires <= now);
        match roles.into_iter().find(|(role, expires)| expired(*expires) && !is_renewed(role)) {
            Some((role, Some(expired))) => Err(Error::Expired { role: role.to_owned(), expired: utc(expired) }),
            _ => Ok(()),
        }
    }
}

/// The role between `targets` and the bins, where these are not succinct.
pub const BINS: &str = "bins";

/// A role's name.
///
/// # Errors
/// When it cannot be one.
pub fn role_name(name: &str) -> Result<RoleName> {
    RoleName::new(name).map_err(|error| Error::Document(error.to_string()))
}

impl Repository {
    /// Has all bins verified, and says their names with when each expires: for what concerns them all.
    ///
    /// # Errors
    /// When one does not verify, or `targets` does not delegate as the settings say.
    pub fn all_bins(&self) -> Result<Vec<(String, SystemTime)>> {
        let mut bins = Vec::new();
        self.each_bin(|role| bins.push((role.role().as_str().to_owned(), role.targets().expires())))?;
        Ok(bins)
    }

    /// Has all bins verified, one by one.
    ///
    /// # Errors
    /// As [`Repository::all_bins`].
    pub fn each_bin(&self, mut look: impl FnMut(&TrustedRole)) -> Result<()> {
        let role = |by: &TrustedRole, at| self.client.delegated(by, at).map_err(untrusted(&self.path));
        let missing = || Error::Document("a role that is delegated to is not published".to_owned());
        let mut delegator = self.session()?.targets_role();
        if self.settings.layout == crate::bins::BinLayout::Prefixes {
            delegator = role(&delegator, 0)?.ok_or_else(missing)?;
        }
        for at in 0..delegator.targets().delegations().len() {
            look(&role(&delegator, at)?.ok_or_else(missing)?);
        }
        Ok(())
    }
}

/// Where a client keeps a targets role, top-level or delegated.
///
/// # Errors
/// As [`role_name`].
pub fn entry(role: &str) -> Result<Entry> {
    Ok(if role == "targets" { Entry::Targets } else { Entry::Delegated(role_name(role)?) })
}

/// Keeps other publishers away until the file is dropped.
///
/// # Errors
/// [`Error::Locked`] when one is there.
pub fn lock(path: &Path) -> Result<File> {
    let place = path.join(LOCK);
    let file = File::options().create(true).truncate(false).write(true).open(&place);
    let file = file.map_err(Error::disk(&place, "cannot open the lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(Error::Disk { path: place, action: "cannot lock", source }),
    }
}

/// A client of the repository for which nothing is expired, with nothing trusted but the root that users pin.
///
/// # Errors
/// When that root cannot be read.
pub fn client<T: tufgate::Transport>(path: &Path, settings: &Settings, transport: T) -> Result<Client<T, MemoryStore>> {
    let root = path.join(ROOT);
    let pinned = fs::read(&root).map_err(Error::disk(&root, "cannot read"))?;
    let absolute = fs::canonicalize(path).map_err(Error::disk(path, "cannot open"))?;
    let base =
        |folder: &str| BaseUrl::from_directory(&absolute.join(folder)).map_err(|error| untrusted(path)(error.into()));
    let mut of_client = tufgate::Settings::default();
    of_client.plain_target_names = settings.index_profile()?.plain_target_names();
    let repository = tufgate::Repository::new(pinned, base(METADATA)?, base(TARGETS)?).with_settings(of_client);
    Ok(Client::new(repository, transport, MemoryStore::new()).with_clock(|| UNIX_EPOCH))
}

pub(crate) fn untrusted(path: &Path) -> impl FnOnce(tufgate::Error) -> Error {
    let path = path.to_owned();
    |source| Error::Untrusted { path, source }
}
