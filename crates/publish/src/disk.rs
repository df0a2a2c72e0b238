//! Files that appear whole, and last.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use crate::Result;
use crate::error::Error;

const PREFIX: &str = ".publish-";
const SUFFIX: &str = ".tmp";

/// Files that are ready beside a repository and not yet part of it. Dropped, it leaves nothing behind but folders.
#[derive(Debug)]
pub struct Staging {
    /// The repository's folder.
    root: PathBuf,
    /// In the order in which they take their places. None of them is open: there may be one for each bin.
    files: Vec<(PathBuf, TempPath)>,
}

impl Staging {
    /// Nothing yet, for files below this folder.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), files: Vec::new() }
    }

    /// An empty file on the same file system, to be filled and then placed.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn file(&self) -> Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).suffix(SUFFIX);
        builder.tempfile_in(&self.root).map_err(Error::disk(&self.root, "cannot make a file in it"))
    }

    /// Has these bytes take that place, relative to the folder, with `/` between segments.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn add(&mut self, place: &str, bytes: &[u8]) -> Result<()> {
        let mut file = self.file()?;
        file.write_all(bytes).map_err(Error::disk(&self.root.join(place), "cannot write"))?;
        self.place(place, file)
    }

    /// Has this file take that place.
    ///
    /// # Errors
    /// When what was written to it does not reach the disk.
    pub fn place(&mut self, place: &str, file: NamedTempFile) -> Result<()> {
        let place = self.root.join(place);
        readable(&file).and_then(|()| file.as_file().sync_data()).map_err(Error::disk(&place, "cannot write"))?;
        self.files.push((place, file.into_temp_path()));
        Ok(())
    }

    /// All files take their places in the order in which they came. They last when this returns. A file that is
    /// there already is replaced.
    ///
    /// # Errors
    /// When one cannot: those before it stand in their places.
    pub fn commit(self) -> Result<()> {
        let mut folders: Vec<PathBuf> = Vec::new();
        for (place, file) in self.files {
            let folder = place.parent().unwrap_or(&self.root);
            if folders.last().is_none_or(|last| last != folder) {
                fs::create_dir_all(folder).map_err(Error::disk(folder, "cannot make the folder"))?;
                folders.push(folder.to_owned());
            }
            file.persist(&place).map_err(|error| error.error).map_err(Error::disk(&place, "cannot write"))?;
        }
        folders.sort_unstable();
        folders.dedup();
        folders.iter().try_for_each(|folder| sync_folder(folder).map_err(Error::disk(folder, "cannot make it last")))
    }
}

/// One file, whole or not at all, and lasting.
///
/// # Errors
/// When it cannot be written; the old one then stands.
pub fn write(root: &Path, place: &str, bytes: &[u8]) -> Result<()> {
    let mut staging = Staging::new(root);
    staging.add(place, bytes)?;
    staging.commit()
}

/// Deletes what runs that were killed left in a folder. Only while nobody else publishes to it.
///
/// # Errors
/// When the folder cannot be read, or a file stays.
pub fn remove_stale(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::disk(folder, "cannot read"))? {
        let name = entry.map_err(Error::disk(folder, "cannot read"))?.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX)) {
            remove(&folder.join(name))?;
        }
    }
    Ok(())
}

/// Deletes a file. That it is not there is no error.
///
/// # Errors
/// When it stays.
pub fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(Error::disk(path, "cannot delete")),
    }
}

/// A web server reads the files as another user.
fn readable(file: &NamedTempFile) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    let _ = file;
    Ok(())
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    match File::open(folder)?.sync_all() {
        // File systems that do not know the call for directories.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        result => result,
    }
}
