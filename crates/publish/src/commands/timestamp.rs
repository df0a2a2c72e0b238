//! `tufgate-publish timestamp`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueHint};
use serde_json::json;
use tufgate_publish::document::utc;
use tufgate_publish::renew::{notice, renew};
use tufgate_publish::{Repository, Result};

use super::Run;

#[derive(Debug, Args)]
pub(crate) struct TimestampArgs {
    /// The repository
    #[arg(value_hint = ValueHint::DirPath)]
    repo: PathBuf,
    /// Sign again what expires within this time, such as 12h [default: half of each role's lifetime]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    within: Option<Duration>,
}

pub(crate) fn run(run: &Run<'_>, args: &TimestampArgs) -> Result<ExitCode> {
    let repository = Repository::open(&args.repo)?;
    let renewed = renew(&repository, &run.ring(&args.repo)?, args.within, run.now)?;
    for (role, expires) in &renewed.waiting {
        super::warn(&notice(role, *expires, run.now));
    }
    let text = match &renewed.published {
        None => "nothing to do: nothing expires soon\n".to_owned(),
        Some(published) => {
            let roles = published.roles.len();
            format!("{roles} roles signed again, snapshot {}, timestamp {}\n", published.snapshot, published.timestamp)
        }
    };
    let waiting: Vec<_> =
        renewed.waiting.iter().map(|(role, expires)| json!({"role": role, "expires": utc(*expires)})).collect();
    let published = super::published(renewed.published.as_ref());
    run.print(&text, &json!({"schema": "tufgate-publish.timestamp/1", "published": published, "waiting": waiting}))?;
    Ok(ExitCode::SUCCESS)
}
