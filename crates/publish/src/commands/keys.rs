//! `tufgate-publish keys`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Subcommand, ValueHint};
use serde_json::{Value, json};
use tufgate_publish::keys::PublicKey;
use tufgate_publish::keys::files::{KeyFile, list, read_public};
use tufgate_publish::keys::generate::{KeyType, generate, import, refer};
use tufgate_publish::keys::passphrase::Passphrase;
use tufgate_publish::{Error, Result};

use super::Run;

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key in the folder that --keys names
    Generate {
        /// Its name: NAME.key and NAME.pub.json are written
        name: String,
        /// ed25519, ecdsa or rsa
        #[arg(long = "type", value_name = "TYPE", default_value = "ed25519")]
        kind: KeyType,
        /// Write it without a passphrase, for a machine that signs by itself
        #[arg(long)]
        no_passphrase: bool,
    },
    /// Show which keys there are: no passphrase is needed
    Show {
        /// Folders of keys, or public key files [default: the folders of --keys]
        #[arg(value_hint = ValueHint::AnyPath)]
        paths: Vec<PathBuf>,
    },
    /// Use a key that stays in a service, such as aws-kms:KEY-ID or aws-ssm:/PARAMETER?profile=NAME
    Refer {
        /// Where it is
        source: String,
        /// Its name here
        #[arg(long)]
        name: String,
    },
    /// Take over a private key from elsewhere: PKCS#8, as PEM or DER
    Import {
        /// The private key
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// Its name here
        #[arg(long)]
        name: String,
        /// A file whose first line is the passphrase that it has now [default: the one of the keys here]
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        its_passphrase_file: Option<PathBuf>,
        /// Write it without a passphrase
        #[arg(long)]
        no_passphrase: bool,
    },
}

pub(crate) fn run(run: &Run<'_>, command: &KeysCommand) -> Result<ExitCode> {
    let ours = |plain: bool| if plain { Passphrase::none() } else { run.passphrase() };
    match command {
        KeysCommand::Generate { name, kind, no_passphrase } => {
            let folder = folder(run)?;
            let key = generate(&folder, name, *kind, &ours(*no_passphrase))?;
            print(run, &[KeyFile { stem: folder.join(name), public: key }])?;
        }
        KeysCommand::Import { file, name, its_passphrase_file, no_passphrase } => {
            let folder = folder(run)?;
            let theirs = match its_passphrase_file {
                Some(file) => Passphrase::new(Some(file.clone())),
                None => run.passphrase(),
            };
            let key = import(file, &theirs, &folder, name, &ours(*no_passphrase))?;
            print(run, &[KeyFile { stem: folder.join(name), public: key }])?;
        }
        KeysCommand::Refer { source, name } => {
            let folder = folder(run)?;
            let key = refer(&folder, name, source)?;
            print(run, &[KeyFile { stem: folder.join(name), public: key }])?;
        }
        KeysCommand::Show { paths } => {
            let paths = if paths.is_empty() { &run.global.keys } else { paths };
            if paths.is_empty() {
                return Err(Error::usage("no folder of keys was given", "give one, or --keys DIR"));
            }
            let mut keys = Vec::new();
            for path in paths {
                if path.is_file() {
                    keys.push(KeyFile { stem: path.clone(), public: read_public(path)? });
                } else {
                    for folder in super::with_parts(path.clone()) {
                        keys.extend(list(&folder)?);
                    }
                }
            }
            print(run, &keys)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn folder(run: &Run<'_>) -> Result<PathBuf> {
    let given = run.global.keys.first().cloned();
    given.ok_or_else(|| Error::usage("no folder for the key was given", "give it with --keys DIR"))
}

fn print(run: &Run<'_>, keys: &[KeyFile]) -> Result<()> {
    let kind = |key: &PublicKey| key.object().get("keytype").and_then(Value::as_str).unwrap_or_default().to_owned();
    let line = |key: &KeyFile| {
        let half = if key.is_secret_here() { "private" } else { "public" };
        format!("{}\t{}\t{half}\t{}\n", key.public.id(), kind(&key.public), key.stem.display())
    };
    let one = |key: &KeyFile| json!({"file": key.stem.display().to_string(), "keyid": key.public.id(), "key": key.public.object(), "private": key.is_secret_here()});
    let json = json!({"schema": "tufgate-publish.keys/1", "keys": keys.iter().map(one).collect::<Vec<_>>()});
    run.print(&keys.iter().map(line).collect::<String>(), &json)
}
