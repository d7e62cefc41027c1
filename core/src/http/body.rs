//! The body of a response: read by polling, within its limits, and drained in the background.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::coding::Decoder;
use super::context::Context;
use super::failure;
use super::reuse::ConnectionReuse;
use super::watch::Watch;
use crate::error::{Error, ErrorKind, Result};
use crate::process::{Bound, FORKED};

/// The limits, in bytes and time, for draining a body so that its connection can be reused.
const DRAIN_BYTES: usize = 64 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// The bytes that are decoded before the body yields to other tasks.
const TURN: usize = 256 * 1024;

/// A response's body. Nothing is read ahead of the reader; dropping it closes the connection.
///
/// It belongs to the process that sent the request: in a forked child it is an error of code `forked`.
pub(crate) struct Body {
    live: Bound<Live>,
    context: Context,
}

/// The state of a body, which belongs to one process.
struct Live {
    incoming: Incoming,
    is_http2: bool,
    /// For a body with a content coding.
    decoder: Option<Box<Decoder>>,
    /// The bytes decoded since the body was last pending.
    decoded: usize,
    watch: Watch,
    reuse: ConnectionReuse,
    runtime: Handle,
}

impl Body {
    pub(super) fn new(
        incoming: Incoming,
        is_http2: bool,
        watch: Watch,
        context: Context,
        reuse: ConnectionReuse,
    ) -> Self {
        let runtime = Handle::current();
        let decoded = 0;
        let live = Live { incoming, is_http2, decoder: None, decoded, watch, reuse, runtime };
        Body { live: Bound::new(live), context }
    }

    /// Decodes the body from now on. All sizes are then counted after decoding.
    pub(super) fn decode(&mut self, decoder: Option<Decoder>) {
        if let Some(live) = self.live.get_mut() {
            live.decoder = decoder.map(Box::new);
        }
    }

