//! Errors by who is at fault: the repository (or whoever stands between), the transport, the local store, the caller.
//!
//! A message never repeats its source; print the chain with [`std::error::Error::source`].

use std::fmt;
use std::time::SystemTime;

use crate::digest::Digest;
use crate::role::{RoleName, TargetPath, write_escaped};

/// Everything that can go wrong, by who is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What the repository served cannot be trusted. Nothing of it was kept.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// A file could not be fetched.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The local record of what is trusted could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The library was asked for something that cannot be.
    #[error(transparent)]
    Caller(#[from] CallerError),
}

/// The attack that an error may be a sign of (TUF-1.0.34 §1.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Attack {
    /// Files changed, or made by someone without the keys.
    ArbitrarySoftware,
    /// Older files than were seen before.
    Rollback,
    /// Old files kept alive past their expiry.
    Freeze,
    /// Files of different times or roles put together.
    MixAndMatch,
    /// More data than was announced, or without end.
    EndlessData,
    /// Another repository, or two histories under one name.
    Fork,
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ArbitrarySoftware => "arbitrary software attack",
            Self::Rollback => "rollback attack",
            Self::Freeze => "freeze attack",
            Self::MixAndMatch => "mix-and-match attack",
            Self::EndlessData => "endless data attack",
            Self::Fork => "forked repository",
        })
    }
}

/// A role or a target of the repository did not pass a check.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{subject}: {fault}")]
pub struct RepositoryError {
    /// What was being checked.
    pub subject: Subject,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What a check was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Metadata of this role.
    Role(RoleName),
    /// This target file.
    Target(TargetPath),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => write!(f, "role `{role}`"),
            Self::Target(path) => write!(f, "target `{path}`"),
        }
    }
}

impl RepositoryError {
    pub(crate) fn role(role: &RoleName, fault: Fault) -> Self {
        Self { subject: Subject::Role(role.clone()), fault }
    }

    pub(crate) fn target(path: &TargetPath, fault: Fault) -> Self {
        Self { subject: Subject::Target(path.clone()), fault }
    }

    /// The attack this may be, where one is known by a name.
    #[must_use]
    pub fn attack(&self) -> Option<Attack> {
        self.fault.attack()
    }

    /// The section of the specification that asks for the check.
    #[must_use]
    pub fn spec(&self) -> &'static str {
        self.fault.spec()
    }
}

/// What can be wrong with metadata or a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The bytes are not a document of the expected kind.
    #[error("malformed: {0}")]
    Malformed(Malformed),
    /// Too few distinct keys signed.
    #[error("signed by {valid} of the {required} keys that `{delegator}` requires")]
    Threshold {
        /// Who named the keys.
        delegator: RoleName,
        /// Distinct keys with a valid signature.
        valid: usize,
        /// The threshold.
        required: u16,
    },
    /// `expires` lies at or before the update start time.
    #[error("expired at {} (this update started at {})", format_time(*.expires), format_time(*.now))]
    Expired {
        /// When it expired.
        expires: SystemTime,
        /// The fixed update start time.
        now: SystemTime,
    },
    /// The version is not the one that was pinned or asked for.
    #[error("version {found} where version {expected} was expected")]
    Version {
        /// The version named by root N, timestamp or snapshot.
        expected: u64,
        /// The version in the document.
        found: u64,
    },
    /// A version fell below one that was trusted before.
    #[error("version {found} is older than version {trusted}, which was trusted before")]
    Rollback {
        /// Highest version trusted so far.
        trusted: u64,
        /// Version offered now.
        found: u64,
    },
    /// The same version was trusted before with other content.
    #[error("version {version} was trusted before with other content")]
    SameVersionOtherContent {
        /// The version that both claim.
        version: u64,
    },
    /// `snapshot` no longer lists a role that it listed before.
    #[error("the role is gone from snapshot, which listed version {trusted} of it")]
    RoleRemoved {
        /// The version it was last listed with.
        trusted: u64,
    },
    /// Two different roots claim one version.
    #[error("version {version} exists twice with different content")]
    RootFork {
        /// The version that both claim.
        version: u64,
    },
    /// The roots that could be had end below the highest version trusted before.
    #[error("the chain of roots ends at version {found}, below version {trusted}, which was trusted before")]
    RootsWithheld {
        /// Highest root version trusted so far.
        trusted: u64,
        /// Where the chain ends now.
        found: u64,
    },
    /// The length is not the signed one.
    #[error("{found} bytes where {expected} were signed")]
    Length {
        /// Signed length in bytes.
        expected: u64,
        /// Length found, in bytes; where reading stopped at the limit, one more than it.
        found: u64,
    },
    /// More bytes than the client accepts.
    #[error("more than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// A hash is not the signed one.
    #[error("{} is {} where {} was signed", .expected.algorithm(), .found.to_hex(), .expected.to_hex())]
    Hash {
        /// Signed digest.
        expected: Box<Digest>,
        /// Digest of what came.
        found: Box<Digest>,
    },
    /// None of the listed hashes is of a kind this client knows to be strong.
    #[error("no usable hash of a known strong algorithm is listed")]
    NoKnownHash,
    /// The repository does not have a file that its own metadata names.
    #[error("the file is missing from the repository (answer: absent)")]
    Missing,
    /// A delegated role that `snapshot` does not list.
    #[error("delegated to, but not listed in snapshot")]
    NotInSnapshot,
    /// More new roots than one run accepts; the next run goes on.
    #[error("more than {limit} new versions in one run; what was verified is kept, the next run goes on from there")]
    TooManyRoots {
        /// The limit.
        limit: u32,
    },
    /// A lookup visited more roles than it may.
    #[error("more than {limit} delegated roles on the way to this target")]
    TooManyRoles {
        /// The limit.
        limit: u32,
    },
    /// One update was sent more metadata than it may read.
    #[error("this update was sent more than {limit} bytes of metadata")]
    UpdateBudget {
        /// The limit in bytes.
        limit: u64,
    },
    /// A hash bin lists a target that does not hash into it: another bin's metadata was served in its place.
    #[error("lists `{path}`, which does not belong into this bin: another bin's metadata was served in its place")]
    WrongBin {
        /// A path that the document lists.
        path: String,
    },
    /// A path pattern on the way cannot be interpreted, so that it is unknown whom the target belongs to.
    #[error("delegates by the malformed path pattern `{pattern}`")]
    Pattern {
        /// The pattern.
        pattern: String,
    },
}

