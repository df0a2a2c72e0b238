//! A client and verifier for repositories signed with The Update Framework (TUF), made for Python package indexes as
//! PEP 458 describes them.
//!
//! Whatever it approves was approved by a chain of signatures that starts at a root file which the caller pinned:
//!
//! ```text
//! bytes → Unverified → Verified → TrustedRoot → FreshRoot → TrustedTimestamp → TrustedSnapshot → TrustedTargets
//!       → Session → Lookup → TargetInfo → TargetVerifier → Approved
//! ```
//!
//! Most programs need [`Client`] (or [`AsyncClient`]), a [`Transport`] such as [`FileTransport`], and a [`Store`] such as
//! [`FileStore`]. Those that have their own way to fetch and to keep files drive the machines [`Refresh`] and [`Lookup`]
//! themselves: they do no I/O and know no clock.

mod any;
mod atomic;
mod canonical;
mod client;
mod commit;
mod crypto;
mod digest;
pub mod error;
mod file;
mod file_store;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "http")]
mod http;
mod kept;
mod limits;
mod lookup;
mod memory_store;
mod metadata;
mod notice;
mod pattern;
#[cfg(feature = "pypi")]
pub mod pypi;
mod refresh;
mod role;
mod session;
mod settings;
mod store;
mod target;
mod time;
mod transport;
mod trusted;
mod trusted_role;
mod verify;

pub use any::{AnyBody, AnyTransport};
pub use client::{AsyncClient, Client, Downloaded, Repository};
pub use commit::Commit;
pub use digest::{Digest, HashAlgorithm, Hasher, Hashes};
pub use error::Error;
pub use file::{FileBody, FileTransport};
pub use file_store::FileStore;
#[cfg(feature = "http")]
pub use http::{AsyncHttpBody, AsyncHttpTransport, HttpBody, HttpOptions, HttpTransport, Proxy};
pub use limits::Limits;
pub use lookup::{Found, Lookup};
pub use memory_store::MemoryStore;
pub use metadata::{Delegation, Delegations, Key, KeySet, MetaFile, Root, Snapshot, TargetEntry, Targets, Timestamp};
pub use notice::Notice;
pub use refresh::{Action, Fetch, Refresh};
pub use role::{RoleName, TargetPath};
pub use session::Session;
pub use settings::Settings;
pub use store::{Entry, Store, StoreLock};
pub use target::{Approved, TargetInfo, TargetVerifier};
pub use transport::{AsyncBody, AsyncTransport, BaseUrl, Fetched, Transport};
pub use trusted_role::TrustedRole;
