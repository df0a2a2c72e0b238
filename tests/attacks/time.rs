//! Expiry and the clock: freeze attacks, clocks that are wrong, the fixed update start time (TUF-1.0.34 §5.1).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tufgate::error::{Attack, Error, Fault, Malformed};
use tufgate::{Found, Notice, Settings};

use super::both::{NEXT_ROOT, TIMESTAMP, for_both, signed, versions};
use super::shelf::Shelf;
use crate::simulator::{DAY, Delegation, EXPIRES, Repository, assert_refused, now};

pub(super) const SECOND: Duration = Duration::from_secs(1);
const TOMORROW: &str = "2030-01-02T00:00:00Z";

pub(super) fn tomorrow() -> SystemTime {
    now() + DAY
}

/// 2099-01-01T00:00:00Z
fn far_ahead() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(4_070_908_800)
}

/// 2024-01-01T00:00:00Z: no clock is right that shows less.
fn earliest() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_704_067_200)
}

/// A repository in which `alice` signs for `alice/a`; one of the five roles expires tomorrow, all others in 2035.
pub(super) fn expiring(role: &str) -> Repository {
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
    repo.add_target("alice", "alice/a", b"a");
    repo.set_expires(role, TOMORROW);
    repo.publish();
    repo
}

pub(super) const ROLES: [&str; 5] = ["root", "timestamp", "snapshot", "targets", "alice"];

#[test]
fn a076_a084_every_role_that_is_expired_when_it_is_fetched_is_refused_and_not_kept() {
    for_both(|kind| {
        for (role, kept) in ROLES.into_iter().zip([2, 0, 0, 0, 0]) {
            let mut repo = expiring(role);
            let shelf = Shelf::new();
            let time = now() + 2 * DAY;
            let result = kind.client_at(&repo, &shelf, time).lookup("alice/a");
            let Err(Error::Repository(error)) = &result else { panic!("{role}: {result:?}") };
            assert_eq!(error.attack(), Some(Attack::Freeze));
            assert_refused(result, role, Fault::Expired { expires: tomorrow(), now: time });
            let [root, timestamp, snapshot, targets] = shelf.versions();
            let stored = match role {
                "root" => root,
                "timestamp" => timestamp,
                "snapshot" => snapshot,
                "targets" => targets,
                _ => shelf.delegated(role),
            };
            assert_eq!(stored, kept, "{role}");

            repo.set_expires(role, EXPIRES);
            repo.publish();
            assert_eq!(kind.client_at(&repo, &shelf, time).signer("alice/a"), Ok("alice".to_owned()));
        }
    });
}

#[test]
fn a076_a085_a114_every_role_is_judged_again_when_it_comes_from_the_store() {
    for_both(|kind| {
        for role in ROLES {
            let repo = expiring(role);
            let shelf = Shelf::new();
            kind.client(&repo, &shelf).signer("alice/a").unwrap();
            let before = shelf.files();
            let time = now() + 2 * DAY;
            // The repository replays the same versions: nothing is new, and yet it has expired.
            let result = kind.client_at(&repo, &shelf, time).lookup("alice/a");
            assert_refused(result, role, Fault::Expired { expires: tomorrow(), now: time });
            assert_eq!(shelf.files(), before);
        }
    });
}

#[test]
fn a085_a_second_timestamp_of_the_trusted_version_does_not_prolong_the_first() {
    for_both(|kind| {
        let mut repo = expiring("timestamp");
        let shelf = Shelf::new();
        kind.client(&repo, &shelf).refresh().unwrap();
        repo.set_expires("timestamp", EXPIRES);
        repo.put("timestamp");
        let time = now() + 2 * DAY;
        let result = kind.client_at(&repo, &shelf, time).refresh().map(drop);
        assert_refused(result, "timestamp", Fault::Expired { expires: tomorrow(), now: time });
    });
}

#[test]
fn a086_an_update_reads_the_clock_once() {
    for_both(|kind| {
        let repo = expiring("snapshot");
        // Each look at the clock finds that a day has passed.
        let looks = Arc::new(AtomicU64::new(0));
        let clock = {
            let looks = Arc::clone(&looks);
            move || now() + DAY * u32::try_from(looks.fetch_add(1, Ordering::SeqCst)).unwrap()
        };
        let mut client = kind.client_with(&repo, Shelf::new(), Settings::default(), clock);
        client.refresh().unwrap();
        assert_eq!((looks.load(Ordering::SeqCst), client.session().started()), (1, now()));
    });
}

