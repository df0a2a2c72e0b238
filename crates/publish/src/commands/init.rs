//! `tufgate-publish init`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueHint};
use serde_json::json;
use tufgate::{HashAlgorithm, Hasher};
use tufgate_publish::bins::BinLayout;
use tufgate_publish::document::{Authority, TopLevel};
use tufgate_publish::init::{Authorities, init};
use tufgate_publish::keys::PublicKey;
use tufgate_publish::keys::generate::{KeyType, generate};
use tufgate_publish::keys::passphrase::Passphrase;
use tufgate_publish::repository::ROOT;
use tufgate_publish::settings::Days;
use tufgate_publish::{Error, Result, Settings, disk};

use super::Run;

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The folder to make the repository in
    #[arg(value_hint = ValueHint::DirPath)]
    repo: PathBuf,
    /// The name by which users pin it [default: that of the folder]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// How many bins share the targets: a power of two. It cannot be changed later
    #[arg(long, value_name = "N", default_value_t = 256)]
    bins: u32,
    /// How the delegation to bins is written: as in the text of PEP 458, or by TAP 15
    #[arg(long, value_name = "LAYOUT", default_value = "prefixes")]
    layout: Layout,
    /// A hash that is signed of each target: sha256, sha512, blake2b-256; may be given more than once
    #[arg(long = "hash", value_name = "NAME", default_value = "sha256")]
    hashes: Vec<String>,
    /// How targets are named: pep458, warehouse, rstuf or custom
    #[arg(long, value_name = "NAME", default_value = "pep458")]
    profile: String,
    /// The target path of an index page, where the profile leaves it open
    #[arg(long, value_name = "TEMPLATE")]
    page: Vec<String>,
    /// The target path of a distribution, where the profile leaves it open
    #[arg(long, value_name = "TEMPLATE")]
    target: Vec<String>,
    /// Leave lengths and hashes of roles out of the snapshot: who can serve files can then swap bins
    #[arg(long)]
    no_pins: bool,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    days: DayArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Keys")]
struct KeyArgs {
    /// The type of the keys: ed25519, ecdsa or rsa
    #[arg(long, value_name = "TYPE", default_value = "ed25519")]
    key_type: KeyType,
    /// How many keys root has
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=64))]
    root_keys: u8,
    /// How many of them must sign
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    root_threshold: u8,
    /// How many keys targets and bins have, each their own
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=64))]
    targets_keys: u8,
    /// How many of them must sign
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    targets_threshold: u8,
    /// Write the online key without a passphrase, for a machine that signs by itself
    #[arg(long)]
    online_plain: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Lifetimes in days")]
struct DayArgs {
    /// Of root
    #[arg(long, value_name = "DAYS", default_value_t = Days::default().root)]
    root_days: u32,
    /// Of targets and bins
    #[arg(long, value_name = "DAYS", default_value_t = Days::default().targets)]
    targets_days: u32,
    /// Of each bin
    #[arg(long, value_name = "DAYS", default_value_t = Days::default().bin_n)]
    bin_days: u32,
    /// Of snapshot
    #[arg(long, value_name = "DAYS", default_value_t = Days::default().snapshot)]
    snapshot_days: u32,
    /// Of timestamp
    #[arg(long, value_name = "DAYS", default_value_t = Days::default().timestamp)]
    timestamp_days: u32,
}

/// [`BinLayout`] on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Layout {
    /// `targets` to `bins` to each bin, by prefixes of hashes.
    Prefixes,
    /// `targets` to all bins at once.
    Succinct,
}

pub(crate) fn run(run: &Run<'_>, args: &InitArgs) -> Result<ExitCode> {
    let settings = args.settings()?;
    let name = args.index_name()?;
    for (role, keys, threshold) in [
        ("root", args.keys.root_keys, args.keys.root_threshold),
        ("targets", args.keys.targets_keys, args.keys.targets_threshold),
    ] {
        if keys < threshold {
            let message = format!("`{role}` cannot need {threshold} signatures of {keys} keys");
            return Err(Error::usage(message, format!("give --{role}-keys and --{role}-threshold that fit")));
        }
    }
    if args.repo.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        let message = format!("{} is not empty", args.repo.display());
        return Err(Error::usage(message, "give a folder that is not there yet"));
    }
    let folders = KeyFolders::of(run, &args.repo)?;
    let authorities = make_keys(run, &args.keys, settings.layout, &folders)?;
    init(&args.repo, &settings, &authorities, &run.ring(&args.repo)?, run.now)?;
    let digest = root_digest(&args.repo)?;
    disk::write(&args.repo, "tufgate.toml", configuration(&name, &settings, &digest)?.as_bytes())?;

    let repo = args.repo.display();
    let keys = folders.root.parent().unwrap_or(&folders.root).display();
    let text = format!(
        "made {repo}: {} bins, root sha256 {digest}\n\
         keys {keys}: take root/ and targets/ off this machine; online/ signs timestamp, snapshot and bins\n",
        settings.bins
    );
    run.print(
        &text,
        &json!({"schema": "tufgate-publish.init/1", "repository": repo.to_string(), "name": name, "root-sha256": digest}),
    )?;
    Ok(ExitCode::SUCCESS)
}

