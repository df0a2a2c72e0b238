//! Whether what a web server hands out is what lies here.

use std::fs;
use std::io::Read;
use std::path::Path;

use tufgate::{AnyTransport, BaseUrl, Fetched, HttpOptions, HttpTransport, TargetPath, Transport};

use crate::Result;
use crate::check::{Finding, Severity};
use crate::error::Error;
use crate::gc;
use crate::repository::{METADATA, Repository, TARGETS};

/// Asks for each file of the current snapshot below `url`. Metadata must be the same bytes; of targets it is looked
/// whether they are there, since clients verify the rest.
///
/// # Errors
/// When `url` is no address, or a file here cannot be read. That the server fails is a finding.
pub fn compare(repository: &Repository, url: &str) -> Result<Vec<Finding>> {
    let base = address(url)?;
    let transport = HttpTransport::new(HttpOptions::default()).map(AnyTransport::new);
    let transport =
        transport.map_err(|error| Error::usage(error.to_string(), "give the address of the published copy"))?;
    let mut findings = Vec::new();
    for file in gc::needed(repository, 1)? {
        let local = repository.path().join(&file);
        let Some(name) = file.to_str().filter(|_| local.exists()) else { continue };
        // Plain copies of targets are not what clients of TUF ask for, but what others do.
        let path = TargetPath::new(name).map_err(|error| Error::Document(error.to_string()))?;
        let reason = match transport.fetch(&base.join(&path.url_path(None))) {
            Err(error) => Some(format!("it cannot be had: {error}")),
            Ok(Fetched::NotFound) => {
                Some(format!("it is not there yet: upload {TARGETS}/, then {METADATA}/, and timestamp.json last"))
            }
            Ok(Fetched::Forbidden) => Some("the server forbids to read it".to_owned()),
            Ok(Fetched::Body(body)) if file.starts_with(METADATA) => differs(&local, body)?,
            Ok(Fetched::Body(_)) => None,
        };
        findings.extend(reason.map(|reason| Finding { severity: Severity::Error, what: name.to_owned(), reason }));
    }
    Ok(findings)
}

fn differs(local: &Path, remote: impl Read) -> Result<Option<String>> {
    let ours = fs::read(local).map_err(Error::disk(local, "cannot read"))?;
    let mut theirs = Vec::new();
    let most = (ours.len() as u64).saturating_add(1);
    Ok(match remote.take(most).read_to_end(&mut theirs) {
        Err(error) => Some(format!("it cannot be had: {error}")),
        Ok(_) if theirs == ours => None,
        Ok(_) => Some("another version of it is published: upload it again, and look for caches in between".to_owned()),
    })
}

fn address(url: &str) -> Result<BaseUrl> {
    let base = match url.contains("://") {
        true => BaseUrl::new(url),
        false => std::path::absolute(url).map_or_else(|_| BaseUrl::new(url), |path| BaseUrl::from_directory(&path)),
    };
    base.map_err(|error| Error::usage(error.to_string(), "give an address, or a directory"))
}
