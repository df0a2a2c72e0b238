//! Verdicts on files and targets, the same for all commands.

use std::time::SystemTime;

use serde::Serialize;
use tufgate::error::{Error, Fault, RepositoryError};
use tufgate::pypi::Unlisted;
use tufgate::{RoleName, TargetInfo};

use super::conclude::LOCKED;
use crate::error::Exit;
use crate::output::text::Tone;
use crate::text::{Escaped, time};

/// What became of one file, target or distribution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// It is what the repository signs for.
    Verified { role: String, valid_until: String },
    /// It was fetched and is what the repository signs for.
    Fetched { role: String, valid_until: String },
    /// It was there already and is what the repository signs for.
    Present { role: String, valid_until: String },
    /// The repository signs for other bytes.
    Mismatch { role: String, valid_until: String, of: String, expected: Amount, found: Amount },
    /// No role that is trusted for it lists it.
    Unsigned {
        reason: String,
        /// The roles that answered.
        roles: Vec<String>,
        /// Until when the answer holds; `None` where nobody had to be asked.
        valid_until: Option<String>,
        /// Whether the user named it with `--allow-unsigned`.
        allowed: bool,
    },
    /// The repository signs no index page for its project.
    UnknownProject { reason: String, roles: Vec<String>, valid_until: Option<String>, allowed: bool },
    /// A role that speaks for it has expired. Where that was accepted, it is what the repository signed then.
    Stale { role: Option<String>, valid_until: Option<String>, accepted: bool, reason: String },
    /// A role that must be asked about it cannot be trusted or had.
    Untrusted { reason: String, attack: Option<String> },
    /// The file could not be read.
    Unreadable { reason: String },
    /// There is nothing that could be compared.
    Undecided { reason: String },
}

/// A length, a number of files, or a digest in hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Amount {
    Number(u64),
    Text(String),
}

/// What a mismatch is of, where the files of a wheel were compared one by one.
pub(crate) const FILES: &str = "files";

/// Names of all verdicts, in the order of summaries.
pub(super) const NAMES: [&str; 11] = [
    "verified",
    "fetched",
    "present",
    "mismatch",
    "unsigned",
    "unknown-project",
    "stale",
    "untrusted",
    "unreadable",
    "undecided",
    "allowed although not signed",
];

impl Verdict {
    /// What is signed for is there. By metadata that has expired, which the user accepted, it is only what was signed
    /// then.
    pub(crate) fn verified(info: &TargetInfo, now: SystemTime) -> Self {
        Self::stale(info, now)
            .unwrap_or_else(|| Self::Verified { role: role(info.role()), valid_until: time(info.valid_until()) })
    }

    pub(crate) fn fetched(info: &TargetInfo, now: SystemTime) -> Self {
        Self::stale(info, now)
            .unwrap_or_else(|| Self::Fetched { role: role(info.role()), valid_until: time(info.valid_until()) })
    }

    pub(crate) fn present(info: &TargetInfo, now: SystemTime) -> Self {
        Self::stale(info, now)
            .unwrap_or_else(|| Self::Present { role: role(info.role()), valid_until: time(info.valid_until()) })
    }

    fn stale(info: &TargetInfo, now: SystemTime) -> Option<Self> {
        (info.valid_until() <= now).then(|| Self::Stale {
            role: Some(role(info.role())),
            valid_until: Some(time(info.valid_until())),
            accepted: true,
            reason: format!("as `{}` signed it; that expired on {}", Escaped(info.role()), time(info.valid_until())),
        })
    }

    /// Nobody lists it.
    pub(crate) fn unsigned(unlisted: &Unlisted) -> Self {
        let reason = not_listed(unlisted);
        Self::Unsigned { reason, roles: roles(unlisted), valid_until: unlisted.valid_until.map(time), allowed: false }
    }

    /// It cannot be a target, so that nobody had to be asked.
    pub(crate) fn no_target(reason: String) -> Self {
        Self::Unsigned { reason, roles: Vec::new(), valid_until: None, allowed: false }
    }

    /// Nobody lists a page of its project.
    pub(crate) fn unknown_project(project: &str, unlisted: &Unlisted) -> Self {
        Self::UnknownProject {
            reason: format!("no page of `{project}` is signed: {}", not_listed(unlisted)),
            roles: roles(unlisted),
            valid_until: unlisted.valid_until.map(time),
            allowed: false,
        }
    }

