//! Which files are judged, and that none is passed over.

use std::fs;

use serde_json::{Value, json};

use crate::{Home, Ran};

const GREETER: &str = "tufgate_demo_greeter-1.0.0-py3-none-any.whl";
const CLOCK: &str = "tufgate_demo_clock-0.2.0.tar.gz";

fn verdicts(ran: &Ran) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let text = |file: &Value, key: &str| file[key].as_str().unwrap().to_owned();
    document["files"].as_array().unwrap().iter().map(|file| (text(file, "file"), text(file, "verdict"))).collect()
}

fn expected(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(file, verdict)| ((*file).to_owned(), (*verdict).to_owned())).collect()
}

fn home() -> Home {
    let home = Home::new();
    home.copy("pep458", "");
    home
}

fn place(home: &Home, name: &str, below: &str) {
    home.write(below, fs::read(home.path("dist").join(name)).unwrap());
}

#[test]
fn a_directory_is_judged_whole_hidden_files_and_directories_with_names_of_files_too() {
    let home = home();
    place(&home, GREETER, &format!("all/sub.whl/{GREETER}"));
    place(&home, CLOCK, &format!("all/{CLOCK}"));
    home.write("all/.hidden", "x");
    home.write("all/empty.whl", "");
    let ran = home.run(&["verify", "all", "--format=json"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        verdicts(&ran),
        expected(&[
            ("all/.hidden", "unsigned"),
            ("all/empty.whl", "unsigned"),
            (&format!("all/sub.whl/{GREETER}"), "verified"),
            (&format!("all/{CLOCK}"), "verified"),
        ])
    );
}

#[test]
fn files_come_in_the_order_of_the_arguments_and_each_once() {
    let home = home();
    let (greeter, clock) = (format!("dist/{GREETER}"), format!("dist/{CLOCK}"));
    let ran = home.run(&["verify", "--format=json", &greeter, &clock, &format!("./dist/../dist/{GREETER}")]);
    assert_eq!(verdicts(&ran), expected(&[(&greeter, "verified"), (&clock, "verified")]));
}

#[test]
fn an_empty_file_and_a_longer_one_are_a_mismatch_of_length() {
    let home = home();
    let mut longer = fs::read(home.path("dist").join(GREETER)).unwrap();
    let length = longer.len();
    longer.extend(b"0123456789");
    home.write(&format!("longer/{GREETER}"), &longer);
    home.write(&format!("empty/{GREETER}"), "");
    let ran = home.run(&["verify", "empty", "longer", "--format=json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let file = |dir: &str, found: usize| {
        json!({
            "file": format!("{dir}/{GREETER}"), "target": format!("packages/{GREETER}"), "verdict": "mismatch",
            "role": "10-1f", "valid_until": "2035-09-01T00:00:01Z", "of": "length", "expected": length, "found": found,
        })
    };
    assert_eq!(document["files"], json!([file("empty", 0), file("longer", length + 10)]));
}

#[test]
fn directories_without_files_are_an_error_alone_and_a_warning_beside_others() {
    let home = home();
    fs::create_dir_all(home.path("none/deep")).unwrap();
    let ran = home.run(&["verify", "none"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    let ran = home.run(&["verify", "none", "dist"]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(ran.stderr, "warning: none: there is no file in it\n3 files: 3 verified\n");
}

#[test]
fn a_wrong_file_outweighs_one_that_cannot_be_read() {
    let home = home();
    assert_eq!(home.run(&["verify", "dist", "missing.whl"]).code, Some(4));
    assert_eq!(home.run(&["verify", "dist-tampered", "missing.whl"]).code, Some(1));
}

#[cfg(unix)]
#[test]
fn links_pipes_and_names_that_are_not_unicode_are_judged_or_named() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    let home = home();
    fs::create_dir(home.path("odd")).unwrap();
    fs::write(home.path("odd").join(OsStr::from_bytes(b"\xff.whl")), "x").unwrap();
    let pipe = home.path("odd/a-pipe.whl");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    symlink(home.path("dist").join(GREETER), home.path("odd").join(GREETER)).unwrap();
    symlink(home.path("odd"), home.path("odd/loop")).unwrap();
    symlink("nowhere", home.path("odd/dangling.whl")).unwrap();
    let ran = home.run(&["verify", "odd", "--format=json"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        verdicts(&ran),
        expected(&[
            ("odd/a-pipe.whl", "unreadable"),
            ("odd/dangling.whl", "unreadable"),
            ("odd/loop", "unreadable"),
            (&format!("odd/{GREETER}"), "verified"),
            ("odd/\u{fffd}.whl", "unsigned"),
        ])
    );
    // A link to a directory is followed where it is named itself; a pipe never blocks.
    symlink(home.path("dist"), home.path("link")).unwrap();
    assert_eq!(home.run(&["verify", "link"]).code, Some(0));
    assert_eq!(home.run(&["verify", "odd/a-pipe.whl"]).code, Some(4));
    assert_eq!(home.run(&["refresh", "--root", "odd/a-pipe.whl"]).code, Some(4));
}

#[test]
fn a293_a_download_that_fails_leaves_no_file_and_says_so() {
    let home = Home::new();
    home.copy("attacks/tampered-target", "");
    let target = format!("packages/{GREETER}");
    let ran = home.run(&["download", &target, "-o", "out", "--format=json"]);
    assert_eq!(ran.code, Some(1));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["targets"][0]["verdict"], "mismatch");
    assert_eq!(document["targets"][0]["file"], Value::Null);
    assert_eq!(fs::read_dir(home.path("out")).unwrap().count(), 0);
}

#[test]
fn a_download_is_verified_then_present_and_replaces_what_is_wrong() {
    let home = home();
    let target = format!("packages/{GREETER}");
    let out = format!("out/{GREETER}");
    for (before, verdict) in [(None, "fetched"), (None, "present"), (Some("wrong"), "fetched")] {
        if let Some(content) = before {
            home.write(&out, content);
        }
        let ran = home.run(&["download", &target, "-o", "out"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.starts_with(&format!("{verdict}\t{target}\t")), "{ran:?}");
        assert_eq!(fs::read(home.path(&out)).unwrap(), fs::read(home.path("dist").join(GREETER)).unwrap());
    }
    assert_eq!(home.run(&["verify", "out"]).code, Some(0));
}
