//! Errors by who is at fault: the repository (or whoever stands between), the transport, the local store, the caller.
//!
//! A message never repeats its source; print the chain with [`std::error::Error::source`].

mod caller;
mod repository;
mod shared;
mod store;
mod transport;

pub use caller::CallerError;
pub use repository::{Attack, Fault, Malformed, RepositoryError, Subject};
pub use store::{StoreError, StoreFault};
pub use transport::{TransportError, TransportFault};

#[cfg(feature = "pypi")]
pub(crate) use caller::Quoted;
pub(crate) use shared::share;
pub(crate) use transport::without_credentials;

/// Everything that can go wrong, by who is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What the repository served cannot be trusted. Nothing of it was kept.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// A file could not be fetched.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The local record of what is trusted could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The library was asked for something that cannot be.
    #[error(transparent)]
    Caller(#[from] CallerError),
}
