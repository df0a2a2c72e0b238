//! Files of an environment, as they lie there.

use std::collections::HashSet;
use std::fs::{self, FileType, Metadata};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use tufgate::{Digest, HashAlgorithm, Hasher};

use crate::walk;

/// Larger files are not hashed: nothing that a wheel can hold is as large.
pub(super) const MAX_FILE: u64 = 8 << 30;

/// What lies where a file is expected.
#[derive(Debug)]
pub(super) enum Lies {
    File(Metadata),
    Nothing,
    /// What it is instead.
    Other(&'static str),
    Unreadable(io::Error),
}

/// Looks at paths without following a link below a base.
#[derive(Debug, Default)]
pub(super) struct Look {
    directories: HashSet<PathBuf>,
}

impl Look {
    /// What lies at `path`, which is below `base`. Links above and at the base are the user's; one below it is never
    /// what an installer made of a wheel.
    pub(super) fn at(&mut self, base: &Path, path: &Path) -> Lies {
        let Ok(relative) = path.strip_prefix(base) else { return Lies::Other("outside of the environment") };
        let mut parent = base.to_owned();
        for component in relative.parent().into_iter().flat_map(Path::components) {
            let Component::Normal(name) = component else { return Lies::Other("outside of the environment") };
            parent.push(name);
            if self.directories.contains(&parent) {
                continue;
            }
            match fs::symlink_metadata(&parent) {
                Ok(found) if found.is_dir() => self.directories.insert(parent.clone()),
                Ok(found) if found.is_symlink() => return Lies::Other("below a symbolic link"),
                Ok(_) => return Lies::Nothing,
                Err(error) => return absent(error),
            };
        }
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_file() => Lies::File(found),
            Ok(found) => Lies::Other(kind(found.file_type())),
            Err(error) => absent(error),
        }
    }
}

fn absent(error: io::Error) -> Lies {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Lies::Nothing,
        _ => Lies::Unreadable(error),
    }
}

/// In words, what is not a regular file.
fn kind(kind: FileType) -> &'static str {
    if kind.is_symlink() {
        "a symbolic link"
    } else if kind.is_dir() {
        "a directory"
    } else {
        "a special file"
    }
}

/// All of a file that is at most `max` bytes long.
pub(super) fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    walk::open(path)?.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(io::Error::other(format!("it is longer than {max} bytes")));
    }
    Ok(bytes)
}

/// The first bytes of a file.
pub(super) fn head(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    walk::open(path)?.take(max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The digest of a stream, which may be at most `max` bytes long.
pub(super) fn sha256(from: &mut impl Read, max: u64) -> io::Result<Digest> {
    let digests = hash(from, max, [HashAlgorithm::Sha256])?;
    digests.first().copied().ok_or_else(|| io::Error::other("it has no hash"))
}

/// Digests of a stream by several algorithms, in their order.
pub(super) fn hash(
    from: &mut impl Read,
    max: u64,
    algorithms: impl IntoIterator<Item = HashAlgorithm>,
) -> io::Result<Vec<Digest>> {
    let mut hasher = Hasher::new(algorithms);
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(buffer.get(..read).unwrap_or_default());
        if hasher.length() > max {
            return Err(io::Error::other(format!("it is longer than {max} bytes")));
        }
    }
}
