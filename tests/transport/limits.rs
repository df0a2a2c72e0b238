//! Servers that send too much, too little, or too slowly.

use std::io::Read;
use std::time::Duration;

use tufgate::error::TransportFault;
use tufgate::{Fetched, HttpTransport, Transport};

use super::http::{options, transport};
use super::server::{Server, answer, endless};
use super::{Said, body, inner, said};

/// Far more than sockets and decoders hold, far less than an endless body would be.
const HELD: u64 = 64 << 20;

/// Takes a million bytes of a body and leaves. All must be zeros.
fn take_a_million(url: &str) {
    let Ok(Fetched::Body(body)) = transport().fetch(url) else { panic!("no body") };
    let mut bytes = Vec::new();
    body.take(1_000_000).read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, vec![0; 1_000_000]);
}

#[test]
fn a058_a252_a253_an_endless_body_ends_where_the_caller_stops() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\n\r\n";
    let (server, sent) = endless(HEAD, Vec::new(), vec![0; 1 << 16]);
    take_a_million(&server.url("/2.root.json"));
    assert!(sent.recv().unwrap() < HELD);
}

#[test]
fn a252_endless_chunks_end_where_the_caller_stops() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = [&b"1000\r\n"[..], &[0; 0x1000], b"\r\n"].concat();
    let (server, sent) = endless(HEAD, Vec::new(), chunk);
    take_a_million(&server.url("/timestamp.json"));
    assert!(sent.recv().unwrap() < HELD);
}

/// Bits as deflate packs them: the first into the lowest place.
fn pack(bits: &str) -> Vec<u8> {
    let bits: Vec<u8> = bits.bytes().map(|bit| bit - b'0').collect();
    bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |value, bit| value << 1 | bit)).collect()
}

#[test]
fn a256_a_gzip_bomb_goes_off_only_as_far_as_it_is_read() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
    // A zero, then for ever "258 times what came last" in 13 bits, with the fixed codes of deflate.
    let copy = "1100010100000";
    let mut start = vec![31, 139, 8, 0, 0, 0, 0, 0, 0, 255];
    // 11 bits, and 13 more to end on a byte.
    start.extend(pack(&format!("01000110000{copy}")));
    let (server, sent) = endless(HEAD, start, pack(&copy.repeat(8 * 1024)));
    take_a_million(&server.url("/snapshot.json"));
    assert!(sent.recv().unwrap() < HELD);
}

#[test]
fn a256_a_zstd_bomb_goes_off_only_as_far_as_it_is_read() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\n\r\n";
    // A frame with a window of 128 KiB, then for ever "128 KiB of zeros" in four bytes.
    let start = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    let (server, sent) = endless(HEAD, start, [0x02, 0x00, 0x10, 0x00].repeat(4096));
    take_a_million(&server.url("/snapshot.json"));
    assert!(sent.recv().unwrap() < HELD);
}

#[test]
fn a256_a_brotli_bomb_goes_off_only_as_far_as_it_is_read() {
    // 64 MiB of zeros.
    const BOMB: [u8; 53] = [
        0xcf, 0xff, 0xff, 0x7f, 0xf8, 0x27, 0x00, 0xe2, 0xb1, 0x40, 0x20, 0xf7, 0xfe, 0x9f, 0xff, 0xff, 0xff, 0xf0,
        0x4f, 0x00, 0xc4, 0x61, 0x01, 0x80, 0xee, 0xfd, 0x3f, 0xff, 0xff, 0xff, 0xe1, 0x9f, 0x00, 0x88, 0xc3, 0x22,
        0x00, 0xdd, 0xfb, 0xff, 0xfc, 0xff, 0xff, 0xc7, 0x3f, 0x01, 0x10, 0x87, 0x05, 0x00, 0xba, 0xf7, 0xff,
    ];
    let server = Server::fixed(answer("200 OK", "Content-Encoding: br\r\n", BOMB));
    take_a_million(&server.url("/snapshot.json"));
}

