//! Signatures against an authority: the only place that counts.

use crate::crypto::KeyMaterial;
use crate::digest::decode_hex;
use crate::error::Fault;
use crate::metadata::{self, KeySet, KeyTable, Unverified, Verified};
use crate::role::RoleName;

/// Who may sign a role: keyids and threshold by the delegator, keys of the delegator's own document.
pub(crate) struct Authority<'a> {
    delegator: RoleName,
    key_set: &'a KeySet,
    keys: &'a KeyTable,
}

/// Made only here, when the threshold was met.
pub(crate) struct ThresholdMet(());

impl<'a> Authority<'a> {
    pub(crate) fn new(delegator: RoleName, key_set: &'a KeySet, keys: &'a KeyTable) -> Self {
        Self { delegator, key_set, keys }
    }

    /// Verifies that enough distinct keys signed (TUF-1.0.34 §5.3.4, §5.4.2, §5.5.3, §5.6.3).
    ///
    /// A key counts once, by its material, whatever keyids it stands under. Signatures by keys of no concern are not
    /// looked at, and invalid ones do not count: anybody can append those. What verifies is the canonical form of the
    /// bytes that came.
    ///
    /// # Errors
    /// [`Fault::Threshold`] when there are too few.
    pub(crate) fn verify<'d>(&self, document: &'d Unverified<'_>) -> Result<Verified<'d>, Fault> {
        let required = self.key_set.threshold();
        let mut signers: Vec<KeyMaterial> = Vec::new();
        for keyid in self.key_set.keyids() {
            if signers.len() >= usize::from(required) {
                break;
            }
            let Some(key) = self.keys.get(keyid) else { continue };
            let Some(material) = key.public.material().filter(|m| !signers.contains(m)) else { continue };
            let Some(signature) = document.signature(keyid).and_then(decode_hex) else { continue };
            if key.public.verify(document.message(), &signature) {
                signers.push(material);
            }
        }
        if signers.len() < usize::from(required) {
            return Err(Fault::Threshold { delegator: self.delegator.clone(), valid: signers.len(), required });
        }
        Ok(metadata::proof(document, ThresholdMet(())))
    }
}
