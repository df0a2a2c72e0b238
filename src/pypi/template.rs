//! Templates: how the path of a target is made from what is known of a file.

use std::fmt;
use std::str::FromStr;

use super::{DistributionName, ProjectName};
use crate::digest::{Digest, HashAlgorithm};
use crate::error::{CallerError, Quoted};
use crate::role::TargetPath;

/// How target paths are made, for example `packages/{filename}`: text with placeholders between braces.
///
/// `{filename}`, `{project}`, `{version}`, `{url}`, `{hash}` and the digests `{sha256}`, `{sha512}`, `{blake2b_256}`,
/// which are lower-case hex and of which a range of characters may be taken: `{sha256[0:2]}`, `{sha256[4:]}`,
/// `{sha256[:2]}`. [`Placeholder`] says what each stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    spelled: String,
    parts: Vec<Part>,
    digests: Vec<HashAlgorithm>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The characters from the first up to the second of a value; the second may lie beyond its end.
    Value(Placeholder, usize, usize),
}

/// What stands between braces in a [`Template`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Placeholder {
    /// `{filename}`: the name of the file.
    FileName,
    /// `{project}`: the normalised name of the project.
    Project,
    /// `{version}`: the version as the file name spells it.
    Version,
    /// `{sha256}`, `{sha512}`, `{blake2b_256}`: a digest of the file's content.
    Digest(HashAlgorithm),
    /// `{url}`: the path, below the targets address, of the link that the signed page gives for the file.
    Url,
    /// `{hash}`: a hash that is signed for the target; only where it says how a page is stored.
    Hash,
}

/// What is known of a file, to fill a [`Template`] with. All of it is optional.
#[derive(Debug, Clone, Copy, Default)]
pub struct Values<'a> {
    /// The name of the file.
    pub file_name: Option<&'a str>,
    /// Its project.
    pub project: Option<&'a ProjectName>,
    /// Its version as spelled.
    pub version: Option<&'a str>,
    /// Digests of its content, one for each algorithm.
    pub digests: &'a [Digest],
    /// Where its page says that it lies: see [`super::target_path_of`].
    pub url: Option<&'a TargetPath>,
    /// A hash that is signed for the target.
    pub hash: Option<&'a Digest>,
}

/// A template that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the template {} cannot be used: {reason}", Quoted(.template))]
pub struct TemplateError {
    template: String,
    reason: String,
}

/// Why a template gave no target path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfilled {
    /// What a placeholder stands for is not known. The caller may find it out and fill again.
    #[error("{} cannot be filled: `{placeholder}` is not known", Quoted(.template))]
    Unknown {
        /// The template.
        template: String,
        /// The first placeholder that could not be filled.
        placeholder: Placeholder,
    },
    /// A value has a `/`, with which it would reach into another directory.
    #[error("{} cannot be filled: the value of `{placeholder}` has a slash", Quoted(.template))]
    Slash {
        /// The template.
        template: String,
        /// The placeholder.
        placeholder: Placeholder,
    },
    /// What came out is no target path.
    #[error("{} cannot be filled", Quoted(.template))]
    Path {
        /// The template.
        template: String,
        /// What came out, and why it is none.
        #[source]
        source: CallerError,
    },
}

impl<'a> Values<'a> {
    /// What the name of a distribution says: file name, project and version.
    #[must_use]
    pub fn of(name: &'a DistributionName) -> Self {
        let (project, version) = (Some(name.project()), Some(name.version()));
        Self { file_name: Some(name.file_name()), project, version, ..Self::default() }
    }

    /// What stands for a placeholder.
    fn get(&self, placeholder: Placeholder) -> Option<String> {
        match placeholder {
            Placeholder::FileName => self.file_name.map(str::to_owned),
            Placeholder::Project => self.project.map(|project| project.as_str().to_owned()),
            Placeholder::Version => self.version.map(str::to_owned),
            Placeholder::Digest(algorithm) => {
                self.digests.iter().find(|digest| digest.algorithm() == algorithm).map(Digest::to_hex)
            }
            Placeholder::Url => self.url.map(|path| path.as_str().to_owned()),
            Placeholder::Hash => self.hash.map(Digest::to_hex),
        }
    }
}

