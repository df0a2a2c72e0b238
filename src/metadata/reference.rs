//! What the types of metadata say of a text, made once more from a tree of values, slow and plain: what tests and
//! fuzzing compare the reader with. Each function gives a description of all that was read, or nothing if the document
//! is to be refused.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::key::{KeyTable, RawKeys};
use super::{Snapshot, Targets, Timestamp, check_spec_version};
use crate::digest::{Digest, HashAlgorithm, Hashes};
use crate::limits::Limits;
use crate::role::{RoleName, names_top_level};
use crate::time;

pub(crate) fn timestamp(text: &str) -> Option<String> {
    let signed = object(text)?;
    let meta = signed.get("meta")?.as_object()?;
    let file = meta_file(meta.get("snapshot.json").filter(|_| meta.len() == 1)?)?;
    Some(format!("{} {file:?}", header(&signed, "timestamp")?))
}

pub(crate) fn describe_timestamp(found: &Timestamp) -> String {
    let file = found.snapshot();
    format!("{} {:?}", head(found.version(), found.expires()), (file.version(), file.length(), file.hashes().cloned()))
}

pub(crate) fn snapshot(text: &str) -> Option<String> {
    let signed = object(text)?;
    let mut files = Vec::new();
    for (name, file) in signed.get("meta")?.as_object()? {
        match name.strip_suffix(".json") {
            Some(role) => files.push((role, meta_file(file)?)),
            None => _ = raw_meta_file(file)?,
        }
    }
    files.sort_by_key(|(role, _)| *role);
    files.iter().find(|(role, _)| *role == "targets")?;
    Some(format!("{} {files:?}", header(&signed, "snapshot")?))
}

pub(crate) fn describe_snapshot(found: &Snapshot) -> String {
    let files: Vec<_> =
        found.entries().map(|(role, file)| (role, (file.version(), file.length(), file.hashes().cloned()))).collect();
    format!("{} {files:?}", head(found.version(), found.expires()))
}

pub(crate) fn targets(text: &str, limits: &Limits) -> Option<String> {
    let signed = object(text)?;
    let mut targets = Vec::new();
    for (path, target) in signed.get("targets")?.as_object()? {
        let target = target.as_object()?;
        let custom = target.get("custom").filter(|custom| !custom.is_null()).cloned();
        targets.push((path.as_str(), target.get("length")?.as_u64()?, hashes(target.get("hashes")?)?, custom));
    }
    let delegations = match signed.get("delegations") {
        Some(delegations) => self::delegations(delegations.as_object()?, limits)?,
        None => Vec::new(),
    };
    Some(format!("{} {targets:?} {delegations:?}", header(&signed, "targets")?))
}

pub(crate) fn describe_targets(found: &Targets) -> String {
    let targets: Vec<_> = found
        .targets()
        .iter()
        .map(|t| {
            let custom: Option<Value> = t.custom().and_then(|text| serde_json::from_str(text).ok());
            (t.path(), t.length(), t.hashes().cloned(), custom)
        })
        .collect();
    let delegations: Vec<String> = found
        .delegations()
        .iter()
        .take(SHOWN)
        .enumerate()
        .map(|(index, role)| {
            let keyids: Vec<&str> = role.key_set().keyids().collect();
            let claims = found.delegations().claims(index);
            role_line(role.role().as_str(), &keyids, role.key_set().threshold(), role.is_terminating(), &claims)
        })
        .collect();
    format!("{} {targets:?} {delegations:?}", head(found.version(), found.expires()))
}

/// Succinct roles can be 2^32.
const SHOWN: usize = 1000;

