//! What it costs to publish at PyPI's size: 16,384 bins and 1,000,000 targets.
//!
//! `cargo bench -p tufgate-publish --bench scale` makes the repository, then lists ten more targets, each run in a process
//! of its own, so that CPU time and peak memory are those of a whole run: it is opened and verified, the bins, snapshot
//! and timestamp are signed, and a client looks at the result. `-- --keep DIR` keeps the repository.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a bench stops where it cannot go on")]

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::Ed25519KeyPair;
use tufgate::{HashAlgorithm, Hasher, TargetPath};
use tufgate_publish::document::{Authority, TopLevel, target_entry};
use tufgate_publish::init::{Authorities, init};
use tufgate_publish::keys::SigningKey;
use tufgate_publish::{Repository, Settings, Update};

const BINS: u32 = 16_384;
const TARGETS: usize = 1_000_000;
/// Targets are listed in so many updates, so that memory holds while the repository is made.
const UPDATES: usize = 16;
const ADDED: usize = 10;
const RUNS: usize = 5;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => bench(&tempfile::tempdir().expect("a temporary directory").path().join("repository")),
        ["--keep", dir] => bench(Path::new(dir)),
        ["--add", dir, number] => add(Path::new(dir), number),
        _ => {
            eprintln!("usage: cargo bench -p tufgate-publish --bench scale [-- --keep DIR]");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn bench(dir: &Path) {
    if !dir.exists() {
        make(dir);
    }
    let unique = fs::read_dir(dir.join("metadata")).expect("metadata").count();
    let runs: Vec<(f64, f64)> = (0..RUNS).map(|run| measure(dir, unique + run)).collect();
    let least = |pick: fn(&(f64, f64)) -> f64| runs.iter().map(pick).fold(f64::INFINITY, f64::min);
    println!("add {ADDED} targets: {:.1} ms CPU, {:.1} MB at most", least(|run| run.0), least(|run| run.1));
}

fn measure(dir: &Path, number: usize) -> (f64, f64) {
    let exe = std::env::current_exe().expect("the path of this program");
    let output = Command::new(exe).arg("--add").arg(dir).arg(number.to_string()).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("numbers");
    let mut numbers = text.split_whitespace().map(|number| number.parse().expect("a number"));
    (numbers.next().expect("CPU time"), numbers.next().expect("peak memory"))
}

/// One whole run: ten targets more.
fn add(dir: &Path, number: &str) {
    let repository = Repository::open(dir).expect("the repository opens");
    let mut update = Update::new(&repository, now());
    for file in 0..ADDED {
        let path = TargetPath::new(format!("packages/added-{number}-{file}.whl")).expect("a path");
        let entry = entry(path.as_str());
        update.list(&path, entry).expect("its bin opens");
    }
    update.commit(&keys()).expect("it is published");
    println!("{} {}", cpu_milliseconds(), peak_megabytes());
}

fn make(dir: &Path) {
    let ring = keys();
    let key = |at: usize| Authority::of([ring[at].public()], 1);
    let top_level = TopLevel { root: key(0), timestamp: key(1), snapshot: key(1), targets: key(0) };
    let authorities = Authorities { top_level, bins: key(0), bin_n: key(1) };
    let settings = Settings { bins: BINS, ..Settings::default() };
    init(dir, &settings, &authorities, &ring, now()).expect("a new repository");

    let bins = settings.bin_roles().expect("bins");
    let path = |number| TargetPath::new(format!("packages/{number:07}/project-1.0.whl")).expect("a path");
    let mut targets: Vec<(String, TargetPath)> = (0..TARGETS).map(path).map(|path| (bins.of(&path), path)).collect();
    targets.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    for part in targets.chunks(TARGETS / UPDATES) {
        let repository = Repository::open(dir).expect("the repository opens");
        let mut update = Update::new(&repository, now());
        for (_, path) in part {
            update.list(path, entry(path.as_str())).expect("its bin opens");
        }
        update.commit(&ring).expect("it is published");
    }
}

fn keys() -> Vec<Arc<SigningKey>> {
    let pair = |seed: u8| Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a seed");
    [1, 2].map(|seed| Arc::new(SigningKey::new(pair(seed)).expect("a key"))).to_vec()
}

fn entry(text: &str) -> serde_json::Value {
    let mut hasher = Hasher::new([HashAlgorithm::Sha256]);
    hasher.update(text.as_bytes());
    target_entry(10_000, &hasher.finish())
}

/// A fixed time, so that nothing is expired in it.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn cpu_milliseconds() -> f64 {
    let nanoseconds = |task: fs::DirEntry| {
        let text = fs::read_to_string(task.path().join("schedstat")).expect("times");
        text.split_whitespace().next().and_then(|number| number.parse::<f64>().ok()).expect("a number")
    };
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    tasks.map(|task| nanoseconds(task.expect("a task"))).sum::<f64>() / 1e6
}

fn peak_megabytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("peak memory");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1e3
}
