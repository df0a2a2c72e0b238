//! Path patterns of delegations (TUF-1.0.34 §4.5 `PATHPATTERN`): `*` and `?`, neither of which matches `/`; every other
//! byte stands for itself.
//!
//! `[` makes a pattern malformed, see `spec-notes/decisions/0003-path-patterns.md`: some signers mean a class by it and
//! some clients a literal, and whoever is wrong gives a path to another role.

/// The longest pattern that is accepted, in bytes.
const MAX_PATTERN_BYTES: usize = 1024;

/// A pattern that cannot be interpreted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MalformedPattern;

/// Whether `pattern` matches the whole of `path`, byte for byte and in time proportional to their product at most: only
/// the last `*` is ever tried again.
pub(crate) fn matches(pattern: &str, path: &str) -> Result<bool, MalformedPattern> {
    let (pattern, path) = (pattern.as_bytes(), path.as_bytes());
    if pattern.is_empty() || pattern.len() > MAX_PATTERN_BYTES || pattern.contains(&b'[') {
        return Err(MalformedPattern);
    }
    let (mut p, mut s) = (0, 0);
    // Where to go on when the text after the last `*` did not match: the pattern behind it, and the next byte it takes.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(p), path.get(s)) {
            (Some(b'*'), _) => {
                p += 1;
                retry = Some((p, s));
                continue;
            }
            (Some(b'?'), Some(byte)) if *byte != b'/' => {
                // One character, not one byte: the rest of a multi-byte character belongs to it.
                p += 1;
                s += 1;
                while path.get(s).is_some_and(|b| b & 0xC0 == 0x80) {
                    s += 1;
                }
                continue;
            }
            (Some(want), Some(byte)) if want == byte && *want != b'?' => {
                p += 1;
                s += 1;
                continue;
            }
            (None, None) => return Ok(true),
            _ => {}
        }
        match retry {
            Some((behind, taken)) if path.get(taken).is_some_and(|b| *b != b'/') => {
                retry = Some((behind, taken + 1));
                (p, s) = (behind, taken + 1);
            }
            // A later `*` took over for all before it, and none of them can take a `/`.
            _ => return Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn star_and_question_mark_match_within_a_segment() {
        for (pattern, path) in [
            ("*", "a"),
            ("*", ""),
            ("a*", "a"),
            ("*.tgz", "x.tgz"),
            ("targets/*.tgz", "targets/foo.tgz"),
            ("foo-version-?.tgz", "foo-version-a.tgz"),
            ("*/*", "a/b"),
            ("a*b*c", "aXbXbc"),
            ("d/*", "d/.x"),
            ("?", "é"),
            ("*a", "aaa\na"),
            ("{a,b}", "{a,b}"),
            ("a\\*", "a\\x"),
        ] {
            assert_eq!(matches(pattern, path), Ok(true), "{pattern} {path}");
        }
    }

    #[test]
    fn a129_star_does_not_cross_a_slash() {
        for (pattern, path) in [
            ("*.tgz", "other/pkg.tgz"),
            ("*", "a/b"),
            ("a?b", "a/b"),
            ("a/*", "a/b/c"),
            ("*/c", "a/b/c"),
            ("**", "a/b"),
        ] {
            assert_eq!(matches(pattern, path), Ok(false), "{pattern} {path}");
        }
    }

    #[test]
    fn a132_matching_is_byte_exact() {
        for (pattern, path) in [("Foo/*", "foo/x"), ("é", "e\u{301}"), ("a", "b"), ("a", "ab"), ("ab", "a"), ("?", "")]
        {
            assert_eq!(matches(pattern, path), Ok(false), "{pattern} {path}");
        }
    }

    #[test]
    fn a131_an_open_bracket_is_malformed_not_a_silent_miss() {
        assert_eq!(matches("[a-", "a"), Err(MalformedPattern));
        assert_eq!(matches("[a]", "a"), Err(MalformedPattern));
    }

    #[test]
    fn a136_many_stars_take_no_exponential_time() {
        let pattern = "*a".repeat(400) + "*b";
        assert_eq!(matches(&pattern, &"a".repeat(4000)), Ok(false));
        assert_eq!(matches(&"a".repeat(1025), "a"), Err(MalformedPattern));
    }
}
