//! What is asked, of whom, and what the answer means.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, CACHE_CONTROL, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{StatusCode, Url};

use super::credentials::{Credentials, Netrc};
use super::retry::Again;
use crate::error::{TransportError, TransportFault, without_credentials};
use crate::transport::percent_decode;

/// One file to be fetched.
pub(super) struct Request {
    /// The address for people: no credentials.
    pub(super) shown: String,
    /// The address of the next hop: no credentials.
    pub(super) url: Url,
    /// Whether the file is text, which is asked for compressed.
    pub(super) text: bool,
    first: Url,
    credentials: Option<Credentials>,
    hops: u32,
}

impl Request {
    pub(super) fn new(address: &str, netrc: &Netrc) -> Result<Self, TransportError> {
        let refuse = |reason| TransportError::new(address, TransportFault::Unsupported(reason));
        if !address.starts_with("https://") && !address.starts_with("http://") {
            return Err(refuse("only https:// and http:// are fetched over the network"));
        }
        let mut url = Url::parse(address).map_err(|e| refuse("it cannot be parsed").caused_by(e))?;
        if !keeps_path(address, &url) {
            return Err(refuse("it means another file than it spells"));
        }
        let given = from_userinfo(&url).map_err(refuse)?;
        // Neither can fail for an address with a host.
        if url.set_username("").and_then(|()| url.set_password(None)).is_err() {
            return Err(refuse("it has no host"));
        }
        let credentials = given.or_else(|| netrc.lookup(url.host_str()?).cloned());
        let text = url.path().ends_with(".json") || url.path().ends_with(".html");
        Ok(Self { shown: without_credentials(address), first: url.clone(), url, text, credentials, hops: 0 })
    }

    /// The credentials for the next hop: only where they were meant for, scheme and port included.
    pub(super) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref().filter(|_| self.url.origin() == self.first.origin())
    }

    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        // Metadata must be as new as the repository has it; what is named by its hash may come from any cache. Nobody
        // on the way may "improve" the bytes.
        let metadata = self.first.path().ends_with(".json");
        let caching = if metadata { "no-cache, no-transform" } else { "no-transform" };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
        let encodings = if self.text { "zstd, br, gzip" } else { "identity" };
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(encodings));
        headers
    }

    /// Turns to where a redirect points, if it may point there.
    pub(super) fn follow(&mut self, location: &HeaderValue, limit: u32) -> Result<(), &'static str> {
        let location = location.to_str().map_err(|_| "its address is not text")?;
        let mut next = self.url.join(location).map_err(|_| "its address cannot be parsed")?;
        next.set_fragment(None);
        match (self.url.scheme(), next.scheme()) {
            (_, "https") | ("http", "http") => {}
            ("https", "http") => return Err("it leads from https to http"),
            _ => return Err("it leads to another scheme than https or http"),
        }
        if !next.username().is_empty() || next.password().is_some() {
            return Err("its address has credentials in it");
        }
        if is_inside(&next) && !is_inside(&self.first) {
            return Err("it leads to an address inside this machine or network");
        }
        if self.hops >= limit {
            return Err("there are too many in a row");
        }
        self.hops += 1;
        self.url = next;
        Ok(())
    }
}

/// Where a redirect points, if the answer is one.
pub(super) fn redirect(status: StatusCode, headers: &HeaderMap) -> Option<&HeaderValue> {
    headers.get(LOCATION).filter(|_| matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308))
}

/// What the head of an answer says, unless it is a redirect.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Found,
    Absent,
    Forbidden,
    Refused(u16, Again),
}

pub(super) fn judge(status: StatusCode, headers: &HeaderMap) -> Verdict {
    match status.as_u16() {
        200 => Verdict::Found,
        404 => Verdict::Absent,
        403 => Verdict::Forbidden,
        code @ (429 | 500..=599) => Verdict::Refused(code, Again::After(retry_after(headers))),
        code => Verdict::Refused(code, Again::Never),
    }
}

/// `Retry-After` in seconds. The other form, a date, would need the clocks to agree; our own delay stands in for it.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// Whether the parsed address names the same file as its spelling: a parser of addresses resolves `..`, turns `\` into
/// `/`, drops tabs and cuts at `?`, each of which could lead out of the base address.
fn keeps_path(address: &str, url: &Url) -> bool {
    let spelled = address.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    let parsed = url.path().strip_prefix('/').unwrap_or(url.path());
    let same = |(a, b): (&str, &str)| a == b || percent_decode(a).is_some_and(|a| Some(a) == percent_decode(b));
    url.query().is_none()
        && url.fragment().is_none()
        && spelled.split('/').count() == parsed.split('/').count()
        && spelled.split('/').zip(parsed.split('/')).all(same)
}

fn from_userinfo(url: &Url) -> Result<Option<Credentials>, &'static str> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let decode = |text: &str| {
        let bytes = percent_decode(text).ok_or("its user name or password is not percent-encoded")?;
        String::from_utf8(bytes).map_err(|_| "its user name or password is not UTF-8")
    };
    Ok(Some(Credentials { user: decode(url.username())?, password: url.password().map(decode).transpose()? }))
}

