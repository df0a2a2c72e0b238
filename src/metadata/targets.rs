//! The targets role and the roles it delegates to (TUF-1.0.34 §4.5).

use std::time::SystemTime;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::delegation::{Delegations, RawDelegations};
use super::raw::{Object, Pairs, RawHashes, Str, Version, from_text, known_hashes, present};
use super::{Header, Signed};
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

#[derive(Deserialize)]
struct RawTargets<'a> {
    #[serde(rename = "_type", borrow)]
    kind: Str<'a>,
    #[serde(borrow)]
    spec_version: Str<'a>,
    version: Version,
    #[serde(borrow)]
    expires: Str<'a>,
    #[serde(borrow)]
    targets: Pairs<Str<'a>, Object<RawTarget<'a>>>,
    #[serde(borrow, default, deserialize_with = "present")]
    delegations: Option<Object<RawDelegations<'a>>>,
}

#[derive(Deserialize)]
struct RawTarget<'a> {
    length: u64,
    #[serde(borrow)]
    hashes: RawHashes<'a>,
    #[serde(borrow, default)]
    custom: Option<&'a RawValue>,
}

impl Signed for Targets {
    fn parse(text: &str, limits: &Limits) -> Result<Self, Malformed> {
        let raw: RawTargets<'_> = from_text(text, 0)?;
        let header =
            Header::new("targets", raw.kind.as_ref(), raw.spec_version.as_ref(), raw.version.0, raw.expires.as_ref())?;
        header.expires()?;
        let mut targets: Vec<TargetEntry> = raw
            .targets
            .0
            .iter()
            .map(|(path, Object(target))| TargetEntry {
                path: path.as_ref().into(),
                length: target.length,
                hashes: known_hashes(&target.hashes),
                custom: target.custom.map(|raw| raw.get().into()),
            })
            .collect();
        if !targets.is_sorted_by(|a, b| a.path < b.path) {
            targets.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        }
        let delegations = match raw.delegations {
            Some(Object(raw)) => raw.into_delegations(limits)?,
            None => Delegations::default(),
        };
        Ok(Self { header, targets, delegations })
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
