//! Profiles: where an index has the targets of its pages and of its distributions.

use std::fmt;
use std::str::FromStr;

use super::{PageFormat, Placeholder, ProjectName, Template, TemplateError, Unfilled, Values};
use crate::digest::Digest;
use crate::error::Quoted;
use crate::role::TargetPath;

/// Which targets answer for a project and for a distribution of an index, in the order they are tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pages: Vec<PageSource>,
    files: Vec<FileSource>,
    plain_target_names: bool,
}

/// The target of a project's index page, spelled `TARGET` or `TARGET -> STORED`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageSource {
    target: Template,
    stored: Option<Template>,
    format: PageFormat,
}

/// What binds a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileSource {
    /// It is a target itself, under the path that the template gives.
    Target(Template),
    /// `{page}`: it is no target; the hash that the signed page of its project gives binds it.
    Page,
    /// `pointer:TEMPLATE`: a small target names its digest. See [`super::Pointer`].
    Pointer(Template),
}

/// A profile, or a part of one, that cannot be used. The message names the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// There is no profile of this name.
    #[error("`profile`: {} is unknown; there are pep458, warehouse, rstuf, datadog and custom", Quoted(.name))]
    Unknown {
        /// What was given.
        name: String,
    },
    /// A profile leaves its targets to the configuration, which says nothing.
    #[error("`profile`: {name} needs `target`, which says where distributions are")]
    NoTarget {
        /// The profile.
        name: String,
    },
    /// A template in it cannot be used.
    #[error("`{key}`: {source}")]
    Template {
        /// `page` or `target`.
        key: &'static str,
        /// Why not.
        source: TemplateError,
    },
    /// A template that would be used for what it cannot do.
    #[error("`{key}`: {} {reason}", Quoted(.spelled))]
    Source {
        /// `page` or `target`.
        key: &'static str,
        /// What was given.
        spelled: String,
        /// What is missing or too much.
        reason: String,
    },
    /// A distribution is to be found by its page, and there is no page.
    #[error("`target`: {} needs the index page of the project, and no `page` is given", Quoted(.spelled))]
    NoPage {
        /// The source.
        spelled: String,
    },
}

