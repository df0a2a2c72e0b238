//! The repository: its roles, and how changes of them become files.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::json::{described, encode_segment};
use super::keys::Key;
use super::role::{Role, document};
use super::serve::Server;

/// A hostile signing repository in memory. See the module's documentation for how a test uses it.
pub struct Repository {
    /// The root role.
    pub root: Role,
    /// The timestamp role.
    pub timestamp: Role,
    /// The snapshot role.
    pub snapshot: Role,
    /// The top-level targets role.
    pub targets: Role,
    /// Delegated targets roles by name.
    pub roles: BTreeMap<String, Role>,
    pub(super) snapshot_hashes: Vec<&'static str>,
    pub(super) timestamp_hashes: Vec<&'static str>,
    pub(super) next_root_keys: Option<Vec<Key>>,
    pub(super) server: Arc<Mutex<Server>>,
}

const TOP_LEVEL: [&str; 4] = ["root", "timestamp", "snapshot", "targets"];

impl Repository {
    /// A small valid repository, already published: the four top-level roles in version 1, each with one key
    /// (`Key::named` of the role's name) and threshold 1, expiring in 2035, consistent snapshots, no targets, versions
    /// only in snapshot and timestamp.
    pub fn new() -> Self {
        let keys = |name| vec![Key::named(name)];
        let roles = json!({ "root": {}, "timestamp": {}, "snapshot": {}, "targets": {} });
        let root = json!({ "consistent_snapshot": true, "keys": {}, "roles": roles });
        let mut repo = Self {
            root: Role::new(document("root", root), keys("root")),
            timestamp: Role::new(document("timestamp", json!({ "meta": {} })), keys("timestamp")),
            snapshot: Role::new(document("snapshot", json!({ "meta": {} })), keys("snapshot")),
            targets: Role::targets(keys("targets")),
            roles: BTreeMap::new(),
            snapshot_hashes: Vec::new(),
            timestamp_hashes: Vec::new(),
            next_root_keys: None,
            server: Arc::default(),
        };
        for name in TOP_LEVEL {
            repo.authorize(name, &keys(name), 1);
        }
        repo.publish();
        repo
    }

    /// The same repository once more, with its own files and log: to let two histories part.
    pub fn fork(&self) -> Self {
        Self {
            root: self.root.clone(),
            timestamp: self.timestamp.clone(),
            snapshot: self.snapshot.clone(),
            targets: self.targets.clone(),
            roles: self.roles.clone(),
            snapshot_hashes: self.snapshot_hashes.clone(),
            timestamp_hashes: self.timestamp_hashes.clone(),
            next_root_keys: self.next_root_keys.clone(),
            server: Arc::new(Mutex::new(self.server().fork())),
        }
    }

    /// Any role by its name.
    #[track_caller]
    pub fn role(&self, name: &str) -> &Role {
        match name {
            "root" => &self.root,
            "timestamp" => &self.timestamp,
            "snapshot" => &self.snapshot,
            "targets" => &self.targets,
            _ => self.roles.get(name).unwrap_or_else(|| panic!("the repository has no role {name}")),
        }
    }

    /// Any role by its name, to change it.
    #[track_caller]
    pub fn role_mut(&mut self, name: &str) -> &mut Role {
        match name {
            "root" => &mut self.root,
            "timestamp" => &mut self.timestamp,
            "snapshot" => &mut self.snapshot,
            "targets" => &mut self.targets,
            _ => self.roles.get_mut(name).unwrap_or_else(|| panic!("the repository has no role {name}")),
        }
    }

    // Publishing, from all to little. Each step leaves what is above it as the test left it.

    /// Publishes all that was changed, correctly: a changed root; changed targets roles with their versions raised;
    /// snapshot, if anything in it changed, with every role pinned; timestamp, always in a new version.
    pub fn publish(&mut self) {
        if self.root.is_changed() {
            self.publish_root();
        }
        let roles: Vec<String> = ["targets".to_owned()].into_iter().chain(self.roles.keys().cloned()).collect();
        for name in &roles {
            if self.role(name).is_changed() {
                self.role_mut(name).bump();
                self.put(name);
            } else if !self.is_published(&self.path(name)) {
                self.put(name);
            }
            self.pin(name);
        }
        if self.snapshot.is_changed() {
            self.publish_snapshot();
        } else {
            self.pin("snapshot");
            self.publish_timestamp();
        }
    }

    /// Publishes snapshot as it is, in a new version, and a timestamp that pins it. What snapshot says of other roles
    /// is left alone: here is where it lies.
    pub fn publish_snapshot(&mut self) {
        self.snapshot.bump();
        self.put("snapshot");
        self.pin("snapshot");
        self.publish_timestamp();
    }

    /// Publishes timestamp as it is, in a new version. What it says of snapshot is left alone.
    pub fn publish_timestamp(&mut self) {
        self.timestamp.bump();
        self.put("timestamp");
    }

