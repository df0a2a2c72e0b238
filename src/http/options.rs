//! What a user may choose.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::without_credentials;

/// How an HTTP transport behaves. `Default` suits a public index over the internet.
///
/// ```
/// let mut options = tufgate::HttpOptions::default();
/// options.user_agent = format!("my-installer/1.0 {}", options.user_agent);
/// assert_eq!(options.redirects, 5);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HttpOptions {
    /// The time to connect in, name lookup and TLS included. 10 seconds.
    pub connect_timeout: Duration,
    /// The longest silence, once connected. 30 seconds. The head of an answer, over all its redirects, must be there
    /// within this and `connect_timeout` together.
    pub idle_timeout: Duration,
    /// The slowest that a body may come, in decoded bytes per second. 1,024. It is measured over each `rate_window`
    /// of waiting, so that a body of n bytes takes at most about n divided by this many seconds. Time in which the
    /// caller does not ask for bytes is not counted.
    pub minimum_rate: u64,
    /// The stretch of waiting over which the rate is measured. 30 seconds.
    pub rate_window: Duration,
    /// Redirects followed for one file. 5.
    pub redirects: u32,
    /// Times one request is repeated after a failure to connect, a broken connection before any answer, or a status of
    /// 429 or 5xx. 3, and none after a minute. Nothing else is ever repeated.
    pub retries: u32,
    /// The wait before the first repetition; it doubles each time and varies at random by a half. 500 milliseconds.
    pub retry_delay: Duration,
    /// Files with certificates (PEM) of authorities that are trusted besides the system's. Empty. On systems whose own
    /// store does not heed it, the file named by the variable `SSL_CERT_FILE` counts as one of these.
    pub extra_roots: Vec<PathBuf>,
    /// Which proxy is used. From the environment.
    pub proxy: Proxy,
    /// The `User-Agent`. `tufgate/` and the version of this library.
    pub user_agent: String,
    /// A file in the format of `.netrc` with user names and passwords by host. None. A user name in the address comes
    /// first; `default` entries are ignored: a password goes only to a host that was named for it.
    pub netrc: Option<PathBuf>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            minimum_rate: 1024,
            rate_window: Duration::from_secs(30),
            redirects: 5,
            retries: 3,
            retry_delay: Duration::from_millis(500),
            extra_roots: Vec::new(),
            proxy: Proxy::Environment,
            user_agent: concat!("tufgate/", env!("CARGO_PKG_VERSION")).to_owned(),
            netrc: None,
        }
    }
}

/// Which proxy is used. `https://` goes through a proxy as a tunnel (`CONNECT`): a proxy never sees inside.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proxy {
    /// What `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say, in capitals or not, or else the system's
    /// settings on macOS and Windows. A variable that is not an address is ignored.
    #[default]
    Environment,
    /// None, whatever the environment says.
    Direct,
    /// This one for everything but the hosts in `NO_PROXY`: `http://`, `https://` or `socks5h://`.
    Url(String),
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("Environment"),
            Self::Direct => f.write_str("Direct"),
            Self::Url(url) => f.debug_tuple("Url").field(&shown(url)).finish(),
        }
    }
}

/// A proxy may also be given as `user:secret@host:port`, without a scheme.
fn shown(url: &str) -> String {
    if url.contains("://") {
        without_credentials(url)
    } else {
        url.rsplit_once('@').map_or(url, |(_, host)| host).to_owned()
    }
}
