//! A target's bytes, streamed and approved only at the end (TUF-1.0.34 §5.7).

use std::io::Read;
use std::time::SystemTime;

#[cfg(feature = "pypi")]
use crate::digest::Digest;
use crate::digest::{Hasher, Hashes};
use crate::error::{Fault, RepositoryError};
use crate::role::{RoleName, TargetPath};

/// What is signed for a target: only a search makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetInfo {
    pub(crate) path: TargetPath,
    pub(crate) length: u64,
    /// Whether `length` is what it must have, and not only the most it may have.
    pub(crate) exact: bool,
    pub(crate) hashes: Hashes,
    pub(crate) custom: Option<String>,
    pub(crate) role: RoleName,
    pub(crate) valid_until: SystemTime,
    pub(crate) place: Place,
}

/// Where a target lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Below the targets address under its path, with each listed hash before the last segment (§5.7.3).
    HashedName,
    /// Below the targets address under its path.
    PlainName,
    /// Below the targets address, at any of these instead.
    #[cfg(feature = "pypi")]
    Stored(Vec<TargetPath>),
    /// Under its path below the directory above the targets address.
    #[cfg(feature = "pypi")]
    BesideTargets,
}

impl TargetInfo {
    /// The target's path.
    #[must_use]
    pub fn path(&self) -> &TargetPath {
        &self.path
    }

    /// Its length in bytes: exactly so many for every target that a role lists. For a file that a signed page binds
    /// without giving its size, the most it may have.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Whether [`TargetInfo::length`] is exact.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// Its hashes, those of algorithms that this client knows.
    #[must_use]
    pub fn hashes(&self) -> &Hashes {
        &self.hashes
    }

    /// `custom` as JSON text, for the application to interpret.
    #[must_use]
    pub fn custom(&self) -> Option<&str> {
        self.custom.as_deref()
    }

    /// The role that signs for it.
    #[must_use]
    pub fn role(&self) -> &RoleName {
        &self.role
    }

    /// Until when the approval holds: the earliest expiry of what it rests on.
    #[must_use]
    pub fn valid_until(&self) -> SystemTime {
        self.valid_until
    }

    /// Where the file may lie below the targets address, or below the directory above it
    /// ([`TargetInfo::is_beside_targets`]), in the order to be tried, each segment percent-encoded: with each listed hash
    /// before the last segment where the repository uses consistent snapshots (§5.7.3), else as the path is.
    #[must_use]
    pub fn url_paths(&self) -> Vec<String> {
        self.stored_paths().iter().map(|path| path.url_path(None)).collect()
    }

    /// The same, not encoded.
    #[must_use]
    pub fn stored_paths(&self) -> Vec<TargetPath> {
        match &self.place {
            Place::HashedName => self.hashes.iter().map(|digest| self.path.with_prefix(&digest.to_hex())).collect(),
            Place::PlainName => vec![self.path.clone()],
            #[cfg(feature = "pypi")]
            Place::Stored(paths) => paths.clone(),
            #[cfg(feature = "pypi")]
            Place::BesideTargets => vec![self.path.clone()],
        }
    }

    /// Whether it lies below the directory above the targets address, as what a pointer file binds does. Never true of a
    /// target that a role lists.
    #[must_use]
    pub fn is_beside_targets(&self) -> bool {
        #[cfg(feature = "pypi")]
        return self.place == Place::BesideTargets;
        #[cfg(not(feature = "pypi"))]
        false
    }

    /// Starts to check bytes that claim to be this target.
    #[must_use]
    pub fn verifier(&self) -> TargetVerifier<'_> {
        TargetVerifier { info: self, hasher: self.hashes.hasher() }
    }
}

#[cfg(feature = "pypi")]
impl TargetInfo {
    /// What this target, read as a page or pointer, says of another file: who signed the one signed the other, for as
    /// long. The file lies under its path, at this place. Without a `size` it may have up to `limit` bytes.
    ///
    /// # Errors
    /// [`Fault::TooLarge`] for more than `limit` bytes, as for any other target.
    pub(crate) fn binds(
        &self,
        path: TargetPath,
        hashes: Hashes,
        size: Option<u64>,
        limit: u64,
        place: Place,
    ) -> Result<Self, RepositoryError> {
        let length = size.unwrap_or(limit);
        if length > limit {
            return Err(RepositoryError::target(&path, Fault::TooLarge { limit }));
        }
        Ok(Self {
            path,
            length,
            exact: size.is_some(),
            hashes,
            custom: None,
            role: self.role.clone(),
            valid_until: self.valid_until,
            place,
        })
    }

