//! One scenario: a whole run of an embedded client, from the pinned root to approved targets.

use std::fs;
use std::path::Path;

use tufgate::{BaseUrl, Client, FileStore, FileTransport, Found, Repository, TargetPath};

pub(crate) const NAMES: &[&str] =
    &["first-run", "unchanged", "hundred-bins", "2000-bins", "large-target", "hash-large"];

/// Runs it and prints CPU milliseconds and peak resident megabytes.
pub(crate) fn run(name: &str, dir: &Path) {
    let (fresh, warm) = (tempfile::tempdir().expect("a directory"), dir.join("state"));
    let paths = fs::read_to_string(dir.join("paths.txt")).expect("the list of targets");
    let mut paths = paths.lines();
    match name {
        "first-run" => approve(dir, fresh.path(), paths.by_ref().take(1), fresh.path()),
        "unchanged" => {
            // The same command as before: the target is there, too.
            if !warm.exists() {
                approve(dir, &warm, paths.clone().take(1), &warm);
                // This process did the first run; what is to be measured starts anew.
                let exe = std::env::current_exe().expect("the path of this program");
                let status = std::process::Command::new(exe).args(["--run", name]).arg(dir).status();
                assert!(status.expect("the scenario starts").success());
                return;
            }
            approve(dir, &warm, paths.by_ref().take(1), &warm);
        }
        "hundred-bins" => approve(dir, fresh.path(), paths.by_ref().take(100), fresh.path()),
        "2000-bins" => search(dir, fresh.path(), paths),
        "large-target" => approve(dir, fresh.path(), std::iter::once("packages/large.bin"), fresh.path()),
        "hash-large" => hash_only(&dir.join("large.bin")),
        _ => panic!("no scenario is called {name}"),
    }
    println!("{:.3} {:.3}", cpu_milliseconds(), peak_megabytes());
}

fn client(dir: &Path, state: &Path) -> Client<FileTransport, FileStore> {
    let base = |name: &str| BaseUrl::from_directory(&dir.join(name)).expect("an absolute directory");
    let root = fs::read(dir.join("root.json")).expect("the pinned root");
    let repository = Repository::new(root, base("metadata"), base("targets"));
    let store = FileStore::open(state.join("store")).expect("a private directory");
    Client::new(repository, FileTransport::new(), store)
}

/// A run that reaches this many bins: all of them stay in one session.
fn search<'a>(dir: &Path, state: &Path, paths: impl Iterator<Item = &'a str>) {
    let mut client = client(dir, state);
    client.refresh().expect("an update");
    for path in paths {
        let path = TargetPath::new(path).expect("a target path");
        assert!(matches!(client.search(&path), Ok(Found::Signed(_))), "{path} is signed for");
    }
}

fn approve<'a>(dir: &Path, state: &Path, paths: impl Iterator<Item = &'a str>, out: &Path) {
    let mut client = client(dir, state);
    for path in paths {
        let path = TargetPath::new(path).expect("a target path");
        let Found::Signed(info) = client.lookup(&path).expect("a trusted answer") else {
            panic!("{path} is signed for");
        };
        client.download(&info, &out.join(path.file_name())).expect("the target");
    }
}

/// The floor under `large-target`: reading and hashing the same bytes.
fn hash_only(file: &Path) {
    let mut hasher = tufgate::Hasher::new([tufgate::HashAlgorithm::Sha256]);
    let mut file = fs::File::open(file).expect("the large target");
    let mut buffer = vec![0; 64 << 10];
    loop {
        match std::io::Read::read(&mut file, &mut buffer).expect("its bytes") {
            0 => break,
            count => hasher.update(&buffer[..count]),
        }
    }
    assert_eq!(hasher.finish().len(), 1);
}

/// Time on a processor so far, of all threads.
fn cpu_milliseconds() -> f64 {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    let nanoseconds = tasks.map(|task| {
        let text = fs::read_to_string(task.expect("a thread").path().join("schedstat")).expect("its times");
        text.split(' ').next().and_then(|first| first.parse::<f64>().ok()).expect("nanoseconds")
    });
    nanoseconds.sum::<f64>() / 1e6
}

fn peak_megabytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("peak memory");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("kB") / 1000.0
}
