//! What a caller sets about one repository.

use std::time::Duration;

use crate::limits::Limits;

/// What can be set about one repository, apart from where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Limits on all that an attacker can lengthen.
    pub limits: Limits,
    /// Whether "forbidden" ends the chain of roots as "absent" does. Off by default: a middlebox that answers 403 could
    /// then hide new roots until the last one expires. Object stores that may not be listed need it.
    pub forbidden_is_absent: bool,
    /// Leaves out the hash before the last segment of a target's address although the repository uses consistent
    /// snapshots.
    pub plain_target_names: bool,
    /// For how long after its expiry a role is still accepted. Zero by default, and for every client that can reach its
    /// repository: whoever serves old files can freeze it for as long. It is for verification without a network, and
    /// relaxes nothing else; [`crate::Session::is_stale`] tells (`spec-notes/decisions/0016-staleness.md`).
    pub max_staleness: Duration,
}