impl Fault {
    /// The attack this may be, where one is known by a name.
    #[must_use]
    pub fn attack(&self) -> Option<Attack> {
        Some(match self {
            Self::Threshold { .. } | Self::Hash { .. } | Self::Length { .. } => Attack::ArbitrarySoftware,
            Self::Rollback { .. } | Self::RoleRemoved { .. } | Self::RootsWithheld { .. } => Attack::Rollback,
            Self::Expired { .. } => Attack::Freeze,
            Self::Version { .. } | Self::WrongBin { .. } | Self::SameVersionOtherContent { .. } => Attack::MixAndMatch,
            Self::TooLarge { .. }
            | Self::TooManyRoots { .. }
            | Self::TooManyRoles { .. }
            | Self::UpdateBudget { .. } => Attack::EndlessData,
            Self::RootFork { .. } => Attack::Fork,
            Self::Malformed(_) | Self::NoKnownHash | Self::Missing | Self::NotInSnapshot | Self::Pattern { .. } => {
                return None;
            }
        })
    }

    /// Whether this is what a file looks like that an honest repository has replaced, or cleaned up, since it was named.
    /// With consistent snapshots no file is ever replaced.
    pub(crate) fn may_be_overtaken(&self, consistent_snapshot: bool) -> bool {
        match self {
            Self::Missing => true,
            Self::Length { .. } | Self::Hash { .. } | Self::Version { .. } => !consistent_snapshot,
            _ => false,
        }
    }

    /// The section of the specification that asks for the check.
    #[must_use]
    pub fn spec(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "TUF-1.0.34 §4",
            Self::Threshold { .. } => "TUF-1.0.34 §5.3.4, §5.4.2, §5.5.3, §5.6.3",
            Self::Expired { .. } => "TUF-1.0.34 §5.3.10, §5.4.4, §5.5.6, §5.6.5",
            Self::Version { .. } => "TUF-1.0.34 §5.3.5, §5.5.4, §5.6.4",
            Self::Rollback { .. } => "TUF-1.0.34 §5.4.3, §5.5.5",
            Self::RoleRemoved { .. } => "TUF-1.0.34 §5.5.5",
            Self::SameVersionOtherContent { .. } => "TUF-1.0.34 §4.4",
            Self::RootFork { .. } | Self::RootsWithheld { .. } => "TUF-1.0.34 §5.3.5",
            Self::Length { .. } | Self::Hash { .. } | Self::NoKnownHash => "TUF-1.0.34 §5.5.2, §5.6.2, §5.7",
            Self::TooLarge { .. } | Self::UpdateBudget { .. } => "TUF-1.0.34 §5.3.3, §5.4.1, §5.5.1, §5.6.1",
            Self::Missing => "TUF-1.0.34 §5.4.1, §5.5.1, §5.6.1",
            Self::NotInSnapshot => "TUF-1.0.34 §5.6.1",
            Self::TooManyRoots { .. } => "TUF-1.0.34 §5.3.3",
            Self::TooManyRoles { .. } => "TUF-1.0.34 §5.6.7.1",
            Self::WrongBin { .. } => "TUF-1.0.34 §4.5; PEP 458 \"Metadata Scalability\"",
            Self::Pattern { .. } => "TUF-1.0.34 §4.5",
        }
    }
}

/// Why bytes are not a document, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} (at byte {offset})")]
pub struct Malformed {
    /// Offset in bytes into what was received; 0 where no place can be named.
    pub offset: usize,
    /// What is wrong, in words.
    pub reason: String,
}

