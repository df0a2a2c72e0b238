//! What is asked and what the answers mean.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tufgate::error::TransportFault;
use tufgate::{
    AnyTransport, AsyncHttpTransport, BaseUrl, Client, Fetched, Found, HttpOptions, HttpTransport, MemoryStore, Proxy,
    RoleName, TargetPath, Transport,
};

use super::server::{Authority, Server, answer};
use super::{Said, body, chain, run, said, said_async};
use crate::simulator::{Repository, now};

/// Options for a server on loopback: no proxy, no patience.
pub(super) fn options() -> HttpOptions {
    let mut options = HttpOptions::default();
    options.proxy = Proxy::Direct;
    options.retry_delay = Duration::from_millis(1);
    options
}

pub(super) fn transport() -> HttpTransport {
    HttpTransport::new(options()).unwrap()
}

#[test]
fn blocking_and_async_say_the_same() {
    let server = Server::start(|asked, out| match asked.line() {
        "GET /found" => out.write_all(&answer("200 OK", "", "bytes")),
        "GET /absent" => out.write_all(&answer("404 Not Found", "", "gone")),
        "GET /forbidden" => out.write_all(&answer("403 Forbidden", "", "no")),
        _ => out.write_all(&answer("410 Gone", "", "")),
    });
    let blocking = transport();
    let nonblocking = AsyncHttpTransport::new(options()).unwrap();
    for (path, expected) in [
        ("/found", body("bytes")),
        ("/absent", Said::NotFound),
        ("/forbidden", Said::Forbidden),
        ("/gone", Said::Error(TransportFault::Status(410))),
    ] {
        assert_eq!(said(&blocking, &server.url(path)), expected);
        assert_eq!(run(said_async(&nonblocking, &server.url(path))), expected);
    }
}

#[test]
fn a056_a259_only_404_is_absence_and_only_200_is_success() {
    let server = Server::start(|asked, out| {
        let status = asked.line().trim_start_matches("GET /");
        out.write_all(&answer(&format!("{status} Something"), "", if status == "204" { "" } else { "{}" }))
    });
    let transport = transport();
    for status in [201, 203, 204, 206, 304, 400, 401, 410, 451] {
        assert_eq!(
            said(&transport, &server.url(&format!("/{status}"))),
            Said::Error(TransportFault::Status(status)),
            "{status}"
        );
    }
    assert_eq!(said(&transport, &server.url("/404")), Said::NotFound);
    assert_eq!(server.lines().len(), 10, "none of these is asked for twice");
}

#[test]
fn a057_a267_a_page_in_place_of_a_file_is_handed_on_as_it_is() {
    const PAGE: &str = "<html>Please log in</html>";
    let portal = Server::fixed(answer("200 OK", "Content-Type: text/html\r\n", PAGE));
    assert_eq!(said(&transport(), &portal.url("/2.root.json")), body(PAGE));
}

#[test]
fn a218_a219_a221_every_target_is_one_path_below_the_base() {
    let server = Server::fixed(answer("200 OK", "", "x"));
    let base = BaseUrl::new(&server.url("/base")).unwrap();
    let transport = transport();
    for path in ["a#b", "a?b=c", "a b", "a%2fb", "%2e%2e/x", "http/x", "ä/a\u{308}", "...", "a&b;c"] {
        let url = base.join(&TargetPath::new(path).unwrap().url_path(None));
        assert_eq!(said(&transport, &url), body("x"), "{path}");
    }
    for role in ["..", "../x", "a/../..", "?x", "//host/", "http://host/"] {
        let url = base.join(&format!("{}.json", RoleName::new(role).unwrap().url_segment()));
        assert_eq!(said(&transport, &url), body("x"), "{role}");
    }
    assert_eq!(
        server.lines(),
        [
            "GET /base/a%23b",
            "GET /base/a%3Fb%3Dc",
            "GET /base/a%20b",
            "GET /base/a%252fb",
            "GET /base/%252e%252e/x",
            "GET /base/http/x",
            "GET /base/%C3%A4/a%CC%88",
            "GET /base/%2E%2E%2E",
            "GET /base/a%26b%3Bc",
            "GET /base/%2E%2E.json",
            "GET /base/..%2Fx.json",
            "GET /base/a%2F..%2F...json",
            "GET /base/%3Fx.json",
            "GET /base/%2F%2Fhost%2F.json",
            "GET /base/http%3A%2F%2Fhost%2F.json",
        ]
    );
}

