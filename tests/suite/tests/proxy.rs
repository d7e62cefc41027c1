//! Proxies: the environment's by default, another or none when told so.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use turnwire::{ChatRequest, OpenAiBuilder};
use turnwire_fakes::h2::H2Fake;
use turnwire_fakes::{Fake, Script};

/// A service that does not exist, so that only a proxy can answer for it.
const SERVICE: &str = "http://api.invalid/v1";

/// The variables that have a say.
const VARIABLES: [&str; 9] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "REQUEST_METHOD",
];

fn ask(base_url: &str, settings: OpenAiBuilder) -> turnwire::Result<String> {
    let stream =
        settings.base_url(base_url).build_blocking()?.chat_stream(ChatRequest::new("m"))?;
    Ok(stream.finish()?.text().to_owned())
}

fn fake(says: &str) -> Fake {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::chat([says]));
    fake
}

/// What a process with these variables is told by a service at `base_url`: the environment belongs to a process, so this
/// program runs itself once more. The text of the reply, or of the error.
fn asked_with(base_url: &str, variables: &[(&str, &str)]) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "asks_as_its_environment_says", "--nocapture"]);
    for name in VARIABLES {
        child.env_remove(name);
    }
    child.envs(variables.iter().copied()).env("TURNWIRE_TEST_BASE_URL", base_url);
    let output = String::from_utf8(child.output().unwrap().stdout).unwrap();
    let answer = output.split_once("answer<").and_then(|(_, rest)| rest.split_once(">answer"));
    answer.expect(&output).0.to_owned()
}

/// The child of the tests below.
#[test]
#[allow(clippy::print_stdout, reason = "its parent reads it")]
fn asks_as_its_environment_says() {
    let Ok(base_url) = std::env::var("TURNWIRE_TEST_BASE_URL") else { return };
    let settings = || {
        turnwire::OpenAi::builder()
            .retry(turnwire::RetryPolicy { max_retries: 0, ..Default::default() })
    };
    let answer = ask(&base_url, settings()).unwrap_or_else(|error| format!("{error} | {error:?}"));
    println!("answer<{answer}>answer");
}

#[test]
fn a_given_proxy_is_asked() {
    let proxy = fake("안녕");
    let url = format!(" {}\n", proxy.url());
    for url in [proxy.url(), url, proxy.address().to_string()] {
        assert_eq!(ask(SERVICE, turnwire::OpenAi::builder().proxy(url)).unwrap(), "안녕");
    }
    assert_eq!(proxy.requests()[0].header("host"), Some("api.invalid"));
    assert_eq!(proxy.requests()[0].header("proxy-authorization"), None);
}

#[test]
fn a_proxy_s_credentials_are_sent_to_it() {
    let proxy = fake("안녕");
    let url = proxy.url().replace("//", "//me:p%40ss-word@");
    assert_eq!(ask(SERVICE, turnwire::OpenAi::builder().proxy(url)).unwrap(), "안녕");
    let sent = proxy.requests()[0].header("proxy-authorization").map(str::to_owned);
    assert_eq!(sent.as_deref(), Some("Basic bWU6cEBzcy13b3Jk"));
}

#[test]
fn a_proxy_that_cannot_be_used_is_refused_without_showing_it() {
    let service = fake("straight");
    for url in [
        "",
        " ",
        "htp://me:secret-1@127.0.0.1:9",
        "ftp://me:secret-1@127.0.0.1",
        "nonsense://secret-1",
        "http://",
        "socks5://",
        "http://me:secret-1@[",
        "http://127.0.0.1:9 9",
    ] {
        let settings = turnwire::OpenAi::builder().proxy(url);
        let error = ask(&service.base_url(), settings).unwrap_err();
        assert_eq!(error.code(), "config", "{url}");
        assert!(error.to_string().contains("proxy"), "{error}");
        assert!(!format!("{error} {error:?}").contains("secret-1"), "{error:?}");
    }
    assert!(service.requests().is_empty(), "nothing went past the proxy");
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for scheme in ["http", "socks5", "socks4"] {
        let url = format!("{scheme}://me:secret-1@127.0.0.1:{port}");
        let retry = turnwire::RetryPolicy { max_retries: 0, ..Default::default() };
        let settings = turnwire::OpenAi::builder().proxy(url).retry(retry);
        let error = ask("http://127.0.0.1:1/v1", settings).unwrap_err();
        assert_eq!(error.code(), "connect");
        let proxy = format!("through the proxy {scheme}://127.0.0.1:{port}/");
        assert!(error.to_string().contains(&proxy), "{error}");
        assert!(!format!("{error} {error:?}").contains("secret-1"), "{error:?}");
    }
}

