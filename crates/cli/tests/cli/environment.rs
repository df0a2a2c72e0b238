//! Environments, made by unpacking the committed wheels as an installer does.

use std::fs::{self, File};
use std::io;

use serde_json::{Value, json};
use zip::ZipArchive;

use crate::{Home, Ran};

const SITE: &str = ".venv/lib/python3.11/site-packages";
/// Where the command keeps them.
const WHEELS: &str = ".cache/tufgate/wheels";
const CLOCK: &str = "tufgate_demo_clock-0.2.0-py3-none-any.whl";
const GREETER: &str = "tufgate_demo_greeter-1.0.0-py3-none-any.whl";

/// A home with an environment in which these wheels of the repository are installed.
fn home(repository: &str, wheels: &[&str]) -> Home {
    let home = Home::new();
    home.copy(repository, "");
    home.write(".venv/pyvenv.cfg", "home = /usr/bin\n");
    fs::create_dir_all(home.path(SITE)).unwrap();
    for wheel in wheels {
        let mut archive = ZipArchive::new(File::open(home.path("dist").join(wheel)).unwrap()).unwrap();
        for at in 0..archive.len() {
            let mut member = archive.by_index(at).unwrap();
            let to = home.path(SITE).join(&*member.name().unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            io::copy(&mut member, &mut File::create(to).unwrap()).unwrap();
        }
        let stem = wheel.split('-').take(2).collect::<Vec<_>>().join("-");
        let info = format!("{SITE}/{stem}.dist-info");
        home.write(&format!("{info}/INSTALLER"), "pip\n");
        let record = fs::read_to_string(home.path(&info).join("RECORD")).unwrap();
        let added = format!("{record}{stem}.dist-info/INSTALLER,,\n{stem}.dist-info/direct_url.json,,\n");
        home.write(&format!("{info}/RECORD"), added);
    }
    home
}

fn verify(home: &Home) -> Ran {
    home.run(&["verify", "--environment", ".venv"])
}

#[test]
fn what_is_as_in_the_signed_wheels_is_verified() {
    let home = home("pep458", &[CLOCK, GREETER]);
    let expected = Ran {
        code: Some(0),
        stdout: "verified\t.venv: tufgate-demo-clock==0.2.0\tsigned by `c0-cf` until 2035-09-01T00:00:01Z\n\
                 verified\t.venv: tufgate-demo-greeter==1.0.0\tsigned by `10-1f` until 2035-09-01T00:00:01Z\n"
            .to_owned(),
        stderr: "2 distributions: 2 verified\n".to_owned(),
    };
    assert_eq!(verify(&home), expected);
    // The wheels are at hand by now, and are verified again.
    fs::remove_dir_all(home.path("targets/packages")).unwrap();
    assert_eq!(verify(&home), expected);
}

#[test]
fn a_kept_wheel_that_was_changed_is_fetched_again() {
    let home = home("pep458", &[CLOCK]);
    let first = verify(&home);
    let kept = fs::read_dir(home.path(WHEELS)).unwrap().next().unwrap().unwrap().path();
    let wheel = fs::read(&kept).unwrap();
    fs::write(&kept, "other bytes").unwrap();
    assert_eq!(verify(&home), first);
    assert_eq!(fs::read(&kept).unwrap(), wheel);
}

#[cfg(unix)]
#[test]
fn a180_wheels_are_kept_only_where_nobody_else_can_change_them_once_they_are_verified() {
    use std::os::unix::fs::PermissionsExt;

    let home = home("pep458", &[CLOCK]);
    let first = verify(&home);
    let mode = || fs::metadata(home.path(WHEELS)).unwrap().permissions().mode() & 0o777;
    assert_eq!((first.code, mode()), (Some(0), 0o700));

    fs::remove_dir_all(home.path(WHEELS)).unwrap();
    fs::create_dir(home.path(WHEELS)).unwrap();
    for others in [0o770, 0o707, 0o750] {
        fs::set_permissions(home.path(WHEELS), fs::Permissions::from_mode(others)).unwrap();
        let stderr = "warning: [HOME]/.cache/tufgate/wheels: others than you can get into it, so that wheels are not kept \
                      there: make it yours alone (chown, chmod 700)\n1 distribution: 1 verified\n";
        assert_eq!(verify(&home), Ran { stderr: stderr.to_owned(), ..first.clone() });
        assert_eq!(fs::read_dir(home.path(WHEELS)).unwrap().count(), 0);
    }
}

#[test]
fn where_wheels_cannot_be_kept_they_are_fetched_for_the_run() {
    let home = home("pep458", &[CLOCK]);
    let expected = verify(&home);
    fs::remove_dir_all(home.path(".cache")).unwrap();
    home.write(".cache", "no directory");
    assert_eq!(verify(&home), expected);
    let mut command = home.command(&["verify", "--environment", ".venv", "--config=tufgate.toml", "--state-dir=state"]);
    assert_eq!(home.finish(command.env("HOME", "relative")), expected);
    assert!(!home.path("relative").exists());
}

#[test]
fn a_profile_that_binds_wheels_by_their_page_verifies_environments_too() {
    for repository in ["warehouse", "rstuf", "succinct"] {
        let home = home(repository, &[CLOCK]);
        let ran = verify(&home);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), "1 distribution: 1 verified\n"), "{repository}: {ran:?}");
    }
}

