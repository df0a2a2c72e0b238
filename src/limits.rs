//! Every limit on what an attacker can lengthen, with its default and where the default comes from.

/// Limits of one client. All sizes are bytes of the decoded body. `Default` suits an index of PyPI's size.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// A `root.json` (TUF-1.0.34 §5.3.3, "W"). 512 KiB: Sigstore's are about 6 KiB.
    pub root_bytes: u64,
    /// `timestamp.json` (§5.4.1, "X"). 64 KiB.
    pub timestamp_bytes: u64,
    /// `snapshot.json`, also where timestamp gives a length (§5.5.1, "Y"). 8 MiB: 16,384 bins with sha512 are 3.3 MB.
    pub snapshot_bytes: u64,
    /// A targets role, also where snapshot gives a length (§5.6.1, "Z"). 16 MiB: PyPI's `bins` role is about 3 MB.
    pub targets_bytes: u64,
    /// One target, whatever length is signed for it. 16 GiB.
    pub target_bytes: u64,
    /// A target that is read into memory, an index page or a pointer, whatever length is signed for it. 64 MiB: the
    /// largest pages of PyPI have about 10 MB.
    pub page_bytes: u64,
    /// Root versions accepted in one run (§5.3.3 "Y"). 1,024; the next run goes on from there.
    pub root_rotations: u32,
    /// Delegated roles visited by one lookup (§5.6.7.1). 32.
    pub visited_roles: u32,
    /// How often an update, or a search, begins again because the repository published or cleaned up while it was read
    /// (PEP 458 "Cleaning up old metadata"). 2.
    pub restarts: u32,
    /// Metadata bytes accepted in one update and the searches of its session, over all roles. 1 GiB: all of 16,384 bins
    /// with sha512 are 0.9 GB.
    pub update_bytes: u64,
    /// Requests for delegated roles in one session, over all its searches. 65,536: four times PyPI's bins.
    pub delegated_requests: u32,
    /// Documents of delegated roles that a session keeps in memory, in bytes as they came; those that were not needed
    /// for longest are dropped, and loaded and verified again where they are. 32 MiB.
    pub kept_bytes: u64,
    /// Entries in `signatures`. 256.
    pub signatures: usize,
    /// Keys in one document. 1,024.
    pub keys: usize,
    /// Nesting of arrays and objects in a document. 16.
    pub json_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            root_bytes: 512 << 10,
            timestamp_bytes: 64 << 10,
            snapshot_bytes: 8 << 20,
            targets_bytes: 16 << 20,
            target_bytes: 16 << 30,
            page_bytes: 64 << 20,
            root_rotations: 1024,
            visited_roles: 32,
            restarts: 2,
            update_bytes: 1 << 30,
            delegated_requests: 65_536,
            kept_bytes: 32 << 20,
            signatures: 256,
            keys: 1024,
            json_depth: 16,
        }
    }
}
