//! All verdicts of a run: its lines, its summary, its exit code.

use super::verdict::NAMES;
use super::{Judged, Verdict, github, junit};
use crate::args::Format;
use crate::error::Exit;
use crate::output::{Output, Report};
use crate::text::count;

/// What a lock file names, which is no file yet.
pub(super) const LOCKED: &str = "distribution";

/// Writes what was judged in the form that was asked for. `report` is the whole document, of which `judged` is a part.
pub(crate) fn tell<R: Report>(output: &Output, report: &R, judged: &[Judged]) {
    match output.format() {
        Format::Text => lines(output, judged),
        Format::Json => output.report(report),
        Format::Github => judged.iter().for_each(|judged| github::annotate(output, judged)),
        Format::Junit => output.raw(&junit::document(command::<R>(), judged)),
    }
}

/// The command whose report it is, which its schema names.
fn command<R: Report>() -> &'static str {
    R::SCHEMA.split(['.', '/']).nth(1).unwrap_or_default()
}

/// Says how many there are of each verdict, and what to do about those that are not good. `thing` is what each is,
/// where it is no distribution that a file names or an environment has.
pub(crate) fn conclude(output: &Output, thing: &str, judged: &[Judged]) -> Exit {
    let all = if judged.iter().any(|judged| judged.distribution.is_some()) { LOCKED } else { thing };
    output.status(summary(all, judged));
    let mut told = Vec::new();
    let help = |judged: &Judged| judged.verdict.help(if judged.distribution.is_some() { LOCKED } else { thing });
    for help in judged.iter().filter_map(help) {
        if !told.contains(&help) {
            output.help(help);
            told.push(help);
        }
    }
    exit(judged)
}

/// A line for each verdict, with one below it for each file that differs.
fn lines(output: &Output, judged: &[Judged]) {
    let longest = |of: &dyn Fn(&Judged) -> usize| judged.iter().map(of).max().unwrap_or(0).min(70);
    let widths =
        (longest(&|judged| judged.verdict.name().len()).max(10), longest(&|judged| judged.about().chars().count()));
    for judged in judged {
        let verdict = &judged.verdict;
        output.verdict(verdict.tone(), verdict.name(), &judged.about(), &judged.why(), widths);
        for difference in &judged.differences {
            output.detail(difference.kind, &difference.path, &difference.reason);
        }
        if output.is_verbose() || verdict.exit() != Exit::Verified {
            judged.notes.iter().for_each(|note| output.detail("note", &judged.about(), note));
        }
    }
}

/// The exit code for all verdicts of a run. That a file is wrong outweighs that a role could not be asked about
/// another, and that outweighs that one could not be read.
fn exit(judged: &[Judged]) -> Exit {
    [Exit::NotVerified, Exit::Untrusted, Exit::Unreachable]
        .into_iter()
        .find(|exit| judged.iter().any(|judged| judged.verdict.exit() == *exit))
        .unwrap_or(Exit::Verified)
}

/// `3 files: 2 verified, 1 mismatch`.
fn summary(thing: &str, judged: &[Judged]) -> String {
    let counts: Vec<_> = NAMES
        .iter()
        .map(|name| (judged.iter().filter(|judged| counted_as(&judged.verdict) == *name).count(), name))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    format!("{}: {}", count(judged.len(), thing), counts.join(", "))
}

/// What passes without being signed must not hide among what does not pass, nor among what is verified.
fn counted_as(verdict: &Verdict) -> &'static str {
    if verdict.is_allowed() { "allowed although not signed" } else { verdict.name() }
}