impl Template {
    /// The path that comes out for these values.
    ///
    /// # Errors
    /// [`Unfilled`] with the first placeholder whose value is not known, or with the reason why what came out is no
    /// target path. Only `{url}` may bring slashes.
    ///
    /// ```
    /// use tufgate::pypi::{DistributionName, Template, Values};
    /// let template: Template = "packages/{project}/{filename}".parse()?;
    /// let name = DistributionName::parse("Foo_Bar-1.0.tar.gz")?;
    /// assert_eq!(template.fill(&Values::of(&name))?.as_str(), "packages/foo-bar/Foo_Bar-1.0.tar.gz");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fill(&self, values: &Values<'_>) -> Result<TargetPath, Unfilled> {
        let template = || self.spelled.clone();
        let mut path = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => path.push_str(text),
                Part::Value(placeholder, from, to) => {
                    let placeholder = *placeholder;
                    let Some(value) = values.get(placeholder) else {
                        return Err(Unfilled::Unknown { template: template(), placeholder });
                    };
                    if value.contains('/') && placeholder != Placeholder::Url {
                        return Err(Unfilled::Slash { template: template(), placeholder });
                    }
                    // Ranges are of hex only, and were compared with its length when the template was parsed.
                    path.push_str(value.get(*from..(*to).min(value.len())).unwrap_or(""));
                }
            }
        }
        TargetPath::new(path).map_err(|source| Unfilled::Path { template: template(), source })
    }

    /// The digests of the file's content that are needed, each once.
    #[must_use]
    pub fn digests(&self) -> &[HashAlgorithm] {
        &self.digests
    }

    /// Whether the signed page of the project is needed, which gives the link for `{url}`.
    #[must_use]
    pub fn needs_page(&self) -> bool {
        self.has(Placeholder::Url)
    }

    /// Whether a placeholder stands in it.
    #[must_use]
    pub fn has(&self, placeholder: Placeholder) -> bool {
        self.placeholders().any(|found| found == placeholder)
    }

    pub(super) fn placeholders(&self) -> impl Iterator<Item = Placeholder> {
        self.parts.iter().filter_map(|part| match part {
            Part::Value(placeholder, ..) => Some(*placeholder),
            Part::Text(_) => None,
        })
    }

    /// Whether two files of different content and name always get different paths: by the file name, by all of a digest,
    /// or by their link.
    pub(super) fn tells_files_apart(&self) -> bool {
        self.has(Placeholder::FileName)
            || self.needs_page()
            || self.digests.iter().any(|digest| self.has_all_of(*digest))
    }

    /// Whether the ranges of a digest cover all of it.
    fn has_all_of(&self, algorithm: HashAlgorithm) -> bool {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for part in &self.parts {
            if let Part::Value(Placeholder::Digest(found), from, to) = part
                && *found == algorithm
            {
                ranges.push((*from, *to));
            }
        }
        ranges.sort_unstable();
        let covered =
            ranges.iter().fold(0, |covered, (from, to)| if *from <= covered { covered.max(*to) } else { covered });
        covered >= algorithm.len() * 2
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(spelled: &str) -> Result<Self, TemplateError> {
        let refuse = |reason: String| TemplateError { template: spelled.to_owned(), reason };
        let parts = parts(spelled).map_err(refuse)?;
        let mut template = Self { spelled: spelled.to_owned(), parts, digests: Vec::new() };
        for placeholder in template.placeholders().collect::<Vec<_>>() {
            match placeholder {
                Placeholder::Digest(algorithm) if !template.digests.contains(&algorithm) => {
                    template.digests.push(algorithm);
                }
                _ => {}
            }
        }
        match template.try_out() {
            Some(error) => Err(refuse(error.to_string())),
            None => Ok(template),
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled)
    }
}

impl Placeholder {
    const ALL: [(&'static str, Self); 8] = [
        ("{filename}", Self::FileName),
        ("{project}", Self::Project),
        ("{version}", Self::Version),
        ("{sha256}", Self::Digest(HashAlgorithm::Sha256)),
        ("{sha512}", Self::Digest(HashAlgorithm::Sha512)),
        ("{blake2b_256}", Self::Digest(HashAlgorithm::Blake2b256)),
        ("{url}", Self::Url),
        ("{hash}", Self::Hash),
    ];

    fn named(name: &str) -> Result<Self, String> {
        let between = |braced: &str| braced.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) == Some(name);
        Self::ALL.iter().find(|(braced, _)| between(braced)).map(|(_, placeholder)| *placeholder).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|(braced, _)| *braced).collect();
            format!("`{{{name}}}` is unknown; there are {}", known.join(", "))
        })
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Self::ALL.iter().find(|(_, placeholder)| placeholder == self);
        f.write_str(known.map_or("{digest}", |(braced, _)| braced))
    }
}

fn parts(spelled: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = spelled;
    loop {
        let (text, after) = rest.split_once('{').map_or((rest, None), |(text, after)| (text, Some(after)));
        if text.contains('}') {
            return Err("a `}` has no `{` before it".to_owned());
        }
        parts.extend((!text.is_empty()).then(|| Part::Text(text.to_owned())));
        let Some(after) = after else { return Ok(parts) };
        let (inner, after) = after.split_once('}').ok_or("a `{` is not closed")?;
        parts.push(value(inner)?);
        rest = after;
    }
}

