//! The command line.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::{Args as Group, Parser, Subcommand, ValueEnum, ValueHint};

use crate::commands::{add, check, diff, gc, init, keys, remove, root, rotate, timestamp};

/// Makes a folder of Python distributions a repository signed with TUF (PEP 458)
#[derive(Debug, Parser)]
#[command(name = "tufgate-publish", version, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// What holds for each command.
#[derive(Debug, Group)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// A folder of keys; may be given more than once [default: REPO.keys beside the repository]
    #[arg(long, global = true, value_name = "DIR", env = "TUFGATE_PUBLISH_KEYS", hide_env_values = true, value_delimiter = ':', value_hint = ValueHint::DirPath)]
    pub(crate) keys: Vec<PathBuf>,
    /// A file whose first line is the passphrase of the keys [default: TUFGATE_PUBLISH_PASSPHRASE, or ask]
    #[arg(long, global = true, value_name = "FILE", env = "TUFGATE_PUBLISH_PASSPHRASE_FILE", hide_env_values = true, value_hint = ValueHint::FilePath)]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// How results are written
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
    /// The time that it is taken to be, such as 2026-01-31T12:00:00Z [default: now]
    #[arg(long, global = true, value_name = "TIME", value_parser = humantime::parse_rfc3339)]
    pub(crate) at: Option<SystemTime>,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Lines for people.
    Text,
    /// One JSON object.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a new repository, and keys for it
    Init(init::InitArgs),
    /// Make, show and import keys
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Publish distributions, with their index pages
    Add(add::AddArgs),
    /// Revoke or yank a project, a release or a file
    Remove(remove::RemoveArgs),
    /// Sign again what expires soon; for cron
    Timestamp(timestamp::TimestampArgs),
    /// Replace the keys of a role
    Rotate(rotate::RotateArgs),
    /// A root signed by several holders of keys: draft, sign, merge
    #[command(subcommand)]
    Root(root::RootCommand),
    /// What a client would say, what expires when, what is orphaned
    Check(check::CheckArgs),
    /// Delete what no snapshot needs any more; never a root
    Gc(gc::GcArgs),
    /// Targets added, changed and removed between two consistent snapshots
    Diff(diff::DiffArgs),
}