    /// The context of the call, for errors.
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// The next bytes, or `None` at the body's end.
    #[inline]
    pub(crate) fn poll_data(&mut self, task: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes>>> {
        if let Some(error) = self.stopped() {
            return Poll::Ready(Some(Err(error)));
        }
        let Body { live, context } = self;
        let Some(live) = live.get_mut() else { return Poll::Ready(None) };
        match live.poll_content(context, task) {
            Poll::Ready(Some(Ok(bytes))) => {
                live.watch.bytes_came();
                Poll::Ready(Some(Ok(bytes)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                let kind = ready!(live.watch.poll_wait(task, &live.runtime));
                Poll::Ready(Some(Err(self.error(kind))))
            }
        }
    }

    /// Records that the last bytes were content, for the content limit.
    pub(crate) fn content_came(&mut self) {
        if let Some(live) = self.live.get_mut() {
            live.watch.content_came();
        }
    }

    /// The reason to end the call although the service is still sending, if there is one.
    pub(crate) fn stopped(&self) -> Option<Error> {
        // First: in a child, the lock of a cancellation may be held for ever.
        let kind = match self.live.is_inherited() {
            true => ErrorKind::Forked,
            false => self.live.get()?.watch.stopped()?,
        };
        Some(self.error(kind))
    }

    /// Ends the body `limit` after its next wait begins, whatever arrives meanwhile; `None` restores the usual limits.
    pub(crate) fn hurry(&mut self, limit: Option<Duration>) {
        if let Some(live) = self.live.get_mut() {
            live.watch.hurry(limit);
        }
    }

    /// The complete body, of at most `limit` bytes.
    pub(crate) async fn collect(mut self, limit: usize) -> Result<Bytes> {
        let mut whole = BytesMut::new();
        while let Some(piece) = std::future::poll_fn(|task| self.poll_data(task)).await {
            whole.extend_from_slice(&piece?);
            if whole.len() > limit {
                let message = format!("the reply is larger than {limit} bytes, the limit `reply`");
                return Err(self.context.error(ErrorKind::TooLarge, message));
            }
        }
        self.came_whole();
        Ok(whole.freeze())
    }

    /// The start of the body, of at most `limit` bytes, in at most [`DRAIN_TIME`]: for errors, which tolerate a
    /// truncated or missing body.
    pub(crate) async fn collect_some(mut self, limit: usize) -> Bytes {
        let mut some = BytesMut::new();
        let read = async {
            while let Some(piece) = std::future::poll_fn(|task| self.poll_data(task)).await {
                let Ok(piece) = piece else { return };
                some.extend_from_slice(&piece);
                if some.len() >= limit {
                    return;
                }
            }
            self.came_whole();
        };
        // After the timeout, the error is reported with the bytes received so far.
        let _ = timeout(DRAIN_TIME, read).await;
        some.truncate(limit);
        some.freeze()
    }

    /// Records that the response has been read to its end: its connection is about to return to the pool.
    fn came_whole(&self) {
        if let Some(live) = self.live.get() {
            live.reuse.begin().settle(&live.runtime);
        }
    }

    /// Discards the body, as [`finish`](Self::finish) does.
    pub(crate) async fn release(self) {
        let mut body = Some(self);
        std::future::poll_fn(|task| Poll::Ready(body.take().map(|body| body.finish(task)))).await;
    }

    /// Discards the rest of the body. Its end is awaited in the background, within limits, so that the connection
    /// returns to the pool instead of being closed.
    pub(crate) fn finish(mut self, task: &mut TaskContext<'_>) {
        let Some(mut live) = self.live.take() else { return };
        let context = self.context.clone();
        let back = live.reuse.begin();
        let runtime = live.runtime.clone();
        // Usually the end arrived together with the last bytes.
        let mut drained = 0;
        while let Poll::Ready(piece) = live.poll_response(&context, task) {
            match piece {
                Some(Ok(bytes)) if drained + bytes.len() <= DRAIN_BYTES => drained += bytes.len(),
                Some(_) => return,
                None => return back.settle(&runtime),
            }
        }
        runtime.spawn(async move {
            let rest = async {
                while let Some(piece) =
                    std::future::poll_fn(|task| live.poll_response(&context, task)).await
                {
                    drained += piece.ok()?.len();
                    (drained <= DRAIN_BYTES).then_some(())?;
                }
                Some(())
            };
            if let Ok(Some(())) = timeout(DRAIN_TIME, rest).await {
                back.settled().await;
            }
        });
    }

    #[cold]
    fn error(&self, kind: ErrorKind) -> Error {
        let message = match kind {
            ErrorKind::Forked => FORKED,
            ErrorKind::IdleTimeout => "the service sent nothing within the idle limit",
            ErrorKind::ContentTimeout => "the service sent no content within the content limit",
            ErrorKind::TotalTimeout => "the call did not end within its total limit",
            _ => "the call was cancelled",
        };
        self.context.error(kind, message)
    }
}

impl Live {
    /// The next bytes after decoding.
    #[inline]
    fn poll_content(
        &mut self,
        context: &Context,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Bytes>>> {
        loop {
            let Some(decoder) = &mut self.decoder else { return self.poll_response(context, task) };
            if self.decoded >= TURN {
                self.decoded = 0;
                // Yields once: a few bytes that decode to many must not block the thread.
                ready!(pin!(yield_now()).poll(task));
            }
            match decoder.next() {
                Ok(Some(piece)) => {
                    self.decoded += piece.len();
                    return Poll::Ready(Some(Ok(piece)));
                }
                Ok(None) => {}
                Err(error) => {
                    let why = format!("the response's compressed data is damaged: {error}");
                    let error = context.caused(ErrorKind::Decode, why, error);
                    return Poll::Ready(Some(Err(error)));
                }
            }
            let may_end = decoder.may_end();
            let piece = self.poll_response(context, task);
            if piece.is_pending() {
                self.decoded = 0;
            }
            match (ready!(piece), &mut self.decoder) {
                (Some(Ok(bytes)), Some(decoder)) => {
                    self.watch.bytes_came();
                    decoder.feed(bytes);
                }
                (None, _) if !may_end => {
                    return Poll::Ready(Some(Err(failure::truncated(context))));
                }
                (end, _) => return Poll::Ready(end),
            }
        }
    }

    /// The next bytes as received.
    #[inline]
    fn poll_response(
        &mut self,
        context: &Context,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Bytes>>> {
        loop {
            let frame = match ready!(Pin::new(&mut self.incoming).poll_frame(task)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => {
                    return Poll::Ready(Some(Err(failure::from_body(context, error))));
                }
                // hyper reports a stream that was reset without an error as complete.
                None if self.is_cut() => {
                    return Poll::Ready(Some(Err(failure::truncated(context))));
                }
                None => return Poll::Ready(None),
            };
            // Trailers are skipped.
            if let Ok(bytes) = frame.into_data() {
                return Poll::Ready(Some(Ok(bytes)));
            }
        }
    }

    /// Returns true if an HTTP/2 body was cut off before its end (RFC 9113, section 8.1). For HTTP/1 hyper reports that
    /// as an error.
    fn is_cut(&self) -> bool {
        self.is_http2 && !self.incoming.is_end_stream()
    }
}
