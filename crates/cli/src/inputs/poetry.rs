//! `poetry.lock`, versions 1 and 2.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::document::{Document, LineIndex, brief};
use super::entries::{self, CHECKOUT, DIRECTORY, Entries, ITSELF, NO_FILE, name_and_version};
use super::{Locked, LockedHash};
use crate::error::CliError;

#[derive(Deserialize)]
struct Lock {
    metadata: Metadata,
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Metadata {
    lock_version: String,
    /// In version 1, the files of each project, whichever of its versions they are of.
    #[serde(default)]
    files: BTreeMap<String, Vec<Spanned<File>>>,
}

#[derive(Deserialize)]
struct Package {
    name: Spanned<String>,
    version: String,
    source: Option<Source>,
    #[serde(default)]
    files: Vec<Spanned<File>>,
}

#[derive(Deserialize)]
struct Source {
    r#type: String,
    url: String,
}

#[derive(Deserialize)]
struct File {
    file: String,
    hash: Option<String>,
}

pub(super) fn read(document: &Document, entries: &mut Entries) -> Result<(), CliError> {
    let Lock { mut metadata, package: packages } = document.toml()?;
    if !matches!(metadata.lock_version.split('.').next(), Some("1" | "2")) {
        let what = format!("its lock-version is {}, and this tufgate reads 1 and 2", brief(&metadata.lock_version));
        return Err(document.wrong(None, what));
    }
    let mut versions: BTreeMap<String, usize> = BTreeMap::new();
    for package in &packages {
        let count = versions.entry(package.name.get_ref().clone()).or_default();
        *count = count.saturating_add(1);
    }
    let lines = LineIndex::new(&document.text);
    for package in packages {
        let name = package.name.get_ref();
        let line = Some(lines.of(&package.name.span()));
        let about = name_and_version(name, Some(&package.version));
        let reason = match package.source.as_ref().map(|source| source.r#type.as_str()) {
            Some("directory") if package.source.as_ref().is_some_and(|source| entries::is_here(&source.url)) => {
                entries.skipped(&document.path, line, about, ITSELF)?;
                continue;
            }
            Some("directory") => Some(DIRECTORY),
            Some("git") => Some(CHECKOUT),
            None | Some("legacy" | "url" | "file") => None,
            Some(_) => Some("it comes from a kind of source that this tufgate does not know"),
        };
        if let Some(reason) = reason {
            entries.undecided(&document.path, line, about, reason)?;
            continue;
        }
        // Files of several versions, under the name alone, are listed once and without a version.
        let several = versions.get(name).is_some_and(|versions| *versions > 1);
        let (files, version) = if package.files.is_empty() {
            match metadata.files.get_mut(name).map(std::mem::take) {
                Some(files) if several && files.is_empty() => continue,
                Some(files) => (files, (!several).then(|| package.version.clone())),
                None => (Vec::new(), None),
            }
        } else {
            (package.files, Some(package.version.clone()))
        };
        if files.is_empty() {
            entries.undecided(&document.path, line, about, NO_FILE)?;
        }
        let direct = package.source.as_ref().filter(|source| source.r#type == "url");
        for file in files {
            let line = Some(lines.of(&file.span()));
            let file = file.into_inner();
            let hash = file.hash.map(|hash| LockedHash::parse(&hash, ':')).transpose();
            entries.distribution(Locked {
                source: document.path.clone(),
                line,
                project: name.clone(),
                version: version.clone(),
                file_name: Some(file.file),
                url: direct.map(|source| entries::address(&source.url)),
                hashes: hash.map_err(|what| document.wrong(line, what))?.into_iter().collect(),
                size: None,
            })?;
        }
    }
    Ok(())
}
