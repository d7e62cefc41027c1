//! A Python function as one that core calls.

use std::sync::mpsc;

use pyo3::prelude::*;
use turnwire::bridge::{HostAnswer, HostFn, HostReply, Question};

use super::answer::Answer;
use crate::shutdown;

/// `ask` is called with the question as JSON, the caller that `Turns.start` was given (`None` where there is no caller), and the
/// [`Answer`].
pub(crate) fn function<Q, A>(operation: &'static str, ask: Py<PyAny>) -> HostFn<Q, A>
where
    Q: Question + Send + 'static,
    A: HostAnswer + Send + 'static,
{
    HostFn::hosted(operation, move |question: String, reply: HostReply| {
        let (busy, free) = mpsc::channel();
        // Once the interpreter has ended, the reply is dropped unanswered.
        shutdown::attach(|py| {
            let caller = reply.context().and_then(|context| context.get::<Py<PyAny>>());
            let caller = caller.map(|caller| caller.clone_ref(py));
            let asked = Bound::new(py, Answer::new(reply, busy))
                .and_then(|answer| ask.call1(py, (question, caller, answer)));
            if let Err(error) = asked {
                error.write_unraisable(py, Some(ask.bind(py)));
            }
        });
        // A plain function runs on a thread of Python's. This one waits for it, outside of Python, as core limits the
        // calls of a function by their threads.
        let _ = free.recv();
    })
}
