//! Delegations of a targets role (TUF-1.0.34 §4.5; TAP 15 for succinct roles): at PyPI's size a list of 16,384 roles,
//! kept in one allocation of text.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use super::key::{Key, KeySet, KeyTable, RawKeys};
use super::raw::{Object, Str, Threshold, present};
use crate::digest;
use crate::error::{Fault, Malformed};
use crate::limits::Limits;
use crate::pattern;
use crate::role::{MAX_ROLE_NAME_BYTES, RoleName, TargetPath, names_top_level};
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

/// Roles as a list, all their text in one string and equal sets of keys kept once.
#[derive(Clone, Default)]
struct Listed {
    text: String,
    roles: Vec<ListedRole>,
    /// Patterns or prefixes of all roles, in order.
    claims: Vec<Span>,
    key_sets: Vec<KeySet>,
}

#[derive(Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

#[derive(Clone, Copy)]
struct ListedRole {
    name: Span,
    claims: Span,
    key_set: u32,
    kind: Claim,
    terminating: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Claim {
    Paths,
    HashPrefixes,
    /// Neither member is given: the role is trusted for nothing.
    Nothing,
}

/// `succinct_roles` of TAP 15: 2^`bit_length` bins named by a prefix and their number in hex.
#[derive(Clone)]
struct Succinct {
    bit_length: u8,
    prefix: String,
    key_set: KeySet,
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