#[test]
fn the_environment_s_proxy_is_asked_for_its_scheme() {
    let proxy = fake("proxied");
    let url = proxy.url();
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        assert_eq!(asked_with(SERVICE, &[(name, &url)]), "proxied", "{name}");
    }
    assert_eq!(asked_with(SERVICE, &[("HTTP_PROXY", " "), ("ALL_PROXY", &url)]), "proxied");
    assert_eq!(asked_with(SERVICE, &[("http_proxy", ""), ("HTTP_PROXY", &url)]), "proxied");
    let service = fake("straight");
    let base = service.base_url();
    assert_eq!(asked_with(&base, &[("HTTPS_PROXY", &url), ("http_proxy", " ")]), "straight");
    assert_eq!(asked_with(&base, &[]), "straight");
    let error = ask(SERVICE, turnwire::OpenAi::builder().no_proxy()).unwrap_err();
    assert_eq!(error.code(), "connect");
}

/// A CGI program is given a request's header `Proxy` as `HTTP_PROXY`.
#[test]
fn a_cgi_program_does_not_believe_its_client_s_proxy() {
    let (proxy, service) = (fake("proxied"), fake("straight"));
    let cgi = ("REQUEST_METHOD", "POST");
    assert_eq!(asked_with(&service.base_url(), &[("HTTP_PROXY", &proxy.url()), cgi]), "straight");
    assert_eq!(asked_with(&service.base_url(), &[("http_proxy", &proxy.url()), cgi]), "proxied");
}

#[test]
fn a_variable_that_cannot_be_used_is_named_and_not_shown() {
    for (name, value) in [
        ("HTTP_PROXY", "htp://me:secret-1@proxy"),
        ("http_proxy", "http://me:secret-1@["),
        ("ALL_PROXY", "http://me:secret-1@proxy:0"),
    ] {
        let answer = asked_with(SERVICE, &[(name, value)]);
        assert!(answer.contains(": config: ") && answer.contains(name), "{answer}");
        assert!(!answer.contains("secret-1"), "{answer}");
    }
}

#[test]
fn a_service_that_needs_no_proxy_is_asked_itself() {
    let (proxy, service) = (fake("proxied"), fake("straight"));
    let port = service.address().port();
    let (here, other) = (format!("127.0.0.1:{port}"), format!("127.0.0.1:{}", port ^ 1));
    for (no_proxy, expected) in [
        ("*", "straight"),
        (" * ", "straight"),
        ("example.com, *", "straight"),
        ("127.0.0.1", "straight"),
        ("127.0.0.0/8", "straight"),
        ("example.com 127.0.0.1", "straight"),
        (here.as_str(), "straight"),
        ("", "proxied"),
        (" , ", "proxied"),
        ("localhost", "proxied"),
        ("0.0.1", "proxied"),
        ("128.0.0.0/8", "proxied"),
        (other.as_str(), "proxied"),
    ] {
        for name in ["NO_PROXY", "no_proxy"] {
            let variables = [("http_proxy", &*proxy.url()), (name, no_proxy)];
            assert_eq!(asked_with(&service.base_url(), &variables), expected, "{no_proxy:?}");
        }
    }
    // A proxy that is not needed need not be usable.
    let unusable = [("HTTP_PROXY", "nonsense://x"), ("NO_PROXY", "*")];
    assert_eq!(asked_with(&service.base_url(), &unusable), "straight");
}

/// A proxy that reads what a handshake asks for, and passes everything on to one address. What was asked comes out of
/// the receiver.
fn relay(handshake: fn(&mut TcpStream) -> String, to: SocketAddr) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, asked) = channel();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        sender.send(handshake(&mut client)).unwrap();
        let mut service = TcpStream::connect(to).unwrap();
        let (mut from, mut back) = (client.try_clone().unwrap(), service.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut back, &mut client));
        let _ = std::io::copy(&mut from, &mut service);
    });
    (address, asked)
}

fn bytes<const N: usize>(from: &mut TcpStream) -> [u8; N] {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).unwrap();
    bytes
}

