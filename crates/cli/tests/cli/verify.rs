//! What `verify` writes, what it makes of bad input, and what it says in other forms than text.

use std::fs;
use std::path::Path;

use quick_xml::events::Event;
use serde_json::{Value, json};

use crate::{Home, Ran, repositories};

const GREETER: &str = "tufgate_demo_greeter-1.0.0-py3-none-any.whl";
const CLOCK: &str = "tufgate_demo_clock-0.2.0.tar.gz";
const CLOCK_WHEEL: &str = "tufgate_demo_clock-0.2.0-py3-none-any.whl";
const GREETER_SHA256: &str = "3f619d60867e15b03acb18142540848c8997482fe70a2dfba35d3c1a9c083ef3";

fn home_of(repository: &str) -> Home {
    let home = Home::new();
    home.copy(repository, "");
    home.copy("pep458/locks", "locks");
    home.copy("pep458/locks-tampered", "locks-tampered");
    home
}

/// Names and contents of a directory.
fn content(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let mut content: Vec<_> =
        entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect();
    content.sort();
    content
}

fn stdout_lines(ran: &Ran) -> Vec<Vec<&str>> {
    ran.stdout.lines().map(|line| line.split('\t').collect()).collect()
}

/// Where the one served file of this name lies.
fn served(home: &Home, name: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut dirs = vec![home.path("targets")];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.file_name().unwrap().to_str().unwrap().ends_with(name) {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn what_a_lock_names_is_fetched_byte_for_byte_and_a_second_run_fetches_nothing() {
    for repository in ["pep458", "succinct", "warehouse", "rstuf"] {
        let home = home_of(repository);
        for lock in ["requirements.txt", "pylock.toml", "uv.lock", "poetry.lock"] {
            let lock = format!("locks/{lock}");
            let ran = home.run(&["verify", &lock, "--download", "new/out"]);
            assert_eq!(ran.code, Some(0), "{repository}: {ran:?}");
            assert_eq!(content(&home.path("new/out")), content(&repositories().join("pep458/dist")), "{repository}");
            fs::remove_dir_all(home.path("new")).unwrap();
        }
        home.run(&["verify", "locks/uv.lock", "--download", "out"]);
        for name in [GREETER, CLOCK, CLOCK_WHEEL] {
            let files = served(&home, name);
            assert!(!files.is_empty());
            files.into_iter().for_each(|file| fs::remove_file(file).unwrap());
        }
        let ran = home.run(&["verify", "locks/uv.lock", "--download", "out", "--format=json"]);
        assert_eq!(ran.code, Some(0), "{repository}: {ran:?}");
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        let downloaded = document["files"].as_array().unwrap().iter().map(|file| file["downloaded"].as_str().unwrap());
        assert!(downloaded.eq([CLOCK, CLOCK_WHEEL, GREETER].map(|name| format!("out/{name}"))), "{document}");
    }
}

#[test]
fn a180_nothing_that_was_not_verified_reaches_the_directory() {
    // What a lock names wrongly is not even asked for.
    let home = home_of("pep458");
    for lock in ["requirements.txt", "pylock.toml", "uv.lock", "poetry.lock", "report.json"] {
        let ran = home.run(&["verify", &format!("locks-tampered/{lock}"), "--download", "out"]);
        assert_eq!(ran.code, Some(1));
        assert!(!home.path("out").exists(), "{lock}");
    }
    // What is served is not what is signed: longer, shorter, changed.
    let right = fs::read(home.path("dist").join(GREETER)).unwrap();
    let longer = [&right[..], b"x"].concat();
    let changed = fs::read(home.path("dist-tampered").join(GREETER)).unwrap();
    for (wrong, why) in [
        (&longer[..], "length is 1310 where `10-1f` signed 1309".to_owned()),
        (&right[..1000], "length is 1000 where `10-1f` signed 1309".to_owned()),
        (
            &changed[..],
            format!(
                "sha256 is bde6b7695d4018703318512158179e018741e0053aad83d9da84a7ab8ca71e5d where `10-1f` signed \
                 {GREETER_SHA256}"
            ),
        ),
    ] {
        served(&home, GREETER).into_iter().for_each(|file| fs::write(file, wrong).unwrap());
        let ran = home.run(&["verify", "locks/pylock.toml", "--download", "out"]);
        assert_eq!(ran.code, Some(1));
        let about = format!("locks/pylock.toml:35: {GREETER}");
        assert_eq!(stdout_lines(&ran)[2], ["mismatch", &about, &why]);
        let help = "help: mismatch: do not install it: the lock file names, or the server sent, other bytes than the \
                    repository signs. Find out who changed them, then lock or fetch anew\n";
        assert!(ran.stderr.ends_with(help), "{ran:?}");
        let dir = content(&home.path("out"));
        assert_eq!(dir.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), [CLOCK_WHEEL, CLOCK]);
        fs::remove_dir_all(home.path("out")).unwrap();
    }
    // Nor does it replace what lies there.
    home.write(&format!("out/{GREETER}"), "mine");
    assert_eq!(home.run(&["verify", "locks/pylock.toml", "--download", "out"]).code, Some(1));
    assert_eq!(fs::read(home.path("out").join(GREETER)).unwrap(), b"mine");
    // What is withheld is not taken for something else.
    served(&home, GREETER).into_iter().for_each(|file| fs::remove_file(file).unwrap());
    let ran = home.run(&["verify", "locks/pylock.toml", "--download", "new"]);
    assert_eq!(ran.code, Some(3));
    assert!(stdout_lines(&ran)[2][2].ends_with("the file is missing from the repository (answer: absent)"), "{ran:?}");
}

#[test]
fn what_a_pointer_binds_lies_beside_the_targets_and_is_fetched_from_there() {
    let home = home_of("datadog");
    let ran = home.run(&["verify", "locks/report.json", "--download", "out"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let names: Vec<_> = content(&home.path("out")).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, [CLOCK_WHEEL, GREETER]);
    for name in names {
        assert_eq!(fs::read(home.path("out").join(&name)).unwrap(), fs::read(home.path("dist").join(&name)).unwrap());
    }
}

#[test]
fn what_lies_outside_of_the_targets_is_verified_and_not_fetched() {
    let home = home_of("warehouse");
    // From there the links of the pages lead to another host than that of the targets.
    let elsewhere = ["--simple-url", "https://index.example/simple/"];
    let ran = home.run(&[&["verify", "locks/report.json"][..], &elsewhere].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = home.run(&[&["verify", "locks/report.json", "--download", "out"][..], &elsewhere].concat());
    assert_eq!(ran.code, Some(4));
    for (at, name) in [CLOCK_WHEEL, GREETER].into_iter().enumerate() {
        assert_eq!(
            stdout_lines(&ran)[at],
            [
                "unreadable",
                &format!("locks/report.json: {name}"),
                "it is what is signed, but does not lie below the address of the targets, and was not fetched"
            ]
        );
    }
    assert!(!home.path("out").exists());
}

#[test]
fn a_directory_for_downloads_that_is_none_stops_the_run_and_one_without_use_is_a_warning() {
    let home = home_of("pep458");
    home.write("file", "");
    let ran = home.run(&["verify", "locks/uv.lock", "--download", "file"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), ""));
    assert!(ran.stderr.contains("error: cannot make file\n"), "{}", ran.stderr);
    fs::create_dir_all(home.path("out").join(GREETER)).unwrap();
    let ran = home.run(&["verify", "locks/uv.lock", "--download", "out"]);
    assert_eq!(ran.code, Some(4));
    assert!(ran.stderr.ends_with("help: a directory stands where a file is needed: name another place\n"), "{ran:?}");
    let ran = home.run(&["verify", "dist", "--download", "none"]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(ran.stderr, "warning: --download: no lock file names anything to fetch\n3 files: 3 verified\n");
}

#[test]
fn every_bad_file_gets_the_verdict_it_deserves() {
    let home = home_of("pep458");
    let right = fs::read(home.path("dist").join(GREETER)).unwrap();
    home.write(&format!("truncated/{GREETER}"), &right[..1000]);
    home.write(&format!("empty/{GREETER}"), "");
    // Of the right content, under the name of another project, of another version, of another spelling.
    home.write("renamed/tufgate_demo_clock-0.2.0-py3-none-any.whl", &right);
    home.write("renamed/tufgate_demo_greeter-1.0.1-py3-none-any.whl", &right);
    home.write("spelled/Tufgate.Demo.Greeter-1.0.0-py3-none-any.whl", &right);
    home.write(&format!("spelled/{GREETER}"), &right);
    fs::create_dir_all(home.path("x.whl")).unwrap();
    let ran = home.run(&["verify", "-q", "truncated", "empty", "renamed", "spelled"]);
    assert_eq!(ran.code, Some(1));
    let unlisted = "the signed page `simple/tufgate-demo-greeter/index.json` lists no such file; not listed by `d0-df` \
                    (until 2035-09-01T00:00:01Z)";
    assert_eq!(
        stdout_lines(&ran),
        [
            ["mismatch", &format!("truncated/{GREETER}"), "length is 1000 where `10-1f` signed 1309"],
            ["mismatch", &format!("empty/{GREETER}"), "length is 0 where `10-1f` signed 1309"],
            ["mismatch", &format!("renamed/{CLOCK_WHEEL}"), "length is 1309 where `c0-cf` signed 1434"],
            ["unsigned", "renamed/tufgate_demo_greeter-1.0.1-py3-none-any.whl", unlisted],
            ["unsigned", "spelled/Tufgate.Demo.Greeter-1.0.0-py3-none-any.whl", unlisted],
            ["verified", &format!("spelled/{GREETER}"), "signed by `10-1f` until 2035-09-01T00:00:01Z"],
        ]
    );
    // A directory is one whatever its name.
    let ran = home.run(&["verify", "x.whl"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.starts_with("error: there is nothing to verify: 1 directory named, and no file in it\n"));
}

#[test]
fn a_lock_file_in_another_encoding_is_refused_as_a_whole() {
    let home = home_of("pep458");
    let line = format!("tufgate-demo-greeter==1.0.0 --hash=sha256:{GREETER_SHA256}\n");
    home.write("requirements.txt", [line.as_bytes(), b"# \xff\n"].concat());
    let ran = home.run(&["verify", "requirements.txt"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert_eq!(
        ran.stderr,
        "error: requirements.txt:2: it is not UTF-8\nhelp: let the tool that wrote the lock file write it anew, or \
         correct it\n"
    );
    let utf_16: Vec<u8> = line.encode_utf16().flat_map(u16::to_le_bytes).collect();
    home.write("requirements.txt", [&[0xff, 0xfe], &utf_16[..]].concat());
    let ran = home.run(&["verify", "-r", "requirements.txt"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.starts_with("error: requirements.txt: it is UTF-16, and must be UTF-8\n"), "{}", ran.stderr);
}

#[test]
fn a_metadata_file_beside_a_wheel_is_judged_like_it() {
    let home = home_of("pep458");
    let name = format!("{GREETER}.metadata");
    let right = fs::read(served(&home, &name).first().unwrap()).unwrap();
    home.write(&format!("side/{name}"), &right);
    let ran = home.run(&["verify", "-q", "side"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    home.write(&format!("side/{name}"), [&right[..right.len() - 1], b"?"].concat());
    let ran = home.run(&["verify", "-q", "side"]);
    assert_eq!((ran.code, stdout_lines(&ran)[0][0]), (Some(1), "mismatch"));
}

#[test]
fn what_the_signed_page_says_of_a_yanked_file_is_told() {
    let home = home_of("pep458");
    let name = "tufgate_demo_clock-0.1.0.tar.gz";
    let file = served(&home, name).remove(0);
    home.write(&format!("old/{name}"), fs::read(file).unwrap());
    let ran = home.run(&["verify", "old", "--format=json"]);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let file = &document["files"][0];
    assert_eq!(
        (ran.code, file["verdict"].as_str().unwrap(), file["yanked"].as_str().unwrap()),
        (Some(0), "verified", "Says \"morning\" & nothing else; use <0.2.0> or newer")
    );
}

#[test]
fn the_json_of_a_lock_file_says_where_what_and_by_which_target() {
    let home = home_of("pep458");
    home.write(
        "requirements.txt",
        format!(
            "tufgate-demo-greeter==1.0.0 \\\n  --hash=sha256:{GREETER_SHA256}\ntufgate-demo-extra==1 \
             --hash=sha256:{GREETER_SHA256}\ntufgate-demo-clock\n"
        ),
    );
    let ran = home.run(&["verify", "requirements.txt", "--download=out", "--format=json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["schema"], "tufgate.verify/2");
    let until = "2035-09-01T00:00:01Z";
    assert_eq!(
        document["files"],
        json!([
            {
                "file": "requirements.txt", "line": 1, "distribution": GREETER, "target": format!("packages/{GREETER}"),
                "downloaded": format!("out/{GREETER}"), "verdict": "verified", "role": "10-1f", "valid_until": until,
            },
            {
                "file": "requirements.txt", "line": 3, "distribution": "tufgate-demo-extra==1", "target": null,
                "verdict": "unknown-project", "allowed": false, "valid_until": until,
                "reason": "no page of `tufgate-demo-extra` is signed: not listed by `targets`, `bins`, `a0-af`, `30-3f` \
                           (until 2035-09-01T00:00:01Z)",
                "roles": ["targets", "bins", "a0-af", "30-3f"],
            },
            {
                "file": "requirements.txt", "line": 4, "distribution": "tufgate-demo-clock", "target": null,
                "verdict": "undecided", "reason": "it is not pinned to one version with `==`",
            },
        ])
    );
}

/// Names of elements and how many attributes they have, in order.
fn parsed(xml: &str) -> Vec<String> {
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let mut seen = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return seen,
            Event::Start(start) => {
                let attributes = start.attributes().collect::<Result<Vec<_>, _>>().unwrap().len();
                seen.push(format!("{} {attributes}", start.name().as_ref()));
            }
            _ => {}
        }
    }
}

#[test]
fn a269_a_test_report_is_well_formed_whatever_files_are_called() {
    let home = home_of("pep458");
    for name in ["a]]>.whl", "a&b;.whl", "<a/>.whl", "a\u{1b}\u{8}.whl", "a\u{ffff}.whl", "\"' \u{2028}.whl"] {
        home.write(&format!("d/{name}"), "x");
    }
    let ran = home.run(&["verify", "-q", "d", "dist", "--format=junit"]);
    assert_eq!(ran.code, Some(1));
    let xml: Vec<char> = ran.stdout.chars().filter(|c| c.is_control() && *c != '\n').collect();
    assert_eq!(xml, []);
    let mut expected = vec!["testsuites 3".to_owned(), "testsuite 4".to_owned()];
    for _ in 0..6 {
        expected.extend(["testcase 2".to_owned(), "failure 2".to_owned()]);
    }
    for _ in 0..3 {
        expected.extend(["testcase 2".to_owned(), "system-out 0".to_owned()]);
    }
    assert_eq!(parsed(&ran.stdout), expected);
}