#[test]
fn a220_an_address_that_leaves_its_base_is_not_asked_for() {
    let server = Server::fixed(answer("200 OK", "", "x"));
    let base = BaseUrl::new(&server.url("/base")).unwrap();
    for name in ["../x", "%2e%2e/x", "a/..\\..\\x", "a?b", "a#b"] {
        let fault = TransportFault::Unsupported("it means another file than it spells");
        assert_eq!(said(&transport(), &base.join(name)), Said::Error(fault), "{name}");
    }
    assert_eq!(server.lines(), [""; 0]);
}

#[test]
fn other_schemes_are_not_fetched() {
    let fault = TransportFault::Unsupported("only https:// and http:// are fetched over the network");
    assert_eq!(said(&transport(), "file:///etc/hostname"), Said::Error(fault));
}

#[test]
fn a233_the_server_does_not_name_the_file() {
    let headers = "Content-Disposition: attachment; filename=\"../../.bashrc\"\r\n";
    let server = Server::fixed(answer("200 OK", headers, "x"));
    assert_eq!(said(&transport(), &server.url("/a.whl")), body("x"));
}

#[test]
fn a257_a266_metadata_is_asked_for_fresh_and_unchanged() {
    let server = Server::fixed(answer("200 OK", "", "{}"));
    let mut options = options();
    options.user_agent = format!("{} installer/2", options.user_agent);
    let transport = HttpTransport::new(options).unwrap();
    assert_eq!(said(&transport, &server.url("/timestamp.json")), body("{}"));
    assert_eq!(said(&transport, &server.url("/a.tar.gz")), body("{}"));
    let sent = |name| -> Vec<Option<String>> {
        server.asked().iter().map(|asked| asked.header(name).map(str::to_owned)).collect()
    };
    let some = |value: &str| Some(value.to_owned());
    assert_eq!(sent("Cache-Control"), [some("no-cache, no-transform"), some("no-transform")]);
    assert_eq!(sent("Accept-Encoding"), [some("zstd, br, gzip"), some("identity")]);
    let agent = some(concat!("tufgate/", env!("CARGO_PKG_VERSION"), " installer/2"));
    assert_eq!(sent("User-Agent"), [agent.clone(), agent]);
    assert_eq!(sent("Referer"), [None, None]);
    assert_eq!(sent("Range"), [None, None]);
}

#[test]
fn a257_compression_that_was_not_asked_for_is_an_error_for_text_and_bytes_for_the_rest() {
    let server = Server::fixed(answer("200 OK", "Content-Encoding: compress\r\n", "\x1f\u{9d}"));
    assert_eq!(said(&transport(), &server.url("/root.json")), Said::Error(TransportFault::Read));
    let gzip = Server::fixed(answer("200 OK", "Content-Encoding: gzip\r\n", GZIP));
    assert_eq!(said(&transport(), &gzip.url("/a.tar.gz")), body(GZIP));
}

/// `{"signed":{}}`, compressed.
const GZIP: [u8; 33] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 42, 206, 76, 207, 75, 77, 81, 178, 170, 174, 173, 5, 0, 74, 66, 239, 147,
    13, 0, 0, 0,
];
const BROTLI: [u8; 17] =
    [0x1b, 0x0c, 0x00, 0xf8, 0xa5, 0x45, 0x74, 0xf6, 0xfa, 0x14, 0x25, 0xaa, 0x44, 0x25, 0x42, 0xec, 0x01];

