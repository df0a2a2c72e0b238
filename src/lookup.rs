//! Which role speaks for a target path: the pre-order depth-first walk through delegations (TUF-1.0.34 §5.6.7), as a
//! machine without I/O.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::SystemTime;

use crate::commit::Commit;
use crate::error::{Error, Fault, RepositoryError};
use crate::kept::Edge;
use crate::metadata::{Delegation, MetaFile, TargetEntry, Targets};
use crate::refresh::{Action, Fetch, max_bytes, metadata_path};
use crate::role::{RoleName, TargetPath};
use crate::session::Session;
use crate::store::Entry;
use crate::target::{Place, TargetInfo};
use crate::trusted::{check_expiry, judge_targets};
use crate::trusted_role::TrustedRole;

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A role that is trusted for the path signs for this file.
    Signed(TargetInfo),
    /// All roles that are trusted for the path were asked, and none lists it. That is a signed answer, not a failure.
    Unsigned {
        /// The roles that were asked, in order.
        asked: Vec<RoleName>,
        /// Until when the answer holds: the earliest expiry of what it rests on.
        valid_until: SystemTime,
    },
}

impl Found {
    /// Until when the answer holds: the earliest expiry of what it rests on.
    #[must_use]
    pub fn valid_until(&self) -> SystemTime {
        match self {
            Self::Signed(info) => info.valid_until(),
            Self::Unsigned { valid_until, .. } => *valid_until,
        }
    }
}

/// The machine for one search. Drive it like [`crate::Refresh`]; it may share a session with other searches.
///
/// Anything that fails on the way ends the search with an error: a role that cannot be had, or is expired, or does not
/// verify, must not hand its paths to a role of lower priority.
pub struct Lookup<'s> {
    session: &'s Session,
    /// What is searched for; `None` where one role is wanted for its own sake.
    path: Option<TargetPath>,
    /// Delegations still to be visited, the next one last. An error ends the search when its turn comes.
    stack: Vec<Result<Pending, RepositoryError>>,
    visited: HashSet<RoleName>,
    asked: Vec<RoleName>,
    /// The document of the role that is wanted for its own sake, once it is accepted.
    role: Option<TrustedRole>,
    valid_until: SystemTime,
    /// The role that is awaited; none as soon as it is accepted.
    wanted: Option<Wanted>,
    state: State,
}

/// A role that a search waits for: the delegation to it, in this very document.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) edge: Edge,
    pub(crate) by: Arc<Targets>,
}

/// A delegation on the way, with the document that it stands in.
struct Pending {
    delegator: RoleName,
    by: Arc<Targets>,
    delegation: Delegation,
}

/// A role that verified, and how many bytes its document had.
struct Judged {
    targets: Arc<Targets>,
    bytes: u64,
}

enum State {
    Start,
    Load(Pending, MetaFile),
    Fetch(Pending, MetaFile),
    Commit(Commit, Pending, Judged),
    Done(Found),
    Over,
}

impl<'s> Lookup<'s> {
    pub(crate) fn new(session: &'s Session, path: TargetPath) -> Self {
        Self::with(session, Some(path), Vec::new())
    }

    /// The machine that has one delegation's role verified, and asks nobody for a path.
    pub(crate) fn of_role(session: &'s Session, by: &TrustedRole, delegation: Delegation) -> Self {
        let pending = Pending { delegator: by.role.clone(), by: Arc::clone(&by.targets), delegation };
        Self::with(session, None, vec![Ok(pending)])
    }

    fn with(session: &'s Session, path: Option<TargetPath>, stack: Vec<Result<Pending, RepositoryError>>) -> Self {
        Self {
            session,
            path,
            stack,
            visited: HashSet::new(),
            asked: Vec::new(),
            role: None,
            valid_until: session.valid_until(),
            wanted: None,
            state: State::Start,
        }
    }

    /// Takes the answer to the last action and says what is needed next. The answer to the first call is `None`.
    ///
    /// # Errors
    /// The first check that fails ends the search.
    pub fn step(&mut self, answer: Option<Vec<u8>>) -> Result<Action, Error> {
        let state = std::mem::replace(&mut self.state, State::Over);
        self.state = self.advance(state, answer)?;
        Ok(self.action())
    }

    /// What was found, once the machine said [`Action::Done`].
    pub fn into_found(self) -> Option<Found> {
        match self.state {
            State::Done(found) => Some(found),
            _ => None,
        }
    }

