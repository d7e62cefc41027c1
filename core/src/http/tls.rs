//! TLS by rustls and ring: whom a client trusts.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use super::BUILD;
use crate::{Error, ErrorKind, Result};

/// The TLS set-up that trusts the system's roots, and the certificates in `extra` (PEM) besides.
///
/// Where the system has no roots at all, as in a bare container, Mozilla's stand in for them.
pub(super) fn config(extra: &[Vec<u8>]) -> Result<ClientConfig> {
    // Reading the system's roots takes milliseconds, so clients without roots of their own share one set.
    static SHARED: OnceLock<ClientConfig> = OnceLock::new();
    if !extra.is_empty() {
        return build(extra);
    }
    match SHARED.get() {
        Some(config) => Ok(config.clone()),
        None => build(extra).map(|config| SHARED.get_or_init(|| config).clone()),
    }
}

fn build(extra: &[Vec<u8>]) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| refuse(&e))?;
    let extra = certificates(extra)?;
    let mut config = match system_verifier(&extra, provider)? {
        Some(verifier) => builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
        None => {
            let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            for certificate in extra {
                roots.add(certificate).map_err(|e| refuse(&e))?;
            }
            builder.with_root_certificates(roots)
        }
    }
    .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The system's verifier, or `None` where the system has no roots.
fn system_verifier(
    extra: &[CertificateDer<'static>],
    provider: Arc<CryptoProvider>,
) -> Result<Option<Verifier>> {
    match Verifier::new(provider.clone()) {
        Ok(verifier) if extra.is_empty() => Ok(Some(verifier)),
        Ok(_) => {
            let verifier = Verifier::new_with_extra_roots(extra.to_vec(), provider);
            verifier.map(Some).map_err(|e| refuse(&e))
        }
        Err(_) => Ok(None),
    }
}

fn certificates(pems: &[Vec<u8>]) -> Result<Vec<CertificateDer<'static>>> {
    let mut certificates = Vec::new();
    for pem in pems {
        let before = certificates.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            certificates.push(certificate.map_err(|e| refuse(&e))?);
        }
        if certificates.len() == before {
            return Err(refuse(&"a root certificate was given that holds no PEM CERTIFICATE"));
        }
    }
    Ok(certificates)
}

fn refuse(why: &dyn fmt::Display) -> Error {
    Error::new(ErrorKind::Config, BUILD, format!("TLS: {why}"))
}
