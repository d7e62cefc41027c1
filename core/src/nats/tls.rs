//! TLS to the broker: the certificates of the settings, and those that the library trusts elsewhere.

use std::fs;
use std::path::Path;

use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

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
    http::tls_config(&roots, identity).map_err(|error| error.message().to_owned())
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
