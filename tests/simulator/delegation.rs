//! Who may sign for whom: keys of roles, delegations, hash bins.

use serde_json::{Value, json};

use super::json::hash;
use super::keys::Key;
use super::repository::Repository;
use super::role::Role;

/// A delegation to be: `Delegation::to("alice").paths(["alice/*"]).terminating()`.
///
/// Unless said otherwise: signed by `Key::named` of the role, threshold 1, not terminating, neither paths nor prefixes.
#[derive(Clone)]
pub struct Delegation {
    name: String,
    keys: Option<Vec<Key>>,
    threshold: u64,
    entry: Value,
}

impl Delegation {
    /// To the role of this name.
    pub fn to(name: &str) -> Self {
        let entry = json!({ "name": name, "terminating": false });
        Self { name: name.to_owned(), keys: None, threshold: 1, entry }
    }

    /// The keys it names. A role that this delegation creates is signed by all of them.
    pub fn keys(mut self, keys: impl IntoIterator<Item = Key>) -> Self {
        self.keys = Some(keys.into_iter().collect());
        self
    }

    /// The threshold.
    pub fn threshold(mut self, threshold: u64) -> Self {
        self.threshold = threshold;
        self
    }

    /// `paths`.
    pub fn paths<'a>(self, patterns: impl IntoIterator<Item = &'a str>) -> Self {
        let patterns: Vec<_> = patterns.into_iter().collect();
        self.edit(|entry| entry["paths"] = json!(patterns))
    }

    /// `path_hash_prefixes`.
    pub fn prefixes<'a>(self, prefixes: impl IntoIterator<Item = &'a str>) -> Self {
        let prefixes: Vec<_> = prefixes.into_iter().collect();
        self.edit(|entry| entry["path_hash_prefixes"] = json!(prefixes))
    }

    /// `"terminating": true`.
    pub fn terminating(self) -> Self {
        self.edit(|entry| entry["terminating"] = true.into())
    }

    /// Changes anything of the entry but `keyids` and `threshold`, which are written last.
    pub fn edit(mut self, edit: impl FnOnce(&mut Value)) -> Self {
        edit(&mut self.entry);
        self
    }
}

impl Repository {
    /// Appends a delegation to `from`, and creates the role (version 1, no targets) where there is none of this name.
    /// A role that is there already is also signed by the keys that are new to it.
    pub fn delegate(&mut self, from: &str, delegation: Delegation) {
        let Delegation { name, keys, threshold, mut entry } = delegation;
        let keys = keys.unwrap_or_else(|| vec![Key::named(&name)]);
        entry["keyids"] = keyids(&keys);
        entry["threshold"] = threshold.into();
        let delegations = self.delegations(from);
        list_keys(&mut delegations["keys"], &keys);
        push(&mut delegations["roles"], entry);
        if !matches!(name.as_str(), "root" | "timestamp" | "snapshot" | "targets") {
            let role = self.roles.entry(name).or_insert_with(|| Role::targets(Vec::new()));
            role.sign_also_with(keys);
        }
    }

    /// Delegates from `from` by `succinct_roles` (TAP 15) to 2^`bit_length` bins, all signed by `Key::named(prefix)`.
    /// The bins are created up to `bit_length` 10; of more, only those that [`Repository::add_binned_target`] fills.
    pub fn succinct(&mut self, from: &str, prefix: &str, bit_length: u32) {
        let key = Key::named(prefix);
        let delegations = self.delegations(from);
        delegations.as_object_mut().unwrap().remove("roles");
        list_keys(&mut delegations["keys"], std::slice::from_ref(&key));
        delegations["succinct_roles"] = json!({
            "keyids": [key.keyid()], "threshold": 1, "bit_length": bit_length, "name_prefix": prefix,
        });
        if bit_length <= 10 {
            for bin in 0..1u64 << bit_length {
                self.roles.insert(succinct_name(prefix, bit_length, bin), Role::targets(vec![key.clone()]));
            }
        }
    }

    /// PEP 458: `targets` delegates everything to `bins`, and `bins` to `count` (a power of two) hash bins, all signed
    /// by the one online key `Key::named("bins")`. The bins are `bin-0` to `bin-f`, `bin-00` to `bin-ff` and so on, by
    /// number. Nothing is terminating.
    pub fn hash_bins(&mut self, count: u64) {
        assert!(count.is_power_of_two(), "{count} bins");
        let online = Key::named("bins");
        let all: Vec<String> = (0..16).map(|digit| format!("{digit:x}")).collect();
        self.delegate("targets", Delegation::to("bins").prefixes(all.iter().map(String::as_str)));
        let width = hex_digits(count);
        let share = 16u64.pow(u32::try_from(width).unwrap()) / count;
        for bin in 0..count {
            let prefixes: Vec<_> = (bin * share..(bin + 1) * share).map(|n| format!("{n:0width$x}")).collect();
            let delegation = Delegation::to(&format!("bin-{bin:0width$x}")).keys([online.clone()]);
            self.delegate("bins", delegation.prefixes(prefixes.iter().map(String::as_str)));
        }
    }

