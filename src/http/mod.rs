//! Fetching over HTTP, behind the feature `http`.
//!
//! What is fetched needs no trust in the channel, so nothing here decides about trust; it decides how long a stranger
//! may keep us waiting, where a stranger may send us, and what counts as "there is no such file".
//! `spec-notes/decisions/0008-http.md` says why each rule is as it is.

mod blocking;
mod connect;
mod credentials;
mod nonblocking;
mod options;
mod rate;
mod request;
mod retry;

pub use blocking::{HttpBody, HttpTransport};
pub use nonblocking::{AsyncHttpBody, AsyncHttpTransport};
pub use options::{HttpOptions, Proxy};
