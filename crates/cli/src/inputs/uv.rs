//! `uv.lock`, version 1.

use serde::Deserialize;
use toml::Spanned;

use super::document::{Document, LineIndex};
use super::entries::{self, CHECKOUT, DIRECTORY, Entries, ITSELF, NO_FILE, name_and_version};
use super::{Locked, LockedHash};
use crate::error::CliError;

#[derive(Deserialize)]
struct Lock {
    version: u64,
    #[serde(default)]
    manifest: Manifest,
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Manifest {
    members: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    name: Spanned<String>,
    version: Option<String>,
    source: Source,
    sdist: Option<Spanned<File>>,
    #[serde(default)]
    wheels: Vec<Spanned<File>>,
}

/// One of its members is given.
#[derive(Deserialize)]
struct Source {
    url: Option<String>,
    path: Option<String>,
    git: Option<String>,
    directory: Option<String>,
    editable: Option<String>,
    r#virtual: Option<String>,
}

#[derive(Deserialize)]
struct File {
    url: Option<String>,
    path: Option<String>,
    filename: Option<String>,
    hash: Option<String>,
    size: Option<u64>,
}

pub(super) fn read(document: &Document, entries: &mut Entries) -> Result<(), CliError> {
    let lock: Lock = document.toml()?;
    if lock.version != 1 {
        let what = format!("its version is {}, and this tufgate reads version 1", lock.version);
        return Err(document.wrong(None, what));
    }
    let lines = LineIndex::new(&document.text);
    for package in lock.package {
        let line = Some(lines.of(&package.name.span()));
        let about = name_and_version(package.name.get_ref(), package.version.as_deref());
        let source = &package.source;
        if let Some(path) = source.editable.as_ref().or(source.directory.as_ref()).or(source.r#virtual.as_ref()) {
            if entries::is_here(path) || lock.manifest.members.contains(package.name.get_ref()) {
                entries.skipped(&document.path, line, about, ITSELF)?;
            } else if source.r#virtual.is_some() {
                entries.skipped(&document.path, line, about, "only what it depends on is installed")?;
            } else {
                entries.undecided(&document.path, line, about, DIRECTORY)?;
            }
        } else if source.git.is_some() {
            entries.undecided(&document.path, line, about, CHECKOUT)?;
        } else if package.sdist.is_none() && package.wheels.is_empty() {
            entries.undecided(&document.path, line, about, NO_FILE)?;
        } else {
            files(document, &lines, package, entries)?;
        }
    }
    Ok(())
}

fn files(document: &Document, lines: &LineIndex<'_>, package: Package, entries: &mut Entries) -> Result<(), CliError> {
    let Package { name, version, source, sdist, wheels } = package;
    let mut files: Vec<_> = sdist.into_iter().chain(wheels).collect();
    files.sort_by_key(|file| file.span().start);
    for file in files {
        let line = Some(lines.of(&file.span()));
        let file = file.into_inner();
        // What is not from an index says once, for the package, where it is.
        let url = file.url.or_else(|| source.url.clone());
        let location = url.as_ref().or(file.path.as_ref()).or(source.path.as_ref());
        let file_name = file.filename.or_else(|| location.and_then(|location| entries::last_segment(location)));
        let hash = file.hash.map(|hash| LockedHash::parse(&hash, ':')).transpose();
        entries.distribution(Locked {
            source: document.path.clone(),
            line,
            project: name.get_ref().clone(),
            version: version.clone(),
            file_name,
            url: url.as_deref().map(entries::address),
            hashes: hash.map_err(|what| document.wrong(line, what))?.into_iter().collect(),
            size: file.size,
        })?;
    }
    Ok(())
}
