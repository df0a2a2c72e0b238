//! One repository, with all that is needed to talk to it.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tufgate::pypi::{FileSource, Profile, ProfileError};
use tufgate::{
    AnyTransport, BaseUrl, Client, Digest, Fetched, FileStore, HashAlgorithm, Hasher, HttpOptions, HttpTransport,
    Limits, Proxy, Repository, Root, Settings, Transport, error::TransportError,
};

use crate::args::{Global, RepositoryArgs};
use crate::config::{self, Config, IndexOptions, Location, Sha256};
use crate::error::CliError;
use crate::text::{Escaped, shown, without_credentials};
use crate::walk;

/// The client of this program.
pub(crate) type IndexClient = Client<IndexTransport, FileStore>;

/// What it fetches with.
pub(crate) type IndexTransport = Traced<AnyTransport<HttpTransport>>;

/// A repository as it is configured, its root read and compared with its fingerprint.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) name: String,
    /// Where it is known to lie. A copy of it in a directory is the same repository, with the same floors.
    pub(crate) metadata: BaseUrl,
    pub(crate) targets: BaseUrl,
    /// The simple index, from which links in its pages are followed.
    pub(crate) simple: BaseUrl,
    pub(crate) profile: Profile,
    /// The copy to read instead.
    copy: Option<PathBuf>,
    pub(crate) max_staleness: Duration,
    pub(crate) limits: Limits,
    pub(crate) root_path: PathBuf,
    pub(crate) root_sha256: Sha256,
    root_bytes: Vec<u8>,
    options: IndexOptions,
}

impl Index {
    /// The repository that the arguments mean.
    pub(crate) fn find(args: &RepositoryArgs, global: &Global) -> Result<Self, CliError> {
        let cwd = working_directory()?;
        let options = args.options.clone().based_on(&cwd);
        let index = Self::configured(args, global, options)?;
        let max_staleness = args.max_staleness.unwrap_or_default();
        if !max_staleness.is_zero() && !global.offline {
            return Err(CliError::usage(
                "--max-staleness is for --offline alone",
                "leave it out: whoever can ask for newer metadata needs none that has expired",
            ));
        }
        let copy = args.index_dir.as_ref().map(|dir| config::normal(&cwd.join(dir)));
        if let Some(dir) = copy.as_ref().filter(|dir| !dir.join("metadata").is_dir()) {
            return Err(CliError::usage(
                format!("{}: there is no directory `metadata` in it", shown(dir)),
                "name a directory that `tufgate mirror` wrote, or one with `metadata` and `targets` in it",
            ));
        }
        Ok(Self { copy, max_staleness, ..index })
    }

    fn configured(args: &RepositoryArgs, global: &Global, mut options: IndexOptions) -> Result<Self, CliError> {
        if let (Some(dir), true) = (&args.index_dir, args.index.is_none() && options.root.is_some()) {
            // Without any configuration the copy is all that is known of the repository.
            let part = |part: &str| Some(Location(dir.join(part).to_string_lossy().into_owned()));
            let cwd = working_directory()?;
            let copy =
                IndexOptions { metadata_url: part("metadata"), targets_url: part("targets"), ..Default::default() };
            options = options.or(copy.based_on(&cwd));
        }
        if args.index.is_none() && options.is_complete() {
            return Self::new("command-line", options);
        }
        let config = Config::load(global.config.as_deref())?;
        let name = match &args.index {
            Some(name) => name.clone(),
            None => config.default_index()?,
        };
        let (_, configured) = config.index(&name).ok_or_else(|| unknown(&name, &config))?;
        Self::new(&name, options.or(configured.clone()))
    }

    /// A repository by its options; paths in them are absolute.
    pub(crate) fn new(name: &str, options: IndexOptions) -> Result<Self, CliError> {
        let (Some(root_path), Some(metadata), Some(targets)) =
            (options.root.clone(), &options.metadata_url, &options.targets_url)
        else {
            return Err(incomplete(name, &options));
        };
        let address = |location: &Location, key| {
            BaseUrl::new(&location.0)
                .map_err(|error| CliError::config(format!("index `{name}`, `{key}`: {}", Escaped(error))))
        };
        let metadata = address(metadata, "metadata-url")?;
        let targets = address(targets, "targets-url")?;
        let simple = match &options.simple_url {
            Some(simple) => address(simple, "simple-url")?,
            None => address(&Location(targets.join("simple/")), "targets-url")?,
        };
        let profile =
            profile(&options).map_err(|error| CliError::config(format!("index `{name}`, {}", Escaped(error))))?;
        let root_bytes = read_root(&root_path)?;
        let root_sha256 = sha256(&root_bytes);
        if let Some(expected) = options.root_sha256.as_ref().filter(|expected| **expected != root_sha256) {
            return Err(CliError::Config {
                message: format!(
                    "the root in {} is not the one that was pinned: its sha256 is {} where {} is expected",
                    shown(&root_path),
                    root_sha256.0,
                    expected.0
                ),
                help: "get the root and its fingerprint again, from somewhere you trust and by different ways; do not \
                       pin what you cannot compare"
                    .to_owned(),
            });
        }
        Ok(Self {
            name: name.to_owned(),
            metadata,
            targets,
            simple,
            profile,
            copy: None,
            max_staleness: Duration::ZERO,
            limits: Limits::default(),
            root_path,
            root_sha256,
            root_bytes,
            options,
        })
    }

