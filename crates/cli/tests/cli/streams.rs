//! Pipes, colours, and what comes from outside.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::Home;

fn home() -> Home {
    let home = Home::new();
    home.copy("pep458", "");
    home
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_changes_neither_the_exit_code_nor_what_is_said() {
    for (dir, code) in [("dist", 0), ("dist-tampered", 1)] {
        let home = home();
        let mut child =
            home.command(&["verify", "-q", dir]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert!(!said.contains("panicked") && !said.contains("error"), "{said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let home = home();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let ran = home.finish(home.command(&["inspect"]).stdout(full));
    // `output` reads pipes; what was given as standard output stays.
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.stderr.starts_with("error: cannot write the result to standard output\n"), "{}", ran.stderr);
}

#[test]
fn colour_is_for_terminals_and_no_color_is_heeded() {
    let home = home();
    let coloured = |command: &mut std::process::Command| {
        let ran = home.finish(command);
        ran.stdout.contains('\u{1b}') || ran.stderr.contains('\u{1b}')
    };
    assert!(!coloured(&mut home.command(&["verify", "dist"])));
    assert!(coloured(&mut home.command(&["verify", "dist", "--color=always"])));
    assert!(coloured(home.command(&["verify", "dist"]).env("CLICOLOR_FORCE", "1")));
    assert!(!coloured(home.command(&["verify", "dist"]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")));
    assert!(!coloured(home.command(&["verify", "dist", "--color=never"]).env("CLICOLOR_FORCE", "1")));
}

#[cfg(unix)]
#[test]
fn a269_no_name_of_a_file_or_directory_reaches_the_terminal_raw() {
    let home = home();
    home.write("d\u{1b}[2J/a\u{1b}]0;x\u{7}\nverified\tb.whl", "x");
    let ran = home.run(&["verify", "d\u{1b}[2J"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.stdout,
        "unsigned\td\\u{1b}[2J/a\\u{1b}]0;x\\u{7}\\u{a}verified\\u{9}b.whl\t\
         `a\\u{1b}]0;x\\u{7}\\u{a}verified\\u{9}b.whl` is not the name of a wheel or a source distribution: it \
         has a character that is no ASCII letter, digit, `-`, `_`, `.`, `!` or `+`\n"
    );
    fs::create_dir(home.path("e\u{1b}[2J")).unwrap();
    let ran = home.run(&["verify", "dist", "e\u{1b}[2J", "--config", "tufgate.toml"]);
    assert!(ran.stderr.starts_with("warning: e\\u{1b}[2J: there is no file in it\n"), "{}", ran.stderr);
    let ran = home.run(&["inspect", "bins\u{1b}[2J"]);
    assert_eq!(ran.code, Some(2));
    assert!(!ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
}

#[test]
fn the_json_of_verify_is_what_its_description_says() {
    let home = home();
    let ran = home.run(&["verify", "dist-tampered", "--format", "json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let expected = json!({
        "schema": "tufgate.verify/2",
        "repository": {
            "index": "demo", "metadata_url": "file://[HOME]/metadata/", "root": 1, "timestamp": 7, "snapshot": 3,
            "targets": 1, "valid_until": "2035-09-01T00:00:01Z",
        },
        "files": [
            {
                "file": "dist-tampered/tufgate_demo_clock-0.2.0-py3-none-any.whl",
                "target": "packages/tufgate_demo_clock-0.2.0-py3-none-any.whl",
                "verdict": "verified", "role": "c0-cf", "valid_until": "2035-09-01T00:00:01Z",
            },
            {
                "file": "dist-tampered/tufgate_demo_extra-1.0.0-py3-none-any.whl",
                "target": null,
                "verdict": "unknown-project", "allowed": false,
                "reason": "no page of `tufgate-demo-extra` is signed: not listed by `targets`, `bins`, `a0-af`, `30-3f` \
                           (until 2035-09-01T00:00:01Z)",
                "roles": ["targets", "bins", "a0-af", "30-3f"], "valid_until": "2035-09-01T00:00:01Z",
            },
            {
                "file": "dist-tampered/tufgate_demo_greeter-1.0.0-py3-none-any.whl",
                "target": "packages/tufgate_demo_greeter-1.0.0-py3-none-any.whl",
                "verdict": "mismatch", "role": "10-1f", "valid_until": "2035-09-01T00:00:01Z", "of": "sha256",
                "expected": "3f619d60867e15b03acb18142540848c8997482fe70a2dfba35d3c1a9c083ef3",
                "found": "bde6b7695d4018703318512158179e018741e0053aad83d9da84a7ab8ca71e5d",
            },
        ],
        "warnings": [],
    });
    assert_eq!(document, expected);
}

#[test]
fn the_json_of_an_error_stands_where_the_result_would() {
    let home = Home::new();
    home.copy("attacks/expired-timestamp", "");
    let ran = home.run(&["refresh", "--format", "json"]);
    assert_eq!(ran.code, Some(3));
    assert!(ran.stderr.starts_with("error: role `timestamp`: expired at 2020-01-01T00:00:00Z"), "{}", ran.stderr);
    let mut document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let message = document["error"].take();
    assert!(ran.stderr.contains(message.as_str().unwrap()));
    assert!(ran.stderr.contains(document["help"].take().as_str().unwrap()));
    let expected = json!({
        "schema": "tufgate.error/1", "error": null, "caused_by": [], "at_fault": "repository",
        "attack": "freeze attack", "spec": "TUF-1.0.34 §5.3.10, §5.4.4, §5.5.6, §5.6.5", "help": null, "exit_code": 3,
        "warnings": [],
    });
    assert_eq!(document, expected);
}

#[test]
fn verbose_says_what_is_fetched_and_names_the_section() {
    let home = Home::new();
    home.copy("attacks/expired-timestamp", "");
    let ran = home.run(&["refresh", "-v"]);
    assert!(ran.stderr.contains("fetching url=\"file://[HOME]/metadata/timestamp.json\""), "{}", ran.stderr);
    assert!(ran.stderr.contains("absent url=\"file://[HOME]/metadata/2.root.json\""), "{}", ran.stderr);
    assert!(ran.stderr.contains("\n  the check: TUF-1.0.34 §5.3.10"), "{}", ran.stderr);
}

#[test]
fn completions_and_manual_pages_are_written_for_every_command() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = home.run(&["completions", shell]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        assert!(ran.stdout.contains("completions") && ran.stdout.contains("metadata-url"), "{shell}");
    }
    let ran = home.run(&["man"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains(".TH tufgate 1"), "{}", ran.stdout);
    assert_eq!(home.run(&["man", "--dir", "pages"]).code, Some(0));
    for command in ["", "-trust-add", "-refresh", "-download", "-verify", "-inspect"] {
        assert!(home.path(&format!("pages/tufgate{command}.1")).is_file(), "{command}");
    }
}
