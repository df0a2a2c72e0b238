//! Files of a local directory: a mirror on a disk, a repository before it is published.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::{TransportError, TransportFault};
use crate::transport::{AsyncBody, AsyncTransport, Fetched, Transport, percent_decode};

/// Serves `file://` addresses.
///
/// The directory is the user's own, so symbolic links in it are followed; but only a regular file is ever read, so that
/// a pipe or a device cannot make the caller wait. As an [`AsyncTransport`] it reads in place: a local disk does not
/// keep a runtime waiting for long, and the library has no thread pool of its own.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileTransport;

impl FileTransport {
    /// The transport; it has nothing to set.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Transport for FileTransport {
    type Body = FileBody;

    fn fetch(&self, url: &str) -> Result<Fetched<FileBody>, TransportError> {
        let path = local_path(url).map_err(|reason| TransportError::new(url, TransportFault::Unsupported(reason)))?;
        match open_regular(&path) {
            Ok(file) => Ok(Fetched::Body(FileBody { file, url: url.to_owned() })),
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(Fetched::NotFound)
            }
            Err(e) => Err(TransportError::new(url, TransportFault::Read).caused_by(e)),
        }
    }
}

impl AsyncTransport for FileTransport {
    type Body = FileBody;

    async fn fetch(&self, url: &str) -> Result<Fetched<FileBody>, TransportError> {
        Transport::fetch(self, url)
    }
}

/// The bytes of a local file.
#[derive(Debug)]
pub struct FileBody {
    file: File,
    url: String,
}

impl FileBody {
    fn fault(&self, cause: io::Error) -> TransportError {
        TransportError::new(&self.url, TransportFault::Read).caused_by(cause)
    }
}

impl Read for FileBody {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.file.read(buf).map_err(|e| match e.kind() {
            io::ErrorKind::Interrupted => e,
            _ => io::Error::other(self.fault(e)),
        })
    }
}

impl AsyncBody for FileBody {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        const CHUNK: u64 = 64 << 10;
        let mut chunk = Vec::new();
        (&self.file).take(CHUNK).read_to_end(&mut chunk).map_err(|e| self.fault(e))?;
        Ok((!chunk.is_empty()).then_some(chunk))
    }
}

/// The path of a `file:///…` address. Decoding happens per segment and nothing decoded may act as more than a name.
fn local_path(url: &str) -> Result<PathBuf, &'static str> {
    let encoded = url.strip_prefix("file:///").ok_or("only file:/// addresses are local files")?;
    let mut path = String::new();
    for segment in encoded.split('/') {
        let name = percent_decode(segment).ok_or("a `%` is not followed by two hexadecimal digits")?;
        let name = String::from_utf8(name).map_err(|_| "a segment is not UTF-8")?;
        if name == "." || name == ".." {
            return Err("a segment means another directory");
        }
        if name.contains(|c| c == '\0' || c == '/' || std::path::is_separator(c) || (cfg!(windows) && c == ':')) {
            return Err("a segment has a separator in it");
        }
        path.push('/');
        path.push_str(&name);
    }
    Ok(PathBuf::from(path))
}

/// Opens without ever waiting for the other end of a pipe, and looks at what was opened, not at what the name meant a
/// moment before.
fn open_regular(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK | libc::O_NOCTTY);
    let not_regular = || io::Error::other("not a regular file");
    // A device may act on being opened at all, so look before as well.
    if !std::fs::metadata(path)?.is_file() {
        return Err(not_regular());
    }
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(not_regular());
    }
    Ok(file)
}