    /// The pinned root, signed by its own keys.
    pub(crate) fn root(&self) -> Result<Root, CliError> {
        self.repository().root().map_err(|error| CliError::from(tufgate::Error::from(error)))
    }

    /// Digests of a file's content that must be known before it can be looked up, or that are compared afterwards.
    pub(crate) fn digests(&self) -> Vec<HashAlgorithm> {
        let mut needed = Vec::new();
        for source in self.profile.files() {
            match source {
                FileSource::Target(template) | FileSource::Pointer(template) => needed.extend(template.digests()),
                FileSource::Page if !needed.is_empty() => needed.push(HashAlgorithm::Sha256),
                FileSource::Page => {}
            }
        }
        needed.sort_unstable();
        needed.dedup();
        needed
    }

    /// Whether a distribution may be bound by a pointer, of which no page tells.
    pub(crate) fn has_pointers(&self) -> bool {
        self.profile.files().iter().any(|source| matches!(source, FileSource::Pointer(_)))
    }

    /// The bytes of the root file.
    pub(crate) fn root_bytes(&self) -> &[u8] {
        &self.root_bytes
    }

    /// Where what is trusted of it is kept.
    pub(crate) fn state_directory(&self, global: &Global) -> Result<PathBuf, CliError> {
        state_directory(&self.name, &self.metadata, global)
    }

    /// A client for one run: `now` is its fixed update start time, so that all it judges is judged by one session.
    pub(crate) fn client(&self, global: &Global, now: SystemTime) -> Result<IndexClient, CliError> {
        let dir = self.state_directory(global)?;
        let store = if global.read_only_state { FileStore::read_only(&dir) } else { FileStore::open(&dir) };
        let store = store.map_err(tufgate::Error::from)?;
        Ok(Client::new(self.repository(), self.transport(global)?, store).with_clock(move || now))
    }

    /// What files of it are fetched with.
    pub(crate) fn transport(&self, global: &Global) -> Result<IndexTransport, CliError> {
        let (metadata, targets) = self.addresses()?;
        let local = [&metadata, &targets].iter().all(|url| url.as_str().starts_with("file://"));
        Ok(Traced(if global.offline || local {
            AnyTransport::offline()
        } else {
            AnyTransport::new(HttpTransport::new(self.http_options()).map_err(tufgate::Error::from)?)
        }))
    }

    /// The copy that is read, if it is one.
    pub(crate) fn copy(&self) -> Option<&Path> {
        self.copy.as_deref()
    }

    /// Where its metadata and targets are read.
    pub(crate) fn addresses(&self) -> Result<(BaseUrl, BaseUrl), CliError> {
        let Some(copy) = &self.copy else { return Ok((self.metadata.clone(), self.targets.clone())) };
        let part = |part| BaseUrl::from_directory(&copy.join(part)).map_err(tufgate::Error::from);
        Ok((part("metadata")?, part("targets")?))
    }

    /// What its configuration sets for every client of it.
    pub(crate) fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        settings.limits.clone_from(&self.limits);
        settings.forbidden_is_absent = self.options.forbidden_is_absent.unwrap_or_default();
        settings.plain_target_names =
            self.options.plain_target_names.unwrap_or_else(|| self.profile.plain_target_names());
        settings.max_staleness = self.max_staleness;
        settings
    }

    fn repository(&self) -> Repository {
        // That of a copy is made only where it is read.
        let (metadata, targets) = self.addresses().unwrap_or_else(|_| (self.metadata.clone(), self.targets.clone()));
        Repository::new(self.root_bytes.clone(), metadata, targets).with_settings(self.settings())
    }

    fn http_options(&self) -> HttpOptions {
        let mut http = HttpOptions::default();
        let options = &self.options;
        http.extra_roots.extend(options.ca_file.clone());
        http.netrc.clone_from(&options.netrc);
        http.proxy = match options.proxy.as_ref().map(|proxy| proxy.0.as_str()) {
            None => Proxy::Environment,
            Some("direct") => Proxy::Direct,
            Some(url) => Proxy::Url(url.to_owned()),
        };
        if let Some(agent) = &options.user_agent {
            http.user_agent = format!("{agent} {}", http.user_agent);
        }
        if let Some(seconds) = options.connect_timeout {
            http.connect_timeout = Duration::from_secs(seconds);
        }
        if let Some(seconds) = options.idle_timeout {
            http.idle_timeout = Duration::from_secs(seconds);
        }
        http
    }
}