    /// The role that [`Lookup::of_role`] was for, once the machine said [`Action::Done`].
    pub(crate) fn into_role(self) -> Option<TrustedRole> {
        self.role
    }

    /// The role that is awaited, from the action that loads it until it is accepted. An error while there is one is
    /// about that role.
    pub(crate) fn wanted(&self) -> Option<&Wanted> {
        self.wanted.as_ref()
    }

    /// Says again what is needed, after other searches of the session may have verified it.
    pub(crate) fn resume(&mut self) -> Result<Action, Error> {
        self.state = match std::mem::replace(&mut self.state, State::Over) {
            State::Load(pending, pin) => match self.session.verified(&pending.edge(), &pending.by) {
                Some(verified) => {
                    self.wanted = None;
                    self.visit(pending.delegation.role().clone(), verified)?
                }
                None => State::Load(pending, pin),
            },
            state => state,
        };
        Ok(self.action())
    }

    fn action(&self) -> Action {
        let cap = self.session.limits().targets_bytes;
        match &self.state {
            State::Load(pending, pin) => Action::Load {
                entry: Entry::Delegated(pending.delegation.role().clone()),
                max_bytes: max_bytes(pin, cap),
            },
            State::Fetch(pending, pin) => {
                let role = pending.delegation.role().clone();
                let path = metadata_path(&role, pin, self.session.root().consistent_snapshot());
                Action::Fetch(Fetch { role, path, max_bytes: max_bytes(pin, cap), forbidden_is_absent: false })
            }
            State::Commit(commit, ..) => Action::Commit(commit.clone()),
            State::Start | State::Done(_) | State::Over => Action::Done,
        }
    }

    fn advance(&mut self, state: State, answer: Option<Vec<u8>>) -> Result<State, Error> {
        match state {
            State::Start if self.path.is_none() => self.pursue(),
            State::Start => self.visit(RoleName::TARGETS, self.session.top_level_targets()),
            State::Load(pending, pin) => match answer.map(|bytes| self.judge(&pending, &pin, &bytes)) {
                Some(Ok(judged)) => self.accept(pending, judged),
                // Absent, older, or verified for another delegator only: what the repository has decides.
                Some(Err(_)) | None => {
                    self.session.spend_request(pending.delegation.role())?;
                    Ok(State::Fetch(pending, pin))
                }
            },
            State::Fetch(pending, pin) => self.fetched(pending, &pin, answer),
            State::Commit(_, pending, judged) => self.accept(pending, judged),
            state @ (State::Done(_) | State::Over) => Ok(state),
        }
    }

    /// Asks a role for the path, and those after it as long as they were verified in this session before.
    fn visit(&mut self, role: RoleName, targets: Arc<Targets>) -> Result<State, Error> {
        match self.ask(role, &targets)? {
            Some(found) => Ok(State::Done(found)),
            None => self.pursue(),
        }
    }

    /// Goes on with the delegations that are still to be visited.
    fn pursue(&mut self) -> Result<State, Error> {
        while let Some(pending) = self.next()? {
            let role = pending.delegation.role().clone();
            let Some(verified) = self.session.verified(&pending.edge(), &pending.by) else {
                let not_listed = || RepositoryError::role(&role, Fault::NotInSnapshot);
                let pin = self.session.snapshot().meta(&role).ok_or_else(not_listed)?;
                self.wanted = Some(Wanted { edge: pending.edge(), by: Arc::clone(&pending.by) });
                return Ok(State::Load(pending, pin));
            };
            if let Some(found) = self.ask(role, &verified)? {
                return Ok(State::Done(found));
            }
        }
        let asked = std::mem::take(&mut self.asked);
        Ok(State::Done(Found::Unsigned { asked, valid_until: self.valid_until }))
    }

    /// What a role says of the path itself; if nothing, what it delegates goes before all that is still pending.
    fn ask(&mut self, role: RoleName, targets: &Arc<Targets>) -> Result<Option<Found>, Error> {
        self.valid_until = self.valid_until.min(targets.expires());
        let Some(path) = &self.path else {
            self.role = Some(self.session.trusted_role(role, targets));
            return Ok(None);
        };
        if let Some(entry) = targets.target(path) {
            return Ok(Some(Found::Signed(self.info(path, role, entry)?)));
        }
        let claiming = targets.delegations().claiming(path);
        if matches!(claiming.last(), Some(Ok(last)) if last.is_terminating()) {
            // Nobody that stands behind a terminating delegation is asked, here or further up (§5.6.7.2).
            self.stack.clear();
        }
        let pending = |delegation| Pending { delegator: role.clone(), by: Arc::clone(targets), delegation };
        let refused = |fault| RepositoryError::role(&role, fault);
        self.stack.extend(claiming.into_iter().rev().map(|claim| claim.map(pending).map_err(refused)));
        self.asked.push(role);
        Ok(None)
    }

