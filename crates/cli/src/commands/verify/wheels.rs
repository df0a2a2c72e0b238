//! The signed wheels that environments are compared with.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tufgate::{Digest, TargetInfo};

use super::Judge;
use crate::commands::Run;
use crate::config;
use crate::error::CliError;
use crate::judged::Verdict;
use crate::text::shown;
use crate::walk;

/// Where they are: each under its hash, and verified again by each run.
pub(in crate::commands) enum Wheels {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl Wheels {
    /// The user's directory for what can be fetched again. A temporary one where the run may leave no trace, where that
    /// directory cannot be had, and where others could write to it.
    pub(super) fn new(run: &Run<'_>) -> Result<Self, CliError> {
        if !run.global.read_only_state
            && let Ok(cache) = config::cache_directory()
        {
            let dir = cache.join("wheels");
            match is_own(&dir) {
                Ok(true) => return Ok(Self::Kept(dir)),
                Ok(false) => run.output.warn(format_args!(
                    "{}: others than you can get into it, so that wheels are not kept there: make it yours alone (chown, chmod 700)",
                    shown(&dir)
                )),
                Err(_) => {}
            }
        }
        let temporary = TempDir::new();
        temporary
            .map(Self::Temporary)
            .map_err(|error| CliError::disk("cannot make a temporary directory".to_owned(), error))
    }

    /// No name that somebody else chose has a part in it.
    fn place(&self, info: &TargetInfo) -> PathBuf {
        let dir = match self {
            Self::Kept(dir) => dir,
            Self::Temporary(dir) => dir.path(),
        };
        dir.join(info.hashes().iter().next().map(Digest::to_hex).unwrap_or_default())
    }
}

impl Judge<'_> {
    /// A signed wheel, fetched if it is not at hand.
    pub(super) fn wheel(&self, wheels: &Wheels, info: &TargetInfo) -> Result<Result<File, Verdict>, CliError> {
        let place = wheels.place(info);
        if let Ok(Some(kept)) = walk::verified(info, &place) {
            return Ok(Ok(kept));
        }
        if let Err(verdict) = self.fetch(info, &place)? {
            return Ok(Err(verdict));
        }
        let fetched = walk::verified(info, &place)
            .and_then(|fetched| fetched.ok_or_else(|| io::Error::other("it was changed after it was verified")));
        fetched.map(Ok).map_err(|error| CliError::disk(format!("cannot read {}", shown(&place)), error))
    }
}

/// Makes a directory, and says whether it is for this user alone: who can write to it could change a file between the
/// moment in which it is verified and that in which it is compared.
fn is_own(dir: &Path) -> io::Result<bool> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)?;
    // A new file belongs to whom this process runs as; and it shows that files can be written.
    let (own, found) = (tempfile::tempfile_in(dir)?.metadata()?, fs::metadata(dir)?);
    Ok(is_private(&own, &found))
}

#[cfg(unix)]
fn is_private(own: &fs::Metadata, found: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    own.uid() == found.uid() && found.mode() & 0o077 == 0
}

// Elsewhere access is ruled by lists that the directory inherits, in a user's profile those of the user.
#[cfg(not(unix))]
fn is_private(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    true
}
