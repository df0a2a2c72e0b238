//! `tufgate-publish check`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueHint};
use serde_json::json;
use tufgate_publish::check::{Finding, Report, RoleState, Severity, check};
use tufgate_publish::document::utc;
use tufgate_publish::remote::compare;
use tufgate_publish::{Repository, Result};

use super::Run;

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The repository
    #[arg(value_hint = ValueHint::DirPath)]
    repo: PathBuf,
    /// Where it is published: an address below which `metadata/` and `targets/` lie. Says what is missing or older there
    #[arg(long, value_name = "URL")]
    remote: Option<String>,
    /// Let warnings count as errors
    #[arg(long)]
    strict: bool,
}

pub(crate) fn run(run: &Run<'_>, args: &CheckArgs) -> Result<ExitCode> {
    let repository = Repository::open_to_read(&args.repo)?;
    let mut report = check(&repository, run.now)?;
    if let Some(url) = &args.remote {
        report.findings.extend(compare(&repository, url)?);
    }
    let role = |role: &RoleState| json!({"role": role.role, "version": role.version, "expires": utc(role.expires)});
    let finding = |one: &Finding| json!({"severity": one.severity.as_str(), "what": one.what, "reason": one.reason});
    let json = json!({
        "schema": "tufgate-publish.check/1",
        "roles": report.roles.iter().map(role).collect::<Vec<_>>(),
        "targets": report.targets,
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
    });
    run.print(&text(&report), &json)?;
    let worst = if args.strict { Severity::Warning } else { Severity::Error };
    Ok(if report.has(worst) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn text(report: &Report) -> String {
    let role = |role: &RoleState| format!("{}\tversion {}\tuntil {}\n", role.role, role.version, utc(role.expires));
    let finding = |one: &Finding| format!("{}\t{}\t{}\n", one.severity.as_str(), one.what, one.reason);
    let mut text: String = report.roles.iter().map(role).chain(report.findings.iter().map(finding)).collect();
    let count = |severity| report.findings.iter().filter(|one| one.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    text.push_str(&format!("{} targets, {errors} errors, {warnings} warnings\n", report.targets));
    text
}
