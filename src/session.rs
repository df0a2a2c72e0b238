//! What one update found trusted: a consistent snapshot of the repository, from which targets are looked up.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::error::{Fault, RepositoryError};
use crate::limits::Limits;
use crate::lookup::Lookup;
use crate::metadata::{Root, Snapshot, Targets, Timestamp};
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
    delegated: Mutex<Delegated>,
}

/// Delegated roles that were verified in this session. The key is the edge, not the role: metadata that one delegator's
/// keys signed says nothing about another's. Each stands with the delegator's document that names those keys, since one
/// role can have two documents, each signed for another delegator.
struct Delegated {
    by_edge: HashMap<Edge, (Arc<Targets>, Arc<Targets>)>,
    budget: u64,
}

/// A delegation from one role to another, within one session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Edge {
    pub(crate) delegator: RoleName,
    pub(crate) role: RoleName,
}

impl Session {
    pub(crate) fn new(
        trusted: TrustedTargets,
        settings: Settings,
        now: SystemTime,
        notices: Vec<Notice>,
        budget: u64,
    ) -> Self {
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
            delegated: Mutex::new(Delegated { by_edge: HashMap::new(), budget }),
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
        TrustedRole { role: RoleName::TARGETS, targets: Arc::clone(&self.targets) }
    }

    /// Names of the delegated roles that were verified in this session so far, sorted: those whose files in the store
    /// belong to it.
    #[must_use]
    pub fn verified_roles(&self) -> Vec<RoleName> {
        self.verified_roles.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
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

    /// What was verified for a delegation that stands in this very document.
    pub(crate) fn verified(&self, edge: &Edge, by: &Arc<Targets>) -> Option<Arc<Targets>> {
        let delegated = self.delegated.lock().unwrap_or_else(PoisonError::into_inner);
        let (named_by, targets) = delegated.by_edge.get(edge)?;
        Arc::ptr_eq(named_by, by).then(|| Arc::clone(targets))
    }

    pub(crate) fn remember(&self, edge: Edge, by: &Arc<Targets>, targets: &Arc<Targets>) {
        let mut delegated = self.delegated.lock().unwrap_or_else(PoisonError::into_inner);
        delegated.by_edge.insert(edge, (Arc::clone(by), Arc::clone(targets)));
    }

    /// Takes fetched bytes out of the budget of the update.
    pub(crate) fn spend(&self, role: &RoleName, bytes: u64) -> Result<(), RepositoryError> {
        let mut delegated = self.delegated.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = self.settings.limits.update_bytes;
        delegated.budget = delegated
            .budget
            .checked_sub(bytes)
            .ok_or_else(|| RepositoryError::role(role, Fault::UpdateBudget { limit }))?;
        Ok(())
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
