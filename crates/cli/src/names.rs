//! Names that a repository or an environment chose.

use tufgate::pypi::ProjectName;

use crate::text::Escaped;

/// The name of a project by which spellings of it are compared (PEP 503); as it is where it can be none.
pub(crate) fn normalized(project: &str) -> String {
    ProjectName::new(project).map_or_else(|_| project.to_owned(), |name| name.as_str().to_owned())
}

/// Why a name is not written to a directory: a repository must not choose a file that a system or a shell takes for
/// something else.
pub(crate) fn name_fault(name: &str) -> Option<&'static str> {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_ascii_lowercase();
    let numbered = |prefix| stem.strip_prefix(prefix).is_some_and(|rest: &str| rest.chars().count() == 1);
    if matches!(stem.as_str(), "con" | "prn" | "aux" | "nul" | "conin$" | "conout$")
        || numbered("com")
        || numbered("lpt")
    {
        Some("Windows gives the name to a device")
    } else if name.ends_with('.') || name.ends_with(' ') {
        Some("its name ends with a dot or a space, which Windows leaves out")
    } else if name.starts_with('.') || name.starts_with('-') || name.starts_with(' ') {
        Some("its name starts with a dot, a hyphen or a space")
    } else if name.contains(['<', '>', '"', '|', '?', '*']) || Escaped(name).to_string() != name {
        Some("its name has a character that is special, or that is not seen")
    } else if name.len() > 240 {
        Some("its name is longer than 240 bytes")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_mean_something_else_somewhere_are_refused() {
        for name in [
            "con",
            "NUL.whl",
            "com1.tar.gz",
            "lpt¹.txt",
            "a.",
            "a ",
            ".pth",
            "-rf",
            "a*",
            "a\u{202e}b",
            &"a".repeat(241),
        ] {
            assert!(name_fault(name).is_some(), "{name:?}");
        }
        for name in ["console-1.0.tar.gz", "com10.zip", "tufgate_demo_clock-0.2.0-py3-none-any.whl", "é.whl"] {
            assert_eq!(name_fault(name), None, "{name:?}");
        }
    }
}
