//! Where a request may be led: redirects, proxies, and who gets to see a password.

use std::process::Command;

use tufgate::error::TransportFault;
use tufgate::{HttpTransport, Proxy, Transport};

use super::http::{options, transport};
use super::server::{Authority, Server, answer};
use super::{Said, body, chain, said};

/// `ann:secret` in the form of a header.
const ANN: &str = "Basic YW5uOnNlY3JldA==";

fn redirect(location: &str) -> Vec<u8> {
    answer("302 Found", &format!("Location: {location}\r\n"), "elsewhere")
}

fn refused(reason: &'static str) -> Said {
    Said::Error(TransportFault::Redirect(reason))
}

fn authorizations(server: &Server) -> Vec<Option<String>> {
    server.asked().iter().map(|asked| asked.header("Authorization").map(str::to_owned)).collect()
}

#[test]
fn a258_five_redirects_are_followed_and_no_sixth() {
    let server = Server::start(|asked, out| {
        let left: usize = asked.line().trim_start_matches("GET /").parse().unwrap();
        let next = if left == 0 { answer("200 OK", "", "there") } else { redirect(&format!("/{}", left - 1)) };
        out.write_all(&next)
    });
    assert_eq!(said(&transport(), &server.url("/5")), body("there"));
    assert_eq!(server.lines(), ["GET /5", "GET /4", "GET /3", "GET /2", "GET /1", "GET /0"]);
    assert_eq!(said(&transport(), &server.url("/6")), refused("there are too many in a row"));
    assert_eq!(server.lines().len(), 12);
}

#[test]
fn a258_a_loop_ends() {
    let server = Server::fixed(redirect("/again"));
    assert_eq!(said(&transport(), &server.url("/x")), refused("there are too many in a row"));
    assert_eq!(server.lines().len(), 6);
}

#[test]
fn a258_redirects_to_other_schemes_are_refused() {
    for location in ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:text/plain,x"] {
        let server = Server::fixed(redirect(location));
        let expected = refused("it leads to another scheme than https or http");
        assert_eq!(said(&transport(), &server.url("/x")), expected, "{location}");
    }
}

#[test]
fn a258_https_stays_https() {
    let plain = Server::fixed(answer("200 OK", "", "x"));
    let location = plain.url("/x");
    let authority = Authority::new();
    let secure = Server::start_tls(&authority, move |_, out| out.write_all(&redirect(&location)));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), authority.pem()).unwrap();
    let mut options = options();
    options.extra_roots = vec![file.path().to_owned()];
    let transport = HttpTransport::new(options).unwrap();
    assert_eq!(said(&transport, &secure.url("/x")), refused("it leads from https to http"));
    assert_eq!(secure.lines(), ["GET /x"]);
    assert_eq!(plain.lines(), [""; 0]);
}

#[test]
fn a056_absence_behind_a_redirect_is_absence() {
    let absent = Server::fixed(answer("404 Not Found", "", ""));
    let server = Server::fixed(redirect(&absent.url("/2.root.json")));
    assert_eq!(said(&transport(), &server.url("/2.root.json")), Said::NotFound);
}

#[test]
fn a258_a_password_is_not_carried_to_another_server_over_any_number_of_hops() {
    // The second hop stays on the other server: a client that only compares neighbours sends the password there.
    let other = Server::start(|asked, out| match asked.line() {
        "GET /1" => out.write_all(&redirect("/2")),
        _ => out.write_all(&answer("200 OK", "", "bytes")),
    });
    let location = other.url("/1");
    let first = Server::start(move |_, out| out.write_all(&redirect(&location)));
    let url = first.url("/x").replace("://", "://ann:secret@");
    assert_eq!(said(&transport(), &url), body("bytes"));
    assert_eq!(authorizations(&first), [Some(ANN.to_owned())]);
    assert_eq!(other.lines(), ["GET /1", "GET /2"]);
    assert_eq!(authorizations(&other), [None, None]);
}

