//! A repository to be written, and how tough writes it.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use tough::editor::RepositoryEditor;
use tough::editor::signed::SignedRole;
use tough::key_source::KeySource;
use tough::schema::{
    Hashes, KeyHolder, Metafile, PathHashPrefix, PathPattern, PathSet, RoleKeys, RoleType, Root, Signed, Snapshot,
    Target, Timestamp,
};
use tough::sign::Sign;
use tough::{TargetName, async_trait};

use crate::{Files, Result};

const EXPIRES: &str = "2035-06-01T00:00:00Z";
const ONE: NonZeroU64 = NonZeroU64::MIN;

/// A repository to be written.
pub(super) struct Plan {
    pub(super) roots: Vec<TopLevel>,
    pub(super) targets: Vec<&'static str>,
    /// In the order of their delegation; a role comes after those below it.
    pub(super) roles: Vec<Role>,
    pub(super) plain_names: bool,
    /// Whether timestamp and snapshot give versions alone.
    pub(super) versions_only: bool,
}

#[derive(Clone)]
pub(super) struct TopLevel {
    pub(super) root: Signers,
    pub(super) timestamp: Signers,
    pub(super) snapshot: Signers,
    pub(super) targets: Signers,
}

pub(super) struct Role {
    name: &'static str,
    parent: &'static str,
    scope: Scope,
    signers: Signers,
    terminating: bool,
    targets: &'static [&'static str],
}

