//! Links of pages: what address they mean, and which target lies there.
use crate::role::TargetPath;
use crate::transport::{BaseUrl, percent_decode};
use url::Url;

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
