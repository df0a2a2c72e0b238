//! Repositories, or parts of them, in a directory that can be carried to where there is no network.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::{Home, Ran, copy, repositories};

/// Repositories, with the number of metadata files, of targets, and of distributions in `dist`.
const REPOSITORIES: [(&str, usize, usize, usize); 8] = [
    ("custom", 4, 5, 3),
    ("datadog", 8, 7, 3),
    ("keys", 9, 5, 5),
    ("pep458", 21, 12, 3),
    ("rotated", 9, 1, 1),
    ("rstuf", 20, 7, 3),
    ("succinct", 20, 12, 3),
    ("warehouse", 21, 7, 3),
];

const GREETER: &str = "packages/3f619d60867e15b03acb18142540848c8997482fe70a2dfba35d3c1a9c083ef3.tufgate_demo_greeter-1.0.0-py3-none-any.whl";

/// A home with a copy of the repository, to be changed.
fn home(repository: &str) -> Home {
    let home = Home::new();
    home.copy(repository, "srv");
    home
}

fn mirror(home: &Home, more: &[&str]) -> Ran {
    let mut args = vec!["mirror", "--config=srv/tufgate.toml", "-o", "mirror"];
    args.extend(more);
    home.run(&args)
}

/// With a home in which nothing was trusted before, and no other file of the repository than the configuration.
fn offline(home: &Home, args: &[&str]) -> Ran {
    let elsewhere = Home::new();
    for file in ["tufgate.toml", "root.json"] {
        fs::copy(home.path("srv").join(file), elsewhere.path(file)).unwrap();
    }
    copy(&home.path("srv/dist"), &elsewhere.path("dist"));
    if home.path("srv/locks").is_dir() {
        copy(&home.path("srv/locks"), &elsewhere.path("locks"));
    }
    let dir = format!("--index-dir={}", home.path("mirror").display());
    let mut all = vec!["verify", "--offline", &dir, "--format=json"];
    all.extend(args);
    elsewhere.run(&all)
}

fn document(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

/// What stands under `file`, or else under `distribution`, and the verdict on it.
fn verdicts(ran: &Ran) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let files = document(ran)["files"].as_array().unwrap().clone();
    let name =
        |file: &Value| if file["distribution"].is_null() { text(&file["file"]) } else { text(&file["distribution"]) };
    files.iter().map(|file| (name(file), text(&file["verdict"]))).collect()
}

/// All files below a directory, with their content and when they were written.
fn tree(dir: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut files = BTreeMap::new();
    let mut left = vec![dir.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                let written = fs::metadata(&path).unwrap().modified().unwrap();
                files.insert(path.strip_prefix(dir).unwrap().to_owned(), (fs::read(&path).unwrap(), written));
            }
        }
    }
    files
}

fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    tree(dir).into_iter().map(|(path, (content, _))| (path, content)).collect()
}