#[test]
fn a097_a254_the_announced_length_is_not_believed() {
    let with_length = |lengths: &str| format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{lengths}\r\nabcde");
    for (lengths, expected) in [
        ("", body("abcde")),
        ("Content-Length: 2\r\n", body("ab")),
        ("Content-Length: 5\r\nContent-Length: 5\r\n", body("abcde")),
        ("Content-Length: 6\r\n", Said::Error(TransportFault::Read)),
        ("Content-Length: 18446744073709551614\r\n", Said::Error(TransportFault::Read)),
        ("Content-Length: -1\r\n", Said::Error(TransportFault::Read)),
        ("Content-Length: 5\r\nContent-Length: 2\r\n", Said::Error(TransportFault::Read)),
    ] {
        let server = Server::fixed(with_length(lengths));
        assert_eq!(said(&transport(), &server.url("/x")), expected, "{lengths:?}");
    }
}

#[test]
fn a_connection_that_breaks_within_a_body_is_an_error_and_not_retried() {
    let server = Server::fixed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n");
    assert_eq!(said(&transport(), &server.url("/x")), Said::Error(TransportFault::Read));
    assert_eq!(server.lines().len(), 1);
}

/// A server that sends the head and then a byte every few milliseconds, without end.
fn drip(head: &'static str) -> Server {
    Server::start(move |_, out| {
        out.write_all(head.as_bytes())?;
        loop {
            out.write_all(b"a")?;
            std::thread::sleep(Duration::from_millis(10));
        }
    })
}

#[test]
fn a255_a_drip_ends_by_the_minimum_rate() {
    let server = drip("HTTP/1.1 200 OK\r\n\r\n");
    let mut options = options();
    options.rate_window = Duration::from_millis(200);
    let transport = HttpTransport::new(options).unwrap();
    let fault = TransportFault::TooSlow { bytes_per_second: 1024 };
    assert_eq!(said(&transport, &server.url("/x")), Said::Error(fault));
}

#[test]
fn a255_a_head_that_drips_ends_by_the_timeouts() {
    let server = drip("HTTP/1.1 200 OK\r\nX-Endless: ");
    let mut options = options();
    options.connect_timeout = Duration::from_millis(100);
    options.idle_timeout = Duration::from_millis(100);
    let transport = HttpTransport::new(options).unwrap();
    assert_eq!(said(&transport, &server.url("/x")), Said::Error(TransportFault::Idle { seconds: 1 }));
    assert_eq!(server.lines().len(), 1, "waiting is not repeated");
}

#[test]
fn a255_silence_within_a_body_ends_by_the_idle_timeout() {
    let server = Server::start(|_, out| {
        out.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")?;
        out.flush()?;
        loop {
            std::thread::park();
        }
    });
    let mut options = options();
    options.idle_timeout = Duration::from_millis(200);
    let transport = HttpTransport::new(options).unwrap();
    let Ok(Fetched::Body(mut body)) = transport.fetch(&server.url("/x")) else { panic!("no body") };
    let mut bytes = Vec::new();
    let error = inner(body.read_to_end(&mut bytes).unwrap_err());
    assert_eq!((bytes.as_slice(), error.fault), (&b"abc"[..], TransportFault::Idle { seconds: 1 }));
}

#[test]
fn a255_a_compressed_stream_of_nothing_ends_by_the_idle_timeout() {
    // Empty stored blocks for ever: bytes come, but never a decoded one.
    let server = Server::start(|_, out| {
        out.write_all(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")?;
        out.write_all(&[31, 139, 8, 0, 0, 0, 0, 0, 0, 255])?;
        loop {
            out.write_all(&[0, 0, 0, 255, 255])?;
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    let mut options = options();
    options.idle_timeout = Duration::from_millis(200);
    let transport = HttpTransport::new(options).unwrap();
    assert_eq!(said(&transport, &server.url("/root.json")), Said::Error(TransportFault::Idle { seconds: 1 }));
}

#[test]
fn a264_a_head_without_end_is_refused() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\n";
    let (server, sent) = endless(HEAD, Vec::new(), b"X-More: and more\r\n".repeat(64));
    let mut options = options();
    options.retries = 0;
    let transport = HttpTransport::new(options).unwrap();
    assert_eq!(said(&transport, &server.url("/x")), Said::Error(TransportFault::Read));
    assert!(sent.recv().unwrap() < HELD);
}