/// A built-in profile: its name, pages, targets, and whether targets lie under plain names.
type Row = (&'static str, &'static [&'static str], &'static [&'static str], bool);

const PROFILES: [Row; 5] = [
    ("pep458", &["simple/{project}/index.json", "simple/{project}/index.html"], &["{url}"], false),
    (
        "warehouse",
        &["{project} -> {project}/{hash}.{project}.html"],
        &["{blake2b_256[0:2]}/{blake2b_256[2:4]}/{blake2b_256[4:]}/{filename}", "{page}"],
        true,
    ),
    ("rstuf", &[], &[], false),
    (
        "datadog",
        &["simple/{project}/index.html"],
        &[
            "simple/{project}/{filename}",
            "pointer:{project}/{version}.json",
            "pointer:wheelsmith/v1/{project}/{version}.json",
        ],
        false,
    ),
    ("custom", &[], &["packages/{filename}"], false),
];

impl Profile {
    /// The built-in profile of this name: `pep458`, `warehouse`, `datadog`, or `custom` with its default.
    ///
    /// # Errors
    /// [`ProfileError::Unknown`]; [`ProfileError::NoTarget`] for `rstuf`, whose targets only its operator knows.
    pub fn named(name: &str) -> Result<Self, ProfileError> {
        Self::configured(Some(name), Vec::new(), Vec::new())
    }

    /// A profile of one's own: targets are looked for in this order, and lie under the names that their repository's
    /// metadata asks for.
    ///
    /// # Errors
    /// [`ProfileError::NoTarget`] without any file source; [`ProfileError::NoPage`] where a distribution is to be found by
    /// its page and there is none.
    pub fn new(pages: Vec<PageSource>, files: Vec<FileSource>) -> Result<Self, ProfileError> {
        Self { pages, files, plain_target_names: false }.checked("custom")
    }

    /// What the keys `profile`, `page` and `target` of an index say together. Keys that are given replace what the profile
    /// says. Without `profile` it is `custom` where `target` is given, else `pep458`.
    ///
    /// # Errors
    /// As [`Profile::named`] and [`Profile::new`].
    pub fn configured(
        name: Option<&str>,
        pages: Vec<PageSource>,
        files: Vec<FileSource>,
    ) -> Result<Self, ProfileError> {
        let name = name.unwrap_or(if files.is_empty() { "pep458" } else { "custom" });
        let (name, built_in_pages, built_in_files, plain_target_names) = *PROFILES
            .iter()
            .find(|(known, ..)| *known == name)
            .ok_or_else(|| ProfileError::Unknown { name: name.to_owned() })?;
        let pages = if pages.is_empty() { parse_all(built_in_pages)? } else { pages };
        let files = if files.is_empty() { parse_all(built_in_files)? } else { files };
        Self { pages, files, plain_target_names }.checked(name)
    }

    /// The targets of a project's index page, in the order they are tried.
    #[must_use]
    pub fn pages(&self) -> &[PageSource] {
        &self.pages
    }

    /// What may bind a distribution, in the order it is tried.
    #[must_use]
    pub fn files(&self) -> &[FileSource] {
        &self.files
    }

    /// Whether distributions lie under their plain names also where the metadata promises hashes in names (TUF-1.0.34
    /// §5.7.3), because their paths carry a digest already.
    #[must_use]
    pub fn plain_target_names(&self) -> bool {
        self.plain_target_names
    }

    fn checked(self, name: &str) -> Result<Self, ProfileError> {
        if self.files.is_empty() {
            return Err(ProfileError::NoTarget { name: name.to_owned() });
        }
        match self.files.iter().find(|file| file.needs_page()) {
            Some(file) if self.pages.is_empty() => Err(ProfileError::NoPage { spelled: file.to_string() }),
            _ => Ok(self),
        }
    }
}

fn parse_all<T: FromStr<Err = ProfileError>>(spelled: &[&str]) -> Result<Vec<T>, ProfileError> {
    spelled.iter().map(|spelled| spelled.parse()).collect()
}

impl PageSource {
    /// The template of the target path.
    #[must_use]
    pub fn target(&self) -> &Template {
        &self.target
    }

    /// The template of where the page is stored below the targets address, if that does not follow from the target.
    #[must_use]
    pub fn stored(&self) -> Option<&Template> {
        self.stored.as_ref()
    }

    /// In which format the page is: JSON where the path it is stored under ends in `.json`, else HTML.
    #[must_use]
    pub fn format(&self) -> PageFormat {
        self.format
    }

    /// The target path of a project's page.
    ///
    /// # Errors
    /// As [`Template::fill`].
    pub fn target_path(&self, project: &ProjectName) -> Result<TargetPath, Unfilled> {
        self.target.fill(&Values { project: Some(project), ..Values::default() })
    }

    /// The project whose page a target is, if it is one: the other way round than [`PageSource::target_path`].
    #[must_use]
    pub fn project_of(&self, path: &TargetPath) -> Option<ProjectName> {
        let template = self.target.to_string();
        let (before, _) = template.split_once("{project}")?;
        let rest = path.as_str().strip_prefix(before)?;
        let is_of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let most = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len()).min(ProjectName::MAX_BYTES);
        // What stands behind the name may go on with characters of names, so that only trying tells where it ends.
        (1..=most).rev().find_map(|length| {
            let project = ProjectName::new(rest.get(..length)?).ok()?;
            (self.target_path(&project).ok()? == *path).then_some(project)
        })
    }

    /// Where a project's page with this signed hash is stored below the targets address; `None` where that follows from
    /// the target.
    ///
    /// # Errors
    /// As [`Template::fill`].
    pub fn stored_path(&self, project: &ProjectName, hash: &Digest) -> Option<Result<TargetPath, Unfilled>> {
        let values = Values { project: Some(project), hash: Some(hash), ..Values::default() };
        self.stored.as_ref().map(|stored| stored.fill(&values))
    }
}

impl FromStr for PageSource {
    type Err = ProfileError;

    fn from_str(spelled: &str) -> Result<Self, ProfileError> {
        let key = "page";
        let refuse = |reason: String| ProfileError::Source { key, spelled: spelled.to_owned(), reason };
        let template = |text: &str| text.parse::<Template>().map_err(|source| ProfileError::Template { key, source });
        let (target, stored) = match spelled.split_once(" -> ") {
            Some((target, stored)) => (template(target)?, Some(template(stored)?)),
            None => (template(spelled)?, None),
        };
        if let Some(other) = target.placeholders().find(|found| *found != Placeholder::Project) {
            return Err(refuse(format!("can have `{{project}}` alone, not `{other}`")));
        }
        if !target.has(Placeholder::Project) {
            return Err(refuse("has no `{project}`, so that all projects would have one page".to_owned()));
        }
        let known = [Placeholder::Project, Placeholder::Hash];
        if let Some(other) = stored.iter().flat_map(Template::placeholders).find(|found| !known.contains(found)) {
            return Err(refuse(format!("can be stored by `{{project}}` and `{{hash}}`, not by `{other}`")));
        }
        let is_json = stored.as_ref().unwrap_or(&target).to_string().ends_with(".json");
        let format = if is_json { PageFormat::Json } else { PageFormat::Html };
        Ok(Self { target, stored, format })
    }
}

impl fmt::Display for PageSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stored {
            Some(stored) => write!(f, "{} -> {stored}", self.target),
            None => self.target.fmt(f),
        }
    }
}

