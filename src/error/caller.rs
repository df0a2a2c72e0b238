//! The library was asked for what cannot be: the program that calls it is at fault.

use std::fmt;

use super::RepositoryError;
use crate::role::write_escaped;

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
    /// A search was asked for before any update went well.
    #[error("there is no session to search in: refresh first")]
    NotRefreshed,
    /// A role of one session was to vouch for others in another one.
    #[error("{} was verified in another session: go on from the roles of the last refresh", Quoted(.role))]
    OtherSession {
        /// Its name.
        role: String,
    },
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
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`")?;
        write_escaped(f, self.0)?;
        f.write_str("`")
    }
}
