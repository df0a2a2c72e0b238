//! What was read so far, and what all formats share.

use std::path::Path;

use percent_encoding::percent_decode_str;

use super::document::{brief, wrong};
use super::{Locked, LockedEntry, LockedHash};
use crate::error::CliError;
use crate::text::{shown, without_credentials};

pub(super) const NO_HASH: &str = "the lock file gives no hash for it";
pub(super) const NO_FILE: &str = "the lock file names no file for it";
pub(super) const DIRECTORY: &str = "it is installed from a directory, and no index signs for that";
pub(super) const CHECKOUT: &str = "it is built from a source repository, and no index signs for that";
pub(super) const ITSELF: &str = "it is the project itself";

/// The most entries of a lock file with all that it includes.
const MAX_ENTRIES: usize = 1_000_000;

/// The entries in the order of the file.
pub(super) struct Entries {
    list: Vec<LockedEntry>,
    limit: usize,
}

impl Default for Entries {
    fn default() -> Self {
        Self::at_most(MAX_ENTRIES)
    }
}

impl Entries {
    pub(super) fn at_most(limit: usize) -> Self {
        Self { list: Vec::new(), limit }
    }

    /// A distribution, if there is something to compare it with.
    pub(super) fn distribution(&mut self, locked: Locked) -> Result<(), CliError> {
        if let Some(name) = locked.file_name.as_deref().filter(|name| !is_file_name(name)) {
            return Err(wrong(&locked.source, locked.line, format!("`{}` is not a file's name", brief(name))));
        }
        if !locked.hashes.is_empty() {
            return self.push(LockedEntry::Distribution(locked));
        }
        let about = locked.file_name.unwrap_or_else(|| name_and_version(&locked.project, locked.version.as_deref()));
        self.undecided(&locked.source, locked.line, about, NO_HASH)
    }

    pub(super) fn undecided(
        &mut self,
        source: &Path,
        line: Option<usize>,
        about: impl Into<String>,
        reason: &str,
    ) -> Result<(), CliError> {
        let (source, about, reason) = (source.to_owned(), about.into(), reason.to_owned());
        self.push(LockedEntry::Undecided { source, line, about, reason })
    }

    pub(super) fn skipped(
        &mut self,
        source: &Path,
        line: Option<usize>,
        about: impl Into<String>,
        reason: &str,
    ) -> Result<(), CliError> {
        let (source, about, reason) = (source.to_owned(), about.into(), reason.to_owned());
        self.push(LockedEntry::Skipped { source, line, about, reason })
    }

    /// All of them, unless nothing would be installed.
    pub(super) fn finish(self, path: &Path) -> Result<Vec<LockedEntry>, CliError> {
        if self.list.iter().all(|entry| matches!(entry, LockedEntry::Skipped { .. })) {
            return Err(CliError::usage(
                format!("{}: it names no distribution", shown(path)),
                "check that it is the file that you mean, and that the tool that wrote it had something to install: \
                 that nothing was checked must not look like success",
            ));
        }
        Ok(self.list)
    }

    fn push(&mut self, entry: LockedEntry) -> Result<(), CliError> {
        if self.list.len() >= self.limit {
            let (LockedEntry::Distribution(Locked { source, line, .. })
            | LockedEntry::Undecided { source, line, .. }
            | LockedEntry::Skipped { source, line, .. }) = &entry;
            return Err(wrong(
                source,
                *line,
                format!("a lock file can name {} files, and here is one more", self.limit),
            ));
        }
        self.list.push(entry);
        Ok(())
    }
}

impl LockedHash {
    /// An algorithm's name and hex digits; `None` where they are something else.
    pub(super) fn new(algorithm: &str, hex: &str) -> Option<Self> {
        let is_name = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'-';
        let is_right = !algorithm.is_empty()
            && algorithm.bytes().all(is_name)
            && !hex.is_empty()
            && hex.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_right.then(|| Self { algorithm: algorithm.to_ascii_lowercase(), hex: hex.to_ascii_lowercase() })
    }

    /// `sha256:…`, or with another sign between the two.
    pub(super) fn parse(text: &str, between: char) -> Result<Self, String> {
        text.split_once(between)
            .and_then(|(algorithm, hex)| Self::new(algorithm, hex))
            .ok_or_else(|| format!("`{}` is not a hash: ALGORITHM{between}HEX", brief(text)))
    }

    /// As a table of names and hex digits gives them.
    pub(super) fn table<'a>(table: impl IntoIterator<Item = (&'a String, &'a String)>) -> Result<Vec<Self>, String> {
        let hash = |(algorithm, hex): (&String, &String)| {
            Self::new(algorithm, hex).ok_or_else(|| format!("`{}` is not a hash in hex", brief(hex)))
        };
        table.into_iter().map(hash).collect()
    }
}

/// `six==1.17.0`.
pub(super) fn name_and_version(project: &str, version: Option<&str>) -> String {
    version.map_or_else(|| project.to_owned(), |version| format!("{project}=={version}"))
}

/// An address as it can be kept: without a password, and without what says how to install it.
pub(super) fn address(url: &str) -> String {
    without_credentials(url.split_once('#').map_or(url, |(url, _)| url))
}

/// The last segment of an address or a path. What hides a separator stays encoded.
pub(super) fn last_segment(location: &str) -> Option<String> {
    let path = location.split(['?', '#']).next().unwrap_or_default();
    let segment = path.rsplit('/').next().filter(|segment| !segment.is_empty())?;
    match percent_decode_str(segment).decode_utf8() {
        Ok(name) if is_file_name(&name) => Some(name.into_owned()),
        _ => Some(segment.to_owned()),
    }
}

/// Whether a path means the directory of the lock file, where the project lies.
pub(super) fn is_here(path: &str) -> bool {
    matches!(path, "." | "./")
}

fn is_file_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\', '\0'])
}
