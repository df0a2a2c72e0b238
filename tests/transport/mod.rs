//! Fetching: what is served, what is refused, and how long a stranger may keep us waiting.

mod file;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "http")]
mod limits;
#[cfg(feature = "http")]
mod routes;
#[cfg(feature = "http")]
mod server;

use std::future::Future;

use tufgate::error::{TransportError, TransportFault};
use tufgate::{AsyncBody, AsyncTransport, Fetched, Transport};

/// What a transport said, as values to compare.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Body(Vec<u8>),
    NotFound,
    Forbidden,
    Error(TransportFault),
}

fn body(bytes: impl AsRef<[u8]>) -> Said {
    Said::Body(bytes.as_ref().to_vec())
}

/// Fetches and reads to the end. For answers that are known to be short.
fn said(transport: &impl Transport, url: &str) -> Said {
    match transport.fetch(url) {
        Ok(Fetched::Body(mut body)) => {
            let mut bytes = Vec::new();
            match std::io::Read::read_to_end(&mut body, &mut bytes) {
                Ok(_) => Said::Body(bytes),
                Err(e) => Said::Error(inner(e).fault),
            }
        }
        Ok(Fetched::NotFound) => Said::NotFound,
        Ok(Fetched::Forbidden) => Said::Forbidden,
        Err(e) => Said::Error(e.fault),
    }
}

async fn said_async(transport: &impl AsyncTransport, url: &str) -> Said {
    let mut body = match transport.fetch(url).await {
        Ok(Fetched::Body(body)) => body,
        Ok(Fetched::NotFound) => return Said::NotFound,
        Ok(Fetched::Forbidden) => return Said::Forbidden,
        Err(e) => return Said::Error(e.fault),
    };
    let mut bytes = Vec::new();
    loop {
        match body.chunk().await {
            Ok(Some(chunk)) => bytes.extend(chunk),
            Ok(None) => return Said::Body(bytes),
            Err(e) => return Said::Error(e.fault),
        }
    }
}

/// The error that a body hands out through `read`.
fn inner(e: std::io::Error) -> TransportError {
    *e.into_inner().expect("an error of ours").downcast().expect("a TransportError")
}

/// The error and all its causes, as a user would see them.
#[cfg(feature = "http")]
fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |e| e.source()).map(|e| format!("{e} | {e:?}\n")).collect()
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