impl FileSource {
    /// Whether the signed page of the project is needed.
    #[must_use]
    pub fn needs_page(&self) -> bool {
        match self {
            Self::Target(template) => template.needs_page(),
            Self::Page => true,
            Self::Pointer(_) => false,
        }
    }
}

impl FromStr for FileSource {
    type Err = ProfileError;

    fn from_str(spelled: &str) -> Result<Self, ProfileError> {
        let key = "target";
        if spelled == "{page}" {
            return Ok(Self::Page);
        }
        let refuse =
            |reason: &str| ProfileError::Source { key, spelled: spelled.to_owned(), reason: reason.to_owned() };
        let pointer = spelled.strip_prefix("pointer:");
        let template: Template =
            pointer.unwrap_or(spelled).parse().map_err(|source| ProfileError::Template { key, source })?;
        if template.has(Placeholder::Hash) {
            return Err(refuse("cannot have `{hash}`, which is known only once the target was found"));
        }
        if pointer.is_none() {
            return match template.tells_files_apart() {
                true => Ok(Self::Target(template)),
                false => Err(refuse(
                    "has neither `{filename}` nor all of a digest nor `{url}`, so that different files would be the same target",
                )),
            };
        }
        if template.needs_page() {
            return Err(refuse("cannot have `{url}`: a pointer is found without a page"));
        }
        let one_release = template.has(Placeholder::Project) && template.has(Placeholder::Version);
        if !one_release && !template.tells_files_apart() {
            return Err(refuse(
                "has not `{project}` and `{version}`, so that different files would have the same pointer",
            ));
        }
        Ok(Self::Pointer(template))
    }
}

