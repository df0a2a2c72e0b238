//! Delegations as a list of roles, and as TAP 15's succinct roles: how they are kept and asked.

use super::Delegation;
use crate::error::{Fault, Malformed};
use crate::metadata::KeySet;
use crate::pattern;
use crate::role::{RoleName, TargetPath};

/// Roles as a list, all their text in one string and equal sets of keys kept once.
#[derive(Clone, Default)]
pub(super) struct Listed {
    pub(super) text: String,
    pub(super) roles: Vec<ListedRole>,
    /// Patterns or prefixes of all roles, in order.
    pub(super) claims: Vec<Span>,
    pub(super) key_sets: Vec<KeySet>,
}

#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

#[derive(Clone, Copy)]
pub(super) struct ListedRole {
    pub(super) name: Span,
    pub(super) claims: Span,
    pub(super) key_set: u32,
    pub(super) kind: Claim,
    pub(super) terminating: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    Paths,
    HashPrefixes,
    /// Neither member is given: the role is trusted for nothing.
    Nothing,
}

/// `succinct_roles` of TAP 15: 2^`bit_length` bins named by a prefix and their number in hex.
#[derive(Clone)]
pub(super) struct Succinct {
    pub(super) bit_length: u8,
    pub(super) prefix: String,
    pub(super) key_set: KeySet,
}

impl Listed {
    pub(super) fn str(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    pub(super) fn claims_of(&self, role: &ListedRole) -> impl Iterator<Item = &str> {
        let claims = self.claims.get(role.claims.start as usize..role.claims.end as usize).unwrap_or(&[]);
        claims.iter().map(|span| self.str(*span))
    }

    pub(super) fn claims(&self, role: &ListedRole, path: &TargetPath, path_hash: &str) -> Result<bool, Fault> {
        match role.kind {
            Claim::Nothing => Ok(false),
            Claim::HashPrefixes => Ok(self.claims_of(role).any(|prefix| path_hash.starts_with(prefix))),
            Claim::Paths => {
                for claim in self.claims_of(role) {
                    match pattern::matches(claim, path.as_str()) {
                        Ok(true) => return Ok(true),
                        Ok(false) => {}
                        Err(_) => return Err(Fault::Pattern { pattern: claim.chars().take(128).collect() }),
                    }
                }
                Ok(false)
            }
        }
    }

    /// # Errors
    /// When a name stands twice: paths of the one and keys of the other would be mixed up.
    pub(super) fn check_unique(&self) -> Result<(), Malformed> {
        if self.roles.is_sorted_by(|a, b| self.str(a.name) < self.str(b.name)) {
            return Ok(());
        }
        let mut names: Vec<&str> = self.roles.iter().map(|role| self.str(role.name)).collect();
        names.sort_unstable();
        match names.windows(2).find_map(|w| if let [a, b] = w { (a == b).then_some(*a) } else { None }) {
            Some(twice) => {
                let name: String = twice.chars().take(128).collect();
                Err(Malformed::new(0, format!("two delegations to {name:?}")))
            }
            None => Ok(()),
        }
    }
}

impl Succinct {
    pub(super) fn index_of(&self, path_hash: &[u8]) -> usize {
        let first = path_hash.iter().take(4).fold(0u32, |n, byte| n << 8 | u32::from(*byte));
        let index = u64::from(first) >> (32 - u32::from(self.bit_length));
        usize::try_from(index).unwrap_or(usize::MAX)
    }

    pub(super) fn bin_of(&self, path_hash: &[u8]) -> Option<Delegation> {
        self.at(self.index_of(path_hash))
    }

    pub(super) fn at(&self, index: usize) -> Option<Delegation> {
        let digits = usize::from(self.bit_length.div_ceil(4));
        Some(Delegation {
            role: RoleName::new(format!("{}-{index:0digits$x}", self.prefix)).ok()?,
            terminating: true,
            key_set: self.key_set.clone(),
            hash_bin: true,
            index,
        })
    }
}
