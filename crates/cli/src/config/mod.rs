//! `tufgate.toml`: which repositories there are.

mod edit;
mod values;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use clap::{Args, ValueHint};
use etcetera::BaseStrategy;
use serde::{Deserialize, Deserializer};
use tufgate::BaseUrl;

pub(crate) use edit::{add, lock, remove, write};
pub(crate) use values::{Location, Secret, Sha256};

use crate::error::CliError;
use crate::text::{Escaped, shown};

/// The name of the file.
pub(crate) const FILE_NAME: &str = "tufgate.toml";

/// What can be said about one repository: each member is a key of `[index.NAME]`, a flag and a variable, under one name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default, expecting = "a table of keys")]
#[command(next_help_heading = "Repository options")]
pub(crate) struct IndexOptions {
    /// The root file that is trusted beforehand
    #[arg(long, value_name = "FILE", env = "TUFGATE_ROOT", hide_env_values = true, value_hint = ValueHint::FilePath)]
    pub(crate) root: Option<PathBuf>,
    /// The SHA-256 that the root file must have, in hex
    #[arg(long, visible_alias = "sha256", value_name = "HEX", env = "TUFGATE_ROOT_SHA256", hide_env_values = true)]
    pub(crate) root_sha256: Option<Sha256>,
    /// Where the metadata lies: an address, or a directory
    #[arg(long, value_name = "URL", env = "TUFGATE_METADATA_URL", hide_env_values = true)]
    pub(crate) metadata_url: Option<Location>,
    /// Where the targets lie: an address, or a directory
    #[arg(long, value_name = "URL", env = "TUFGATE_TARGETS_URL", hide_env_values = true)]
    pub(crate) targets_url: Option<Location>,
    /// The address of the simple index, from which links in its pages are followed [default: simple/ below the targets]
    #[arg(long, value_name = "URL", env = "TUFGATE_SIMPLE_URL", hide_env_values = true)]
    pub(crate) simple_url: Option<Location>,
    /// How the index names its targets: pep458, warehouse, rstuf, datadog or custom [default: pep458; custom with --target]
    #[arg(long, value_name = "NAME", env = "TUFGATE_PROFILE", hide_env_values = true)]
    pub(crate) profile: Option<String>,
    /// The target path of an index page, such as simple/{project}/index.html; the first that is signed counts
    #[arg(long, value_name = "TEMPLATE", env = "TUFGATE_PAGE", hide_env_values = true)]
    #[serde(deserialize_with = "one_or_many")]
    pub(crate) page: Option<Vec<String>>,
    /// The target path of a distribution, such as packages/{filename}; the first that is signed decides
    #[arg(long, value_name = "TEMPLATE", env = "TUFGATE_TARGET", hide_env_values = true)]
    #[serde(deserialize_with = "one_or_many")]
    pub(crate) target: Option<Vec<String>>,
    /// Whether "forbidden" (403) for the next root counts as "absent": for object stores that may not be listed
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", env = "TUFGATE_FORBIDDEN_IS_ABSENT", hide_env_values = true)]
    pub(crate) forbidden_is_absent: Option<bool>,
    /// Whether targets lie under their plain names although the repository uses consistent snapshots
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", env = "TUFGATE_PLAIN_TARGET_NAMES", hide_env_values = true)]
    pub(crate) plain_target_names: Option<bool>,
    /// Certificates (PEM) of authorities to trust besides the system's
    #[arg(long, value_name = "FILE", env = "TUFGATE_CA_FILE", hide_env_values = true, value_hint = ValueHint::FilePath)]
    pub(crate) ca_file: Option<PathBuf>,
    /// A proxy's address, or `direct` for none [default: as HTTPS_PROXY and its kin say]
    #[arg(long, value_name = "URL", env = "TUFGATE_PROXY", hide_env_values = true)]
    pub(crate) proxy: Option<Secret>,
    /// A file with user names and passwords in the format of .netrc
    #[arg(long, value_name = "FILE", env = "TUFGATE_NETRC", hide_env_values = true, value_hint = ValueHint::FilePath)]
    pub(crate) netrc: Option<PathBuf>,
    /// What to put before the `User-Agent`
    #[arg(long, value_name = "TEXT", env = "TUFGATE_USER_AGENT", hide_env_values = true)]
    pub(crate) user_agent: Option<String>,
    /// Seconds in which a connection must stand
    #[arg(long, value_name = "SECONDS", env = "TUFGATE_CONNECT_TIMEOUT", hide_env_values = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) connect_timeout: Option<u64>,
    /// Seconds of silence after which a request is given up
    #[arg(long, value_name = "SECONDS", env = "TUFGATE_IDLE_TIMEOUT", hide_env_values = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) idle_timeout: Option<u64>,
}