#[test]
fn a087_a_search_in_an_old_session_brings_it_up_to_date_first() {
    for_both(|kind| {
        for role in ["root", "timestamp", "snapshot", "targets"] {
            let repo = expiring(role);
            let time = Arc::new(Mutex::new(now()));
            let clock = Arc::clone(&time);
            let mut client = kind.client_with(&repo, Shelf::new(), Settings::default(), move || *clock.lock().unwrap());
            client.refresh().unwrap();
            assert_eq!(client.session().valid_until(), tomorrow());
            *time.lock().unwrap() = tomorrow() - SECOND;
            repo.take_log();
            client.signer("alice/a").unwrap();
            repo.assert_log(&["metadata/1.alice.json"]);
            *time.lock().unwrap() = tomorrow();
            let result = client.lookup("alice/a");
            assert_refused(result, role, Fault::Expired { expires: tomorrow(), now: tomorrow() });
        }
    });
}

#[test]
fn a087_a_delegated_role_that_expired_during_the_session_does_not_answer() {
    for_both(|kind| {
        let mut repo = expiring("alice");
        let time = Arc::new(Mutex::new(now()));
        let clock = Arc::clone(&time);
        let mut client = kind.client_with(&repo, Shelf::new(), Settings::default(), move || *clock.lock().unwrap());
        assert_eq!(signed(client.lookup("alice/a")).valid_until(), tomorrow());
        *time.lock().unwrap() = tomorrow();
        let fault = Fault::Expired { expires: tomorrow(), now: tomorrow() };
        assert_refused(client.lookup("alice/a"), "alice", fault);

        repo.set_expires("alice", EXPIRES);
        repo.publish();
        *time.lock().unwrap() = tomorrow() + SECOND;
        assert_eq!(client.signer("alice/a"), Ok("alice".to_owned()));
    });
}

#[test]
fn a087_an_answer_says_until_when_it_holds() {
    for_both(|kind| {
        for role in ROLES {
            let repo = expiring(role);
            let mut client = kind.client(&repo, Shelf::new());
            assert_eq!(signed(client.lookup("alice/a")).valid_until(), tomorrow(), "{role}");
            let Found::Unsigned { valid_until, .. } = client.lookup("alice/b").unwrap() else { panic!() };
            assert_eq!(valid_until, tomorrow(), "{role}");
        }
    });
}

#[test]
fn a088_expiry_at_the_start_time_is_expired_and_one_second_later_is_not() {
    for_both(|kind| {
        for role in ROLES {
            let repo = expiring(role);
            let result = kind.client_at(&repo, Shelf::new(), tomorrow()).lookup("alice/a");
            assert_refused(result, role, Fault::Expired { expires: tomorrow(), now: tomorrow() });
            let mut client = kind.client_at(&repo, Shelf::new(), tomorrow() - SECOND);
            assert_eq!(client.signer("alice/a"), Ok("alice".to_owned()), "{role}");
        }
    });
}

#[test]
fn a106_a_clock_that_was_set_back_is_not_believed_and_told() {
    for_both(|kind| {
        let mut repo = Repository::new();
        let shelf = Shelf::new();
        kind.client(&repo, &shelf).refresh().unwrap();
        repo.publish();
        let later = now() + 2 * DAY;
        kind.client_at(&repo, &shelf, later).refresh().unwrap();
        let back = now() + SECOND;
        let mut client = kind.client_at(&repo, &shelf, back);
        client.refresh().unwrap();
        assert_eq!(client.session().started(), later);
        assert_eq!(client.session().notices(), [Notice::ClockBehind { clock: back, used: later }]);
    });
}

#[test]
fn a106_the_time_of_the_last_update_is_what_expiry_is_judged_by() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.publish();
        let shelf = Shelf::new();
        let later = now() + 2 * DAY;
        kind.client_at(&repo, &shelf, later).refresh().unwrap();
        // New versions of everything, so that no floor but that of time stands against them.
        for role in ["timestamp", "snapshot", "targets"] {
            repo.set_expires(role, TOMORROW);
        }
        repo.publish();
        let result = kind.client(&repo, &shelf).refresh().map(drop);
        assert_refused(result, "timestamp", Fault::Expired { expires: tomorrow(), now: later });
        assert_eq!(versions(kind.client(&repo, Shelf::new()).refresh().unwrap()), [1, 3, 2, 2]);
    });
}

#[test]
fn a107_a_clock_that_was_once_far_ahead_leaves_no_trace() {
    for_both(|kind| {
        // Either of both has expired by 2099, and a new root was found before that.
        for role in ["root", "timestamp"] {
            let mut repo = Repository::new();
            for lasting in ["root", "timestamp", "snapshot", "targets"].into_iter().filter(|name| *name != role) {
                repo.set_expires(lasting, "2199-01-01T00:00:00Z");
            }
            repo.root.signed["x"] = 1.into();
            repo.publish();
            let shelf = Shelf::new();
            let result = kind.client_at(&repo, &shelf, far_ahead()).refresh().map(drop);
            let expires = UNIX_EPOCH + Duration::from_secs(2_051_222_400);
            assert_refused(result, role, Fault::Expired { expires, now: far_ahead() });
            assert_eq!(shelf.versions(), [2, 0, 0, 0]);

            let mut client = kind.client(&repo, &shelf);
            client.refresh().unwrap();
            assert_eq!((client.session().started(), client.session().notices()), (now(), &[][..]), "{role}");
        }
    });
}

