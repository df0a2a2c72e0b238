//! Accepting what has expired not too long ago (decision 0016): by the second, shown as what it is, and nothing else
//! relaxed.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tufgate::Settings;
use tufgate::error::Fault;

use super::both::{AnyClient, Kind, NEXT_ROOT, TIMESTAMP, for_both, signed};
use super::shelf::Shelf;
use super::time::{ROLES, SECOND, expiring, tomorrow};
use crate::simulator::{DAY, EXPIRES, Repository, assert_refused, now};

fn stale_by(max_staleness: Duration) -> Settings {
    let mut settings = Settings::default();
    settings.max_staleness = max_staleness;
    settings
}

fn client<'s>(kind: Kind, repo: &Repository, shelf: &'s Shelf, time: SystemTime) -> AnyClient<&'s Shelf> {
    kind.client_with(repo, shelf, stale_by(DAY), move || time)
}

#[test]
fn a113_a_role_is_accepted_for_that_long_after_its_expiry_and_not_a_second_longer() {
    for_both(|kind| {
        for role in ROLES {
            let repo = expiring(role);
            // As it comes from the repository, and again from the store.
            for shelf in [Shelf::new(), {
                let shelf = Shelf::new();
                kind.client(&repo, &shelf).signer("alice/a").unwrap();
                shelf
            }] {
                let end = tomorrow() + DAY;
                let mut accepting = client(kind, &repo, &shelf, end - SECOND);
                let found = accepting.lookup("alice/a").unwrap();
                // What is true is told.
                let session = accepting.session();
                assert_eq!((found.valid_until(), session.started()), (tomorrow(), end - SECOND), "{role}");
                assert_eq!(
                    (session.is_stale(), session.valid_until() <= tomorrow()),
                    (role != "alice", role != "alice")
                );
                let result = client(kind, &repo, &shelf, end).lookup("alice/a");
                assert_refused(result, role, Fault::Expired { expires: tomorrow(), now: end });
            }
        }
    });
}

#[test]
fn a113_without_it_expiry_is_as_strict_as_ever() {
    for_both(|kind| {
        assert_eq!(Settings::default().max_staleness, Duration::ZERO);
        for role in ROLES {
            let repo = expiring(role);
            let mut fresh = kind.client_at(&repo, Shelf::new(), tomorrow() - SECOND);
            fresh.lookup("alice/a").unwrap();
            assert!(!fresh.session().is_stale());
            let result = kind.client_at(&repo, Shelf::new(), tomorrow()).lookup("alice/a");
            assert_refused(result, role, Fault::Expired { expires: tomorrow(), now: tomorrow() });
        }
    });
}

#[test]
fn a113_a_stale_session_is_used_until_its_end_and_then_brought_up_to_date_once() {
    for_both(|kind| {
        for role in ROLES {
            let mut repo = expiring(role);
            let time = Arc::new(Mutex::new(tomorrow() + SECOND));
            let clock = Arc::clone(&time);
            let mut client = kind.client_with(&repo, Shelf::new(), stale_by(DAY), move || *clock.lock().unwrap());
            client.lookup("alice/a").unwrap();
            repo.take_log();
            *time.lock().unwrap() = tomorrow() + DAY - SECOND;
            client.lookup("alice/a").unwrap();
            repo.assert_log(&[]);
            let end = tomorrow() + DAY;
            *time.lock().unwrap() = end;
            assert_refused(client.lookup("alice/a"), role, Fault::Expired { expires: tomorrow(), now: end });
            let asked = repo.take_log();
            assert_eq!(asked.iter().filter(|path| *path == TIMESTAMP).count(), usize::from(role != "root"), "{role}");

            repo.set_expires(role, EXPIRES);
            repo.publish();
            *time.lock().unwrap() = end + SECOND;
            assert!(signed(client.lookup("alice/a")).valid_until() > end);
            assert!(!client.session().is_stale());
        }
    });
}

#[test]
fn a107_a113_a_stale_timestamp_proves_nothing_about_the_clock() {
    for_both(|kind| {
        // Nothing but the timestamp expires: without it, the time of the run would be recorded.
        let mut repo = expiring("timestamp");
        let shelf = Shelf::new();
        repo.bump("targets");
        repo.publish();
        let later = tomorrow() + DAY - SECOND;
        assert!(client(kind, &repo, &shelf, later).refresh().unwrap().is_stale());
        let mut earlier = client(kind, &repo, &shelf, now());
        let session = earlier.refresh().unwrap();
        assert_eq!((session.started(), session.notices()), (now(), &[][..]));
    });
}

#[test]
fn a069_a077_a113_floors_hold_for_stale_files_too() {
    for_both(|kind| {
        let mut repo = expiring("timestamp");
        let old = repo.files();
        repo.bump("targets");
        repo.publish();
        let shelf = Shelf::new();
        let stale = tomorrow() + SECOND;
        client(kind, &repo, &shelf, stale).refresh().unwrap();
        let before = shelf.files();
        repo.go_back_to(&old);
        repo.take_log();
        let result = client(kind, &repo, &shelf, stale).refresh().map(drop);
        assert_refused(result, "timestamp", Fault::Rollback { trusted: 3, found: 2 });
        repo.assert_log(&[NEXT_ROOT, TIMESTAMP]);
        assert_eq!(shelf.files(), before);
    });
}

#[test]
fn a111_a113_the_longest_staleness_overflows_nothing() {
    for_both(|kind| {
        for role in ROLES {
            let repo = expiring(role);
            let time = std::time::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
            let mut client = kind.client_with(&repo, Shelf::new(), stale_by(Duration::MAX), move || time);
            assert_eq!(signed(client.lookup("alice/a")).valid_until(), tomorrow());
        }
    });
}
