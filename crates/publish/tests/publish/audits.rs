//! `check`, `gc` and `diff`.

use std::fs;
use std::time::SystemTime;

use tufgate_publish::bins::BinLayout;
use tufgate_publish::check::{Severity, check};
use tufgate_publish::diff::{Side, diff};
use tufgate_publish::gc::{delete, orphans};
use tufgate_publish::remote::compare;

use crate::fixture::{Fixture, files_of, now};

const WHEEL: &str = "packages/demo-1.0-py3-none-any.whl";

fn fixture() -> Fixture {
    let fixture = Fixture::with_bins(4, BinLayout::Prefixes);
    fixture.add(&[fixture.wheel("demo", "1.0", "x = 1")], now()).unwrap();
    fixture
}

/// What `check` finds, notes left out.
fn findings(fixture: &Fixture, at: SystemTime) -> Vec<(Severity, String, String)> {
    let report = check(&fixture.open(), at).unwrap();
    let all = report.findings.into_iter().filter(|one| one.severity < Severity::Note);
    all.map(|one| (one.severity, one.what, one.reason)).collect()
}

fn hashed(fixture: &Fixture) -> String {
    let name = |name: &String| name.ends_with(".demo-1.0-py3-none-any.whl");
    fixture.files().into_keys().find(name).unwrap()
}

#[test]
fn a_good_repository_has_nothing_to_tell() {
    let fixture = fixture();
    assert_eq!(findings(&fixture, now()), []);
    let report = check(&fixture.open(), now()).unwrap();
    let roles: Vec<_> = report.roles.iter().map(|role| (role.role.as_str(), role.version)).collect();
    assert_eq!(roles, [("root", 1), ("timestamp", 2), ("snapshot", 2), ("targets", 1), ("bins", 1), ("bin-n", 2)]);
    assert_eq!(report.targets, 4);
}

#[test]
fn a_target_that_is_gone_or_has_another_length_is_an_error() {
    let fixture = fixture();
    let place = hashed(&fixture);
    fs::write(fixture.path().join(&place), b"x").unwrap();
    let length = fs::metadata(fixture.path().join("targets").join(WHEEL)).unwrap().len();
    let reason = format!("{place} has 1 bytes, and {length} are signed");
    assert_eq!(findings(&fixture, now()), [(Severity::Error, WHEEL.to_owned(), reason)]);
    fs::remove_file(fixture.path().join(&place)).unwrap();
    let reason = format!("{place} cannot be read: No such file or directory (os error 2)");
    assert_eq!(findings(&fixture, now()), [(Severity::Error, WHEEL.to_owned(), reason)]);
}

#[test]
fn a_private_key_in_the_repository_is_told() {
    let fixture = fixture();
    fs::create_dir(fixture.path().join("keys")).unwrap();
    let key = fixture.path().join("keys/online.key");
    fs::write(&key, b"").unwrap();
    let reason = "a private key lies in the repository: move it out".to_owned();
    assert_eq!(findings(&fixture, now()), [(Severity::Warning, key.display().to_string(), reason)]);
}

#[test]
fn gc_keeps_what_the_kept_snapshots_need_and_every_root() {
    let fixture = fixture();
    let first = fixture.files();
    fixture.add(&[fixture.wheel("demo", "2.0", "x = 2")], now()).unwrap();
    let repository = fixture.open();
    let never = SystemTime::UNIX_EPOCH;
    let names = |keep| -> Vec<String> {
        orphans(&repository, keep, never).unwrap().into_iter().map(|orphan| orphan.path.display().to_string()).collect()
    };
    assert_eq!(names(3), [] as [&str; 0]);
    let gone = names(1);
    assert!(gone.iter().all(|name| first.contains_key(name)), "{gone:?}");
    assert!(
        gone.contains(&"metadata/1.snapshot.json".to_owned()) && gone.contains(&"metadata/2.snapshot.json".to_owned())
    );
    assert!(!gone.iter().any(|name| name.contains("root")), "{gone:?}");

    delete(&repository, &orphans(&repository, 1, never).unwrap()).unwrap();
    assert_eq!(names(1), [] as [&str; 0]);
    drop(repository);
    assert!(fixture.finds(WHEEL, now()) && fixture.finds("packages/demo-2.0-py3-none-any.whl", now()));
    assert_eq!(findings(&fixture, now()), []);
}

