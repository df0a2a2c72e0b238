//! `tufgate trust`: which repositories are trusted, and by which root.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tufgate::{BaseUrl, RoleName, Root};

use super::Run;
use crate::args::Trust;
use crate::config::{self, Config, ConfigFile, IndexOptions, Location};
use crate::error::{CliError, Exit};
use crate::index::{self, Index};
use crate::output::{Output, Report};
use crate::text::{Escaped, shown, time};

pub(super) fn run(run: &Run<'_>, command: &Trust) -> Result<Exit, CliError> {
    match command {
        Trust::Add { name, options } => add(run, name, options)?,
        Trust::List => list(run)?,
        Trust::Show { name } => show(run, name)?,
        Trust::Remove { name, with_state } => remove(run, name, *with_state)?,
    }
    Ok(Exit::Verified)
}

fn add(run: &Run<'_>, name: &str, options: &IndexOptions) -> Result<(), CliError> {
    if !config::is_name(name) {
        return Err(CliError::usage(
            format!("`{}` is not a name for an index", Escaped(name)),
            format!("choose {}", config::NAME_RULE),
        ));
    }
    let cwd = std::env::current_dir()
        .map_err(|error| CliError::disk("the working directory cannot be had".to_owned(), error))?;
    let index = Index::new(name, options.clone().based_on(&cwd))?;
    let root = index.root()?;
    let config = Config::load(run.global.config.as_deref())?;
    let dir = config.writable.parent().unwrap_or(Path::new(".")).to_owned();
    let copy = dir.join(roots_file(name));
    let wanted = IndexOptions {
        root: Some(copy.clone()),
        root_sha256: Some(index.root_sha256.clone()),
        ..options.clone().based_on(&cwd)
    };

    let _lock = config::lock(&dir.join("roots"))?;
    // Under the lock: another process may have added it meanwhile.
    let config = Config::load(run.global.config.as_deref())?;
    match config.index(name) {
        Some((_, found)) if *found == wanted => run.output.status(format_args!("`{name}` is pinned already, just so")),
        Some((file, _)) => {
            return Err(CliError::usage(
                format!("there is an index `{name}` with another content in {}", shown(&file.path)),
                format!("choose another name, or first `tufgate trust remove {name}`"),
            ));
        }
        None => {
            warn_of_directories(run, options, &cwd);
            config::write(&copy, index.root_bytes())?;
            config::add(&config.writable, name, &IndexOptions { root: Some(roots_file(name)), ..wanted.clone() })?;
            if options.root_sha256.is_none() {
                run.output.status(
                    "compare the sha256 with one that the operator publishes in another place, before you rely on it",
                );
            }
        }
    }
    let index = Index::new(name, wanted)?;
    let pinned = Pinned::new(run, &index, &root, &config.writable)?;
    run.output.report(&Added { pinned });
    Ok(())
}

/// An address without `https://` is taken for a directory, which is rarely what was meant where there is none.
fn warn_of_directories(run: &Run<'_>, options: &IndexOptions, cwd: &Path) {
    for (key, location) in [("metadata-url", &options.metadata_url), ("targets-url", &options.targets_url)] {
        let directory = location.as_ref().and_then(Location::directory).map(|directory| cwd.join(directory));
        if let Some(directory) = directory.filter(|directory| !directory.is_dir()) {
            run.output.warn(format_args!(
                "`{key}` means the directory {}, and there is none; an address starts with https://",
                directory.display()
            ));
        }
    }
}

fn list(run: &Run<'_>) -> Result<(), CliError> {
    let config = Config::load(run.global.config.as_deref())?;
    let indexes = config.indexes().into_iter().map(|(name, (file, options))| Listed {
        name: name.to_owned(),
        metadata_url: options.metadata_url.as_ref().map(|url| crate::text::without_credentials(&url.0)),
        root_sha256: options.root_sha256.as_ref().map(|digest| digest.0.clone()),
        config: file.path.to_string_lossy().into_owned(),
    });
    run.output.report(&List { indexes: indexes.collect() });
    Ok(())
}

fn show(run: &Run<'_>, name: &str) -> Result<(), CliError> {
    let config = Config::load(run.global.config.as_deref())?;
    let (file, options) = config.index(name).ok_or_else(|| index::unknown(name, &config))?;
    let index = Index::new(name, options.clone())?;
    run.output.report(&Shown { pinned: Pinned::new(run, &index, &index.root()?, &file.path)? });
    Ok(())
}

fn remove(run: &Run<'_>, name: &str, with_state: bool) -> Result<(), CliError> {
    let config = Config::load(run.global.config.as_deref())?;
    let (found, options) = config.index(name).ok_or_else(|| index::unknown(name, &config))?;
    let path = found.path.clone();
    if path != config.writable {
        return Err(CliError::usage(
            format!("index `{name}` stands in {}, which is not the user's configuration", shown(&path)),
            format!("edit that file, or run again with --config {}", shown(&path)),
        ));
    }
    let dir = path.parent().unwrap_or(Path::new("."));
    let _lock = config::lock(&dir.join("roots"))?;
    // An entry whose root is gone or changed can be removed too, and its state with it.
    let metadata = options.metadata_url.as_ref().and_then(|url| BaseUrl::new(&url.0).ok());
    let state = metadata.and_then(|metadata| index::state_directory(name, &metadata, run.global).ok());
    config::remove(&path, name)?;
    let copy = dir.join(roots_file(name));
    let in_use = ConfigFile::read(&path)?
        .is_some_and(|file| file.indexes.values().any(|index| index.root.as_deref() == Some(&*copy)));
    if options.root.as_deref() == Some(&*copy) && !in_use {
        delete(&copy, fs::remove_file(&copy))?;
    }
    let state = state.filter(|dir| dir.exists());
    if let (Some(state), true) = (&state, with_state) {
        delete(state, fs::remove_dir_all(state))?;
    }
    run.output.report(&Removed {
        name: name.to_owned(),
        config: path.to_string_lossy().into_owned(),
        state_directory: state.map(|dir| dir.to_string_lossy().into_owned()),
        state_removed: with_state,
    });
    Ok(())
}

