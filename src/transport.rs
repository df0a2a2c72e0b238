//! How bytes are fetched: a name below a base address, and whether it is there at all.

use std::future::Future;
use std::io::Read;

use crate::error::{CallerError, TransportError, without_credentials};

/// The answer to a request that did not fail.
#[derive(Debug)]
pub enum Fetched<B> {
    /// The file, still to be read.
    Body(B),
    /// A genuine "there is no such file" (HTTP 404, `ENOENT`).
    NotFound,
    /// HTTP 403. Object stores without the right to list give it for missing files; whether it ends the chain of roots
    /// is a setting of the repository, off by default.
    Forbidden,
}

impl<B> Fetched<B> {
    /// The same answer with another kind of body.
    pub fn map<C>(self, wrap: impl FnOnce(B) -> C) -> Fetched<C> {
        match self {
            Self::Body(body) => Fetched::Body(wrap(body)),
            Self::NotFound => Fetched::NotFound,
            Self::Forbidden => Fetched::Forbidden,
        }
    }
}

/// Fetches files, blocking.
///
/// "Absent" is an answer; everything else that is not the file is an error. A transport limits time and redirects; how
/// many bytes are read is the caller's to limit, so a body must be produced as it is read.
pub trait Transport {
    /// The bytes of one file. An error of `read` is best made with [`std::io::Error::other`] from a [`TransportError`].
    type Body: Read;

    /// Asks for `url`, an absolute address that was made by [`BaseUrl::join`].
    ///
    /// # Errors
    /// Anything but the file or its genuine absence.
    fn fetch(&self, url: &str) -> Result<Fetched<Self::Body>, TransportError>;
}

impl<T: Transport + ?Sized> Transport for &T {
    type Body = T::Body;

    fn fetch(&self, url: &str) -> Result<Fetched<Self::Body>, TransportError> {
        (**self).fetch(url)
    }
}

/// The bytes of one file, as they come.
pub trait AsyncBody: Send {
    /// The next bytes; `None` at the end. Never an empty chunk for ever: the caller limits bytes, not calls.
    ///
    /// # Errors
    /// When the rest cannot be had.
    fn chunk(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, TransportError>> + Send;
}

/// Fetches files without blocking. See [`Transport`]; both behave the same.
pub trait AsyncTransport: Sync {
    /// The bytes of one file.
    type Body: AsyncBody;

    /// Asks for `url`, an absolute address that was made by [`BaseUrl::join`].
    ///
    /// # Errors
    /// Anything but the file or its genuine absence.
    fn fetch(&self, url: &str) -> impl Future<Output = Result<Fetched<Self::Body>, TransportError>> + Send;
}

impl<T: AsyncTransport + ?Sized> AsyncTransport for &T {
    type Body = T::Body;

    fn fetch(&self, url: &str) -> impl Future<Output = Result<Fetched<Self::Body>, TransportError>> + Send {
        (**self).fetch(url)
    }
}

/// Where a repository's metadata or targets lie: `https://`, `http://` or `file://`, ending in `/`.
///
/// Names are only ever appended to it, in percent-encoded form, so that no request leaves the base.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Takes an address as a user wrote it. A missing final slash is added.
    ///
    /// # Errors
    /// [`CallerError::BaseUrl`] for another scheme, an empty host, a query, a fragment, `.`/`..` segments, spaces,
    /// backslashes or control characters.
    ///
    /// ```
    /// use tufgate::BaseUrl;
    /// let base = BaseUrl::new("https://repo.example/metadata")?;
    /// assert_eq!(base.as_str(), "https://repo.example/metadata/");
    /// assert!(BaseUrl::new("https://repo.example/?q=1").is_err());
    /// # Ok::<(), tufgate::error::CallerError>(())
    /// ```
    pub fn new(url: &str) -> Result<Self, CallerError> {
        let refuse = |reason| Err(CallerError::BaseUrl { url: without_credentials(url), reason });
        let Some((scheme, rest)) = url.split_once("://") else {
            return refuse("it does not start with https://, http:// or file://");
        };
        if url.chars().any(|c| c.is_control() || c == ' ' || c == '\\') {
            return refuse("it has a space, a backslash or a control character");
        }
        if url.contains(['?', '#']) {
            return refuse("it has a query or a fragment, to which no name can be appended");
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        match scheme {
            "https" | "http" if authority.rsplit('@').next().is_none_or(str::is_empty) => {
                return refuse("it names no host");
            }
            "https" | "http" => {}
            "file" if authority.is_empty() => {}
            "file" => return refuse("a file address has three slashes: file:///directory/"),
            _ => return refuse("its scheme is not https, http or file"),
        }
        let dots = |s: &str| matches!(s.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
        if path.split('/').any(dots) {
            return refuse("it has a `.` or `..` segment");
        }
        let slash = if url.ends_with('/') { "" } else { "/" };
        Ok(Self(format!("{url}{slash}")))
    }

    /// The address of a local directory.
    ///
    /// # Errors
    /// When the path is not absolute or not Unicode.
    pub fn from_directory(path: &std::path::Path) -> Result<Self, CallerError> {
        let refuse = |reason| CallerError::BaseUrl { url: path.display().to_string(), reason };
        if !path.is_absolute() {
            return Err(refuse("it is not an absolute path"));
        }
        let mut url = String::from("file://");
        for component in path.components() {
            match component {
                std::path::Component::Normal(name) => {
                    let name = name.to_str().ok_or_else(|| refuse("it is not Unicode"))?;
                    url.push('/');
                    url.push_str(&crate::role::encode_url_segment(name));
                }
                std::path::Component::RootDir => {}
                _ => return Err(refuse("it has a prefix or a `..` segment")),
            }
        }
        Self::new(&url)
    }

    /// The address of `encoded_path` below this base. The path is appended as it is: make it with
    /// [`crate::RoleName::url_segment`] or [`crate::TargetPath::url_path`].
    #[must_use]
    pub fn join(&self, encoded_path: &str) -> String {
        format!("{}{encoded_path}", self.0)
    }

    /// The directory above this one; that of a host, or of a file system, is its own.
    #[must_use]
    pub(crate) fn parent(&self) -> Self {
        let below = self.0.find("://").map_or(0, |at| at.saturating_add(3));
        let inner = self.0.strip_suffix('/').unwrap_or(&self.0);
        match inner.rfind('/') {
            Some(slash) if slash >= below => Self(inner.get(..=slash).unwrap_or(&self.0).to_owned()),
            _ => self.clone(),
        }
    }

    /// The address, credentials included: for making requests, not for showing.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&without_credentials(&self.0))
    }
}

impl std::fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BaseUrl({self})")
    }
}

/// What a percent-encoded segment stands for; `None` where a `%` is not followed by two hexadecimal digits.
pub(crate) fn percent_decode(segment: &str) -> Option<Vec<u8>> {
    let hex = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let mut bytes = segment.bytes();
    let mut out = Vec::with_capacity(segment.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            other => other,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_above_an_address_is_never_above_its_host() {
        for (url, parent) in [
            ("https://u:p@index.example/a/targets/", "https://u:p@index.example/a/"),
            ("https://index.example/targets", "https://index.example/"),
            ("https://index.example", "https://index.example/"),
            ("https://index.example:8443/", "https://index.example:8443/"),
            ("file:///srv/targets/", "file:///srv/"),
            ("file:///srv", "file:///"),
            ("file:///", "file:///"),
        ] {
            assert_eq!(BaseUrl::new(url).unwrap().parent().as_str(), parent, "{url}");
        }
    }
}
