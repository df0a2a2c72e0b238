//! Annotations of GitHub Actions: one workflow command a line for what a reviewer should see.

use super::Judged;
use crate::error::Exit;
use crate::output::Output;
use crate::text::Escaped;

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

/// The text of a command. It is read to the end of the line, so that what could end the line is encoded.
fn data(text: &str) -> String {
    let text = text.split('\n').map(|line| Escaped(line.replace('%', "%25")).to_string());
    text.collect::<Vec<_>>().join("%0A")
}

/// The value of a property: as [`data`], and what would end the property too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a269_text_from_outside_cannot_end_a_command_or_begin_another() {
        assert_eq!(data("50%\n::error::x\r\u{1b}[2J"), "50%25%0A::error::x\\u{d}\\u{1b}[2J");
        assert_eq!(property("a:b,c%"), "a%3Ab%2Cc%25");
    }
}
