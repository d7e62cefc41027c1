//! A limit on informational responses (1xx): a service may send some before its response (RFC 9110, section 15.2), and
//! one that sends nothing else would keep the connection's thread busy.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Request;
use hyper::ext::on_informational;
use tokio::sync::Notify;

/// The most 1xx responses before a response; real services send one or two.
const MOST: usize = 64;

/// Ends a request that receives too many of them.
pub(super) struct Bounded {
    passed: Arc<Notify>,
}

/// Counts the informational responses to `request`. hyper does not report those of HTTP/2: there the limit on reads
/// between yields bounds them.
pub(super) fn bound<B>(request: &mut Request<B>) -> Bounded {
    let passed = Arc::new(Notify::new());
    let (count, notify) = (AtomicUsize::new(0), passed.clone());
    on_informational(request, move |_| {
        if count.fetch_add(1, Ordering::Relaxed) == MOST {
            notify.notify_one();
        }
    });
    Bounded { passed }
}

impl Bounded {
    /// The response; `None` if too many 1xx responses preceded it.
    pub(super) async fn run<F: Future>(self, response: F) -> Option<F::Output> {
        tokio::select! {
            biased;
            response = response => Some(response),
            () = self.passed.notified() => None,
        }
    }
}
