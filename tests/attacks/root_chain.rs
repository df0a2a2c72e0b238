//! From the pinned root to the newest one (TUF-1.0.34 §5.3).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tufgate::error::{CallerError, Error, Fault, Malformed, RepositoryError, Subject, TransportFault};
use tufgate::{Entry, RoleName, Settings};

use super::machine::{Machine, assert_malformed, too_few};
use crate::simulator::{DAY, Key, Repository, assert_refused, assert_transport, now};

const SECOND_ROOT: &str = "metadata/2.root.json";

/// A repository at root 4.
fn four_roots() -> Repository {
    let mut repo = Repository::new();
    for _ in 2..=4 {
        repo.bump("root");
        repo.publish();
    }
    repo
}

#[test]
fn a044_the_next_root_has_exactly_the_next_version() {
    let repo = four_roots();
    for machine in Machine::each() {
        for (pinned, served) in [(1, 3), (1, 4), (2, 2), (2, 1), (3, 1)] {
            let expected = pinned + 1;
            let path = format!("metadata/{expected}.root.json");
            repo.serve(&path, repo.root_file(served));
            let fault = Fault::Version { expected, found: served };
            assert_refused(machine.run(&repo, &repo.root_file(pinned)), "root", fault);
            repo.assert_log(&[&path]);
            assert_eq!(machine.names(), [""; 0]);
            repo.lift(&path);
        }
        assert_eq!(machine.run(&repo, &repo.root_file(1)).unwrap(), [4, 4, 1, 1]);
        repo.take_log();
    }
}

#[test]
fn a045_a_root_needs_the_threshold_of_the_root_before_it_and_its_own() {
    let old = [Key::named("root"), Key::ed25519(1)];
    let new = [Key::ed25519(2), Key::ed25519(3), Key::ed25519(4)];
    let signed_by = |old_signers: usize, new_signers: usize| {
        let mut repo = Repository::new();
        repo.rotate("root", old.clone());
        repo.set_threshold("root", 2);
        repo.publish();
        repo.rotate("root", new.clone());
        repo.set_threshold("root", 3);
        repo.root.sign_with(old[..old_signers].iter().chain(&new[..new_signers]).cloned());
        repo.publish();
        repo
    };
    for (old_signers, new_signers, refusal) in [
        (0, 3, too_few("root", 0, 2)),
        (1, 3, too_few("root", 1, 2)),
        (2, 0, too_few("root", 0, 3)),
        (2, 2, too_few("root", 2, 3)),
        (0, 0, too_few("root", 0, 2)),
    ] {
        for machine in Machine::each() {
            let repo = signed_by(old_signers, new_signers);
            assert_refused(machine.run(&repo, &repo.root_file(1)), "root", refusal.clone());
            repo.assert_log(&[SECOND_ROOT, "metadata/3.root.json"]);
            assert_eq!(machine.names(), ["floors", "root.json", "root_history/2.root"]);
            assert_eq!(machine.entry(&Entry::Root), Some(repo.root_file(2)));

            let honest = signed_by(2, 3);
            assert_eq!(machine.run(&honest, &honest.root_file(1)).unwrap(), [3, 3, 1, 1]);
        }
    }
}

#[test]
fn a047_the_same_root_as_its_own_successor_ends_in_an_error_after_one_request() {
    let mut repo = Repository::new();
    for machine in Machine::each() {
        repo.serve(SECOND_ROOT, repo.root_file(1));
        assert_refused(machine.run(&repo, &repo.root_file(1)), "root", Fault::Version { expected: 2, found: 1 });
        repo.assert_log(&[SECOND_ROOT]);
        repo.lift(SECOND_ROOT);
        machine.run(&repo, &repo.root_file(1)).unwrap();
        repo.take_log();
    }
    // Anew signed, with the old version inside.
    repo.root.signed["x"] = 1.into();
    let again = repo.root.sign();
    repo.serve(SECOND_ROOT, again);
    let fault = Fault::Version { expected: 2, found: 1 };
    assert_refused(Machine::new().run(&repo, &repo.root_file(1)), "root", fault);
}

