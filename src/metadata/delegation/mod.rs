//! Delegations of a targets role (TUF-1.0.34 §4.5; TAP 15 for succinct roles): at PyPI's size a list of 16,384 roles,
//! kept in one allocation of text.

mod listed;
mod read;

use std::fmt;

use self::listed::{Claim, Listed, Succinct};
use super::key::{Key, KeySet, KeyTable};
use crate::digest;
use crate::error::Fault;
use crate::role::{RoleName, TargetPath};
use crate::verify::Authority;

/// To whom a targets role delegates, in the order of priority.
#[derive(Clone, Default)]
pub struct Delegations {
    keys: KeyTable,
    roles: Roles,
}

#[derive(Clone)]
enum Roles {
    Listed(Listed),
    Succinct(Succinct),
}

impl Default for Roles {
    fn default() -> Self {
        Self::Listed(Listed::default())
    }
}

/// One delegation that claims a target path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    role: RoleName,
    terminating: bool,
    key_set: KeySet,
    /// Whether the role is one of hash bins, so that each path it lists must hash into it.
    hash_bin: bool,
    index: usize,
}

impl Delegation {
    /// The role that is delegated to.
    #[must_use]
    pub fn role(&self) -> &RoleName {
        &self.role
    }

    /// Whether no later delegation is asked about a path that this one claims.
    ///
    /// Succinct roles are terminating, see `spec-notes/decisions/0003-path-patterns.md`.
    #[must_use]
    pub fn is_terminating(&self) -> bool {
        self.terminating
    }

    /// Who must sign it.
    #[must_use]
    pub fn key_set(&self) -> &KeySet {
        &self.key_set
    }
}

impl Delegations {
    /// How many roles are delegated to.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.roles {
            Roles::Listed(listed) => listed.roles.len(),
            Roles::Succinct(succinct) => usize::try_from(1u64 << succinct.bit_length).unwrap_or(usize::MAX),
        }
    }

    /// Whether nothing is delegated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All delegations in order of priority, whatever they claim.
    pub fn iter(&self) -> impl Iterator<Item = Delegation> {
        (0..self.len()).filter_map(|index| self.at(index))
    }

    /// A key by its keyid.
    #[must_use]
    pub fn key(&self, keyid: &str) -> Option<&Key> {
        self.keys.get(keyid)
    }

    /// The delegations that claim a path, in order of priority; those after a terminating one are left out.
    ///
    /// Where a pattern is malformed, nobody knows whom the path belongs to from there on: [`Fault::Pattern`] stands in
    /// the place of that delegation and is the last entry.
    pub(crate) fn claiming(&self, path: &TargetPath) -> Vec<Result<Delegation, Fault>> {
        let digest = digest::sha256(path.as_str().as_bytes());
        match &self.roles {
            Roles::Succinct(succinct) => succinct.bin_of(digest.as_bytes()).map(Ok).into_iter().collect(),
            Roles::Listed(listed) => {
                let hex = digest.to_hex();
                let mut found = Vec::new();
                for (index, role) in listed.roles.iter().enumerate() {
                    match listed.claims(role, path, &hex) {
                        Ok(false) => {}
                        Ok(true) => {
                            found.extend(self.at(index).map(Ok));
                            if role.terminating {
                                break;
                            }
                        }
                        Err(fault) => {
                            found.push(Err(fault));
                            break;
                        }
                    }
                }
                found
            }
        }
    }

    /// Who must sign a delegated role.
    pub(crate) fn authority<'a>(&'a self, delegator: &RoleName, delegation: &'a Delegation) -> Authority<'a> {
        Authority::new(delegator.clone(), &delegation.key_set, &self.keys)
    }

    /// The first of `paths` that does not hash into the bin that the delegation is for.
    pub(crate) fn outside_of_bin<'a>(
        &self,
        delegation: &Delegation,
        mut paths: impl Iterator<Item = &'a str>,
    ) -> Option<&'a str> {
        if !delegation.hash_bin {
            return None;
        }
        paths.find(|path| {
            let digest = digest::sha256(path.as_bytes());
            !match &self.roles {
                Roles::Succinct(succinct) => succinct.index_of(digest.as_bytes()) == delegation.index,
                Roles::Listed(listed) => listed
                    .roles
                    .get(delegation.index)
                    .is_some_and(|role| listed.claims_of(role).any(|prefix| digest.to_hex().starts_with(prefix))),
            }
        })
    }

    /// The patterns or prefixes of one delegation.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn claims(&self, index: usize) -> Vec<&str> {
        match &self.roles {
            Roles::Listed(listed) => {
                listed.roles.get(index).map(|role| listed.claims_of(role).collect()).unwrap_or_default()
            }
            Roles::Succinct(_) => Vec::new(),
        }
    }

    pub(crate) fn at(&self, index: usize) -> Option<Delegation> {
        match &self.roles {
            Roles::Succinct(succinct) => succinct.at(index),
            Roles::Listed(listed) => {
                let role = listed.roles.get(index)?;
                Some(Delegation {
                    role: RoleName::new(listed.str(role.name)).ok()?,
                    terminating: role.terminating,
                    key_set: listed.key_sets.get(role.key_set as usize)?.clone(),
                    hash_bin: role.kind == Claim::HashPrefixes,
                    index,
                })
            }
        }
    }
}

impl fmt::Debug for Delegations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delegations").field("roles", &self.len()).finish_non_exhaustive()
    }
}
