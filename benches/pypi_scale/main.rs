//! What a user feels at PyPI's size: 16,384 bins and 1,000,000 targets.
//!
//! `cargo bench --bench pypi_scale` makes the repository (signed here, not committed) and runs each scenario in a
//! process of its own, so that CPU time and peak memory are those of a whole run. Each line is the least of several
//! runs. `-- --keep DIR` keeps the repository, `-- --run SCENARIO DIR` runs one scenario, for `valgrind`.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a bench stops where it cannot go on")]

mod repository;
mod scenario;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const RUNS: usize = 5;
const REACHED: usize = 2_000;
const TARGET_BYTES: usize = 10_000;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => bench(&tempfile::tempdir().expect("a temporary directory").path().join("repository")),
        ["--keep", dir] => bench(&std::path::absolute(dir).expect("an absolute path")),
        ["--run", name, dir] => scenario::run(name, Path::new(dir)),
        _ => {
            eprintln!("usage: cargo bench --bench pypi_scale [-- --keep DIR | --run SCENARIO DIR]");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn bench(dir: &Path) {
    if !dir.exists() {
        repository::make(dir, REACHED, TARGET_BYTES);
    }
    println!("{:<16} {:>10} {:>12}", "scenario", "CPU ms", "peak MB");
    for name in scenario::NAMES {
        let runs: Vec<(f64, f64)> = (0..RUNS).map(|_| measure(name, dir)).collect();
        let least = |pick: fn(&(f64, f64)) -> f64| runs.iter().map(pick).fold(f64::INFINITY, f64::min);
        println!("{name:<16} {:>10.1} {:>12.1}", least(|r| r.0), least(|r| r.1));
    }
}

/// CPU milliseconds and peak resident megabytes of one run, as the run itself found them when it ended.
fn measure(name: &str, dir: &Path) -> (f64, f64) {
    let exe: PathBuf = std::env::current_exe().expect("the path of this program");
    let output = Command::new(exe).args(["--run", name]).arg(dir).output().expect("the scenario starts");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("numbers");
    let mut numbers = text.split_whitespace().map(|n| n.parse::<f64>().expect("a number"));
    (numbers.next().expect("CPU time"), numbers.next().expect("peak memory"))
}
