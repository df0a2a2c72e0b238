//! The highest versions ever trusted: what a repository may not fall below, even when the metadata itself is expired,
//! superseded, torn or gone.
//!
//! Floors are a record of their own with a checksum. They are only ever raised, or reset by a root that rotates the
//! keys of timestamp or snapshot (TUF-1.0.34 §5.3.11).

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::digest::{self, Digest, HashAlgorithm};
use crate::error::{Fault, RepositoryError};
use crate::metadata::Snapshot;
use crate::role::RoleName;

const FORMAT: u32 = 1;

/// The floor of one role: a version, and the content it had where that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Floor {
    /// 0: nothing was ever trusted.
    pub(crate) version: u64,
    pub(crate) digest: Option<Digest>,
}

impl Floor {
    pub(crate) fn new(version: u64, digest: Option<Digest>) -> Self {
        Self { version, digest }
    }

    /// Refuses a lower version, and the same version with other content where both contents are known.
    pub(crate) fn check(&self, role: &RoleName, found: u64, digest: Option<&Digest>) -> Result<(), RepositoryError> {
        if found < self.version {
            let fault = Fault::Rollback { trusted: self.version, found };
            return Err(RepositoryError::role(role, fault));
        }
        match (&self.digest, digest) {
            (Some(trusted), Some(digest)) if found == self.version && trusted != digest => {
                Err(RepositoryError::role(role, Fault::SameVersionOtherContent { version: found }))
            }
            _ => Ok(()),
        }
    }

    /// Takes the other floor where it is higher or says more. Whether it did.
    pub(crate) fn raise(&mut self, other: &Self) -> bool {
        let says_more = self.digest.is_none() && other.digest.is_some();
        let raise = other.version > self.version || (other.version == self.version && says_more);
        if raise {
            self.clone_from(other);
        }
        raise
    }
}

/// All floors of one repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Floors {
    /// Highest root version ever trusted.
    pub(crate) root: Floor,
    /// The root version at which the keys of timestamp and snapshot were last compared with those before.
    pub(crate) compared_root: u64,
    /// Identifies the holders of those keys, as of `compared_root`.
    pub(crate) online_keys: String,
    /// The root version that last reset the floors below; 0: none.
    pub(crate) reset_by: u64,
    /// Start of the last update that changed something, seconds since 1970.
    pub(crate) time: u64,
    pub(crate) timestamp: Floor,
    pub(crate) snapshot: Floor,
    roles: Roles,
}

/// Versions of the roles that snapshot lists. The lines of a record are typed only when they are needed: at PyPI's size
/// they are 16,384, and a run in which nothing changed does not look at them.
///
/// Shared, since floors are cloned into every commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Roles {
    typed: Arc<BTreeMap<Box<str>, u64>>,
    /// Lines that are not typed yet; empty as soon as they are.
    lines: Arc<String>,
}

/// Why a record cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadRecord {
    Damaged,
    Newer(u32),
}

impl Floors {
    /// Refuses a snapshot that lists one of the roles with a lower version, or not at all (§5.5.5).
    pub(crate) fn check_roles(&self, new: &Snapshot) -> Result<(), RepositoryError> {
        self.each_role(|name, trusted| {
            let role = || RoleName::new(name).unwrap_or(RoleName::SNAPSHOT);
            match new.version_of(name) {
                Some(found) if found >= trusted => Ok(()),
                Some(found) => Err(RepositoryError::role(&role(), Fault::Rollback { trusted, found })),
                None => Err(RepositoryError::role(&role(), Fault::RoleRemoved { trusted })),
            }
        })
    }

    /// Raises the floors of all roles that a trusted snapshot lists.
    pub(crate) fn raise_roles(&mut self, snapshot: &Snapshot) {
        let roles = self.typed_roles();
        if roles.is_empty() {
            // A first run: the list is sorted already, and is taken as a whole.
            *roles = snapshot.versions().map(|(name, version)| (name.into(), version)).collect();
            return;
        }
        for (name, version) in snapshot.versions() {
            match roles.get_mut(name) {
                Some(floor) => *floor = version.max(*floor),
                None => {
                    roles.insert(name.into(), version);
                }
            }
        }
    }

