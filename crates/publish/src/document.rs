//! Metadata documents as a publisher handles them: `signed` as a tree, so that members it does not know stay in it.
//!
//! tough has types for these documents. They cannot say succinct roles, they demand SHA-256 of every target, and their
//! canonical form normalises Unicode, which other signers do not. So documents are written here, and tough signs them.

use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use tufgate::{Digest, HashAlgorithm, Hasher};

use crate::Result;
use crate::error::Error;
use crate::json::{self, Layout};
use crate::keys::{PublicKey, Signer};

/// The version of the specification that published metadata follows.
const SPEC_VERSION: &str = "1.0.34";

/// Who may sign for a role, and how many must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The keys, no two the same.
    pub keys: Vec<PublicKey>,
    /// How many of them must sign.
    pub threshold: u64,
}

impl Authority {
    /// These keys, of which `threshold` must sign.
    pub fn of<'k>(keys: impl IntoIterator<Item = &'k PublicKey>, threshold: u64) -> Self {
        Self { keys: keys.into_iter().cloned().collect(), threshold }
    }

    fn role(&self) -> Map<String, Value> {
        let keyids: Vec<_> = self.keys.iter().map(PublicKey::id).collect();
        object([("keyids", json!(keyids)), ("threshold", json!(self.threshold))])
    }
}

/// The four roles that a root names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopLevel {
    /// Who signs the next root.
    pub root: Authority,
    /// Who signs timestamp.
    pub timestamp: Authority,
    /// Who signs snapshot.
    pub snapshot: Authority,
    /// Who signs the top-level targets.
    pub targets: Authority,
}

impl TopLevel {
    fn roles(&self) -> [(&'static str, &Authority); 4] {
        [("root", &self.root), ("timestamp", &self.timestamp), ("snapshot", &self.snapshot), ("targets", &self.targets)]
    }
}

/// One role that a targets role delegates to, by name.
#[derive(Debug, Clone)]
pub struct Delegated {
    /// Its name.
    pub name: String,
    /// Who signs it.
    pub authority: Authority,
    /// `paths` or `path_hash_prefixes`.
    pub scope: Scope,
    /// Whether no later role is asked.
    pub terminating: bool,
}

/// For which paths a role is asked (TUF-1.0.34 §4.5).
#[derive(Debug, Clone)]
pub enum Scope {
    /// Patterns of paths.
    Paths(Vec<String>),
    /// Beginnings of the SHA-256 of the path, in hex.
    PathHashPrefixes(Vec<String>),
}

/// The `signed` part of one metadata file.
#[derive(Debug, Clone, PartialEq)]
pub struct Document(Map<String, Value>);

impl Document {
    /// A root with consistent snapshots (§4.3).
    #[must_use]
    pub fn root(version: u64, expires: SystemTime, roles: &TopLevel) -> Self {
        let mut document = Self::new("root", version, expires);
        document.0.insert("consistent_snapshot".to_owned(), json!(true));
        document.set_top_level(roles);
        document
    }

    /// A targets role (§4.5) without targets.
    #[must_use]
    pub fn targets(version: u64, expires: SystemTime) -> Self {
        let mut document = Self::new("targets", version, expires);
        document.0.insert("targets".to_owned(), json!({}));
        document
    }

    /// A snapshot (§4.4) of nothing.
    #[must_use]
    pub fn snapshot(version: u64, expires: SystemTime) -> Self {
        let mut document = Self::new("snapshot", version, expires);
        document.0.insert("meta".to_owned(), json!({}));
        document
    }

    /// A timestamp (§4.6) of no snapshot yet.
    #[must_use]
    pub fn timestamp(version: u64, expires: SystemTime) -> Self {
        let mut document = Self::new("timestamp", version, expires);
        document.0.insert("meta".to_owned(), json!({}));
        document
    }

    fn new(kind: &str, version: u64, expires: SystemTime) -> Self {
        Self(object([
            ("_type", json!(kind)),
            ("expires", json!(utc(expires))),
            ("spec_version", json!(SPEC_VERSION)),
            ("version", json!(version)),
        ]))
    }

