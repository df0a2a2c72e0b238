//! `tufgate-conformance`: the client that the public TUF conformance test suite runs.
//!
//! It has no logic of its own beyond the suite's protocol: three commands, exit code 0 or 1, and a directory that holds
//! trusted metadata under the names that the suite reads.

mod init;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tufgate::{BaseUrl, Client, FileStore, Found, HttpOptions, HttpTransport, Repository, Settings, TargetPath};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A TUF client for the conformance test suite.
#[derive(Parser)]
#[command(name = "tufgate-conformance", version)]
struct Args {
    /// Where trusted metadata is kept.
    #[arg(long, global = true, value_name = "DIR")]
    metadata_dir: Option<PathBuf>,
    /// Where the repository's metadata is.
    #[arg(long, global = true, value_name = "URL")]
    metadata_url: Option<String>,
    /// A target to download; may be given several times.
    #[arg(long, global = true, value_name = "PATH", allow_hyphen_values = true)]
    target_name: Vec<String>,
    /// Where the repository's targets are.
    #[arg(long, global = true, value_name = "URL")]
    target_base_url: Option<String>,
    /// Where downloaded targets are put.
    #[arg(long, global = true, value_name = "DIR")]
    target_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Trust a root. Asks the repository for nothing.
    Init {
        /// A file with the root.
        trusted_root: PathBuf,
    },
    /// Bring the metadata up to date.
    Refresh,
    /// Bring the metadata up to date, then download targets.
    Download,
}

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Nothing can be done about a closed output.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&*error);
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let metadata_dir = args.metadata_dir.as_deref().ok_or("--metadata-dir is missing")?;
    match &args.command {
        Command::Init { trusted_root } => init::init(metadata_dir, trusted_root),
        Command::Refresh => {
            client(args, metadata_dir)?.refresh()?;
            Ok(())
        }
        Command::Download => download(args, metadata_dir),
    }
}

fn download(args: &Args, metadata_dir: &Path) -> Result<()> {
    let target_dir = args.target_dir.as_deref().ok_or("--target-dir is missing")?;
    if args.target_name.is_empty() {
        return Err("--target-name is missing".into());
    }
    args.target_base_url.as_deref().ok_or("--target-base-url is missing")?;
    let mut client = client(args, metadata_dir)?;
    client.refresh()?;
    for name in &args.target_name {
        let path = TargetPath::new(name)?;
        match client.lookup(&path)? {
            // Two paths never get the same flat name, and one path always gets the same.
            Found::Signed(target) => client.download(&target, &target_dir.join(path.flat_file_name()))?,
            Found::Unsigned { .. } => return Err(format!("target `{path}`: no role lists it").into()),
        };
    }
    Ok(())
}

fn client(args: &Args, metadata_dir: &Path) -> Result<Client<HttpTransport, FileStore>> {
    let metadata = args.metadata_url.as_deref().ok_or("--metadata-url is missing")?;
    // A refresh needs no targets.
    let targets = args.target_base_url.as_deref().unwrap_or(metadata);
    let pinned_root = init::pinned_root(metadata_dir)?.ok_or("not initialised: run `init` first")?;
    // The suite counts requests, and its repositories do not change while they are read.
    let mut settings = Settings::default();
    settings.limits.restarts = 0;
    let repository =
        Repository::new(pinned_root, BaseUrl::new(metadata)?, BaseUrl::new(targets)?).with_settings(settings);
    let transport = HttpTransport::new(HttpOptions::default())?;
    Ok(Client::new(repository, transport, FileStore::open(metadata_dir)?))
}

fn report(error: &dyn Error) {
    eprintln!("error: {error}");
    let mut source = error.source();
    while let Some(error) = source {
        eprintln!("  because: {error}");
        source = error.source();
    }
}