    /// Takes the higher of each, from what another process may have written meanwhile. Where one of both was reset by
    /// a later root, its lower floors are the right ones.
    pub(crate) fn merge(&mut self, other: &Self) {
        let mut root = self.root.clone();
        root.raise(&other.root);
        let time = self.time.max(other.time);
        if other.reset_by > self.reset_by {
            self.clone_from(other);
        } else if other.reset_by == self.reset_by {
            self.timestamp.raise(&other.timestamp);
            self.snapshot.raise(&other.snapshot);
            if other.roles != Roles::default() && self.roles != other.roles {
                let mut theirs = other.clone();
                let roles = self.typed_roles();
                for (name, version) in std::mem::take(theirs.typed_roles()) {
                    let floor = roles.entry(name).or_insert(version);
                    *floor = version.max(*floor);
                }
            }
            if other.compared_root > self.compared_root {
                self.compared_root = other.compared_root;
                self.online_keys.clone_from(&other.online_keys);
            }
        }
        self.root = root;
        self.time = time;
    }

    /// Forgets the floors of timestamp, snapshot and all it lists: a root rotated the keys of one of both (§5.3.11).
    pub(crate) fn reset(&mut self, root: u64) {
        self.reset_by = root;
        self.timestamp = Floor::default();
        self.snapshot = Floor::default();
        self.roles = Roles::default();
    }

    /// The start time of the last update that changed something.
    pub(crate) fn last_update(&self) -> SystemTime {
        UNIX_EPOCH.checked_add(Duration::from_secs(self.time)).unwrap_or(UNIX_EPOCH)
    }

    fn typed_roles(&mut self) -> &mut BTreeMap<Box<str>, u64> {
        let lines = std::mem::take(&mut self.roles.lines);
        let typed = Arc::make_mut(&mut self.roles.typed);
        typed.extend(role_lines(&lines).map(|(name, version)| (name.into(), version)));
        typed
    }

    fn each_role<E>(&self, mut visit: impl FnMut(&str, u64) -> Result<(), E>) -> Result<(), E> {
        self.roles.typed.iter().try_for_each(|(name, version)| visit(name, *version))?;
        role_lines(&self.roles.lines).try_for_each(|(name, version)| visit(&name, version))
    }

    /// The record as it is stored: lines of text, the last one a checksum over those before.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut text = Vec::new();
        let digest = |d: &Option<Digest>| d.map_or_else(|| "-".to_owned(), |d| d.to_hex());
        // Writing to memory cannot fail.
        let _ = writeln!(text, "tufgate floors {FORMAT}");
        let _ = writeln!(text, "root {} {}", self.root.version, digest(&self.root.digest));
        let _ = writeln!(text, "compared {} {}", self.compared_root, self.online_keys);
        let _ = writeln!(text, "reset {}", self.reset_by);
        let _ = writeln!(text, "time {}", self.time);
        let _ = writeln!(text, "timestamp {} {}", self.timestamp.version, digest(&self.timestamp.digest));
        let _ = writeln!(text, "snapshot {} {}", self.snapshot.version, digest(&self.snapshot.digest));
        for (name, version) in self.roles.typed.iter() {
            let _ = write!(text, "role {version} ");
            let _ = serde_json::to_writer(&mut text, &**name);
            text.push(b'\n');
        }
        text.extend_from_slice(self.roles.lines.as_bytes());
        let checksum = digest::sha256(&text).to_hex();
        let _ = writeln!(text, "checksum {checksum}");
        text
    }

    /// Reads a stored record. The lines of roles stay in the memory they were read into.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Result<Self, BadRecord> {
        let text = String::from_utf8(bytes).map_err(|_| BadRecord::Damaged)?;
        let format = text.lines().next().and_then(|line| line.strip_prefix("tufgate floors ")?.parse().ok());
        match format {
            Some(FORMAT) => parse(text).ok_or(BadRecord::Damaged),
            Some(newer) if newer > FORMAT => Err(BadRecord::Newer(newer)),
            _ => Err(BadRecord::Damaged),
        }
    }
}

