//! What is served, by what is asked for: files, lies, faults, and a log.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tufgate::error::{TransportError, TransportFault};
use tufgate::{AsyncBody, AsyncTransport, BaseUrl, Fetched, Transport};

use super::repository::Repository;

/// What both bases start with; paths in the simulator are relative to it.
pub const ORIGIN: &str = "https://sim.test/";

/// Files by path: `metadata/1.root.json`, `targets/…`.
pub type Files = BTreeMap<String, Arc<[u8]>>;

/// What is answered to a request for one path.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These bytes.
    Bytes(Arc<[u8]>),
    /// These bytes, then spaces without end.
    Endless(Arc<[u8]>),
    /// These bytes, then reading fails with this fault.
    Breaks(Arc<[u8]>, TransportFault),
    /// There is no such file.
    NotFound,
    /// Status 403.
    Forbidden,
    /// The request fails.
    Fault(TransportFault),
}

/// Everything a transport sees. What was published lies below; answers set by a test lie above it until lifted.
#[derive(Default)]
pub(super) struct Server {
    files: Files,
    answers: BTreeMap<String, Vec<Answer>>,
    switches: Vec<(String, Files)>,
    log: Vec<String>,
    bytes_read: BTreeMap<String, u64>,
}

impl Server {
    pub(super) fn publish(&mut self, path: String, bytes: Vec<u8>) {
        self.files.insert(path, bytes.into());
    }

    pub(super) fn fork(&self) -> Self {
        Self { files: self.files.clone(), answers: self.answers.clone(), ..Self::default() }
    }

    fn answer(&mut self, path: &str) -> Answer {
        self.log.push(path.to_owned());
        let answer = match self.answers.get_mut(path) {
            // The last one stays.
            Some(answers) if answers.len() > 1 => answers.remove(0),
            Some(answers) => answers[0].clone(),
            None => self.files.get(path).map_or(Answer::NotFound, |bytes| Answer::Bytes(bytes.clone())),
        };
        if let Some(at) = self.switches.iter().position(|(after, _)| after == path) {
            self.files = self.switches.remove(at).1;
        }
        answer
    }
}

impl Repository {
    /// A transport that serves what this repository has at the time of each request. Any number can be had.
    pub fn transport(&self) -> SimTransport {
        SimTransport { server: Arc::clone(&self.server), chunk: 1000 }
    }

    /// `https://sim.test/metadata/`
    pub fn metadata_base(&self) -> BaseUrl {
        BaseUrl::new(&format!("{ORIGIN}metadata/")).unwrap()
    }

    /// `https://sim.test/targets/`
    pub fn targets_base(&self) -> BaseUrl {
        BaseUrl::new(&format!("{ORIGIN}targets/")).unwrap()
    }

    // What was asked.

