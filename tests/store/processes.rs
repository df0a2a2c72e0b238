//! More than one process, and processes that die.
//!
//! A test starts this binary again with its own name and [`STORE`] set, and then plays the other process.

use std::env;
use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tufgate::error::StoreFault;
use tufgate::{Entry, FileStore, Store};

use super::{file_store, files};

/// Names the directory of the store to the other process.
const STORE: &str = "TUFGATE_TEST_STORE";
/// The signal for a file longer than the process may write.
const SIGXFSZ: i32 = 25;
const OLD: &[u8] = b"old";

/// The directory to use, in the other process.
fn other_process() -> Option<PathBuf> {
    env::var_os(STORE).map(PathBuf::from)
}

fn arguments(test: &str) -> [String; 4] {
    let test = format!("store::processes::{test}");
    [test, "--exact".to_owned(), "--nocapture".to_owned(), "--test-threads=1".to_owned()]
}

fn play(test: &str, dir: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(arguments(test)).env(STORE, dir);
    command
}

/// The same in a process that may write only so many blocks to a file: what a full disk is to a write.
fn play_with_limit(test: &str, dir: &Path, blocks: u32, dies: bool) -> Command {
    let ignore = if dies { "" } else { "trap '' XFSZ; " };
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{ignore}ulimit -c 0; ulimit -f {blocks}; exec \"$0\" \"$@\""));
    command.arg(env::current_exe().unwrap()).args(arguments(test)).env(STORE, dir);
    command
}

/// Waits for a line of the other process; what the test harness prints goes by.
fn wait_for(output: &mut impl BufRead, line: &str) {
    let mut seen = String::new();
    loop {
        let start = seen.len();
        assert_ne!(output.read_line(&mut seen).unwrap(), 0, "the other process ended early: {seen}");
        if seen[start..].trim_end().ends_with(line) {
            return;
        }
    }
}

/// Runs the other process to its end, in which it must have played its part: a name that fits no test would also be a
/// success.
fn run(mut command: Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{output:?}");
}

