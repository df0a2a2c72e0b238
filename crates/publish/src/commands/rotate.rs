//! `tufgate-publish rotate`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueHint};
use serde_json::json;
use tufgate_publish::document::Authority;
use tufgate_publish::keys::PublicKey;
use tufgate_publish::keys::files::read_public;
use tufgate_publish::keys::generate::{KeyType, generate};
use tufgate_publish::repository::Repository;
use tufgate_publish::rotate::{Role, authority_of, refuse_other_bins, rotate};
use tufgate_publish::{Error, Result};

use super::Run;

#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// The repository
    #[arg(value_hint = ValueHint::DirPath)]
    repo: PathBuf,
    /// root, targets, bins, bin-n, snapshot, timestamp, or online: what one online key signs
    role: Role,
    #[command(flatten)]
    keys: NewKeys,
    /// Sign nothing with the old online key: it is lost or stolen
    #[arg(long)]
    without_old: bool,
}

/// Which keys a role has from now on.
#[derive(Debug, Args)]
pub(crate) struct NewKeys {
    /// A public key (NAME.pub.json) that the role has from now on; may be given more than once
    #[arg(long = "key", value_name = "FILE", value_hint = ValueHint::FilePath)]
    keys: Vec<PathBuf>,
    /// Make the new keys [default: as many as there are]
    #[arg(long, value_name = "N", num_args = 0..=1, conflicts_with_all = ["keys", "keep"])]
    generate: Option<Option<u8>>,
    /// The type of keys that are made
    #[arg(long, value_name = "TYPE", default_value = "ed25519")]
    key_type: KeyType,
    /// Keep the keys, and sign for another lifetime
    #[arg(long, conflicts_with = "keys")]
    keep: bool,
    /// How many of the keys must sign [default: as now]
    #[arg(long, value_name = "N")]
    threshold: Option<u64>,
}

impl NewKeys {
    pub(crate) fn authority(&self, run: &Run<'_>, repository: &Repository, role: Role) -> Result<Authority> {
        let old = authority_of(repository, role)?;
        let keys = if !self.keys.is_empty() {
            self.keys.iter().map(|path| read_public(path)).collect::<Result<Vec<_>>>()?
        } else if let Some(count) = self.generate {
            let count = count.map_or(old.keys.len(), usize::from);
            make(run, repository, role, count, self.key_type)?
        } else if self.keep {
            old.keys.clone()
        } else {
            let help = "give --generate, or --key FILE for each new key, or --keep to sign for another lifetime";
            return Err(Error::usage(format!("which keys `{role}` has from now on was not said"), help));
        };
        let threshold = self.threshold.unwrap_or(old.threshold);
        if threshold == 0 || (keys.len() as u64) < threshold {
            let message = format!("`{role}` cannot need {threshold} signatures of {} keys", keys.len());
            return Err(Error::usage(message, "give more keys, or another --threshold"));
        }
        Ok(Authority { keys, threshold })
    }
}

pub(crate) fn run(run: &Run<'_>, args: &RotateArgs) -> Result<ExitCode> {
    let repository = Repository::open(&args.repo)?;
    refuse_other_bins(&repository)?;
    let authority = args.keys.authority(run, &repository, args.role)?;
    let rotated = rotate(&repository, args.role, &authority, args.without_old, &run.ring(&args.repo)?, run.now)?;
    let ids: Vec<_> = authority.keys.iter().map(PublicKey::id).collect();
    let mut text: String = ids.iter().map(|id| format!("key\t{id}\n")).collect();
    let root = rotated.root.map(|version| format!("root {version}, ")).unwrap_or_default();
    text.push_str(&format!("{}: {root}{} of {} keys sign\n", args.role, authority.threshold, ids.len()));
    let published = super::published(rotated.published.as_ref());
    let json = json!({"schema": "tufgate-publish.rotate/1", "role": args.role.to_string(), "keys": ids, "threshold": authority.threshold, "root": rotated.root, "published": published});
    run.print(&text, &json)?;
    Ok(ExitCode::SUCCESS)
}

/// New keys beside the old ones, under names that are not taken.
fn make(run: &Run<'_>, repository: &Repository, role: Role, count: usize, kind: KeyType) -> Result<Vec<PublicKey>> {
    let part = match role {
        Role::Root => "root",
        Role::Targets | Role::Bins => "targets",
        _ => "online",
    };
    let folder = run.key_folder(repository.path()).join(part);
    let passphrase = run.passphrase();
    let version = repository.session()?.root().version();
    let mut keys = Vec::new();
    let mut number = 0_u32;
    while keys.len() < count {
        number = number.saturating_add(1);
        let name = format!("{role}-r{version}-{number}");
        if !folder.join(format!("{name}.pub.json")).exists() {
            keys.push(generate(&folder, &name, kind, &passphrase)?);
        }
    }
    Ok(keys)
}
