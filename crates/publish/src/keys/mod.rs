//! Keys: what metadata says of them, and what signs.

pub mod files;
pub mod generate;
pub mod passphrase;
mod sources;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use serde_json::{Value, json};
use tough::sign::Sign;
use tufgate::{HashAlgorithm, Hasher};

use crate::Result;
use crate::document::Authority;
use crate::error::Error;
use crate::json;

/// A public key as metadata lists it (TUF-1.0.34 §4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    id: String,
    object: Value,
}

impl PublicKey {
    /// A key with the id that follows from it: the SHA-256 of the canonical form of its object.
    ///
    /// # Errors
    /// When the object has no canonical form.
    pub fn new(object: Value) -> Result<Self> {
        let mut hasher = Hasher::new([HashAlgorithm::Sha256]);
        hasher.update(&json::write(&object, json::Layout::Canonical)?);
        let id = hasher.finish().first().map(tufgate::Digest::to_hex).unwrap_or_default();
        Ok(Self { id, object })
    }

    /// A key under the id that metadata lists it by, whatever that is (TAP 12).
    #[must_use]
    pub fn listed(id: &str, object: Value) -> Self {
        Self { id: id.to_owned(), object }
    }

    /// Its id, in hex where it was made here.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `keytype`, `scheme` and `keyval`.
    #[must_use]
    pub fn object(&self) -> &Value {
        &self.object
    }
}

/// A key that can sign: whatever tough can sign with, from wherever it comes.
pub struct SigningKey {
    public: PublicKey,
    signer: Box<dyn Sign>,
}

impl SigningKey {
    /// A signer of tough's. Its public key is written as tough writes it.
    ///
    /// # Errors
    /// When tough cannot write its public key.
    pub fn new(signer: impl Sign + 'static) -> Result<Self> {
        Self::from_boxed(Box::new(signer))
    }

    pub(crate) fn from_boxed(signer: Box<dyn Sign>) -> Result<Self> {
        let object = serde_json::to_value(signer.tuf_key()).map_err(|error| Error::key("key", error.to_string()))?;
        Ok(Self { public: PublicKey::new(object)?, signer })
    }

    /// The same under a public key that tough cannot express, such as one of another scheme.
    #[must_use]
    pub fn with_public(public: PublicKey, signer: impl Sign + 'static) -> Self {
        Self { public, signer: Box::new(signer) }
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The same key under the id that metadata lists it by (TAP 12).
    #[must_use]
    pub fn listed_as(self: &Arc<Self>, id: &str) -> Signer {
        Signer { id: id.to_owned(), key: Arc::clone(self) }
    }

    /// One entry of `signatures`: the key's id and its signature in hex.
    ///
    /// # Errors
    /// When the key does not sign: the file is wrong, or a service refuses.
    pub fn sign(&self, canonical: &[u8]) -> Result<Value> {
        self.sign_as(&self.public.id, canonical)
    }

    fn sign_as(&self, id: &str, canonical: &[u8]) -> Result<Value> {
        let fault = |reason: String| Error::key(format!("key {}", self.public.id), reason);
        // Keys in a service need a runtime. One without drivers costs microseconds.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| fault(error.to_string()))?;
        let signature = runtime.block_on(self.signer.sign(canonical, &SystemRandom::new()));
        let signature = signature.map_err(|error| fault(error.to_string()))?;
        let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(json!({"keyid": id, "sig": hex}))
    }
}

/// A key with the id by which a role lists it.
#[derive(Debug, Clone)]
pub struct Signer {
    id: String,
    key: Arc<SigningKey>,
}

impl Signer {
    /// As [`SigningKey::sign`], under the listed id.
    ///
    /// # Errors
    /// As [`SigningKey::sign`].
    pub fn sign(&self, canonical: &[u8]) -> Result<Value> {
        self.key.sign_as(&self.id, canonical)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// The keys at hand.
pub trait KeyRing {
    /// The key with that public half, if it is at hand. The id may be any that metadata lists it by.
    ///
    /// # Errors
    /// When the key is at hand and cannot be used: a wrong passphrase, a damaged file.
    fn find(&self, key: &PublicKey) -> Result<Option<Arc<SigningKey>>>;
}

/// Keys in memory.
impl KeyRing for Vec<Arc<SigningKey>> {
    fn find(&self, key: &PublicKey) -> Result<Option<Arc<SigningKey>>> {
        Ok(self.iter().find(|one| one.public.object == key.object).map(Arc::clone))
    }
}

/// As many keys of the ring as a role needs, in the order in which metadata lists them.
///
/// # Errors
/// When fewer are at hand, with the ids of those that are not.
pub fn signers(ring: &dyn KeyRing, role: &str, authority: &Authority) -> Result<Vec<Signer>> {
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for key in &authority.keys {
        if found.len() as u64 == authority.threshold {
            break;
        }
        match ring.find(key)? {
            Some(one) => found.push(one.listed_as(key.id())),
            None => missing.push(key.id().to_owned()),
        }
    }
    if (found.len() as u64) < authority.threshold {
        let (known, found, threshold) = (authority.keys.len(), found.len(), authority.threshold);
        return Err(Error::Keys { role: role.to_owned(), threshold, known, found, missing });
    }
    Ok(found)
}

/// As [`signers`], for several authorities at once: each of them has enough, and no id signs twice.
///
/// # Errors
/// As [`signers`].
pub fn signers_of_all(ring: &dyn KeyRing, role: &str, authorities: &[Authority]) -> Result<Vec<Signer>> {
    let mut all: Vec<Signer> = Vec::new();
    for authority in authorities {
        for key in signers(ring, role, authority)? {
            if all.iter().all(|one| one.id != key.id) {
                all.push(key);
            }
        }
    }
    Ok(all)
}
