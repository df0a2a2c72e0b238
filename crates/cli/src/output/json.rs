//! Results for programs: one document each, described in `JSON.md`.

use serde::Serialize;

use super::Output;
use crate::error::CliError;

/// The result of a command.
pub(crate) trait Report: Serialize {
    /// Name and version of the JSON form: `tufgate.NAME/N`.
    const SCHEMA: &'static str;

    /// Writes it as lines. Verdicts have lines of their own and need none here.
    fn text(&self, _: &Output) {}
}

/// The document of a report.
pub(super) fn document<R: Report>(report: &R, warnings: &[String]) -> String {
    with_schema(R::SCHEMA, report, warnings)
}

/// The document that stands in the place of a report when a command stopped.
pub(super) fn error_document(error: &CliError, warnings: &[String]) -> String {
    let repository = error.repository();
    let stopped = Stopped {
        error: error.to_string(),
        caused_by: error.causes(),
        at_fault: match error {
            CliError::Usage { .. } => "usage",
            CliError::Config { .. } => "configuration",
            CliError::Disk { .. } => "disk",
            CliError::Library(tufgate::Error::Repository(_)) | CliError::ExpiredOffline(_) => "repository",
            CliError::Library(tufgate::Error::Transport(_)) => "transport",
            CliError::Library(tufgate::Error::Store(_)) => "store",
            CliError::Library(_) => "caller",
        },
        attack: repository.and_then(|error| error.attack()).map(|attack| attack.to_string()),
        spec: repository.map(|error| error.spec()),
        help: error.help(),
        exit_code: error.exit() as u8,
    };
    with_schema("tufgate.error/1", &stopped, warnings)
}

#[derive(Serialize)]
struct Stopped {
    error: String,
    caused_by: Vec<String>,
    at_fault: &'static str,
    attack: Option<String>,
    spec: Option<&'static str>,
    help: String,
    exit_code: u8,
}

/// `schema` first, whatever is said next, `warnings` last.
#[derive(Serialize)]
struct Document<'a, T> {
    schema: &'a str,
    #[serde(flatten)]
    content: &'a T,
    warnings: &'a [String],
}

fn with_schema<T: Serialize>(schema: &str, content: &T, warnings: &[String]) -> String {
    // Only a map with keys that are no text could fail.
    serde_json::to_string_pretty(&Document { schema, content, warnings }).unwrap_or_default()
}
