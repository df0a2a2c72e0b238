//! What one update found trusted: a consistent snapshot of the repository, from which targets are looked up.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::error::{CallerError, Fault, RepositoryError};
use crate::kept::{Edge, Kept};
use crate::limits::Limits;
use crate::lookup::Lookup;
use crate::metadata::{Delegation, Root, Snapshot, Targets, Timestamp};
use crate::notice::Notice;
use crate::role::{RoleName, TargetPath};
use crate::settings::Settings;
use crate::time::Freshness;
use crate::trusted::TrustedTargets;
use crate::trusted_role::TrustedRole;

/// The trusted metadata of one update (TUF-1.0.34 §5.1 to §5.6). It does not change: all targets looked up in it belong
/// to one consistent snapshot.
pub struct Session {
    root: Root,
    /// No more than the snapshot lists.
    verified_roles: Mutex<BTreeSet<RoleName>>,
    timestamp: Timestamp,
    snapshot: Snapshot,
    targets: Arc<Targets>,
    settings: Settings,
    now: SystemTime,
    notices: Vec<Notice>,
    shared: Mutex<Shared>,
}

/// What searches share and change.
struct Shared {
    kept: Kept,
    /// Bytes and files that may still be fetched.
    bytes: u64,
    requests: u32,
}

impl Session {
    pub(crate) fn new(
        trusted: TrustedTargets,
        settings: Settings,
        now: SystemTime,
        notices: Vec<Notice>,
        budget: u64,
    ) -> Self {
        let shared = Shared {
            kept: Kept::new(settings.limits.kept_bytes),
            bytes: budget,
            requests: settings.limits.delegated_requests,
        };
        let TrustedTargets { root, timestamp, snapshot, targets } = trusted;
        Self {
            root: root.into_root(),
            verified_roles: Mutex::default(),
            timestamp,
            snapshot,
            targets: Arc::new(targets),
            settings,
            now,
            notices,
            shared: Mutex::new(shared),
        }
    }

    /// The last root of the chain.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The timestamp.
    #[must_use]
    pub fn timestamp(&self) -> &Timestamp {
        &self.timestamp
    }

    /// The snapshot.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The top-level targets role.
    #[must_use]
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The top-level targets role, from which [`Client::delegated`](crate::Client::delegated) goes on.
    #[must_use]
    pub fn targets_role(&self) -> TrustedRole {
        self.trusted_role(RoleName::TARGETS, &self.targets)
    }

    /// Names of the delegated roles that were verified in this session so far, sorted: those whose files in the store
    /// belong to it.
    #[must_use]
    pub fn verified_roles(&self) -> Vec<RoleName> {
        self.verified_roles.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// A role that was verified in this session.
    pub(crate) fn trusted_role(&self, role: RoleName, targets: &Arc<Targets>) -> TrustedRole {
        TrustedRole { role, targets: Arc::clone(targets), top_level: self.top_level_targets() }
    }

    /// The delegation that stands at a place of a role's order, if its role is one of the snapshot.
    ///
    /// # Errors
    /// [`CallerError::OtherSession`] for a role of another session: its keys may have been revoked since.
    pub(crate) fn delegation(&self, by: &TrustedRole, at: usize) -> Result<Option<Delegation>, CallerError> {
        if !Arc::ptr_eq(&by.top_level, &self.targets) {
            return Err(CallerError::OtherSession { role: by.role.to_string() });
        }
        let delegation = by.targets.delegations().at(at);
        Ok(delegation.filter(|delegation| self.snapshot.version_of(delegation.role().as_str()).is_some()))
    }

    pub(crate) fn note_verified(&self, role: &RoleName) {
        self.verified_roles.lock().unwrap_or_else(PoisonError::into_inner).insert(role.clone());
    }

    /// What did not stop the update and a user should know.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The fixed update start time: the clock's, or a later one where the clock cannot be right (decision 0011).
    #[must_use]
    pub fn started(&self) -> SystemTime {
        self.now
    }

    /// Until when this session may be used: the earliest expiry of the four top-level roles. A process that lives
    /// longer must refresh; what it looks up may expire earlier still. It is the true expiry also where
    /// [`Settings::max_staleness`] accepts more.
    #[must_use]
    pub fn valid_until(&self) -> SystemTime {
        let root = self.root.expires().unwrap_or(SystemTime::UNIX_EPOCH);
        root.min(self.timestamp.expires()).min(self.snapshot.expires()).min(self.targets.expires())
    }

    /// Whether a top-level role had expired when the update started, and was accepted by [`Settings::max_staleness`]. Of
    /// a delegated role that is so where [`Found::valid_until`](crate::Found::valid_until) of an answer is not after
    /// [`Session::started`].
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.valid_until() <= self.started()
    }

    /// Starts the search for a target path (§5.6.7). Any number of searches can be under way at once.
    #[must_use]
    pub fn lookup(&self, path: &TargetPath) -> Lookup<'_> {
        Lookup::new(self, path.clone())
    }

    pub(crate) fn add_notice(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// What expiry is judged by at a time.
    pub(crate) fn freshness_at(&self, now: SystemTime) -> Freshness {
        Freshness { now, max_staleness: self.settings.max_staleness }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    pub(crate) fn top_level_targets(&self) -> Arc<Targets> {
        Arc::clone(&self.targets)
    }

    /// What was verified for a delegation that stands in this very document, where it is still kept.
    pub(crate) fn verified(&self, edge: &Edge, by: &Arc<Targets>) -> Option<Arc<Targets>> {
        self.shared().kept.get(edge, by)
    }

    /// Keeps what was verified, of a document with so many bytes.
    pub(crate) fn remember(&self, edge: Edge, by: &Arc<Targets>, targets: &Arc<Targets>, bytes: u64) {
        self.shared().kept.insert(edge, by, targets, bytes);
    }

    /// Takes one request out of the budget of the session.
    pub(crate) fn spend_request(&self, role: &RoleName) -> Result<(), RepositoryError> {
        let limit = self.settings.limits.delegated_requests;
        let mut shared = self.shared();
        let left = shared.requests.checked_sub(1);
        shared.requests = left.ok_or_else(|| RepositoryError::role(role, Fault::RequestBudget { limit }))?;
        Ok(())
    }

    /// Takes fetched bytes out of the budget of the update.
    pub(crate) fn spend(&self, role: &RoleName, bytes: u64) -> Result<(), RepositoryError> {
        let limit = self.settings.limits.update_bytes;
        let mut shared = self.shared();
        let left = shared.bytes.checked_sub(bytes);
        shared.bytes = left.ok_or_else(|| RepositoryError::role(role, Fault::UpdateBudget { limit }))?;
        Ok(())
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("root", &self.root.version())
            .field("timestamp", &self.timestamp.version())
            .field("snapshot", &self.snapshot.version())
            .field("targets", &self.targets.version())
            .finish_non_exhaustive()
    }
}
