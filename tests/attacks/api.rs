//! What a caller can tell apart, and cannot leave out.

use std::error::Error as _;

use tufgate::error::{Attack, CallerError, Error, Fault, Subject, TransportFault};
use tufgate::{BaseUrl, Found, MemoryStore, Settings, TargetPath};

use super::both::{BOTH, Kind, nobody_of};
use super::shelf::Shelf;
use super::{client, client_with};
use crate::simulator::{DAY, Delegation, Key, Repository, assert_refused, now};

fn repository() -> Repository {
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
    repo.add_target("alice", "alice/x", b"one");
    repo.publish();
    repo
}

#[test]
fn a284_not_signed_attack_limit_and_failure_are_different_answers() {
    for kind in BOTH {
        let lookup =
            |repo: &Repository, settings| kind.client_with(repo, MemoryStore::new(), settings, now).lookup("alice/y");
        let signer = kind.client(&repository(), MemoryStore::new()).signer("alice/y");
        assert_eq!(signer, nobody_of(&["targets", "alice"]));

        let repo = repository();
        repo.remove(&repo.path("alice"));
        assert_refused(lookup(&repo, Settings::default()), "alice", Fault::Missing);

        let mut repo = repository();
        repo.role_mut("alice").sign_with([Key::named("mallory")]);
        repo.publish();
        assert!(matches!(lookup(&repo, Settings::default()), Err(Error::Repository(_))));

        let mut none = Settings::default();
        none.limits.visited_roles = 0;
        match lookup(&repository(), none).unwrap_err() {
            Error::Repository(error) => assert_eq!(error.fault, Fault::TooManyRoles { limit: 0 }),
            other => panic!("{other}"),
        }

        let repo = repository();
        repo.fail(&repo.path("alice"), TransportFault::Connect);
        assert!(matches!(lookup(&repo, Settings::default()), Err(Error::Transport(_))));

        let store = Shelf::new();
        store.crash_after(0);
        assert!(matches!(kind.client(&repository(), &store).lookup("alice/y"), Err(Error::Store(_))));
    }
}

#[test]
fn a284_an_answer_that_nothing_is_signed_holds_as_long_as_what_it_rests_on() {
    for kind in BOTH {
        let mut repo = repository();
        repo.set_expires("alice", "2030-06-01T00:00:00Z");
        repo.publish();
        let Found::Unsigned { valid_until, .. } = kind.client(&repo, MemoryStore::new()).lookup("alice/y").unwrap()
        else {
            panic!("nobody signs it")
        };
        assert_eq!(valid_until.duration_since(now()).unwrap(), 151 * DAY);
    }
}