pub(super) enum Scope {
    Paths(Vec<&'static str>),
    Hashes(Vec<&'static str>),
}

#[derive(Clone)]
pub(super) struct Signers {
    keys: Vec<Key>,
    threshold: NonZeroU64,
}

/// A key that tough can sign with. None protects anything: the secrets are in this repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// From a seed that is made of the name.
    Ed25519(&'static str),
    EcdsaP256,
    RsaPss,
}

impl Default for Plan {
    fn default() -> Self {
        Self::of(vec![TopLevel::of(&Signers::new(&[Key::Ed25519("one")], 1))])
    }
}

impl Plan {
    pub(super) fn of(roots: Vec<TopLevel>) -> Self {
        Self {
            roots,
            targets: vec!["one.txt", "folder/two.txt"],
            roles: Vec::new(),
            plain_names: false,
            versions_only: false,
        }
    }

    pub(super) async fn write(&self) -> Result<Files> {
        let folder = tempfile::tempdir()?;
        let metadata = folder.path().join("metadata");
        let newest = self.write_roots(&metadata).await?;
        let mut editor = RepositoryEditor::new(&newest).await?;
        editor.snapshot_version(ONE).snapshot_expires(EXPIRES.parse()?);
        editor.timestamp_version(ONE).timestamp_expires(EXPIRES.parse()?);

        let newest = self.roots.last().ok_or("a plan without a root")?;
        self.edit(&mut editor, "targets", &self.targets, &newest.targets).await?;
        for role in self.roles.iter().rev() {
            editor.change_delegated_targets(role.name)?;
            self.edit(&mut editor, role.name, role.targets, &role.signers).await?;
        }
        let keys: Vec<_> = [&newest.snapshot, &newest.timestamp].iter().flat_map(|signers| signers.sources()).collect();
        editor.sign(&keys).await?.write(&metadata).await?;
        if self.versions_only {
            self.unpin(&metadata, newest).await?;
        }

        let mut files = Files::default();
        files.read_below(&metadata, "metadata")?;
        let pinned = files.bytes("metadata/1.root.json")?.to_vec();
        files.add("root.json", pinned);
        let roles = self.roles.iter().map(|role| (role.name, role.targets));
        for (role, targets) in roles.chain([("targets", self.targets.as_slice())]) {
            for path in targets {
                files.add(self.file_name(role, path), content(role, path));
            }
        }
        Ok(files)
    }

    /// Writes all roots, each signed as the one before and it itself ask for, and says where the newest is.
    async fn write_roots(&self, metadata: &Path) -> Result<PathBuf> {
        let mut newest = metadata.join("1.root.json");
        let mut before: Option<(Root, &Signers)> = None;
        for (roles, version) in self.roots.iter().zip(1..) {
            let root = roles.root(version, !self.plain_names)?;
            let mut signed = sign_root(&root, &root, &roles.root).await?;
            if let Some((before, signers)) = &before {
                let old = sign_root(&root, before, signers).await?;
                signed = signed.add_old_signatures(old.signed().signatures.clone())?;
            }
            tokio::fs::create_dir_all(metadata).await?;
            newest = metadata.join(format!("{version}.root.json"));
            tokio::fs::write(&newest, signed.buffer()).await?;
            before = Some((root, &roles.root));
        }
        Ok(newest)
    }

    /// Signs snapshot and timestamp again without lengths and hashes, which are optional (TUF-1.0.34 §4.4).
    async fn unpin(&self, metadata: &Path, newest: &TopLevel) -> Result<()> {
        let holder = KeyHolder::Root(newest.root(1, !self.plain_names)?);
        let random = SystemRandom::new();
        let unpinned = |meta: &mut HashMap<String, Metafile>| {
            meta.values_mut().for_each(|meta| (meta.length, meta.hashes) = (None, None));
        };
        let mut snapshot: Signed<Snapshot> = read_json(&metadata.join("1.snapshot.json"))?;
        unpinned(&mut snapshot.signed.meta);
        let snapshot = SignedRole::new(snapshot.signed, &holder, &newest.snapshot.sources(), &random).await?;
        snapshot.write(metadata, !self.plain_names).await?;
        let mut timestamp: Signed<Timestamp> = read_json(&metadata.join("timestamp.json"))?;
        unpinned(&mut timestamp.signed.meta);
        let timestamp = SignedRole::new(timestamp.signed, &holder, &newest.timestamp.sources(), &random).await?;
        timestamp.write(metadata, !self.plain_names).await?;
        Ok(())
    }

    /// Fills and signs the role that the editor is at, and delegates from it.
    async fn edit(&self, editor: &mut RepositoryEditor, name: &str, targets: &[&str], signers: &Signers) -> Result<()> {
        editor.targets_version(ONE)?.targets_expires(EXPIRES.parse()?)?;
        for path in targets {
            editor.add_target(TargetName::new(*path)?, target(content(name, path).as_bytes()))?;
        }
        for role in self.roles.iter().filter(|role| role.parent == name) {
            let (keys, threshold) = (role.signers.sources(), role.signers.threshold);
            let paths = role.scope.path_set()?;
            let expires = EXPIRES.parse()?;
            editor.delegate_role(role.name, &keys, paths, role.terminating, threshold, expires, ONE).await?;
        }
        editor.sign_targets_editor(&signers.sources()).await?;
        Ok(())
    }

    fn file_name(&self, role: &str, path: &str) -> String {
        let (folder, name) = path.rsplit_once('/').map_or((String::new(), path), |(f, n)| (format!("{f}/"), n));
        let hash =
            if self.plain_names { String::new() } else { format!("{}.", sha256_hex(content(role, path).as_bytes())) };
        format!("targets/{folder}{hash}{name}")
    }
}

impl TopLevel {
    /// The same signers for every role.
    pub(super) fn of(signers: &Signers) -> Self {
        let signers = || signers.clone();
        Self { root: signers(), timestamp: signers(), snapshot: signers(), targets: signers() }
    }

    fn root(&self, version: u64, consistent_snapshot: bool) -> Result<Root> {
        let mut root = Root {
            spec_version: "1.0.0".to_owned(),
            consistent_snapshot,
            version: NonZeroU64::new(version).ok_or("version 0")?,
            expires: EXPIRES.parse()?,
            keys: HashMap::new(),
            roles: HashMap::new(),
            _extra: HashMap::new(),
        };
        let roles = [
            (RoleType::Root, &self.root),
            (RoleType::Timestamp, &self.timestamp),
            (RoleType::Snapshot, &self.snapshot),
            (RoleType::Targets, &self.targets),
        ];
        for (role, signers) in roles {
            let mut keyids = Vec::new();
            for key in &signers.keys {
                let key = key.signer()?.tuf_key();
                keyids.push(key.key_id()?);
                root.keys.insert(key.key_id()?, key);
            }
            root.roles.insert(role, RoleKeys { keyids, threshold: signers.threshold, _extra: HashMap::new() });
        }
        Ok(root)
    }
}

impl Role {
    pub(super) fn new(name: &'static str, scope: Scope, signers: Signers) -> Self {
        Self { name, parent: "targets", scope, signers, terminating: false, targets: &[] }
    }

    pub(super) fn below(self, parent: &'static str) -> Self {
        Self { parent, ..self }
    }

    pub(super) fn terminating(self) -> Self {
        Self { terminating: true, ..self }
    }

    pub(super) fn listing(self, targets: &'static [&'static str]) -> Self {
        Self { targets, ..self }
    }
}

impl Scope {
    fn path_set(&self) -> Result<PathSet> {
        Ok(match self {
            Self::Paths(paths) => {
                PathSet::Paths(paths.iter().map(|path| PathPattern::new(*path)).collect::<std::result::Result<_, _>>()?)
            }
            Self::Hashes(hashes) => {
                let prefixes = hashes.iter().map(|prefix| PathHashPrefix::new(*prefix));
                PathSet::PathHashPrefixes(prefixes.collect::<std::result::Result<_, _>>()?)
            }
        })
    }
}

impl Signers {
    pub(super) fn new(keys: &[Key], threshold: u64) -> Self {
        Self { keys: keys.to_vec(), threshold: NonZeroU64::new(threshold).unwrap_or(ONE) }
    }

