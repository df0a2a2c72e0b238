//! Cases as data: arguments, and all that the command says and returns. `[REPOS]` stands for the test repositories.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::{Home, Ran, repositories};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Files below the home directory.
    #[serde(default)]
    files: BTreeMap<String, String>,
    code: i32,
    #[serde(default)]
    stdout: String,
    #[serde(default)]
    stderr: String,
}

fn check(file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/cases").join(file);
    let cases: File = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let place = |text: &str| text.replace("[REPOS]", repositories().to_str().unwrap());
    let mut wrong = Vec::new();
    for case in cases.case {
        let home = Home::new();
        for (below, content) in &case.files {
            home.write(below, place(content));
        }
        let args: Vec<String> = case.args.iter().map(|arg| place(arg)).collect();
        let mut command = home.command(&args.iter().map(String::as_str).collect::<Vec<_>>());
        command.envs(case.env.iter().map(|(name, value)| (name, place(value))));
        let ran = home.finish(&mut command);
        let expected = Ran { code: Some(case.code), stdout: case.stdout, stderr: case.stderr };
        if ran != expected {
            wrong.push(format!("{}:\n found {ran:#?}\n expected {expected:#?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn wrong_command_lines_and_configurations_end_with_2() {
    check("usage.toml");
}

#[test]
fn files_are_judged() {
    check("verify.toml");
}

#[test]
fn each_profile_finds_what_is_signed_and_nothing_else() {
    check("profiles.toml");
}

#[test]
fn a179_what_lock_files_name_is_compared_with_what_is_signed() {
    check("locks.toml");
}

#[test]
fn a163_what_is_not_signed_passes_only_by_its_name_and_is_never_said_to_be_verified() {
    check("allow_unsigned.toml");
}

#[test]
fn a269_verdicts_are_told_as_annotations_and_as_test_reports() {
    check("formats.toml");
}

#[test]
fn targets_are_downloaded() {
    check("download.toml");
}

#[test]
fn what_is_trusted_is_shown() {
    check("inspect.toml");
}

#[test]
fn each_attack_is_named_and_ends_with_3() {
    check("attacks.toml");
}
