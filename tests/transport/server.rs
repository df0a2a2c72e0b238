//! A server that answers whatever a test wants, over real sockets, in the clear or with TLS.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// One request as it came.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    head: String,
}

impl Asked {
    /// The first line without the version: `GET /path`.
    pub(super) fn line(&self) -> &str {
        self.head.lines().next().unwrap().trim_end_matches(" HTTP/1.1")
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Listens on loopback until the process ends. Each connection serves one request.
pub(super) struct Server {
    scheme: &'static str,
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub(super) fn start(answer: impl Fn(&Asked, &mut dyn Write) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self::listen("http", answer, Ok)
    }

    /// The same answer to every request.
    pub(super) fn fixed(answer: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self::start(move |_, out| out.write_all(answer.as_ref()))
    }

    /// Speaks TLS with a certificate for 127.0.0.1 from `authority`.
    pub(super) fn start_tls(
        authority: &Authority,
        answer: impl Fn(&Asked, &mut dyn Write) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self::listen_tls(authority, b"http/1.1", answer)
    }

    /// The same for HTTP/2, of which it knows only that a client begins it with a greeting like a request.
    pub(super) fn start_h2(
        authority: &Authority,
        answer: impl Fn(&Asked, &mut dyn Write) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self::listen_tls(authority, b"h2", answer)
    }

    fn listen_tls(
        authority: &Authority,
        protocol: &[u8],
        answer: impl Fn(&Asked, &mut dyn Write) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let config = authority.server_config(protocol);
        Self::listen("https", answer, move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
            Ok(StreamOwned::new(connection, stream))
        })
    }

    fn listen<S: Read + Write>(
        scheme: &'static str,
        answer: impl Fn(&Asked, &mut dyn Write) -> io::Result<()> + Send + Sync + 'static,
        wrap: impl Fn(TcpStream) -> io::Result<S> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (log, count) = (Arc::clone(&asked), Arc::clone(&connections));
        let handler = Arc::new((answer, wrap));
        thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                let (log, handler) = (Arc::clone(&log), Arc::clone(&handler));
                thread::spawn(move || {
                    let (answer, wrap) = &*handler;
                    // A client that goes away in the middle is what many tests are about.
                    let _ = serve(wrap(stream?)?, &log, answer);
                    io::Result::Ok(())
                });
            }
        });
        Self { scheme, address, connections, asked }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.asked().iter().map(|asked| asked.line().to_owned()).collect()
    }
}

fn serve<S: Read + Write>(
    stream: S,
    log: &Mutex<Vec<Asked>>,
    answer: &impl Fn(&Asked, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let asked = Asked { head };
    log.lock().unwrap().push(asked.clone());
    let stream = stream.get_mut();
    answer(&asked, stream)?;
    stream.flush()
}

/// An answer with the right length.
pub(super) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n");
    let mut out = head.into_bytes();
    out.extend_from_slice(body);
    out
}

/// A server whose answer has no end, and what tells how many bytes it could send before the client left.
pub(super) fn endless(head: &'static str, start: Vec<u8>, repeat: Vec<u8>) -> (Server, Receiver<u64>) {
    let (sent, received) = channel();
    let sent = Mutex::new(sent);
    let server = Server::start(move |_, out| {
        out.write_all(head.as_bytes())?;
        out.write_all(&start)?;
        let mut count = 0;
        while out.write_all(&repeat).is_ok() {
            count += repeat.len() as u64;
        }
        sent.lock().unwrap().send(count).map_err(io::Error::other)
    });
    (server, received)
}

/// A certificate authority made for one test.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    fn server_config(&self, protocol: &[u8]) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap();
        config.alpn_protocols = vec![protocol.to_vec()];
        Arc::new(config)
    }
}
