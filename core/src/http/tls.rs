//! TLS with rustls and ring, and the certificates that a client trusts.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

use super::names::BUILD;
use crate::error::{Error, ErrorKind, Result};

/// The certificates of a client, with their key.
pub(crate) type ClientIdentity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The TLS configuration of HTTP.
pub(super) fn config(extra: &[Vec<u8>]) -> Result<ClientConfig> {
    let mut config = tls_config(extra, None)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The TLS configuration that trusts the system's roots, and the certificates in `extra` (PEM).
///
/// A system without roots, such as a bare container, uses Mozilla's.
pub(crate) fn tls_config(
    extra: &[Vec<u8>],
    identity: Option<ClientIdentity>,
) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| refuse(&e))?
        .dangerous();
    let trusting = match extra {
        [] => builder.with_custom_certificate_verifier(Arc::new(Roots { provider })),
        extra => {
            builder.with_custom_certificate_verifier(verifier(certificates(extra)?, provider)?)
        }
    };
    match identity {
        None => Ok(trusting.with_no_client_auth()),
        Some((certificates, key)) => {
            trusting.with_client_auth_cert(certificates, key).map_err(|e| refuse(&e))
        }
    }
}

type AnyVerifier = Arc<dyn ServerCertVerifier>;

/// The verifier of certificates against the system's roots, or else Mozilla's, and against these.
fn verifier(
    extra: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<AnyVerifier> {
    if Verifier::new(provider.clone()).is_ok() {
        let verifier = Verifier::new_with_extra_roots(extra, provider).map_err(|e| refuse(&e))?;
        return Ok(Arc::new(verifier));
    }
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for certificate in extra {
        roots.add(certificate).map_err(|e| refuse(&e))?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    Ok(verifier.map_err(|e| refuse(&e))?)
}

/// The roots of this process, loaded by the first connection that needs them: loading takes milliseconds and memory,
/// and a client of a local service never needs them.
#[derive(Debug)]
struct Roots {
    provider: Arc<CryptoProvider>,
}

impl Roots {
    fn verifier(&self) -> Result<&'static AnyVerifier, rustls::Error> {
        static SHARED: OnceLock<AnyVerifier> = OnceLock::new();
        if let Some(verifier) = SHARED.get() {
            return Ok(verifier);
        }
        let verifier = verifier(Vec::new(), self.provider.clone())
            .map_err(|e| rustls::Error::General(e.message().to_owned()))?;
        Ok(SHARED.get_or_init(|| verifier))
    }
}

impl ServerCertVerifier for Roots {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verifier = self.verifier()?;
        verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier()?.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier()?.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
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
            return Err(refuse(
                &"a root certificate has no PEM block CERTIFICATE: pass the certificate, not its key",
            ));
        }
    }
    Ok(certificates)
}

fn refuse(why: &dyn fmt::Display) -> Error {
    Error::new(ErrorKind::Config, BUILD, format!("TLS: {why}"))
}
