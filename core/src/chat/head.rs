//! The response that a reply, a stream or a list came in: its head, and the raw body of a stream.

use http::HeaderMap;

use super::{ChatReply, ChatStream, ModelList};
use crate::http::Head;

/// Exposes the head of a response on the types that keep one.
macro_rules! shows_head {
    ($($of:ty, $head:ident;)+) => {
        $(impl $of {
            /// The headers of the response, as received: they may contain secrets of the caller. `Debug` prints only
            /// their names. Empty if the value did not come from a response of this library.
            pub fn headers(&self) -> &HeaderMap {
                &$head(self).headers
            }

            /// The status of the response; 200 if the value did not come from a response of this library.
            pub fn status(&self) -> u16 {
                $head(self).status.as_u16()
            }

            /// The response's URL, after redirects and with its query; `None` if the value did not come from a response
            /// of this library.
            pub fn url(&self) -> Option<&str> {
                $head(self).url()
            }
        })+
    };
}

shows_head! {
    ChatReply, of_reply;
    ChatStream, of_stream;
    ModelList, of_list;
}

fn of_reply(reply: &ChatReply) -> &Head {
    &reply.head
}

fn of_stream(stream: &ChatStream) -> &Head {
    stream.source.head()
}

fn of_list(list: &ModelList) -> &Head {
    &list.head
}

#[cfg(feature = "bridge")]
mod raw {
    use std::task::{Context, Poll, ready};

    use bytes::Bytes;

    use super::ChatStream;
    use crate::error::Result;
    use crate::http::Piece;

    impl ChatStream {
        /// The next bytes of the body as received, instead of chunks; the two must not be mixed.
        pub(crate) fn poll_bytes(&mut self, task: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
            Poll::Ready(match ready!(self.source.poll(task)) {
                Some(Ok(Piece::Bytes(bytes))) => {
                    self.source.content_came();
                    Some(Ok(bytes))
                }
                // The caller's own decoder has consumed the bytes.
                #[cfg(feature = "eventsource-stream")]
                Some(Ok(Piece::Event { .. })) => Some(Ok(Bytes::new())),
                Some(Err(error)) => Some(Err(error)),
                None => None,
            })
        }
    }
}
