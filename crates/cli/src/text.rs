//! Text from outside, made harmless for a terminal; times.

use std::fmt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};

/// Shows text in such a way that it cannot move the cursor, forge a line or turn the direction of what stands beside it.
pub(crate) struct Escaped<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Write::write_fmt(&mut Escaping(f), format_args!("{}", self.0))
    }
}

/// A path, harmless on a terminal.
pub(crate) fn shown(path: &Path) -> String {
    Escaped(path.display()).to_string()
}

/// `2030-01-31T00:00:00Z`.
pub(crate) fn time(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_secs()).ok());
    match seconds.and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0)) {
        Some(time) => time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        None => "before 1970".to_owned(),
    }
}

/// An address without user name and password.
pub(crate) fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// `1 file`, `2 files`, `0 directories`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    match (number, thing.strip_suffix('y')) {
        (1, _) => format!("1 {thing}"),
        (_, Some(stem)) if !stem.ends_with('a') => format!("{number} {stem}ies"),
        _ => format!("{number} {thing}s"),
    }
}

struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| {
            if c.is_control() || is_invisible(c) {
                write!(self.0, "{}", c.escape_unicode())
            } else {
                self.0.write_char(c)
            }
        })
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a269_terminal_escapes_are_shown_not_sent() {
        assert_eq!(Escaped("a\u{1b}[2J\nb\u{202e}c é").to_string(), "a\\u{1b}[2J\\u{a}b\\u{202e}c é");
    }

    #[test]
    fn credentials_are_left_out_of_addresses() {
        assert_eq!(without_credentials("https://u:p@w@host:1/a@b"), "https://host:1/a@b");
        assert_eq!(without_credentials("no address"), "no address");
    }

    #[test]
    fn times_are_shown_as_metadata_spells_them() {
        assert_eq!(time(UNIX_EPOCH + std::time::Duration::from_secs(1_704_067_200)), "2024-01-01T00:00:00Z");
    }
}