    /// The same target, which lies at other places below the targets address than its path says.
    pub(crate) fn stored_at(self, paths: Vec<TargetPath>) -> Self {
        Self { place: Place::Stored(paths), ..self }
    }

    /// Judges content by what was computed of it before: its length in bytes and its digests. `None` where that of a
    /// listed algorithm is not among them, so that nothing can be said.
    ///
    /// # Errors
    /// Within `Some`, as [`TargetVerifier::finish`].
    #[must_use]
    pub fn judge(&self, length: u64, digests: &[Digest]) -> Option<Result<(), RepositoryError>> {
        let of = |listed: &Digest| digests.iter().find(|digest| digest.algorithm() == listed.algorithm()).copied();
        let found = self.hashes.iter().map(of).collect::<Option<Vec<_>>>()?;
        let fault = if length != self.length && (self.exact || length > self.length) {
            Fault::Length { expected: self.length, found: length }
        } else {
            match self.hashes.mismatch(&found) {
                Some((expected, found)) => Fault::Hash { expected: Box::new(expected), found: Box::new(found) },
                None => return Some(Ok(())),
            }
        };
        Some(Err(RepositoryError::target(&self.path, fault)))
    }
}

/// Checks bytes as they come. Nothing that was passed through may be used before [`TargetVerifier::finish`] approved it.
#[derive(Debug)]
pub struct TargetVerifier<'a> {
    info: &'a TargetInfo,
    hasher: Hasher,
}

/// The proof that all bytes of a target were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved(TargetInfo);

impl Approved {
    /// What is signed for it.
    #[must_use]
    pub fn info(&self) -> &TargetInfo {
        &self.0
    }
}

impl TargetVerifier<'_> {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`Fault::Length`] as soon as there are more than are signed.
    pub fn update(&mut self, bytes: &[u8]) -> Result<(), RepositoryError> {
        let expected = self.info.length;
        if self.hasher.length().saturating_add(bytes.len() as u64) > expected {
            // One more than signed, as in a file that is read up to its limit: how the bytes came in pieces must not show.
            return Err(self.fault(Fault::Length { expected, found: expected.saturating_add(1) }));
        }
        self.hasher.update(bytes);
        Ok(())
    }

    /// Approves what was taken: the exact length, and every listed hash that this client knows.
    ///
    /// # Errors
    /// [`Fault::Length`] or [`Fault::Hash`] with what was signed and what was found.
    pub fn finish(self) -> Result<Approved, RepositoryError> {
        let found = self.hasher.length();
        if self.info.exact && found != self.info.length {
            return Err(self.fault(Fault::Length { expected: self.info.length, found }));
        }
        match self.info.hashes.mismatch(&self.hasher.finish()) {
            Some((expected, found)) => {
                let fault = Fault::Hash { expected: Box::new(expected), found: Box::new(found) };
                Err(RepositoryError::target(&self.info.path, fault))
            }
            None => Ok(Approved(self.info.clone())),
        }
    }

    /// Takes all of a reader and approves it.
    ///
    /// # Errors
    /// The reader's own; within `Ok` an error of [`TargetVerifier::update`] or [`TargetVerifier::finish`] when the bytes
    /// are not the target's.
    pub fn read_all(mut self, reader: &mut impl Read) -> std::io::Result<Result<Approved, RepositoryError>> {
        let mut buffer = vec![0; 256 << 10];
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => return Ok(self.finish()),
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if let Err(error) = self.update(buffer.get(..count).unwrap_or(&buffer)) {
                return Ok(Err(error));
            }
        }
    }

    fn fault(&self, fault: Fault) -> RepositoryError {
        RepositoryError::target(&self.info.path, fault)
    }
}
