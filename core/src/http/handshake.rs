//! The handshakes with a proxy, after which it forwards all bytes: `CONNECT` (RFC 9110, section 9.3.6), SOCKS 5 (RFC
//! 1928 and 1929), SOCKS 4 and 4a.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderValue, StatusCode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::connect_error::{BoxError, Refusal};

/// The longest answer to `CONNECT`, in bytes.
const LONGEST_ANSWER: usize = 16 * 1024;

/// The host that the proxy connects to.
#[derive(Clone, Debug)]
pub(super) enum Host {
    Address(IpAddr),
    /// A name that the proxy resolves.
    Name(String),
}

/// Requests a tunnel from an HTTP proxy. `host` is as in a URL.
pub(super) async fn tunnel<L: AsyncRead + AsyncWrite + Unpin>(
    line: &mut L,
    host: &str,
    port: u16,
    authorization: Option<&HeaderValue>,
) -> Result<(), BoxError> {
    let mut ask = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
    if let Some(authorization) = authorization {
        ask.extend_from_slice(b"Proxy-Authorization: ");
        ask.extend_from_slice(authorization.as_bytes());
        ask.extend_from_slice(b"\r\n");
    }
    ask.extend_from_slice(b"\r\n");
    send(line, &ask).await?;
    // In TLS the client sends first, so no byte of the tunnel follows the answer yet.
    let mut answer = Vec::new();
    while !answer.windows(2).any(|two| two == b"\n\n") {
        let mut piece = [0; 1024];
        let length = line.read(&mut piece).await?;
        if length == 0 {
            return Err(closed().into());
        }
        // Lines end with or without a carriage return.
        answer.extend(piece.iter().take(length).filter(|byte| **byte != b'\r'));
        if answer.len() > LONGEST_ANSWER {
            return Err(odd("the headers of its answer to CONNECT are too long").into());
        }
    }
    let status = status(&answer).ok_or_else(|| odd("its answer to CONNECT is not HTTP/1"))?;
    if status.is_success() { Ok(()) } else { Err(Refusal::Status(status).into()) }
}

/// The status of a response with this head.
fn status(head: &[u8]) -> Option<StatusCode> {
    let head = head.strip_prefix(b"HTTP/1.")?;
    let digits = head.split(|byte| matches!(byte, b' ' | b'\n')).nth(1)?;
    StatusCode::from_bytes(digits).ok()
}

/// Requests a connection from a SOCKS 5 proxy, with a user and password if it requires them.
pub(super) async fn socks5<L: AsyncRead + AsyncWrite + Unpin>(
    line: &mut L,
    host: &Host,
    port: u16,
    login: Option<(&str, &str)>,
) -> Result<(), BoxError> {
    const NO_LOGIN: u8 = 0;
    const PASSWORD: u8 = 2;
    let offer: &[u8] =
        if login.is_some() { &[5, 2, NO_LOGIN, PASSWORD] } else { &[5, 1, NO_LOGIN] };
    send(line, offer).await?;
    let [version, method] = receive(line).await?;
    if version != 5 {
        return Err(odd("its answer is not SOCKS 5").into());
    }
    match (method, login) {
        (NO_LOGIN, _) => {}
        (PASSWORD, Some((user, password))) => {
            let mut ask = vec![1];
            push_counted(&mut ask, user)?;
            push_counted(&mut ask, password)?;
            send(line, &ask).await?;
            let [_, status] = receive(line).await?;
            if status != 0 {
                return Err(Refusal::Login("it does not accept the user and password").into());
            }
        }
        (_, Some(_)) => {
            return Err(Refusal::Login(
                "it accepts no user and password: leave them out of its URL",
            )
            .into());
        }
        (_, None) => {
            let why = "it asks for a login: give its user and password in its URL";
            return Err(Refusal::Login(why).into());
        }
    }
    let mut ask = vec![5, 1, 0];
    match host {
        Host::Address(IpAddr::V4(address)) => {
            ask.push(1);
            ask.extend(address.octets());
        }
        Host::Address(IpAddr::V6(address)) => {
            ask.push(4);
            ask.extend(address.octets());
        }
        Host::Name(name) => {
            ask.push(3);
            push_counted(&mut ask, name)?;
        }
    }
    ask.extend(port.to_be_bytes());
    send(line, &ask).await?;
    let [_, code, _, kind] = receive(line).await?;
    match code {
        0 => {}
        1 => return Err(Refusal::Code("it failed").into()),
        2 => return Err(Refusal::Login("its rules do not allow the connection").into()),
        3 => return Err(Refusal::Code("it cannot reach the service's network").into()),
        4 => return Err(Refusal::Code("it cannot reach the service").into()),
        5 => return Err(Refusal::Code("the service refused its connection").into()),
        6 => {
            return Err(Refusal::Code(
                "its connection to the service exceeded the hop limit (TTL expired)",
            )
            .into());
        }
        7 => return Err(Refusal::Login("it does not support the command CONNECT").into()),
        8 => return Err(Refusal::Login("it does not support this type of address").into()),
        _ => return Err(odd("its answer has a code that SOCKS 5 does not know").into()),
    }
    // The address that it connected from is skipped.
    match kind {
        1 => receive_into(line, &mut [0; 4 + 2]).await?,
        4 => receive_into(line, &mut [0; 16 + 2]).await?,
        3 => {
            let [length] = receive(line).await?;
            receive_into(line, &mut vec![0; usize::from(length) + 2]).await?;
        }
        _ => return Err(odd("its answer has an address that SOCKS 5 does not know").into()),
    }
    Ok(())
}

