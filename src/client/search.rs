//! Many searches in one session, at once: each delegated role is loaded, fetched and verified by one of them, and the
//! others find it verified afterwards.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::blocking::stopped;
use crate::error::{Error, share};
use crate::kept::{By, Edge};
use crate::lookup::{Found, Lookup, Wanted};
use crate::refresh::Action;
use crate::role::{RoleName, TargetPath};
use crate::session::Session;
use crate::trusted_role::TrustedRole;

/// What a driver must do next.
pub(super) enum Step {
    Do(Action),
    /// Wait until no other search is at this role, then step again.
    Wait(RoleName),
}

impl From<Action> for Step {
    fn from(action: Action) -> Self {
        Self::Do(action)
    }
}

/// One search: the machine, and its turn at the role it awaits. It never holds more than one turn, and none while it
/// waits for another, so searches cannot block each other for ever.
pub(super) struct Search<'s> {
    session: &'s Session,
    turns: &'s Turns,
    machine: Lookup<'s>,
    turn: Option<Turn<'s>>,
    waiting: bool,
}

impl<'s> Search<'s> {
    pub(super) fn new(session: &'s Session, turns: &'s Turns, path: &TargetPath) -> Self {
        Self::of(session, turns, session.lookup(path))
    }

    pub(super) fn of(session: &'s Session, turns: &'s Turns, machine: Lookup<'s>) -> Self {
        Self { session, turns, machine, turn: None, waiting: false }
    }

    /// As [`Lookup::step`], at each new role after its turn has come.
    pub(super) fn step(&mut self, answer: Option<Vec<u8>>) -> Result<Step, Error> {
        let resumed = std::mem::take(&mut self.waiting);
        let mut action = if resumed { self.machine.resume()? } else { self.machine.step(answer)? };
        while let Some(wanted) = self.machine.wanted() {
            if self.turn.as_ref().is_some_and(|turn| turn.is_at(wanted)) {
                break;
            }
            self.turn = None;
            match self.turns.take(self.session, wanted)? {
                Taken::Mine(turn) => self.turn = Some(turn),
                Taken::Verified => action = self.machine.resume()?,
                Taken::Busy => {
                    self.waiting = true;
                    return Ok(Step::Wait(wanted.edge.role.clone()));
                }
            }
        }
        Ok(Step::Do(action))
    }

    /// The result of a search that was driven to its end, or not. A role that failed is not asked for again in this
    /// session: whoever else needs it is told the same.
    pub(super) fn end(self, driven: Result<(), Error>) -> Result<Found, Error> {
        self.ended(driven)?.into_found().ok_or_else(stopped)
    }

    /// The same of [`Lookup::of_role`].
    pub(super) fn end_role(self, driven: Result<(), Error>) -> Result<TrustedRole, Error> {
        self.ended(driven)?.into_role().ok_or_else(stopped)
    }

    fn ended(self, driven: Result<(), Error>) -> Result<Lookup<'s>, Error> {
        match driven {
            Ok(()) => Ok(self.machine),
            Err(error) => match (self.turn, self.machine.wanted()) {
                (Some(turn), Some(wanted)) if turn.is_at(wanted) => Err(turn.fail(error)),
                _ => Err(error),
            },
        }
    }
}

/// Whose turn it is at which role, and what failed. One for each session.
#[derive(Default)]
pub(super) struct Turns {
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    /// Roles at which a search is, with those that wait without a thread.
    busy: HashMap<RoleName, Vec<Waker>>,
    /// By the edge that failed, as what is verified: a role that one delegator names the wrong keys for may well be
    /// trusted by another.
    failed: HashMap<Edge, (By, Arc<Error>)>,
}

enum Taken<'t> {
    Mine(Turn<'t>),
    Verified,
    Busy,
}

/// The right to load, fetch and verify one role, until dropped.
struct Turn<'t> {
    turns: &'t Turns,
    wanted: Wanted,
}

impl Turns {
    /// Waits on this thread until no search is at the role.
    pub(super) fn wait(&self, role: &RoleName) {
        let mut state = self.state();
        while state.busy.contains_key(role) {
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The same without a thread.
    pub(super) async fn wait_async(&self, role: &RoleName) {
        poll_fn(|context| match self.state().busy.get_mut(role) {
            None => Poll::Ready(()),
            Some(waiting) => {
                if !waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                    waiting.push(context.waker().clone());
                }
                Poll::Pending
            }
        })
        .await;
    }

    /// Takes the turn at a role where nobody has it and the role is not known yet. An error is what it failed by before.
    fn take(&self, session: &Session, wanted: &Wanted) -> Result<Taken<'_>, Error> {
        let mut state = self.state();
        if state.busy.contains_key(&wanted.edge.role) {
            return Ok(Taken::Busy);
        }
        // Nobody is at the role, so that what is known of it stays as it is found here.
        if session.verified(&wanted.edge, &wanted.by).is_some() {
            return Ok(Taken::Verified);
        }
        match state.failed.get(&wanted.edge) {
            Some((by, error)) if by.is(&wanted.by) => return Err(share(error)),
            _ => {}
        }
        state.busy.insert(wanted.edge.role.clone(), Vec::new());
        Ok(Taken::Mine(Turn { turns: self, wanted: wanted.clone() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one call of a map, so a panic elsewhere cannot have left one half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    fn is_at(&self, wanted: &Wanted) -> bool {
        self.wanted.edge == wanted.edge && Arc::ptr_eq(&self.wanted.by, &wanted.by)
    }

    /// Keeps the error for others before they get their turn.
    fn fail(self, error: Error) -> Error {
        let error = Arc::new(error);
        let told = share(&error);
        self.turns.state().failed.insert(self.wanted.edge.clone(), (By::new(&self.wanted.by), error));
        told
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let waiting = self.turns.state().busy.remove(&self.wanted.edge.role);
        self.turns.freed.notify_all();
        for waker in waiting.into_iter().flatten() {
            waker.wake();
        }
    }
}