impl InitArgs {
    fn settings(&self) -> Result<Settings> {
        let days = &self.days;
        Settings {
            profile: self.profile.clone(),
            page: self.page.clone(),
            target: self.target.clone(),
            hashes: self.hashes.clone(),
            bins: self.bins,
            layout: match self.layout {
                Layout::Prefixes => BinLayout::Prefixes,
                Layout::Succinct => BinLayout::Succinct,
            },
            pin_delegated: !self.no_pins,
            days: Days {
                root: days.root_days,
                targets: days.targets_days,
                bin_n: days.bin_days,
                snapshot: days.snapshot_days,
                timestamp: days.timestamp_days,
            },
        }
        .checked()
    }

    /// The name that users pin it by, which is also a key of TOML.
    fn index_name(&self) -> Result<String> {
        let folder = || self.repo.file_name().and_then(|name| name.to_str()).unwrap_or("index").to_owned();
        let name = self.name.clone().unwrap_or_else(folder);
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || !name.chars().all(fits) {
            let message = format!("`{}` cannot be the name of an index", name.escape_default());
            return Err(Error::usage(message, "give one of letters, digits, `-` and `_` with --name"));
        }
        Ok(name)
    }
}

/// Folders by who should hold what lies in them.
struct KeyFolders {
    root: PathBuf,
    targets: PathBuf,
    online: PathBuf,
}

impl KeyFolders {
    fn of(run: &Run<'_>, repo: &Path) -> Result<Self> {
        let folder = run.key_folder(repo);
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        if absolute(&folder).starts_with(absolute(repo)) {
            let message = format!("{} lies in the repository, and would be uploaded with it", folder.display());
            return Err(Error::usage(message, "give another folder with --keys"));
        }
        Ok(Self { root: folder.join("root"), targets: folder.join("targets"), online: folder.join("online") })
    }
}

/// PEP 458 "PyPI and Key Requirements": keys of their own for root, targets and bins, which stay offline, and one online
/// key for all that is signed by a machine.
fn make_keys(run: &Run<'_>, args: &KeyArgs, layout: BinLayout, folders: &KeyFolders) -> Result<Authorities> {
    let passphrase = run.passphrase();
    let many = |folder: &Path, name: &str, count: u8, threshold: u8| -> Result<Authority> {
        let one = |number| generate(folder, &format!("{name}-{number}"), args.key_type, &passphrase);
        let keys = (1..=count).map(one).collect::<Result<Vec<PublicKey>>>()?;
        Ok(Authority { keys, threshold: threshold.into() })
    };
    let root = many(&folders.root, "root", args.root_keys, args.root_threshold)?;
    let targets = many(&folders.targets, "targets", args.targets_keys, args.targets_threshold)?;
    let bins = match layout {
        BinLayout::Prefixes => many(&folders.targets, "bins", args.targets_keys, args.targets_threshold)?,
        BinLayout::Succinct => targets.clone(),
    };
    let plain = Passphrase::none();
    let online =
        generate(&folders.online, "online", args.key_type, if args.online_plain { &plain } else { &passphrase })?;
    let online = Authority::of([&online], 1);
    let top_level = TopLevel { root, timestamp: online.clone(), snapshot: online.clone(), targets };
    Ok(Authorities { top_level, bins, bin_n: online })
}

fn root_digest(repo: &Path) -> Result<String> {
    let path = repo.join(ROOT);
    let bytes = std::fs::read(&path).map_err(|source| Error::Disk { path, action: "cannot read", source })?;
    let mut hasher = Hasher::new([HashAlgorithm::Sha256]);
    hasher.update(&bytes);
    Ok(hasher.finish().first().map(tufgate::Digest::to_hex).unwrap_or_default())
}

/// The `tufgate.toml` by which the repository can be verified where it lies.
fn configuration(name: &str, settings: &Settings, root_sha256: &str) -> Result<String> {
    let mut index = toml::Table::new();
    let mut set = |key: &str, value: &str| index.insert(key.to_owned(), value.into());
    set("root", ROOT);
    set("root-sha256", root_sha256);
    set("metadata-url", "metadata/");
    set("targets-url", "targets/");
    set("profile", &settings.profile);
    for (key, list) in [("page", &settings.page), ("target", &settings.target)] {
        if !list.is_empty() {
            index.insert(key.to_owned(), list.clone().into());
        }
    }
    let named = toml::Table::from_iter([(name.to_owned(), toml::Value::from(index))]);
    toml::to_string(&toml::Table::from_iter([("index".to_owned(), toml::Value::from(named))]))
        .map_err(|error| Error::Document(error.to_string()))
}