fn delegations(raw: &Map<String, Value>, limits: &Limits) -> Option<Vec<String>> {
    let keys = raw.get("keys")?.to_string();
    KeyTable::new(&serde_json::from_str::<RawKeys<'_>>(&keys).ok()?, limits).ok()?;
    let (mut lines, mut names) = (Vec::new(), BTreeSet::new());
    match (raw.get("roles"), raw.get("succinct_roles")) {
        (Some(roles), None) => {
            for role in roles.as_array()? {
                let role = role.as_object()?;
                let name = role.get("name")?.as_str()?;
                let claims = match (role.get("paths"), role.get("path_hash_prefixes")) {
                    (Some(paths), None) => strings(paths)?,
                    (None, Some(prefixes)) => strings(prefixes)?,
                    (None, None) => Vec::new(),
                    _ => return None,
                };
                let hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
                let is_prefix = |claim: &&str| (1..=64).contains(&claim.len()) && claim.chars().all(hex);
                let bad_prefix = role.contains_key("path_hash_prefixes") && !claims.iter().all(is_prefix);
                if bad_prefix || RoleName::new(name).is_err() || names_top_level(name) || !names.insert(name) {
                    return None;
                }
                let (keyids, threshold) = key_set(role)?;
                lines.push(role_line(name, &keyids, threshold, role.get("terminating")?.as_bool()?, &claims));
            }
        }
        (None, Some(succinct)) => {
            let succinct = succinct.as_object()?;
            let (keyids, threshold) = key_set(succinct)?;
            let prefix = succinct.get("name_prefix")?.as_str().filter(|prefix| prefix.len() <= 1024 - 9)?;
            let bits = succinct.get("bit_length")?.as_u64().filter(|bits| (1..=32).contains(bits))?;
            let digits = usize::try_from(bits.div_ceil(4)).ok()?;
            for index in 0..(1usize << bits).min(SHOWN) {
                lines.push(role_line(&format!("{prefix}-{index:0digits$x}"), &keyids, threshold, true, &[]));
            }
        }
        _ => return None,
    }
    Some(lines)
}

fn role_line(name: &str, keyids: &[&str], threshold: u16, terminating: bool, claims: &[&str]) -> String {
    format!("{name:?} {keyids:?} {threshold} {terminating} {claims:?}")
}

/// Keyids, each once, and the threshold.
fn key_set(role: &Map<String, Value>) -> Option<(Vec<&str>, u16)> {
    let mut seen = BTreeSet::new();
    let keyids = strings(role.get("keyids")?)?.into_iter().filter(|id| seen.insert(*id)).collect();
    Some((keyids, u16::try_from(role.get("threshold")?.as_u64()?).ok().filter(|threshold| *threshold > 0)?))
}

fn strings(value: &Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}

type MetaFile = (u64, Option<u64>, Option<Hashes>);

fn meta_file(file: &Value) -> Option<MetaFile> {
    let (version, length, hashes) = raw_meta_file(file)?;
    match hashes {
        None => Some((version, length, None)),
        Some(usable) => Some((version, length, Some(usable?))),
    }
}

fn raw_meta_file(file: &Value) -> Option<(u64, Option<u64>, Option<Option<Hashes>>)> {
    let file = file.as_object()?;
    let length = match file.get("length") {
        Some(length) => Some(length.as_u64()?),
        None => None,
    };
    let hashes = match file.get("hashes") {
        Some(listed) => Some(self::hashes(listed)?),
        None => None,
    };
    Some((version(file)?, length, hashes))
}

/// The outer `None`: not hashes at all; the inner one: none that can be used.
fn hashes(listed: &Value) -> Option<Option<Hashes>> {
    let listed = listed.as_object()?;
    if !listed.values().all(Value::is_string) {
        return None;
    }
    let known = listed.iter().filter_map(|(name, hex)| Some((HashAlgorithm::from_name(name)?, hex.as_str()?)));
    let digests: Option<Vec<Digest>> = known.map(|(algorithm, hex)| Digest::from_hex(algorithm, hex)).collect();
    Some(digests.and_then(Hashes::new))
}

fn object(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(text).ok()
}

fn header(signed: &Map<String, Value>, kind: &str) -> Option<String> {
    check_spec_version(signed.get("spec_version")?.as_str()?).ok()?;
    signed.get("_type")?.as_str().filter(|found| *found == kind)?;
    Some(head(version(signed)?, time::parse(signed.get("expires")?.as_str()?)?))
}

fn head(version: u64, expires: std::time::SystemTime) -> String {
    format!("{version} {}", time::format(expires))
}

fn version(members: &Map<String, Value>) -> Option<u64> {
    members.get("version")?.as_u64().filter(|version| *version > 0)
}