#[test]
fn a048_a_pinned_root_that_is_none_or_not_signed_by_itself_is_refused_before_any_request() {
    let repo = Repository::new();
    let spoilt = |spoil: &dyn Fn(&mut Value)| {
        let mut root = repo.root.clone();
        spoil(&mut root.signed);
        root.sign()
    };
    let mut foreign = repo.root.clone();
    foreign.sign_with([Key::named("mallory")]);
    let mut unsigned = repo.root.clone();
    unsigned.sign_with([]);
    let mut bare = repo.root.clone();
    bare.edit_envelope(|envelope| drop(envelope.as_object_mut().unwrap().remove("signatures")));
    let mut half = repo.root_file(1);
    half.truncate(100);
    let malformed = |offset, reason: &str| Fault::Malformed(Malformed { offset, reason: reason.to_owned() });
    for (bytes, fault) in [
        (Vec::new(), malformed(0, "the document is empty")),
        (b"<html></html>".to_vec(), malformed(0, "the document is not an object")),
        (b"{}".to_vec(), malformed(0, "the member `signed` is missing")),
        (bare.sign(), malformed(0, "the member `signatures` is missing")),
        (half, malformed(97, "a string without an end")),
        (unsigned.sign(), too_few("root", 0, 1)),
        (foreign.sign(), too_few("root", 0, 1)),
        (vec![b' '; (512 << 10) + 1], Fault::TooLarge { limit: 512 << 10 }),
    ] {
        assert_not_pinned(&repo, &bytes, &fault);
    }
    let reason_of = |bytes: &[u8]| match Machine::new().run(&repo, bytes) {
        Err(Error::Caller(CallerError::PinnedRoot(error))) => match *error {
            RepositoryError { fault: Fault::Malformed(malformed), .. } => malformed.reason,
            other => panic!("{other}"),
        },
        other => panic!("{other:?}"),
    };
    let no_version = spoilt(&|signed| drop(signed.as_object_mut().unwrap().remove("version")));
    assert_eq!(reason_of(&no_version), "missing field `version`");
    assert_eq!(reason_of(&spoilt(&|signed| signed["version"] = 0.into())), "a version is at least 1");
    assert_eq!(reason_of(&repo.file("metadata/timestamp.json")), "missing field `keys`");
}

#[track_caller]
fn assert_not_pinned(repo: &Repository, bytes: &[u8], fault: &Fault) {
    for machine in Machine::each() {
        match machine.run(repo, bytes) {
            Err(Error::Caller(CallerError::PinnedRoot(error))) => {
                let expected = RepositoryError { subject: Subject::Role(RoleName::ROOT), fault: fault.clone() };
                assert_eq!(*error, expected);
            }
            other => panic!("{fault}\nwas expected, not {other:?}"),
        }
        repo.assert_log(&[]);
        assert_eq!(machine.names(), [""; 0]);
        machine.run(repo, &repo.root_file(1)).unwrap();
        repo.take_log();
    }
}

/// 2029-12-31T23:59:59Z
fn yesterday() -> SystemTime {
    now() - Duration::from_secs(1)
}

#[test]
fn a049_an_expired_last_root_stops_the_update_and_stays_trusted() {
    for (expires, at) in
        [("2029-12-31T23:59:59Z", yesterday()), ("2030-01-01T00:00:00Z", now()), ("1970-01-01T00:00:00Z", UNIX_EPOCH)]
    {
        for machine in Machine::each() {
            let mut repo = Repository::new();
            repo.set_expires("root", expires);
            repo.publish();
            let fault = Fault::Expired { expires: at, now: now() };
            assert_refused(machine.run(&repo, &repo.root_file(1)), "root", fault.clone());
            repo.assert_log(&[SECOND_ROOT, "metadata/3.root.json"]);
            assert_eq!(machine.names(), ["floors", "root.json", "root_history/2.root"]);
            assert_eq!(machine.entry(&Entry::Root), Some(repo.root_file(2)));
            let kept = machine.kept();
            assert_refused(machine.run(&repo, &repo.root_file(1)), "root", fault);
            repo.assert_log(&["metadata/3.root.json"]);
            assert_eq!(machine.kept(), kept);

            repo.set_expires("root", "2030-01-01T00:00:01Z");
            repo.publish();
            assert_eq!(machine.run(&repo, &repo.root_file(1)).unwrap(), [3, 3, 1, 1]);
        }
    }
}

#[test]
fn a049_the_expiry_of_all_roots_but_the_last_does_not_matter() {
    for text in ["2029-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "never", ""] {
        let mut repo = Repository::new();
        repo.set_expires("root", text);
        repo.publish();
        let last = Machine::new().run(&repo, &repo.root_file(1));
        match text.len() {
            20 => assert!(matches!(last, Err(Error::Repository(e)) if matches!(e.fault, Fault::Expired { .. }))),
            _ => {
                let reason = format!("`expires` is {text:?}, not of the form 2030-01-31T12:00:00Z");
                assert_malformed(last, "root", &reason);
            }
        }
        repo.set_expires("root", "2035-01-01T00:00:00Z");
        repo.publish();
        for machine in Machine::each() {
            assert_eq!(machine.run(&repo, &repo.root_file(1)).unwrap(), [3, 3, 1, 1]);
            // Pinned, too.
            assert_eq!(machine.run(&repo, &repo.root_file(2)).unwrap(), [3, 3, 1, 1]);
        }
    }
}

