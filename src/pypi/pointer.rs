//! Pointer files: a small signed target that names the digest of a distribution.

use serde::Deserialize;

use crate::digest::{Digest, HashAlgorithm};
use crate::error::{CallerError, Quoted};
use crate::metadata::raw::{Object, Str, from_text};
use crate::role::TargetPath;

/// What a pointer file says: where a distribution lies, with the digest and length that bind it.
///
/// Such files are the targets of DataDog's integrations, one for each release of a project: a JSON object with `digest`
/// (SHA-256 in lower-case hex, `sha256:` may stand before it), `length` and `wheel_path`; other members are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    digest: Digest,
    length: u64,
    wheel_path: TargetPath,
}

/// Why a pointer file cannot be used. It was approved: the index is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PointerError {
    /// Not the JSON object it should be.
    #[error("the pointer file cannot be used: {reason}")]
    Malformed {
        /// What is wrong.
        reason: String,
    },
    /// Its digest is none.
    #[error("the pointer file gives {} as digest, which is not SHA-256 in lower-case hex", Quoted(.digest))]
    Digest {
        /// As spelled.
        digest: String,
    },
    /// Its `wheel_path` is no path of a file.
    #[error("the pointer file gives a `wheel_path` that cannot be used")]
    Path {
        /// What was given, and why not.
        #[source]
        source: CallerError,
    },
}

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    digest: Str<'a>,
    length: u64,
    #[serde(borrow)]
    wheel_path: Str<'a>,
}

impl Pointer {
    /// How many bytes a pointer file may have. They have about 500.
    pub const MAX_BYTES: u64 = 64 << 10;

    /// Reads a pointer file. Pass only bytes that were approved as its target.
    ///
    /// # Errors
    /// [`PointerError`] with the member that is missing or wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, PointerError> {
        let malformed = |reason: String| PointerError::Malformed { reason };
        if bytes.len() as u64 > Self::MAX_BYTES {
            return Err(malformed("it is longer than 64 KiB".to_owned()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8".to_owned()))?;
        let Object(members) = from_text::<Object<Members<'_>>>(text, 0)
            .map_err(|error| malformed(format!("{} (byte {})", error.reason, error.offset)))?;
        let spelled = members.digest.as_ref();
        let hex = spelled.strip_prefix("sha256:").unwrap_or(spelled);
        let digest = Digest::from_hex(HashAlgorithm::Sha256, hex).filter(|digest| digest.to_hex() == hex);
        // The path is absolute in the file: it begins at the address of the repository.
        let path = members.wheel_path.as_ref();
        let path = path.strip_prefix('/').unwrap_or(path);
        Ok(Self {
            digest: digest.ok_or_else(|| PointerError::Digest { digest: spelled.to_owned() })?,
            length: members.length,
            wheel_path: TargetPath::new(path).map_err(|source| PointerError::Path { source })?,
        })
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

    /// Where it lies below the address of the repository, which is the directory above metadata and targets.
    #[must_use]
    pub fn wheel_path(&self) -> &TargetPath {
        &self.wheel_path
    }

    /// Its file name: the last segment of the path. A pointer binds no file of another name.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.wheel_path.file_name()
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn file(digest: &str, length: &str, path: &str) -> String {
        format!(r#"{{"digest": {digest}, "length": {length}, "version": "1.0", "wheel_path": {path}, "later": [1]}}"#)
    }

    #[test]
    fn a_pointer_file_gives_digest_length_and_path() {
        let path = r#""/wheels/datadog-postgres/datadog_postgres-1.0-py3-none-any.whl""#;
        for digest in [format!("\"{HEX}\""), format!("\"sha256:{HEX}\"")] {
            let pointer = Pointer::parse(file(&digest, "7", path).as_bytes()).unwrap();
            assert_eq!(pointer.digest(), &Digest::from_hex(HashAlgorithm::Sha256, HEX).unwrap());
            assert_eq!(pointer.length(), 7);
            assert_eq!(pointer.wheel_path().as_str(), "wheels/datadog-postgres/datadog_postgres-1.0-py3-none-any.whl");
            assert_eq!(pointer.file_name(), "datadog_postgres-1.0-py3-none-any.whl");
        }
    }

    #[test]
    fn a_pointer_file_that_is_none_says_why() {
        let hex = format!("\"{HEX}\"");
        let path = "\"/wheels/a.whl\"";
        for (file, expected) in [
            ("[]".to_owned(), "invalid type: sequence, expected an object (byte 0)"),
            (file(&hex, "-1", path), "invalid value: integer `-1`, expected u64 (byte 91)"),
            (file(&hex, "true", path), "invalid type: boolean `true`, expected u64 (byte 93)"),
            (r#"{"length": 1, "wheel_path": "/a"}"#.to_owned(), "missing field `digest` (byte 33)"),
            (r#"{"digest": "", "wheel_path": "/a"}"#.to_owned(), "missing field `length` (byte 34)"),
            (r#"{"digest": "", "length": 1}"#.to_owned(), "missing field `wheel_path` (byte 27)"),
            (r#"{"length": 1, "length": 2}"#.to_owned(), "duplicate field `length` (byte 22)"),
            (" ".repeat(65_537), "it is longer than 64 KiB"),
        ] {
            let error = Pointer::parse(file.as_bytes()).unwrap_err().to_string();
            assert_eq!(error, format!("the pointer file cannot be used: {expected}"));
        }
        let upper = HEX.to_uppercase();
        for digest in ["", "sha256:", "sha512:aa", &upper, &HEX[1..], "sha256:sha256:00"] {
            let error = Pointer::parse(file(&format!("\"{digest}\""), "1", path).as_bytes()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("the pointer file gives `{digest}` as digest, which is not SHA-256 in lower-case hex")
            );
        }
    }

    #[test]
    fn the_path_of_a_pointer_leaves_no_directory_and_no_host() {
        for (path, reason) in [
            ("//evil.example/a.whl", "`/evil.example/a.whl` is not a target path: it is absolute"),
            ("/wheels/../a.whl", "`wheels/../a.whl` is not a target path: it has a `.` or `..` segment"),
            ("/wheels//a.whl", "`wheels//a.whl` is not a target path: it has an empty segment"),
            ("/", "`` is not a target path: it is empty"),
        ] {
            let error =
                Pointer::parse(file(&format!("\"{HEX}\""), "1", &format!("\"{path}\"")).as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), "the pointer file gives a `wheel_path` that cannot be used");
            assert_eq!(error.source().unwrap().to_string(), reason);
        }
    }
}
