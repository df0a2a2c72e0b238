//! A hostile signing repository in memory.
//!
//! It signs whatever a test puts into its documents, serves it to a client by a transport without a network, and logs
//! what was asked. It shares no code with the library: canonical form, hashes and encoding are written here again, so
//! that both sides have to be right.
//!
//! ```ignore
//! let mut repo = Repository::new();                       // four roles in version 1, valid until 2035, published
//! repo.add_target("targets", "a/b.whl", b"wheel");        // listed with sha256, and served
//! repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]).terminating());
//! repo.add_target("alice", "alice/c.whl", b"another");
//! repo.publish();                                         // targets 2, alice 1, snapshot 2, timestamp 2
//!
//! let pinned = repo.root_file(1);                         // what the client is shipped with
//! let client = ...(pinned, repo.metadata_base(), repo.targets_base(), repo.transport(), now());
//! repo.assert_log(&["metadata/2.root.json", "metadata/timestamp.json", "metadata/2.snapshot.json", ...]);
//!
//! let old = repo.files();                                 // a mirror keeps the files of today ...
//! repo.rotate("timestamp", [Key::ed25519(7)]);
//! repo.publish();                                         // root 2, timestamp 3
//! repo.go_back_to(&old);                                  // ... and replays them
//!
//! repo.targets.signed["version"] = raw("1.0");            // documents are JSON values, and raw text where need be
//! repo.publish();                                         // the lie is signed, and correctly pinned above
//! repo.snapshot.signed["meta"]["targets.json"]["version"] = 9.into();
//! repo.publish_snapshot();                                // snapshot itself lies: pinned above, not corrected
//! repo.timestamp.sign_with([Key::named("mallory")]).junk_signatures(300);
//! repo.put("timestamp");                                  // signed and served as it is: no new version, nothing else
//! repo.break_after("metadata/timestamp.json", 100);       // lies of the server lie above all that until lifted
//! assert_refused(result, "timestamp", Fault::Threshold { ... });
//! ```
//!
//! - [`Repository`] (`repository.rs`): the roles, and the four steps of publishing: `publish` corrects everything,
//!   `publish_snapshot` and `publish_timestamp` leave their own document alone, `put` touches one file only.
//! - [`Role`] (`role.rs`): `signed`, `keys`, and everything that spoils the envelope around them.
//! - [`Delegation`] (`delegation.rs`): delegations, hash bins, succinct roles, rotation of keys.
//! - [`Key`] (`keys.rs`): ed25519 from a number or a name, ECDSA and RSA from `tests/data/keys`, keys that are none.
//! - [`Answer`] and [`SimTransport`] (`serve.rs`): what is answered to a request, the log, bytes read.
//! - [`raw`] and friends (`json.rs`): canonical form, text that no publisher should write, hashes.
//! - `assert.rs`: whole errors, whole logs.
//!
//! Paths are always those below `https://sim.test/`, in encoded form: `metadata/2.root.json`, `targets/a/HASH.b.whl`.

pub mod assert;
pub mod delegation;
pub mod json;
pub mod keys;
pub mod repository;
pub mod role;
pub mod serve;
mod tests_of_forms;
mod tests_of_serving;

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use self::assert::{assert_refused, assert_target_refused, assert_transport};
pub use self::delegation::{Delegation, succinct_name};
pub use self::json::{canonical, described, hash, hex, raw};
pub use self::keys::{Key, signature};
pub use self::repository::{Repository, target_path};
pub use self::role::{Role, document};
pub use self::serve::{Answer, Files, ORIGIN, SimBody, SimTransport};

/// When all roles expire unless told: five years after [`now`].
pub const EXPIRES: &str = "2035-01-01T00:00:00Z";

/// 24 hours.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The time of all tests: 2030-01-01T00:00:00Z.
pub fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_893_456_000)
}

/// Runs a future that waits for nothing but the simulator.
pub fn block_on<F: Future>(future: F) -> F::Output {
    match poll_times(future, usize::MAX) {
        Some(output) => output,
        None => unreachable!("polled without end"),
    }
}

/// Polls a future at most this many times and then drops it: `None` where it was interrupted. The simulator makes a
/// future wait once before each request and each piece of a body, so these are the places of interruption.
pub fn poll_times<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..times).find_map(|_| match future.as_mut().poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    })
}
