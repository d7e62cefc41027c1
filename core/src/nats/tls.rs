//! TLS to the broker: the certificates of the settings, and those that the library trusts elsewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, SignatureScheme};

use super::settings::Nats;
use crate::http;

/// The configuration for a broker, or the reason why there is none.
pub(super) fn config(nats: &Nats) -> Result<ClientConfig, String> {
    let roots = match &nats.ca_file {
        Some(path) => vec![read(path)?],
        None => Vec::new(),
    };
    let identity = match &nats.client_certificate {
        Some((certificate, key)) => Some((certificates(certificate)?, private_key(key)?)),
        None => None,
    };
    let mut config =
        http::tls_config(&roots, identity).map_err(|error| error.message().to_owned())?;
    if let Some((certificate, key)) = &nats.client_certificate {
        config.client_auth_cert_resolver = Arc::new(Identity {
            certificate: certificate.clone(),
            key: key.clone(),
            provider: config.crypto_provider().clone(),
        });
    }
    Ok(config)
}

/// The files of a client certificate, which are read again for each connection: a renewed one is used without a restart.
#[derive(Debug)]
struct Identity {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
}

impl Identity {
    fn read(&self) -> Result<CertifiedKey, String> {
        let (certificates, key) = (certificates(&self.certificate)?, private_key(&self.key)?);
        CertifiedKey::from_der(certificates, key, &self.provider).map_err(|error| {
            format!("the client certificate {}: {error}", self.certificate.display())
        })
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        match self.read() {
            Ok(identity) => Some(Arc::new(identity)),
            Err(why) => {
                // The server refuses the connection, which is then tried again.
                tracing::warn!("the client certificate for the broker is not usable now: {why}");
                None
            }
        }
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(format!("the client certificate {} has no PEM block CERTIFICATE", path.display())),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    // The reason of a parser is left out: nothing of a key belongs in an error.
    PrivateKeyDer::from_pem_slice(&read(path)?)
        .map_err(|_| format!("the client key {} has no PEM block PRIVATE KEY", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("the file {} cannot be read: {error}", path.display()))
}
