//! The cutter of sentences for text of a host.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::host_text::{HostText, WholeCharacters};
use crate::speech::SentenceCutter;

/// A [`SentenceCutter`] that a host may share between its threads.
pub struct Sentences(Mutex<Cutting>);

struct Cutting {
    cutter: SentenceCutter,
    characters: WholeCharacters,
}

impl Sentences {
    /// The sentences of this cutter.
    pub fn new(cutter: SentenceCutter) -> Self {
        Sentences(Mutex::new(Cutting { cutter, characters: WholeCharacters::default() }))
    }

    /// Adds more of the text, and returns the sentences that are complete.
    pub fn push(&self, piece: HostText<'_>) -> Vec<String> {
        let mut cutting = self.lock();
        let text = cutting.characters.push(piece);
        cutting.cutter.push(&text);
        cutting.take()
    }

    /// Ends the text, and returns the rest of its sentences. The cutter is then ready for another text.
    pub fn finish(&self) -> Vec<String> {
        let mut cutting = self.lock();
        if let Some(lone) = cutting.characters.finish() {
            cutting.cutter.push(lone.encode_utf8(&mut [0; 4]));
        }
        cutting.cutter.finish();
        cutting.take()
    }

    /// No code of the host runs under the lock.
    fn lock(&self) -> MutexGuard<'_, Cutting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cutting {
    fn take(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.cutter.next_sentence()).collect()
    }
}

impl fmt::Debug for Sentences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sentences").finish_non_exhaustive()
    }
}
