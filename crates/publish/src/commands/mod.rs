//! What each subcommand does.

pub(crate) mod add;
pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod gc;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod remove;
pub(crate) mod root;
pub(crate) mod rotate;
pub(crate) mod timestamp;

use std::error::Error as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use tufgate_publish::keys::KeyRing;
use tufgate_publish::keys::files::FolderRing;
use tufgate_publish::keys::passphrase::Passphrase;
use tufgate_publish::{Error, Result};

use crate::args::{Args, Command, Format, Global};

/// The folders that `init` sorts keys into, by who holds them.
const KEY_FOLDERS: [&str; 3] = ["root", "targets", "online"];

/// What a command is given beside its own arguments.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) global: &'a Global,
    /// The time of the whole run.
    pub(crate) now: SystemTime,
}

impl Run<'_> {
    /// The folders of keys: those that were given, or the one beside the repository; each with what `init` makes in it.
    pub(crate) fn key_folders(&self, repository: &Path) -> Vec<PathBuf> {
        let given = match self.global.keys.as_slice() {
            [] => vec![self.key_folder(repository)],
            given => given.to_vec(),
        };
        given.into_iter().flat_map(with_parts).collect()
    }

    /// The folder in which keys are made.
    pub(crate) fn key_folder(&self, repository: &Path) -> PathBuf {
        self.global.keys.first().cloned().unwrap_or_else(|| beside(repository))
    }

    /// The keys at hand.
    pub(crate) fn ring(&self, repository: &Path) -> Result<impl KeyRing> {
        FolderRing::open(&self.key_folders(repository), self.passphrase())
    }

    /// Where the passphrase of keys comes from.
    pub(crate) fn passphrase(&self) -> Passphrase {
        Passphrase::new(self.global.passphrase_file.clone())
    }

    /// Writes the result: lines for people, or one JSON object.
    pub(crate) fn print(&self, text: &str, json: &serde_json::Value) -> Result<()> {
        let out = match self.global.format {
            Format::Text => text.to_owned(),
            Format::Json => format!("{json}\n"),
        };
        let result = std::io::stdout().lock().write_all(out.as_bytes());
        match result {
            // Who reads no more has what they want.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            result => {
                result.map_err(|source| Error::Disk { path: "standard output".into(), action: "cannot write", source })
            }
        }
    }
}

/// A folder of keys, and the folders that `init` makes in one.
pub(crate) fn with_parts(folder: PathBuf) -> impl Iterator<Item = PathBuf> {
    KEY_FOLDERS.map(|part| folder.join(part)).into_iter().chain([folder])
}

/// `REPO.keys` beside `REPO`: never below it, where it would be uploaded with the rest.
fn beside(repository: &Path) -> PathBuf {
    // `.` has a name only once it is absolute.
    let named = match repository.file_name() {
        Some(_) => repository.to_owned(),
        None => std::path::absolute(repository).unwrap_or_else(|_| repository.to_owned()),
    };
    let mut name = named.file_name().unwrap_or_default().to_owned();
    name.push(".keys");
    named.with_file_name(name)
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    #[allow(clippy::disallowed_methods)] // The one place that reads the clock.
    let now = args.global.at.unwrap_or_else(SystemTime::now);
    let run = Run { global: &args.global, now };
    match &args.command {
        Command::Init(args) => init::run(&run, args),
        Command::Keys(args) => keys::run(&run, args),
        Command::Add(args) => add::run(&run, args),
        Command::Remove(args) => remove::run(&run, args),
        Command::Timestamp(args) => timestamp::run(&run, args),
        Command::Rotate(args) => rotate::run(&run, args),
        Command::Root(args) => root::run(&run, args),
        Command::Check(args) => check::run(&run, args),
        Command::Gc(args) => gc::run(&run, args),
        Command::Diff(args) => diff::run(&run, args),
    }
}

/// Tells what is not wrong yet.
pub(crate) fn warn(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "warning: {message}");
}

/// Tells an error with its causes and what to do, and how the process ends.
pub(crate) fn report(error: &Error) -> ExitCode {
    let mut err = std::io::stderr().lock();
    let mut message = format!("error: {error}\n");
    let mut cause = error.source();
    while let Some(source) = cause {
        message.push_str(&format!("  cause: {source}\n"));
        cause = source.source();
    }
    message.push_str(&format!("help: {}\n", error.help()));
    let _ = err.write_all(message.as_bytes());
    ExitCode::from(error.exit_code())
}

/// A commit in JSON; null where nothing was to do.
pub(crate) fn published(published: Option<&tufgate_publish::Published>) -> serde_json::Value {
    published.map_or(serde_json::Value::Null, |published| {
        serde_json::json!({"roles": published.roles, "snapshot": published.snapshot, "timestamp": published.timestamp})
    })
}
