//! Publishing: a folder of Python distributions becomes a repository signed with TUF, as PEP 458 lays it out.
//!
//! A program of its own, because keys that sign and installers that verify should never share a process. [`Repository`]
//! is what lies on disk, verified as clients verify it; [`Update`] is one change of it, which becomes visible with the
//! rename of `timestamp.json` and not before. What stands in metadata is [`document`], who signs it [`keys`].

pub mod bins;
pub mod ceremony;
pub mod check;
pub mod diff;
pub mod disk;
pub mod distribution;
pub mod document;
mod error;
pub mod gc;
pub mod index;
pub mod init;
pub mod json;
pub mod keys;
pub mod pages;
pub mod remote;
pub mod renew;
pub mod repository;
pub mod rotate;
pub mod settings;
pub mod update;

pub use error::Error;
pub use repository::Repository;
pub use settings::Settings;
pub use update::{Published, Update};

/// What publishing returns.
pub type Result<T> = std::result::Result<T, Error>;
