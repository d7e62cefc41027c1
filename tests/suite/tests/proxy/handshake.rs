//! The handshake with a proxy, before it forwards bytes, and its answers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use turnwire::ChatRequest;
use turnwire_h2_fake::H2Fake;

use super::{SERVICE, ask, fake};

/// A proxy that reads the handshake's request, and forwards everything to one address. The receiver returns the request.
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
    let user = word(client);
    let host = match address {
        [0, 0, 0, _] => word(client),
        address => std::net::Ipv4Addr::from(address).to_string(),
    };
    client.write_all(&[0, 0x5a, 0, 0, 0, 0, 0, 0]).unwrap();
    format!("{user}@{host}:{port}")
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
    // The maximum length of RFC 1929.
    let (user, password) = ("u".repeat(255), "p".repeat(255));
    let long = format!("{user}:{password}@");
    let longest = format!("{long}api.invalid:80");
    for (scheme, user, handshake, base_url, expected) in [
        ("socks5h", "", socks5 as fn(&mut TcpStream) -> String, SERVICE, "api.invalid:80".into()),
        ("socks5h", "me:p%40ss@", socks5, "http://api.invalid:81", "me:p@ss@api.invalid:81".into()),
        ("socks5h", &long, socks5, SERVICE, longest),
        ("socks", "", socks5, SERVICE, "api.invalid:80".into()),
        ("socks5", "", socks5, "http://127.0.0.1:82/", "127.0.0.1:82".into()),
        ("socks5", "", socks5, "http://[::1]:83/", "[::1]:83".into()),
        ("socks4a", "", socks4, SERVICE, "api.invalid:80".into()),
        ("socks4", "me@", socks4, "http://127.0.0.1:84/", "me@127.0.0.1:84".into()),
        ("socks4", "", socks4, "http://[::ffff:127.0.0.1]:84/", "@127.0.0.1:84".into()),
        ("socks4", "", socks4, local.as_str(), format!("@127.0.0.1:{}", at.port())),
        ("socks5", "", socks5, local.as_str(), format!(":{}", at.port())),
    ] {
        let (proxy, asked) = relay(handshake, at);
        let settings = turnwire::OpenAi::builder().proxy(format!("{scheme}://{user}{proxy}"));
        assert_eq!(ask(base_url, settings).unwrap(), "안녕", "{scheme}");
        let asked = asked.recv().unwrap();
        assert!(asked.ends_with(&expected) && !asked.contains("localhost"), "{scheme}: {asked}");
    }
}

/// A proxy that answers each message with the next of these.
fn answering(answers: &'static [&'static [u8]]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            for answer in answers {
                if client.read(&mut [0; 2048]).unwrap_or(0) > 0 {
                    client.write_all(answer).unwrap();
                }
            }
        }
    });
    address
}

#[test]
fn what_a_proxy_answers_is_told_and_only_what_may_pass_is_tried_again() {
    let answers: [(&str, &'static [&'static [u8]], &str, u32); 18] = [
        ("http", &[b"HTTP/1.1 403 Forbidden\r\n\r\nno"], "answered 403 Forbidden to CONNECT", 1),
        ("http", &[b"HTTP/1.1 407 Login\r\n\r\n"], "407 to CONNECT: give its user and password", 1),
        ("http", &[b"HTTP/1.0 502 Bad\n\n"], "answered 502 Bad Gateway to CONNECT", 2),
        ("http", &[b"SSH-2.0\r\n\r\n"], "not HTTP/1", 2),
        ("http", &[b"HTTP/1.1 200"], "closed the connection in the middle of the handshake", 2),
        ("socks5", &[&[5, 0xff]], "accepts no user and password", 1),
        ("socks5", &[&[5, 2], &[1, 1]], "does not accept the user and password", 1),
        ("socks5", &[&[5, 2], &[1, 0], &[5, 2, 0, 1]], "rules do not allow", 1),
        ("socks5", &[&[5, 0], &[5, 1, 0, 1]], "it failed", 2),
        ("socks5", &[&[5, 0], &[5, 4, 0, 1]], "cannot reach the service", 2),
        ("socks5", &[&[5, 0], &[5, 5, 0, 1]], "the service refused its connection", 2),
        ("socks5", &[&[5, 0], &[5, 99, 0, 1]], "a code that SOCKS 5 does not know", 2),
        ("socks5", &[&[5, 0], &[5, 0, 0, 9]], "an address that SOCKS 5 does not know", 2),
        ("socks5", &[b"HTTP/1.1 400 Bad"], "not SOCKS 5", 2),
        ("socks5", &[b""], "closed the connection in the middle of the handshake", 2),
        ("socks4", &[&[0, 91, 0, 0, 0, 0, 0, 0]], "refused the connection", 2),
        ("socks4", &[&[0, 93, 0, 0, 0, 0, 0, 0]], "does not know the user", 1),
        ("socks4", &[b"HTTP/1.1 400 Bad"], "not SOCKS 4", 2),
    ];
    for (scheme, answers, told, attempts) in answers {
        let proxy = format!("{scheme}://me:secret-1@{}", answering(answers));
        let retry = turnwire::config::RetryPolicy::new()
            .max_retries(1)
            .initial_backoff(Duration::from_millis(1));
        let settings = turnwire::OpenAi::builder().proxy(proxy).retry(retry);
        let error = ask("https://127.0.0.1:9/v1", settings).unwrap_err();
        assert_eq!((error.code(), error.attempts()), ("connect", attempts), "{error}");
        assert_eq!(error.is_retryable(), attempts > 1, "{error}");
        assert!(error.to_string().contains(told), "{told}: {error}");
        assert!(!format!("{error} {error:?}").contains("secret-1"), "{error:?}");
    }
}

#[test]
fn a_proxy_that_never_answers_is_named_when_the_connect_limit_strikes() {
    for scheme in ["http", "https", "socks4", "socks5"] {
        // Connections to it are established but never accepted.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = format!("{scheme}://{}", listener.local_addr().unwrap());
        let settings = turnwire::OpenAi::builder()
            .proxy(&*proxy)
            .retry(turnwire::config::RetryPolicy::never())
            .timeouts(turnwire::config::Timeouts::new().connect(Duration::from_millis(50)));
        let error = ask("https://127.0.0.1:9/v1", settings).unwrap_err();
        assert_eq!(error.code(), "connect_timeout", "{error}");
        assert!(error.to_string().contains(&format!("through the proxy {proxy}/")), "{error}");
    }
}

/// A proxy that needs no login gets none, although the client has one.
#[test]
fn a_socks_proxy_may_forgo_the_login() {
    let service = fake("안녕");
    fn without_login(client: &mut TcpStream) -> String {
        let [_, methods] = bytes(client);
        let offered = text(client, methods);
        client.write_all(&[5, 0]).unwrap();
        assert_eq!(bytes(client), [5, 1, 0, 1, 127, 0, 0, 1, 0, 82]);
        // It reports its own address as a name.
        client.write_all(&[5, 0, 0, 3, 2, b'm', b'e', 0, 1]).unwrap();
        offered
    }
    let (proxy, asked) = relay(without_login, service.address());
    let settings = turnwire::OpenAi::builder().proxy(format!("socks5://me:secret-1@{proxy}"));
    assert_eq!(ask("http://127.0.0.1:82/", settings).unwrap(), "안녕");
    assert_eq!(asked.recv().unwrap(), "\0\u{2}");
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
