//! The targets role and the roles it delegates to (TUF-1.0.34 §4.5).

use std::time::SystemTime;

use serde_json::value::RawValue;

use super::delegation::Delegations;
use super::raw::read_hashes;
use super::reader::Reader;
use super::{Header, HeaderMembers, Signed};
use crate::digest::Hashes;
use crate::error::Malformed;
use crate::limits::Limits;
use crate::role::TargetPath;

/// The targets that a role lists itself, and to whom it delegates.
#[derive(Debug, Clone)]
pub struct Targets {
    header: Header,
    /// Sorted by path.
    targets: Vec<TargetEntry>,
    delegations: Delegations,
}

/// One listed target.
#[derive(Debug, Clone)]
pub struct TargetEntry {
    path: Box<str>,
    length: u64,
    /// `None` where nothing is listed that could decide.
    hashes: Option<Hashes>,
    custom: Option<Box<str>>,
}

impl TargetEntry {
    /// The path as listed. It may be one that no [`TargetPath`] can be; then it is never asked for.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Length in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The hashes of known strong algorithms. `None` when there is none, or one is not well formed: such a target
    /// cannot be approved.
    #[must_use]
    pub fn hashes(&self) -> Option<&Hashes> {
        self.hashes.as_ref()
    }

    /// `custom` as JSON text.
    #[must_use]
    pub fn custom(&self) -> Option<&str> {
        self.custom.as_deref()
    }
}

impl Signed for Targets {
    fn parse(text: &str, limits: &Limits) -> Result<Self, Malformed> {
        let mut reader = Reader::new(text);
        let (mut members, mut targets, mut delegations) = (HeaderMembers::default(), None, None);
        reader.object("an object", |reader, name| {
            match name {
                "targets" => targets = Some(read_targets(reader)?),
                "delegations" => delegations = Some(Delegations::read(reader, limits)?),
                other => members.read(other, reader)?,
            }
            Ok(())
        })?;
        let targets = targets.ok_or_else(|| reader.missing("targets"))?;
        let header = members.into_header("targets", &reader)?;
        Ok(Self { header, targets, delegations: delegations.unwrap_or_default() })
    }

    fn header(&self) -> &Header {
        &self.header
    }
}

impl Targets {
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

    /// What it lists itself, sorted by path.
    #[must_use]
    pub fn targets(&self) -> &[TargetEntry] {
        &self.targets
    }

    /// To whom it delegates.
    #[must_use]
    pub fn delegations(&self) -> &Delegations {
        &self.delegations
    }

    /// What it lists itself for a path.
    #[must_use]
    pub fn target(&self, path: &TargetPath) -> Option<&TargetEntry> {
        let at = self.targets.binary_search_by(|entry| entry.path().cmp(path.as_str())).ok()?;
        self.targets.get(at)
    }
}

/// `targets`, sorted by path.
fn read_targets(reader: &mut Reader<'_>) -> Result<Vec<TargetEntry>, Malformed> {
    let mut targets = Vec::new();
    reader.object("an object", |reader, path| {
        targets.push(read_target(reader, path)?);
        Ok(())
    })?;
    if !targets.is_sorted_by(|a, b| a.path < b.path) {
        targets.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    }
    Ok(targets)
}

fn read_target(reader: &mut Reader<'_>, path: &str) -> Result<TargetEntry, Malformed> {
    let (mut length, mut hashes, mut custom) = (None, None, None);
    reader.object("an object", |reader, member| {
        match member {
            "length" => length = Some(reader.number(Some)?),
            "hashes" => hashes = Some(read_hashes(reader)?),
            "custom" => custom = reader.typed::<Option<&RawValue>>()?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(TargetEntry {
        path: path.into(),
        length: length.ok_or_else(|| reader.missing("length"))?,
        hashes: hashes.ok_or_else(|| reader.missing("hashes"))?,
        custom: custom.map(|raw| raw.get().into()),
    })
}
