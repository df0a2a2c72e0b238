//! Reads `delegations`. The list of roles goes straight into its compact form: at PyPI's size it is nearly all of a
//! document of 3 MB, so nothing is allocated for a single role.

use serde::Deserialize;

use super::listed::{Claim, Listed, ListedRole, Span, Succinct};
use super::{Delegations, Roles};
use crate::error::Malformed;
use crate::limits::Limits;
use crate::metadata::key::{KeySet, KeyTable, RawKeys};
use crate::metadata::raw::{Object, Str, Threshold};
use crate::metadata::reader::Reader;
use crate::role::{MAX_ROLE_NAME_BYTES, RoleName, names_top_level};

const TOO_LONG: &str = "the delegations are too long";

#[derive(Deserialize)]
struct RawSuccinct<'a> {
    #[serde(borrow)]
    keyids: Vec<Str<'a>>,
    threshold: Threshold,
    bit_length: u8,
    #[serde(borrow)]
    name_prefix: Str<'a>,
}

impl Delegations {
    pub(in crate::metadata) fn read(reader: &mut Reader<'_>, limits: &Limits) -> Result<Self, Malformed> {
        let (mut keys, mut listed, mut succinct) = (None, None, None);
        reader.object("an object", |reader, member| {
            match member {
                "keys" => keys = Some(reader.typed::<RawKeys<'_>>()?),
                "roles" => listed = Some(Listed::read(reader)?),
                "succinct_roles" => succinct = Some(reader.typed::<Object<RawSuccinct<'_>>>()?),
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        let keys = keys.ok_or_else(|| reader.missing("keys"))?;
        let roles = match (listed, succinct) {
            (Some(listed), None) => {
                listed.check_unique()?;
                Roles::Listed(listed)
            }
            (None, Some(Object(raw))) => Roles::Succinct(raw.into_succinct()?),
            _ => return Err(Malformed::new(0, "`delegations` must have one of `roles` and `succinct_roles`")),
        };
        Ok(Self { keys: KeyTable::new(&keys, limits)?, roles })
    }
}

impl RawSuccinct<'_> {
    fn into_succinct(self) -> Result<Succinct, Malformed> {
        if !(1..=32).contains(&self.bit_length) {
            return Err(Malformed::new(0, "`bit_length` of succinct roles is not 1 to 32"));
        }
        let prefix = self.name_prefix.as_ref();
        if prefix.len() + 9 > MAX_ROLE_NAME_BYTES {
            return Err(Malformed::new(0, "`name_prefix` of succinct roles is too long"));
        }
        Ok(Succinct {
            bit_length: self.bit_length,
            prefix: prefix.to_owned(),
            key_set: KeySet::new(&self.keyids, self.threshold.0),
        })
    }
}

impl Listed {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (mut listed, mut keyids) = (Self::default(), Vec::new());
        reader.array("a list of delegations", |reader| {
            let before = reader.remaining();
            listed.read_role(reader, &mut keyids)?;
            if listed.roles.len() == 1 {
                let length = before.saturating_sub(reader.remaining()).max(1);
                listed.reserve_like_first(before / length);
            }
            Ok(())
        })?;
        Ok(listed)
    }

    /// Makes room for so many roles like the first one: a long list is one of bins, which differ in a few digits. Where
    /// the guess is wrong, it costs address space of a few times the document.
    fn reserve_like_first(&mut self, roles: usize) {
        let roles = roles.saturating_add(roles / 16);
        self.roles.reserve(roles);
        self.text.reserve(self.text.len().saturating_mul(roles));
        self.claims.reserve(self.claims.len().saturating_mul(roles));
    }

    /// Reads the next role of the list. `keyids` is memory that is used again for each.
    fn read_role<'a>(&mut self, reader: &mut Reader<'a>, keyids: &mut Vec<Str<'a>>) -> Result<(), Malformed> {
        let (mut name, mut threshold, mut terminating, mut has_keyids) = (None, None, None, false);
        let (mut paths, mut prefixes) = (None, None);
        reader.object("an object", |reader, member| {
            match member {
                "name" => name = Some(reader.str()?),
                "threshold" => threshold = Some(reader.number(Threshold::new)?.0),
                "terminating" => terminating = Some(reader.bool()?),
                "keyids" => {
                    keyids.clear();
                    has_keyids = true;
                    reader.array("a list of strings", |reader| {
                        keyids.push(reader.str()?);
                        Ok(())
                    })?;
                }
                "paths" => paths = Some(self.read_claims(reader)?),
                "path_hash_prefixes" => prefixes = Some(self.read_claims(reader)?),
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        let name = name.ok_or_else(|| reader.missing("name"))?;
        if !has_keyids {
            return Err(reader.missing("keyids"));
        }
        let threshold = threshold.ok_or_else(|| reader.missing("threshold"))?;
        let terminating = terminating.ok_or_else(|| reader.missing("terminating"))?;
        let claims = match (paths, prefixes) {
            (Some(_), Some(_)) => Err("has both `paths` and `path_hash_prefixes`"),
            (Some(paths), None) => Ok((Claim::Paths, paths)),
            (None, Some(prefixes)) => Ok((Claim::HashPrefixes, prefixes)),
            (None, None) => Ok((Claim::Nothing, Span { start: 0, end: 0 })),
        };
        let pushed = claims.and_then(|claims| self.push(name.as_ref(), keyids, threshold, terminating, claims));
        pushed.map_err(|reason| {
            let name: String = name.as_ref().chars().take(128).collect();
            reader.refused(&format!("delegation to {name:?}: {reason}"))
        })
    }

    /// Reads patterns or prefixes: which of [`Listed::claims`] they have become.
    #[inline(always)]
    fn read_claims(&mut self, reader: &mut Reader<'_>) -> Result<Span, Malformed> {
        let count = |claims: &[Span]| u32::try_from(claims.len()).map_err(|_| Malformed::new(0, TOO_LONG));
        let start = count(&self.claims)?;
        reader.array("a list of strings", |reader| {
            let claim = reader.str()?;
            let span = self.push_text(claim.as_ref()).ok_or_else(|| reader.refused(TOO_LONG))?;
            self.claims.push(span);
            Ok(())
        })?;
        Ok(Span { start, end: count(&self.claims)? })
    }

    /// Takes a role whose claims were read, or says what is wrong with it.
    fn push(
        &mut self,
        name: &str,
        keyids: &[Str<'_>],
        threshold: u16,
        terminating: bool,
        (kind, claims): (Claim, Span),
    ) -> Result<(), &'static str> {
        check_name(name)?;
        // Bins share their keys: the set of the role before is nearly always the same one.
        if !self.key_sets.last().is_some_and(|set| set.is_made_from(keyids, threshold)) {
            self.key_sets.push(KeySet::new(keyids, threshold));
        }
        let key_set = u32::try_from(self.key_sets.len() - 1).map_err(|_| TOO_LONG)?;
        let name = self.push_text(name).ok_or(TOO_LONG)?;
        let role = ListedRole { name, claims, key_set, kind, terminating };
        if kind == Claim::HashPrefixes && !self.claims_of(&role).all(is_hash_prefix) {
            return Err("a hash prefix is not 1 to 64 lower-case hex digits");
        }
        self.roles.push(role);
        Ok(())
    }

    fn push_text(&mut self, text: &str) -> Option<Span> {
        let start = u32::try_from(self.text.len()).ok()?;
        self.text.push_str(text);
        Some(Span { start, end: u32::try_from(self.text.len()).ok()? })
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
