//! The chain of trust as types: each step of TUF-1.0.34 §5 consumes the state before it, so that none can be left out.
//!
//! [`TrustedRoot`] → [`FreshRoot`] → [`TrustedTimestamp`] → [`TrustedSnapshot`] → [`TrustedTargets`]
//!
//! Bytes are first judged against a state that is only borrowed ([`Judged`]); only what passed is moved into the next
//! state, which cannot fail any more.

mod floors;
mod root;

use std::time::SystemTime;

pub(crate) use floors::{BadRecord, Floor, Floors};
pub(crate) use root::{FreshRoot, TrustedRoot};

use crate::digest::Digest;
use crate::error::{Fault, RepositoryError};
use crate::limits::Limits;
use crate::metadata::{MetaFile, Signed, Snapshot, Targets, Timestamp, Unverified, Verified};
use crate::role::RoleName;
use crate::time::Freshness;
use crate::verify::Authority;

/// A document whose signatures met its authority; its version and expiry are not judged by that.
pub(crate) struct Judged<T> {
    pub(crate) signed: T,
    /// Identifies the signed content.
    pub(crate) digest: Digest,
}

impl<T> Judged<T> {
    /// Keeps the content's identity with it, for roles that have a floor.
    fn new(signed: T, verified: &Verified<'_>) -> Self {
        Self { signed, digest: verified.digest() }
    }
}

