//! Names of projects: one canonical form, whatever the spelling.

use std::fmt;
use std::str::FromStr;

use crate::error::Quoted;

/// The name of a project in the one form that stands in addresses and target paths (PEP 503 "Normalized Names"): lower
/// case, runs of `-`, `_` and `.` are one `-`.
///
/// ```
/// use tufgate::pypi::ProjectName;
/// assert_eq!(ProjectName::new("Foo_.Bar")?.as_str(), "foo-bar");
/// # Ok::<(), tufgate::pypi::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectName(String);

impl ProjectName {
    /// The longest name that is accepted, in bytes.
    pub(super) const MAX_BYTES: usize = 200;

    /// Takes a name as a user, a file or an index spells it: 1 to 200 ASCII letters, digits, `-`, `_` and `.`, the first
    /// and the last of them a letter or a digit (the packaging specification "Names and normalization").
    ///
    /// # Errors
    /// [`NameError::Project`] for anything else. Letters of other alphabets are refused, also where they look the same.
    pub fn new(name: &str) -> Result<Self, NameError> {
        match fault(name) {
            Some(reason) => Err(NameError::Project { name: name.to_owned(), reason }),
            None => Ok(Self(normalized(name))),
        }
    }

    /// The normalised name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProjectName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        Self::new(name)
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is not the name of a project or of a distribution.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Not the name of a project.
    #[error("{} is not the name of a project: {reason}", Quoted(.name))]
    Project {
        /// What was given.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// Not the file name of a distribution.
    #[error("{} is not the name of a wheel or a source distribution: {reason}", Quoted(.name))]
    Distribution {
        /// What was given.
        name: String,
        /// Why not.
        reason: &'static str,
    },
}

fn fault(name: &str) -> Option<&'static str> {
    let ends = [name.bytes().next(), name.bytes().next_back()];
    if name.is_empty() {
        Some("it is empty")
    } else if name.len() > ProjectName::MAX_BYTES {
        Some("it is longer than 200 bytes")
    } else if !name.is_ascii() {
        Some("it has a letter or sign that is not ASCII, which may only look like one that is")
    } else if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        Some("it has a character that is no letter, digit, `-`, `_` or `.`")
    } else if !ends.into_iter().flatten().all(|b| b.is_ascii_alphanumeric()) {
        Some("it does not start and end with a letter or a digit")
    } else {
        None
    }
}

fn normalized(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            c => out.push(c.to_ascii_lowercase()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a159_every_spelling_of_a_project_is_one_name() {
        for spelling in ["Foo_Bar", "foo-bar", "FOO.bar", "foo._-bar", "fOO___BAR"] {
            assert_eq!(ProjectName::new(spelling).unwrap().as_str(), "foo-bar", "{spelling}");
        }
        assert_ne!(ProjectName::new("foobar").unwrap().as_str(), "foo-bar");
        for (spelling, normal) in [("a", "a"), ("7", "7"), ("A1", "a1"), ("zope.interface", "zope-interface")] {
            assert_eq!(ProjectName::new(spelling).unwrap().to_string(), normal);
        }
    }

    #[test]
    fn a159_letters_that_look_like_ascii_are_no_name() {
        let reason = "it has a letter or sign that is not ASCII, which may only look like one that is";
        for name in ["rеquests", "foo‐bar", "ﬁle", "foo\u{200b}", "\u{212a}", "ſix", "ｆoo"] {
            let expected = NameError::Project { name: name.to_owned(), reason };
            assert_eq!(ProjectName::new(name), Err(expected), "{name}");
        }
    }

    #[test]
    fn a_name_that_is_none_says_why() {
        let long = "a".repeat(201);
        for (name, reason) in [
            ("", "it is empty"),
            (long.as_str(), "it is longer than 200 bytes"),
            ("foo bar", "it has a character that is no letter, digit, `-`, `_` or `.`"),
            ("foo/bar", "it has a character that is no letter, digit, `-`, `_` or `.`"),
            ("a\nb", "it has a character that is no letter, digit, `-`, `_` or `.`"),
            ("-foo", "it does not start and end with a letter or a digit"),
            ("foo_", "it does not start and end with a letter or a digit"),
            ("..", "it does not start and end with a letter or a digit"),
        ] {
            assert_eq!(ProjectName::new(name), Err(NameError::Project { name: name.to_owned(), reason }));
        }
        assert_eq!(ProjectName::new(&long[1..]).unwrap().as_str(), &long[1..]);
        let text = ProjectName::new("a\u{1b}[2J").unwrap_err().to_string();
        assert_eq!(
            text,
            "`a\\u{1b}[2J` is not the name of a project: it has a character that is no letter, digit, `-`, `_` or `.`"
        );
    }
}
