//! A lock file's text, and errors that say where in it.

use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::error::CliError;
use crate::text::{Escaped, shown};
use crate::walk;

/// The most bytes of one lock file with all that it includes. The largest that are known have some megabytes.
pub(super) const MAX_BYTES: usize = 64 << 20;

/// Less for TOML: its parser needs a hundred times the memory of the most hostile text.
pub(super) const MAX_TOML_BYTES: usize = 16 << 20;

/// How far apart the places are whose line is known beforehand.
const BLOCK: usize = 1024;

/// One file that was read.
pub(super) struct Document {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// Which line an offset is in, found without counting from the start each time.
pub(super) struct LineIndex<'a> {
    bytes: &'a [u8],
    /// How many lines end before each block.
    before: Vec<usize>,
}

impl Document {
    /// Reads a file, of which and of what was `spent` before there can be so many bytes.
    pub(super) fn open(path: &Path, limit: usize, spent: usize) -> Result<Self, CliError> {
        let left = limit.saturating_sub(spent);
        let mut bytes = Vec::new();
        walk::open(path)
            .and_then(|file| file.take((left as u64).saturating_add(1)).read_to_end(&mut bytes))
            .map_err(|error| CliError::disk(format!("cannot read {}", shown(path)), error))?;
        if bytes.len() > left {
            return Err(CliError::usage(
                format!("{}: a lock file with all that it includes can have {limit} bytes", shown(path)),
                "split it, and verify the parts",
            ));
        }
        Ok(Self { path: path.to_owned(), text: decode(path, bytes)? })
    }

    /// The file is not what it must be.
    pub(super) fn wrong(&self, line: Option<usize>, what: impl AsRef<str>) -> CliError {
        wrong(&self.path, line, what)
    }

    pub(super) fn toml<T: DeserializeOwned>(&self) -> Result<T, CliError> {
        toml::from_str(&self.text).map_err(|error| {
            let line = error.span().map(|span| LineIndex::new(&self.text).of(&span));
            self.wrong(line, brief(error.message()))
        })
    }

    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, CliError> {
        serde_json::from_str(&self.text).map_err(|error| {
            let what = error.to_string();
            let what = what.rsplit_once(" at line ").map_or(what.as_str(), |(what, _)| what);
            self.wrong(Some(error.line()), brief(what))
        })
    }
}

impl<'a> LineIndex<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let blocks = text.as_bytes().chunks(BLOCK);
        let before = blocks.scan(0, |lines: &mut usize, block| {
            let so_far = *lines;
            *lines = lines.saturating_add(ends(block));
            Some(so_far)
        });
        Self { before: before.collect(), bytes: text.as_bytes() }
    }

    /// The line, from 1, in which a range starts.
    pub(super) fn of(&self, span: &Range<usize>) -> usize {
        // Past the end there is no block: a file that is cut off is wrong in its last line.
        let block = (span.start / BLOCK).min(self.before.len().saturating_sub(1));
        let before = self.before.get(block).copied().unwrap_or_default();
        let start = block.saturating_mul(BLOCK);
        let end = span.start.min(self.bytes.len());
        before.saturating_add(self.bytes.get(start..end).map_or(0, ends)).saturating_add(1)
    }
}

/// A lock file is not what it must be.
pub(super) fn wrong(path: &Path, line: Option<usize>, what: impl AsRef<str>) -> CliError {
    let line = line.map_or(String::new(), |line| format!(":{line}"));
    CliError::usage(
        format!("{}{line}: {}", shown(path), Escaped(what.as_ref())),
        "let the tool that wrote the lock file write it anew, or correct it",
    )
}

/// The start of a text that may be long.
pub(super) fn brief(text: &str) -> String {
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn decode(path: &Path, bytes: Vec<u8>) -> Result<String, CliError> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(CliError::usage(
            format!("{}: it is UTF-16, and must be UTF-8", shown(path)),
            "save it as UTF-8; PowerShell writes UTF-16 where output is redirected with `>`",
        ));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        wrong(path, Some(ends(before).saturating_add(1)), "it is not UTF-8")
    })?;
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Ok(text)
}

fn ends(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}