    /// The next delegation to a role that was not visited before.
    fn next(&mut self) -> Result<Option<Pending>, RepositoryError> {
        while let Some(pending) = self.stack.pop().transpose()? {
            if !self.visited.insert(pending.delegation.role().clone()) {
                continue;
            }
            let limit = self.session.limits().visited_roles;
            if let Some(path) = self.path.as_ref().filter(|_| self.visited.len() > limit as usize) {
                return Err(RepositoryError::target(path, Fault::TooManyRoles { limit }));
            }
            return Ok(Some(pending));
        }
        Ok(None)
    }

    fn fetched(&mut self, pending: Pending, pin: &MetaFile, answer: Option<Vec<u8>>) -> Result<State, Error> {
        let role = pending.delegation.role();
        let fault = |fault| Error::from(RepositoryError::role(role, fault));
        let bytes = answer.ok_or_else(|| fault(Fault::Missing))?;
        let (found, cap) = (bytes.len() as u64, self.session.limits().targets_bytes);
        if found > cap {
            return Err(fault(Fault::TooLarge { limit: cap }));
        }
        self.session.spend(role, found)?;
        let judged = self.judge(&pending, pin, &bytes)?;
        check_expiry(role, judged.targets.expires(), self.session.freshness_at(self.session.started()))?;
        let commit = Commit::write(Entry::Delegated(role.clone()), pin.version(), bytes);
        Ok(State::Commit(commit, pending, judged))
    }

    fn accept(&mut self, pending: Pending, judged: Judged) -> Result<State, Error> {
        let Judged { targets, bytes } = judged;
        let role = pending.delegation.role().clone();
        check_expiry(&role, targets.expires(), self.session.freshness_at(self.session.started()))?;
        self.session.remember(pending.edge(), &pending.by, &targets, bytes);
        self.session.note_verified(&role);
        self.wanted = None;
        self.visit(role, targets)
    }

    /// Everything but expiry: length and hashes, signatures of this delegator's keys, version, and that a hash bin
    /// lists only what belongs into it.
    fn judge(&self, pending: &Pending, pin: &MetaFile, bytes: &[u8]) -> Result<Judged, RepositoryError> {
        let role = pending.delegation.role();
        let delegations = pending.by.delegations();
        let authority = delegations.authority(&pending.delegator, &pending.delegation);
        let targets = judge_targets(role, bytes, pin, &authority, self.session.limits())?;
        let mut paths = targets.targets().iter().map(TargetEntry::path);
        if let Some(path) = delegations.outside_of_bin(&pending.delegation, &mut paths) {
            let path = path.chars().take(256).collect();
            return Err(RepositoryError::role(role, Fault::WrongBin { path }));
        }
        Ok(Judged { targets: Arc::new(targets), bytes: bytes.len() as u64 })
    }

    fn info(&self, path: &TargetPath, role: RoleName, entry: &TargetEntry) -> Result<TargetInfo, Error> {
        let target = |fault| Error::from(RepositoryError::target(path, fault));
        let hashes = entry.hashes().ok_or_else(|| target(Fault::NoKnownHash))?;
        let limit = self.session.limits().target_bytes;
        if entry.length() > limit {
            return Err(target(Fault::TooLarge { limit }));
        }
        Ok(TargetInfo {
            path: path.clone(),
            length: entry.length(),
            exact: true,
            hashes: hashes.clone(),
            custom: entry.custom().map(str::to_owned),
            role,
            valid_until: self.valid_until,
            place: match self.session.root().consistent_snapshot() && !self.session.settings().plain_target_names {
                true => Place::HashedName,
                false => Place::PlainName,
            },
        })
    }
}

impl Pending {
    fn edge(&self) -> Edge {
        Edge { delegator: self.delegator.clone(), role: self.delegation.role().clone() }
    }
}

impl std::fmt::Debug for Lookup<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lookup").field("path", &self.path).field("next", &self.action()).finish_non_exhaustive()
    }
}