/// What a run asked for, by its trace.
fn requests(ran: &Ran) -> Vec<String> {
    let traced = ran.stderr.lines().filter_map(|line| line.strip_prefix(" INFO tufgate::index: "));
    traced.map(|line| line.replace("url=\"file://[HOME]/srv/", "").replace('"', "")).collect()
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_link_in_the_place_of_the_lock_is_refused_and_not_opened() {
    for kind in ["pipe", "link"] {
        let home = home("pep458");
        fs::create_dir(home.path("mirror")).unwrap();
        let lock = home.path("mirror/.lock");
        match kind {
            "pipe" => assert!(std::process::Command::new("mkfifo").arg(&lock).status().unwrap().success()),
            _ => std::os::unix::fs::symlink(home.path("elsewhere"), &lock).unwrap(),
        }
        let ran = mirror(&home, &[]);
        assert_eq!(ran.code, Some(4), "{kind}");
        let expected = "error: cannot lock mirror/.lock\n  caused by: it is not a regular file; remove it\n";
        assert!(ran.stderr.starts_with(expected), "{kind}: {}", ran.stderr);
        assert!(!home.path("elsewhere").exists() && !home.path("mirror/metadata").exists());
    }
}

#[test]
fn all_of_a_repository_is_mirrored_byte_for_byte_and_verifies_without_anything_else() {
    for (repository, metadata, targets, distributions) in REPOSITORIES {
        let home = home(repository);
        let ran = mirror(&home, &["--format=json"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{repository}");
        for part in ["metadata", "targets", "wheels"] {
            let original = home.path("srv").join(part);
            if original.is_dir() {
                assert_eq!(contents(&home.path("mirror").join(part)), contents(&original), "{repository}: {part}");
            }
        }
        let document = document(&ran);
        assert_eq!(document["schema"], "tufgate.mirror/1");
        assert_eq!(document["directory"], "mirror");
        assert_eq!(document["metadata"], json!({ "written": metadata, "unchanged": 0 }), "{repository}");
        assert_eq!(document["fetched"]["files"], targets, "{repository}");
        assert_eq!(document["present"], json!({ "files": 0, "bytes": 0 }));
        let files = document["files"].as_array().unwrap();
        assert_eq!(files.len(), targets);
        for file in files {
            let on_disk = home.path(file["downloaded"].as_str().unwrap());
            assert!(on_disk.is_file() && file["verdict"] == "fetched", "{file}");
        }

        let ran = offline(&home, &["dist"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{repository}: {ran:?}");
        let verdicts = verdicts(&ran);
        assert_eq!(verdicts.len(), distributions);
        assert!(verdicts.values().all(|verdict| verdict == "verified"), "{repository}: {verdicts:?}");
    }
}

#[test]
fn a_project_is_mirrored_with_its_pages_and_all_its_files_and_no_other_project() {
    for (repository, targets) in [("datadog", 5), ("pep458", 8), ("rstuf", 5), ("succinct", 8), ("warehouse", 5)] {
        let home = home(repository);
        let ran = mirror(&home, &["--project=Tufgate_Demo.Clock", "--format=json"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{repository}");
        assert_eq!(document(&ran)["fetched"]["files"], targets, "{repository}");
        let below = |path: PathBuf| contents(&path).into_keys().collect::<Vec<_>>();
        let mut expected: Vec<_> = ["targets", "wheels"]
            .iter()
            .filter(|part| home.path("srv").join(part).is_dir())
            .flat_map(|part| below(home.path("srv").join(part)))
            .collect();
        expected.retain(|path| !path.to_str().unwrap().contains("greeter"));
        let mut found: Vec<_> = ["targets", "wheels"]
            .iter()
            .filter(|part| home.path("mirror").join(part).is_dir())
            .flat_map(|part| below(home.path("mirror").join(part)))
            .collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{repository}");
        let mut verdicts = verdicts(&offline(&home, &["dist"]));
        verdicts.retain(|name, _| name.contains("clock"));
        assert!(
            verdicts.len() >= 2 && verdicts.values().all(|verdict| verdict == "verified"),
            "{repository}: {verdicts:?}"
        );
    }
}

#[test]
fn a_lock_file_brings_what_it_names_and_verifies_by_itself() {
    for lock in ["requirements.txt", "pylock.toml", "uv.lock", "poetry.lock", "report.json"] {
        let home = home("pep458");
        let ran = mirror(&home, &["--format=json", "-r", &format!("srv/locks/{lock}")]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{lock}");
        let named: Vec<_> = verdicts_of_named(&ran);
        assert!(!named.is_empty() && named.iter().all(|(_, verdict)| verdict == "fetched"), "{lock}: {named:?}");
        let ran = offline(&home, &[&format!("locks/{lock}")]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{lock}: {ran:?}");
        let mut verified: Vec<_> = verdicts(&ran).into_keys().collect();
        verified.sort();
        assert_eq!(verified, named.into_iter().map(|(name, _)| name).collect::<Vec<_>>(), "{lock}");
    }
}

/// The distributions that a lock file names, sorted.
fn verdicts_of_named(ran: &Ran) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let files = document(ran)["files"].as_array().unwrap().clone();
    let named = files.iter().filter(|file| !file["distribution"].is_null());
    let mut named: Vec<_> = named.map(|file| (text(&file["distribution"]), text(&file["verdict"]))).collect();
    named.sort();
    named
}

#[test]
fn what_a_lock_file_names_wrongly_is_a_verdict_and_no_file() {
    let home = home("pep458");
    let ran = mirror(&home, &["-r", "srv/locks-tampered/requirements.txt"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.stdout,
        "undecided\tsrv/locks-tampered/requirements.txt:3: tufgate-demo-clock==0.2.0\tthe lock file gives no hash for it\n\
         unknown-project\tsrv/locks-tampered/requirements.txt:5: tufgate-demo-extra==1.0.0\tno page of \
         `tufgate-demo-extra` is signed: not listed by `targets`, `bins`, `a0-af`, `30-3f` (until \
         2035-09-01T00:00:01Z)\n\
         mismatch\tsrv/locks-tampered/requirements.txt:8: tufgate-demo-greeter==1.0.0\tsha256 is \
         bde6b7695d4018703318512158179e018741e0053aad83d9da84a7ab8ca71e5d where `d0-df` signed another one for the one \
         file of this version\n\
         index           demo\ndirectory       mirror\ntimestamp       7\nvalid until     2035-09-01T00:00:01Z\n\
         metadata        8 written, 0 unchanged\nfetched         0 files, 0 bytes\npresent         0 files, 0 bytes\n"
    );
    assert!(!home.path("mirror/targets/packages").exists());
}

#[test]
fn a_second_run_asks_for_what_a_refresh_asks_for_and_changes_no_file() {
    for (repository, _, targets, _) in REPOSITORIES {
        let home = home(repository);
        assert_eq!(mirror(&home, &[]).code, Some(0));
        let before = tree(&home.path("mirror"));
        let ran = mirror(&home, &["-v"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let root = if repository == "rotated" { 7 } else { 2 };
        let expected = [format!("absent metadata/{root}.root.json"), "fetching metadata/timestamp.json".to_owned()];
        assert_eq!(requests(&ran), expected, "{repository}");
        assert!(ran.stdout.contains("\nfetched         0 files, 0 bytes\n"), "{}", ran.stdout);
        assert!(ran.stderr.ends_with(&format!("{}: {targets} present\n", files(targets))), "{}", ran.stderr);
        assert_eq!(tree(&home.path("mirror")), before, "{repository}");
    }
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

#[test]
fn clients_with_an_older_pin_find_the_roots_before_the_pinned_one() {
    let home = home("rotated");
    fs::copy(home.path("srv/metadata/4.root.json"), home.path("srv/pinned.json")).unwrap();
    let ran = mirror(&home, &["-v", "--root=srv/pinned.json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for version in [3, 2, 1] {
        assert!(requests(&ran).contains(&format!("fetching metadata/{version}.root.json")), "{ran:?}");
    }
    assert_eq!(contents(&home.path("mirror/metadata")), contents(&home.path("srv/metadata")));
    // From the oldest pin on.
    assert_eq!(offline(&home, &["dist"]).code, Some(0));
    let again = mirror(&home, &["-v", "--root=srv/pinned.json"]);
    assert_eq!(requests(&again), ["absent metadata/7.root.json", "fetching metadata/timestamp.json"]);
}

#[test]
fn a_root_that_does_not_sign_for_the_next_one_is_not_mirrored() {
    let home = home("rotated");
    fs::copy(home.path("srv/metadata/4.root.json"), home.path("srv/pinned.json")).unwrap();
    fs::copy(repositories().join("pep458/root.json"), home.path("srv/metadata/2.root.json")).unwrap();
    let ran = mirror(&home, &["--root=srv/pinned.json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let roots =
        contents(&home.path("mirror/metadata")).into_keys().filter(|path| path.to_str().unwrap().contains("root"));
    assert_eq!(
        roots.collect::<Vec<_>>(),
        ["3.root.json", "4.root.json", "5.root.json", "6.root.json"].map(PathBuf::from)
    );
}

#[test]
fn what_was_changed_or_removed_in_a_mirror_is_restored() {
    let home = home("pep458");
    assert_eq!(mirror(&home, &[]).code, Some(0));
    let good = contents(&home.path("mirror"));
    let targets = home.path("mirror/targets");
    let names: Vec<_> =
        contents(&targets).into_keys().filter(|path| path.to_str().unwrap().contains("greeter")).collect();
    for name in &names {
        let mut bytes = fs::read(targets.join(name)).unwrap();
        bytes[0] ^= 1;
        // By its other names, the file is the same one.
        fs::remove_file(targets.join(name)).unwrap();
        fs::write(targets.join(name), bytes).unwrap();
    }
    fs::remove_file(home.path("mirror/metadata/1.bins.json")).unwrap();
    home.write("mirror/metadata/3.snapshot.json", "{}");
    let ran = mirror(&home, &["--format=json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let document = document(&ran);
    assert_eq!((&document["fetched"]["files"], &document["present"]["files"]), (&json!(4), &json!(8)));
    assert_eq!(document["metadata"], json!({ "written": 2, "unchanged": 19 }));
    assert_eq!(contents(&home.path("mirror")), good);
}

#[test]
fn a_name_that_is_gone_is_made_again_from_the_others() {
    let home = home("pep458");
    assert_eq!(mirror(&home, &[]).code, Some(0));
    let good = contents(&home.path("mirror"));
    fs::remove_file(home.path("mirror/targets").join(GREETER)).unwrap();
    let ran = mirror(&home, &["-v"]);
    assert_eq!(requests(&ran), ["absent metadata/2.root.json", "fetching metadata/timestamp.json"]);
    assert_eq!(contents(&home.path("mirror")), good);
}

#[test]
fn a_mirror_that_cannot_be_finished_leaves_the_old_timestamp_and_goes_on_from_there() {
    let home = home("attacks/rollback-timestamp/after");
    assert_eq!(mirror(&home, &[]).code, Some(0));
    let before = contents(&home.path("mirror"));

    // The release after that one, which no file of the old mirror is enough for.
    home.copy("attacks/rollback-timestamp/before", "srv");
    let targets = contents(&home.path("srv/targets"));
    for dir in ["srv", "mirror"] {
        for name in targets.keys() {
            fs::remove_file(home.path(dir).join("targets").join(name)).unwrap();
        }
    }
    let ran = mirror(&home, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{ran:?}");
    assert!(
        ran.stderr
            .contains("error: target `packages/tufgate_demo_greeter-1.0.0-py3-none-any.whl`: the file is missing"),
        "{}",
        ran.stderr
    );
    let kept = before.into_iter().filter(|(path, _)| !path.starts_with("targets")).collect::<BTreeMap<_, _>>();
    assert_eq!(contents(&home.path("mirror")), kept);

    home.copy("attacks/rollback-timestamp/before", "srv");
    assert_eq!(mirror(&home, &[]).code, Some(0));
    assert_eq!(contents(&home.path("mirror/targets")), targets);
    let timestamp = |dir: &str| fs::read(home.path(dir).join("metadata/timestamp.json")).unwrap();
    assert_eq!(timestamp("mirror"), timestamp("srv"));
}

#[test]
fn no_attack_becomes_a_mirror() {
    for attack in [
        "duplicate-member",
        "expired-timestamp",
        "mix-and-match",
        "repeated-signature",
        "root-not-signed-by-old",
        "root-skips-a-version",
        "swapped-bin",
        "tampered-target",
        "wrong-threshold",
    ] {
        let home = home(&format!("attacks/{attack}"));
        let ran = mirror(&home, &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{attack}: {ran:?}");
        assert!(!home.path("mirror/metadata").exists(), "{attack}");
    }
}

#[test]
fn what_the_repository_itself_signs_for_wrongly_keeps_nothing_else_away() {
    let home = home("attacks/withheld-role");
    let ran = mirror(&home, &[]);
    assert_eq!(ran.code, Some(3));
    let line = ran.stdout.lines().next().unwrap();
    assert_eq!(
        line,
        "untrusted\tpackages/tufgate_demo_greeter-1.0.0-py3-none-any.whl\trole `trusted`: delegated to, but not listed in \
         snapshot"
    );
    assert!(home.path("mirror/metadata/timestamp.json").is_file());
}

#[test]
fn a_file_that_cannot_be_written_is_not_blamed_on_what_is_trusted() {
    let home = home("pep458");
    fs::create_dir_all(home.path("mirror/targets").join(GREETER)).unwrap();
    let ran = mirror(&home, &["-q"]);
    let stderr = format!(
        "error: mirror/targets/{GREETER}: cannot write\n  caused by: Is a directory (os error 21)\n  at fault: this machine\n\
         help: a directory stands where a file is needed: name another place\n"
    );
    assert_eq!(ran, Ran { code: Some(4), stdout: String::new(), stderr });
}

#[cfg(unix)]
#[test]
fn a224_links_in_a_mirror_are_never_followed_out_of_it() {
    use std::os::unix::fs::symlink;

    for link in ["targets", "targets/packages", "metadata"] {
        let home = home("pep458");
        fs::create_dir_all(home.path("outside")).unwrap();
        fs::create_dir_all(home.path("mirror").join(link).parent().unwrap()).unwrap();
        symlink(home.path("outside"), home.path("mirror").join(link)).unwrap();
        let ran = mirror(&home, &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
        let error = ran.stderr.lines().find(|line| line.starts_with("error: ")).unwrap();
        assert_eq!(
            error,
            format!(
                "error: `mirror/{link}` cannot be written: a link, or another thing that is no directory, stands there, \
                 and may lead elsewhere"
            )
        );
        assert!(ran.stderr.ends_with("help: remove what stands there, or name another directory\n"), "{ran:?}");
        assert_eq!(fs::read_dir(home.path("outside")).unwrap().count(), 0, "{link}");
    }
    // A link in the place of a file is replaced, and what it led to stays.
    let home = home("pep458");
    home.write("outside", "mine");
    for place in [format!("targets/{GREETER}"), "metadata/timestamp.json".to_owned()] {
        let place = home.path("mirror").join(place);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        symlink(home.path("outside"), place).unwrap();
    }
    assert_eq!(mirror(&home, &[]).code, Some(0));
    assert_eq!(fs::read_to_string(home.path("outside")).unwrap(), "mine");
    assert!(fs::symlink_metadata(home.path("mirror/metadata/timestamp.json")).unwrap().is_file());
    assert_eq!(contents(&home.path("mirror/targets")), contents(&home.path("srv/targets")));
}

#[test]
fn what_a_mirror_cannot_be_made_of_is_refused() {
    let pep458 = home("pep458");
    let ran = mirror(&pep458, &["--read-only-state"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (
            Some(2),
            "error: a mirror is copied from what is trusted, which --read-only-state does not keep\nhelp: leave it out; \
             or keep what this run trusts somewhere else, with --state-dir\n"
        )
    );
    let ran = mirror(&pep458, &["--project=none"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stdout.starts_with("unknown-project\tnone\tno page of `none` is signed: not listed by "),
        "{}",
        ran.stdout
    );
    let ran = mirror(&home("custom"), &["--project=tufgate-demo-clock"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (
            Some(2),
            "error: `custom` has no index pages, so that nobody can say which files a project has\nhelp: name a lock \
             file with --requirements, or leave out --project to mirror everything\n"
        )
    );
}

#[test]
fn the_second_generation_of_datadog_is_fetched_from_beside_the_targets() {
    let home = home("datadog");
    let name = "tufgate_demo_clock-0.2.0-py3-none-any.whl";
    home.write(
        "requirements.txt",
        "tufgate-demo-clock @ https://index.example/wheels/tufgate_demo_clock-0.2.0-py3-none-any.whl \
         --hash=sha256:62c475bb6fe80a20dddd8257d90bca18820fa9889cb8ce2a22d764acc4f1f6bb\n",
    );
    let ran = home.run(&["verify", "--config=srv/tufgate.toml", "-r", "requirements.txt", "--download=out"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(fs::read(home.path("out").join(name)).unwrap(), fs::read(home.path("srv/dist").join(name)).unwrap());
}

/// A home with a copy of a repository in `copy/`, whose timestamp expired on the first day of 2020.
fn expired() -> Home {
    let home = Home::new();
    home.copy("attacks/expired-timestamp", "copy");
    let timestamp = fs::File::options().write(true).open(home.path("copy/metadata/timestamp.json")).unwrap();
    timestamp.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_577_000_000)).unwrap();
    let name = Path::new(GREETER).file_name().unwrap().to_str().unwrap();
    let content = fs::read(home.path("copy/targets").join(GREETER)).unwrap();
    home.write(&format!("dist/{}", name.split_once('.').unwrap().1), content);
    home
}

const EXPIRED: [&str; 5] = ["verify", "--config=copy/tufgate.toml", "--index-dir=copy", "dist", "--offline"];

#[test]
fn a_copy_says_how_old_it_is() {
    let home = home("pep458");
    assert_eq!(mirror(&home, &["-q"]).code, Some(0));
    let timestamp = fs::File::options().write(true).open(home.path("mirror/metadata/timestamp.json")).unwrap();
    timestamp.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000)).unwrap();
    let args = ["verify", "--config=srv/tufgate.toml", "--index-dir=mirror", "--offline", "srv/dist"];
    let ran = home.run(&args);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (
            Some(0),
            "reading the copy in [HOME]/mirror, made on 2023-11-14T22:13:20Z by its own word: is valid until \
             2035-09-01T00:00:01Z\n3 files: 3 verified\n"
        )
    );
    let ran = home.run(&[args.as_slice(), &["--format=json"]].concat());
    assert_eq!(
        document(&ran)["repository"],
        json!({
            "index": "demo", "metadata_url": "file://[HOME]/srv/metadata/", "root": 1, "timestamp": 7, "snapshot": 3,
            "targets": 1, "valid_until": "2035-09-01T00:00:01Z",
            "copy": { "directory": "[HOME]/mirror", "made": "2023-11-14T22:13:20Z" },
        })
    );
}

#[test]
fn a_copy_that_has_expired_is_refused_and_the_help_names_what_accepts_it() {
    let home = expired();
    for more in [&[][..], &["--max-staleness=30d"]] {
        let ran = home.run(&[&EXPIRED, more].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""));
        let (error, help) = ran.stderr.split_once("\nhelp: ").unwrap();
        assert!(error.starts_with("error: role `timestamp`: expired at 2020-01-01T00:00:00Z"), "{error}");
        assert!(!error.contains("at fault"), "{error}");
        assert_eq!(
            help,
            "check the clock of this machine. If it is right, bring a newer copy here, made by `tufgate mirror` where \
             there is a network. To accept this one for some time after its expiry, give --max-staleness, such as \
             `--max-staleness 7d`\n"
        );
    }
}

#[test]
fn staleness_is_accepted_as_far_as_the_user_says_and_is_never_called_verified() {
    let home = expired();
    let accepted = [EXPIRED.as_slice(), &["--max-staleness=36500d"]].concat();
    let ran = home.run(&accepted);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(
        ran.stdout,
        "stale\tdist/tufgate_demo_greeter-1.0.0-py3-none-any.whl\tas `targets` signed it; that expired on \
         2020-01-01T00:00:00Z\n"
    );
    assert_eq!(
        ran.stderr,
        "reading the copy in [HOME]/copy, made on 2019-12-22T07:33:20Z by its own word: has expired on \
         2020-01-01T00:00:00Z\n\
         warning: the metadata of `expired-timestamp` expired on 2020-01-01T00:00:00Z, and is accepted because of \
         --max-staleness 36500 days: what was released, withdrawn or revoked since its time is \
         not known here\n\
         1 file: 1 stale\n"
    );
    let ran = home.run(&[accepted.as_slice(), &["--format=json"]].concat());
    let document = document(&ran);
    let (repository, file) = (&document["repository"], &document["files"][0]);
    assert_eq!(repository["expired_since"], "2020-01-01T00:00:00Z");
    assert_eq!((&file["verdict"], &file["accepted"]), (&json!("stale"), &json!(true)));
    assert_eq!(document["warnings"].as_array().unwrap().len(), 1);
    // What is not signed does not pass by that.
    home.write("dist/tufgate_demo_greeter-1.0.0-py3-none-any.whl", "x");
    assert_eq!(home.run(&accepted).code, Some(1));
}

#[test]
fn staleness_is_refused_where_newer_metadata_could_be_asked_for() {
    let home = expired();
    let online = [&EXPIRED[..4], &["--max-staleness=7d"]].concat();
    let ran = home.run(&online);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (
            Some(2),
            "error: --max-staleness is for --offline alone\nhelp: leave it out: whoever can ask for newer metadata needs \
             none that has expired\n"
        )
    );
}