/// Requests a connection from a SOCKS 4 proxy, with the 4a extension for a name.
pub(super) async fn socks4<L: AsyncRead + AsyncWrite + Unpin>(
    line: &mut L,
    host: &Host,
    port: u16,
    user: &str,
) -> Result<(), BoxError> {
    // An invalid address marks that a name follows.
    const NAMED: Ipv4Addr = Ipv4Addr::new(0, 0, 0, 1);
    let (address, name) = match host {
        Host::Address(IpAddr::V4(address)) => (*address, None),
        Host::Address(IpAddr::V6(_)) => {
            return Err(odd("SOCKS 4 does not support IPv6 addresses").into());
        }
        Host::Name(name) => (NAMED, Some(name)),
    };
    let mut ask = vec![4, 1];
    ask.extend(port.to_be_bytes());
    ask.extend(address.octets());
    for text in std::iter::once(user).chain(name.map(String::as_str)) {
        if text.contains('\0') {
            return Err(odd("SOCKS 4 cannot encode a user or name that contains a NUL").into());
        }
        ask.extend(text.bytes());
        ask.push(0);
    }
    send(line, &ask).await?;
    let [version, code, _, _, _, _, _, _] = receive(line).await?;
    match (version, code) {
        (0, 90) => Ok(()),
        (0, 91) => Err(Refusal::Code("it refused the connection, or failed to make it").into()),
        (0, 92 | 93) => Err(Refusal::Login("it does not know the user").into()),
        _ => Err(odd("its answer is not SOCKS 4").into()),
    }
}

/// Appends a text with its length before it.
fn push_counted(to: &mut Vec<u8>, text: &str) -> io::Result<()> {
    let length = u8::try_from(text.len());
    to.push(length.map_err(|_| {
        odd("SOCKS 5 cannot encode a user, password or name longer than 255 bytes")
    })?);
    to.extend(text.bytes());
    Ok(())
}

async fn send<L: AsyncWrite + Unpin>(line: &mut L, bytes: &[u8]) -> io::Result<()> {
    line.write_all(bytes).await?;
    line.flush().await
}

async fn receive<const N: usize, L: AsyncRead + Unpin>(line: &mut L) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    receive_into(line, &mut bytes).await?;
    Ok(bytes)
}

async fn receive_into<L: AsyncRead + Unpin>(line: &mut L, bytes: &mut [u8]) -> io::Result<()> {
    match line.read_exact(bytes).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(closed()),
        Err(error) => Err(error),
    }
}

fn closed() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "it closed the connection in the middle of the handshake",
    )
}

fn odd(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
