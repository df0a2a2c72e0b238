//! Pointer files: a small signed target that names the digest of a distribution.

use crate::digest::Digest;
use crate::error::Quoted;
use crate::role::TargetPath;

/// What a pointer file says: the distribution it points to, with the digest and length that bind it.
///
/// Such files are the targets of DataDog's integrations: JSON objects `{"digest", "length", "wheel_path", …}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    digest: Digest,
    length: u64,
    wheel_path: TargetPath,
}

/// Why a pointer file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the pointer file cannot be used: {reason}")]
pub struct PointerError {
    reason: String,
}

impl Pointer {
    /// Takes the bytes of an approved pointer target; nothing else may be passed.
    ///
    /// # Errors
    /// [`PointerError`] with the member that is missing or wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, PointerError> {
        let _ = (bytes, Quoted(""));
        Err(PointerError { reason: "not written yet".to_owned() })
    }

    /// The SHA-256 of the distribution.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Its exact length in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Where it lies below the address of the repository, which is the directory above the targets.
    #[must_use]
    pub fn wheel_path(&self) -> &TargetPath {
        &self.wheel_path
    }

    /// Its file name: the last segment of the path.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.wheel_path.file_name()
    }
}