fn text(from: &mut TcpStream, length: u8) -> String {
    let mut text = vec![0; length.into()];
    from.read_exact(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// RFC 1928 and, where credentials are offered, RFC 1929.
fn socks5(client: &mut TcpStream) -> String {
    let [version, methods] = bytes(client);
    assert_eq!(version, 5);
    let offered = text(client, methods);
    let mut asked = String::new();
    if offered.contains('\u{2}') {
        client.write_all(&[5, 2]).unwrap();
        let [_, length] = bytes(client);
        asked = text(client, length) + ":";
        let [length] = bytes(client);
        asked += &(text(client, length) + "@");
        client.write_all(&[1, 0]).unwrap();
    } else {
        client.write_all(&[5, 0]).unwrap();
    }
    let [_, _, _, kind] = bytes(client);
    let host = match kind {
        1 => std::net::Ipv4Addr::from(bytes::<4>(client)).to_string(),
        3 => {
            let [length] = bytes(client);
            text(client, length)
        }
        _ => format!("[{}]", std::net::Ipv6Addr::from(bytes::<16>(client))),
    };
    let port = u16::from_be_bytes(bytes(client));
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
    format!("{asked}{host}:{port}")
}

fn socks4(client: &mut TcpStream) -> String {
    let word = |client: &mut TcpStream| {
        let mut word = String::new();
        loop {
            match bytes(client) {
                [0] => return word,
                [byte] => word.push(byte.into()),
            }
        }
    };
    assert_eq!(bytes(client), [4, 1]);
    let port = u16::from_be_bytes(bytes(client));
    let address = bytes::<4>(client);
    word(client);
    let host = match address {
        [0, 0, 0, _] => word(client),
        address => std::net::Ipv4Addr::from(address).to_string(),
    };
    client.write_all(&[0, 0x5a, 0, 0, 0, 0, 0, 0]).unwrap();
    format!("{host}:{port}")
}

fn tunnel(client: &mut TcpStream) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push(bytes::<1>(client)[0].into());
    }
    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
    head
}

#[test]
fn socks_proxies_are_told_a_name_or_an_address_as_their_scheme_says() {
    let service = fake("안녕");
    let at = service.address();
    let local = format!("http://localhost:{}/v1", at.port());
    for (scheme, user, handshake, base_url, expected) in [
        ("socks5h", "", socks5 as fn(&mut TcpStream) -> String, SERVICE, "api.invalid:80".into()),
        ("socks5h", "me:p%40ss@", socks5, "http://api.invalid:81", "me:p@ss@api.invalid:81".into()),
        ("socks", "", socks5, SERVICE, "api.invalid:80".into()),
        ("socks5", "", socks5, "http://127.0.0.1:82/", "127.0.0.1:82".into()),
        ("socks5", "", socks5, "http://[::1]:83/", "[::1]:83".into()),
        ("socks4a", "", socks4, SERVICE, "api.invalid:80".into()),
        ("socks4", "", socks4, "http://127.0.0.1:84/", "127.0.0.1:84".into()),
        ("socks5", "", socks5, local.as_str(), format!(":{}", at.port())),
    ] {
        let (proxy, asked) = relay(handshake, at);
        let settings = turnwire::OpenAi::builder().proxy(format!("{scheme}://{user}{proxy}"));
        assert_eq!(ask(base_url, settings).unwrap(), "안녕", "{scheme}");
        let asked = asked.recv().unwrap();
        assert!(asked.ends_with(&expected) && !asked.contains("localhost"), "{scheme}: {asked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_goes_through_a_tunnel_that_sees_none_of_it() {
    let service = H2Fake::start().await.unwrap();
    let at = service.url().replace("https://", "");
    let (proxy, asked) = relay(tunnel, at.parse().unwrap());
    let llm = turnwire::OpenAi::builder()
        .base_url(service.base_url())
        .api_key("sk-hidden-0123456789")
        .root_certificate(service.certificate_pem())
        .proxy(format!("http://me:pass@{proxy}"))
        .build()
        .unwrap();
    let reply = llm.chat_stream(ChatRequest::new("m")).await.unwrap().finish().await.unwrap();
    assert!(!reply.text().is_empty());
    let head = asked.recv().unwrap();
    assert!(head.starts_with(&format!("CONNECT {at} HTTP/1.1\r\n")), "{head}");
    assert!(head.to_lowercase().contains("proxy-authorization: basic bwu6cgfzcw=="), "{head}");
    assert!(!head.contains("sk-hidden"), "{head}");
    assert_eq!(service.requests()[0].version, "HTTP/2.0");
}