/// Opens, verifies and types received bytes: one function for every role and every kind of delegator. `keep` makes what
/// is wanted of it.
fn judge<T: Signed, R>(
    role: &RoleName,
    bytes: &[u8],
    authority: &Authority<'_>,
    limits: &Limits,
    keep: impl FnOnce(T, &Verified<'_>) -> R,
) -> Result<R, RepositoryError> {
    let fault = |fault| RepositoryError::role(role, fault);
    let document = Unverified::open(bytes, limits).map_err(|e| fault(Fault::Malformed(e)))?;
    let verified = authority.verify(&document).map_err(fault)?;
    let signed = verified.parse(limits).map_err(|e| fault(Fault::Malformed(e)))?;
    Ok(keep(signed, &verified))
}

/// Refuses bytes that are not those a signed file names, before anything of them is parsed
/// (TUF-1.0.34 §5.5.2, §5.6.2).
fn check_pin(bytes: &[u8], pin: &MetaFile) -> Result<(), Fault> {
    let found = bytes.len() as u64;
    if let Some(expected) = pin.length().filter(|expected| *expected != found) {
        return Err(Fault::Length { expected, found });
    }
    if let Some(hashes) = pin.hashes() {
        let mut hasher = hashes.hasher();
        hasher.update(bytes);
        if let Some((expected, found)) = hashes.mismatch(&hasher.finish()) {
            return Err(Fault::Hash { expected: Box::new(expected), found: Box::new(found) });
        }
    }
    Ok(())
}

/// Refuses what expired at or before the update start time (§5.3.10, §5.4.4, §5.5.6, §5.6.5), or longer before it than
/// the caller accepts.
pub(crate) fn check_expiry(role: &RoleName, expires: SystemTime, freshness: Freshness) -> Result<(), RepositoryError> {
    if freshness.refuses(expires) {
        return Err(RepositoryError::role(role, Fault::Expired { expires, now: freshness.now }));
    }
    Ok(())
}

/// Judges bytes of a role that a signed file pins: length and hashes, signatures, form, version; not expiry.
fn judge_pinned<T: Signed, R>(
    role: &RoleName,
    bytes: &[u8],
    pin: &MetaFile,
    authority: &Authority<'_>,
    limits: &Limits,
    keep: impl FnOnce(T, &Verified<'_>) -> R,
) -> Result<R, RepositoryError> {
    check_pin(bytes, pin).map_err(|fault| RepositoryError::role(role, fault))?;
    let (found, kept) =
        judge(role, bytes, authority, limits, |signed: T, verified| (signed.header().version, keep(signed, verified)))?;
    if found != pin.version() {
        return Err(RepositoryError::role(role, Fault::Version { expected: pin.version(), found }));
    }
    Ok(kept)
}

/// Judges a targets role, top-level or delegated, that the snapshot pins.
pub(crate) fn judge_targets(
    role: &RoleName,
    bytes: &[u8],
    pin: &MetaFile,
    authority: &Authority<'_>,
    limits: &Limits,
) -> Result<Targets, RepositoryError> {
    judge_pinned(role, bytes, pin, authority, limits, |targets, _| targets)
}

/// A timestamp that is current as far as this client can know.
pub(crate) struct TrustedTimestamp {
    pub(crate) root: FreshRoot,
    pub(crate) timestamp: Timestamp,
}

impl FreshRoot {
    /// Judges the signatures of a timestamp.
    pub(crate) fn judge_timestamp(&self, bytes: &[u8], limits: &Limits) -> Result<Judged<Timestamp>, RepositoryError> {
        judge(&RoleName::TIMESTAMP, bytes, &self.root().timestamp_authority(), limits, Judged::new)
    }

    /// Refuses a timestamp that is older than the floors allow, or that names an older snapshot (§5.4.3).
    ///
    /// Of the floor's own version only the content that was trusted is accepted again.
    pub(crate) fn check_timestamp(&self, new: &Judged<Timestamp>, floors: &Floors) -> Result<(), RepositoryError> {
        floors.timestamp.check(&RoleName::TIMESTAMP, new.signed.version(), Some(&new.digest))?;
        floors.snapshot.check(&RoleName::SNAPSHOT, new.signed.snapshot().version(), None)
    }

    /// Goes on with a timestamp that was checked.
    pub(crate) fn trust_timestamp(
        self,
        timestamp: Timestamp,
        freshness: Freshness,
    ) -> Result<TrustedTimestamp, RepositoryError> {
        check_expiry(&RoleName::TIMESTAMP, timestamp.expires(), freshness)?;
        Ok(TrustedTimestamp { root: self, timestamp })
    }
}

/// A snapshot that the timestamp names.
pub(crate) struct TrustedSnapshot {
    pub(crate) root: FreshRoot,
    pub(crate) timestamp: Timestamp,
    pub(crate) snapshot: Snapshot,
}

impl TrustedTimestamp {
    /// Judges the snapshot that the timestamp names.
    pub(crate) fn judge_snapshot(&self, bytes: &[u8], limits: &Limits) -> Result<Judged<Snapshot>, RepositoryError> {
        let authority = self.root.root().snapshot_authority();
        judge_pinned(&RoleName::SNAPSHOT, bytes, self.timestamp.snapshot(), &authority, limits, Judged::new)
    }

    /// Judges a snapshot that was trusted in an earlier run and is no longer the one that is named: it can only raise
    /// floors.
    pub(crate) fn judge_superseded_snapshot(
        &self,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<Judged<Snapshot>, RepositoryError> {
        judge(&RoleName::SNAPSHOT, bytes, &self.root.root().snapshot_authority(), limits, Judged::new)
    }

    /// Refuses a snapshot that lowers or drops a role (§5.5.5).
    pub(crate) fn check_snapshot(&self, new: &Judged<Snapshot>, floors: &Floors) -> Result<(), RepositoryError> {
        floors.snapshot.check(&RoleName::SNAPSHOT, new.signed.version(), Some(&new.digest))?;
        floors.check_roles(&new.signed)
    }

    /// Goes on with a snapshot that was checked.
    pub(crate) fn trust_snapshot(
        self,
        snapshot: Snapshot,
        freshness: Freshness,
    ) -> Result<TrustedSnapshot, RepositoryError> {
        check_expiry(&RoleName::SNAPSHOT, snapshot.expires(), freshness)?;
        Ok(TrustedSnapshot { root: self.root, timestamp: self.timestamp, snapshot })
    }
}

/// All top-level roles, of one moment.
pub(crate) struct TrustedTargets {
    pub(crate) root: FreshRoot,
    pub(crate) timestamp: Timestamp,
    pub(crate) snapshot: Snapshot,
    pub(crate) targets: Targets,
}

impl TrustedSnapshot {
    /// What the snapshot says about the top-level targets role.
    ///
    /// # Errors
    /// Never for a snapshot that was parsed, which lists it.
    pub(crate) fn targets_pin(&self) -> Result<MetaFile, RepositoryError> {
        let missing = || RepositoryError::role(&RoleName::TARGETS, Fault::NotInSnapshot);
        self.snapshot.meta(&RoleName::TARGETS).ok_or_else(missing)
    }

    /// Judges the top-level targets role that the snapshot names.
    pub(crate) fn judge_targets(
        &self,
        bytes: &[u8],
        pin: &MetaFile,
        limits: &Limits,
    ) -> Result<Targets, RepositoryError> {
        judge_targets(&RoleName::TARGETS, bytes, pin, &self.root.root().targets_authority(), limits)
    }

    /// Goes on with the targets role that was judged.
    pub(crate) fn trust_targets(
        self,
        targets: Targets,
        freshness: Freshness,
    ) -> Result<TrustedTargets, RepositoryError> {
        check_expiry(&RoleName::TARGETS, targets.expires(), freshness)?;
        Ok(TrustedTargets { root: self.root, timestamp: self.timestamp, snapshot: self.snapshot, targets })
    }
}
