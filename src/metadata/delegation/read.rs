//! Reads `delegations`. The list of roles goes straight into its compact form: at PyPI's size it is nearly all of a
//! document of 3 MB, so nothing is allocated for a single role.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::listed::{Claim, Listed, ListedRole, Span, Succinct};
use super::{Delegations, Roles};
use crate::error::Malformed;
use crate::limits::Limits;
use crate::metadata::key::{KeySet, KeyTable, RawKeys};
use crate::metadata::raw::{Object, Str, Threshold, present};
use crate::role::{MAX_ROLE_NAME_BYTES, RoleName, names_top_level};

/// `delegations` as it stands.
#[derive(Deserialize)]
pub(in crate::metadata) struct RawDelegations<'a> {
    #[serde(borrow)]
    keys: RawKeys<'a>,
    #[serde(default, deserialize_with = "present")]
    roles: Option<RawRoles>,
    #[serde(borrow, default, deserialize_with = "present")]
    succinct_roles: Option<Object<RawSuccinct<'a>>>,
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

impl RawDelegations<'_> {
    pub(in crate::metadata) fn into_delegations(self, limits: &Limits) -> Result<Delegations, Malformed> {
        let roles = match (self.roles, self.succinct_roles) {
            (Some(RawRoles(listed)), None) => {
                listed.check_unique()?;
                Roles::Listed(listed)
            }
            (None, Some(Object(raw))) => Roles::Succinct(raw.into_succinct()?),
            _ => return Err(Malformed::new(0, "`delegations` must have one of `roles` and `succinct_roles`")),
        };
        Ok(Delegations { keys: KeyTable::new(&self.keys, limits)?, roles })
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

/// The list of roles.
struct RawRoles(Listed);

impl<'de> Deserialize<'de> for RawRoles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RolesVisitor;
        impl<'de> Visitor<'de> for RolesVisitor {
            type Value = RawRoles;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of delegations")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RawRoles, A::Error> {
                let (mut listed, mut lists) = (Listed::default(), Lists::default());
                while seq.next_element_seed(RoleSeed { listed: &mut listed, lists: &mut lists })?.is_some() {}
                Ok(RawRoles(listed))
            }
        }
        deserializer.deserialize_seq(RolesVisitor)
    }
}

/// The lists of the role that is being read; their memory is used again for the next one.
#[derive(Default)]
struct Lists<'de> {
    keyids: Vec<Str<'de>>,
    paths: Vec<Str<'de>>,
    prefixes: Vec<Str<'de>>,
}

/// Reads one role into the list.
struct RoleSeed<'s, 'de> {
    listed: &'s mut Listed,
    lists: &'s mut Lists<'de>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Member {
    Name,
    Keyids,
    Threshold,
    Terminating,
    Paths,
    PathHashPrefixes,
    #[serde(other)]
    Unknown,
}

impl<'de> DeserializeSeed<'de> for RoleSeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RoleSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Lists { keyids, paths, prefixes } = self.lists;
        let (mut name, mut threshold, mut terminating) = (None, None, None);
        let (mut has_keyids, mut has_paths, mut has_prefixes) = (false, false, false);
        while let Some(member) = map.next_key()? {
            match member {
                Member::Name => name = Some(map.next_value::<Str<'de>>()?),
                Member::Threshold => threshold = Some(map.next_value::<Threshold>()?.0),
                Member::Terminating => terminating = Some(map.next_value::<bool>()?),
                Member::Keyids => has_keyids = map.next_value_seed(Strings(keyids))?,
                Member::Paths => has_paths = map.next_value_seed(Strings(paths))?,
                Member::PathHashPrefixes => has_prefixes = map.next_value_seed(Strings(prefixes))?,
                Member::Unknown => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        let name = name.ok_or_else(|| A::Error::missing_field("name"))?;
        if !has_keyids {
            return Err(A::Error::missing_field("keyids"));
        }
        let threshold = threshold.ok_or_else(|| A::Error::missing_field("threshold"))?;
        let terminating = terminating.ok_or_else(|| A::Error::missing_field("terminating"))?;
        let claims = match (has_paths, has_prefixes) {
            (true, true) => Err("has both `paths` and `path_hash_prefixes`"),
            (true, false) => Ok((Claim::Paths, paths.as_slice())),
            (false, true) => Ok((Claim::HashPrefixes, prefixes.as_slice())),
            (false, false) => Ok((Claim::Nothing, [].as_slice())),
        };
        let pushed = claims.and_then(|claims| self.listed.push(name.as_ref(), keyids, threshold, terminating, claims));
        pushed.map_err(|reason| {
            let name: String = name.as_ref().chars().take(128).collect();
            A::Error::custom(format_args!("delegation to {name:?}: {reason}"))
        })
    }
}

/// Reads a list of strings into memory that is there already. Gives `true`, for "it was there".
struct Strings<'s, 'de>(&'s mut Vec<Str<'de>>);

impl<'de> DeserializeSeed<'de> for Strings<'_, 'de> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Strings<'_, 'de> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        self.0.clear();
        while let Some(text) = seq.next_element()? {
            self.0.push(text);
        }
        Ok(true)
    }
}

impl Listed {
    /// Takes the next role of the list, or says what is wrong with it.
    fn push(
        &mut self,
        name: &str,
        keyids: &[Str<'_>],
        threshold: u16,
        terminating: bool,
        (kind, claims): (Claim, &[Str<'_>]),
    ) -> Result<(), &'static str> {
        const TOO_LONG: &str = "the delegations are too long";
        check_name(name)?;
        if kind == Claim::HashPrefixes && !claims.iter().all(|claim| is_hash_prefix(claim.as_ref())) {
            return Err("a hash prefix is not 1 to 64 lower-case hex digits");
        }
        let name = self.push_text(name).ok_or(TOO_LONG)?;
        let start = u32::try_from(self.claims.len()).map_err(|_| TOO_LONG)?;
        for claim in claims {
            let span = self.push_text(claim.as_ref()).ok_or(TOO_LONG)?;
            self.claims.push(span);
        }
        let end = u32::try_from(self.claims.len()).map_err(|_| TOO_LONG)?;
        // Bins share their keys: the set of the role before is nearly always the same one.
        if !self.key_sets.last().is_some_and(|set| set.is_made_from(keyids, threshold)) {
            self.key_sets.push(KeySet::new(keyids, threshold));
        }
        let key_set = u32::try_from(self.key_sets.len() - 1).map_err(|_| TOO_LONG)?;
        self.roles.push(ListedRole { name, claims: Span { start, end }, key_set, kind, terminating });
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