impl IndexOptions {
    /// The same with relative paths taken from `base`.
    pub(crate) fn based_on(mut self, base: &Path) -> Self {
        for path in [&mut self.root, &mut self.ca_file, &mut self.netrc].into_iter().flatten() {
            *path = normal(&base.join(&*path));
        }
        for location in [&mut self.metadata_url, &mut self.targets_url, &mut self.simple_url].into_iter().flatten() {
            if let Some(directory) = location.directory() {
                let path = normal(&base.join(directory));
                if let Ok(url) = BaseUrl::from_directory(&path) {
                    location.0 = url.as_str().to_owned();
                }
            }
        }
        self
    }

    /// What is given here, and for the rest what `other` says.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            // A fingerprint is of one root: another root does not inherit it.
            root_sha256: self.root_sha256.or(if self.root.is_some() { None } else { other.root_sha256 }),
            root: self.root.or(other.root),
            metadata_url: self.metadata_url.or(other.metadata_url),
            targets_url: self.targets_url.or(other.targets_url),
            simple_url: self.simple_url.or(other.simple_url),
            // Templates belong to their profile: another one does not inherit them.
            page: self.page.or(if self.profile.is_some() { None } else { other.page }),
            target: self.target.or(if self.profile.is_some() { None } else { other.target }),
            profile: self.profile.or(other.profile),
            forbidden_is_absent: self.forbidden_is_absent.or(other.forbidden_is_absent),
            plain_target_names: self.plain_target_names.or(other.plain_target_names),
            ca_file: self.ca_file.or(other.ca_file),
            proxy: self.proxy.or(other.proxy),
            netrc: self.netrc.or(other.netrc),
            user_agent: self.user_agent.or(other.user_agent),
            connect_timeout: self.connect_timeout.or(other.connect_timeout),
            idle_timeout: self.idle_timeout.or(other.idle_timeout),
        }
    }

    /// Whether these name a repository without any configuration.
    pub(crate) fn is_complete(&self) -> bool {
        self.root.is_some() && self.metadata_url.is_some() && self.targets_url.is_some()
    }
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a text, or a list of texts")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(Some(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    }))
}

/// One `tufgate.toml`.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    pub(crate) path: PathBuf,
    pub(crate) default_index: Option<String>,
    /// Paths in it are absolute.
    pub(crate) indexes: BTreeMap<String, IndexOptions>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawConfig {
    default_index: Option<String>,
    #[serde(default)]
    index: BTreeMap<String, IndexOptions>,
}

impl ConfigFile {
    /// Reads a file; `None` where there is none.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, CliError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CliError::disk(format!("cannot read {}", shown(path)), error)),
        };
        Self::parse(path, &text).map(Some)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, CliError> {
        let raw: RawConfig = toml::from_str(text).map_err(|error| {
            let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count());
            let line = line.map_or(String::new(), |line| format!(":{}", line.saturating_add(1)));
            CliError::config(format!("{}{line}: {}", shown(path), Escaped(error.message())))
        })?;
        if let Some(name) = raw.index.keys().find(|name| !is_name(name)) {
            let name = Escaped(name);
            return Err(CliError::config(format!("{}: `{name}` is not a name for an index: {NAME_RULE}", shown(path))));
        }
        let base = path.parent().unwrap_or(Path::new("."));
        let indexes = raw.index.into_iter().map(|(name, options)| (name, options.based_on(base))).collect();
        Ok(Self { path: path.to_owned(), default_index: raw.default_index, indexes })
    }
}

/// All the configuration that counts.
#[derive(Debug)]
pub(crate) struct Config {
    files: Vec<ConfigFile>,
    /// The file that `trust add` writes to.
    pub(crate) writable: PathBuf,
    /// Whether it was named by the user.
    named: bool,
}

impl Config {
    /// `--config` alone; else the nearest `tufgate.toml` in the working directory or above, and the user's.
    pub(crate) fn load(given: Option<&Path>) -> Result<Self, CliError> {
        if let Some(path) = given {
            let path = absolute(path)?;
            let files = ConfigFile::read(&path)?.into_iter().collect();
            return Ok(Self { files, writable: path, named: true });
        }
        let writable = user_file()?;
        let cwd = absolute(Path::new(""))?;
        let nearest = cwd.ancestors().map(|dir| dir.join(FILE_NAME)).find(|path| path.is_file());
        let mut files = Vec::new();
        for path in nearest.iter().filter(|path| **path != writable).chain([&writable]) {
            files.extend(ConfigFile::read(path)?);
        }
        let config = Self { files, writable, named: false };
        config.check_names_mean_one()?;
        Ok(config)
    }

    /// An index by its name, and where it stands.
    pub(crate) fn index(&self, name: &str) -> Option<(&ConfigFile, &IndexOptions)> {
        self.files.iter().find_map(|file| Some((file, file.indexes.get(name)?)))
    }

