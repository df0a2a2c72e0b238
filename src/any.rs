//! One transport for every kind of address.

use std::io::{self, Read};

use crate::error::{TransportError, TransportFault};
use crate::file::{FileBody, FileTransport};
use crate::transport::{AsyncBody, AsyncTransport, Fetched, Transport};

/// Serves `file://` addresses itself and hands all others to `H`, unless it is offline.
///
/// Blocking where `H` is a [`Transport`], async where `H` is an [`AsyncTransport`].
#[derive(Debug, Clone, Default)]
pub struct AnyTransport<H> {
    file: FileTransport,
    remote: Option<H>,
}

impl<H> AnyTransport<H> {
    /// Local files, and `remote` for the rest.
    #[must_use]
    pub fn new(remote: H) -> Self {
        Self { file: FileTransport, remote: Some(remote) }
    }

    /// Local files alone: any other address is refused with [`TransportFault::Offline`].
    #[must_use]
    pub fn offline() -> Self {
        Self { file: FileTransport, remote: None }
    }

    fn remote(&self, url: &str) -> Result<&H, TransportError> {
        self.remote.as_ref().ok_or_else(|| TransportError::new(url, TransportFault::Offline))
    }
}

fn is_local(url: &str) -> bool {
    url.starts_with("file://")
}

impl<H: Transport> Transport for AnyTransport<H> {
    type Body = AnyBody<H::Body>;

    fn fetch(&self, url: &str) -> Result<Fetched<Self::Body>, TransportError> {
        if is_local(url) {
            Ok(Transport::fetch(&self.file, url)?.map(AnyBody::File))
        } else {
            Ok(self.remote(url)?.fetch(url)?.map(AnyBody::Remote))
        }
    }
}

impl<H: AsyncTransport> AsyncTransport for AnyTransport<H> {
    type Body = AnyBody<H::Body>;

    async fn fetch(&self, url: &str) -> Result<Fetched<Self::Body>, TransportError> {
        if is_local(url) {
            Ok(AsyncTransport::fetch(&self.file, url).await?.map(AnyBody::File))
        } else {
            Ok(self.remote(url)?.fetch(url).await?.map(AnyBody::Remote))
        }
    }
}

/// What [`AnyTransport`] fetches.
#[derive(Debug)]
pub enum AnyBody<B> {
    /// From a local file.
    File(FileBody),
    /// From the other transport.
    Remote(B),
}

impl<B: Read> Read for AnyBody<B> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(body) => body.read(buf),
            Self::Remote(body) => body.read(buf),
        }
    }
}

impl<B: AsyncBody> AsyncBody for AnyBody<B> {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        match self {
            Self::File(body) => body.chunk().await,
            Self::Remote(body) => body.chunk().await,
        }
    }
}
