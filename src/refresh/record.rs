//! The floors of this run, what of them is written, and how a damaged record comes back.

use super::Refresh;
use crate::commit::Commit;
use crate::error::{RepositoryError, StoreError, StoreFault};
use crate::notice::Notice;
use crate::store::Entry;
use crate::time;
use crate::trusted::TrustedTimestamp;

impl Refresh {
    /// A commit that starts with the floors; with nothing as long as a damaged record was not restored.
    pub(super) fn commit_floors(&mut self) -> Commit {
        if self.floors_damaged {
            return Commit::default();
        }
        self.floors_changed = false;
        Commit::floors(&self.floors)
    }

    /// A damaged record of floors can be restored only from stored metadata that verifies.
    pub(super) fn restore_impossible(&self) -> Result<(), StoreError> {
        if self.floors_damaged {
            return Err(StoreError::new(Entry::Floors.file_name(), StoreFault::FloorsDamaged));
        }
        Ok(())
    }

    pub(super) fn floors_restored(&mut self) {
        if std::mem::take(&mut self.floors_damaged) {
            self.notices.push(Notice::FloorsRestored);
            self.floors_changed = true;
        }
    }

    /// An unexpired timestamp bounds how far ahead the clock can be: only now may the start time become a floor, so that
    /// one run with a clock far in the future does not lock the client out until then. One that is stale bounds nothing.
    pub(super) fn update_proven(&mut self, on: &TrustedTimestamp) {
        if on.timestamp.expires() > self.now {
            self.floors.time = self.floors.time.max(time::seconds(self.now));
        }
    }

    pub(super) fn unusable(&mut self, entry: Entry, error: &RepositoryError) {
        self.notices.push(Notice::StoredFile { entry, reason: error.fault.to_string() });
    }
}
