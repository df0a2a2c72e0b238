//! Assertions over whole values.

use std::fmt::Debug;

use tufgate::error::{Error, Fault, RepositoryError, Subject, TransportFault};
use tufgate::{RoleName, TargetPath};

use super::repository::Repository;
use super::serve::ORIGIN;

impl Repository {
    /// Takes the log and compares all of it.
    #[track_caller]
    pub fn assert_log(&self, paths: &[&str]) {
        assert_eq!(self.take_log(), paths, "requests (left: made, right: expected)");
    }
}

/// The metadata of `role` was refused for exactly this.
#[track_caller]
pub fn assert_refused<T: Debug>(result: Result<T, impl Into<Error>>, role: &str, fault: Fault) {
    assert_repository(result, Subject::Role(RoleName::new(role).unwrap()), fault);
}

/// The target was refused for exactly this.
#[track_caller]
pub fn assert_target_refused<T: Debug>(result: Result<T, impl Into<Error>>, path: &str, fault: Fault) {
    assert_repository(result, Subject::Target(TargetPath::new(path).unwrap()), fault);
}

#[track_caller]
fn assert_repository<T: Debug>(result: Result<T, impl Into<Error>>, subject: Subject, fault: Fault) {
    match result.map_err(Into::into) {
        Err(Error::Repository(found)) => assert_eq!(found, RepositoryError { subject, fault }),
        Err(other) => panic!("{subject}: {fault}\nwas expected, but it failed by {other:?}"),
        Ok(value) => panic!("{subject}: {fault}\nwas expected, but it went well: {value:?}"),
    }
}

/// The request for `path` (below the common base) failed with exactly this.
#[track_caller]
pub fn assert_transport<T: Debug>(result: Result<T, impl Into<Error>>, path: &str, fault: TransportFault) {
    match result.map_err(Into::into) {
        Err(Error::Transport(found)) => assert_eq!((found.url, found.fault), (format!("{ORIGIN}{path}"), fault)),
        Err(other) => panic!("{path}: {fault}\nwas expected, but it failed by {other:?}"),
        Ok(value) => panic!("{path}: {fault}\nwas expected, but it went well: {value:?}"),
    }
}
