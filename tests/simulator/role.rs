//! One role: its document, who signs it, and how the envelope is spoilt.

use std::sync::Arc;

use serde_json::{Value, json};

use super::EXPIRES;
use super::json::{canonical, wire};
use super::keys::{Key, signature};

/// A metadata role of the repository. All of it can be changed; nothing is checked.
#[derive(Clone)]
pub struct Role {
    /// The `signed` part.
    pub signed: Value,
    /// Who signs, in this order. A key that is here twice signs twice.
    pub keys: Vec<Key>,
    /// Further entries of `signatures`, after those of `keys`. See [`signature`].
    pub extra_signatures: Vec<Value>,
    /// What is signed instead of the canonical form of `signed`.
    pub sign_over: Option<Vec<u8>>,
    edit_envelope: Vec<EnvelopeEdit>,
    edit_bytes: Vec<BytesEdit>,
    edits: usize,
    published: Option<Published>,
}

/// What there was when the role was last signed, to see whether it has changed since.
#[derive(Clone)]
struct Published {
    number: u64,
    state: State,
}

type EnvelopeEdit = Arc<dyn Fn(&mut Value) + Send + Sync>;
type BytesEdit = Arc<dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync>;
type State = (Value, Vec<String>, Vec<Value>, Option<Vec<u8>>, usize);

impl Role {
    /// A role with this document.
    pub fn new(signed: Value, keys: Vec<Key>) -> Self {
        Self {
            signed,
            keys,
            extra_signatures: Vec::new(),
            sign_over: None,
            edit_envelope: Vec::new(),
            edit_bytes: Vec::new(),
            edits: 0,
            published: None,
        }
    }

    /// A targets role without targets.
    pub fn targets(keys: Vec<Key>) -> Self {
        Self::new(document("targets", json!({ "targets": {} })), keys)
    }

    /// Sets `signed.version`.
    pub fn set_version(&mut self, version: u64) -> &mut Self {
        self.signed["version"] = version.into();
        self
    }

    /// Sets `signed.expires`, any text.
    pub fn set_expires(&mut self, expires: &str) -> &mut Self {
        self.signed["expires"] = expires.into();
        self
    }

    /// Who signs from now on, whether entitled to or not.
    pub fn sign_with(&mut self, keys: impl IntoIterator<Item = Key>) -> &mut Self {
        self.keys = keys.into_iter().collect();
        self
    }

    /// Adds `"sig": ""` for this key.
    pub fn placeholder_signature(&mut self, key: &Key) -> &mut Self {
        self.extra_signatures.push(signature(&key.keyid(), ""));
        self
    }

    /// Adds well-formed signatures of keys that nobody knows.
    pub fn junk_signatures(&mut self, count: usize) -> &mut Self {
        self.extra_signatures.extend((0..count).map(|n| signature(&format!("{n:064x}"), &"ab".repeat(64))));
        self
    }

    /// From now on changes `{"signatures": […], "signed": {…}}` after it was signed. Edits add up.
    pub fn edit_envelope(&mut self, edit: impl Fn(&mut Value) + Send + Sync + 'static) -> &mut Self {
        self.edit_envelope.push(Arc::new(edit));
        self.edits += 1;
        self
    }

    /// From now on changes the bytes of the file. Hashes and lengths elsewhere are made from the changed bytes.
    pub fn edit_bytes(&mut self, edit: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> &mut Self {
        self.edit_bytes.push(Arc::new(edit));
        self.edits += 1;
        self
    }

    /// Takes back all that spoils the envelope; document and keys stay.
    pub fn heal(&mut self) -> &mut Self {
        self.extra_signatures.clear();
        self.sign_over = None;
        self.edit_envelope.clear();
        self.edit_bytes.clear();
        self.edits += 1;
        self
    }

    /// The file as it would be served now.
    pub fn sign(&self) -> Vec<u8> {
        let over = self.sign_over.clone().unwrap_or_else(|| canonical(&self.signed));
        let mut signatures: Vec<_> = self.keys.iter().map(|key| key.signature(&over)).collect();
        signatures.extend(self.extra_signatures.iter().cloned());
        let mut envelope = json!({ "signatures": signatures, "signed": self.signed });
        for edit in &self.edit_envelope {
            edit(&mut envelope);
        }
        self.edit_bytes.iter().fold(wire(&envelope), |bytes, edit| edit(bytes))
    }

    /// The version by which the file is named and pinned: the document's own or, where that is none, the one after
    /// the last.
    pub fn number(&self) -> u64 {
        match self.signed["version"].as_u64() {
            Some(version) if version > 0 => version,
            _ => self.published.as_ref().map_or(1, |last| last.number + u64::from(self.is_changed())),
        }
    }

    /// Whether anything was changed since the role was last signed and served.
    pub fn is_changed(&self) -> bool {
        self.published.as_ref().is_none_or(|last| last.state != self.state())
    }

    pub(super) fn sign_also_with(&mut self, keys: impl IntoIterator<Item = Key>) {
        for key in keys {
            if self.keys.iter().all(|known| known.keyid() != key.keyid()) {
                self.keys.push(key);
            }
        }
    }

    /// Raises the version by one, unless it is not the published one any more: then a test has set it.
    pub(super) fn bump(&mut self) {
        if self.published.as_ref().is_some_and(|last| last.state.0["version"] == self.signed["version"])
            && let Some(version) = self.signed["version"].as_u64()
        {
            self.signed["version"] = version.saturating_add(1).into();
        }
    }

    pub(super) fn mark_published(&mut self) {
        self.published = Some(Published { number: self.number(), state: self.state() });
    }

    fn state(&self) -> State {
        (
            self.signed.clone(),
            self.keys.iter().map(Key::keyid).collect(),
            self.extra_signatures.clone(),
            self.sign_over.clone(),
            self.edits,
        )
    }
}

/// The members that every role has, version 1, and those of `more`.
pub fn document(kind: &str, more: Value) -> Value {
    let mut signed = json!({ "_type": kind, "spec_version": "1.0.34", "version": 1, "expires": EXPIRES });
    for (name, value) in more.as_object().unwrap() {
        signed[name] = value.clone();
    }
    signed
}