/// Where what is trusted of a repository is kept. The pinned root has no part in it: whoever pins a newer one keeps the
/// floors.
pub(crate) fn state_directory(name: &str, metadata: &BaseUrl, global: &Global) -> Result<PathBuf, CliError> {
    let state = match &global.state_dir {
        Some(dir) => dir.clone(),
        None => config::state_directory()?,
    };
    // Without a password, which may change while the repository stays.
    let metadata = metadata.to_string();
    Ok(FileStore::directory_for(&state, name, &[metadata.as_bytes()]))
}

/// How the index names its targets.
fn profile(options: &IndexOptions) -> Result<Profile, ProfileError> {
    let pages = options.page.iter().flatten().map(|page| page.parse()).collect::<Result<_, _>>()?;
    let files = options.target.iter().flatten().map(|target| target.parse()).collect::<Result<_, _>>()?;
    Profile::configured(options.profile.as_deref(), pages, files)
}

fn working_directory() -> Result<PathBuf, CliError> {
    std::env::current_dir().map_err(|error| CliError::disk("the working directory cannot be had".to_owned(), error))
}

/// All that is missing, at once.
fn incomplete(name: &str, options: &IndexOptions) -> CliError {
    let needed = [
        ("root", options.root.is_some()),
        ("metadata-url", options.metadata_url.is_some()),
        ("targets-url", options.targets_url.is_some()),
    ];
    let missing: Vec<_> = needed.iter().filter(|(_, given)| !given).map(|(key, _)| *key).collect();
    CliError::Config {
        message: format!("index `{name}` has no `{}`", missing.join("`, no `")),
        help: format!("give --{}; or add what is missing to [index.{name}] of the configuration", missing.join(", --")),
    }
}

/// No index of this name.
pub(crate) fn unknown(name: &str, config: &Config) -> CliError {
    let names: Vec<_> = config.indexes().keys().map(|name| format!("`{name}`")).collect();
    let known = match names.as_slice() {
        [] => config.nothing(),
        [one] => format!("there is {one} alone"),
        names => format!("there are {}", names.join(", ")),
    };
    CliError::usage(
        format!("there is no index `{}`: {known}", Escaped(name)),
        "see `tufgate trust list`; pin it with `tufgate trust add`",
    )
}

fn read_root(path: &Path) -> Result<Vec<u8>, CliError> {
    // As it is spelled once it was taken for a path.
    if path.to_str().is_some_and(|path| path.contains("/https:/") || path.contains("/http:/")) && !path.exists() {
        return Err(CliError::usage(
            "the root must be a file: what is trusted beforehand cannot be fetched by this command",
            "get N.root.json from somewhere you trust, and compare its fingerprint with --sha256",
        ));
    }
    let read = || -> io::Result<_> {
        let mut bytes = Vec::new();
        walk::open(path)?.take(Limits::default().root_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error| CliError::disk(format!("cannot read the root file {}", shown(path)), error))
}

fn sha256(bytes: &[u8]) -> Sha256 {
    let mut hasher = Hasher::new([HashAlgorithm::Sha256]);
    hasher.update(bytes);
    Sha256(hasher.finish().first().map(Digest::to_hex).unwrap_or_default())
}

/// Says what is fetched, for `--verbose`.
#[derive(Debug)]
pub(crate) struct Traced<T>(T);

impl<T: Transport> Transport for Traced<T> {
    type Body = T::Body;

    fn fetch(&self, url: &str) -> Result<Fetched<T::Body>, TransportError> {
        let fetched = self.0.fetch(url);
        let url = without_credentials(url);
        match &fetched {
            Ok(Fetched::Body(_)) => tracing::info!(url, "fetching"),
            Ok(Fetched::NotFound) => tracing::info!(url, "absent"),
            Ok(Fetched::Forbidden) => tracing::info!(url, "forbidden"),
            Err(error) => tracing::info!(url, fault = %error.fault, "failed"),
        }
        fetched
    }
}
