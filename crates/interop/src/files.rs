//! A repository in memory, by path: `root.json` (the pinned root), `metadata/…` and `targets/…`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::Result;

/// Files by relative path, with `/` between segments.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// Reads what a client is served, and the pinned root.
    ///
    /// # Errors
    /// On a failure of the file system.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut files = Self::default();
        files.add("root.json", fs::read(folder.join("root.json"))?);
        for part in ["metadata", "targets"] {
            files.read_below(&folder.join(part), part)?;
        }
        Ok(files)
    }

    pub(crate) fn read_below(&mut self, folder: &Path, name: &str) -> Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let file = entry.file_name().into_string().map_err(|name| format!("{name:?} is no text"))?;
            let name = format!("{name}/{file}");
            if entry.file_type()?.is_dir() {
                self.read_below(&entry.path(), &name)?;
            } else {
                self.add(name, fs::read(entry.path())?);
            }
        }
        Ok(())
    }

    pub(crate) fn write_to(&self, folder: &Path) -> Result<()> {
        for part in ["metadata", "targets"] {
            fs::create_dir_all(folder.join(part))?;
        }
        for (path, bytes) in &self.0 {
            let file = folder.join(path);
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(file, bytes)?;
        }
        Ok(())
    }

    pub(crate) fn add(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.insert(path.into(), bytes.into());
    }

    pub(crate) fn bytes(&self, path: &str) -> Result<&[u8]> {
        Ok(self.0.get(path).ok_or_else(|| format!("no file {path}"))?)
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn without(&self, path: &str) -> Self {
        let mut files = self.clone();
        files.0.remove(path);
        files
    }

    pub(crate) fn with(&self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let mut files = self.clone();
        files.add(path, bytes);
        files
    }

    /// Every target that a role lists, trusted or not, and every one that lies there: none may be forgotten when clients
    /// are asked.
    pub(crate) fn targets(&self) -> BTreeSet<String> {
        let published = self.0.keys().filter_map(|path| Some(without_hash(path.strip_prefix("targets/")?)));
        self.listed_targets().into_iter().chain(published).collect()
    }

    fn listed_targets(&self) -> BTreeSet<String> {
        let metadata = self.0.iter().filter(|(path, _)| path.starts_with("metadata/"));
        let documents = metadata.filter_map(|(_, bytes)| serde_json::from_slice::<Value>(bytes).ok());
        documents
            .filter_map(|document| Some(document.get("signed")?.get("targets")?.as_object()?.keys().cloned().collect()))
            .flat_map(|paths: Vec<String>| paths)
            .collect()
    }
}

/// The path of a target by the path of its file.
fn without_hash(path: &str) -> String {
    let (folder, name) =
        path.rsplit_once('/').map_or((String::new(), path), |(folder, name)| (format!("{folder}/"), name));
    let name = match name.split_once('.') {
        Some((hash, name)) if hash.len() >= 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => name,
        _ => name,
    };
    folder + name
}