    /// The verdict for bytes that are not those of `info`. `length` is that of the file where it is known: reading
    /// stops at the first byte too many.
    pub(crate) fn mismatch(info: &TargetInfo, error: &RepositoryError, length: Option<u64>) -> Self {
        let (of, expected, found) = match &error.fault {
            Fault::Length { expected, found } => {
                ("length".to_owned(), Amount::Number(*expected), Amount::Number(length.unwrap_or(*found)))
            }
            Fault::Hash { expected, found } => {
                (expected.algorithm().to_string(), Amount::Text(expected.to_hex()), Amount::Text(found.to_hex()))
            }
            _ => return Self::untrusted(error),
        };
        Self::differs(info, of, expected, found)
    }

    pub(crate) fn differs(info: &TargetInfo, of: String, expected: Amount, found: Amount) -> Self {
        Self::Mismatch { role: role(info.role()), valid_until: time(info.valid_until()), of, expected, found }
    }

    /// The same where files lie among those of the wheel that it has not; `None` where that was no question.
    pub(crate) fn with_added_files(&self) -> Option<Self> {
        match self.clone() {
            Self::Verified { role, valid_until } => {
                let files = || Amount::Text("those of the wheel".to_owned());
                let found = Amount::Text("more than those of the wheel".to_owned());
                Some(Self::Mismatch { role, valid_until, of: FILES.to_owned(), expected: files(), found })
            }
            Self::Stale { role: Some(role), valid_until: Some(valid_until), accepted: true, .. } => {
                Self::Verified { role, valid_until }.with_added_files()
            }
            _ => None,
        }
    }

    /// The verdict where the search for a target ended with an error: one role's fault is a matter of the files that it
    /// speaks for. What concerns all files is given back as the error it is.
    pub(crate) fn of_search(error: Error) -> Result<Self, Error> {
        match error {
            Error::Repository(error) => Ok(match error.fault {
                Fault::Expired { .. } => {
                    Self::Stale { role: None, valid_until: None, accepted: false, reason: error.to_string() }
                }
                _ => Self::untrusted(&error),
            }),
            error => Err(error),
        }
    }

    pub(crate) fn untrusted(error: &RepositoryError) -> Self {
        Self::Untrusted { reason: error.to_string(), attack: error.attack().map(|attack| attack.to_string()) }
    }

    /// The same where the user said that it may be unsigned; `None` where that does not matter.
    pub(crate) fn allowed(&self) -> Option<Self> {
        match self.clone() {
            Self::Unsigned { reason, roles, valid_until, .. } => {
                Some(Self::Unsigned { reason, roles, valid_until, allowed: true })
            }
            Self::UnknownProject { reason, roles, valid_until, .. } => {
                Some(Self::UnknownProject { reason, roles, valid_until, allowed: true })
            }
            _ => None,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Verified { .. } => "verified",
            Self::Fetched { .. } => "fetched",
            Self::Present { .. } => "present",
            Self::Mismatch { .. } => "mismatch",
            Self::Unsigned { .. } => "unsigned",
            Self::UnknownProject { .. } => "unknown-project",
            Self::Stale { .. } => "stale",
            Self::Untrusted { .. } => "untrusted",
            Self::Unreadable { .. } => "unreadable",
            Self::Undecided { .. } => "undecided",
        }
    }

    pub(crate) fn is_allowed(&self) -> bool {
        matches!(self, Self::Unsigned { allowed: true, .. } | Self::UnknownProject { allowed: true, .. })
    }

    pub(crate) fn is_accepted_stale(&self) -> bool {
        matches!(self, Self::Stale { accepted: true, .. })
    }

    /// What it means for the whole run.
    pub(crate) fn exit(&self) -> Exit {
        if self.is_allowed() || self.is_accepted_stale() {
            return Exit::Verified;
        }
        match self {
            Self::Verified { .. } | Self::Fetched { .. } | Self::Present { .. } => Exit::Verified,
            Self::Mismatch { .. } | Self::Unsigned { .. } | Self::UnknownProject { .. } | Self::Undecided { .. } => {
                Exit::NotVerified
            }
            Self::Stale { .. } | Self::Untrusted { .. } => Exit::Untrusted,
            Self::Unreadable { .. } => Exit::Unreachable,
        }
    }

