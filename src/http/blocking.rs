//! The same transport for programs without a runtime.

use std::io::{self, Cursor, Read};
use std::sync::Arc;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::connect::fault;
use super::nonblocking::{AsyncHttpBody, AsyncHttpTransport};
use super::options::HttpOptions;
use crate::error::{CallerError, TransportError};
use crate::transport::{AsyncBody, AsyncTransport, Fetched, Transport};

/// Fetches over HTTP and HTTPS, blocking, by the rules of [`AsyncHttpTransport`]. Needs no runtime: it has a thread of
/// its own for the network. Many threads may fetch at once.
#[derive(Debug)]
pub struct HttpTransport {
    inner: AsyncHttpTransport,
    network: Arc<Network>,
}

impl HttpTransport {
    /// Reads the files that the options name and the system's root certificates, and starts the thread.
    ///
    /// # Errors
    /// [`CallerError::Http`] for options that do not work, or when no thread can be had.
    pub fn new(options: HttpOptions) -> Result<Self, CallerError> {
        let inner = AsyncHttpTransport::new(options)?;
        let network = Arc::new(Network::start().map_err(|e| fault("its thread", &e))?);
        Ok(Self { inner, network })
    }
}

impl Transport for HttpTransport {
    type Body = HttpBody;

    fn fetch(&self, url: &str) -> Result<Fetched<HttpBody>, TransportError> {
        let fetched = self.network.wait_for(self.inner.fetch(url))?;
        Ok(fetched.map(|inner| HttpBody { inner, network: Arc::clone(&self.network), chunk: Cursor::default() }))
    }
}

/// The body of an answer, decoded, as it comes.
#[derive(Debug)]
pub struct HttpBody {
    inner: AsyncHttpBody,
    network: Arc<Network>,
    chunk: Cursor<Vec<u8>>,
}

impl Read for HttpBody {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.chunk.read(buf)?;
            if read > 0 || buf.is_empty() {
                return Ok(read);
            }
            match self.network.wait_for(self.inner.chunk()).map_err(io::Error::other)? {
                Some(chunk) => self.chunk = Cursor::new(chunk),
                None => return Ok(0),
            }
        }
    }
}

/// A runtime on a thread of its own, which ends when the transport and its last body are gone.
#[derive(Debug)]
struct Network {
    handle: Handle,
    _running: oneshot::Sender<()>,
}

impl Network {
    fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (running, ended) = oneshot::channel::<()>();
        std::thread::Builder::new().name("tufgate-http".to_owned()).spawn(move || {
            // Nothing is ever sent; the end of the channel is the signal.
            let _ = runtime.block_on(ended);
        })?;
        Ok(Self { handle, _running: running })
    }

    /// Waits for `work` on the calling thread. On a thread of an async runtime, where waiting is forbidden by a panic,
    /// another thread waits instead: the caller blocks either way, but nothing breaks.
    fn wait_for<T: Send>(&self, work: impl Future<Output = T> + Send) -> T {
        if Handle::try_current().is_err() {
            return self.handle.block_on(work);
        }
        std::thread::scope(|scope| match scope.spawn(|| self.handle.block_on(work)).join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }
}
