//! What can stop a command, which exit code that is, and what a user can do about it.

use std::error::Error as _;
use std::io;

use tufgate::error::{
    CallerError, Error, Fault, RepositoryError, StoreError, StoreFault, Subject, TransportError, TransportFault,
};

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The command line asks for what cannot be.
    #[error("{message}")]
    Usage { message: String, help: String },
    /// The configuration is wrong.
    #[error("{message}")]
    Config { message: String, help: String },
    /// The library stopped.
    #[error(transparent)]
    Library(#[from] Error),
    /// The library stopped at metadata that has expired, where no newer one can be asked for.
    #[error(transparent)]
    ExpiredOffline(Error),
    /// A file of the user's could not be read or written.
    #[error("{message}")]
    Disk { message: String, source: io::Error },
}

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is done; all that was judged is verified.
    Verified = 0,
    /// A file or target did not verify.
    NotVerified = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// The repository cannot be trusted.
    Untrusted = 3,
    /// Network or disk.
    Unreachable = 4,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl CliError {
    pub(crate) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: help.into() }
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::Config {
            message: message.into(),
            help: "correct the configuration; `tufgate trust add --help` and the README say what can stand in it"
                .to_owned(),
        }
    }

    pub(crate) fn disk(message: String, source: io::Error) -> Self {
        Self::Disk { message, source }
    }

    /// The one place where an error becomes an exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::Config { .. } | Self::Library(Error::Caller(_)) => Exit::Usage,
            Self::Library(Error::Repository(_)) | Self::ExpiredOffline(_) => Exit::Untrusted,
            Self::Library(_) | Self::Disk { .. } => Exit::Unreachable,
        }
    }

    /// Who is at fault.
    pub(crate) fn at_fault(&self) -> Option<&'static str> {
        match self {
            // The publisher need not have failed: the copy may just be old.
            Self::ExpiredOffline(_) => None,
            Self::Library(Error::Repository(_)) => Some("the repository, or who stands between it and you"),
            // A user's own choice or slip needs no blame.
            Self::Library(Error::Transport(error)) if error.fault == TransportFault::Offline => None,
            Self::Library(Error::Transport(_)) => Some("the network or the server"),
            Self::Library(Error::Store(_)) | Self::Disk { .. } => Some("this machine"),
            _ => None,
        }
    }

    /// What is wrong with the repository, where it is at fault.
    pub(crate) fn repository(&self) -> Option<&RepositoryError> {
        match self {
            Self::Library(Error::Repository(error)) | Self::ExpiredOffline(Error::Repository(error)) => Some(error),
            _ => None,
        }
    }

    /// The messages of all causes below this one, none of them twice.
    pub(crate) fn causes(&self) -> Vec<String> {
        let mut causes: Vec<String> = Vec::new();
        let mut last = self.to_string();
        let mut next = self.source();
        while let Some(error) = next {
            let message = error.to_string();
            if !last.ends_with(&message) {
                causes.push(message.clone());
            }
            last = message;
            next = error.source();
        }
        causes
    }

    /// What to do next.
    pub(crate) fn help(&self) -> String {
        match self {
            Self::Usage { help, .. } | Self::Config { help, .. } => help.clone(),
            Self::ExpiredOffline(_) => {
                "check the clock of this machine. If it is right, bring a newer copy here, made by \
                                        `tufgate mirror` where there is a network. To accept this one for some time \
                                        after its expiry, give --max-staleness, such as `--max-staleness 7d`"
                    .to_owned()
            }
            Self::Library(Error::Repository(error)) => repository_help(error),
            Self::Library(Error::Transport(error)) => transport_help(error),
            Self::Library(Error::Store(error)) => store_help(error),
            Self::Library(Error::Caller(error)) => caller_help(error),
            Self::Library(_) => "run again with -v to see what was done last".to_owned(),
            Self::Disk { source, .. } => disk_help(source),
        }
    }
}

