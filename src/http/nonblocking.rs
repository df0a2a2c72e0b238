//! The transport itself; the blocking one drives it.

use std::fmt;
use std::time::Duration;

use reqwest::Response;
use reqwest::header::CONTENT_ENCODING;
use tokio::time::{Instant, sleep, timeout};

use super::connect::Clients;
use super::options::HttpOptions;
use super::rate::RateWatch;
use super::request::{Request, Verdict, judge, redirect};
use super::retry::{Again, delay};
use crate::error::{CallerError, TransportError, TransportFault};
use crate::transport::{AsyncBody, AsyncTransport, Fetched};

/// Fetches over HTTP and HTTPS, for programs that have a tokio runtime (with its timers and network enabled).
///
/// Of answers, 200 is the file and 404 its absence; 403 is told apart; anything else is an error. See
/// [`HttpOptions`] for what is limited. Made with ring as the only TLS cryptography; nothing is set for the process.
pub struct AsyncHttpTransport {
    clients: Clients,
    options: HttpOptions,
}

impl AsyncHttpTransport {
    /// Reads the files that the options name and the system's root certificates.
    ///
    /// # Errors
    /// [`CallerError::Http`] for options that do not work.
    pub fn new(options: HttpOptions) -> Result<Self, CallerError> {
        Ok(Self { clients: Clients::new(&options)?, options })
    }

    /// One try, redirects included.
    async fn attempt(&self, request: &mut Request) -> Result<Fetched<AsyncHttpBody>, Failure> {
        let longest = self.options.connect_timeout.saturating_add(self.options.idle_timeout);
        let Ok(answer) = timeout(longest, self.head(request)).await else {
            return Err(Failure::new(request, idle(longest), Again::Never));
        };
        let response = answer?;
        match judge(response.status(), response.headers()) {
            Verdict::Found => self.body(request, response).map(Fetched::Body),
            Verdict::Absent => Ok(Fetched::NotFound),
            Verdict::Forbidden => Ok(Fetched::Forbidden),
            Verdict::Refused(status, again) => Err(Failure::new(request, TransportFault::Status(status), again)),
        }
    }

    /// The first answer that is not a redirect.
    async fn head(&self, request: &mut Request) -> Result<Response, Failure> {
        let client = if request.text { &self.clients.text } else { &self.clients.plain };
        loop {
            let mut asked = client.get(request.url.clone()).headers(request.headers());
            if let Some(credentials) = request.credentials() {
                asked = asked.basic_auth(&credentials.user, credentials.password.as_ref());
            }
            let response = asked.send().await.map_err(|e| self.no_answer(request, e))?;
            tracing::debug!(url = request.shown, status = response.status().as_u16(), "answered");
            let Some(location) = redirect(response.status(), response.headers()) else { return Ok(response) };
            request
                .follow(location, self.options.redirects)
                .map_err(|reason| Failure::new(request, TransportFault::Redirect(reason), Again::Never))?;
        }
    }

    fn body(&self, request: &Request, response: Response) -> Result<AsyncHttpBody, Failure> {
        // What the client could decode it has, and taken the header away.
        let encoded = response.headers().get(CONTENT_ENCODING).is_some_and(|value| value != "identity");
        if request.text && encoded {
            let mut failure = Failure::new(request, TransportFault::Read, Again::Never);
            failure.error = failure.error.caused_by("the server sent a content encoding that was not asked for");
            return Err(failure);
        }
        Ok(AsyncHttpBody {
            response,
            shown: request.shown.clone(),
            rate: RateWatch::new(self.options.minimum_rate, self.options.rate_window),
            minimum_rate: self.options.minimum_rate,
            idle_timeout: self.options.idle_timeout,
        })
    }

    fn no_answer(&self, request: &Request, error: reqwest::Error) -> Failure {
        let fault = if error.is_connect() { TransportFault::Connect } else { TransportFault::Read };
        // A server whose certificate is wrong has the same one a second later.
        let again = if is_tls(&error) { Again::Never } else { Again::After(None) };
        let mut failure = Failure::new(request, fault, again);
        failure.error = match &self.clients.no_roots {
            Some(reason) if again == Again::Never => failure.error.caused_by(reason.clone()),
            _ => failure.error.caused_by(error.without_url()),
        };
        failure
    }
}

impl AsyncTransport for AsyncHttpTransport {
    type Body = AsyncHttpBody;

    async fn fetch(&self, url: &str) -> Result<Fetched<AsyncHttpBody>, TransportError> {
        let started = Instant::now();
        let mut repetition = 0;
        loop {
            let mut request = Request::new(url, &self.clients.netrc)?;
            let failure = match self.attempt(&mut request).await {
                Ok(fetched) => return Ok(fetched),
                Err(failure) => failure,
            };
            let Some(wait) = delay(&self.options, failure.again, repetition, started.elapsed()) else {
                return Err(failure.error);
            };
            tracing::debug!(url = request.shown, fault = %failure.error.fault, ?wait, "asking again");
            sleep(wait).await;
            repetition += 1;
        }
    }
}

impl fmt::Debug for AsyncHttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncHttpTransport").field("options", &self.options).finish_non_exhaustive()
    }
}

/// The body of an answer, decoded, as it comes.
pub struct AsyncHttpBody {
    response: Response,
    shown: String,
    rate: RateWatch,
    minimum_rate: u64,
    idle_timeout: Duration,
}

impl AsyncBody for AsyncHttpBody {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        let fault = |fault| TransportError::new(&self.shown, fault);
        let waiting = Instant::now();
        let response = &mut self.response;
        let next = async {
            loop {
                match response.chunk().await {
                    Ok(Some(empty)) if empty.is_empty() => {}
                    other => return other,
                }
            }
        };
        let chunk = match timeout(self.idle_timeout, next).await {
            Ok(Ok(Some(chunk))) => chunk,
            Ok(Ok(None)) => return Ok(None),
            Ok(Err(e)) => return Err(fault(TransportFault::Read).caused_by(e.without_url())),
            Err(_) => return Err(fault(idle(self.idle_timeout))),
        };
        if !self.rate.keeps_up(waiting.elapsed(), chunk.len()) {
            return Err(fault(TransportFault::TooSlow { bytes_per_second: self.minimum_rate }));
        }
        Ok(Some(chunk.into()))
    }
}

impl fmt::Debug for AsyncHttpBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncHttpBody").field("url", &self.shown).finish_non_exhaustive()
    }
}

struct Failure {
    error: TransportError,
    again: Again,
}

impl Failure {
    fn new(request: &Request, fault: TransportFault, again: Again) -> Self {
        Self { error: TransportError::new(&request.shown, fault), again }
    }
}

fn idle(limit: Duration) -> TransportFault {
    let seconds = limit.as_secs() + u64::from(limit.subsec_nanos() > 0);
    TransportFault::Idle { seconds }
}

/// Whether TLS itself failed. An `io::Error` does not count what it wraps among its sources, so look inside.
fn is_tls(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        next = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}
