//! The snapshot role (TUF-1.0.34 §4.4): at PyPI's size a list of 16,384 roles, kept in one allocation of names.

use std::fmt;
use std::time::SystemTime;

use super::raw::{Version, read_hashes};
use super::reader::Reader;
use super::{Header, HeaderMembers, Signed};
use crate::digest::Hashes;
use crate::error::Malformed;
use crate::limits::Limits;
use crate::role::RoleName;

/// What a signed file says about another one: its version, and its length and hashes where they are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaFile {
    version: u64,
    length: Option<u64>,
    hashes: Option<Hashes>,
}

impl MetaFile {
    /// The version the file must have.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The exact length in bytes, where given.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The hashes of the file, where given.
    #[must_use]
    pub fn hashes(&self) -> Option<&Hashes> {
        self.hashes.as_ref()
    }
}

/// An entry of `meta` as it stands.
pub(super) struct RawMetaFile {
    version: u64,
    length: Option<u64>,
    /// As [`read_hashes`] gives them, where there are some.
    hashes: Option<Option<Hashes>>,
}

impl RawMetaFile {
    #[inline(always)]
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (mut version, mut length, mut hashes) = (None, None, None);
        reader.object("an object", |reader, member| {
            match member {
                "version" => version = Some(reader.number(Version::new)?.0),
                "length" => length = Some(reader.number(Some)?),
                "hashes" => hashes = Some(read_hashes(reader)?),
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        Ok(Self { version: version.ok_or_else(|| reader.missing("version"))?, length, hashes })
    }

    /// Hashes may be left out, but where there are some, one of them must be usable: they are there to be checked.
    pub(super) fn into_meta_file(self, name: &str) -> Result<MetaFile, Malformed> {
        let hashes = match self.hashes {
            None => None,
            Some(usable) => Some(usable.ok_or_else(|| {
                let name: String = name.chars().take(128).collect();
                Malformed::new(0, format!("the hashes of {name:?} are not of a known algorithm, or not well formed"))
            })?),
        };
        Ok(MetaFile { version: self.version, length: self.length, hashes })
    }
}

/// The versions of all targets roles that belong together.
#[derive(Clone)]
pub struct Snapshot {
    header: Header,
    /// All names, without `.json`, one after the other.
    names: String,
    /// Sorted by name.
    entries: Vec<SnapshotEntry>,
}

#[derive(Clone)]
struct SnapshotEntry {
    start: u32,
    end: u32,
    version: u64,
    /// Boxed, since PyPI's size leaves length and hashes out of most snapshots.
    rest: Option<Box<(Option<u64>, Option<Hashes>)>>,
}

impl Signed for Snapshot {
    fn parse(text: &str, _limits: &Limits) -> Result<Self, Malformed> {
        let mut reader = Reader::new(text);
        let (mut members, mut meta) = (HeaderMembers::default(), None);
        reader.object("an object", |reader, name| match name {
            "meta" => {
                meta = Some(Meta::read(reader)?);
                Ok(())
            }
            other => members.read(other, reader),
        })?;
        let Meta { names, entries } = meta.ok_or_else(|| reader.missing("meta"))?;
        let header = members.into_header("snapshot", &reader)?;
        let snapshot = Self { header, names, entries };
        if snapshot.find("targets").is_none() {
            return Err(Malformed::new(0, "`meta` does not list `targets.json`"));
        }
        Ok(snapshot)
    }

    fn header(&self) -> &Header {
        &self.header
    }
}

impl Snapshot {
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

    /// How many files it lists.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Never true of a snapshot that was parsed: it lists `targets.json`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What it says about a targets role.
    #[must_use]
    pub fn meta(&self, role: &RoleName) -> Option<MetaFile> {
        self.find(role.as_str()).map(Self::meta_file)
    }

    /// The version it lists for a role, by the role's name.
    pub(crate) fn version_of(&self, name: &str) -> Option<u64> {
        self.find(name).map(|entry| entry.version)
    }

    /// Names and versions of what it lists, sorted by name. `root.json`, which some repositories list, is left out: it
    /// is never used.
    pub(crate) fn versions(&self) -> impl Iterator<Item = (&str, u64)> {
        self.entries.iter().map(|e| (self.name(e), e.version)).filter(|(name, _)| *name != "root")
    }

    /// All that it lists, sorted by name.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, MetaFile)> {
        self.entries.iter().map(|entry| (self.name(entry), Self::meta_file(entry)))
    }

    fn meta_file(entry: &SnapshotEntry) -> MetaFile {
        let (length, hashes) = entry.rest.as_deref().cloned().unwrap_or_default();
        MetaFile { version: entry.version, length, hashes }
    }

    fn find(&self, name: &str) -> Option<&SnapshotEntry> {
        let at = self.entries.binary_search_by(|entry| self.name(entry).cmp(name)).ok()?;
        self.entries.get(at)
    }

    fn name(&self, entry: &SnapshotEntry) -> &str {
        name_in(&self.names, entry)
    }
}

fn name_in<'a>(names: &'a str, entry: &SnapshotEntry) -> &'a str {
    names.get(entry.start as usize..entry.end as usize).unwrap_or("")
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("header", &self.header).field("entries", &self.entries.len()).finish()
    }
}

/// `meta`, read entry by entry into its compact form.
#[derive(Default)]
struct Meta {
    names: String,
    entries: Vec<SnapshotEntry>,
}

impl Meta {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut meta = Self::default();
        reader.object("an object of metadata files", |reader, name| {
            let file = RawMetaFile::read(reader)?;
            if meta.entries.is_empty() {
                // Most names are as long as the first one, and nothing else is listed of most files than a version.
                let entries = reader.remaining() / (name.len() + r#""":{"version":1},"#.len());
                meta.entries.reserve(entries);
                meta.names.reserve(entries.saturating_mul(name.len()));
            }
            match name.strip_suffix(".json") {
                Some(role) => meta.push(role, file.into_meta_file(name)?),
                // Names of another form belong to no role; they are signed and otherwise ignored.
                None => Ok(()),
            }
        })?;
        let names = &meta.names;
        // Sorted as received in most repositories by file name; by role name the order can differ (`a-b.json` before
        // `a.json`), so it is made sure here.
        if !meta.entries.is_sorted_by(|a, b| name_in(names, a) < name_in(names, b)) {
            meta.entries.sort_unstable_by(|a, b| name_in(names, a).cmp(name_in(names, b)));
        }
        Ok(meta)
    }

    fn push(&mut self, role: &str, file: MetaFile) -> Result<(), Malformed> {
        let too_long = |_| Malformed::new(0, "the names of `meta` are too long");
        let start = u32::try_from(self.names.len()).map_err(too_long)?;
        self.names.push_str(role);
        let end = u32::try_from(self.names.len()).map_err(too_long)?;
        let rest = (file.length.is_some() || file.hashes.is_some()).then(|| Box::new((file.length, file.hashes)));
        self.entries.push(SnapshotEntry { start, end, version: file.version, rest });
        Ok(())
    }
}