fn parse(mut text: String) -> Option<Floors> {
    let body_end = text.strip_suffix('\n')?.rfind('\n')? + 1;
    let (body, last) = text.split_at_checked(body_end)?;
    let checksum = Digest::from_hex(HashAlgorithm::Sha256, last.trim_end().strip_prefix("checksum ")?)?;
    if checksum != digest::sha256(body.as_bytes()) {
        return None;
    }
    let mut rest = body.split_once('\n')?.1;
    let mut field = |name: &str| {
        let (line, tail) = rest.split_once('\n')?;
        rest = tail;
        line.strip_prefix(name)?.strip_prefix(' ')
    };
    let floor = |text: &str| {
        let (version, digest) = text.split_once(' ')?;
        let digest = match digest {
            "-" => None,
            hex => Some(Digest::from_hex(HashAlgorithm::Sha256, hex)?),
        };
        Some(Floor { version: version.parse().ok()?, digest })
    };
    let root = floor(field("root")?)?;
    let (compared_root, online_keys) = field("compared")?.split_once(' ')?;
    let (compared_root, online_keys) = (compared_root.parse().ok()?, online_keys.to_owned());
    let reset_by = field("reset")?.parse().ok()?;
    let time = field("time")?.parse().ok()?;
    let (timestamp, snapshot) = (floor(field("timestamp")?)?, floor(field("snapshot")?)?);
    let head = body_end.checked_sub(rest.len())?;
    text.truncate(body_end);
    text.drain(..head);
    let roles = Roles { typed: Arc::default(), lines: Arc::new(text) };
    Some(Floors { root, compared_root, online_keys, reset_by, time, timestamp, snapshot, roles })
}

fn role_lines(text: &str) -> impl Iterator<Item = (String, u64)> {
    text.lines().filter_map(|line| {
        let (version, name) = line.strip_prefix("role ")?.split_once(' ')?;
        Some((serde_json::from_str(name).ok()?, version.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floors() -> Floors {
        let mut floors = Floors {
            root: Floor::new(3, Some(digest::sha256(b"r"))),
            compared_root: 3,
            online_keys: "ab".into(),
            ..Floors::default()
        };
        floors.timestamp = Floor::new(9, Some(digest::sha256(b"t")));
        floors.snapshot = Floor::new(7, None);
        floors.typed_roles().insert("a \"b\"\n../x".into(), 5);
        floors.typed_roles().insert("targets".into(), u64::MAX);
        floors
    }

    #[test]
    fn a_record_reads_back_as_written() {
        let written = floors().to_bytes();
        let mut read = Floors::from_bytes(written.clone()).unwrap();
        assert_eq!(read.to_bytes(), written);
        read.typed_roles();
        assert_eq!(read, floors());
    }

    #[test]
    fn a236_a_damaged_record_is_not_an_absent_one() {
        let written = floors().to_bytes();
        for cut in 0..written.len() {
            assert_eq!(Floors::from_bytes(written[..cut].to_vec()), Err(BadRecord::Damaged), "cut at {cut}");
        }
        for at in 0..written.len() {
            let mut changed = written.clone();
            changed[at] ^= 1;
            assert!(Floors::from_bytes(changed).is_err(), "changed at {at}");
        }
    }

    #[test]
    fn a243_a_record_of_a_newer_format_is_left_alone() {
        assert_eq!(Floors::from_bytes(b"tufgate floors 2\nwhatever\n".to_vec()), Err(BadRecord::Newer(2)));
    }

    #[test]
    fn a239_merging_takes_the_higher_of_each() {
        let mut low = Floors { root: Floor::new(4, None), ..floors() };
        low.timestamp.version = 8;
        low.typed_roles().insert("targets".into(), 2);
        low.typed_roles().insert("new".into(), 1);
        let mut merged = low.clone();
        merged.merge(&floors());
        let mut expected = floors();
        expected.root = Floor::new(4, None);
        expected.typed_roles().insert("new".into(), 1);
        assert_eq!(merged, expected);
        let mut other_way = floors();
        other_way.merge(&low);
        assert_eq!(other_way, expected);
    }

    #[test]
    fn merging_keeps_a_reset_by_the_later_root() {
        let mut reset = Floors { root: Floor::new(5, None), compared_root: 5, ..floors() };
        reset.reset(5);
        let mut merged = floors();
        merged.merge(&reset);
        assert_eq!(merged, reset);
        let mut other_way = reset.clone();
        other_way.merge(&floors());
        assert_eq!(other_way, reset);
    }
}