    /// Publishes root as `N.root.json` in a new version. After [`Repository::rotate`] of root, this one is signed by
    /// the old and the new keys, later ones by the new.
    pub fn publish_root(&mut self) {
        self.root.bump();
        self.put("root");
        if let Some(keys) = self.next_root_keys.take() {
            self.root.keys = keys;
            self.root.mark_published();
        }
    }

    /// Signs one role exactly as it is and serves it under its own name: no new version, no pin, no other file.
    /// Gives back the bytes.
    pub fn put(&mut self, name: &str) -> Vec<u8> {
        let bytes = self.role(name).sign();
        let path = self.path(name);
        self.server().publish(path, bytes.clone());
        self.role_mut(name).mark_published();
        bytes
    }

    /// Describes the published file of a role where it belongs: snapshot in timestamp, all others in snapshot.
    /// The role above is changed but not published.
    pub fn pin(&mut self, name: &str) {
        let (above, hashes) = match name {
            "snapshot" => ("timestamp", &self.timestamp_hashes),
            _ => ("snapshot", &self.snapshot_hashes),
        };
        let mut pin = match hashes.as_slice() {
            [] => json!({}),
            hashes => described(&self.file(&self.path(name)), hashes),
        };
        pin["version"] = self.role(name).number().into();
        self.role_mut(above).signed["meta"][format!("{name}.json")] = pin;
    }

    /// Whether snapshot lists length and these hashes of each role beside the version; `&[]`: versions only. Takes
    /// effect when published.
    pub fn snapshot_with_hashes(&mut self, algorithms: &[&'static str]) {
        self.snapshot_hashes = algorithms.to_vec();
    }

    /// The same for what timestamp says of snapshot.
    pub fn timestamp_with_hashes(&mut self, algorithms: &[&'static str]) {
        self.timestamp_hashes = algorithms.to_vec();
    }

    /// Sets root's flag. The next [`Repository::publish`] serves roles under their new names; targets get theirs when
    /// they are added, so set it first.
    pub fn consistent_snapshot(&mut self, flag: bool) {
        self.root.signed["consistent_snapshot"] = flag.into();
    }

    /// The path a role is served under now, below the common base: `metadata/3.targets.json`.
    pub fn path(&self, name: &str) -> String {
        let stem = encode_segment(name);
        match name {
            "timestamp" => "metadata/timestamp.json".to_owned(),
            "root" => format!("metadata/{}.root.json", self.root.number()),
            _ if self.is_consistent() => format!("metadata/{}.{stem}.json", self.role(name).number()),
            _ => format!("metadata/{stem}.json"),
        }
    }

    /// The file of one root version: `root_file(1)` is what a client pins.
    #[track_caller]
    pub fn root_file(&self, version: u64) -> Vec<u8> {
        self.file(&format!("metadata/{version}.root.json"))
    }

    pub(super) fn is_consistent(&self) -> bool {
        self.root.signed["consistent_snapshot"] == true
    }

    // Small changes. They take effect when published.

    /// Raises the version of a role by one, even before anything else changed.
    pub fn bump(&mut self, name: &str) {
        let version = self.role(name).number() + 1;
        self.role_mut(name).set_version(version);
    }

    /// Sets the expiry of a role, any text.
    pub fn set_expires(&mut self, name: &str, expires: &str) {
        self.role_mut(name).set_expires(expires);
    }

    /// Adds a target to a role and serves its bytes at once. Hash: sha256.
    pub fn add_target(&mut self, role: &str, path: &str, bytes: &[u8]) {
        self.add_target_hashed(role, path, bytes, &["sha256"]);
    }

    /// The same with these hashes. With consistent snapshots the file is served under each of them.
    pub fn add_target_hashed(&mut self, role: &str, path: &str, bytes: &[u8], algorithms: &[&str]) {
        let description = described(bytes, algorithms);
        let prefixes: Vec<Option<String>> = match self.is_consistent() {
            true => algorithms.iter().map(|name| description["hashes"][name].as_str().map(str::to_owned)).collect(),
            false => vec![None],
        };
        for prefix in prefixes {
            self.server().publish(target_path(path, prefix.as_deref()), bytes.to_vec());
        }
        self.add_target_json(role, path, description);
    }

    /// Lists a target with any description and serves nothing.
    pub fn add_target_json(&mut self, role: &str, path: &str, description: Value) {
        self.role_mut(role).signed["targets"][path] = description;
    }
}

/// Where a target is served (TUF-1.0.34 §6.2.1): the hash before the last segment.
pub fn target_path(path: &str, prefix: Option<&str>) -> String {
    let mut segments: Vec<String> = path.split('/').map(encode_segment).collect();
    if let (Some(prefix), Some(last)) = (prefix, segments.last_mut()) {
        *last = format!("{prefix}.{last}");
    }
    format!("targets/{}", segments.join("/"))
}
