//! Verdicts on files and targets, the same for `verify` and `download`.

use std::time::SystemTime;

use serde::Serialize;
use tufgate::error::{Error, Fault, RepositoryError};
use tufgate::{RoleName, TargetInfo};

use crate::error::Exit;
use crate::output::Output;
use crate::output::text::Tone;
use crate::text::{Escaped, count, time};

/// What became of one file or target.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub(super) enum Verdict {
    /// It is what the repository signs for.
    Verified { role: String, valid_until: String },
    /// It was fetched and is what the repository signs for.
    Fetched { role: String, valid_until: String },
    /// It was there already and is what the repository signs for.
    Present { role: String, valid_until: String },
    /// The repository signs for other bytes.
    Mismatch { role: String, valid_until: String, of: String, expected: Amount, found: Amount },
    /// No role that is trusted for it lists it.
    Unsigned { reason: String },
    /// A role that must be asked about it has expired.
    Stale { reason: String },
    /// A role that must be asked about it cannot be trusted or had.
    Untrusted { reason: String, attack: Option<String> },
    /// The file could not be read.
    Unreadable { reason: String },
}

/// A length, or a digest in hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Amount {
    Bytes(u64),
    Hex(String),
}

impl Verdict {
    pub(super) fn verified(info: &TargetInfo) -> Self {
        Self::Verified { role: role(info.role()), valid_until: time(info.valid_until()) }
    }

    pub(super) fn fetched(info: &TargetInfo) -> Self {
        Self::Fetched { role: role(info.role()), valid_until: time(info.valid_until()) }
    }

    pub(super) fn present(info: &TargetInfo) -> Self {
        Self::Present { role: role(info.role()), valid_until: time(info.valid_until()) }
    }

    pub(super) fn unsigned(asked: &[RoleName], valid_until: SystemTime) -> Self {
        let asked = asked.iter().map(|role| format!("`{role}`")).collect::<Vec<_>>().join(", ");
        Self::Unsigned { reason: format!("not listed by {asked} (until {})", time(valid_until)) }
    }

    /// The verdict for bytes that are not those of `info`. `length` is that of the file where it is known: reading
    /// stops at the first byte too many.
    pub(super) fn mismatch(info: &TargetInfo, error: &RepositoryError, length: Option<u64>) -> Self {
        let (of, expected, found) = match &error.fault {
            Fault::Length { expected, found } => {
                ("length".to_owned(), Amount::Bytes(*expected), Amount::Bytes(length.unwrap_or(*found)))
            }
            Fault::Hash { expected, found } => {
                (expected.algorithm().to_string(), Amount::Hex(expected.to_hex()), Amount::Hex(found.to_hex()))
            }
            _ => return Self::untrusted(error),
        };
        Self::Mismatch { role: role(info.role()), valid_until: time(info.valid_until()), of, expected, found }
    }

    /// The verdict where the search for a target ended with an error: one role's fault is a matter of the files that it
    /// speaks for. What concerns all files is given back as the error it is.
    pub(super) fn of_search(error: Error) -> Result<Self, Error> {
        match error {
            Error::Repository(error) => Ok(match error.fault {
                Fault::Expired { .. } => Self::Stale { reason: error.to_string() },
                _ => Self::untrusted(&error),
            }),
            error => Err(error),
        }
    }