#[test]
fn gc_keeps_what_is_young() {
    let fixture = fixture();
    fixture.add(&[fixture.wheel("demo", "2.0", "x = 2")], now()).unwrap();
    let before_the_files = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1);
    assert_eq!(orphans(&fixture.open(), 1, before_the_files).unwrap(), []);
}

#[test]
fn a_difference_is_told_by_bin_and_the_other_way_round() {
    let fixture = fixture();
    let side = |snapshot| Side { repository: fixture.path(), snapshot: Some(snapshot) };
    let lines = |old, new| -> Vec<String> {
        let differences = diff(&side(old), &side(new)).unwrap();
        differences.iter().map(|one| format!("{} {} {}", one.change.as_str(), one.path, one.role)).collect()
    };
    fixture.add(&[fixture.wheel("demo", "2.0", "x = 2")], now()).unwrap();
    let forth = lines(2, 3);
    let names: Vec<_> = forth.iter().map(|line| line.rsplit_once(' ').unwrap().0).collect();
    let mut expected = [
        "added packages/demo-2.0-py3-none-any.whl",
        "added packages/demo-2.0-py3-none-any.whl.metadata",
        "changed simple/demo/index.html",
        "changed simple/demo/index.json",
    ];
    let mut sorted = names.clone();
    sorted.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    for line in &forth {
        let mut words = line.split(' ').skip(1);
        let path = tufgate::TargetPath::new(words.next().unwrap()).unwrap();
        assert_eq!(words.next().unwrap(), fixture.open().settings().bin_roles().unwrap().of(&path));
    }
    assert_eq!(lines(3, 2).iter().filter(|line| line.starts_with("removed")).count(), 2);
    assert_eq!(lines(3, 3), [] as [&str; 0]);
}

#[test]
fn a_bin_that_is_not_the_one_of_its_snapshot_is_no_base_for_a_difference() {
    let fixture = fixture();
    fixture.add(&[fixture.wheel("demo", "2.0", "x = 2")], now()).unwrap();
    let settings = fixture.open().settings().clone();
    let bin = settings.bin_roles().unwrap().of(&tufgate::TargetPath::new(WHEEL).unwrap());
    let path = fixture.path().join(format!("metadata/2.{bin}.json"));
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("demo-1.0", "demo-1.1")).unwrap();
    let (old, new) = (
        Side { repository: fixture.path(), snapshot: Some(1) },
        Side { repository: fixture.path(), snapshot: Some(2) },
    );
    let error = diff(&old, &new).unwrap_err().to_string();
    assert!(error.ends_with("the snapshot names: its hash differs") || error.ends_with("does not verify"), "{error}");
}

#[test]
fn a_copy_elsewhere_is_compared_file_by_file() {
    let fixture = fixture();
    let copy = fixture.folder.path().join("copy");
    for (name, bytes) in files_of(&fixture.path()) {
        fs::create_dir_all(copy.join(&name).parent().unwrap()).unwrap();
        fs::write(copy.join(&name), bytes).unwrap();
    }
    let compared = || -> Vec<(String, String)> {
        let findings = compare(&fixture.open(), copy.to_str().unwrap()).unwrap();
        findings.into_iter().map(|one| (one.what, one.reason)).collect()
    };
    assert_eq!(compared(), []);
    let place = hashed(&fixture);
    fs::remove_file(copy.join(&place)).unwrap();
    fs::write(copy.join("metadata/timestamp.json"), b"{}").unwrap();
    let expected = [
        (
            "metadata/timestamp.json",
            "another version of it is published: upload it again, and look for caches in between",
        ),
        (place.as_str(), "it is not there yet: upload targets/, then metadata/, and timestamp.json last"),
    ];
    assert_eq!(compared(), expected.map(|(what, reason)| (what.to_owned(), reason.to_owned())));
}
