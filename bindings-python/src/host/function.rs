//! A Python sentiment function for core.

use std::sync::mpsc;

use pyo3::prelude::*;
use turnwire::bridge::{HostFn, HostSentiment, Reply};

use super::answer::Answer;
use crate::shutdown;

/// `ask` is called with the text, the caller that `Turns.start` was given, and the [`Answer`].
pub(super) fn sentiment(ask: Py<PyAny>) -> HostSentiment {
    HostFn::new("turn.sentiment", move |text: String, reply: Reply<String>| {
        let (busy, free) = mpsc::channel();
        // Once the interpreter has ended, the reply is dropped unanswered.
        shutdown::attach(|py| {
            let caller = reply.context().and_then(|context| context.get::<Py<PyAny>>());
            let caller = caller.map(|caller| caller.clone_ref(py));
            let asked = Bound::new(py, Answer::new(reply, busy))
                .and_then(|answer| ask.call1(py, (text, caller, answer)));
            if let Err(error) = asked {
                error.write_unraisable(py, Some(ask.bind(py)));
            }
        });
        // A plain function runs on a thread of Python's. This one waits for it, outside of Python, as core limits the
        // calls of a function by their threads.
        let _ = free.recv();
    })
}
