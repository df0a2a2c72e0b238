//! What is remembered between runs, and that nothing turns a check off.

use std::fs;

use crate::{Home, copy, repositories};

#[test]
fn a069_a_rollback_is_noticed_by_the_next_run() {
    let home = Home::new();
    home.copy("attacks/rollback-timestamp/before", "");
    assert_eq!(home.run(&["refresh"]).code, Some(0));
    copy(&repositories().join("attacks/rollback-timestamp/after"), &home.path(""));
    for _ in 0..2 {
        let ran = home.run(&["refresh", "-q"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""));
        assert!(
            ran.stderr.starts_with(
                "error: role `timestamp`: version 1 is older than version 2, which was trusted before\n  at fault: the \
                 repository, or who stands between it and you\n  it may be: rollback attack\nhelp: use nothing of it."
            ),
            "{}",
            ran.stderr
        );
    }
}

/// What a user writes who pins `root.json` anew, under the same name and address.
fn pin(home: &Home, root: &str) {
    fs::copy(repositories().join(root), home.path("root.json")).unwrap();
    home.write(
        "tufgate.toml",
        "[index.demo]\nroot = 'root.json'\nmetadata-url = 'metadata/'\ntargets-url = 'targets/'\n",
    );
}

/// What lies at the address from now on.
fn serve(home: &Home, repository: &str) {
    let _ = fs::remove_dir_all(home.path("metadata"));
    home.copy(repository, "");
}

#[test]
fn a052_a_newer_pinned_root_of_the_same_repository_keeps_the_floors() {
    let home = Home::new();
    serve(&home, "attacks/rollback-timestamp/before");
    pin(&home, "attacks/rollback-timestamp/before/root.json");
    assert_eq!(home.run(&["refresh"]).code, Some(0));

    serve(&home, "attacks/rollback-timestamp/after");
    // Version 3, by the same keys: the link between is not published here.
    pin(&home, "attacks/root-skips-a-version/metadata/2.root.json");
    assert!(home.run(&["trust", "show", "demo"]).stdout.contains("\nroot version    3\n"));
    let ran = home.run(&["refresh", "-q"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""));
    assert!(
        ran.stderr.starts_with(
            "error: role `timestamp`: version 1 is older than version 2, which was trusted before\n  at fault: "
        ),
        "{}",
        ran.stderr
    );
}

#[test]
fn a052_another_repository_at_the_same_address_is_refused_until_the_state_is_removed() {
    for (trusted, error) in [
        ("rotated/root.json", "error: role `root`: version 1 exists twice with different content\n"),
        (
            "rotated/metadata/6.root.json",
            "error: role `root`: the chain of roots ends at version 1, below version 6, which was trusted before\n",
        ),
    ] {
        let home = Home::new();
        serve(&home, "rotated");
        pin(&home, trusted);
        assert_eq!(home.run(&["refresh"]).code, Some(0));

        serve(&home, "pep458");
        pin(&home, "pep458/root.json");
        let ran = home.run(&["refresh", "-q"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""));
        assert!(ran.stderr.starts_with(error), "{}", ran.stderr);
        assert!(ran.stderr.contains("`tufgate trust remove NAME --with-state`"), "{}", ran.stderr);

        let removed = home.run(&["trust", "remove", "demo", "--with-state", "--config=tufgate.toml"]);
        assert_eq!(removed.code, Some(0), "{}", removed.stderr);
        pin(&home, "pep458/root.json");
        assert_eq!(home.run(&["refresh"]).code, Some(0));
    }
}