/// New roots are withheld until the last one that the client knows expires: time goes on, the mirror does not.
#[test]
fn a049_withholding_new_roots_works_only_until_the_last_known_one_expires() {
    let mut repo = Repository::new();
    let old = repo.files();
    repo.set_expires("root", "2040-01-01T00:00:00Z");
    repo.publish();
    repo.go_back_to(&old);
    let later = now() + 366 * 5 * DAY;
    let config = tufgate::Repository::new(repo.root_file(1), repo.metadata_base(), repo.targets_base());
    let mut client =
        tufgate::Client::new(config, repo.transport(), tufgate::MemoryStore::new()).with_clock(move || later);
    let expires = UNIX_EPOCH + Duration::from_secs(2_051_222_400);
    assert_refused(client.refresh(), "root", Fault::Expired { expires, now: later });
}

#[test]
fn a055_the_limit_of_new_roots_keeps_progress_and_the_next_run_goes_on() {
    let mut repo = Repository::new();
    for _ in 2..=6 {
        repo.bump("root");
        repo.publish();
    }
    let mut settings = Settings::default();
    settings.limits.root_rotations = 2;
    for machine in Machine::each() {
        let run = || machine.run_with(&repo, &repo.root_file(1), &settings).map(|(versions, _)| versions);
        assert_refused(run(), "root", Fault::TooManyRoots { limit: 2 });
        repo.assert_log(&[SECOND_ROOT, "metadata/3.root.json", "metadata/4.root.json"]);
        assert_eq!(machine.names(), ["floors", "root.json", "root_history/2.root", "root_history/3.root"]);
        assert_eq!(machine.entry(&Entry::Root), Some(repo.root_file(3)));
        assert_refused(run(), "root", Fault::TooManyRoots { limit: 2 });
        repo.assert_log(&["metadata/4.root.json", "metadata/5.root.json", "metadata/6.root.json"]);
        assert_eq!(run().unwrap(), [6, 6, 1, 1]);
        let log = ["metadata/6.root.json", "metadata/7.root.json", "metadata/timestamp.json"];
        assert_eq!(repo.take_log()[..3], log);
    }
}

#[test]
fn a055_the_default_limit_is_1024_new_roots() {
    assert_eq!(Settings::default().limits.root_rotations, 1024);
}

#[test]
fn a056_only_an_absent_root_ends_the_chain() {
    let faults = [
        TransportFault::Status(401),
        TransportFault::Status(403),
        TransportFault::Status(410),
        TransportFault::Status(429),
        TransportFault::Status(500),
        TransportFault::Status(503),
        TransportFault::Redirect("to another host"),
        TransportFault::Connect,
        TransportFault::Idle { seconds: 30 },
        TransportFault::Read,
        TransportFault::Offline,
    ];
    for machine in Machine::each() {
        let mut repo = Repository::new();
        machine.run(&repo, &repo.root_file(1)).unwrap();
        repo.bump("timestamp");
        repo.publish();
        let kept = machine.kept();
        repo.take_log();
        for fault in &faults {
            repo.fail(SECOND_ROOT, fault.clone());
            assert_transport(machine.run(&repo, &repo.root_file(1)), SECOND_ROOT, fault.clone());
            repo.assert_log(&[SECOND_ROOT]);
            assert_eq!(machine.kept(), kept);
        }
        repo.remove(SECOND_ROOT);
        assert_eq!(machine.run(&repo, &repo.root_file(1)).unwrap(), [1, 2, 1, 1]);
    }
}

