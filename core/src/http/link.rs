//! A connection with or without TLS, which is small without.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::{Connected, Connection};

/// A connection whose TLS, if it has any, is on the heap: hyper keeps a connection by value in several futures, and each
/// of them would have room for the state of TLS, some kilobytes for each stream.
pub(super) enum Link<T> {
    Plain(T),
    Tls(Box<MaybeHttpsStream<T>>),
}

impl<T> From<MaybeHttpsStream<T>> for Link<T> {
    fn from(stream: MaybeHttpsStream<T>) -> Self {
        match stream {
            MaybeHttpsStream::Http(io) => Link::Plain(io),
            tls => Link::Tls(Box::new(tls)),
        }
    }
}

impl<T> Connection for Link<T>
where
    T: Connection + Read + Write + Unpin,
{
    fn connected(&self) -> Connected {
        match self {
            Link::Plain(io) => io.connected(),
            Link::Tls(io) => io.connected(),
        }
    }
}

impl<T: Read + Write + Unpin> Read for Link<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Link::Plain(io) => Pin::new(io).poll_read(task, buffer),
            Link::Tls(io) => Pin::new(io.as_mut()).poll_read(task, buffer),
        }
    }
}

impl<T: Read + Write + Unpin> Write for Link<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Link::Plain(io) => Pin::new(io).poll_write(task, bytes),
            Link::Tls(io) => Pin::new(io.as_mut()).poll_write(task, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Link::Plain(io) => Pin::new(io).poll_flush(task),
            Link::Tls(io) => Pin::new(io.as_mut()).poll_flush(task),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Link::Plain(io) => Pin::new(io).poll_shutdown(task),
            Link::Tls(io) => Pin::new(io.as_mut()).poll_shutdown(task),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Link::Plain(io) => io.is_write_vectored(),
            Link::Tls(io) => io.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Link::Plain(io) => Pin::new(io).poll_write_vectored(task, slices),
            Link::Tls(io) => Pin::new(io.as_mut()).poll_write_vectored(task, slices),
        }
    }
}
