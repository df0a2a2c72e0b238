//! The two clients of a transport: TLS, proxy, time-outs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;

use super::credentials::Netrc;
use super::options::{HttpOptions, Proxy};
use crate::error::CallerError;

/// Everything that is made of the options once.
pub(super) struct Clients {
    /// Asks for compressed bodies and decodes them.
    pub(super) text: reqwest::Client,
    /// Takes bodies as they are: some servers call a `.tar.gz` a compressed `.tar`, and decoding it would change the
    /// bytes that were signed.
    pub(super) plain: reqwest::Client,
    pub(super) netrc: Netrc,
    /// Why there are no authorities to check servers against, where there are none.
    pub(super) no_roots: Option<String>,
}

impl Clients {
    pub(super) fn new(options: &HttpOptions) -> Result<Self, CallerError> {
        let (tls, no_roots) = tls(&extra_roots(options)?)?;
        let text = builder(options, &tls)?;
        let plain = builder(options, &tls)?.no_gzip().no_brotli().no_zstd();
        let build = |b: reqwest::ClientBuilder| b.build().map_err(|e| fault("its client", &e.without_url()));
        Ok(Self { text: build(text)?, plain: build(plain)?, netrc: netrc(options)?, no_roots })
    }
}

fn builder(options: &HttpOptions, tls: &rustls::ClientConfig) -> Result<reqwest::ClientBuilder, CallerError> {
    let agent = reqwest::header::HeaderValue::from_str(&options.user_agent).map_err(|e| fault("the user agent", &e))?;
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .user_agent(agent)
        .connect_timeout(options.connect_timeout)
        // Redirects and repetitions are ours: the rules for them, and for credentials, hold at each hop.
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false);
    Ok(match &options.proxy {
        Proxy::Environment => builder,
        Proxy::Direct => builder.no_proxy(),
        Proxy::Url(url) => {
            // The cause could show the address, which may hold a password.
            let proxy = reqwest::Proxy::all(url).map_err(|_| fault("the proxy", &"its address cannot be used"))?;
            builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_env()))
        }
    })
}

/// TLS 1.2 and 1.3 by ring, checked by the rules of the system. Without authorities every server is refused, but
/// `http://` and files can still be had.
fn tls(extra: &[CertificateDer<'static>]) -> Result<(rustls::ClientConfig, Option<String>), CallerError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| fault("TLS", &e))?;
    let (config, no_roots) = match Verifier::new_with_extra_roots(extra.iter().cloned(), provider) {
        Ok(verifier) => (config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)), None),
        Err(e) if extra.is_empty() => {
            (config.with_root_certificates(rustls::RootCertStore::empty()), Some(e.to_string()))
        }
        Err(e) => return Err(fault("the extra root certificates", &e)),
    };
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((config, no_roots))
}

fn extra_roots(options: &HttpOptions) -> Result<Vec<CertificateDer<'static>>, CallerError> {
    let mut files = options.extra_roots.clone();
    if cfg!(any(windows, target_vendor = "apple")) {
        files.extend(std::env::var_os("SSL_CERT_FILE").map(PathBuf::from));
    }
    let mut roots = Vec::new();
    for file in files {
        let before = roots.len();
        for certificate in CertificateDer::pem_file_iter(&file).map_err(|e| fault_in(&file, &e))? {
            roots.push(certificate.map_err(|e| fault_in(&file, &e))?);
        }
        if roots.len() == before {
            return Err(fault_in(&file, &"no certificate in it"));
        }
    }
    Ok(roots)
}

fn netrc(options: &HttpOptions) -> Result<Netrc, CallerError> {
    let Some(file) = &options.netrc else { return Ok(Netrc::default()) };
    let text = std::fs::read_to_string(file).map_err(|e| fault_in(file, &e))?;
    Netrc::parse(&text).map_err(|e| fault_in(file, &e))
}

pub(super) fn fault(what: &str, why: &dyn std::fmt::Display) -> CallerError {
    CallerError::Http { reason: format!("{what}: {why}") }
}

fn fault_in(file: &Path, why: &dyn std::fmt::Display) -> CallerError {
    fault(&file.display().to_string(), why)
}
