//! Pinning and forgetting repositories.

use std::fs;

use serde_json::Value;

use crate::{Home, Ran};

const SHA256: &str = "9fdc8dc95d7cb8b0df9c32e4fc3c4425b53ed2f433b58892a0b0bebb6d868331";
const CONFIG: &str = ".config/tufgate/tufgate.toml";
const COPY: &str = ".config/tufgate/roots/demo-root.json";

/// A home with a repository in `srv/`, and no configuration.
fn home() -> Home {
    let home = Home::new();
    home.copy("pep458", "srv");
    fs::remove_file(home.path("srv/tufgate.toml")).unwrap();
    home
}

fn add(home: &Home, more: &[&str]) -> Ran {
    let mut args = vec!["trust", "add", "demo", "--root=srv/root.json", "--metadata-url=srv/metadata"];
    args.extend(["--targets-url=srv/targets"]);
    args.extend(more);
    home.run(&args)
}

#[test]
fn a_pinned_repository_is_used_shown_and_forgotten() {
    let home = home();
    let added = add(&home, &["--sha256", SHA256]);
    assert_eq!((added.code, added.stderr.as_str()), (Some(0), ""));
    let lines: Vec<&str> = added.stdout.lines().collect();
    let (state, pinned) = lines.split_last().unwrap();
    assert_eq!(
        pinned,
        [
            "index           demo",
            "metadata        file://[HOME]/srv/metadata/",
            "targets         file://[HOME]/srv/targets/",
            "simple index    file://[HOME]/srv/targets/simple/",
            "page            simple/{project}/index.json",
            "page            simple/{project}/index.html",
            "target path     {url}",
            "root            [HOME]/.config/tufgate/roots/demo-root.json",
            &format!("sha256          {SHA256}"),
            "root version    1",
            "root expires    2036-01-01T00:00:00Z",
            "root keys       2 of 3 must sign",
            "configuration   [HOME]/.config/tufgate/tufgate.toml",
        ]
    );
    assert!(state.starts_with("state           [HOME]/.local/state/tufgate/demo-"), "{state}");
    // The root was copied: what becomes of the original does not matter.
    fs::remove_file(home.path("srv/root.json")).unwrap();
    assert_eq!(home.run(&["trust", "show", "demo"]).stdout, added.stdout);
    assert_eq!(
        home.run(&["trust", "list"]).stdout,
        "demo\tfile://[HOME]/srv/metadata/\t[HOME]/.config/tufgate/tufgate.toml\n"
    );
    assert_eq!(home.run(&["verify", "srv/dist"]).code, Some(0));

    let removed = home.run(&["trust", "remove", "demo"]);
    assert_eq!(removed.code, Some(0));
    let left = removed.stdout.lines().nth(1).unwrap().strip_prefix("what was trusted is left in [HOME]/").unwrap();
    assert!(home.path(left).join("floors").is_file());
    assert!(!home.path(COPY).exists());
    assert_eq!(home.run(&["trust", "list"]).stdout, "");
    assert_eq!(home.run(&["verify", "srv/dist"]).code, Some(2));
}

#[test]
fn with_state_forgets_what_was_trusted_too() {
    let home = home();
    add(&home, &[]);
    home.run(&["refresh", "demo"]);
    let removed = home.run(&["trust", "remove", "demo", "--with-state", "--format=json"]);
    let document: Value = serde_json::from_str(&removed.stdout).unwrap();
    assert_eq!((&document["schema"], &document["state_removed"]), (&"tufgate.trust-remove/1".into(), &true.into()));
    assert_eq!(fs::read_dir(home.path(".local/state/tufgate")).unwrap().count(), 0);
}

