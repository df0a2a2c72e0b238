//! `pylock.toml`, PEP 751.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use super::document::{Document, LineIndex, brief};
use super::entries::{self, CHECKOUT, DIRECTORY, Entries, ITSELF, NO_FILE, name_and_version};
use super::{Locked, LockedHash};
use crate::error::CliError;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Lock {
    lock_version: String,
    #[serde(default)]
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: Spanned<String>,
    version: Option<String>,
    vcs: Option<IgnoredAny>,
    directory: Option<Directory>,
    archive: Option<Spanned<File>>,
    sdist: Option<Spanned<File>>,
    #[serde(default)]
    wheels: Vec<Spanned<File>>,
}

#[derive(Deserialize)]
struct Directory {
    path: String,
}

#[derive(Deserialize)]
struct File {
    name: Option<String>,
    url: Option<String>,
    path: Option<String>,
    size: Option<u64>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

pub(super) fn read(document: &Document, entries: &mut Entries) -> Result<(), CliError> {
    let lock: Lock = document.toml()?;
    // Minor versions add members that can be ignored.
    if lock.lock_version.split('.').next() != Some("1") {
        let what = format!("its lock-version is {}, and this tufgate reads 1.0", brief(&lock.lock_version));
        return Err(document.wrong(None, what));
    }
    let lines = LineIndex::new(&document.text);
    for package in lock.packages {
        let line = Some(lines.of(&package.name.span()));
        let about = name_and_version(package.name.get_ref(), package.version.as_deref());
        // An installer must take one of them, and it could be the other.
        let is_tree = package.vcs.is_some() || package.directory.is_some();
        if is_tree && (package.archive.is_some() || package.sdist.is_some() || !package.wheels.is_empty()) {
            return Err(document.wrong(line, format!("{} has both files and a source tree", brief(&about))));
        }
        match &package {
            Package { vcs: Some(_), .. } => entries.undecided(&document.path, line, about, CHECKOUT)?,
            Package { directory: Some(directory), .. } if entries::is_here(&directory.path) => {
                entries.skipped(&document.path, line, about, ITSELF)?;
            }
            Package { directory: Some(_), .. } => entries.undecided(&document.path, line, about, DIRECTORY)?,
            Package { archive: None, sdist: None, wheels, .. } if wheels.is_empty() => {
                entries.undecided(&document.path, line, about, NO_FILE)?;
            }
            _ => files(document, &lines, package, entries)?,
        }
    }
    Ok(())
}

fn files(document: &Document, lines: &LineIndex<'_>, package: Package, entries: &mut Entries) -> Result<(), CliError> {
    let Package { name, version, archive, sdist, wheels, .. } = package;
    let mut files: Vec<_> = archive.into_iter().chain(sdist).chain(wheels).collect();
    files.sort_by_key(|file| file.span().start);
    for file in files {
        let line = Some(lines.of(&file.span()));
        let file = file.into_inner();
        let location = file.url.as_deref().or(file.path.as_deref());
        entries.distribution(Locked {
            source: document.path.clone(),
            line,
            project: name.get_ref().clone(),
            version: version.clone(),
            file_name: file.name.or_else(|| location.and_then(entries::last_segment)),
            url: file.url.as_deref().map(entries::address),
            hashes: LockedHash::table(&file.hashes).map_err(|what| document.wrong(line, what))?,
            size: file.size,
        })?;
    }
    Ok(())
}
