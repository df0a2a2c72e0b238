//! Annotations of GitHub Actions: one workflow command a line for what a reviewer should see.

use super::Judged;
use crate::error::Exit;
use crate::output::Output;
use crate::output::github::{data, property};

/// Writes the annotation of one verdict, and of each file that differs. What is verified needs none.
pub(super) fn annotate(output: &Output, judged: &Judged) {
    let verdict = &judged.verdict;
    let level = match verdict.exit() {
        Exit::Verified if verdict.is_allowed() || verdict.is_accepted_stale() || judged.yanked.is_some() => "warning",
        Exit::Verified => return,
        _ => "error",
    };
    let file = judged.file.as_deref().map(|file| format!("file={},", property(file))).unwrap_or_default();
    let line = judged.line.map(|line| format!("line={line},")).unwrap_or_default();
    let about = judged.distribution.as_deref().or(judged.target.as_deref()).map(|about| format!("{about}: "));
    let differences = judged.differences.iter().map(|file| format!("\n{} {}: {}", file.kind, file.path, file.reason));
    let message = format!("{}{}{}", about.unwrap_or_default(), judged.why(), differences.collect::<String>());
    let title = property(&format!("tufgate: {}", verdict.name()));
    output.line(format_args!("::{level} {file}{line}title={title}::{}", data(&message)));
}