    /// What a metadata file signs. The signatures are not looked at: the bytes were verified before, or will be.
    ///
    /// # Errors
    /// When the bytes are no envelope with an object in `signed`.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        #[derive(serde::Deserialize)]
        struct Envelope {
            signed: Map<String, Value>,
        }
        match serde_json::from_slice::<Envelope>(bytes) {
            Ok(envelope) => Ok(Self(envelope.signed)),
            Err(error) => Err(Error::Document(format!("this is no metadata file: {error}"))),
        }
    }

    /// Its version; 0, which no document may have, where it says none.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.0.get("version").and_then(Value::as_u64).unwrap_or(0)
    }

    /// When it expires, if it says so in the form that is specified.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        let text = self.0.get("expires")?.as_str()?;
        Some(DateTime::parse_from_rfc3339(text).ok()?.into())
    }

    /// Makes it the next version, which expires then.
    ///
    /// # Errors
    /// When there is no next version.
    pub fn renew(&mut self, expires: SystemTime) -> Result<()> {
        let next = self.version().checked_add(1).ok_or_else(|| Error::Document("there is no higher version".into()))?;
        self.0.insert("version".to_owned(), json!(next));
        self.0.insert("expires".to_owned(), json!(utc(expires)));
        Ok(())
    }

    /// A member of `signed`.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Replaces who signs the four roles of a root. Keys that no role names any more leave the document.
    pub fn set_top_level(&mut self, roles: &TopLevel) {
        let all = roles.roles();
        self.0.insert("keys".to_owned(), key_objects(all.iter().flat_map(|(_, role)| &role.keys)));
        let roles = all.map(|(name, role)| (name.to_owned(), Value::Object(role.role())));
        self.0.insert("roles".to_owned(), Value::Object(roles.into_iter().collect()));
    }

    /// Who signs the four roles of a root.
    ///
    /// # Errors
    /// When the document is no root.
    pub fn top_level(&self) -> Result<TopLevel> {
        let keys = self.0.get("keys");
        let role = |name: &str| {
            let role = self.0.get("roles").and_then(|roles| roles.get(name));
            authority(role, keys).ok_or_else(|| Error::Document(format!("this root has no role `{name}`")))
        };
        Ok(TopLevel {
            root: role("root")?,
            timestamp: role("timestamp")?,
            snapshot: role("snapshot")?,
            targets: role("targets")?,
        })
    }

    /// Replaces the delegations of a targets role by roles with names.
    pub fn delegate(&mut self, roles: &[Delegated]) {
        let list: Vec<_> = roles.iter().map(Delegated::value).collect();
        let keys = key_objects(roles.iter().flat_map(|role| &role.authority.keys));
        self.0.insert("delegations".to_owned(), json!({"keys": keys, "roles": list}));
    }

    /// Replaces the delegations of a targets role by succinct ones (§4.5, TAP 15). tough does not know them.
    pub fn delegate_succinctly(&mut self, bit_length: u32, name_prefix: &str, authority: &Authority) {
        let mut role = authority.role();
        role.insert("bit_length".to_owned(), json!(bit_length));
        role.insert("name_prefix".to_owned(), json!(name_prefix));
        let keys = key_objects(&authority.keys);
        self.0.insert("delegations".to_owned(), json!({"keys": keys, "succinct_roles": role}));
    }

    /// Who signs the roles that this one delegates to: that of `role`, or of all where they are succinct.
    #[must_use]
    pub fn delegated_authority(&self, role: &str) -> Option<Authority> {
        let delegations = self.0.get("delegations")?;
        let one = match delegations.get("succinct_roles") {
            Some(succinct) => Some(succinct),
            None => delegations.get("roles")?.as_array()?.iter().find(|one| one.get("name") == Some(&json!(role))),
        };
        authority(one, delegations.get("keys"))
    }

    /// The targets of a targets role, by path.
    ///
    /// # Errors
    /// When the document is none.
    pub fn targets_mut(&mut self) -> Result<&mut Map<String, Value>> {
        match self.0.get_mut("targets") {
            Some(Value::Object(targets)) => Ok(targets),
            _ => Err(Error::Document("this document lists no targets".to_owned())),
        }
    }

    /// What a snapshot or timestamp says of other files, by file name.
    ///
    /// # Errors
    /// When the document is neither.
    pub fn meta_mut(&mut self) -> Result<&mut Map<String, Value>> {
        match self.0.get_mut("meta") {
            Some(Value::Object(meta)) => Ok(meta),
            _ => Err(Error::Document("this document lists no metadata".to_owned())),
        }
    }

    /// The metadata file: `signatures` by these keys, and `signed`.
    ///
    /// # Errors
    /// When a number in it has no canonical form, or a key does not sign.
    pub fn sign<'k>(&self, keys: impl IntoIterator<Item = &'k Signer>, layout: Layout) -> Result<Vec<u8>> {
        let canonical = self.canonical()?;
        let signatures = keys.into_iter().map(|key| key.sign(&canonical)).collect::<Result<Vec<_>>>()?;
        self.envelope(&signatures, layout)
    }

    /// What is signed: the canonical form.
    ///
    /// # Errors
    /// When a number has none.
    pub fn canonical(&self) -> Result<Vec<u8>> {
        json::canonical(&self.0)
    }

    /// The metadata file with signatures that were made elsewhere.
    ///
    /// # Errors
    /// When a number has no canonical form.
    pub fn envelope(&self, signatures: &[Value], layout: Layout) -> Result<Vec<u8>> {
        json::envelope(signatures, &self.0, layout)
    }
}