#[test]
fn every_change_is_named() {
    let home = home("pep458", &[CLOCK, GREETER]);
    home.write(&format!("{SITE}/evil.pth"), "import evil\n");
    home.write(&format!("{SITE}/tufgate_demo_clock/__init__.py"), "import evil\n");
    home.write(&format!("{SITE}/tufgate_demo_greeter/evil.py"), "");
    fs::remove_file(home.path(&format!("{SITE}/tufgate_demo_greeter/__init__.py"))).unwrap();
    let ran = home.run(&["verify", "--environment", ".venv", "--format", "json"]);
    assert_eq!(ran.code, Some(1));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let told = |file: &Value| {
        let differences = file["differences"].as_array().unwrap().iter();
        let differences: Vec<_> = differences.map(|each| json!([each["kind"], each["path"]])).collect();
        json!([file["distribution"], file["verdict"], differences])
    };
    let files: Vec<_> = document["files"].as_array().unwrap().iter().map(told).collect();
    let site = "lib/python3.11/site-packages";
    assert_eq!(
        files,
        [
            json!([
                "tufgate-demo-clock==0.2.0",
                "mismatch",
                [["changed", format!("{site}/tufgate_demo_clock/__init__.py")]]
            ]),
            json!([
                "tufgate-demo-greeter==1.0.0",
                "mismatch",
                [
                    ["missing", format!("{site}/tufgate_demo_greeter/__init__.py")],
                    ["added", format!("{site}/tufgate_demo_greeter/evil.py")],
                ]
            ]),
            json!([null, "unsigned", [["added", format!("{site}/evil.pth")]]]),
        ]
    );
}

#[test]
fn what_nothing_can_be_compared_with_is_not_verified() {
    let home = home("pep458", &[CLOCK]);
    let info = format!("{SITE}/tufgate_demo_clock-0.2.0.dist-info");
    home.write(
        &format!("{info}/direct_url.json"),
        r#"{"url": "file:///home/someone/clock", "dir_info": {"editable": true}}"#,
    );
    let ran = verify(&home);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (
            Some(1),
            "undecided\t.venv: tufgate-demo-clock==0.2.0\tit is editable: file:///home/someone/clock is used in its place\n"
        )
    );
    home.write(
        &format!("{info}/direct_url.json"),
        r#"{"url": "https://me:hunter2@index.example/clock.git", "vcs_info": {"vcs": "git"}}"#,
    );
    let ran = verify(&home);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (
            Some(1),
            "undecided\t.venv: tufgate-demo-clock==0.2.0\tit was built from a repository of source code, \
             https://index.example/clock.git\n"
        )
    );
}