    pub(super) fn tone(&self) -> Tone {
        match self.exit() {
            Exit::Verified if self.is_allowed() || self.is_accepted_stale() => Tone::Unsure,
            Exit::Verified => Tone::Good,
            Exit::NotVerified => Tone::Bad,
            _ => Tone::Unsure,
        }
    }

    /// Why, in one line.
    pub(crate) fn why(&self) -> String {
        match self {
            Self::Verified { role, valid_until }
            | Self::Fetched { role, valid_until }
            | Self::Present { role, valid_until } => format!("signed by `{role}` until {valid_until}"),
            Self::Mismatch { role, of, .. } if of == FILES => {
                format!("not all files are as in the wheel that `{role}` signed")
            }
            Self::Mismatch { role, of, expected, found, .. } => {
                format!("{of} is {found} where `{role}` signed {expected}")
            }
            Self::Untrusted { reason, attack: Some(attack) } => format!("{reason}; it may be: {attack}"),
            Self::Unsigned { reason, allowed: true, .. } | Self::UnknownProject { reason, allowed: true, .. } => {
                format!("{reason}; allowed by --allow-unsigned")
            }
            Self::Unsigned { reason, .. }
            | Self::UnknownProject { reason, .. }
            | Self::Stale { reason, .. }
            | Self::Untrusted { reason, attack: None }
            | Self::Unreadable { reason }
            | Self::Undecided { reason } => reason.clone(),
        }
    }

    pub(super) fn help(&self, thing: &str) -> Option<&'static str> {
        if self.exit() == Exit::Verified {
            return None;
        }
        Some(match self {
            Self::Verified { .. } | Self::Fetched { .. } | Self::Present { .. } => return None,
            Self::Mismatch { of, .. } if of == FILES => {
                "mismatch: installed files are not those of the signed wheel. Find out who changed them, and make the \
                 environment anew from verified files"
            }
            Self::Mismatch { .. } if thing == LOCKED => {
                "mismatch: do not install it: the lock file names, or the server sent, other bytes than the repository \
                 signs. Find out who changed them, then lock or fetch anew"
            }
            Self::Mismatch { .. } => {
                "mismatch: do not use the file. Fetch it again with `tufgate download`; if it stays, tell the operator"
            }
            Self::Unsigned { .. } if thing == "target" => {
                "unsigned: the repository approved nothing of this path. Give the whole path, as the repository names it, \
                 such as packages/NAME, and check --index"
            }
            Self::Unsigned { .. } => {
                "unsigned: the repository never approved a file of this name. Check where it came from, --index, and the \
                 naming of targets (--profile, --target). A file that was just released may not be signed yet: wait"
            }
            Self::UnknownProject { .. } => {
                "unknown-project: the repository signs nothing of this project. Check its spelling, where it came from, \
                 and --index"
            }
            Self::Stale { .. } => {
                "stale: check the clock of this machine. If it is right, a role was not signed again in time, or an old \
                 copy of it is kept alive: try again later or from another network"
            }
            Self::Untrusted { .. } => {
                "untrusted: do not use the file. Try again later or from another network; if it stays, tell the operator"
            }
            Self::Unreadable { .. } if thing == LOCKED => {
                "unreadable: it is as signed, and was not written. Fetch it in another way, and verify the file"
            }
            Self::Unreadable { .. } => "unreadable: nothing was judged there. Check the path, its owner and its mode",
            Self::Undecided { .. } => {
                "undecided: there is nothing that could be compared with what is signed. Lock it with hashes, or install \
                 it from a wheel that the repository signs"
            }
        })
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// `not listed by `a`, `b` (until …)`, and what else there is to say.
fn not_listed(unlisted: &Unlisted) -> String {
    let asked = unlisted.asked.iter().map(|role| format!("`{role}`")).collect::<Vec<_>>().join(", ");
    let answer = unlisted.valid_until.map(|until| format!("not listed by {asked} (until {})", time(until)));
    unlisted.reasons.iter().cloned().chain(answer).collect::<Vec<_>>().join("; ")
}

fn roles(unlisted: &Unlisted) -> Vec<String> {
    unlisted.asked.iter().map(role).collect()
}

fn role(role: &RoleName) -> String {
    role.as_str().to_owned()
}
