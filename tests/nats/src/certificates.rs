//! Certificates for TLS between tests and their server: an authority, a server's certificate and a client's.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// Files in a folder, which is deleted at the end.
#[derive(Debug)]
pub struct Certificates {
    folder: TempDir,
}

impl Certificates {
    /// Creates all of them.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn create() -> Result<Self> {
        let created = Self { folder: tempfile::tempdir()? };
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        fs::write(created.authority(), params.self_signed(&key)?.pem())?;
        let authority = Issuer::new(params, key);
        for (name, host) in [("server", "127.0.0.1"), ("client", "client.test")] {
            let key = KeyPair::generate()?;
            let params = CertificateParams::new(vec![host.to_owned()])?;
            let certificate = params.signed_by(&key, &authority)?;
            fs::write(created.file(name, "crt"), certificate.pem())?;
            fs::write(created.file(name, "key"), key.serialize_pem())?;
        }
        Ok(created)
    }

    /// The authority's certificate.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.file("authority", "crt")
    }

    /// The client's certificate and its key.
    #[must_use]
    pub fn client(&self) -> (PathBuf, PathBuf) {
        (self.file("client", "crt"), self.file("client", "key"))
    }

    /// The server's block `tls`; with `verify`, clients need a certificate too.
    #[must_use]
    pub fn server_block(&self, verify: bool) -> String {
        let (certificate, key) = (self.file("server", "crt"), self.file("server", "key"));
        format!(
            "tls {{ cert_file: {certificate:?}, key_file: {key:?}, ca_file: {:?}, verify: {verify} }}",
            self.authority()
        )
    }

    fn file(&self, name: &str, kind: &str) -> PathBuf {
        let folder: &Path = self.folder.path();
        folder.join(format!("{name}.{kind}"))
    }
}
