//! The timestamp role (TUF-1.0.34 §4.6).

use std::time::SystemTime;

use super::reader::Reader;
use super::snapshot::{MetaFile, RawMetaFile};
use super::{Header, HeaderMembers, Signed};
use crate::error::Malformed;
use crate::limits::Limits;

/// Which snapshot is current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timestamp {
    header: Header,
    snapshot: MetaFile,
}

impl Signed for Timestamp {
    fn parse(text: &str, _limits: &Limits) -> Result<Self, Malformed> {
        let mut reader = Reader::new(text);
        let (mut members, mut meta) = (HeaderMembers::default(), None);
        reader.object("an object", |reader, name| match name {
            "meta" => {
                meta = Some(read_meta(reader)?);
                Ok(())
            }
            other => members.read(other, reader),
        })?;
        let meta = meta.ok_or_else(|| reader.missing("meta"))?;
        let header = members.into_header("timestamp", &reader)?;
        match meta {
            Some(file) => Ok(Self { header, snapshot: file.into_meta_file("snapshot.json")? }),
            None => Err(Malformed::new(0, "`meta` does not list exactly `snapshot.json`")),
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

/// `meta`: its entry, if that is the snapshot and the only one.
fn read_meta(reader: &mut Reader<'_>) -> Result<Option<RawMetaFile>, Malformed> {
    let (mut entries, mut snapshot) = (0usize, None);
    reader.object("an object", |reader, name| {
        let file = RawMetaFile::read(reader)?;
        entries += 1;
        snapshot = (entries == 1 && name == "snapshot.json").then_some(file);
        Ok(())
    })?;
    Ok(snapshot)
}
