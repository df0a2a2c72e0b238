//! The root role (TUF-1.0.34 §4.3).

use std::time::SystemTime;

use serde::Deserialize;

use super::key::{Key, KeySet, KeyTable, RawKeys, fingerprint};
use super::raw::{Object, Str, Threshold, Version, from_text};
use super::{Header, Signed};
use crate::error::Malformed;
use crate::limits::Limits;
use crate::role::RoleName;
use crate::verify::Authority;

/// Who may sign for the top-level roles.
#[derive(Debug, Clone)]
pub struct Root {
    header: Header,
    consistent_snapshot: bool,
    keys: KeyTable,
    root: KeySet,
    timestamp: KeySet,
    snapshot: KeySet,
    targets: KeySet,
}

#[derive(Deserialize)]
struct RawRoot<'a> {
    #[serde(rename = "_type", borrow)]
    kind: Str<'a>,
    #[serde(borrow)]
    spec_version: Str<'a>,
    version: Version,
    #[serde(borrow)]
    expires: Str<'a>,
    #[serde(default)]
    consistent_snapshot: bool,
    #[serde(borrow)]
    keys: RawKeys<'a>,
    #[serde(borrow)]
    roles: Object<RawRoles<'a>>,
}

/// Other roles, such as `mirrors`, are signed and otherwise ignored, whatever they are.
#[derive(Deserialize)]
struct RawRoles<'a> {
    #[serde(borrow)]
    root: Object<RawRole<'a>>,
    #[serde(borrow)]
    timestamp: Object<RawRole<'a>>,
    #[serde(borrow)]
    snapshot: Object<RawRole<'a>>,
    #[serde(borrow)]
    targets: Object<RawRole<'a>>,
}

#[derive(Deserialize)]
struct RawRole<'a> {
    #[serde(borrow)]
    keyids: Vec<Str<'a>>,
    threshold: Threshold,
}

impl Signed for Root {
    fn parse(text: &str, limits: &Limits) -> Result<Self, Malformed> {
        let raw: RawRoot<'_> = from_text(text, 0)?;
        let header =
            Header::new("root", raw.kind.as_ref(), raw.spec_version.as_ref(), raw.version.0, raw.expires.as_ref())?;
        let Object(roles) = &raw.roles;
        let key_set = |Object(role): &Object<RawRole<'_>>| KeySet::new(&role.keyids, role.threshold.0);
        Ok(Self {
            header,
            consistent_snapshot: raw.consistent_snapshot,
            root: key_set(&roles.root),
            timestamp: key_set(&roles.timestamp),
            snapshot: key_set(&roles.snapshot),
            targets: key_set(&roles.targets),
            keys: KeyTable::new(&raw.keys, limits)?,
        })
    }

    fn header(&self) -> &Header {
        &self.header
    }
}

impl Root {
    /// Its version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.header.version
    }

    /// When it expires. `None` where `expires` is not of the specified form, which only a superseded root may have.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        self.header.expires().ok()
    }

    /// Whether file names carry versions and hashes (TUF-1.0.34 §6.2).
    #[must_use]
    pub fn consistent_snapshot(&self) -> bool {
        self.consistent_snapshot
    }

    /// The keys and threshold of one of the four top-level roles; `None` for any other name.
    #[must_use]
    pub fn role(&self, role: &RoleName) -> Option<&KeySet> {
        match role.as_str() {
            "root" => Some(&self.root),
            "timestamp" => Some(&self.timestamp),
            "snapshot" => Some(&self.snapshot),
            "targets" => Some(&self.targets),
            _ => None,
        }
    }

    /// A key by its keyid.
    #[must_use]
    pub fn key(&self, keyid: &str) -> Option<&Key> {
        self.keys.get(keyid)
    }

    pub(crate) fn root_authority(&self) -> Authority<'_> {
        Authority::new(RoleName::ROOT, &self.root, &self.keys)
    }

    pub(crate) fn timestamp_authority(&self) -> Authority<'_> {
        Authority::new(RoleName::ROOT, &self.timestamp, &self.keys)
    }

    pub(crate) fn snapshot_authority(&self) -> Authority<'_> {
        Authority::new(RoleName::ROOT, &self.snapshot, &self.keys)
    }

    pub(crate) fn targets_authority(&self) -> Authority<'_> {
        Authority::new(RoleName::ROOT, &self.targets, &self.keys)
    }

    /// Identifies who can sign timestamp and snapshot: when it changes, the versions of both may start again
    /// (TUF-1.0.34 §5.3.11). Thresholds and keyids do not enter.
    pub(crate) fn online_keys(&self) -> String {
        fingerprint(&[self.timestamp.materials(&self.keys), self.snapshot.materials(&self.keys)])
    }
}