    /// Adds a target to the bin of `from` it hashes into (`from` is `bins` after [`Repository::hash_bins`]), and names
    /// that bin.
    #[track_caller]
    pub fn add_binned_target(&mut self, from: &str, path: &str, bytes: &[u8]) -> String {
        let bin = self.bin_of(from, path);
        if !self.roles.contains_key(&bin) {
            let prefix = self.delegations(from)["succinct_roles"]["name_prefix"].as_str().unwrap_or(&bin).to_owned();
            self.roles.insert(bin.clone(), Role::targets(vec![Key::named(&prefix)]));
        }
        self.add_target(&bin, path, bytes);
        bin
    }

    /// Into which of the hash bins of `from` a target path falls.
    #[track_caller]
    pub fn bin_of(&self, from: &str, path: &str) -> String {
        let delegations = &self.role(from).signed["delegations"];
        let digest = hash("sha256", path.as_bytes());
        let succinct = &delegations["succinct_roles"];
        if let (Some(prefix), Some(bits)) = (succinct["name_prefix"].as_str(), succinct["bit_length"].as_u64()) {
            let start = u64::from_str_radix(&digest[..8], 16).unwrap();
            return succinct_name(prefix, u32::try_from(bits).unwrap(), start >> (32 - bits));
        }
        let claims = |role: &Value| {
            let prefixes = role["path_hash_prefixes"].as_array().into_iter().flatten();
            prefixes.filter_map(Value::as_str).any(|prefix| digest.starts_with(prefix))
        };
        let roles = delegations["roles"].as_array().into_iter().flatten();
        let role = roles.into_iter().find(|role| claims(role)).unwrap_or_else(|| panic!("no bin of {from} has {path}"));
        role["name"].as_str().unwrap().to_owned()
    }

    /// Gives a role other keys wherever it is named, and signs with them from now on. For root, the next version is
    /// signed by the old and the new keys. Takes effect when published.
    pub fn rotate(&mut self, name: &str, keys: impl IntoIterator<Item = Key>) {
        let keys: Vec<Key> = keys.into_iter().collect();
        for entry in self.entries_of(name) {
            entry["keyids"] = keyids(&keys);
        }
        self.list_keys_for(name, &keys);
        if name == "root" {
            self.root.sign_also_with(keys.iter().cloned());
            self.next_root_keys = Some(keys);
        } else {
            self.role_mut(name).keys = keys;
        }
    }

    /// Sets the threshold of a role wherever it is named.
    pub fn set_threshold(&mut self, name: &str, threshold: u64) {
        for entry in self.entries_of(name) {
            entry["threshold"] = threshold.into();
        }
    }

    /// Names keys and threshold of a role in the documents that delegate to it; who really signs stays as it is.
    pub fn authorize(&mut self, name: &str, keys: &[Key], threshold: u64) {
        for entry in self.entries_of(name) {
            entry["keyids"] = keyids(keys);
            entry["threshold"] = threshold.into();
        }
        self.list_keys_for(name, keys);
    }

    /// The `delegations` of a role; created where there are none.
    pub fn delegations(&mut self, from: &str) -> &mut Value {
        let signed = &mut self.role_mut(from).signed;
        if signed["delegations"].is_null() {
            signed["delegations"] = json!({ "keys": {}, "roles": [] });
        }
        &mut signed["delegations"]
    }

    /// The one entry of `delegations.roles` in `from` for `name`, to change it.
    #[track_caller]
    pub fn delegation(&mut self, from: &str, name: &str) -> &mut Value {
        let roles = self.delegations(from)["roles"].as_array_mut().unwrap();
        roles
            .iter_mut()
            .find(|role| role["name"] == name)
            .unwrap_or_else(|| panic!("{from} does not delegate to {name}"))
    }

    fn entries_of(&mut self, name: &str) -> Vec<&mut Value> {
        if matches!(name, "root" | "timestamp" | "snapshot" | "targets") {
            return vec![&mut self.root.signed["roles"][name]];
        }
        let delegators = std::iter::once(&mut self.targets).chain(self.roles.values_mut());
        delegators
            .filter_map(|role| role.signed.pointer_mut("/delegations/roles")?.as_array_mut())
            .flatten()
            .filter(|entry| entry["name"] == name)
            .collect()
    }

    fn list_keys_for(&mut self, name: &str, keys: &[Key]) {
        if matches!(name, "root" | "timestamp" | "snapshot" | "targets") {
            return list_keys(&mut self.root.signed["keys"], keys);
        }
        for role in std::iter::once(&mut self.targets).chain(self.roles.values_mut()) {
            let Some(delegations) = role.signed.get_mut("delegations") else { continue };
            let names = delegations["roles"].as_array().into_iter().flatten().any(|entry| entry["name"] == name);
            if names {
                list_keys(&mut delegations["keys"], keys);
            }
        }
    }
}

/// The name of one succinct bin (TAP 15): the number in hex, as wide as the last one.
pub fn succinct_name(prefix: &str, bit_length: u32, bin: u64) -> String {
    let width = hex_digits(1 << bit_length);
    format!("{prefix}-{bin:0width$x}")
}

/// How many hex digits the numbers below `count` need.
fn hex_digits(count: u64) -> usize {
    format!("{:x}", count - 1).len()
}

fn keyids(keys: &[Key]) -> Value {
    keys.iter().map(Key::keyid).collect()
}

fn list_keys(object: &mut Value, keys: &[Key]) {
    for key in keys {
        object[key.keyid()] = key.public_json();
    }
}

fn push(array: &mut Value, item: Value) {
    match array {
        Value::Array(items) => items.push(item),
        other => *other = Value::Array(vec![item]),
    }
}
