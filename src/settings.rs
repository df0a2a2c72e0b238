//! What a caller sets about one repository.

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
}
