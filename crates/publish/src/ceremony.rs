//! A root that several holders of keys sign, each on a machine of their own.
//!
//! A draft is the root itself with the signatures so far: a file that is handed from one holder to the next, or copied to
//! all of them and merged.

use serde_json::Value;

use crate::Result;
use crate::document::{Authority, Document, TopLevel};
use crate::error::Error;
use crate::json::Layout;
use crate::keys::{KeyRing, PublicKey};

/// A root with the signatures so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// What is signed.
    pub root: Document,
    /// By whom: entries of `signatures`.
    pub signatures: Vec<Value>,
}

impl Draft {
    /// A draft that nobody signed.
    #[must_use]
    pub fn new(root: Document) -> Self {
        Self { root, signatures: Vec::new() }
    }

    /// Reads a draft.
    ///
    /// # Errors
    /// When it is no root.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let root = Document::read(bytes)?;
        root.top_level()?;
        let envelope: Value = serde_json::from_slice(bytes).map_err(|error| Error::Document(error.to_string()))?;
        let signatures = envelope.get("signatures").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(Self { root, signatures })
    }

    /// The draft as a file: as a root is published.
    ///
    /// # Errors
    /// When a number in it has no canonical form.
    pub fn write(&self) -> Result<Vec<u8>> {
        self.root.envelope(&self.signatures, Layout::Compact)
    }

    /// Signs with all keys at hand that the old or the new root asks for. Returns the ids of those that signed now.
    ///
    /// # Errors
    /// When a key at hand cannot be used.
    pub fn sign(&mut self, ring: &dyn KeyRing, old: &TopLevel) -> Result<Vec<String>> {
        let new = self.root.top_level()?;
        let canonical = self.root.canonical()?;
        let mut signed = Vec::new();
        for key in old.root.keys.iter().chain(&new.root.keys) {
            if self.is_signed_by(key) {
                continue;
            }
            if let Some(found) = ring.find(key)? {
                self.signatures.push(found.listed_as(key.id()).sign(&canonical)?);
                signed.push(key.id().to_owned());
            }
        }
        Ok(signed)
    }

    /// Takes over the signatures of another copy.
    ///
    /// # Errors
    /// When the other one is of another root.
    pub fn merge(&mut self, other: Self) -> Result<()> {
        if other.root != self.root {
            return Err(Error::Document("the drafts are not of the same root".to_owned()));
        }
        for signature in other.signatures {
            let id = signature.get("keyid").cloned();
            if self.signatures.iter().all(|one| one.get("keyid") != id.as_ref()) {
                self.signatures.push(signature);
            }
        }
        Ok(())
    }

    /// How many signatures of an authority are there, and how many it needs. They are counted, not verified: a client
    /// verifies them before the root is published.
    #[must_use]
    pub fn signatures_of(&self, authority: &Authority) -> (u64, u64) {
        (authority.keys.iter().filter(|key| self.is_signed_by(key)).count() as u64, authority.threshold)
    }

    fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.signatures.iter().any(|one| one.get("keyid").and_then(Value::as_str) == Some(key.id()))
    }
}

/// What a root changes, a line each: what a holder has to look at before signing.
#[must_use]
pub fn changes(old: &TopLevel, new: &TopLevel) -> Vec<String> {
    let roles = [
        ("root", &old.root, &new.root),
        ("timestamp", &old.timestamp, &new.timestamp),
        ("snapshot", &old.snapshot, &new.snapshot),
        ("targets", &old.targets, &new.targets),
    ];
    let mut lines = Vec::new();
    for (role, old, new) in roles {
        let without = |one: &Authority, other: &Authority| -> Vec<String> {
            one.keys.iter().filter(|key| !other.keys.contains(key)).map(|key| key.id().to_owned()).collect()
        };
        lines.extend(without(new, old).into_iter().map(|id| format!("{role}\tgains\t{id}")));
        lines.extend(without(old, new).into_iter().map(|id| format!("{role}\tloses\t{id}")));
        if old.threshold != new.threshold {
            lines.push(format!("{role}\tthreshold\t{} instead of {}", new.threshold, old.threshold));
        }
    }
    lines
}