    fn sources(&self) -> Vec<Box<dyn KeySource>> {
        self.keys.iter().map(|key| -> Box<dyn KeySource> { Box::new(*key) }).collect()
    }
}

impl Key {
    fn signer(self) -> Result<Box<dyn Sign>> {
        const ECDSA_P256: &[u8] = include_bytes!("../../../fixtures/data/ecdsa-p256.pk8");
        const RSA_PSS: &[u8] = include_bytes!("../../../fixtures/data/rsa-pss.pk8");
        Ok(match self {
            Self::Ed25519(name) => Box::new(Ed25519KeyPair::from_seed_unchecked(sha256(name.as_bytes()).as_ref())?),
            Self::EcdsaP256 => Box::new(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256)?),
            Self::RsaPss => Box::new(RsaKeyPair::from_pkcs8(RSA_PSS)?),
        })
    }
}

type BoxedError = Box<dyn std::error::Error + Send + Sync + 'static>;

#[async_trait]
impl KeySource for Key {
    async fn as_sign(&self) -> std::result::Result<Box<dyn Sign>, BoxedError> {
        self.signer().map_err(|error| error.to_string().into())
    }

    async fn write(&self, _: &str, _: &str) -> std::result::Result<(), BoxedError> {
        Err("these keys are fixed".into())
    }
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

async fn sign_root(root: &Root, as_asked_by: &Root, signers: &Signers) -> Result<SignedRole<Root>> {
    let holder = KeyHolder::Root(as_asked_by.clone());
    Ok(SignedRole::new(root.clone(), &holder, &signers.sources(), &SystemRandom::new()).await?)
}

fn target(bytes: &[u8]) -> Target {
    let hashes = Hashes { sha256: sha256(bytes).as_ref().to_vec().into(), _extra: HashMap::new() };
    Target { length: bytes.len() as u64, hashes, custom: HashMap::new(), _extra: HashMap::new() }
}

/// The bytes of a target: each role signs for others under the same path, so that it shows who was asked.
fn content(role: &str, path: &str) -> String {
    format!("{path} of {role}\n")
}

fn sha256(bytes: &[u8]) -> digest::Digest {
    digest::digest(&digest::SHA256, bytes)
}

fn sha256_hex(bytes: &[u8]) -> String {
    sha256(bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
