//! What tough says.

use std::error::Error as _;
use std::path::Path;

use tough::error::Error;
use tough::{
    FilesystemTransport, IntoVec, Repository, RepositoryLoader, TargetName, Transport, TransportError,
    TransportErrorKind, TransportStream, async_trait,
};
use url::Url;

use crate::Result;
use crate::cases::{Case, Names};
use crate::verdict::{Answer, Opinion};

/// What tough says of one target of a repository on the disk, of which `root.json` is pinned: its bytes, `None` where it
/// is not signed, or why it is refused. The hash of a target is looked for where the specification puts it.
///
/// # Errors
/// When the folder has no root or no address.
pub async fn read(folder: &Path, target: &str) -> Result<std::result::Result<Option<Vec<u8>>, String>> {
    let root = std::fs::read(folder.join("root.json"))?;
    let base = |name| Url::from_directory_path(folder.join(name)).map_err(|()| "the folder has no address");
    let (metadata, targets) = (base("metadata")?, base("targets")?);
    let loader = RepositoryLoader::new(&root, metadata, targets.clone()).transport(SpecifiedNames { targets });
    let repository = match loader.load().await {
        Ok(repository) => repository,
        Err(error) => return Ok(Err(reason(&error))),
    };
    Ok(match fetch(&repository, target).await {
        Ok(Answer::Bytes(bytes)) => Ok(Some(bytes)),
        Ok(Answer::Absent) => Ok(None),
        Ok(Answer::Refused(reason)) | Err(reason) => Err(reason),
    })
}

pub(crate) async fn opinion(case: &Case, folder: &Path, datastore: &Path) -> Result<Opinion> {
    let root = case.pinned()?.bytes("root.json")?;
    let base = |name| {
        let path = folder.join(name);
        Url::from_directory_path(&path).map_err(|()| format!("{} has no address", path.display()))
    };
    let (metadata, targets) = (base("metadata")?, base("targets")?);
    let loader = RepositoryLoader::new(&root, metadata, targets.clone()).datastore(datastore);
    let loader = match case.names {
        Names::OfTough => loader.transport(FilesystemTransport),
        Names::Specified => loader.transport(SpecifiedNames { targets }),
    };
    let repository = match loader.load().await {
        Ok(repository) => repository,
        Err(error) => return Ok(Opinion::not_loaded(reason(&error))),
    };
    let mut answers = Vec::new();
    for path in &case.targets {
        let answer = fetch(&repository, path).await.unwrap_or_else(Answer::Refused);
        answers.push((path.clone(), answer));
    }
    Ok(Opinion::loaded(answers))
}

async fn fetch(repository: &Repository, path: &str) -> std::result::Result<Answer, String> {
    let name = TargetName::new(path).map_err(|_| "not a target path".to_owned())?;
    let reason = |error: Error| match &error {
        Error::Transport { source, .. } => transport(source),
        other => reason(other),
    };
    match repository.read_target(&name).await.map_err(reason)? {
        Some(stream) => Ok(Answer::Bytes(stream.into_vec().await.map_err(reason)?)),
        None => Ok(Answer::Absent),
    }
}

/// Reads from the disk, with the hash of a target where TUF-1.0.34 §6.2.1 puts it.
///
/// tough puts it before the whole path (`HASH.packages/a.whl`), not before the last segment (`packages/HASH.a.whl`), and
/// so finds no target in a directory. With that alone it would have no opinion of most targets.
#[derive(Debug, Clone)]
struct SpecifiedNames {
    targets: Url,
}

#[async_trait]
impl Transport for SpecifiedNames {
    async fn fetch(&self, url: Url) -> std::result::Result<TransportStream, TransportError> {
        FilesystemTransport.fetch(self.specified(&url).unwrap_or(url)).await
    }
}

impl SpecifiedNames {
    /// The address that the specification gives a target; `None` where it is the one tough uses.
    fn specified(&self, url: &Url) -> Option<Url> {
        let path = url.as_str().strip_prefix(self.targets.as_str())?;
        let (folder, name) = path.rsplit_once('/')?;
        let (hash, folder) = folder.split_once('.')?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.targets.join(&format!("{folder}/{hash}.{name}")).ok().filter(|_| is_hash)
    }
}

fn reason(error: &Error) -> String {
    match error {
        Error::ParseTrustedMetadata { .. } => "pinned root: malformed".to_owned(),
        Error::VerifyTrustedMetadata { .. } => "pinned root: signatures".to_owned(),
        Error::ParseMetadata { role, .. } => format!("{role}: malformed"),
        Error::VerifyMetadata { role, .. } => format!("{role}: signatures"),
        Error::ExpiredMetadata { role, .. } => format!("{role}: expired"),
        Error::VersionMismatch { role, .. } => format!("{role}: version"),
        Error::OlderMetadata { role, .. } => format!("{role}: rollback"),
        Error::SnapshotRoleRollback { .. } | Error::OlderSnapshotInTimestamp { .. } => "snapshot: rollback".to_owned(),
        Error::InvalidPath { .. } => "a role lists a target that nobody delegated to it".to_owned(),
        Error::Transport { url, source, .. } => {
            format!("{}: {}", url.path().rsplit('/').next().unwrap_or_default(), transport(source))
        }
        other => other.to_string(),
    }
}

fn transport(error: &TransportError) -> String {
    if error.kind() == TransportErrorKind::FileNotFound {
        return "missing".to_owned();
    }
    match error.source().and_then(|source| source.downcast_ref()) {
        Some(Error::HashMismatch { .. }) => "hash".to_owned(),
        Some(Error::MaxSizeExceeded { .. }) => "length".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_goes_before_the_last_segment() {
        let transport = SpecifiedNames { targets: Url::parse("file:///t/targets/").unwrap() };
        let hash = "0123456789abcdef".repeat(4);
        let specified = |name: &str| {
            let url = Url::parse(&format!("file:///t/{name}")).unwrap();
            transport.specified(&url).map(String::from)
        };
        assert_eq!(specified(&format!("targets/{hash}.a/b/c")), Some(format!("file:///t/targets/a/b/{hash}.c")));
        assert_eq!(specified(&format!("targets/{hash}.c")), None);
        assert_eq!(specified("targets/v1.0/c"), None);
        assert_eq!(specified(&format!("metadata/{hash}.a/b")), None);
    }
}
