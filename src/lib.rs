//! A client and verifier for repositories signed with The Update Framework (TUF), made for Python package indexes as
//! PEP 458 describes them.

mod atomic;
mod digest;
pub mod error;
mod file_store;
mod limits;
mod memory_store;
mod role;
mod store;
mod time;
mod transport;

pub use digest::{Digest, HashAlgorithm, Hasher, Hashes};
pub use error::Error;
pub use file_store::FileStore;
pub use limits::Limits;
pub use memory_store::MemoryStore;
pub use role::{RoleName, TargetPath};
pub use store::{Entry, Store, StoreLock};
pub use transport::{AsyncBody, AsyncTransport, BaseUrl, Fetched, Transport};
