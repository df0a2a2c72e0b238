//! The top-level targets role (§5.6.1 to §5.6.6), which completes the session.

use super::{Refresh, State, max_bytes};
use crate::commit::Commit;
use crate::error::Error;
use crate::metadata::MetaFile;
use crate::notice::Notice;
use crate::role::RoleName;
use crate::session::Session;
use crate::store::Entry;
use crate::trusted::{TrustedSnapshot, TrustedTargets};

impl Refresh {
    pub(super) fn targets_loaded(
        &mut self,
        on: Box<TrustedSnapshot>,
        pin: MetaFile,
        answer: Option<Vec<u8>>,
    ) -> Result<State, Error> {
        let Some(bytes) = answer else { return Ok(State::FetchTargets(on, pin)) };
        match on.judge_targets(&bytes, &pin, &self.settings.limits) {
            Ok(stored) => Ok(self.done(on.trust_targets(stored, self.freshness())?)),
            // Normally just an older one; it is fetched anew in any case.
            Err(_) => Ok(State::FetchTargets(on, pin)),
        }
    }

    pub(super) fn targets_fetched(
        &mut self,
        on: TrustedSnapshot,
        pin: &MetaFile,
        answer: Option<Vec<u8>>,
    ) -> Result<State, Error> {
        let cap = max_bytes(pin, self.settings.limits.targets_bytes);
        let fetched = self.fetched_pinned(&RoleName::TARGETS, answer, pin, cap);
        let judged = fetched.and_then(|bytes| Ok((on.judge_targets(&bytes, pin, &self.settings.limits)?, bytes)));
        let (new, bytes) = match judged {
            Ok(judged) => judged,
            Err(error) => return self.begin_again(on.root, on.timestamp, error),
        };
        let trusted = on.trust_targets(new, self.freshness())?;
        let commit = Commit::write(Entry::Targets, pin.version(), bytes);
        Ok(State::Commit(commit, Box::new(self.done(trusted))))
    }

    fn done(&mut self, trusted: TrustedTargets) -> State {
        let mut notices = std::mem::take(&mut self.notices);
        if self.clock < self.now {
            notices.push(Notice::ClockBehind { clock: self.clock, used: self.now });
        }
        State::Done(Box::new(Session::new(trusted, self.settings.clone(), self.now, notices, self.budget)))
    }
}