    fn at(&self, index: usize) -> Option<Delegation> {
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

impl Listed {
    fn str(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    fn claims_of(&self, role: &ListedRole) -> impl Iterator<Item = &str> {
        let claims = self.claims.get(role.claims.start as usize..role.claims.end as usize).unwrap_or(&[]);
        claims.iter().map(|span| self.str(*span))
    }

    fn claims(&self, role: &ListedRole, path: &TargetPath, path_hash: &str) -> Result<bool, Fault> {
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

    fn push_text(&mut self, text: &str) -> Option<Span> {
        let start = u32::try_from(self.text.len()).ok()?;
        self.text.push_str(text);
        Some(Span { start, end: u32::try_from(self.text.len()).ok()? })
    }

    /// Takes the next role of the list.
    fn push(&mut self, raw: &RawDelegation<'_>) -> Result<(), Malformed> {
        let refuse = |reason: &str| {
            let name: String = raw.name.as_ref().chars().take(128).collect();
            Malformed::new(0, format!("delegation to {name:?}: {reason}"))
        };
        let too_long = || refuse("the delegations are too long");
        check_name(raw.name.as_ref()).map_err(refuse)?;
        let (kind, claims) = match (&raw.paths, &raw.path_hash_prefixes) {
            (Some(_), Some(_)) => return Err(refuse("has both `paths` and `path_hash_prefixes`")),
            (Some(paths), None) => (Claim::Paths, paths.as_slice()),
            (None, Some(prefixes)) => {
                if !prefixes.iter().all(|p| is_hash_prefix(p.as_ref())) {
                    return Err(refuse("a hash prefix is not 1 to 64 lower-case hex digits"));
                }
                (Claim::HashPrefixes, prefixes.as_slice())
            }
            (None, None) => (Claim::Nothing, [].as_slice()),
        };
        let name = self.push_text(raw.name.as_ref()).ok_or_else(too_long)?;
        let start = u32::try_from(self.claims.len()).map_err(|_| too_long())?;
        for claim in claims {
            let span = self.push_text(claim.as_ref()).ok_or_else(too_long)?;
            self.claims.push(span);
        }
        let end = u32::try_from(self.claims.len()).map_err(|_| too_long())?;
        // Bins share their keys: the set of the role before is nearly always the same one.
        if !self.key_sets.last().is_some_and(|set| set.is_made_from(&raw.keyids, raw.threshold.0)) {
            self.key_sets.push(KeySet::new(&raw.keyids, raw.threshold.0));
        }
        let key_set = u32::try_from(self.key_sets.len() - 1).map_err(|_| too_long())?;
        let terminating = raw.terminating;
        self.roles.push(ListedRole { name, claims: Span { start, end }, key_set, kind, terminating });
        Ok(())
    }

    /// # Errors
    /// When a name stands twice: paths of the one and keys of the other would be mixed up.
    fn check_unique(&self) -> Result<(), Malformed> {
        let mut names: Vec<&str> = self.roles.iter().map(|role| self.str(role.name)).collect();
        if names.is_sorted_by(|a, b| a < b) {
            return Ok(());
        }
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
    fn index_of(&self, path_hash: &[u8]) -> usize {
        let first = path_hash.iter().take(4).fold(0u32, |n, byte| n << 8 | u32::from(*byte));
        let index = u64::from(first) >> (32 - u32::from(self.bit_length));
        usize::try_from(index).unwrap_or(usize::MAX)
    }

    fn bin_of(&self, path_hash: &[u8]) -> Option<Delegation> {
        self.at(self.index_of(path_hash))
    }

    fn at(&self, index: usize) -> Option<Delegation> {
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

fn check_name(name: &str) -> Result<(), &'static str> {
    match RoleName::check(name) {
        Err(_) => Err("the name is not 1 to 1,024 bytes long"),
        Ok(()) if names_top_level(name) => Err("that is the name of a top-level role"),
        Ok(()) => Ok(()),
    }
}

fn is_hash_prefix(prefix: &str) -> bool {
    (1..=64).contains(&prefix.len()) && prefix.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// `delegations` as it stands.
#[derive(Deserialize)]
pub(super) struct RawDelegations<'a> {
    #[serde(borrow)]
    keys: RawKeys<'a>,
    #[serde(borrow, default, deserialize_with = "present")]
    roles: Option<RawRoles<'a>>,
    #[serde(borrow, default, deserialize_with = "present")]
    succinct_roles: Option<Object<RawSuccinct<'a>>>,
}

#[derive(Deserialize)]
struct RawDelegation<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow)]
    keyids: Vec<Str<'a>>,
    threshold: Threshold,
    terminating: bool,
    #[serde(borrow, default, deserialize_with = "present")]
    paths: Option<Vec<Str<'a>>>,
    #[serde(borrow, default, deserialize_with = "present")]
    path_hash_prefixes: Option<Vec<Str<'a>>>,
}

#[derive(Deserialize)]
struct RawSuccinct<'a> {
    #[serde(borrow)]
    keyids: Vec<Str<'a>>,
    threshold: Threshold,
    bit_length: u8,
    #[serde(borrow)]
    name_prefix: Str<'a>,
}

/// The list of roles, made compact as it is read.
struct RawRoles<'a> {
    listed: Result<Listed, Malformed>,
    lifetime: std::marker::PhantomData<&'a str>,
}

impl<'de: 'a, 'a> Deserialize<'de> for RawRoles<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RolesVisitor;
        impl<'de> Visitor<'de> for RolesVisitor {
            type Value = RawRoles<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of delegations")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut listed = Ok(Listed::default());
                while let Some(Object(raw)) = seq.next_element::<Object<RawDelegation<'_>>>()? {
                    listed = listed.and_then(|mut listed| listed.push(&raw).map(|()| listed));
                }
                Ok(RawRoles { listed, lifetime: std::marker::PhantomData })
            }
        }
        deserializer.deserialize_seq(RolesVisitor)
    }
}

impl RawDelegations<'_> {
    pub(super) fn into_delegations(self, limits: &Limits) -> Result<Delegations, Malformed> {
        let roles = match (self.roles, self.succinct_roles) {
            (Some(raw), None) => {
                let listed = raw.listed?;
                listed.check_unique()?;
                Roles::Listed(listed)
            }
            (None, Some(Object(raw))) => {
                if !(1..=32).contains(&raw.bit_length) {
                    return Err(Malformed::new(0, "`bit_length` of succinct roles is not 1 to 32"));
                }
                let prefix = raw.name_prefix.as_ref();
                if prefix.len() + 9 > MAX_ROLE_NAME_BYTES {
                    return Err(Malformed::new(0, "`name_prefix` of succinct roles is too long"));
                }
                Roles::Succinct(Succinct {
                    bit_length: raw.bit_length,
                    prefix: prefix.to_owned(),
                    key_set: KeySet::new(&raw.keyids, raw.threshold.0),
                })
            }
            _ => return Err(Malformed::new(0, "`delegations` must have one of `roles` and `succinct_roles`")),
        };
        Ok(Delegations { keys: KeyTable::new(&self.keys, limits)?, roles })
    }
}
