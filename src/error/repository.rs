//! What was served cannot be trusted: the repository, or who stands between, is at fault.

use std::fmt;
use std::time::SystemTime;

use crate::digest::Digest;
use crate::role::{RoleName, TargetPath};
use crate::time;

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

    /// Whether this is what a file looks like that an honest repository has replaced, or cleaned up, since it was named.
    /// With consistent snapshots no metadata is ever replaced; a target may lie under a plain name all the same.
    pub(crate) fn may_be_overtaken(&self, consistent_snapshot: bool) -> bool {
        let replaced = !consistent_snapshot || matches!(self.subject, Subject::Target(_));
        match self.fault {
            Fault::Missing => true,
            Fault::Length { .. } | Fault::Hash { .. } | Fault::Version { .. } => replaced,
            _ => false,
        }
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
    #[error("expired at {} (this update started at {})", time::format(*.expires), time::format(*.now))]
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
    /// The searches of one session needed more requests than they may make.
    #[error("the searches of this session asked for more than {limit} delegated roles")]
    RequestBudget {
        /// The limit.
        limit: u32,
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
            | Self::RequestBudget { .. }
            | Self::UpdateBudget { .. } => Attack::EndlessData,
            Self::RootFork { .. } => Attack::Fork,
            Self::Malformed(_) | Self::NoKnownHash | Self::Missing | Self::NotInSnapshot | Self::Pattern { .. } => {
                return None;
            }
        })
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
            Self::TooManyRoles { .. } | Self::RequestBudget { .. } => "TUF-1.0.34 §5.6.7.1",
            Self::WrongBin { .. } => "TUF-1.0.34 §4.5; PEP 458 \"Metadata Scalability\"",
            Self::Pattern { .. } => "TUF-1.0.34 §4.5",
        }
    }
}

/// Why bytes are not a document, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}{}", place(*.offset))]
pub struct Malformed {
    /// Offset in bytes into what was received; 0 where no place can be named.
    pub offset: usize,
    /// What is wrong, in words.
    pub reason: String,
}

fn place(offset: usize) -> String {
    if offset == 0 { String::new() } else { format!(" (at byte {offset})") }
}

impl Malformed {
    pub(crate) fn new(offset: usize, reason: impl Into<String>) -> Self {
        Self { offset, reason: reason.into() }
    }
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
