//! What did not stop a run and a user should know all the same.

use std::time::SystemTime;

use crate::store::Entry;
use crate::time;

/// Something that did not stop the run and that a user should know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Notice {
    /// A stored file could not be used; it is fetched again.
    #[error("stored {}: {reason}; it is fetched again", .entry.file_name())]
    StoredFile {
        /// Which one.
        entry: Entry,
        /// Why.
        reason: String,
    },
    /// The record of floors was damaged and was restored from the metadata beside it.
    #[error("the record of trusted versions was damaged; it was restored from the metadata beside it")]
    FloorsRestored,
    /// The repository published anew while a run was under way, so the run began again in this session.
    #[error("the repository changed while it was read; the run began again ({restarts} of at most {limit} times)")]
    BeganAgain {
        /// How often, this time included.
        restarts: u32,
        /// The limit.
        limit: u32,
    },
    /// The clock shows an earlier time than the last update, or than this library is old; the later time is used.
    #[error("the clock shows {}, but it is later than that; {} is used", time::format(*.clock), time::format(*.used))]
    ClockBehind {
        /// What the clock showed.
        clock: SystemTime,
        /// What expiry is judged by.
        used: SystemTime,
    },
}