#[test]
fn a108_a_clock_before_this_software_is_not_believed() {
    for_both(|kind| {
        let mut repo = Repository::new();
        let shelf = Shelf::new();
        let mut client = kind.client_at(&repo, &shelf, UNIX_EPOCH);
        client.refresh().unwrap();
        assert_eq!(client.session().started(), earliest());
        let notice = Notice::ClockBehind { clock: UNIX_EPOCH, used: earliest() };
        assert_eq!(client.session().notices(), std::slice::from_ref(&notice));
        assert_eq!(
            notice.to_string(),
            "the clock shows 1970-01-01T00:00:00Z, but it is later than that; 2024-01-01T00:00:00Z is used"
        );
        drop(client);

        // After a real update the notice says once what the clock shows and what is used.
        repo.publish();
        kind.client(&repo, &shelf).refresh().unwrap();
        let mut client = kind.client_at(&repo, &shelf, UNIX_EPOCH);
        client.refresh().unwrap();
        assert_eq!(client.session().notices(), [Notice::ClockBehind { clock: UNIX_EPOCH, used: now() }]);

        repo.set_expires("timestamp", "2023-12-31T23:59:59Z");
        repo.publish();
        let fault = Fault::Expired { expires: earliest() - SECOND, now: earliest() };
        assert_refused(kind.client_at(&repo, Shelf::new(), UNIX_EPOCH).refresh(), "timestamp", fault);
    });
}

#[test]
fn a110_an_expiry_of_another_form_is_malformed_wherever_expiry_is_judged() {
    for_both(|kind| {
        for role in ROLES {
            let mut repo = expiring("root");
            repo.set_expires(role, "2035-01-01T00:00:00.5Z");
            repo.publish();
            let reason = "`expires` is \"2035-01-01T00:00:00.5Z\", not of the form 2030-01-31T12:00:00Z".to_owned();
            let result = kind.client(&repo, Shelf::new()).lookup("alice/a");
            assert_refused(result, role, Fault::Malformed(Malformed { offset: 0, reason }));
        }
    });
}

#[test]
fn a110_a_superseded_root_may_say_what_it_likes_about_its_expiry() {
    for_both(|kind| {
        let mut repo = Repository::new();
        for expires in ["2021-12-18T13:28:12.99008-06:00", "never", ""] {
            repo.set_expires("root", expires);
            repo.publish_root();
        }
        repo.set_expires("root", EXPIRES);
        repo.publish();
        assert_eq!(versions(kind.client(&repo, Shelf::new()).refresh().unwrap()), [5, 2, 1, 1]);
    });
}

#[test]
fn a111_the_first_and_the_last_expiry_there_can_be_overflow_nothing() {
    for_both(|kind| {
        let mut repo = Repository::new();
        for role in ["root", "timestamp", "snapshot", "targets"] {
            repo.set_expires(role, "9999-12-31T23:59:59Z");
        }
        repo.publish();
        let last = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
        let mut client = kind.client_at(&repo, Shelf::new(), last - SECOND);
        assert_eq!(client.refresh().unwrap().valid_until(), last);
        // As late as a clock can show.
        let end = UNIX_EPOCH + Duration::from_secs(i64::MAX as u64);
        let result = kind.client_at(&repo, Shelf::new(), end).refresh().map(drop);
        let text = result.as_ref().unwrap_err().to_string();
        assert_refused(result, "root", Fault::Expired { expires: last, now: end });
        assert_eq!(text, "role `root`: expired at 9999-12-31T23:59:59Z (this update started at @9223372036854775807)");

        repo.set_expires("timestamp", "0000-01-01T00:00:00Z");
        repo.publish();
        let first = UNIX_EPOCH - Duration::from_secs(62_167_219_200);
        let result = kind.client(&repo, Shelf::new()).refresh().map(drop);
        assert_refused(result, "timestamp", Fault::Expired { expires: first, now: now() });
    });
}

#[test]
fn a114_the_given_clock_alone_decides() {
    for_both(|kind| {
        // All of the repository has expired by any other clock than the given one.
        let mut repo = Repository::new();
        let early = earliest() + DAY;
        for role in ["root", "timestamp", "snapshot", "targets"] {
            repo.set_expires(role, "2024-01-03T00:00:00Z");
        }
        repo.publish();
        let mut client = kind.client_at(&repo, Shelf::new(), early);
        assert_eq!(versions(client.refresh().unwrap()), [2, 2, 2, 2]);
        assert_eq!((client.session().started(), client.session().valid_until()), (early, earliest() + 2 * DAY));
        repo.assert_log(&[
            NEXT_ROOT,
            "metadata/3.root.json",
            TIMESTAMP,
            "metadata/2.snapshot.json",
            "metadata/2.targets.json",
        ]);
    });
}