impl fmt::Display for FileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(template) => template.fmt(f),
            Self::Page => f.write_str("{page}"),
            Self::Pointer(template) => write!(f, "pointer:{template}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled<T: fmt::Display>(sources: &[T]) -> Vec<String> {
        sources.iter().map(T::to_string).collect()
    }

    #[test]
    fn built_in_profiles_are_as_documented() {
        let warehouse = "{blake2b_256[0:2]}/{blake2b_256[2:4]}/{blake2b_256[4:]}/{filename}";
        for (name, pages, files, plain, formats) in [
            (
                "pep458",
                vec!["simple/{project}/index.json", "simple/{project}/index.html"],
                vec!["{url}"],
                false,
                vec![PageFormat::Json, PageFormat::Html],
            ),
            (
                "warehouse",
                vec!["{project} -> {project}/{hash}.{project}.html"],
                vec![warehouse, "{page}"],
                true,
                vec![PageFormat::Html],
            ),
            (
                "datadog",
                vec!["simple/{project}/index.html"],
                vec![
                    "simple/{project}/{filename}",
                    "pointer:{project}/{version}.json",
                    "pointer:wheelsmith/v1/{project}/{version}.json",
                ],
                false,
                vec![PageFormat::Html],
            ),
            ("custom", vec![], vec!["packages/{filename}"], false, vec![]),
        ] {
            let profile = Profile::named(name).unwrap();
            assert_eq!((spelled(profile.pages()), spelled(profile.files())), (owned(&pages), owned(&files)));
            assert_eq!(profile.plain_target_names(), plain);
            assert_eq!(profile.pages().iter().map(PageSource::format).collect::<Vec<_>>(), formats);
        }
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn the_keys_of_an_index_say_its_profile_together() {
        let page = || vec!["{project}.json".parse().unwrap()];
        let file = || vec!["f/{filename}".parse().unwrap()];
        let configured = |name, pages, files| Profile::configured(name, pages, files);
        assert_eq!(configured(None, vec![], vec![]), Profile::named("pep458"));
        assert_eq!(configured(None, page(), file()), Profile::new(page(), file()));
        assert_eq!(configured(Some("rstuf"), page(), file()), Profile::new(page(), file()));
        let mixed = configured(Some("warehouse"), page(), vec![]).unwrap();
        assert_eq!(spelled(mixed.pages()), ["{project}.json"]);
        assert_eq!(mixed.files(), Profile::named("warehouse").unwrap().files());
        assert!(mixed.plain_target_names());
    }

    #[test]
    fn a_profile_that_cannot_work_is_refused() {
        for (profile, expected) in [
            (
                Profile::named("pypi"),
                "`profile`: `pypi` is unknown; there are pep458, warehouse, rstuf, datadog and custom",
            ),
            (Profile::named("rstuf"), "`profile`: rstuf needs `target`, which says where distributions are"),
            (Profile::new(vec![], vec![]), "`profile`: custom needs `target`, which says where distributions are"),
            (
                Profile::new(vec![], vec![FileSource::Page]),
                "`target`: `{page}` needs the index page of the project, and no `page` is given",
            ),
            (
                Profile::configured(None, vec![], vec!["a/{url}".parse().unwrap()]),
                "`target`: `a/{url}` needs the index page of the project, and no `page` is given",
            ),
        ] {
            assert_eq!(profile.unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_page_that_cannot_work_is_refused() {
        for (page, expected) in [
            (
                "simple/index.html",
                "`page`: `simple/index.html` has no `{project}`, so that all projects would have one page",
            ),
            ("{project}/{version}", "`page`: `{project}/{version}` can have `{project}` alone, not `{version}`"),
            (
                "{project} -> {sha256}",
                "`page`: `{project} -> {sha256}` can be stored by `{project}` and `{hash}`, not by `{sha256}`",
            ),
            (
                "{projekt}",
                "`page`: the template `{projekt}` cannot be used: `{projekt}` is unknown; there are {filename}, {project}, {version}, {sha256}, {sha512}, {blake2b_256}, {url}, {hash}",
            ),
            ("{project} -> /x", "`page`: the template `/x` cannot be used: `/x` is not a target path: it is absolute"),
        ] {
            assert_eq!(page.parse::<PageSource>().unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_target_that_cannot_work_is_refused() {
        for (file, expected) in [
            (
                "{project}/{sha256[:8]}",
                "`target`: `{project}/{sha256[:8]}` has neither `{filename}` nor all of a digest nor `{url}`, so that different files would be the same target",
            ),
            ("{hash}", "`target`: `{hash}` cannot have `{hash}`, which is known only once the target was found"),
            ("pointer:{url}", "`target`: `pointer:{url}` cannot have `{url}`: a pointer is found without a page"),
            (
                "pointer:{project}.json",
                "`target`: `pointer:{project}.json` has not `{project}` and `{version}`, so that different files would have the same pointer",
            ),
            ("pointer:", "`target`: the template `` cannot be used: `` is not a target path: it is empty"),
        ] {
            assert_eq!(file.parse::<FileSource>().unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a159_a_project_has_one_page_in_every_spelling() {
        let page: PageSource = "{project} -> {project}/{hash}.{project}.json".parse().unwrap();
        assert_eq!(page.format(), PageFormat::Json);
        let hash = Digest::from_bytes(crate::HashAlgorithm::Sha256, &[0xab; 32]).unwrap();
        for spelling in ["Foo_Bar", "foo-bar", "FOO.bar"] {
            let project = ProjectName::new(spelling).unwrap();
            assert_eq!(page.target_path(&project).unwrap().as_str(), "foo-bar");
            let stored = page.stored_path(&project, &hash).unwrap().unwrap();
            assert_eq!(stored.as_str(), format!("foo-bar/{}.foo-bar.json", "ab".repeat(32)));
        }
        let plain: PageSource = "simple/{project}/index.html".parse().unwrap();
        assert_eq!(plain.stored_path(&ProjectName::new("a").unwrap(), &hash), None);
    }

    #[test]
    fn the_project_of_a_page_is_found_by_the_path_of_its_target() {
        for (template, path, project) in [
            ("simple/{project}/index.html", "simple/a-b2/index.html", Some("a-b2")),
            ("simple/{project}/index.html", "simple/a-b2/index.json", None),
            ("simple/{project}/index.html", "simple/A/index.html", None),
            ("simple/{project}/index.html", "index.html", None),
            ("{project} -> {project}/{hash}.{project}.html", "example", Some("example")),
            ("{project} -> {project}/{hash}.{project}.html", "30/ab/example-1.0.zip", None),
            // What follows the name looks like a part of it.
            ("p/{project}-index.html", "p/a-index-index.html", Some("a-index")),
            ("{project}/{project}.html", "a/a.html", Some("a")),
            ("{project}/{project}.html", "a/b.html", None),
        ] {
            let page: PageSource = template.parse().unwrap();
            let found = page.project_of(&TargetPath::new(path).unwrap());
            assert_eq!(found.as_ref().map(ProjectName::as_str), project, "{template} {path}");
        }
    }
}
