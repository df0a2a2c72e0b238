//! Delegated roles that were verified in a session, as many as memory allows.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use crate::metadata::Targets;
use crate::role::RoleName;

/// A delegation from one role to another, within one session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Edge {
    pub(crate) delegator: RoleName,
    pub(crate) role: RoleName,
}

/// The very document that a delegation stands in, which it does not keep in memory: a delegator may be much larger than
/// what it delegates to. While this is there, no other document can be at its address.
#[derive(Clone)]
pub(crate) struct By(Weak<Targets>);

impl By {
    pub(crate) fn new(document: &Arc<Targets>) -> Self {
        Self(Arc::downgrade(document))
    }

    pub(crate) fn is(&self, document: &Arc<Targets>) -> bool {
        std::ptr::eq(self.0.as_ptr(), Arc::as_ptr(document))
    }
}

/// What is kept of a session's delegated roles. The key is the edge, not the role: metadata that one delegator's keys
/// signed says nothing about another's. Each stands with [`By`], the delegator's document that names those keys, since one
/// role can have two documents, each signed for another delegator.
///
/// Two generations, each of at most half the limit. What is asked for goes to the young one; when that is full it
/// becomes the old one, and what was not asked for since the last time is dropped. It is loaded and verified again where
/// it is needed.
pub(crate) struct Kept {
    young: Generation,
    old: Generation,
    half: u64,
}

#[derive(Default)]
struct Generation {
    roles: HashMap<Edge, Role>,
    bytes: u64,
}

struct Role {
    by: By,
    targets: Arc<Targets>,
    bytes: u64,
}

impl Kept {
    /// Keeps roles whose documents have about so many bytes together.
    pub(crate) fn new(limit: u64) -> Self {
        Self { young: Generation::default(), old: Generation::default(), half: limit / 2 }
    }

    /// What was verified for a delegation that stands in this very document.
    pub(crate) fn get(&mut self, edge: &Edge, by: &Arc<Targets>) -> Option<Arc<Targets>> {
        if !self.young.roles.contains_key(edge) {
            let role = self.old.take(edge)?;
            self.put(edge.clone(), role);
        }
        let role = self.young.roles.get(edge)?;
        role.by.is(by).then(|| Arc::clone(&role.targets))
    }

    /// Keeps a role whose document had so many bytes, for the delegation in this document.
    pub(crate) fn insert(&mut self, edge: Edge, by: &Arc<Targets>, targets: &Arc<Targets>, bytes: u64) {
        self.old.take(&edge);
        self.young.take(&edge);
        self.put(edge, Role { by: By::new(by), targets: Arc::clone(targets), bytes });
    }

    fn put(&mut self, edge: Edge, role: Role) {
        if self.young.bytes.saturating_add(role.bytes) > self.half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.bytes = self.young.bytes.saturating_add(role.bytes);
        self.young.roles.insert(edge, role);
    }
}

impl Generation {
    fn take(&mut self, edge: &Edge) -> Option<Role> {
        let role = self.roles.remove(edge)?;
        self.bytes = self.bytes.saturating_sub(role.bytes);
        Some(role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::metadata::Signed;

    fn document() -> Arc<Targets> {
        let text =
            r#"{"_type":"targets","spec_version":"1.0.34","version":1,"expires":"2035-01-01T00:00:00Z","targets":{}}"#;
        Arc::new(Targets::parse(text, &Limits::default()).unwrap())
    }

    fn edge(number: usize) -> Edge {
        Edge { delegator: RoleName::TARGETS, role: RoleName::new(format!("bin-{number}")).unwrap() }
    }

    #[test]
    fn a177_what_is_asked_for_stays_and_the_rest_is_dropped_within_the_limit() {
        let (by, targets) = (document(), document());
        let mut kept = Kept::new(100);
        for number in 0..1000 {
            kept.insert(edge(number), &by, &targets, 10);
            assert!(kept.get(&edge(0), &by).is_some(), "{number}");
            assert!(kept.young.bytes <= 50 && kept.old.bytes <= 50, "{number}");
        }
        let there = (0..1000).filter(|number| kept.young.roles.contains_key(&edge(*number))).count();
        assert_eq!((there * 10) as u64, kept.young.bytes);
        assert!(kept.get(&edge(500), &by).is_none());
        assert!(kept.get(&edge(999), &by).is_some());
    }

    #[test]
    fn a124_a_role_is_kept_for_one_document_of_its_delegator() {
        let (by, another, targets) = (document(), document(), document());
        let mut kept = Kept::new(100);
        kept.insert(edge(0), &by, &targets, 10);
        assert!(kept.get(&edge(0), &by).is_some_and(|found| Arc::ptr_eq(&found, &targets)));
        assert!(kept.get(&edge(0), &another).is_none());
        kept.insert(edge(0), &another, &targets, 10);
        assert!(kept.get(&edge(0), &by).is_none());
        assert_eq!(kept.young.bytes, 10);
    }

    #[test]
    fn a177_what_is_kept_does_not_keep_its_delegator() {
        let (by, targets) = (document(), document());
        let mut kept = Kept::new(100);
        kept.insert(edge(0), &by, &targets, 10);
        assert_eq!((Arc::strong_count(&by), Arc::strong_count(&targets)), (1, 2));
        drop(by);
        assert!((0..100).all(|_| kept.get(&edge(0), &document()).is_none()));
    }

    #[test]
    fn a177_a_role_larger_than_the_limit_is_kept_until_the_next() {
        let (by, targets) = (document(), document());
        let mut kept = Kept::new(0);
        kept.insert(edge(0), &by, &targets, 10);
        assert!(kept.get(&edge(0), &by).is_some());
        kept.insert(edge(1), &by, &targets, 10);
        kept.insert(edge(2), &by, &targets, 10);
        assert!(kept.get(&edge(0), &by).is_none());
    }
}
