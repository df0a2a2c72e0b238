//! Links of pages: what address they mean, and which target lies there.

use url::Url;

use super::PageError;
use crate::error::without_credentials;
use crate::role::TargetPath;
use crate::transport::{BaseUrl, percent_decode};

/// The target that lies at an absolute address: its path below the address of the targets, each segment percent-decoded
/// once.
///
/// `None` for another scheme, host or port, for a name and password in the address, for a query, for a path that is not
/// below the targets, and for what is no target path once decoded: an encoded slash does not become a separator.
#[must_use]
pub fn target_path_of(url: &str, targets: &BaseUrl) -> Option<TargetPath> {
    let (url, base) = (Url::parse(url).ok()?, Url::parse(targets.as_str()).ok()?);
    let same_place = (url.scheme(), url.host(), url.port_or_known_default())
        == (base.scheme(), base.host(), base.port_or_known_default());
    if !same_place || !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return None;
    }
    let segments = |url: &Url| -> Option<Vec<String>> {
        url.path_segments()?.map(|segment| String::from_utf8(percent_decode(segment)?).ok()).collect()
    };
    let (mut below, path) = (segments(&base)?, segments(&url)?);
    // The address of the targets ends in a slash, behind which stands nothing.
    below.pop_if(|last| last.is_empty())?;
    let rest = path.strip_prefix(below.as_slice())?;
    if rest.iter().any(|segment| segment.contains('/')) {
        return None;
    }
    TargetPath::new(rest.join("/")).ok()
}

/// The address of a page.
pub(super) fn base(url: &str) -> Result<Url, PageError> {
    Url::parse(url).ok().filter(is_usable).ok_or_else(|| PageError::Base { url: without_credentials(url) })
}

/// Where a link leads from a page; `None` where that is no address of a file.
pub(super) fn resolve(base: &Url, href: &str) -> Option<Url> {
    base.join(href).ok().filter(is_usable)
}

/// The last segment of an address, percent-decoded once.
pub(super) fn last_segment(url: &Url) -> Option<String> {
    String::from_utf8(percent_decode(url.path_segments()?.next_back()?)?).ok()
}

pub(super) fn without_fragment(mut url: Url) -> String {
    url.set_fragment(None);
    url.into()
}

fn is_usable(url: &Url) -> bool {
    matches!(url.scheme(), "https" | "http" | "file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(targets: &str, url: &str) -> Option<String> {
        target_path_of(url, &BaseUrl::new(targets).unwrap()).map(|path| path.as_str().to_owned())
    }

    #[test]
    fn a_link_below_the_targets_names_its_target() {
        let targets = "https://index.example/targets";
        for (url, expected) in [
            ("https://index.example/targets/packages/a-1.whl", "packages/a-1.whl"),
            ("https://INDEX.example:443/targets/a-1.whl#sha256=00", "a-1.whl"),
            ("https://index.example/x/../targets/a-1.whl", "a-1.whl"),
            ("https://index.example/t%61rgets/a-1%2B2.whl", "a-1+2.whl"),
            ("https://index.example/targets/a%252fb", "a%2fb"),
            ("https://index.example/targets/%C3%A4", "ä"),
        ] {
            assert_eq!(below(targets, url).as_deref(), Some(expected), "{url}");
        }
        assert_eq!(below("https://index.example", "https://index.example/a/b").as_deref(), Some("a/b"));
        assert_eq!(below("https://u:p@index.example/t/", "https://index.example/t/a").as_deref(), Some("a"));
        assert_eq!(below("file:///srv/targets/", "file:///srv/targets/a%20b").as_deref(), Some("a b"));
    }

    #[test]
    fn a162_a_link_that_is_not_below_the_targets_names_none() {
        let targets = "https://index.example/targets/";
        for url in [
            "http://index.example/targets/a",
            "https://index.example:444/targets/a",
            "https://evil.example/targets/a",
            "https://index.example.evil.example/targets/a",
            "https://index.example@evil.example/targets/a",
            "https://u:p@index.example/targets/a",
            "https://index.example/targets/a?b",
            "https://index.example/targets/a?",
            "https://index.example/targets",
            "https://index.example/targets/",
            "https://index.example/targets2/a",
            "https://index.example/targets/../a",
            "https://index.example/targets/%2e%2e/a",
            "https://index.example/targets/a%2fb",
            "https://index.example/targets/..%2fb",
            "https://index.example/targets%2fa",
            "https://index.example/targets/a%5cb",
            "https://index.example/targets/a//b",
            "https://index.example/targets/a/",
            "https://index.example/targets/a%00",
            "https://index.example/targets/a%",
            "https://index.example/targets/%ff",
            "targets/a",
            "data:targets/a",
        ] {
            assert_eq!(below(targets, url), None, "{url}");
        }
        assert_eq!(below("file:///srv/targets/", "file://host/srv/targets/a"), None);
    }
}