#[test]
fn a_distribution_that_the_index_does_not_know_is_named_and_can_be_allowed() {
    let home = home("pep458", &[CLOCK]);
    home.write(&format!("{SITE}/local-1.0.dist-info/METADATA"), "Metadata-Version: 2.1\nName: Local\nVersion: 1.0\n");
    home.write(&format!("{SITE}/local-1.0.dist-info/WHEEL"), "Wheel-Version: 1.0\nTag: py3-none-any\n");
    home.write(&format!("{SITE}/local-1.0.dist-info/RECORD"), "local-1.0.dist-info/METADATA,,\n");
    let ran = verify(&home);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("unknown-project\t.venv: local==1.0\tno page of `local` is signed: "), "{ran:?}");
    let ran = home.run(&["verify", "--environment", ".venv", "--allow-unsigned", "LOCAL"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("warning: .venv: local==1.0 is not signed, and passes because of --allow-unsigned\n"));
    assert!(ran.stderr.ends_with("2 distributions: 1 verified, 1 allowed although not signed\n"), "{ran:?}");
}

#[test]
fn a163_files_of_no_distribution_do_not_pass_by_the_name_of_the_environment() {
    let home = home("pep458", &[CLOCK]);
    home.write(&format!("{SITE}/evil.pth"), "import evil\n");
    let ran = home.run(&["verify", "--environment", ".venv", "--allow-unsigned", ".venv"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.stderr.starts_with("warning: --allow-unsigned .venv: nothing of this name was judged and found unsigned\n")
    );
}

#[test]
fn what_a_pointer_binds_is_compared_with_the_wheel_that_lies_beside_the_targets() {
    let home = home("datadog", &[CLOCK, GREETER]);
    assert_eq!(
        verify(&home),
        Ran {
            code: Some(0),
            stdout: "verified\t.venv: tufgate-demo-clock==0.2.0\tsigned by `pointers` until 2035-09-01T00:00:01Z\n\
                     verified\t.venv: tufgate-demo-greeter==1.0.0\tsigned by `wheels-signer-g` until 2035-09-01T00:00:01Z\n"
                .to_owned(),
            stderr: "2 distributions: 2 verified\n".to_owned(),
        }
    );
}

#[test]
fn a_wheel_that_cannot_be_found_or_had_leaves_its_distribution_undecided() {
    let why = |repository, options: &[&str]| {
        let home = home(repository, &[CLOCK]);
        let ran = home.run(&[&["verify", "--environment", ".venv"], options].concat());
        assert_eq!(ran.code, Some(1), "{ran:?}");
        ran.stdout
    };
    assert_eq!(
        why("warehouse", &["--simple-url", "https://index.example/simple/"]),
        "undecided\t.venv: tufgate-demo-clock==0.2.0\tits wheel does not lie below the address of the targets, and was \
         not fetched\n"
    );
    assert_eq!(
        why("custom", &[]),
        "undecided\t.venv: tufgate-demo-clock==0.2.0\tthe index finds a wheel by its hash, which an installed wheel \
         does not tell\n"
    );
}

#[test]
fn what_is_no_environment_is_said_to_be_none() {
    let home = home("pep458", &[]);
    fs::create_dir(home.path("empty")).unwrap();
    let ran = home.run(&["verify", "--environment", "empty"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.starts_with("error: [HOME]/empty is no Python environment\nhelp: name a virtual environment"),
        "{ran:?}"
    );
    let ran = home.run(&["verify", "--environment", "root.json"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (
            Some(2),
            "error: [HOME]/root.json is a file, and no Python environment\n\
             help: name a directory; files and lock files are named without --environment\n"
        )
    );
    let ran = home.run(&["verify", "--environment", "nowhere"]);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    let ran = verify(&home);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), "undecided\t.venv\tnothing is installed in it\n"));
}