#[test]
fn read_only_state_notices_a_rollback_but_leaves_no_trace() {
    let home = Home::new();
    home.copy("attacks/rollback-timestamp/before", "");
    let ran = home.run(&["refresh", "--read-only-state"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr.ends_with("nothing was kept (--read-only-state)\n"), "{}", ran.stderr);
    assert!(!home.path(".local").exists());
    assert_eq!(home.run(&["refresh"]).code, Some(0));
    copy(&repositories().join("attacks/rollback-timestamp/after"), &home.path(""));
    assert_eq!(home.run(&["refresh", "--read-only-state"]).code, Some(3));
}

#[test]
fn a_state_directory_that_is_none_is_an_error_with_a_remedy() {
    let home = Home::new();
    home.copy("pep458", "");
    home.write("state", "a file");
    let ran = home.run(&["refresh", "--state-dir", "state"]);
    assert_eq!(ran.code, Some(4));
    assert!(
        ran.stderr.contains("\nhelp: choose a directory that can be written to with --state-dir"),
        "{}",
        ran.stderr
    );
    assert_eq!(home.run(&["verify", "dist", "--state-dir", "state", "--read-only-state"]).code, Some(4));
    assert_eq!(home.run(&["verify", "dist", "--state-dir", "absent", "--read-only-state"]).code, Some(0));
    assert!(!home.path("absent").exists());
}

#[test]
fn a167_no_option_variable_or_key_turns_verification_off() {
    let home = Home::new();
    home.copy("pep458", "");
    let help = home.run(&["verify", "--help"]).stdout.to_lowercase();
    // The one exception is by name, for what is not signed, on the command line alone.
    let others = help.replace("--allow-unsigned <name>", "").replace("allow_unsigned", "allow-");
    for word in ["unsafe", "insecure", "no-verify", "skip", "ignore", "disable", "allow-"] {
        assert!(!others.contains(word), "{word}");
    }
    // Everything that can be said, in favour of a bad file.
    let mut command = home.command(&["verify", "dist-tampered", "--forbidden-is-absent", "--read-only-state"]);
    for name in ["TUFGATE_UNSAFE", "TUFGATE_NO_VERIFY", "TUFGATE_INSECURE", "TUFGATE_FORBIDDEN_IS_ABSENT"] {
        command.env(name, "true");
    }
    for name in ["tufgate-demo-extra", "tufgate-demo-greeter", "*", "true"] {
        command.env("TUFGATE_ALLOW_UNSIGNED", name);
        let ran = home.finish(&mut command);
        assert_eq!(ran.code, Some(1));
        assert!(ran.stdout.contains("\nunknown-project\t") && !ran.stdout.contains("allow"), "{}", ran.stdout);
    }
    let config = fs::read_to_string(home.path("tufgate.toml")).unwrap();
    for key in ["verify = false", "allow-unsigned = ['tufgate-demo-extra']", "max-staleness = '9999d'"] {
        home.write("tufgate.toml", format!("{config}{key}\n"));
        let ran = home.run(&["verify", "dist"]);
        assert_eq!(ran.code, Some(2));
        let name = key.split(' ').next().unwrap();
        let expected = format!("error: [HOME]/tufgate.toml:7: unknown field `{name}`");
        assert!(ran.stderr.starts_with(&expected), "{}", ran.stderr);
    }
}

#[test]
fn a167_no_profile_and_no_template_makes_a_bad_file_good() {
    let home = Home::new();
    home.copy("pep458", "");
    let bad = "dist-tampered/tufgate_demo_greeter-1.0.0-py3-none-any.whl";
    for (options, code) in [
        (vec!["--profile=pep458"], 1),
        (vec!["--profile=warehouse"], 1),
        (vec!["--profile=datadog"], 1),
        (vec!["--profile=custom"], 1),
        (vec!["--profile=rstuf", "--target=packages/{filename}"], 1),
        // Each way is tried, and the first that is signed decides.
        (vec!["--target=nowhere/{filename}", "--target=packages/{filename}"], 1),
        (vec!["--target={sha256}/{filename}"], 1),
        (vec!["--target={url}", "--page=simple/{project}/index.html"], 1),
        (vec!["--target={page}", "--page=simple/{project}/index.html"], 1),
        (vec!["--target=pointer:simple/{project}/{version}.json"], 1),
        // A page that is signed for another project lists no such file.
        (vec!["--page=simple/tufgate-demo-clock/{project}"], 1),
        (vec!["--simple-url=file:///elsewhere/"], 1),
        (vec!["--plain-target-names"], 3),
        (vec!["--allow-unsigned=tufgate-demo-greeter"], 1),
        (vec!["--allow-unsigned=tufgate_demo_greeter-1.0.0-py3-none-any.whl"], 1),
    ] {
        let ran = home.run(&[&["verify", bad], options.as_slice()].concat());
        let is_said_to_pass = ran.stdout.contains("verified") || ran.stdout.contains("allowed");
        let allows = options.iter().any(|option| option.starts_with("--allow"));
        assert_eq!((ran.code, is_said_to_pass), (Some(code), false), "{options:?}: {ran:?}");
        assert!(!allows || ran.stdout.starts_with("mismatch\t"), "{ran:?}");
    }
}

#[test]
fn offline_serves_directories_and_says_why_it_cannot_serve_the_network() {
    let home = Home::new();
    home.copy("pep458", "");
    assert_eq!(home.run(&["verify", "dist", "--offline"]).code, Some(0));
    let ran = home.run(&["verify", "dist", "--offline", "--metadata-url=https://u:hunter2@index.invalid/"]);
    assert_eq!(ran.code, Some(4));
    assert_eq!(
        ran.stderr,
        "error: https://index.invalid/2.root.json: not fetched: the client is offline\nhelp: --offline reaches only \
         repositories at file://, and whether metadata is still current cannot be known without asking: run without \
         --offline; or, where there is a network, copy what is needed into a directory with `tufgate mirror -o DIR`, and \
         name that here with --index-dir DIR\n"
    );
}

#[test]
fn a_server_that_cannot_be_reached_ends_with_4_and_no_password_is_shown() {
    let home = Home::new();
    home.copy("pep458", "");
    // A port that nothing listens on: it was just free.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("--metadata-url=http://user:hunter2@127.0.0.1:{port}/");
    let ran = home.run(&["refresh", "-vv", &url]);
    assert_eq!(ran.code, Some(4));
    assert!(ran.stderr.contains("127.0.0.1"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
}