#[test]
fn a256_compressed_metadata_is_decoded() {
    // A frame of one raw block, the last, of 13 bytes.
    let zstd = [&[0x28, 0xb5, 0x2f, 0xfd, 0x20, 13, (13 << 3) | 1, 0, 0], &b"{\"signed\":{}}"[..]].concat();
    for (name, bytes) in [("gzip", &GZIP[..]), ("br", &BROTLI), ("zstd", &zstd)] {
        let server = Server::fixed(answer("200 OK", &format!("Content-Encoding: {name}\r\n"), bytes));
        assert_eq!(said(&transport(), &server.url("/1.root.json")), body(r#"{"signed":{}}"#), "{name}");
        let cut = Server::fixed(answer("200 OK", &format!("Content-Encoding: {name}\r\n"), &bytes[..bytes.len() - 6]));
        assert_eq!(said(&transport(), &cut.url("/1.root.json")), Said::Error(TransportFault::Read), "{name}");
    }
}

#[test]
fn a261_what_may_pass_is_asked_for_again_and_no_more_than_thrice() {
    const TIMES: [(&str, usize); 4] =
        [("503 Busy", 4), ("429 Slow Down", 4), ("500 Broken", 4), ("501 Not Implemented", 4)];
    for (status, times) in TIMES {
        let server = Server::fixed(answer(status, "", ""));
        let code = status[..3].parse().unwrap();
        assert_eq!(said(&transport(), &server.url("/x")), Said::Error(TransportFault::Status(code)));
        assert_eq!(server.lines().len(), times, "{status}");
    }
    let silent = Server::fixed("");
    assert_eq!(said(&transport(), &silent.url("/x")), Said::Error(TransportFault::Read));
    assert_eq!(silent.lines().len(), 4);
}

#[test]
fn a261_a_server_that_recovers_is_believed() {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |_, out| match count.fetch_add(1, Ordering::SeqCst) {
        0 => out.write_all(&answer("503 Busy", "Retry-After: 0\r\n", "")),
        1 => out.write_all(&answer("429 Slow Down", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", "")),
        2 => Ok(()),
        _ => out.write_all(&answer("200 OK", "", "bytes")),
    });
    assert_eq!(said(&transport(), &server.url("/x")), body("bytes"));
    assert_eq!(server.lines(), ["GET /x"; 4]);
}

#[test]
fn a261_a_server_that_asks_for_an_hour_is_left_at_once() {
    let server = Server::fixed(answer("503 Busy", "Retry-After: 3600\r\n", ""));
    assert_eq!(said(&transport(), &server.url("/x")), Said::Error(TransportFault::Status(503)));
    assert_eq!(server.lines().len(), 1);
}

#[test]
fn no_server_is_a_failure_to_connect() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://ann:secret@{free}/x");
    let error = transport().fetch(&url).err().unwrap();
    assert_eq!(error.to_string(), format!("http://{free}/x: cannot connect"));
    assert!(!chain(&error).contains("secret"), "{}", chain(&error));
}

#[test]
fn a263_a_server_of_an_unknown_authority_is_refused_until_it_is_named() {
    let authority = Authority::new();
    let server = Server::start_tls(&authority, |_, out| out.write_all(&answer("200 OK", "", "bytes")));
    assert_eq!(said(&transport(), &server.url("/x")), Said::Error(TransportFault::Connect));
    assert_eq!((server.connections(), server.lines()), (1, Vec::new()), "it is asked once, and told nothing");

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), authority.pem()).unwrap();
    let mut options = options();
    options.extra_roots = vec![file.path().to_owned()];
    assert_eq!(said(&HttpTransport::new(options).unwrap(), &server.url("/x")), body("bytes"));
}

#[test]
fn http_2_is_spoken_where_the_server_speaks_it() {
    let authority = Authority::new();
    let server = Server::start_h2(&authority, |_, _| Ok(()));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), authority.pem()).unwrap();
    let mut options = options();
    options.extra_roots = vec![file.path().to_owned()];
    options.retries = 0;
    // This server goes away after the client's greeting.
    let transport = HttpTransport::new(options).unwrap();
    assert_eq!(said(&transport, &server.url("/x")), Said::Error(TransportFault::Read));
    assert_eq!(server.lines(), ["PRI * HTTP/2.0"]);
}

