//! The store could not be read or written: this machine is at fault.

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
