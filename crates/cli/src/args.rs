//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::config::IndexOptions;

const EXIT_CODES: &str = "\
Exit codes:
  0  everything asked for was done; everything that was judged is verified, or was allowed by name
  1  a file, target or distribution did not verify
  2  the command line, the configuration or a lock file is wrong
  3  the repository cannot be trusted: signature, rollback, expiry
  4  network or disk";

/// Verify distributions against a package index that is signed with The Update Framework (PEP 458).
#[derive(Debug, Parser)]
#[command(name = "tufgate", version, propagate_version = true, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes. Values of variables are never shown in the help: an address may hold a password.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Read this configuration alone, instead of the nearest `tufgate.toml` above and the user's
    #[arg(long, global = true, value_name = "FILE", env = "TUFGATE_CONFIG", hide_env_values = true, value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Keep what is trusted below this directory, instead of the platform's directory for state
    #[arg(long, global = true, value_name = "DIR", env = "TUFGATE_STATE_DIR", hide_env_values = true, value_hint = ValueHint::DirPath)]
    pub(crate) state_dir: Option<PathBuf>,
    /// Read what is trusted, but write nothing: this run leaves no trace, and the next one is not protected by it
    #[arg(long, global = true, env = "TUFGATE_READ_ONLY_STATE", value_parser = BoolishValueParser::new(), hide_env_values = true)]
    pub(crate) read_only_state: bool,
    /// Use no network: only repositories at file://, and copies named by --index-dir, can be reached
    #[arg(long, global = true, env = "TUFGATE_OFFLINE", value_parser = BoolishValueParser::new(), hide_env_values = true)]
    pub(crate) offline: bool,
    /// What to write to standard output
    #[arg(long, global = true, value_enum, default_value_t, env = "TUFGATE_FORMAT", hide_env_values = true)]
    pub(crate) format: Format,
    /// When to use colour; `auto` heeds NO_COLOR
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        env = "TUFGATE_COLOR",
        hide_env_values = true
    )]
    pub(crate) color: Color,
    /// Show no progress bars
    #[arg(long, global = true, env = "TUFGATE_NO_PROGRESS", value_parser = BoolishValueParser::new(), hide_env_values = true)]
    pub(crate) no_progress: bool,
    /// No summary and no progress; warnings and errors stay
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say on standard error what is fetched and why (twice: what the libraries say too)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// The form of the result on standard output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Lines for people and for `cut`
    #[default]
    Text,
    /// One JSON document with a `schema`
    Json,
    /// Annotations for GitHub Actions; of `verify` and `download`
    Github,
    /// JUnit's XML, one test case for each thing judged; of `verify` and `download`
    Junit,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say which repositories are trusted, and by which root
    #[command(subcommand)]
    Trust(Trust),
    /// Bring the trusted metadata of a repository up to date
    Refresh {
        /// The repository, by its name in the configuration [default: the default index]
        #[arg(conflicts_with = "index")]
        name: Option<String>,
        #[command(flatten)]
        repository: RepositoryArgs,
    },
    /// Fetch targets; a file appears only once all of it is verified
    Download {
        /// Target paths, as the repository names them
        #[arg(required = true, value_name = "TARGET")]
        targets: Vec<String>,
        /// Where to put the files, each under the last segment of its target path
        #[arg(short, long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
        output: PathBuf,
        #[command(flatten)]
        repository: RepositoryArgs,
    },
    /// Check that distributions are exactly what the repository signs for
    Verify {
        #[command(flatten)]
        what: VerifyArgs,
        #[command(flatten)]
        repository: RepositoryArgs,
    },
    /// Copy a repository, or the part of it that is asked for, into a directory that is a repository itself
    Mirror {
        #[command(flatten)]
        what: MirrorArgs,
        #[command(flatten)]
        repository: RepositoryArgs,
    },
    /// Show what is trusted: versions, expiry, keys, thresholds, delegations
    Inspect {
        /// A role [default: an overview]
        role: Option<String>,
        #[command(flatten)]
        repository: RepositoryArgs,
    },
    /// Write completions for a shell to standard output
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write the manual page to standard output
    Man {
        /// Write the pages of all commands into this directory instead
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        dir: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Trust {
    /// Pin a repository: copy its root and note where its files lie
    Add {
        /// The name to know it by
        name: String,
        #[command(flatten)]
        options: Box<IndexOptions>,
    },
    /// List the repositories that are pinned
    List,
    /// Show one of them
    Show {
        /// Its name
        name: String,
    },
    /// Forget one of them
    Remove {
        /// Its name
        name: String,
        /// Remove the record of what was trusted of it, too: a rollback is not noticed after that
        #[arg(long)]
        with_state: bool,
    },
}

/// What to mirror; all of the repository, if nothing is named.
#[derive(Debug, Args)]
pub(crate) struct MirrorArgs {
    /// A project: its index pages and all its files
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Vec<String>,
    /// A lock file of any kind that `verify` knows: the files that it names, where their hashes are the signed ones
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) requirements: Vec<PathBuf>,
    /// Where to write it; what is there already and verifies is not fetched again
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) output: PathBuf,
}

/// What to verify. None of it is a variable or a key: what passes is said anew for each run.
#[derive(Debug, Default, Args)]
pub(crate) struct VerifyArgs {
    /// Wheels, source distributions, directories in which every file is judged, and lock files: requirements.txt,
    /// pylock.toml, uv.lock, poetry.lock, the report of `pip install --report`
    #[arg(
        required_unless_present_any = ["requirements", "environment"],
        value_name = "FILE|DIR",
        value_hint = ValueHint::AnyPath
    )]
    pub(crate) paths: Vec<PathBuf>,
    /// A lock file, also under a name that no lock file has: it is then read as requirements, whose hashes are compared
    /// with what is signed
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) requirements: Vec<PathBuf>,
    /// An environment, every installed file of which is compared with the signed wheel that it comes from
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) environment: Vec<PathBuf>,
    /// Fetch what lock files name, and was verified, into this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) download: Option<PathBuf>,
    /// Let this project or file pass although it is not signed. It is shown as such, and never as verified
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_unsigned: Vec<String>,
}

/// Which repository, and what to take instead of its configuration.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Repository options")]
pub(crate) struct RepositoryArgs {
    /// The repository, by its name in the configuration
    #[arg(long, value_name = "NAME", env = "TUFGATE_INDEX", hide_env_values = true)]
    pub(crate) index: Option<String>,
    /// Read a copy of the repository in this directory, such as `tufgate mirror` makes, instead of its addresses
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) index_dir: Option<PathBuf>,
    /// With --offline: accept metadata that expired at most so long ago, such as `7d`. What it approves is shown as stale
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) max_staleness: Option<Duration>,
    #[command(flatten)]
    pub(crate) options: IndexOptions,
}
