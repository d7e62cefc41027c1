//! The early ends of a turn: a stop, a shutdown, and a reader that goes.

use super::engine::{Engine, Reply};
use super::settings::OnDisconnect;
use crate::error::{Error, ErrorKind};

impl Engine {
    /// Ends the reply as asked from outside; false if there is nothing to end.
    pub(super) fn obey(&mut self) -> bool {
        // The outcome of a broken reply is settled: only its speech ends.
        if let Reply::Broken(_) = self.reply {
            return self.side_events.speaking.take().is_some();
        }
        match self.stopper.is_stopped() {
            true => self.stop(),
            // A shutdown waits for a reply that is finished without a reader.
            false => !self.has_no_reader && self.shut_down(),
        }
    }

    /// Ends the reply with an error, and keeps the text so far: its reader must not take that for the whole. A reply that is
    /// complete ends well.
    fn shut_down(&mut self) -> bool {
        match std::mem::replace(&mut self.reply, Reply::Ended) {
            Reply::Opening(_) => self.first_content = None,
            // Dropping the stage cancels it.
            Reply::Streaming(stream, _stage) => {
                self.keep_partial(&stream);
                self.close_reply(stream.partial());
            }
            reply => {
                self.reply = reply;
                return false;
            }
        }
        self.side_events.speaking = None;
        let why = "the turns were shut down before the reply was complete";
        let mut error = Error::new(ErrorKind::Truncated, "turn.reply", why);
        if !self.text.is_empty() {
            error = error.with_partial(self.text.as_str());
        }
        self.recorder.broke(&error);
        self.reply = Reply::Broken(error);
        true
    }

    /// Stops the reply, and keeps the text so far; false if there is nothing to stop.
    fn stop(&mut self) -> bool {
        match std::mem::replace(&mut self.reply, Reply::Ended) {
            Reply::Opening(_) => self.first_content = None,
            // Dropping the stage cancels it.
            Reply::Streaming(stream, _stage) => {
                self.close_reply(stream.partial());
                if let Some(persister) = &self.persister {
                    persister.save_reply(&self.text);
                }
            }
            // The text is complete; only its speech is stopped.
            Reply::Complete { .. } if self.side_events.speaking.is_some() => {}
            reply => {
                self.reply = reply;
                return false;
            }
        }
        self.side_events.speaking = None;
        self.reply = self.completed(true);
        true
    }

    /// Called when the reader is dropped or cancels.
    pub(super) fn left(mut self) {
        let is_running = matches!(self.reply, Reply::Opening(..) | Reply::Streaming(..));
        if is_running && self.settings.on_disconnect == OnDisconnect::Finish {
            self.side_events.speaking = None; // there is no reader for the audio
            let (background, runtime) = (self.work.background.clone(), self.runtime.clone());
            self.has_no_reader = true;
            let mut rest = Unread(self);
            let rest = async move {
                let ending = rest.0.work.ending.clone();
                // An error is recorded on the timeline and in the log.
                let read = async {
                    while let Some(Ok(_)) =
                        std::future::poll_fn(|task| rest.0.poll_event(task)).await
                    {
                    }
                };
                let _ = ending.run_until_cancelled(read).await;
            };
            background.spawn_on(rest, &runtime);
            return;
        }
        self.break_off();
    }

    fn break_off(&mut self) {
        if let Reply::Streaming(stream, _) = &self.reply {
            self.count(stream.partial());
            self.keep_partial(stream);
        }
        self.end();
    }

    /// Returns true once the turn has ended.
    fn is_ended(&self) -> bool {
        matches!(self.reply, Reply::Ended)
    }
}

/// A turn that is read to its end without a reader. If it is aborted, by a shutdown or with its runtime, it keeps the
/// text so far.
struct Unread(Engine);

impl Drop for Unread {
    fn drop(&mut self) {
        if !self.0.is_ended() {
            self.0.break_off();
        }
    }
}
