//! A port of a test's own, also while nothing listens there.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port that refuses connections, and that no other program gets while this value lives. A fake may listen there
/// ([`FakeBuilder::port`](crate::FakeBuilder::port)), end, and start again, and so may another program that sets `SO_REUSEADDR`,
/// as most servers do.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let nobody = turnwire_fakes::ReservedPort::new()?;
/// assert!(std::net::TcpStream::connect(nobody.address()).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ReservedPort {
    address: SocketAddr,
    /// Bound, and never listening.
    _socket: TcpSocket,
}

impl ReservedPort {
    /// Reserves a port of the system's choice.
    ///
    /// # Errors
    ///
    /// The system has no free port.
    pub fn new() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // On Windows the option lets other processes take over the port.
        socket.set_reuseaddr(cfg!(unix))?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        Ok(ReservedPort { address: socket.local_addr()?, _socket: socket })
    }

    /// The number of the port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address, as `127.0.0.1:1234`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as the beginning of a URL, as `http://127.0.0.1:1234`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}