#[test]
fn a056_forbidden_ends_the_chain_only_where_that_is_configured() {
    let repo = Repository::new();
    repo.forbidden(SECOND_ROOT);
    let mut settings = Settings::default();
    settings.forbidden_is_absent = true;
    for machine in Machine::each() {
        assert_transport(machine.run(&repo, &repo.root_file(1)), SECOND_ROOT, TransportFault::Status(403));
        repo.assert_log(&[SECOND_ROOT]);
        assert_eq!(machine.names(), [""; 0]);
        assert_eq!(machine.run_with(&repo, &repo.root_file(1), &settings).unwrap().0, [1, 1, 1, 1]);
        repo.take_log();

        // No other file is absent because it is forbidden, and no other status is taken for it.
        repo.forbidden("metadata/timestamp.json");
        let result = machine.run_with(&repo, &repo.root_file(1), &settings);
        assert_transport(result, "metadata/timestamp.json", TransportFault::Status(403));
        repo.lift("metadata/timestamp.json");
        repo.fail(SECOND_ROOT, TransportFault::Status(410));
        let result = machine.run_with(&repo, &repo.root_file(1), &settings);
        assert_transport(result, SECOND_ROOT, TransportFault::Status(410));
        repo.forbidden(SECOND_ROOT);
        repo.take_log();
    }
}

#[test]
fn a057_a_page_that_says_not_found_is_no_end_of_the_chain() {
    let malformed = |reason: &str| Fault::Malformed(Malformed { offset: 0, reason: reason.to_owned() });
    for machine in Machine::each() {
        let repo = Repository::new();
        for (page, reason) in [
            ("<!doctype html><title>404 Not Found</title>", "the document is not an object"),
            ("", "the document is empty"),
            ("{\"detail\":\"Not Found\"}", "the member `signed` is missing"),
            ("null", "the document is not an object"),
        ] {
            repo.serve(SECOND_ROOT, page);
            assert_refused(machine.run(&repo, &repo.root_file(1)), "root", malformed(reason));
            repo.assert_log(&[SECOND_ROOT]);
            assert_eq!(machine.names(), [""; 0]);
        }
        repo.lift(SECOND_ROOT);
        machine.run(&repo, &repo.root_file(1)).unwrap();
    }
}

#[test]
fn a058_an_endless_root_is_read_to_the_limit_and_no_further() {
    let mut settings = Settings::default();
    settings.limits.root_bytes = 10_000;
    let mut repo = Repository::new();
    repo.bump("root");
    repo.publish();
    for machine in Machine::each() {
        for start in [repo.root_file(2), b"{\"signed\":".to_vec(), Vec::new()] {
            repo.serve_endless(SECOND_ROOT, start);
            repo.take_bytes_read();
            let result = machine.run_with(&repo, &repo.root_file(1), &settings);
            assert_refused(result, "root", Fault::TooLarge { limit: 10_000 });
            // Pieces come in 1,000 bytes; no second one follows the one that passes the limit.
            let read = repo.take_bytes_read()[SECOND_ROOT];
            assert!((10_001..=11_000).contains(&read), "{read}");
            assert_eq!(machine.names(), [""; 0]);
        }
        repo.lift(SECOND_ROOT);
        machine.run_with(&repo, &repo.root_file(1), &settings).unwrap();
    }
}

#[test]
fn a058_a_root_may_have_exactly_the_bytes_of_the_limit() {
    for (bytes, fits) in [(10_000, true), (10_001, false)] {
        let mut settings = Settings::default();
        settings.limits.root_bytes = 10_000;
        let mut repo = Repository::new();
        repo.root.edit_bytes(move |mut file| {
            file.resize(bytes, b'\n');
            file
        });
        repo.publish();
        let result = Machine::new().run_with(&repo, &repo.root_file(1), &settings);
        match fits {
            true => assert_eq!(result.unwrap().0, [2, 2, 1, 1]),
            false => assert_refused(result, "root", Fault::TooLarge { limit: 10_000 }),
        }
    }
}

#[test]
fn a058_a_root_that_breaks_off_is_an_error_of_the_transport() {
    let mut repo = Repository::new();
    repo.bump("root");
    repo.publish();
    for machine in Machine::each() {
        repo.break_after(SECOND_ROOT, 200);
        assert_transport(machine.run(&repo, &repo.root_file(1)), SECOND_ROOT, TransportFault::Read);
        assert_eq!(machine.names(), [""; 0]);
        repo.lift(SECOND_ROOT);
        assert_eq!(machine.run(&repo, &repo.root_file(1)).unwrap(), [2, 2, 1, 1]);
    }
}

#[test]
fn a101_a_root_of_the_largest_version_ends_the_chain() {
    let mut repo = Repository::new();
    repo.root.set_version(u64::MAX);
    let pinned = repo.put("root");
    for machine in Machine::each() {
        for _ in 0..2 {
            repo.take_log();
            assert_eq!(machine.run_with(&repo, &pinned, &Settings::default()).unwrap(), ([u64::MAX, 1, 1, 1], vec![]));
            assert_eq!(repo.take_log()[0], "metadata/18446744073709551616.root.json");
        }
    }
}