/// Whether an address names this machine or a private network by number. A name that resolves there is not seen: what
/// such a server answers is still only data to verify.
fn is_inside(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let host = host.trim_end_matches('.');
    match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified(),
        Ok(IpAddr::V6(ip)) => is_inside_v6(ip),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

fn is_inside_v6(ip: Ipv6Addr) -> bool {
    ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(address: &str) -> Request {
        Request::new(address, &Netrc::default()).unwrap()
    }

    fn follow(from: &str, location: &str) -> Result<String, &'static str> {
        let mut request = request(from);
        request.follow(&HeaderValue::from_str(location).unwrap(), 5).map(|()| request.url.to_string())
    }

    fn judged(status: u16, header: Option<(&'static str, &'static str)>) -> Verdict {
        let headers = header
            .map(|(name, value)| (reqwest::header::HeaderName::from_static(name), HeaderValue::from_static(value)));
        judge(StatusCode::from_u16(status).unwrap(), &headers.into_iter().collect())
    }

    #[test]
    fn a056_a259_each_status_means_one_thing() {
        assert_eq!(judged(200, None), Verdict::Found);
        assert_eq!(judged(404, None), Verdict::Absent);
        assert_eq!(judged(403, None), Verdict::Forbidden);
        for code in [201, 202, 203, 204, 205, 206, 207, 226, 300, 304, 305, 306, 400, 401, 402, 405, 410, 418, 451] {
            assert_eq!(judged(code, None), Verdict::Refused(code, Again::Never));
        }
        for code in [429, 500, 502, 503, 504, 511] {
            assert_eq!(judged(code, None), Verdict::Refused(code, Again::After(None)));
        }
        let wait = Again::After(Some(Duration::from_secs(7)));
        assert_eq!(judged(503, Some(("retry-after", "7"))), Verdict::Refused(503, wait));
        assert_eq!(judged(302, None), Verdict::Refused(302, Again::Never));
    }

    #[test]
    fn only_five_statuses_redirect() {
        let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_static("/x"))]);
        let redirects = |code: &u16| redirect(StatusCode::from_u16(*code).unwrap(), &headers).is_some();
        assert_eq!((100..600).filter(redirects).collect::<Vec<_>>(), [301, 302, 303, 307, 308]);
        assert_eq!(redirect(StatusCode::FOUND, &HeaderMap::new()), None);
    }

    #[test]
    fn a220_an_address_that_means_another_file_is_refused() {
        for address in [
            "https://h.example/base/../x",
            "https://h.example/base/%2e%2E/x",
            "https://h.example/base/./x",
            "https://h.example/base\\..\\x",
            "https://h.example/base/a\tb",
            "https://h.example/base/a?b",
            "https://h.example/base/a#b",
        ] {
            let error = Request::new(address, &Netrc::default()).err().unwrap();
            assert_eq!(error.fault, TransportFault::Unsupported("it means another file than it spells"), "{address}");
        }
    }

    #[test]
    fn a221_names_beyond_ascii_keep_their_bytes() {
        assert_eq!(request("https://h.example/a%CC%88/%C3%A4").url.as_str(), "https://h.example/a%CC%88/%C3%A4");
        assert_eq!(request("https://h.example/ä/x").url.as_str(), "https://h.example/%C3%A4/x");
    }

    #[test]
    fn a258_redirects_lead_only_where_they_may() {
        const FROM: &str = "https://h.example/a/b";
        assert_eq!(follow(FROM, "https://cdn.example/x?sig=1#f"), Ok("https://cdn.example/x?sig=1".to_owned()));
        assert_eq!(follow(FROM, "../c"), Ok("https://h.example/c".to_owned()));
        assert_eq!(follow("http://h.example/a", "https://h.example/a"), Ok("https://h.example/a".to_owned()));
        assert_eq!(follow("http://127.0.0.1/a", "http://10.0.0.1/"), Ok("http://10.0.0.1/".to_owned()));
        assert_eq!(follow(FROM, "http://h.example/"), Err("it leads from https to http"));
        for other in ["file:///etc/passwd", "ftp://h.example/", "data:,x"] {
            assert_eq!(follow(FROM, other), Err("it leads to another scheme than https or http"), "{other}");
        }
        assert_eq!(follow(FROM, "https://u:p@h.example/"), Err("its address has credentials in it"));
        assert_eq!(follow(FROM, "https://"), Err("its address cannot be parsed"));
        for inside in [
            "127.0.0.1",
            "0x7f.1",
            "169.254.169.254",
            "10.1.2.3",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "[fe80::1]",
            "localhost.",
        ] {
            let location = format!("https://{inside}/");
            assert_eq!(
                follow(FROM, &location),
                Err("it leads to an address inside this machine or network"),
                "{inside}"
            );
        }
    }

    #[test]
    fn a258_credentials_stay_with_their_origin() {
        let mut request = request("https://ann:s%20s@h.example/a");
        assert_eq!((request.shown.as_str(), request.url.as_str()), ("https://h.example/a", "https://h.example/a"));
        let mut sent = Vec::new();
        for hop in ["/b", "https://other.example/", "/c", "https://h.example:8443/", "https://h.example/d"] {
            request.follow(&HeaderValue::from_static(hop), 5).unwrap();
            sent.push(request.credentials().map(|c| (c.user.clone(), c.password.clone())));
        }
        let ann = Some(("ann".to_owned(), Some("s s".to_owned())));
        assert_eq!(sent, [ann.clone(), None, None, None, ann]);
    }
}