fn delete(path: &Path, result: std::io::Result<()>) -> Result<(), CliError> {
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(CliError::disk(format!("cannot remove {}", shown(path)), error))
        }
        _ => Ok(()),
    }
}

/// Where the copy of a root lies, below the directory of the configuration.
fn roots_file(name: &str) -> PathBuf {
    Path::new("roots").join(format!("{name}-root.json"))
}

/// What is pinned, before anything is fetched.
#[derive(Debug, Serialize)]
struct Pinned {
    name: String,
    config: String,
    metadata_url: String,
    targets_url: String,
    simple_url: String,
    pages: Vec<String>,
    targets: Vec<String>,
    root: String,
    root_sha256: String,
    root_version: u64,
    root_expires: Option<String>,
    root_keys: usize,
    root_threshold: u16,
    state_directory: String,
}

impl Pinned {
    fn new(run: &Run<'_>, index: &Index, root: &Root, config: &Path) -> Result<Self, CliError> {
        if root.expires().is_none_or(|expires| expires <= run.now) {
            run.output.warn(format_args!(
                "the pinned root of `{}` (version {}) has expired: it is good only if the repository has newer ones that \
                 lead on from it; pin a newer one if you can",
                index.name,
                root.version(),
            ));
        }
        let keys = root.role(&RoleName::ROOT);
        Ok(Self {
            name: index.name.clone(),
            config: config.to_string_lossy().into_owned(),
            metadata_url: index.metadata.to_string(),
            targets_url: index.targets.to_string(),
            simple_url: index.simple.to_string(),
            pages: index.profile.pages().iter().map(ToString::to_string).collect(),
            targets: index.profile.files().iter().map(ToString::to_string).collect(),
            root: index.root_path.to_string_lossy().into_owned(),
            root_sha256: index.root_sha256.0.clone(),
            root_version: root.version(),
            root_expires: root.expires().map(time),
            root_keys: keys.map_or(0, |keys| keys.keyids().len()),
            root_threshold: keys.map_or(0, tufgate::KeySet::threshold),
            state_directory: index.state_directory(run.global)?.to_string_lossy().into_owned(),
        })
    }

    fn text(&self, out: &Output) {
        out.field("index", &self.name);
        out.field("metadata", &self.metadata_url);
        out.field("targets", &self.targets_url);
        out.field("simple index", &self.simple_url);
        self.pages.iter().for_each(|page| out.field("page", page));
        self.targets.iter().for_each(|target| out.field("target path", target));
        out.field("root", &self.root);
        out.field("sha256", &self.root_sha256);
        out.field("root version", self.root_version);
        out.field("root expires", self.root_expires.as_deref().unwrap_or("unknown"));
        out.field("root keys", format_args!("{} of {} must sign", self.root_threshold, self.root_keys));
        out.field("configuration", &self.config);
        out.field("state", &self.state_directory);
    }
}

#[derive(Debug, Serialize)]
struct Added {
    #[serde(flatten)]
    pinned: Pinned,
}

impl Report for Added {
    const SCHEMA: &'static str = "tufgate.trust-add/2";

    fn text(&self, out: &Output) {
        self.pinned.text(out);
    }
}

#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    pinned: Pinned,
}

impl Report for Shown {
    const SCHEMA: &'static str = "tufgate.trust-show/2";

    fn text(&self, out: &Output) {
        self.pinned.text(out);
    }
}

#[derive(Debug, Serialize)]
struct List {
    indexes: Vec<Listed>,
}

#[derive(Debug, Serialize)]
struct Listed {
    name: String,
    metadata_url: Option<String>,
    root_sha256: Option<String>,
    config: String,
}

impl Report for List {
    const SCHEMA: &'static str = "tufgate.trust-list/1";

    fn text(&self, out: &Output) {
        for index in &self.indexes {
            let url = index.metadata_url.as_deref().unwrap_or("");
            out.line(format_args!("{}\t{}\t{}", index.name, Escaped(url), Escaped(&index.config)));
        }
    }
}

#[derive(Debug, Serialize)]
struct Removed {
    name: String,
    config: String,
    state_directory: Option<String>,
    state_removed: bool,
}

impl Report for Removed {
    const SCHEMA: &'static str = "tufgate.trust-remove/1";

    fn text(&self, out: &Output) {
        out.line(format_args!("removed `{}` from {}", self.name, Escaped(&self.config)));
        match &self.state_directory {
            Some(dir) if self.state_removed => out.line(format_args!("removed what was trusted: {}", Escaped(dir))),
            Some(dir) => out.line(format_args!("what was trusted is left in {}", Escaped(dir))),
            None => {}
        }
    }
}