    /// The paths that were requested since the last call, in order.
    pub fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.server().log)
    }

    /// Bytes of bodies that were read since the last call, by path.
    pub fn take_bytes_read(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut self.server().bytes_read)
    }

    // What is published.

    /// One published file.
    #[track_caller]
    pub fn file(&self, path: &str) -> Vec<u8> {
        let file = self.server().files.get(path).cloned();
        file.unwrap_or_else(|| panic!("{path} was not published")).to_vec()
    }

    /// Whether there is such a published file.
    pub fn is_published(&self, path: &str) -> bool {
        self.server().files.contains_key(path)
    }

    /// All published files: keep them, and [`Repository::go_back_to`] them later.
    pub fn files(&self) -> Files {
        self.server().files.clone()
    }

    /// Serves exactly these files, as a mirror that replays an old state. The next publishing adds to them.
    pub fn go_back_to(&self, files: &Files) {
        self.server().files = files.clone();
    }

    /// Serves exactly these files from after the next request for `path`: the repository changes amid an update.
    pub fn switch_after(&self, path: &str, files: &Files) {
        self.server().switches.push((path.to_owned(), files.clone()));
    }

    // Answers above what is published; publishing does not end them, `lift` does.

    /// Answers requests for `path` by these in turn; the last one stays.
    #[track_caller]
    pub fn answer(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        let answers: Vec<_> = answers.into_iter().collect();
        assert!(!answers.is_empty(), "no answer for {path}");
        self.server().answers.insert(path.to_owned(), answers);
    }

    /// Serves these bytes under `path`, whatever is published there.
    pub fn serve(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.answer(path, [Answer::Bytes(bytes.into().into())]);
    }

    /// Serves these bytes and then spaces without end.
    pub fn serve_endless(&self, path: &str, start: impl Into<Vec<u8>>) {
        self.answer(path, [Answer::Endless(start.into().into())]);
    }

    /// Serves only the first `length` bytes of what is published, as a whole file.
    #[track_caller]
    pub fn truncate(&self, path: &str, length: usize) {
        self.serve(path, &self.file(path)[..length]);
    }

    /// Serves the first `length` bytes of what is published; then reading fails with [`TransportFault::Read`].
    #[track_caller]
    pub fn break_after(&self, path: &str, length: usize) {
        let start = self.file(path)[..length].to_vec();
        self.answer(path, [Answer::Breaks(start.into(), TransportFault::Read)]);
    }

    /// Answers that there is no such file.
    pub fn remove(&self, path: &str) {
        self.answer(path, [Answer::NotFound]);
    }

    /// Answers with status 403.
    pub fn forbidden(&self, path: &str) {
        self.answer(path, [Answer::Forbidden]);
    }

    /// Fails requests for `path`.
    pub fn fail(&self, path: &str, fault: TransportFault) {
        self.answer(path, [Answer::Fault(fault)]);
    }

    /// Serves what is published under `path` again.
    pub fn lift(&self, path: &str) {
        self.server().answers.remove(path);
    }

    pub(super) fn server(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves a [`Repository`], blocking and asynchronous.
#[derive(Clone)]
pub struct SimTransport {
    server: Arc<Mutex<Server>>,
    chunk: usize,
}

impl SimTransport {
    /// Gives out bodies in pieces of at most this many bytes (1,000 unless told).
    pub fn chunks_of(mut self, bytes: usize) -> Self {
        assert!(bytes > 0, "an empty chunk would mean the end");
        self.chunk = bytes;
        self
    }

    fn get(&self, url: &str) -> Result<Fetched<SimBody>, TransportError> {
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        let below = url.strip_prefix(ORIGIN).filter(|p| p.starts_with("metadata/") || p.starts_with("targets/"));
        let Some(path) = below else {
            // It is logged whole, so that the test sees it.
            server.log.push(url.to_owned());
            return Err(TransportError::new(url, TransportFault::Unsupported("outside of the simulated repository")));
        };
        let (bytes, end) = match server.answer(path) {
            Answer::Bytes(bytes) => (bytes, End::Normal),
            Answer::Endless(bytes) => (bytes, End::Never),
            Answer::Breaks(bytes, fault) => (bytes, End::Fault(fault)),
            Answer::NotFound => return Ok(Fetched::NotFound),
            Answer::Forbidden => return Ok(Fetched::Forbidden),
            Answer::Fault(fault) => return Err(TransportError::new(url, fault)),
        };
        let server = Arc::clone(&self.server);
        Ok(Fetched::Body(SimBody { url: url.to_owned(), bytes, at: 0, end, chunk: self.chunk, server }))
    }
}

impl Transport for SimTransport {
    type Body = SimBody;

    fn fetch(&self, url: &str) -> Result<Fetched<SimBody>, TransportError> {
        self.get(url)
    }
}

impl AsyncTransport for SimTransport {
    type Body = SimBody;

    async fn fetch(&self, url: &str) -> Result<Fetched<SimBody>, TransportError> {
        yield_once().await;
        self.get(url)
    }
}

/// A body, made as it is read; bytes count when they are handed out.
pub struct SimBody {
    url: String,
    bytes: Arc<[u8]>,
    at: usize,
    end: End,
    chunk: usize,
    server: Arc<Mutex<Server>>,
}

enum End {
    Normal,
    Never,
    Fault(TransportFault),
}

impl SimBody {
    fn next(&mut self, max: usize) -> Result<Vec<u8>, TransportError> {
        let max = max.min(self.chunk);
        let rest = &self.bytes[self.at..];
        let piece = match &self.end {
            End::Never if rest.is_empty() => vec![b' '; max],
            End::Fault(fault) if rest.is_empty() => return Err(TransportError::new(&self.url, fault.clone())),
            _ => rest[..max.min(rest.len())].to_vec(),
        };
        self.at = (self.at + piece.len()).min(self.bytes.len());
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.url.trim_start_matches(ORIGIN).to_owned();
        *server.bytes_read.entry(path).or_default() += piece.len() as u64;
        Ok(piece)
    }
}

impl Read for SimBody {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let piece = self.next(buffer.len()).map_err(std::io::Error::other)?;
        buffer[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }
}

impl AsyncBody for SimBody {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        yield_once().await;
        let piece = self.next(usize::MAX)?;
        Ok((!piece.is_empty()).then_some(piece))
    }
}

/// Is pending once, as every real request is, so that a caller can be interrupted between any two pieces.
async fn yield_once() {
    let mut ready = false;
    std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut ready, true) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}
