//! The chain of roots (TUF-1.0.34 §5.3).

use super::check_expiry;
use crate::digest::{self, Digest};
use crate::error::{Fault, RepositoryError};
use crate::limits::Limits;
use crate::metadata::{Root, Signed, Unverified};
use crate::role::RoleName;
use crate::time::Freshness;

/// A root that the pinned root leads to. It may be expired: only the last of the chain must not be.
#[derive(Debug, Clone)]
pub(crate) struct TrustedRoot {
    root: Root,
    bytes: Vec<u8>,
    digest: Digest,
}

impl TrustedRoot {
    /// Starts a chain: a root that is trusted because the user pinned it. It must be signed by its own keys all the
    /// same, as every root is.
    pub(crate) fn pin(bytes: &[u8], limits: &Limits) -> Result<Self, RepositoryError> {
        Self::signed_by(bytes, None, limits)
    }

    /// The next root of the chain: signed by the keys of this one and by its own, its version one higher
    /// (§5.3.4, §5.3.5).
    pub(crate) fn successor(&self, bytes: &[u8], limits: &Limits) -> Result<Self, RepositoryError> {
        let next = Self::signed_by(bytes, Some(self), limits)?;
        let expected = self.root.version().checked_add(1);
        if Some(next.root.version()) != expected {
            let fault = Fault::Version { expected: expected.unwrap_or(u64::MAX), found: next.root.version() };
            return Err(RepositoryError::role(&RoleName::ROOT, fault));
        }
        Ok(next)
    }

    fn signed_by(bytes: &[u8], before: Option<&Self>, limits: &Limits) -> Result<Self, RepositoryError> {
        let fault = |fault| RepositoryError::role(&RoleName::ROOT, fault);
        if bytes.len() as u64 > limits.root_bytes {
            return Err(fault(Fault::TooLarge { limit: limits.root_bytes }));
        }
        let document = Unverified::open(bytes, limits).map_err(|e| fault(Fault::Malformed(e)))?;
        if let Some(before) = before {
            before.root.root_authority().verify(&document).map_err(fault)?;
        }
        let own = document.peek_root(limits).map_err(|e| fault(Fault::Malformed(e)))?;
        own.root_authority().verify(&document).map_err(fault)?;
        let digest = digest::sha256(document.message());
        Ok(Self { root: own, bytes: bytes.to_vec(), digest })
    }

    pub(crate) fn root(&self) -> &Root {
        &self.root
    }

    /// The bytes as received.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Identifies the signed content.
    pub(crate) fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Goes on with this root as the last of the chain, which must not be expired (§5.3.10).
    pub(crate) fn fresh(self, freshness: Freshness) -> Result<FreshRoot, RepositoryError> {
        let fault = |fault| RepositoryError::role(&RoleName::ROOT, fault);
        let expires = self.root.header().expires().map_err(|e| fault(Fault::Malformed(e)))?;
        check_expiry(&RoleName::ROOT, expires, freshness)?;
        Ok(FreshRoot(self.root))
    }
}

/// The last root of the chain, unexpired at the update start time.
pub(crate) struct FreshRoot(Root);

impl FreshRoot {
    pub(crate) fn root(&self) -> &Root {
        &self.0
    }

    pub(crate) fn into_root(self) -> Root {
        self.0
    }
}
