//! What came from the repository, before anything is read in it: that it came, its length, the budget; and when to ask
//! again.

use super::{Refresh, State};
use crate::error::{Error, Fault, RepositoryError};
use crate::metadata::{MetaFile, Timestamp};
use crate::role::RoleName;
use crate::trusted::FreshRoot;

impl Refresh {
    pub(super) fn fetched(
        &mut self,
        role: &RoleName,
        answer: Option<Vec<u8>>,
        cap: u64,
    ) -> Result<Vec<u8>, RepositoryError> {
        let bytes = answer.ok_or_else(|| RepositoryError::role(role, Fault::Missing))?;
        self.spend(role, bytes, cap)
    }

    /// The same where a length may be signed: then that is what is reported.
    pub(super) fn fetched_pinned(
        &mut self,
        role: &RoleName,
        answer: Option<Vec<u8>>,
        pin: &MetaFile,
        cap: u64,
    ) -> Result<Vec<u8>, RepositoryError> {
        if let (Some(bytes), Some(expected)) = (&answer, pin.length()) {
            let found = bytes.len() as u64;
            if found > cap && expected <= cap {
                return Err(RepositoryError::role(role, Fault::Length { expected, found }));
            }
        }
        self.fetched(role, answer, cap)
    }

    pub(super) fn spend(&mut self, role: &RoleName, bytes: Vec<u8>, cap: u64) -> Result<Vec<u8>, RepositoryError> {
        let length = bytes.len() as u64;
        if length > cap {
            return Err(RepositoryError::role(role, Fault::TooLarge { limit: cap }));
        }
        self.budget = self.budget.checked_sub(length).ok_or_else(|| {
            RepositoryError::role(role, Fault::UpdateBudget { limit: self.settings.limits.update_bytes })
        })?;
        Ok(bytes)
    }

    /// A file that was named a moment ago is gone, or is another one. If that is because the repository published anew
    /// meanwhile, timestamp shows it, and the update goes on from there; if timestamp is still the same, the error stays.
    pub(super) fn begin_again(
        &mut self,
        root: FreshRoot,
        timestamp: Timestamp,
        error: RepositoryError,
    ) -> Result<State, Error> {
        let limit = self.settings.limits.restarts;
        if self.restarts >= limit || !error.may_be_overtaken(root.root().consistent_snapshot()) {
            return Err(error.into());
        }
        self.restarts += 1;
        self.interrupted = Some(error);
        Ok(State::FetchTimestamp(Box::new(root), Some(timestamp)))
    }
}
