//! One targets role with what it says, for whoever needs all of it and not one path's answer.

use std::sync::Arc;

use crate::metadata::Targets;
use crate::role::RoleName;

/// A targets role, top-level or delegated, as it was verified in a session for the delegation that leads to it. It
/// vouches for others in that session alone.
#[derive(Debug, Clone)]
pub struct TrustedRole {
    pub(crate) role: RoleName,
    pub(crate) targets: Arc<Targets>,
    /// The session, by its top-level targets: kept here, so that nothing else can be at their address.
    pub(crate) top_level: Arc<Targets>,
}

impl TrustedRole {
    /// Its name.
    #[must_use]
    pub fn role(&self) -> &RoleName {
        &self.role
    }

    /// What it lists, and to whom it delegates.
    #[must_use]
    pub fn targets(&self) -> &Targets {
        &self.targets
    }
}