impl Malformed {
    pub(crate) fn new(offset: usize, reason: impl Into<String>) -> Self {
        Self { offset, reason: reason.into() }
    }
}

/// A file could not be fetched.
#[derive(Debug, thiserror::Error)]
#[error("{url}: {fault}")]
pub struct TransportError {
    /// The address, without credentials.
    pub url: String,
    /// What happened.
    pub fault: TransportFault,
    /// The cause below, where there is one.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    /// An error about `url`. Credentials in it are left out.
    #[must_use]
    pub fn new(url: &str, fault: TransportFault) -> Self {
        Self { url: without_credentials(url), fault, source: None }
    }

    /// The same with what caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// What can happen to a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportFault {
    /// No connection: name, route, port or TLS.
    #[error("cannot connect")]
    Connect,
    /// A status that is neither success nor "absent".
    #[error("the server answered with status {0}")]
    Status(u16),
    /// A redirect that is not followed.
    #[error("a redirect was refused: {0}")]
    Redirect(&'static str),
    /// Nothing came for this many seconds.
    #[error("nothing came for {seconds} seconds")]
    Idle {
        /// The idle time-out.
        seconds: u64,
    },
    /// Data came, but more slowly than the minimum rate.
    #[error("data came at less than {bytes_per_second} bytes per second")]
    TooSlow {
        /// The minimum rate.
        bytes_per_second: u64,
    },
    /// The connection broke, or the file could not be read.
    #[error("reading failed")]
    Read,
    /// No transport of this client serves such an address.
    #[error("no transport for this kind of address ({0})")]
    Unsupported(&'static str),
    /// The client is offline, by its configuration.
    #[error("not fetched: the client is offline")]
    Offline,
}

/// The local store failed.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {fault}")]
pub struct StoreError {
    /// The file or directory.
    pub path: String,
    /// What happened.
    pub fault: StoreFault,
    /// The cause below, where there is one.
    #[source]
    pub source: Option<std::io::Error>,
}

impl StoreError {
    /// An error about `path`.
    #[must_use]
    pub fn new(path: impl AsRef<std::path::Path>, fault: StoreFault) -> Self {
        Self { path: path.as_ref().display().to_string(), fault, source: None }
    }

    /// The same with what caused it.
    #[must_use]
    pub fn caused_by(mut self, source: std::io::Error) -> Self {
        self.source = Some(source);
        self
    }
}

/// What can happen to the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreFault {
    /// It could not be read.
    #[error("cannot read")]
    Read,
    /// It could not be written; what was there before is unchanged.
    #[error("cannot write")]
    Write,
    /// It could not be locked.
    #[error("cannot lock")]
    Lock,
    /// The record of floors and the metadata that would restore it are both damaged: what was trusted is unknown.
    #[error("the record of trusted versions is damaged and cannot be restored from the metadata beside it")]
    FloorsDamaged,
    /// The record was written by a newer version of the library.
    #[error("the record of trusted versions has format {found}, newer than this program knows")]
    FloorsNewer {
        /// The format number found.
        found: u32,
    },
    /// The directory can be written by, or belongs to, somebody else.
    #[error("the directory is not private: {0}")]
    NotPrivate(&'static str),
}

/// The library was asked for something that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallerError {
    /// Not a role name.
    #[error("a role name of {bytes} bytes (1 to 1,024 are allowed)")]
    RoleName {
        /// Its length.
        bytes: usize,
    },
    /// Not a target path.
    #[error("{} is not a target path: {reason}", Quoted(.path))]
    TargetPath {
        /// What was given.
        path: String,
        /// Why not.
        reason: &'static str,
    },
    /// Not an address for a repository.
    #[error("{} is not a usable address: {reason}", Quoted(.url))]
    BaseUrl {
        /// What was given, without credentials.
        url: String,
        /// Why not.
        reason: &'static str,
    },
    /// Options of the HTTP transport that do not work.
    #[error("the HTTP transport cannot be made: {reason}")]
    Http {
        /// Which option and why.
        reason: String,
    },
    /// The pinned root is not a root file that is signed by its own keys.
    #[error("the pinned root cannot be used: {0}")]
    PinnedRoot(Box<RepositoryError>),
    /// A machine was asked to go on after it had returned an error.
    #[error("the update or search had already stopped")]
    Stopped,
    /// A destination that is not written to.
    #[error("{} cannot be written: {reason}", Quoted(.path))]
    Destination {
        /// What was given.
        path: String,
        /// Why not.
        reason: String,
    },
}

/// Text from outside between quotes, harmless on a terminal.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`")?;
        write_escaped(f, self.0)?;
        f.write_str("`")
    }
}

/// `scheme://user:secret@host/…` without what stands before the `@`.
pub(crate) fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{tail}")
}

/// `2030-01-31T00:00:00Z`.
pub(crate) fn format_time(time: SystemTime) -> String {
    crate::time::format(time)
}
