//! Changes to a `tufgate.toml` that leave the rest of it as the user wrote it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table, value};

use super::{ConfigFile, IndexOptions};
use crate::error::CliError;
use crate::text::{Escaped, shown};

/// Adds `[index.NAME]`. Paths in it are written as they are given.
pub(crate) fn add(path: &Path, name: &str, options: &IndexOptions) -> Result<(), CliError> {
    change(path, |document| {
        let mut parent = Table::new();
        parent.set_implicit(true);
        let indexes = document.entry("index").or_insert(Item::Table(parent));
        let indexes = indexes.as_table_like_mut().ok_or("`index` is not a table")?;
        indexes.insert(name, Item::Table(table(options)));
        Ok(())
    })
}

/// Removes `[index.NAME]`, and `default-index` where it names it.
pub(crate) fn remove(path: &Path, name: &str) -> Result<(), CliError> {
    change(path, |document| {
        let indexes = document.get_mut("index").and_then(Item::as_table_like_mut).ok_or("`index` is not a table")?;
        indexes.remove(name);
        if document.get("default-index").and_then(Item::as_str) == Some(name) {
            document.remove("default-index");
        }
        Ok(())
    })
}

/// Keeps other processes from changing files of this directory until the file is closed.
pub(crate) fn lock(dir: &Path) -> Result<File, CliError> {
    let path = dir.join(".lock");
    let lock = || {
        fs::create_dir_all(dir)?;
        // Opening a pipe would wait for its other end, and a link could lead anywhere.
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Err(io::Error::other("it is not a regular file; remove it"));
        }
        let file = File::options().create(true).truncate(false).write(true).open(&path)?;
        file.lock()?;
        Ok(file)
    };
    lock().map_err(|error: io::Error| CliError::disk(format!("cannot lock {}", shown(&path)), error))
}

/// One as a text, several as a list: as people write them.
fn one_or_many(texts: &[String]) -> Item {
    match texts {
        [one] => value(one),
        many => value(many.iter().collect::<toml_edit::Array>()),
    }
}

fn table(options: &IndexOptions) -> Table {
    let mut table = Table::new();
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| value(path.to_string_lossy().into_owned()));
    let seconds = |seconds: Option<u64>| seconds.and_then(|seconds| i64::try_from(seconds).ok()).map(value);
    for (key, item) in [
        ("root", path(&options.root)),
        ("root-sha256", options.root_sha256.as_ref().map(|digest| value(&digest.0))),
        ("metadata-url", options.metadata_url.as_ref().map(|location| value(&location.0))),
        ("targets-url", options.targets_url.as_ref().map(|location| value(&location.0))),
        ("simple-url", options.simple_url.as_ref().map(|location| value(&location.0))),
        ("profile", options.profile.as_ref().map(value)),
        ("page", options.page.as_deref().map(one_or_many)),
        ("target", options.target.as_deref().map(one_or_many)),
        ("forbidden-is-absent", options.forbidden_is_absent.map(value)),
        ("plain-target-names", options.plain_target_names.map(value)),
        ("ca-file", path(&options.ca_file)),
        ("proxy", options.proxy.as_ref().map(|proxy| value(&proxy.0))),
        ("netrc", path(&options.netrc)),
        ("user-agent", options.user_agent.as_ref().map(value)),
        ("connect-timeout", seconds(options.connect_timeout)),
        ("idle-timeout", seconds(options.idle_timeout)),
    ] {
        if let Some(item) = item {
            table.insert(key, item);
        }
    }
    table
}

fn change(path: &Path, edit: impl FnOnce(&mut DocumentMut) -> Result<(), &'static str>) -> Result<(), CliError> {
    // Behind a link, as people keep their dot files, the file itself is replaced and not the link.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(CliError::disk(format!("cannot read {}", shown(path)), error)),
    };
    let wrong = |reason: &str| CliError::config(format!("{}: {}", shown(path), Escaped(reason)));
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| wrong(error.message()))?;
    edit(&mut document).map_err(wrong)?;
    let text = document.to_string();
    // What is written must be what will be read.
    ConfigFile::parse(path, &text)?;
    write(path, text.as_bytes())
}

/// Writes a whole file.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    replace(path, bytes).map_err(|error| CliError::disk(format!("cannot write {}", shown(path)), error))
}

/// Puts a new file in the place of the old one, whole or not at all.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(dir)?;
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    if let Ok(old) = fs::metadata(path) {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