#[test]
fn another_fingerprint_is_refused_and_nothing_is_written() {
    let home = home();
    let ran = add(&home, &["--sha256", &"0".repeat(64)]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(
        ran.stderr.starts_with(&format!(
            "error: the root in [HOME]/srv/root.json is not the one that was pinned: its sha256 is {SHA256} where \
             {} is expected\n",
            "0".repeat(64)
        )),
        "{}",
        ran.stderr
    );
    assert!(!home.path(".config").exists());
}

#[test]
fn a_file_that_is_no_root_is_refused_and_nothing_is_written() {
    let home = home();
    let timestamp = home.path("srv/metadata/timestamp.json");
    let ran = add(&home, &["--root", timestamp.to_str().unwrap()]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    fs::copy(timestamp, home.path("srv/root.json")).unwrap();
    let ran = add(&home, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.starts_with("error: the pinned root cannot be used: "), "{}", ran.stderr);
    assert!(!home.path(".config").exists());
}

#[test]
fn a_name_keeps_its_meaning_until_it_is_removed() {
    let home = home();
    add(&home, &[]);
    let before = fs::read_to_string(home.path(CONFIG)).unwrap();
    let again = add(&home, &[]);
    assert_eq!((again.code, again.stderr.as_str()), (Some(0), "`demo` is pinned already, just so\n"));
    let other = add(&home, &["--user-agent=x"]);
    assert_eq!(other.code, Some(2));
    assert_eq!(
        other.stderr,
        "error: there is an index `demo` with another content in [HOME]/.config/tufgate/tufgate.toml\nhelp: choose \
         another name, or first `tufgate trust remove demo`\n"
    );
    assert_eq!(fs::read_to_string(home.path(CONFIG)).unwrap(), before);
}

#[test]
fn a_changed_copy_of_the_root_is_noticed() {
    let home = home();
    add(&home, &[]);
    let mut root = fs::read(home.path(COPY)).unwrap();
    root.push(b'\n');
    fs::write(home.path(COPY), root).unwrap();
    let ran = home.run(&["verify", "srv/dist"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("is not the one that was pinned"), "{}", ran.stderr);
    // The entry can be removed all the same, and what was trusted with it.
    home.write(".config/tufgate/roots/demo-root.json", fs::read(home.path("srv/root.json")).unwrap());
    assert_eq!(home.run(&["refresh"]).code, Some(0));
    fs::remove_file(home.path(COPY)).unwrap();
    assert_eq!(home.run(&["trust", "remove", "demo", "--with-state"]).code, Some(0));
    assert_eq!(fs::read_dir(home.path(".local/state/tufgate")).unwrap().count(), 0);
}

#[test]
fn a_project_cannot_give_a_pinned_name_another_meaning() {
    let home = home();
    add(&home, &[]);
    home.write("srv/tufgate.toml", "[index.demo]\nroot = 'x'\nmetadata-url = 'm'\ntargets-url = 't'\n");
    let ran = home.finish(home.command(&["verify", "dist"]).current_dir(home.path("srv")));
    assert_eq!(ran.code, Some(2));
    assert_eq!(
        ran.stderr,
        "error: index `demo` stands in [HOME]/srv/tufgate.toml and, with another content, in \
         [HOME]/.config/tufgate/tufgate.toml\nhelp: give one of them another name; or name with --config the file that \
         is to count\n"
    );
}

#[test]
fn a068_a_pinned_root_that_has_expired_gives_a_warning() {
    let home = Home::new();
    home.copy("rotated", "");
    let ran = home.run(&["trust", "add", "old", "--root=metadata/3.root.json", "--metadata-url=m", "--targets-url=t"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.stderr.ends_with(
            "warning: the pinned root of `old` (version 3) has expired: it is good only if the repository has newer ones \
             that lead on from it; pin a newer one if you can\n"
        ),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_address_without_a_scheme_gives_a_warning_where_it_names_no_directory() {
    let home = home();
    let ran = home.run(&[
        "trust",
        "add",
        "demo",
        "--root=srv/root.json",
        "--metadata-url=index.example/metadata",
        "--targets-url=srv/targets",
        "--sha256",
        SHA256,
    ]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(
        ran.stderr,
        "warning: `metadata-url` means the directory [HOME]/index.example/metadata, and there is none; an address \
         starts with https://\n"
    );
}

#[test]
fn passwords_are_shown_nowhere_but_kept_in_the_configuration() {
    let home = home();
    let url = "--metadata-url=https://user:hunter2@index.invalid/metadata/";
    let ran =
        home.run(&["trust", "add", "demo", "--root=srv/root.json", url, "--targets-url=https://u:hunter2@t.invalid/"]);
    assert_eq!(ran.code, Some(0));
    let show = home.run(&["trust", "show", "demo", "--format=json"]);
    let list = home.run(&["trust", "list"]);
    let wrong = home.run(&["refresh", "--metadata-url=ftp://user:hunter2@index.invalid/"]);
    assert_eq!(wrong.code, Some(2));
    let mut command = home.command(&["verify", "--help"]);
    command.env("TUFGATE_METADATA_URL", "https://user:hunter2@index.invalid/");
    for ran in [ran, show, list, wrong, home.finish(&mut command)] {
        assert!(!format!("{ran:?}").contains("hunter2"), "{ran:?}");
    }
    assert!(fs::read_to_string(home.path(CONFIG)).unwrap().contains("hunter2"));
}
