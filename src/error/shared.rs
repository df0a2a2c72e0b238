//! One failure, told to all who waited for what failed.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use super::{Error, StoreError, TransportError};

/// The same error once more, with the same text and the same causes.
pub(crate) fn share(error: &Arc<Error>) -> Error {
    let cause = || error.source().map(|_| Cause(Arc::clone(error)));
    match &**error {
        Error::Repository(error) => error.clone().into(),
        Error::Caller(error) => error.clone().into(),
        Error::Transport(TransportError { url, fault, .. }) => {
            let source = cause().map(|cause| cause.into());
            TransportError { url: url.clone(), fault: fault.clone(), source }.into()
        }
        Error::Store(StoreError { path, fault, source }) => {
            let kind = source.as_ref().map_or(io::ErrorKind::Other, io::Error::kind);
            let source = cause().map(|cause| io::Error::new(kind, cause));
            StoreError { path: path.clone(), fault: fault.clone(), source }.into()
        }
    }
}

/// What caused a shared error.
struct Cause(Arc<Error>);

impl Cause {
    fn get(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().map_or(Ok(()), |cause| fmt::Display::fmt(cause, f))
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.get(), f)
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.get()?.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{CallerError, Fault, RepositoryError, StoreFault, TransportFault};
    use crate::role::RoleName;

    fn chain(error: &Error) -> Vec<String> {
        let first: &dyn StdError = error;
        std::iter::successors(Some(first), |&error| error.source()).map(ToString::to_string).collect()
    }

    #[test]
    fn a_shared_error_has_the_same_text_and_causes() {
        let io = || io::Error::new(io::ErrorKind::StorageFull, "no space left");
        let refused = TransportError::new("https://index.example/x", TransportFault::Connect);
        for (error, causes) in [
            (TransportError::new("https://index.example/x", TransportFault::Read).caused_by(refused).into(), 2),
            (TransportError::new("https://index.example/x", TransportFault::Offline).into(), 1),
            (StoreError::new("floors", StoreFault::Write).caused_by(io()).into(), 2),
            (StoreError::new("floors", StoreFault::Lock).into(), 1),
            (RepositoryError::role(&RoleName::ROOT, Fault::Missing).into(), 1),
            (CallerError::Stopped.into(), 1),
        ] {
            let error: Arc<Error> = Arc::new(error);
            assert_eq!((chain(&share(&error)), chain(&error).len()), (chain(&error), causes));
        }
        let shared = share(&Arc::new(StoreError::new("x", StoreFault::Write).caused_by(io()).into()));
        assert!(
            matches!(shared, Error::Store(error) if error.source.as_ref().unwrap().kind() == io::ErrorKind::StorageFull)
        );
    }
}
