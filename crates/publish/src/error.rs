//! What can stop a publisher, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was asked for cannot be.
    #[error("{message}")]
    Usage {
        /// What cannot be, and why.
        message: String,
        /// What to do instead.
        help: String,
    },
    /// A file that was given to publish, or a name, is not what it has to be.
    #[error("{}: {reason}", path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A published file would change.
    #[error("`{target}` is published with other content, and a published file never changes")]
    Conflict {
        /// Its target path.
        target: String,
    },
    /// Fewer keys are at hand than a role needs.
    #[error("`{role}` needs {threshold} of its {known} keys, and {found} {} at hand", if *found == 1 { "is" } else { "are" })]
    Keys {
        /// The role.
        role: String,
        /// How many signatures it needs.
        threshold: u64,
        /// How many keys it has.
        known: usize,
        /// How many of them are at hand.
        found: usize,
        /// The ids of those that are not, in hex.
        missing: Vec<String>,
    },
    /// A key cannot be read, or cannot sign.
    #[error("{what}: {reason}")]
    Key {
        /// The key, as its user knows it.
        what: String,
        /// Why it cannot be used.
        reason: String,
    },
    /// A document has no place in a repository.
    #[error("{0}")]
    Document(String),
    /// The repository on disk is not one that clients accept.
    #[error("the repository in {} does not verify", path.display())]
    Untrusted {
        /// Its folder.
        path: PathBuf,
        /// What a client says of it.
        source: tufgate::Error,
    },
    /// A role expired that only offline keys can sign again.
    #[error("`{role}` expired at {expired}")]
    Expired {
        /// The role.
        role: String,
        /// When, in UTC.
        expired: String,
    },
    /// Somebody else publishes to the repository now.
    #[error("another process publishes to {}", .0.display())]
    Locked(PathBuf),
    /// The disk, or what lies on it.
    #[error("{}: {action}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// What was being done.
        action: &'static str,
        /// What the system says.
        source: io::Error,
    },
}

impl Error {
    /// What was asked for cannot be, and what to do instead.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: help.into() }
    }

    pub(crate) fn input(path: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        Self::Input { path: path.into(), reason: reason.into() }
    }

    pub(crate) fn key(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Key { what: what.into(), reason: reason.into() }
    }

    /// For `map_err` where a file or folder is touched.
    pub(crate) fn disk(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Disk { path, action, source }
    }
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        let help = match self {
            Self::Usage { help, .. } => help,
            Self::Input { .. } => "correct the file, or leave it out; nothing was published",
            Self::Conflict { .. } => {
                "publish the changed file under a new version. To withdraw the old one, use `tufgate-publish remove`"
            }
            Self::Keys { missing, .. } => {
                return format!("give the folders of the others with --keys. Missing: {}", missing.join(", "));
            }
            Self::Key { .. } => {
                "check the key file and its passphrase; `tufgate-publish keys show` lists what is there"
            }
            Self::Document(_) => "run `tufgate-publish check REPO`; nothing was published",
            Self::Untrusted { .. } => {
                "somebody changed what was published, or a copy is incomplete: restore the folder from a copy of the \
                 published one, and find out who can write to it. Nothing was signed"
            }
            Self::Expired { role, .. } if role == "root" => {
                "sign a new root first: `tufgate-publish rotate REPO root --keep`"
            }
            Self::Expired { .. } => "sign it again first, with its offline keys: `tufgate-publish timestamp REPO`",
            Self::Locked(_) => "wait until it is done",
            Self::Disk { .. } => {
                "make room or correct the permissions, and run again; clients see what they saw before"
            }
        };
        help.to_owned()
    }

    /// How a process ends that stops for it: 2 for what was asked, 3 for the repository, 4 for the disk.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } | Self::Input { .. } | Self::Conflict { .. } | Self::Keys { .. } | Self::Key { .. } => 2,
            Self::Untrusted { .. } | Self::Expired { .. } | Self::Document(_) => 3,
            Self::Locked(_) | Self::Disk { .. } => 4,
        }
    }
}