fn repository_help(error: &RepositoryError) -> String {
    let help = match (&error.fault, &error.subject) {
        (Fault::Expired { .. }, _) => {
            "check the clock of this machine. If it is right, the repository was not signed again in time, or an old \
             copy of it is kept alive: try again later or from another network, and tell the operator"
        }
        (Fault::Rollback { .. } | Fault::RoleRemoved { .. } | Fault::RootsWithheld { .. }, _) => {
            "use nothing of it. You may have met an old mirror or cache: try again later or from another network. If it \
             stays, ask the operator by another way; only where they restored a backup or started anew, forget what was \
             trusted with `tufgate trust remove NAME --with-state` and pin the root again"
        }
        (Fault::SameVersionOtherContent { .. } | Fault::RootFork { .. }, _) => {
            "use nothing of it: two histories exist under one name. Ask the operator by another way which is right; only \
             where they started anew, forget what was trusted with `tufgate trust remove NAME --with-state` and pin the \
             root again"
        }
        (Fault::Threshold { .. }, Subject::Role(role)) if role.as_str() == "root" => {
            "use nothing of it. If the operator lost keys and started anew, get the new root and its fingerprint from \
             them by another way, then `tufgate trust remove NAME --with-state` and `tufgate trust add`"
        }
        (Fault::TooManyRoots { .. }, _) => "run it again: it goes on from where it stopped",
        (Fault::NoKnownHash, Subject::Target(_)) => {
            "ask the operator to list sha256 or sha512 for the target; a newer tufgate may know the hash"
        }
        (Fault::Length { .. } | Fault::Hash { .. } | Fault::Version { .. } | Fault::Missing, Subject::Role(_)) => {
            "a mirror may be in the middle of an update: try again in some minutes. If it stays, tell the operator"
        }
        (_, Subject::Target(_)) => {
            "do not use the file. Try again later or from another network; if it stays, tell the operator"
        }
        _ => {
            "use nothing of it. Try again later or from another network; if it stays, tell the operator, with the \
             message above"
        }
    };
    help.to_owned()
}

fn transport_help(error: &TransportError) -> String {
    let help = match error.fault {
        TransportFault::Offline => {
            "--offline reaches only repositories at file://, and whether metadata is still current cannot be known \
             without asking: run without --offline; or, where there is a network, copy what is needed into a directory \
             with `tufgate mirror -o DIR`, and name that here with --index-dir DIR"
        }
        TransportFault::Status(401 | 407) => "give a user name and password: in a file named by --netrc",
        TransportFault::Status(403) => {
            "check the address and your rights. Where an object store answers 403 for files that are absent, set \
             `forbidden-is-absent`"
        }
        TransportFault::Status(_) | TransportFault::Idle { .. } | TransportFault::TooSlow { .. } => "try again later",
        TransportFault::Connect => {
            "check the address, the network, and the proxy (--proxy); for an authority of your own give --ca-file"
        }
        TransportFault::Redirect(_) => "configure the address that it leads to, if you trust it",
        TransportFault::Unsupported(_) => "use an address with https:// or file://",
        _ => "check that the file can be read, and try again",
    };
    help.to_owned()
}

fn store_help(error: &StoreError) -> String {
    let help = match &error.fault {
        StoreFault::NotPrivate(_) => {
            "make the directory yours alone (chown, chmod go-w), or choose another with --state-dir"
        }
        StoreFault::FloorsDamaged => {
            "restore the directory from a backup; else remove it, and know that a rollback before this moment is not \
             noticed"
        }
        StoreFault::FloorsNewer { .. } => "use the newer tufgate, or another directory with --state-dir",
        _ if error.source.as_ref().is_some_and(|source| source.kind() == io::ErrorKind::StorageFull) => {
            "make room on the disk, or choose another directory with --state-dir"
        }
        _ => "choose a directory that can be written to with --state-dir, or leave no trace with --read-only-state",
    };
    help.to_owned()
}

fn caller_help(error: &CallerError) -> String {
    let help = match error {
        CallerError::PinnedRoot(_) => {
            "get the root file again from somewhere you trust: N.root.json of the repository, as it is, and compare \
             its fingerprint"
        }
        CallerError::TargetPath { .. } => "give the path as the repository names it, such as packages/NAME",
        CallerError::Destination { .. } => "remove what stands there, or name another directory",
        _ => "correct the option that is named above",
    };
    help.to_owned()
}

fn disk_help(error: &io::Error) -> String {
    let help = match error.kind() {
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::PermissionDenied => "check who owns it and its mode",
        io::ErrorKind::StorageFull => "make room on the disk",
        io::ErrorKind::ReadOnlyFilesystem => "choose a place that can be written to",
        io::ErrorKind::IsADirectory => "a directory stands where a file is needed: name another place",
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            "a file stands where a directory is needed: name another place"
        }
        _ => "check the path and the disk, and try again",
    };
    help.to_owned()
}