#[test]
fn options_that_do_not_work_are_refused_when_the_transport_is_made() {
    let reason = |change: &dyn Fn(&mut HttpOptions)| {
        let mut options = options();
        change(&mut options);
        HttpTransport::new(options).err().map(|e| e.to_string())
    };
    let empty = tempfile::NamedTempFile::new().unwrap();
    let (path, shown) = (empty.path().to_owned(), empty.path().display());
    assert_eq!(
        reason(&|o| o.extra_roots = vec![path.clone()]),
        Some(format!("the HTTP transport cannot be made: {shown}: no certificate in it"))
    );
    std::fs::write(&path, "hunter2").unwrap();
    assert_eq!(
        reason(&|o| o.netrc = Some(path.clone())),
        Some(format!("the HTTP transport cannot be made: {shown}: line 1: not a word that is known at this place"))
    );
    assert_eq!(
        reason(&|o| o.proxy = Proxy::Url("http://ann:hunter2@".to_owned())),
        Some("the HTTP transport cannot be made: the proxy: its address cannot be used".to_owned())
    );
    assert!(reason(&|o| o.user_agent = "a\nb".to_owned()).is_some());
    assert!(reason(&|o| o.netrc = Some("/nowhere".into())).is_some());
}

#[test]
fn any_transport_serves_files_and_the_network() {
    let server = Server::fixed(answer("200 OK", "", "remote"));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "local").unwrap();
    let local = format!("file://{}", file.path().display());
    let blocking = AnyTransport::new(transport());
    assert_eq!(said(&blocking, &server.url("/x")), body("remote"));
    assert_eq!(said(&blocking, &local), body("local"));
    let nonblocking = AnyTransport::new(AsyncHttpTransport::new(options()).unwrap());
    assert_eq!(run(said_async(&nonblocking, &server.url("/x"))), body("remote"));
    assert_eq!(run(said_async(&nonblocking, &local)), body("local"));
}

#[test]
fn the_blocking_transport_may_be_used_and_dropped_inside_a_runtime() {
    let server = Server::fixed(answer("200 OK", "", "bytes"));
    let url = server.url("/x");
    run(async { assert_eq!(said(&transport(), &url), body("bytes")) });
}

#[test]
fn a_body_outlives_its_transport() {
    let server = Server::fixed(answer("200 OK", "", vec![7; 1 << 20]));
    let Ok(Fetched::Body(mut body)) = transport().fetch(&server.url("/x")) else { panic!("no body") };
    let mut bytes = Vec::new();
    body.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, vec![7; 1 << 20]);
}

#[test]
fn a177_many_threads_ask_a_server_for_each_role_once() {
    let mut repo = Repository::new();
    repo.hash_bins(16);
    let paths: Vec<String> = (0..40).map(|number| format!("packages/{number}.whl")).collect();
    let mut expected: Vec<String> = paths.iter().map(|path| repo.add_binned_target("bins", path, b"x")).collect();
    expected.push("bins".to_owned());
    repo.publish();
    let files = repo.files();
    let server = Server::start(move |asked, out| match files.get(asked.line().trim_start_matches("GET /")) {
        Some(bytes) => out.write_all(&answer("200 OK", "", bytes)),
        None => out.write_all(&answer("404 Not Found", "", "")),
    });
    let base = |path| BaseUrl::new(&server.url(path)).unwrap();
    let config = tufgate::Repository::new(repo.root_file(1), base("/metadata/"), base("/targets/"));
    let mut client = Client::new(config, transport(), MemoryStore::new()).with_clock(now);
    client.refresh().unwrap();
    let before = server.lines().len();
    let work = || {
        for path in &paths {
            assert!(matches!(client.search(&TargetPath::new(path).unwrap()), Ok(Found::Signed(_))));
        }
    };
    std::thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(work))));
    let mut asked = server.lines().split_off(before);
    asked.sort();
    expected.sort();
    expected.dedup();
    assert_eq!(asked, expected.into_iter().map(|role| format!("GET /metadata/1.{role}.json")).collect::<Vec<_>>());
}