fn say(line: &str) {
    let mut out = io::stdout();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

fn start(mut command: Command) -> (Child, BufReader<impl Read>) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a239_processes_that_raise_a_number_under_the_lock_lose_none() {
    const TIMES: usize = 30;
    if let Some(dir) = other_process() {
        let store = FileStore::open(dir).unwrap();
        for _ in 0..TIMES {
            let _lock = store.lock().unwrap();
            let number = store.read(&Entry::Floors, 100).unwrap().unwrap();
            let number: usize = String::from_utf8(number).unwrap().parse().unwrap();
            store.write(&Entry::Floors, (number + 1).to_string().as_bytes()).unwrap();
        }
        return;
    }
    let (_temp, store) = file_store();
    store.write(&Entry::Floors, b"0").unwrap();
    let test = "a239_processes_that_raise_a_number_under_the_lock_lose_none";
    let children: Vec<_> =
        (0..3).map(|_| play(test, store.directory()).stdout(Stdio::null()).spawn().unwrap()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(store.read(&Entry::Floors, 100).unwrap(), Some((3 * TIMES).to_string().into_bytes()));
    assert_eq!(files(store.directory()), [".lock", "floors", "root_history"]);
}

#[test]
fn a239_the_lock_excludes_other_processes_and_ends_with_its_holder() {
    if let Some(dir) = other_process() {
        let store = FileStore::open(dir).unwrap();
        let _lock = store.lock().unwrap();
        say("locked");
        io::stdin().read_to_end(&mut Vec::new()).unwrap();
        return;
    }
    let (_temp, store) = file_store();
    let test = "a239_the_lock_excludes_other_processes_and_ends_with_its_holder";
    let (child, mut output) = start(play(test, store.directory()));
    wait_for(&mut output, "locked");
    let lock = File::open(store.directory().join(".lock")).unwrap();
    assert!(matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
    drop(FileStore::open(store.directory()).expect("opening waits for nobody"));

    kill(child);
    let _lock = store.lock().unwrap();
    assert!(matches!(lock.try_lock(), Err(TryLockError::WouldBlock)), "now it is ours");
}

#[test]
fn a245_half_written_files_stay_while_another_process_has_the_lock() {
    if let Some(dir) = other_process() {
        let store = FileStore::open(dir).unwrap();
        let _lock = store.lock().unwrap();
        fs::write(store.directory().join(".tufgate-0123456789abcdef0123456789abcdef.tmp"), "half").unwrap();
        say("locked");
        io::stdin().read_to_end(&mut Vec::new()).unwrap();
        return;
    }
    let (_temp, store) = file_store();
    let test = "a245_half_written_files_stay_while_another_process_has_the_lock";
    let (child, mut output) = start(play(test, store.directory()));
    wait_for(&mut output, "locked");
    let half = [".lock", ".tufgate-0123456789abcdef0123456789abcdef.tmp", "root_history"];
    FileStore::open(store.directory()).unwrap();
    assert_eq!(files(store.directory()), half);
    kill(child);
    FileStore::open(store.directory()).unwrap();
    assert_eq!(files(store.directory()), [".lock", "root_history"]);
}

#[test]
fn a234_a_process_that_dies_in_the_middle_of_a_write_leaves_the_old_entry() {
    let test = "a234_a_process_that_dies_in_the_middle_of_a_write_leaves_the_old_entry";
    if let Some(dir) = other_process() {
        let store = FileStore::open(dir).unwrap();
        let _lock = store.lock().unwrap();
        store.write(&Entry::Root, &[b'n'; 1 << 20]).unwrap();
        return;
    }
    let (_temp, store) = file_store();
    store.write(&Entry::Root, OLD).unwrap();
    for blocks in [0, 1, 8, 64, 1000] {
        let status = play_with_limit(test, store.directory(), blocks, true).stdout(Stdio::null()).status().unwrap();
        assert_eq!(status.signal(), Some(SIGXFSZ), "{blocks} blocks");
        assert_eq!(store.read(&Entry::Root, 100).unwrap(), Some(OLD.to_vec()), "{blocks} blocks");
        assert_eq!(files(store.directory()).len(), 4, "the half-written file is there");
        FileStore::open(store.directory()).unwrap();
        assert_eq!(files(store.directory()), [".lock", "root.json", "root_history"], "and is cleaned");
    }
}

#[test]
fn a240_a_write_that_finds_no_room_is_an_error_and_leaves_the_old_entry() {
    let test = "a240_a_write_that_finds_no_room_is_an_error_and_leaves_the_old_entry";
    if let Some(dir) = other_process() {
        let store = FileStore::open(dir).unwrap();
        let _lock = store.lock().unwrap();
        let error = store.write(&Entry::Root, &[b'n'; 1 << 20]).unwrap_err();
        assert_eq!(error.fault, StoreFault::Write);
        assert_eq!(error.source.unwrap().kind(), io::ErrorKind::FileTooLarge);
        return;
    }
    let (_temp, store) = file_store();
    store.write(&Entry::Root, OLD).unwrap();
    for blocks in [0, 1, 8, 64, 1000] {
        run(play_with_limit(test, store.directory(), blocks, false));
        assert_eq!(store.read(&Entry::Root, 100).unwrap(), Some(OLD.to_vec()), "{blocks} blocks");
        assert_eq!(files(store.directory()), [".lock", "root.json", "root_history"], "{blocks} blocks");
    }
}

#[test]
fn a227_a244_another_process_never_sees_no_root_or_half_a_root_even_when_the_writer_is_killed() {
    const LENGTH: usize = 300_000;
    let test = "a227_a244_another_process_never_sees_no_root_or_half_a_root_even_when_the_writer_is_killed";
    if let Some(dir) = other_process() {
        let store = FileStore::open(dir).unwrap();
        for letter in [b'a', b'b'].into_iter().cycle() {
            store.write(&Entry::Root, &vec![letter; LENGTH]).unwrap();
            say("written");
        }
    }
    let (_temp, store) = file_store();
    store.write(&Entry::Root, &[b'a'; LENGTH]).unwrap();
    let is_whole = |bytes: &[u8]| bytes == [b'a'; LENGTH] || bytes == [b'b'; LENGTH];
    for writes in 1..6 {
        let (child, mut output) = start(play(test, store.directory()));
        for _ in 0..writes {
            wait_for(&mut output, "written");
            assert!(is_whole(&store.read(&Entry::Root, 1 << 20).unwrap().unwrap()));
        }
        kill(child);
        assert!(is_whole(&store.read(&Entry::Root, 1 << 20).unwrap().unwrap()));
        FileStore::open(store.directory()).unwrap();
        assert_eq!(files(store.directory()), [".lock", "root.json", "root_history"]);
    }
}

#[test]
fn a226_what_was_read_does_not_change_when_the_entry_is_replaced() {
    let (_temp, store) = file_store();
    store.write(&Entry::Root, OLD).unwrap();
    let mut opened_before = File::open(store.directory().join("root.json")).unwrap();
    store.write(&Entry::Root, b"new").unwrap();
    let mut bytes = Vec::new();
    opened_before.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, OLD);
}

#[test]
fn a240_a_directory_that_cannot_be_written_to_is_an_error_and_can_still_be_read() {
    let test = "a240_a_directory_that_cannot_be_written_to_is_an_error_and_can_still_be_read";
    if let Some(dir) = other_process() {
        let store = FileStore::open(&dir).unwrap();
        store.write(&Entry::Root, OLD).unwrap();
        fs::set_permissions(&dir, Permissions::from_mode(0o500)).unwrap();
        for result in [store.write(&Entry::Root, b"new"), store.remove(&Entry::Root), FileStore::open(&dir).map(drop)] {
            let error = result.unwrap_err();
            assert_eq!(error.fault, StoreFault::Write);
            assert_eq!(error.source.unwrap().kind(), io::ErrorKind::PermissionDenied);
        }
        assert_eq!(store.read(&Entry::Root, 100).unwrap(), Some(OLD.to_vec()));
        let read_only = FileStore::read_only(&dir).unwrap();
        read_only.write(&Entry::Root, b"new").unwrap();
        assert_eq!(read_only.read(&Entry::Root, 100).unwrap(), Some(OLD.to_vec()));
        fs::set_permissions(&dir, Permissions::from_mode(0o700)).unwrap();
        return;
    }
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("store");
    fs::create_dir(&dir).unwrap();
    fs::set_permissions(&dir, Permissions::from_mode(0o700)).unwrap();
    let mut command = play(test, &dir);
    if fs::metadata(&dir).unwrap().uid() == 0 {
        // No mode keeps root out, so the other process is nobody, with a copy of this binary where nobody finds it. The
        // copy is made by another program: a file that this one has open for writing cannot be started.
        const NOBODY: u32 = 65534;
        let copy = temp.path().join("tests");
        assert!(Command::new("cp").arg(env::current_exe().unwrap()).arg(&copy).status().unwrap().success());
        fs::set_permissions(temp.path(), Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&copy, Permissions::from_mode(0o755)).unwrap();
        chown(&dir, Some(NOBODY), Some(NOBODY)).unwrap();
        command = Command::new(copy);
        command.args(arguments(test)).env(STORE, &dir).current_dir("/").uid(NOBODY).gid(NOBODY);
    }
    run(command);
}
