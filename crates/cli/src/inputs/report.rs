//! What `pip install --report` writes, version 1.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::document::{Document, brief};
use super::entries::{self, CHECKOUT, DIRECTORY, Entries, name_and_version};
use super::{Locked, LockedHash};
use crate::error::CliError;

#[derive(Deserialize)]
struct Report {
    version: String,
    install: Vec<Install>,
}

#[derive(Deserialize)]
struct Install {
    download_info: DownloadInfo,
    metadata: Metadata,
}

/// PEP 610.
#[derive(Deserialize)]
struct DownloadInfo {
    url: String,
    archive_info: Option<ArchiveInfo>,
    dir_info: Option<IgnoredAny>,
    vcs_info: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
struct ArchiveInfo {
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    /// One hash, in the form that came before `hashes`.
    hash: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    version: String,
}

pub(super) fn read(document: &Document, entries: &mut Entries) -> Result<(), CliError> {
    let report: Report = document.json()?;
    if report.version != "1" {
        let what = format!("its version is {}, and this tufgate reads version 1", brief(&report.version));
        return Err(document.wrong(None, what));
    }
    for Install { download_info, metadata } in report.install {
        let about = name_and_version(&metadata.name, Some(&metadata.version));
        if download_info.vcs_info.is_some() {
            entries.undecided(&document.path, None, about, CHECKOUT)?;
        } else if download_info.dir_info.is_some() {
            entries.undecided(&document.path, None, about, DIRECTORY)?;
        } else {
            let hashes = hashes(&download_info.archive_info.unwrap_or_default());
            entries.distribution(Locked {
                source: document.path.clone(),
                line: None,
                project: metadata.name,
                version: Some(metadata.version),
                file_name: entries::last_segment(&download_info.url),
                url: Some(entries::address(&download_info.url)),
                hashes: hashes.map_err(|what| document.wrong(None, what))?,
                size: None,
            })?;
        }
    }
    Ok(())
}

fn hashes(archive: &ArchiveInfo) -> Result<Vec<LockedHash>, String> {
    match &archive.hash {
        Some(hash) if archive.hashes.is_empty() => Ok(vec![LockedHash::parse(hash, '=')?]),
        _ => LockedHash::table(&archive.hashes),
    }
}
