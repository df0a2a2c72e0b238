//! pip's requirements files. Where pip would stop at a line, the line is undecided: nothing is passed over in silence.

mod lines;
mod options;
mod requirement;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use self::options::{Meaning, options};
use self::requirement::Requirement;
use super::document::{Document, MAX_BYTES, brief};
use super::entries::{self, CHECKOUT, DIRECTORY, Entries, ITSELF, NO_HASH};
use super::{Locked, LockedHash};
use crate::error::CliError;
use crate::text::{Escaped, shown, without_credentials};

/// How many files can include one another in a row.
const MAX_DEPTH: usize = 16;

const UNPINNED: &str = "it is not pinned to one version with `==`";
const UNKNOWN: &str = "tufgate does not know this option, nor what the line installs by it";

/// Reads a file and those that it includes.
pub(super) fn read(path: &Path, entries: &mut Entries) -> Result<(), CliError> {
    Reader { entries, spent: 0, seen: HashSet::new(), above: Vec::new() }.file(Document::open(path, MAX_BYTES, 0)?)
}

struct Reader<'a> {
    entries: &'a mut Entries,
    /// How many bytes were read.
    spent: usize,
    /// The files that were read: each counts once.
    seen: HashSet<PathBuf>,
    /// The files that are being read: each includes the next.
    above: Vec<PathBuf>,
}

/// One statement, and where it starts.
#[derive(Clone, Copy)]
struct Statement<'a> {
    document: &'a Document,
    line: Option<usize>,
}

impl Reader<'_> {
    fn file(&mut self, document: Document) -> Result<(), CliError> {
        if let Some(encoding) = lines::other_encoding(&document.text) {
            return Err(document.wrong(None, format!("it says that it is {}, and must be UTF-8", brief(encoding))));
        }
        self.spent = self.spent.saturating_add(document.text.len());
        let place = identity(&document.path);
        self.seen.insert(place.clone());
        self.above.push(place);
        for (line, text) in lines::statements(&document.text) {
            self.statement(Statement { document: &document, line: Some(line) }, &text)?;
        }
        self.above.pop();
        Ok(())
    }

    fn statement(&mut self, at: Statement<'_>, text: &str) -> Result<(), CliError> {
        let (requirement, rest) = options::split(text);
        let given = match options(rest) {
            Ok(given) => given,
            Err(unknown) => {
                let about = if requirement.is_empty() { unknown } else { described(requirement) };
                return self.undecided(at, about, UNKNOWN);
            }
        };
        if !requirement.is_empty() {
            return self.requirement(at, requirement, &given);
        }
        for (meaning, value) in given {
            match meaning {
                Meaning::Include => self.include(at, &value)?,
                Meaning::Constraints => {
                    let about = format!("constraints of {}", described(&value));
                    self.entries.skipped(&at.document.path, at.line, about, "constraints install nothing")?;
                }
                Meaning::Editable => self.directory(at, &value)?,
                Meaning::Hash => self.undecided(at, described(&value), "it is a hash without a requirement")?,
                Meaning::Nothing => {}
            }
        }
        Ok(())
    }

    fn requirement(&mut self, at: Statement<'_>, text: &str, given: &[(Meaning, String)]) -> Result<(), CliError> {
        let mut hashes = Vec::new();
        for (meaning, value) in given {
            match meaning {
                Meaning::Hash => {
                    hashes.push(LockedHash::parse(value, ':').map_err(|what| at.document.wrong(at.line, what))?);
                }
                Meaning::Nothing => {}
                _ => return self.undecided(at, described(text), UNKNOWN),
            }
        }
        match Requirement::parse(text) {
            Requirement::Pinned { project, version } => self.entries.distribution(Locked {
                source: at.document.path.clone(),
                line: at.line,
                project: project.to_owned(),
                version: Some(version.to_owned()),
                file_name: None,
                url: None,
                hashes,
                size: None,
            }),
            Requirement::Loose => self.undecided(at, described(text), UNPINNED),
            Requirement::At { project, location } => self.located(at, project, location, hashes),
        }
    }

    /// What an address or a path leads to.
    fn located(
        &mut self,
        at: Statement<'_>,
        project: Option<&str>,
        location: &str,
        mut hashes: Vec<LockedHash>,
    ) -> Result<(), CliError> {
        let is_address = requirement::is_address(location);
        let file_name = entries::last_segment(location);
        let archive = file_name.as_deref().filter(|name| requirement::is_archive(name));
        if requirement::is_checkout(location) {
            return self.undecided(at, described(location), CHECKOUT);
        }
        if archive.is_none() && (!is_address || location.starts_with("file:")) {
            return self.directory(at, location);
        }
        hashes.extend(requirement::hash_in(location).map_err(|what| at.document.wrong(at.line, what))?);
        if hashes.is_empty() {
            return self.undecided(at, described(location), NO_HASH);
        }
        let Some(project) = project.or_else(|| archive.and_then(requirement::project_of)).map(str::to_owned) else {
            return self.undecided(
                at,
                described(location),
                "neither the line nor the file's name says which project it is",
            );
        };
        self.entries.distribution(Locked {
            source: at.document.path.clone(),
            line: at.line,
            project,
            version: None,
            file_name,
            url: is_address.then(|| entries::address(location)),
            hashes,
            size: None,
        })
    }

    fn directory(&mut self, at: Statement<'_>, location: &str) -> Result<(), CliError> {
        let path = location.split_once('[').map_or(location, |(path, _extras)| path);
        if entries::is_here(path) {
            self.entries.skipped(&at.document.path, at.line, location, ITSELF)
        } else if requirement::is_checkout(location) {
            self.undecided(at, described(location), CHECKOUT)
        } else {
            self.undecided(at, described(location), DIRECTORY)
        }
    }

    fn include(&mut self, at: Statement<'_>, name: &str) -> Result<(), CliError> {
        if requirement::is_address(name) || name.starts_with("file:") {
            let reason = "requirements at an address are not fetched: fetch the file, and include that";
            return self.undecided(at, described(name), reason);
        }
        let path = at.document.path.parent().unwrap_or(Path::new("")).join(name);
        let place = identity(&path);
        if self.above.contains(&place) {
            return Err(at.document.wrong(at.line, format!("by way of {} it includes itself", brief(name))));
        }
        if self.seen.contains(&place) {
            return Ok(());
        }
        if self.above.len() >= MAX_DEPTH {
            let what = format!("{MAX_DEPTH} files include one another, and here is one more");
            return Err(at.document.wrong(at.line, what));
        }
        match Document::open(&path, MAX_BYTES, self.spent) {
            Ok(document) => self.file(document),
            // The line that includes it is where a user corrects it.
            Err(CliError::Disk { source, .. }) => {
                let line = at.line.map_or(String::new(), |line| format!(":{line}"));
                let message = format!(
                    "{}{line}: cannot read {}",
                    shown(&at.document.path),
                    Escaped(brief(&path.to_string_lossy()))
                );
                Err(CliError::disk(message, source))
            }
            Err(error) => Err(error),
        }
    }

    fn undecided(&mut self, at: Statement<'_>, about: String, reason: &str) -> Result<(), CliError> {
        self.entries.undecided(&at.document.path, at.line, about, reason)
    }
}

/// What a line is about, without a password and not longer than a line.
fn described(text: &str) -> String {
    match text.split_once('@') {
        // `name @ https://user:password@host/`.
        Some((name, url)) if !name.contains("://") && url.contains("://") => {
            brief(&format!("{name}@ {}", without_credentials(url.trim_start())))
        }
        _ => brief(&without_credentials(text)),
    }
}

/// One file, however it is named.
fn identity(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