impl Delegated {
    fn value(&self) -> Value {
        let mut role = self.authority.role();
        role.insert("name".to_owned(), json!(self.name));
        role.insert("terminating".to_owned(), json!(self.terminating));
        let (name, list) = match &self.scope {
            Scope::Paths(list) => ("paths", list),
            Scope::PathHashPrefixes(list) => ("path_hash_prefixes", list),
        };
        role.insert(name.to_owned(), json!(list));
        Value::Object(role)
    }
}

/// What a targets role says of a file with this length and these digests.
#[must_use]
pub fn target_entry(length: u64, digests: &[Digest]) -> Value {
    let hashes: Map<_, _> =
        digests.iter().map(|one| (one.algorithm().name().to_owned(), json!(one.to_hex()))).collect();
    json!({"hashes": hashes, "length": length})
}

/// What a snapshot or timestamp says of a metadata file: its version, and with `pinned` its length and SHA-256.
#[must_use]
pub fn meta_entry(version: u64, bytes: &[u8], pinned: bool) -> Value {
    if !pinned {
        return json!({"version": version});
    }
    let mut hasher = Hasher::new([HashAlgorithm::Sha256]);
    hasher.update(bytes);
    let mut entry = target_entry(hasher.length(), &hasher.finish());
    if let Some(entry) = entry.as_object_mut() {
        entry.insert("version".to_owned(), json!(version));
    }
    entry
}

/// A time as metadata says it: UTC, whole seconds.
#[must_use]
pub fn utc(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn authority(role: Option<&Value>, keys: Option<&Value>) -> Option<Authority> {
    let (role, keys) = (role?, keys?);
    let key = |id: &Value| Some(PublicKey::listed(id.as_str()?, keys.get(id.as_str()?)?.clone()));
    Some(Authority {
        keys: role.get("keyids")?.as_array()?.iter().map(key).collect::<Option<_>>()?,
        threshold: role.get("threshold")?.as_u64()?,
    })
}

fn key_objects<'k>(keys: impl IntoIterator<Item = &'k PublicKey>) -> Value {
    Value::Object(keys.into_iter().map(|key| (key.id().to_owned(), key.object().clone())).collect())
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