#[test]
fn a270_a_password_in_the_address_is_sent_and_never_shown() {
    let server = Server::fixed(answer("401 Unauthorized", "", ""));
    let url = server.url("/x").replace("://", "://ann:s%65cret@");
    let error = transport().fetch(&url).err().unwrap();
    assert_eq!(error.to_string(), format!("{}: the server answered with status 401", server.url("/x")));
    assert!(!chain(&error).contains("cret"), "{}", chain(&error));
    assert_eq!(authorizations(&server), [Some(ANN.to_owned())]);
}

#[test]
fn a270_a_netrc_file_is_for_the_hosts_it_names_and_the_address_comes_first() {
    let server = Server::fixed(answer("200 OK", "", "x"));
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut options = options();
    options.netrc = Some(file.path().to_owned());
    let with = |text: &str, url: &str| {
        std::fs::write(file.path(), text).unwrap();
        let transport = HttpTransport::new(options.clone()).unwrap();
        assert_eq!(said(&transport, url), body("x"));
        format!("{transport:?}")
    };
    let shown = with("machine 127.0.0.1 login ann password secret", &server.url("/x"));
    assert!(!shown.contains("secret"), "{shown}");
    with("machine other.example login ann password secret\ndefault login ann password secret", &server.url("/x"));
    let url = server.url("/x").replace("://", "://ann:secret@");
    with("machine 127.0.0.1 login bob password other", &url);
    assert_eq!(authorizations(&server), [Some(ANN.to_owned()), None, Some(ANN.to_owned())]);
}

#[test]
fn a262_a_given_proxy_is_used_and_its_password_never_shown() {
    let proxy = Server::fixed(answer("200 OK", "", "by proxy"));
    let mut options = options();
    options.proxy = Proxy::Url(proxy.url("").replace("://", "://ann:secret@"));
    assert!(!format!("{options:?}").contains("secret"), "{options:?}");
    let transport = HttpTransport::new(options).unwrap();
    assert_eq!(said(&transport, "http://repo.example/x"), body("by proxy"));
    assert_eq!(proxy.lines(), ["GET http://repo.example/x"]);
    assert_eq!(proxy.asked()[0].header("Proxy-Authorization"), Some(ANN));
}

#[test]
fn a262_https_goes_through_a_proxy_only_as_a_tunnel() {
    let proxy = Server::fixed(answer("403 Forbidden", "", "no"));
    let mut options = options();
    options.retries = 0;
    options.proxy = Proxy::Url(proxy.url(""));
    let transport = HttpTransport::new(options).unwrap();
    // What the proxy says is not what the repository says: this is no 403 of the repository.
    let url = "https://ann:secret@repo.example/x";
    assert_eq!(said(&transport, url), Said::Error(TransportFault::Connect));
    assert_eq!(proxy.lines(), ["CONNECT repo.example:443"]);
    assert_eq!(authorizations(&proxy), [None]);
}

/// The environment is read when a transport is made, and a test must not change its own: it runs itself again.
#[test]
fn a262_the_environment_names_the_proxy_and_the_exceptions() {
    const ASK: &str = "TUFGATE_TEST_ASK";
    if let Ok(url) = std::env::var(ASK) {
        let mut options = options();
        options.proxy = Proxy::Environment;
        assert_eq!(said(&HttpTransport::new(options).unwrap(), &url), body("by proxy"));
        return;
    }
    for (name, exceptions, asked) in [
        ("HTTP_PROXY", "", "GET http://repo.example/x"),
        ("http_proxy", "", "GET http://repo.example/x"),
        ("ALL_PROXY", "other.example", "GET http://repo.example/x"),
        ("all_proxy", "127.0.0.1", "GET /x"),
    ] {
        let proxy = Server::fixed(answer("200 OK", "", "by proxy"));
        let url = if asked == "GET /x" { proxy.url("/x") } else { "http://repo.example/x".to_owned() };
        let mut again = Command::new(std::env::current_exe().unwrap());
        for other in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"] {
            again.env_remove(other).env_remove(other.to_lowercase());
        }
        let test = "transport::routes::a262_the_environment_names_the_proxy_and_the_exceptions";
        again.args(["--exact", test]).env(ASK, url).env(name, proxy.url("")).env("NO_PROXY", exceptions);
        let output = again.output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
        assert_eq!(proxy.lines(), [asked], "{name}");
    }
}
