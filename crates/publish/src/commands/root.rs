//! `tufgate-publish root`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Subcommand, ValueHint};
use serde_json::json;
use tufgate_publish::ceremony::{Draft, changes};
use tufgate_publish::document::{TopLevel, utc};
use tufgate_publish::repository::Repository;
use tufgate_publish::rotate::{Role, next_root, publish_root};
use tufgate_publish::{Error, Result, Update, disk};

use super::Run;
use super::rotate::NewKeys;

#[derive(Debug, Subcommand)]
pub(crate) enum RootCommand {
    /// Write the next root to a file, for the holders of keys to sign
    Draft {
        /// The repository
        #[arg(value_hint = ValueHint::DirPath)]
        repo: PathBuf,
        /// Whose keys change: root, targets, snapshot or timestamp
        role: Role,
        /// The file
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        out: PathBuf,
        #[command(flatten)]
        keys: NewKeys,
    },
    /// Sign a draft with the keys of --keys; needs no repository
    Sign {
        /// The draft
        #[arg(value_hint = ValueHint::FilePath)]
        draft: PathBuf,
        /// The root in force, as the holder knows it
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        old: PathBuf,
    },
    /// Unite the signatures of several copies of a draft, and publish it
    Merge {
        /// The repository
        #[arg(value_hint = ValueHint::DirPath)]
        repo: PathBuf,
        /// The copies
        #[arg(required = true, value_name = "DRAFT", value_hint = ValueHint::FilePath)]
        drafts: Vec<PathBuf>,
    },
}

pub(crate) fn run(run: &Run<'_>, command: &RootCommand) -> Result<ExitCode> {
    match command {
        RootCommand::Draft { repo, role, out, keys } => draft(run, repo, *role, out, keys),
        RootCommand::Sign { draft, old } => sign(run, draft, old),
        RootCommand::Merge { repo, drafts } => merge(run, repo, drafts),
    }
}

fn draft(run: &Run<'_>, repo: &Path, role: Role, out: &Path, keys: &NewKeys) -> Result<ExitCode> {
    let repository = Repository::open_to_read(repo)?;
    let old = repository.root()?.top_level()?;
    let mut next = old.clone();
    let authority = keys.authority(run, &repository, role)?;
    match role {
        Role::Root => next.root = authority,
        Role::Targets => next.targets = authority,
        Role::Snapshot => next.snapshot = authority,
        Role::Timestamp => next.timestamp = authority,
        Role::Online | Role::Bins | Role::BinN => {
            let help = "draft the change of root, targets, snapshot or timestamp; `rotate` does bins";
            return Err(Error::usage(format!("a root does not say who signs `{role}`"), help));
        }
    }
    let draft = Draft::new(next_root(&repository, &next, run.now)?);
    write(out, &draft)?;
    show(run, "tufgate-publish.root-draft/1", &draft, &old, &[])
}

fn sign(run: &Run<'_>, path: &Path, old: &Path) -> Result<ExitCode> {
    if run.global.keys.is_empty() {
        return Err(Error::usage("no folder of keys was given", "give it with --keys DIR"));
    }
    let mut draft = read(path)?;
    let old = read(old)?.root.top_level()?;
    let signed = draft.sign(&run.ring(Path::new(""))?, &old)?;
    if signed.is_empty() {
        let message = format!("{}: no key at hand is one that has still to sign", path.display());
        return Err(Error::usage(message, "`tufgate-publish keys show` lists the keys of a folder"));
    }
    write(path, &draft)?;
    show(run, "tufgate-publish.root-sign/1", &draft, &old, &signed)
}

fn merge(run: &Run<'_>, repo: &Path, drafts: &[PathBuf]) -> Result<ExitCode> {
    let repository = Repository::open(repo)?;
    let old = repository.root()?;
    let mut copies = drafts.iter().map(|path| read(path));
    let mut draft = copies.next().ok_or_else(|| Error::usage("no draft was given", "give the signed copies"))??;
    for copy in copies {
        draft.merge(copy?)?;
    }
    if draft.root.version() != old.version().saturating_add(1) {
        let message =
            format!("the draft is of version {}, and version {} is in force", draft.root.version(), old.version());
        return Err(Error::usage(message, "draft it again from the repository as it is now"));
    }
    let (old, new) = (old.top_level()?, draft.root.top_level()?);
    for authority in [&old.root, &new.root] {
        let (found, needed) = draft.signatures_of(authority);
        if found < needed {
            let message = format!("the draft has {found} of {needed} signatures of a root's keys");
            return Err(Error::usage(message, "have more holders sign it: `tufgate-publish root sign`"));
        }
    }
    let update = Update::new(&repository, run.now);
    publish_root(&repository, &draft.root, &draft.write()?, update, false, &run.ring(repo)?)?;
    show(run, "tufgate-publish.root-merge/1", &draft, &old, &[])
}

fn read(path: &Path) -> Result<Draft> {
    let bytes =
        fs::read(path).map_err(|source| Error::Disk { path: path.to_owned(), action: "cannot read", source })?;
    Draft::read(&bytes).map_err(|error| Error::Input { path: path.to_owned(), reason: error.to_string() })
}

fn write(path: &Path, draft: &Draft) -> Result<()> {
    let absolute = std::path::absolute(path);
    let absolute = absolute.map_err(|source| Error::Disk { path: path.to_owned(), action: "cannot write", source })?;
    let name = absolute.file_name().and_then(|name| name.to_str());
    match (absolute.parent(), name) {
        (Some(folder), Some(name)) => disk::write(folder, name, &draft.write()?),
        _ => Err(Error::usage(format!("{} is no file", path.display()), "give the name of a file")),
    }
}

/// What the draft changes, and who signed it.
fn show(run: &Run<'_>, schema: &str, draft: &Draft, old: &TopLevel, signed: &[String]) -> Result<ExitCode> {
    let new = draft.root.top_level()?;
    let ((by_old, of_old), (by_new, of_new)) = (draft.signatures_of(&old.root), draft.signatures_of(&new.root));
    let expires = draft.root.expires().map(utc).unwrap_or_default();
    let lines = changes(old, &new);
    let mut text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    text.push_str(&signed.iter().map(|id| format!("signed\t{id}\n")).collect::<String>());
    text.push_str(&format!(
        "root {} until {expires}: {by_old} of {of_old} signatures of the old keys, {by_new} of {of_new} of the new ones\n",
        draft.root.version()
    ));
    let json = json!({
        "schema": schema, "version": draft.root.version(), "expires": expires, "changes": lines, "signed": signed,
        "old": {"signatures": by_old, "threshold": of_old}, "new": {"signatures": by_new, "threshold": of_new},
    });
    run.print(&text, &json)?;
    Ok(ExitCode::SUCCESS)
}
