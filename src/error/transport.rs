//! A file could not be fetched: the network or the server is at fault.

/// A file could not be fetched.
#[derive(Debug, thiserror::Error)]
#[error("{url}: {fault}")]
pub struct TransportError {
    /// The address, without credentials.
    pub url: String,
    /// What happened.
    pub fault: TransportFault,
    /// The cause below, where there is one.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    /// An error about `url`. Credentials in it are left out.
    #[must_use]
    pub fn new(url: &str, fault: TransportFault) -> Self {
        Self { url: without_credentials(url), fault, source: None }
    }

    /// The same with what caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// What can happen to a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportFault {
    /// No connection: name, route, port or TLS.
    #[error("cannot connect")]
    Connect,
    /// A status that is neither success nor "absent".
    #[error("the server answered with status {0}")]
    Status(u16),
    /// A redirect that is not followed.
    #[error("a redirect was refused: {0}")]
    Redirect(&'static str),
    /// Nothing came for this many seconds.
    #[error("nothing came for {seconds} seconds")]
    Idle {
        /// The idle time-out.
        seconds: u64,
    },
    /// Data came, but more slowly than the minimum rate.
    #[error("data came at less than {bytes_per_second} bytes per second")]
    TooSlow {
        /// The minimum rate.
        bytes_per_second: u64,
    },
    /// The connection broke, or the file could not be read.
    #[error("reading failed")]
    Read,
    /// No transport of this client serves such an address.
    #[error("no transport for this kind of address ({0})")]
    Unsupported(&'static str),
    /// The client is offline, by its configuration.
    #[error("not fetched: the client is offline")]
    Offline,
}

/// `scheme://user:secret@host/…` without what stands before the `@`.
pub(crate) fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{tail}")
}