/// One placeholder, without its braces.
fn value(inner: &str) -> Result<Part, String> {
    let Some((name, range)) = inner.split_once('[') else {
        return Ok(Part::Value(Placeholder::named(inner)?, 0, usize::MAX));
    };
    let placeholder = Placeholder::named(name)?;
    let Placeholder::Digest(algorithm) = placeholder else {
        return Err(format!("`{{{inner}}}`: only of digests a range can be taken"));
    };
    let length = algorithm.len() * 2;
    let end = |text: &str, default| if text.is_empty() { Some(default) } else { number(text) };
    range
        .strip_suffix(']')
        .and_then(|range| range.split_once(':'))
        .and_then(|(from, to)| Some((end(from, 0)?, end(to, length)?)))
        .filter(|(from, to)| from < to && *to <= length)
        .map(|(from, to)| Part::Value(placeholder, from, to))
        .ok_or_else(|| format!("`{{{inner}}}` has no range like `[0:2]`, `[4:]` or `[:2]` within {length} characters"))
}

fn number(text: &str) -> Option<usize> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

impl Template {
    /// Fills in an example: what no file can get a path by is better refused when it is configured.
    fn try_out(&self) -> Option<CallerError> {
        let digests: Vec<Digest> =
            (self.digests.iter()).filter_map(|a| Digest::from_bytes(*a, &vec![0; a.len()])).collect();
        let hash = Digest::from_bytes(HashAlgorithm::Sha256, &[0; 32]);
        let name = DistributionName::parse("example-1.0-py3-none-any.whl").ok()?;
        let url = TargetPath::new("packages/example-1.0-py3-none-any.whl").ok()?;
        let values = Values { digests: &digests, hash: hash.as_ref(), url: Some(&url), ..Values::of(&name) };
        match self.fill(&values) {
            Err(Unfilled::Path { source, .. }) => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    const SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const BLAKE2B: &str = "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8";

    fn filled(template: &str, name: &str) -> String {
        let name = DistributionName::parse(name).unwrap();
        let digests = [
            Digest::from_hex(HashAlgorithm::Sha256, SHA256).unwrap(),
            Digest::from_hex(HashAlgorithm::Blake2b256, BLAKE2B).unwrap(),
        ];
        let url = TargetPath::new("files/a/b.whl").unwrap();
        let hash = digests.first();
        let values = Values { digests: &digests, url: Some(&url), hash, ..Values::of(&name) };
        template.parse::<Template>().unwrap().fill(&values).unwrap().as_str().to_owned()
    }

    #[test]
    fn placeholders_are_filled() {
        let name = "Foo_Bar-1!1.0+l.2-py3-none-any.whl";
        for (template, expected) in [
            ("packages/{filename}", "packages/Foo_Bar-1!1.0+l.2-py3-none-any.whl".to_owned()),
            ("{project}/{version}.json", "foo-bar/1!1.0+l.2.json".to_owned()),
            ("{url}", "files/a/b.whl".to_owned()),
            ("{project}/{hash}.{project}.html", format!("foo-bar/{SHA256}.foo-bar.html")),
            ("{sha256}", SHA256.to_owned()),
            (
                "{blake2b_256[0:2]}/{blake2b_256[2:4]}/{blake2b_256[4:]}/x",
                format!("{}/{}/{}/x", &BLAKE2B[..2], &BLAKE2B[2..4], &BLAKE2B[4..]),
            ),
            ("{sha256[:2]}-{sha256[60:64]}", "e3-b855".to_owned()),
        ] {
            assert_eq!(filled(template, name), expected);
            assert_eq!(template.parse::<Template>().unwrap().to_string(), template);
        }
    }

    #[test]
    fn a159_every_spelling_of_a_project_is_one_path() {
        for name in ["Foo_Bar-1.zip", "foo-bar-1.tar.gz", "FOO.bar-1.zip"] {
            assert_eq!(filled("simple/{project}/index.html", name), "simple/foo-bar/index.html");
        }
    }

    #[test]
    fn what_is_not_known_is_named() {
        let name = DistributionName::parse("foo-1.0.zip").unwrap();
        for (template, values, placeholder, text) in [
            (
                "{filename}",
                Values::default(),
                Placeholder::FileName,
                "`{filename}` cannot be filled: `{filename}` is not known",
            ),
            (
                "{project}",
                Values::default(),
                Placeholder::Project,
                "`{project}` cannot be filled: `{project}` is not known",
            ),
            (
                "{version}",
                Values::default(),
                Placeholder::Version,
                "`{version}` cannot be filled: `{version}` is not known",
            ),
            ("a/{url}", Values::of(&name), Placeholder::Url, "`a/{url}` cannot be filled: `{url}` is not known"),
            ("{hash}", Values::of(&name), Placeholder::Hash, "`{hash}` cannot be filled: `{hash}` is not known"),
            (
                "{filename}{sha512[:2]}",
                Values::of(&name),
                Placeholder::Digest(HashAlgorithm::Sha512),
                "`{filename}{sha512[:2]}` cannot be filled: `{sha512}` is not known",
            ),
        ] {
            let error = template.parse::<Template>().unwrap().fill(&values).unwrap_err();
            assert_eq!(error, Unfilled::Unknown { template: template.to_owned(), placeholder });
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn no_value_leaves_its_segment() {
        let fill = |template: &str, version| {
            let values = Values { version: Some(version), ..Values::default() };
            template.parse::<Template>().unwrap().fill(&values).unwrap_err()
        };
        let error = fill("a/{version}/b", "../1.0");
        let expected = Unfilled::Slash { template: "a/{version}/b".to_owned(), placeholder: Placeholder::Version };
        assert_eq!(error, expected);
        assert_eq!(error.to_string(), "`a/{version}/b` cannot be filled: the value of `{version}` has a slash");
        for (version, reason) in [
            ("..", "`a/../b` is not a target path: it has a `.` or `..` segment"),
            ("", "`a//b` is not a target path: it has an empty segment"),
            (
                "c:",
                "`a/c:/b` is not a target path: it has a backslash or a colon, which name drives and streams on some systems",
            ),
        ] {
            let error = fill("a/{version}/b", version);
            assert_eq!(error.to_string(), "`a/{version}/b` cannot be filled");
            assert_eq!(error.source().unwrap().to_string(), reason);
        }
    }

    #[test]
    fn a_template_says_what_it_needs() {
        let template: Template = "{sha256[:2]}/{blake2b_256}/{sha256[2:]}/{filename}".parse().unwrap();
        assert_eq!(template.digests(), [HashAlgorithm::Sha256, HashAlgorithm::Blake2b256]);
        assert!(!template.needs_page());
        let template: Template = "{url}".parse().unwrap();
        assert_eq!((template.digests(), template.needs_page()), (&[][..], true));
    }

    #[test]
    fn files_are_told_apart_by_name_link_or_all_of_a_digest() {
        for (template, expected) in [
            ("{filename}", true),
            ("{url}", true),
            ("{sha256}", true),
            ("{sha256[32:]}/{sha256[:32]}", true),
            ("{sha256[:40]}{sha256[30:64]}", true),
            ("{sha256[:32]}/{sha256[33:]}", false),
            ("{sha256[1:]}", false),
            ("{sha256[:32]}{sha512[32:]}", false),
            ("{project}/{version}", false),
        ] {
            assert_eq!(template.parse::<Template>().unwrap().tells_files_apart(), expected, "{template}");
        }
    }

    #[test]
    fn a_template_that_cannot_work_is_refused() {
        let range =
            |inner: &str| format!("`{{{inner}}}` has no range like `[0:2]`, `[4:]` or `[:2]` within 64 characters");
        for (template, reason) in [
            (
                "{file}/x",
                "`{file}` is unknown; there are {filename}, {project}, {version}, {sha256}, {sha512}, {blake2b_256}, {url}, {hash}".to_owned(),
            ),
            ("{}", "`{}` is unknown; there are {filename}, {project}, {version}, {sha256}, {sha512}, {blake2b_256}, {url}, {hash}".to_owned()),
            ("a{filename", "a `{` is not closed".to_owned()),
            ("a}{filename}", "a `}` has no `{` before it".to_owned()),
            ("{filename}}", "a `}` has no `{` before it".to_owned()),
            ("{filename[0:2]}", "`{filename[0:2]}`: only of digests a range can be taken".to_owned()),
            ("{sha256[2:2]}", range("sha256[2:2]")),
            ("{sha256[3:2]}", range("sha256[3:2]")),
            ("{sha256[0:65]}", range("sha256[0:65]")),
            ("{sha256[64:]}", range("sha256[64:]")),
            ("{sha256[2]}", range("sha256[2]")),
            ("{sha256[-1:]}", range("sha256[-1:]")),
            ("{sha256[+1:]}", range("sha256[+1:]")),
            ("{sha256[0:2}", range("sha256[0:2")),
            ("{sha256[0:99999999999999999999999]}", range("sha256[0:99999999999999999999999]")),
            ("", "`` is not a target path: it is empty".to_owned()),
            ("/{filename}", "`/example-1.0-py3-none-any.whl` is not a target path: it is absolute".to_owned()),
            (
                "../{filename}",
                "`../example-1.0-py3-none-any.whl` is not a target path: it has a `.` or `..` segment".to_owned(),
            ),
        ] {
            let error = template.parse::<Template>().unwrap_err();
            assert_eq!(error.to_string(), format!("the template `{template}` cannot be used: {reason}"));
        }
    }
}
