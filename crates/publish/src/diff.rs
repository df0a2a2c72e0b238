//! What changed between two consistent snapshots, by bin (PEP 458 "Auditing snapshots").

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Result;
use crate::document::{Document, meta_entry};
use crate::error::Error;
use crate::repository::{METADATA, Repository};

/// One target that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What became of it.
    pub change: Change,
    /// Its path.
    pub path: String,
    /// The role that lists it.
    pub role: String,
}

/// What became of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Only the new snapshot has it.
    Added,
    /// Its length, hashes or custom data are others.
    Changed,
    /// Only the old snapshot has it.
    Removed,
}

impl Change {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// One consistent snapshot of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The folder with `metadata/`.
    pub repository: PathBuf,
    /// The version of the snapshot; the current one without.
    pub snapshot: Option<u64>,
}

type Meta = BTreeMap<String, Value>;

/// The targets that differ, by role and then by path. Roles that both snapshots have in the same version and with the
/// same hashes are not read.
///
/// The current snapshot is one that clients accept. An older one is bound by nothing but its file: the roots of then are
/// there, the timestamp is not. So its own signatures are not verified; each role it names must have the hash that it
/// says.
///
/// # Errors
/// When a repository does not verify, or a file of an old snapshot is gone or is not the one that the snapshot names.
pub fn diff(old: &Side, new: &Side) -> Result<Vec<Difference>> {
    let (before, after) = (old.meta()?, new.meta()?);
    let roles: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut differences = Vec::new();
    for file in roles {
        let (one, other) = (before.get(file), after.get(file));
        if one == other && one.is_some_and(|meta| meta.get("hashes").is_some()) {
            continue;
        }
        let role = file.strip_suffix(".json").unwrap_or(file);
        let (one, other) = (old.targets(role, one)?, new.targets(role, other)?);
        for path in one.keys().chain(other.keys()).collect::<std::collections::BTreeSet<_>>() {
            let change = match (one.get(path), other.get(path)) {
                (None, _) => Change::Added,
                (_, None) => Change::Removed,
                (one, other) if one != other => Change::Changed,
                _ => continue,
            };
            differences.push(Difference { change, path: path.clone(), role: role.to_owned() });
        }
    }
    Ok(differences)
}

impl Side {
    /// `REPO`, or `REPO@VERSION`.
    #[must_use]
    pub fn parse(spelled: &Path) -> Self {
        let text = spelled.to_str().unwrap_or_default();
        let version = text.rsplit_once('@').and_then(|(folder, version)| Some((folder, version.parse().ok()?)));
        match version {
            Some((folder, version)) if !spelled.exists() => Self { repository: folder.into(), snapshot: Some(version) },
            _ => Self { repository: spelled.to_owned(), snapshot: None },
        }
    }

    fn meta(&self) -> Result<Meta> {
        // Also where an older snapshot is asked for: a repository that is forged today is no witness of yesterday.
        let repository = Repository::open_to_read(&self.repository)?;
        let version = self.snapshot.unwrap_or(repository.session()?.snapshot().version());
        let snapshot = self.read(&format!("{version}.snapshot.json"))?;
        let meta = Document::read(&snapshot)?.member("meta").and_then(Value::as_object).cloned();
        Ok(meta.unwrap_or_default().into_iter().collect())
    }

    /// What a role lists, if the snapshot has it.
    fn targets(&self, role: &str, meta: Option<&Value>) -> Result<Meta> {
        let Some(meta) = meta else { return Ok(Meta::new()) };
        let version = meta.get("version").and_then(Value::as_u64).unwrap_or(0);
        let name = format!("{version}.{role}.json");
        let bytes = self.read(&name)?;
        if meta.get("hashes").is_some() && meta_entry(version, &bytes, true) != *meta {
            return Err(Error::input(self.path(&name), "it is not the file that the snapshot names: its hash differs"));
        }
        let targets = Document::read(&bytes)?.member("targets").and_then(Value::as_object).cloned();
        Ok(targets.unwrap_or_default().into_iter().collect())
    }

    fn read(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.path(name);
        fs::read(&path).map_err(Error::disk(&path, "cannot read"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.repository.join(METADATA).join(name)
    }
}
