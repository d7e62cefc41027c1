//! The HTTP/2 fake, tested with hyper: bare TCP would need our own HTTP/2.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code; clippy only knows the functions marked as tests"
)]

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Version};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use turnwire_h2_fake::{BIG_BODY_BYTES, H2Fake};

async fn connect(fake: &H2Fake) -> http2::SendRequest<Full<Bytes>> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(fake.certificate_pem().as_bytes()).unwrap();
    roots.add(certificate).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];

    let address = fake.url().strip_prefix("https://").unwrap().to_owned();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let tcp = TcpStream::connect(address).await.unwrap();
    let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap();
    assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(tls)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn request(fake: &H2Fake, model: &str) -> Request<Full<Bytes>> {
    Request::post(format!("{}/chat/completions", fake.base_url()))
        .version(Version::HTTP_2)
        .body(Full::from(format!(r#"{{"model": "{model}", "stream": true}}"#)))
        .unwrap()
}

#[tokio::test]
async fn a_small_stream_passes_a_big_one() {
    let fake = H2Fake::start().await.unwrap();
    let mut client = connect(&fake).await;

    let mut big = client.send_request(request(&fake, "big")).await.unwrap();
    let first = big.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"data: {"));

    let small = client.send_request(request(&fake, "small")).await.unwrap();
    let text = String::from_utf8(small.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    assert_eq!(text.matches(r#""content":"#).count(), 5);
    assert!(text.contains(r#""finish_reason":"stop""#));
    assert!(text.ends_with("data: [DONE]\n\n"));

    let rest = big.collect().await.unwrap().to_bytes();
    assert!(first.len() as u64 + rest.len() as u64 >= BIG_BODY_BYTES);
    assert!(rest.ends_with(b"data: [DONE]\n\n"));

    assert_eq!(fake.connections(), 1);
    let seen = fake.requests();
    assert!(seen.iter().all(|r| r.version == "HTTP/2.0" && r.connection == 1), "{seen:?}");
    assert_eq!(seen[0].model.as_deref(), Some("big"));
}

#[tokio::test]
async fn other_paths_are_not_found() {
    let fake = H2Fake::start().await.unwrap();
    let mut client = connect(&fake).await;
    let request = Request::get(fake.url()).version(Version::HTTP_2).body(Full::default()).unwrap();
    assert_eq!(client.send_request(request).await.unwrap().status(), 404);
}
