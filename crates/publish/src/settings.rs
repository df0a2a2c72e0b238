//! `publish.toml`: what a publisher decided once and metadata does not say.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tufgate::HashAlgorithm;
use tufgate::pypi::{Profile, ProfileError};

use crate::Result;
use crate::bins::{BinLayout, Bins};
use crate::error::Error;

/// The name of the file, in the repository's folder.
pub const FILE_NAME: &str = "publish.toml";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The decisions of one repository. None of them is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// How targets are named: a profile of `tufgate.toml`.
    pub profile: String,
    /// Templates of index pages, where the profile leaves them open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub page: Vec<String>,
    /// Templates of distributions, where the profile leaves them open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub target: Vec<String>,
    /// The hashes that are signed of each target, by name.
    pub hashes: Vec<String>,
    /// How many bins there are.
    pub bins: u32,
    /// How the delegation to them is written.
    pub layout: BinLayout,
    /// Whether snapshot has the length and SHA-256 of each role. Bins share a key: without, one can be served as another.
    pub pin_delegated: bool,
    /// For how long each role is signed, in whole days.
    pub days: Days,
}

/// Lifetimes in days. PEP 458: a year for what offline keys sign, a day for what the online key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Days {
    /// Of root.
    pub root: u32,
    /// Of targets and bins.
    pub targets: u32,
    /// Of each bin.
    pub bin_n: u32,
    /// Of snapshot.
    pub snapshot: u32,
    /// Of timestamp.
    pub timestamp: u32,
}

impl Default for Days {
    fn default() -> Self {
        Self { root: 365, targets: 365, bin_n: 1, snapshot: 1, timestamp: 1 }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            profile: "pep458".to_owned(),
            page: Vec::new(),
            target: Vec::new(),
            hashes: vec!["sha256".to_owned()],
            bins: 256,
            layout: BinLayout::Prefixes,
            pin_delegated: true,
            days: Days::default(),
        }
    }
}

impl Settings {
    /// Reads those of a repository.
    ///
    /// # Errors
    /// When the folder has none, or they are wrong.
    pub fn read(repository: &Path) -> Result<Self> {
        let path = repository.join(FILE_NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let message =
                    format!("{} is no repository of a publisher: it has no {FILE_NAME}", repository.display());
                return Err(Error::usage(message, "make one with `tufgate-publish init REPO`"));
            }
            Err(error) => return Err(Error::disk(&path, "cannot read")(error)),
        };
        let settings: Self = toml::from_str(&text).map_err(|error| Error::input(&path, error.to_string()))?;
        settings.checked().map_err(|error| Error::input(path, error.to_string()))
    }

    /// The settings as they stand in the file.
    ///
    /// # Errors
    /// When they cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|error| Error::Document(error.to_string()))
    }

    /// Refuses what cannot be.
    ///
    /// # Errors
    /// For an unknown hash, profile or number of bins, and for a lifetime of no days.
    pub fn checked(self) -> Result<Self> {
        self.algorithms()?;
        self.bin_roles()?;
        self.index_profile()?;
        let Days { root, targets, bin_n, snapshot, timestamp } = self.days;
        if [root, targets, bin_n, snapshot, timestamp].contains(&0) {
            return Err(Error::usage("a role has to live for a day at least", "give a whole number of days"));
        }
        Ok(self)
    }

    /// The hashes of targets.
    ///
    /// # Errors
    /// When there is none, or one that no client knows.
    pub fn algorithms(&self) -> Result<Vec<HashAlgorithm>> {
        let known = "known are sha256, sha512, blake2b-256 and blake2b";
        let one = |name: &String| {
            HashAlgorithm::from_name(name)
                .ok_or_else(|| Error::usage(format!("`{name}` is no hash that clients know"), known))
        };
        let all = self.hashes.iter().map(one).collect::<Result<Vec<_>>>()?;
        if all.is_empty() {
            return Err(Error::usage("a target needs a hash", known));
        }
        Ok(all)
    }

    /// The bins.
    ///
    /// # Errors
    /// When there cannot be so many.
    pub fn bin_roles(&self) -> Result<Bins> {
        Bins::new(self.bins, self.layout)
    }

    /// How targets are named.
    ///
    /// # Errors
    /// For an unknown profile, or templates that do not fit it.
    pub fn index_profile(&self) -> Result<Profile> {
        let profile = || -> std::result::Result<_, ProfileError> {
            let pages = self.page.iter().map(|one| one.parse()).collect::<std::result::Result<_, _>>()?;
            let targets = self.target.iter().map(|one| one.parse()).collect::<std::result::Result<_, _>>()?;
            Profile::configured(Some(&self.profile), pages, targets)
        };
        profile()
            .map_err(|error| Error::usage(error.to_string(), "known are pep458, warehouse, rstuf, datadog and custom"))
    }

    /// When a role that is signed now expires.
    #[must_use]
    pub fn expires(&self, role: Kind, now: SystemTime) -> SystemTime {
        let days = match role {
            Kind::Root => self.days.root,
            Kind::Targets => self.days.targets,
            Kind::Bin => self.days.bin_n,
            Kind::Snapshot => self.days.snapshot,
            Kind::Timestamp => self.days.timestamp,
        };
        now.checked_add(DAY.saturating_mul(days)).unwrap_or(now)
    }
}

/// Roles by how long they live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Root.
    Root,
    /// Targets and bins.
    Targets,
    /// One bin.
    Bin,
    /// Snapshot.
    Snapshot,
    /// Timestamp.
    Timestamp,
}
