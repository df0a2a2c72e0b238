//! The timestamp role (TUF-1.0.34 §4.6).

use std::time::SystemTime;

use serde::Deserialize;

use super::raw::{Object, Pairs, Str, Version, from_text};
use super::snapshot::{MetaFile, RawMetaFile};
use super::{Header, Signed};
use crate::error::Malformed;
use crate::limits::Limits;

/// Which snapshot is current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timestamp {
    header: Header,
    snapshot: MetaFile,
}

#[derive(Deserialize)]
struct RawTimestamp<'a> {
    #[serde(rename = "_type", borrow)]
    kind: Str<'a>,
    #[serde(borrow)]
    spec_version: Str<'a>,
    version: Version,
    #[serde(borrow)]
    expires: Str<'a>,
    #[serde(borrow)]
    meta: Pairs<Str<'a>, Object<RawMetaFile<'a>>>,
}

impl Signed for Timestamp {
    fn parse(text: &str, _limits: &Limits) -> Result<Self, Malformed> {
        let raw: RawTimestamp<'_> = from_text(text, 0)?;
        let header = Header::new(
            "timestamp",
            raw.kind.as_ref(),
            raw.spec_version.as_ref(),
            raw.version.0,
            raw.expires.as_ref(),
        )?;
        header.expires()?;
        match raw.meta.0.as_slice() {
            [(name, Object(file))] if name.as_ref() == "snapshot.json" => {
                Ok(Self { header, snapshot: file.to_meta_file("snapshot.json")? })
            }
            _ => Err(Malformed::new(0, "`meta` does not list exactly `snapshot.json`")),
        }
    }

    fn header(&self) -> &Header {
        &self.header
    }
}

impl Timestamp {
    /// Its version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.header.version
    }

    /// When it expires.
    #[must_use]
    pub fn expires(&self) -> SystemTime {
        self.header.expires_or_epoch()
    }

    /// The snapshot it names.
    #[must_use]
    pub fn snapshot(&self) -> &MetaFile {
        &self.snapshot
    }
}
