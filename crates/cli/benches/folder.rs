//! `tufgate verify` over a folder of 1,000 wheels, in a repository of 16,384 bins and 1,000,000 targets: what it costs
//! beside `sha256sum` on all cores over the same files.
//!
//! `cargo bench -p tufgate-cli --bench folder` makes the repository and 1 GB of wheels, each in a bin of its own, in a
//! temporary directory. Each line is the least of several runs; `verify` starts without anything trusted.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a bench stops where it cannot go on")]
#![allow(missing_docs, unreachable_pub, reason = "it is no library")]

#[path = "../../../benches/pypi_scale/repository.rs"]
mod repository;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const WHEELS: usize = 1_000;
const RUNS: usize = 3;

fn main() {
    let cores = std::thread::available_parallelism().expect("a number of cores").get();
    println!("{:<34} {:>9}", format!("1,000 wheels, {cores} cores"), "seconds");
    for (what, bytes) in [("10 kB each", 10_000), ("1 MB each", 1_000_000)] {
        let dir = tempfile::tempdir().expect("a temporary directory");
        make(dir.path(), bytes);
        let verify = least(|| verify(dir.path()));
        let sha256sum = least(|| sha256sum(dir.path(), cores));
        println!("{:<34} {:>9.2}", format!("tufgate verify, {what}"), verify.as_secs_f64());
        println!("{:<34} {:>9.2}", format!("sha256sum, {what}"), sha256sum.as_secs_f64());
        println!("{:<34} {:>9.2}", "ratio", verify.as_secs_f64() / sha256sum.as_secs_f64());
    }
}

/// A repository, and the folder `wheels` with what it signs.
fn make(dir: &Path, bytes: usize) {
    repository::make(dir, WHEELS, bytes);
    let wheels = dir.join("wheels");
    fs::create_dir(&wheels).expect("a directory");
    let targets =
        fs::read_dir(dir.join("targets/packages")).expect("the targets").map(|target| target.expect("a target"));
    // The bin of the large target has another one of its own.
    let of_the_size = targets.filter(|target| target.metadata().expect("a file").len() == bytes as u64);
    for target in of_the_size.take(WHEELS) {
        let name = target.file_name().into_string().expect("a name");
        let (_, name) = name.split_once('.').expect("a hash before the name");
        fs::hard_link(target.path(), wheels.join(name)).expect("a link");
    }
    assert_eq!(fs::read_dir(&wheels).expect("the wheels").count(), WHEELS);
}

fn verify(dir: &Path) {
    let state = tempfile::tempdir().expect("a temporary directory");
    let status = Command::new(env!("CARGO_BIN_EXE_tufgate"))
        .args([
            "verify",
            "--quiet",
            "--target",
            "packages/{filename}",
            "--metadata-url",
            "metadata",
            "--targets-url",
            "targets",
        ])
        .args(["--root", "root.json", "wheels", "--state-dir"])
        .arg(state.path())
        .current_dir(dir)
        .stdout(Stdio::null())
        .status();
    assert!(status.expect("the command starts").success());
}

fn sha256sum(dir: &Path, cores: usize) {
    let script = format!("find wheels -type f -print0 | xargs -0 -n 16 -P {cores} sha256sum > /dev/null");
    let status = Command::new("sh").args(["-c", &script]).current_dir(dir).status();
    assert!(status.expect("sha256sum starts").success());
}

fn least(run: impl Fn()) -> Duration {
    let time = || {
        let start = now();
        run();
        start.elapsed()
    };
    (0..RUNS).map(|_| time()).min().unwrap_or_default()
}

#[allow(clippy::disallowed_methods, reason = "a bench measures time")]
fn now() -> Instant {
    Instant::now()
}