    pub(super) fn untrusted(error: &RepositoryError) -> Self {
        Self::Untrusted { reason: error.to_string(), attack: error.attack().map(|attack| attack.to_string()) }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Verified { .. } => "verified",
            Self::Fetched { .. } => "fetched",
            Self::Present { .. } => "present",
            Self::Mismatch { .. } => "mismatch",
            Self::Unsigned { .. } => "unsigned",
            Self::Stale { .. } => "stale",
            Self::Untrusted { .. } => "untrusted",
            Self::Unreadable { .. } => "unreadable",
        }
    }

    fn help(&self, thing: &str) -> Option<&'static str> {
        Some(match self {
            Self::Verified { .. } | Self::Fetched { .. } | Self::Present { .. } => return None,
            Self::Mismatch { .. } => {
                "mismatch: do not use the file. Fetch it again with `tufgate download`; if it stays, tell the operator"
            }
            Self::Unsigned { .. } if thing == "target" => {
                "unsigned: the repository approved nothing of this path. Give the whole path, as the repository names it, \
                 such as packages/NAME, and check --index"
            }
            Self::Unsigned { .. } => {
                "unsigned: the repository never approved a file of this name. Check where it came from, --index, and the \
                 template of target paths (--target)"
            }
            Self::Stale { .. } => {
                "stale: check the clock of this machine. If it is right, a role was not signed again in time, or an old \
                 copy of it is kept alive: try again later or from another network"
            }
            Self::Untrusted { .. } => {
                "untrusted: do not use the file. Try again later or from another network; if it stays, tell the operator"
            }
            Self::Unreadable { .. } => "unreadable: nothing was judged there. Check the path, its owner and its mode",
        })
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Verified { .. } | Self::Fetched { .. } | Self::Present { .. } => Exit::Verified,
            Self::Mismatch { .. } | Self::Unsigned { .. } => Exit::NotVerified,
            Self::Stale { .. } | Self::Untrusted { .. } => Exit::Untrusted,
            Self::Unreadable { .. } => Exit::Unreachable,
        }
    }

    /// Writes the line of one verdict.
    pub(super) fn line(&self, output: &Output, about: &str, width: usize) {
        let why = match self {
            Self::Verified { role, valid_until }
            | Self::Fetched { role, valid_until }
            | Self::Present { role, valid_until } => format!("signed by `{}` until {valid_until}", Escaped(role)),
            Self::Mismatch { role, of, expected, found, .. } => {
                format!("{of} is {found} where `{}` signed {expected}", Escaped(role))
            }
            Self::Untrusted { reason, attack: Some(attack) } => format!("{reason}; it may be: {attack}"),
            Self::Unsigned { reason }
            | Self::Stale { reason }
            | Self::Untrusted { reason, attack: None }
            | Self::Unreadable { reason } => reason.clone(),
        };
        let tone = match self.exit() {
            Exit::Verified => Tone::Good,
            Exit::NotVerified => Tone::Bad,
            _ => Tone::Unsure,
        };
        output.verdict(tone, self.name(), about, &why, width);
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{bytes}"),
            Self::Hex(hex) => f.write_str(hex),
        }
    }
}

/// The exit code for all verdicts of a run. That a file is wrong outweighs that a role could not be asked about
/// another, and that outweighs that one could not be read.
fn exit<'a>(verdicts: impl Iterator<Item = &'a Verdict> + Clone) -> Exit {
    [Exit::NotVerified, Exit::Untrusted, Exit::Unreachable]
        .into_iter()
        .find(|exit| verdicts.clone().any(|verdict| verdict.exit() == *exit))
        .unwrap_or(Exit::Verified)
}

/// Says how many there are of each verdict, and what to do about those that are not good.
pub(super) fn conclude<'a>(output: &Output, thing: &str, verdicts: impl Iterator<Item = &'a Verdict> + Clone) -> Exit {
    output.status(summary(thing, verdicts.clone()));
    let mut told = Vec::new();
    for help in verdicts.clone().filter_map(|verdict| verdict.help(thing)) {
        if !told.contains(&help) {
            output.help(help);
            told.push(help);
        }
    }
    exit(verdicts)
}

/// `3 files: 2 verified, 1 mismatch`.
fn summary<'a>(thing: &str, verdicts: impl Iterator<Item = &'a Verdict> + Clone) -> String {
    let all = ["verified", "fetched", "present", "mismatch", "unsigned", "stale", "untrusted", "unreadable"];
    let counts: Vec<_> = all
        .iter()
        .map(|name| (verdicts.clone().filter(|verdict| verdict.name() == *name).count(), name))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    format!("{}: {}", count(verdicts.count(), thing), counts.join(", "))
}

fn role(role: &RoleName) -> String {
    role.as_str().to_owned()
}