    /// All indexes, by name.
    pub(crate) fn indexes(&self) -> BTreeMap<&str, (&ConfigFile, &IndexOptions)> {
        let all = self.files.iter().rev();
        all.flat_map(|file| file.indexes.iter().map(move |(name, index)| (name.as_str(), (file, index)))).collect()
    }

    /// The index that is meant where none is named: `default-index`, or the only one there is.
    pub(crate) fn default_index(&self) -> Result<String, CliError> {
        self.check_default_is_the_users()?;
        if let Some(name) = self.files.iter().find_map(|file| file.default_index.clone()) {
            return Ok(name);
        }
        let indexes = self.indexes();
        match indexes.keys().collect::<Vec<_>>().as_slice() {
            [name] => Ok((**name).to_owned()),
            [] => Err(CliError::usage(
                self.nothing(),
                "pin one with `tufgate trust add NAME --root FILE --metadata-url URL --targets-url URL`, or give \
                 --root, --metadata-url and --targets-url",
            )),
            names => {
                let names = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                Err(CliError::usage(
                    format!("it is not clear which repository is meant: there are {names}"),
                    "name one with --index NAME, or set `default-index` in the configuration",
                ))
            }
        }
    }

    /// Else a directory that someone else filled could lead a user who pinned a repository to another one.
    fn check_default_is_the_users(&self) -> Result<(), CliError> {
        let [project, user] = self.files.as_slice() else { return Ok(()) };
        let Some(name) = &project.default_index else { return Ok(()) };
        let is_pinned = user.indexes.is_empty() || user.indexes.contains_key(name);
        if is_pinned && user.default_index.as_ref().is_none_or(|own| own == name) {
            return Ok(());
        }
        Err(CliError::usage(
            format!(
                "it is not clear which repository is meant: {} says `{}`, and {} pins another one",
                shown(&project.path),
                Escaped(name),
                shown(&user.path)
            ),
            "name one with --index NAME; or name with --config the file that is to count",
        ))
    }

    /// That there is no index at all, where there is none.
    pub(crate) fn nothing(&self) -> String {
        if self.named && self.files.is_empty() {
            format!("no repository is pinned: there is no file {}", shown(&self.writable))
        } else {
            "no repository is pinned".to_owned()
        }
    }

    /// Else a directory that someone else filled could give another meaning to a name that the user pinned.
    fn check_names_mean_one(&self) -> Result<(), CliError> {
        let [project, user] = self.files.as_slice() else { return Ok(()) };
        for (name, index) in &project.indexes {
            if user.indexes.get(name).is_some_and(|other| other != index) {
                return Err(CliError::Config {
                    message: format!(
                        "index `{name}` stands in {} and, with another content, in {}",
                        shown(&project.path),
                        shown(&user.path)
                    ),
                    help: "give one of them another name; or name with --config the file that is to count".to_owned(),
                });
            }
        }
        Ok(())
    }
}

/// What a name of an index must be.
pub(crate) const NAME_RULE: &str = "1 to 64 of a-z 0-9 - _ and inner dots";

/// Whether an index may have this name: it becomes part of file names.
pub(crate) fn is_name(name: &str) -> bool {
    let allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    (1..=64).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with('.') && !name.ends_with('.')
}

/// The platform's directory for what programs remember.
pub(crate) fn state_directory() -> Result<PathBuf, CliError> {
    let strategy = base_strategy()?;
    Ok(strategy.state_dir().unwrap_or_else(|| strategy.data_dir()).join("tufgate"))
}

/// The platform's directory for what can be fetched again.
pub(crate) fn cache_directory() -> Result<PathBuf, CliError> {
    Ok(base_strategy()?.cache_dir().join("tufgate"))
}

fn user_file() -> Result<PathBuf, CliError> {
    Ok(base_strategy()?.config_dir().join("tufgate").join(FILE_NAME))
}

fn base_strategy() -> Result<impl BaseStrategy, CliError> {
    // A home that moves with the working directory would let any directory say what is trusted.
    let strategy = etcetera::choose_base_strategy().ok().filter(|strategy| strategy.home_dir().is_absolute());
    strategy.ok_or_else(|| {
        CliError::usage(
            "the home directory is unknown",
            "set HOME to an absolute path, or give --config FILE and --state-dir DIR",
        )
    })
}

fn absolute(path: &Path) -> Result<PathBuf, CliError> {
    let absolute = if path.as_os_str().is_empty() { std::env::current_dir() } else { std::path::absolute(path) };
    absolute.map_err(|error| CliError::disk("the working directory cannot be had".to_owned(), error))
}

/// `a/./b/../c` as `a/c`: by its spelling, so that what an index is does not change with a link.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            component => out.push(component),
        }
    }
    out
}

#[cfg(test)]
mod tests;