/// What a client that has seen `repository` says after a change, and the attack that it names.
fn attack(change: impl Fn(&mut Repository)) -> (String, Option<Attack>) {
    let mut repo = repository();
    let store = Shelf::new();
    client(&repo, &store).lookup(&TargetPath::new("alice/x").unwrap()).unwrap();
    change(&mut repo);
    match client(&repo, &store).lookup(&TargetPath::new("alice/x").unwrap()) {
        Err(Error::Repository(error)) => {
            assert!(error.spec().starts_with("TUF-1.0.34 §"), "{}", error.spec());
            let Subject::Role(role) = &error.subject else { panic!("{error}") };
            (role.as_str().to_owned(), error.attack())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a285_errors_name_the_attack() {
    let named = |role: &str, attack| (role.to_owned(), Some(attack));
    let old = repository();
    let first = Repository::new().files();

    let rollback = attack(|repo| repo.go_back_to(&first));
    assert_eq!(rollback, named("timestamp", Attack::Rollback));
    let freeze = attack(|repo| {
        repo.set_expires("snapshot", "2029-01-01T00:00:00Z");
        repo.publish();
    });
    assert_eq!(freeze, named("snapshot", Attack::Freeze));
    let arbitrary = attack(|repo| {
        repo.targets.sign_with([Key::named("mallory")]);
        repo.add_target("targets", "x", b"x");
        repo.publish();
    });
    assert_eq!(arbitrary, named("targets", Attack::ArbitrarySoftware));
    let mix = attack(|repo| {
        repo.add_target("targets", "x", b"x");
        repo.publish();
        repo.serve(&repo.path("targets"), old.file(&old.path("targets")));
    });
    assert_eq!(mix, named("targets", Attack::MixAndMatch));
    let endless = attack(|repo| repo.serve_endless("metadata/timestamp.json", ""));
    assert_eq!(endless, named("timestamp", Attack::EndlessData));
    let removed = attack(|repo| {
        repo.snapshot.signed["meta"].as_object_mut().unwrap().remove("alice.json");
        repo.publish_snapshot();
    });
    assert_eq!(removed, named("alice", Attack::Rollback));
    let missing = attack(|repo| repo.remove("metadata/timestamp.json"));
    assert_eq!(missing, ("timestamp".to_owned(), None));
}

#[test]
fn a285_a_message_names_the_role_and_the_numbers_and_does_not_repeat_its_source() {
    let repo = repository();
    let store = Shelf::new();
    client(&repo, &store).refresh().unwrap();
    repo.go_back_to(&Repository::new().files());
    let error = client(&repo, &store).refresh().map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "role `timestamp`: version 1 is older than version 2, which was trusted before");
    assert!(error.source().is_none());
    repo.fail("metadata/timestamp.json", TransportFault::Status(500));
    let error = client(&repo, &store).refresh().map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "https://sim.test/metadata/timestamp.json: the server answered with status 500");
}

#[test]
fn a286_without_a_root_that_is_signed_by_its_own_keys_nothing_is_asked_for() {
    let mut repo = repository();
    let honest = repo.root_file(1);
    let mut stranger = repo.fork();
    stranger.root.sign_with([Key::named("mallory")]);
    stranger.root.set_version(1);
    let unsigned = stranger.put("root");
    let timestamp = repo.file("metadata/timestamp.json");
    for pinned in [Vec::new(), b"{}".to_vec(), honest[..honest.len() - 1].to_vec(), timestamp, unsigned] {
        let store = Shelf::new();
        let mut client = client_with(&repo, pinned, &store, Settings::default());
        repo.take_log();
        for _ in 0..2 {
            let error = client.refresh().map(|_| ()).unwrap_err();
            assert!(matches!(error, Error::Caller(CallerError::PinnedRoot(_))), "{error}");
        }
        assert!(client.session().is_none());
        repo.assert_log(&[]);
        assert!(store.files().is_empty());
    }
    // Nor is there a way around expiry.
    repo.set_expires("root", "2029-12-31T00:00:00Z");
    repo.publish();
    let fault = Fault::Expired { expires: now() - DAY, now: now() };
    for kind in BOTH {
        assert_refused(kind.client(&repo, MemoryStore::new()).lookup("alice/x"), "root", fault.clone());
    }
}

#[test]
fn a286_a_refresh_that_fails_leaves_what_was_trusted_until_it_expires() {
    for kind in BOTH {
        let repo = repository();
        let mut client = kind.client(&repo, MemoryStore::new());
        client.refresh().unwrap();
        let version = client.session().timestamp().version();
        repo.fail("metadata/timestamp.json", TransportFault::Connect);
        client.refresh().unwrap_err();
        assert_eq!(client.session().timestamp().version(), version);
        assert!(matches!(client.lookup("alice/x"), Ok(Found::Signed(_))));
    }
}

#[test]
fn a270_a_base_address_is_normalised_or_refused() {
    for (given, kept) in [
        ("https://repo.example", "https://repo.example/"),
        ("https://repo.example/a", "https://repo.example/a/"),
        ("https://repo.example/a/", "https://repo.example/a/"),
        ("file:///srv/index", "file:///srv/index/"),
        ("http://[::1]:8080/m", "http://[::1]:8080/m/"),
    ] {
        assert_eq!(BaseUrl::new(given).unwrap().as_str(), kept);
    }
    for refused in [
        "",
        "repo.example/a",
        "ftp://repo.example/",
        "https://",
        "https:///a",
        "https://u:p@/a",
        "https://repo.example/?q",
        "https://repo.example/#f",
        "https://repo.example/a/../b",
        "https://repo.example/%2E%2e/b",
        "https://repo.example/a b",
        "https://repo.example\\a",
        "https://repo.example/a\nb",
        "file://host/srv",
        "file:relative",
        "javascript://x/",
    ] {
        assert!(matches!(BaseUrl::new(refused), Err(CallerError::BaseUrl { .. })), "{refused}");
    }
    // A password is used and never shown.
    let base = BaseUrl::new("https://user:secret@repo.example/m").unwrap();
    assert_eq!((base.to_string(), format!("{base:?}")), shown("https://repo.example/m/"));
    assert_eq!(base.join("timestamp.json"), "https://user:secret@repo.example/m/timestamp.json");
    let error = BaseUrl::new("https://user:secret@repo.example/?q").unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
}

fn shown(url: &str) -> (String, String) {
    (url.to_owned(), format!("BaseUrl({url})"))
}

#[test]
fn a269_text_from_outside_is_shown_harmlessly() {
    for hostile in ["\u{1b}[2Jcleared", "a\nforged: line", "\u{202e}gpj.exe", "zero\u{200b}width", "\r", "\u{9b}31m"] {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to(hostile).paths(["*"]));
        repo.publish();
        repo.remove(&repo.path(hostile));
        let error = Kind::Blocking.client(&repo, MemoryStore::new()).lookup("x").unwrap_err().to_string();
        let harmless = |c: char| !c.is_control() && !"\u{202e}\u{200b}".contains(c);
        assert!(error.chars().all(harmless) && error.starts_with("role `"), "{error:?}");
        let error = TargetPath::new(format!("../{hostile}")).unwrap_err().to_string();
        assert!(error.chars().all(harmless), "{error:?}");
    }
}
