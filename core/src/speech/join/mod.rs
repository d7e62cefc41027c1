//! Joins the audio of several sentences into one growing file.

mod mp3;
mod wav;

use std::fmt;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_util::StreamExt;

use super::audio::{SPEECH, foreign_fault};
use super::pipeline::{AudioPiece, FailedSentence, SpeechStream, Spoken};
use super::{AudioFormat, TextPiece, file};
use crate::config::Limits;
use crate::error::{Error, ErrorKind, Result};

/// The audio of a text joined into one: bytes that play as a single file, while the text is still being written.
///
/// MP3 parts lose their tags and the frames that hold only their length; WAV parts get one header. A sentence
/// that cannot be spoken is left out and reported by [`failures`](Self::failures); if all fail, the stream ends with the
/// first error.
#[must_use = "a stream does nothing until it is read"]
pub struct JoinedSpeech<S> {
    speech: SpeechStream<S>,
    joiner: Joiner,
    failures: Vec<FailedSentence>,
    is_done: bool,
}

impl<S: Stream<Item: TextPiece> + Unpin> SpeechStream<S> {
    /// Joins the audio into one: bytes that play as a single file.
    pub fn joined(self) -> JoinedSpeech<S> {
        let joiner = Joiner::default();
        JoinedSpeech { speech: self, joiner, failures: Vec::new(), is_done: false }
    }
}

impl<S: Stream<Item: TextPiece> + Unpin> JoinedSpeech<S> {
    /// The media type; `None` before the first bytes.
    pub fn content_type(&self) -> Option<&str> {
        self.joiner.mime.as_deref()
    }

    /// The sentences that have failed so far.
    pub fn failures(&self) -> &[FailedSentence] {
        &self.failures
    }

    /// The whole audio, at most 64 MiB.
    ///
    /// # Errors
    ///
    /// `too_large`, or the error that broke off the speech.
    pub async fn whole(&mut self) -> Result<Bytes> {
        let limit = Limits::default().reply;
        let mut whole = BytesMut::new();
        while let Some(bytes) = self.next().await {
            whole.extend_from_slice(&bytes?);
            if whole.len() > limit {
                let why = format!("the speech is larger than {limit} bytes");
                return Err(Error::new(ErrorKind::TooLarge, SPEECH, why));
            }
        }
        self.joiner.correct(&mut whole);
        Ok(whole.freeze())
    }

    /// Writes the whole audio to a file and returns its size in bytes. The file appears only when it is
    /// complete: an existing file stays unchanged until then.
    ///
    /// # Errors
    ///
    /// `file` when it cannot be written, or the error that broke off the speech.
    pub async fn write_to_file(&mut self, path: impl AsRef<Path>) -> Result<u64> {
        let mut file = file::Draft::new(path.as_ref()).await?;
        while let Some(bytes) = self.next().await {
            file.write(&bytes?).await?;
        }
        for (at, bytes) in self.joiner.corrections() {
            file.overwrite(at, &bytes).await?;
        }
        file.finish().await
    }

    fn nothing(&self) -> Option<Error> {
        if self.joiner.mime.is_some() {
            return None;
        }
        let first = self.failures.first().map(|failed| failed.error.clone());
        let none = || Error::new(ErrorKind::InvalidRequest, SPEECH, "there is no text to speak");
        Some(first.unwrap_or_else(none))
    }
}

impl<S: Stream<Item: TextPiece> + Unpin> Stream for JoinedSpeech<S> {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while !this.is_done {
            match ready!(Pin::new(&mut this.speech).poll_next(task)) {
                Some(Ok(Spoken::Audio(piece))) => {
                    let joined = this.joiner.add(&piece);
                    this.is_done = joined.is_err();
                    if joined.as_ref().is_ok_and(Bytes::is_empty) {
                        continue;
                    }
                    return Poll::Ready(Some(joined));
                }
                Some(Ok(Spoken::Failed(failed))) => this.failures.push(failed),
                Some(Err(error)) => {
                    this.is_done = true;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    this.is_done = true;
                    return Poll::Ready(this.nothing().map(Err));
                }
            }
        }
        Poll::Ready(None)
    }
}

impl<S: Stream<Item: TextPiece> + Unpin> FusedStream for JoinedSpeech<S> {
    fn is_terminated(&self) -> bool {
        self.is_done
    }
}

impl<S> fmt::Debug for JoinedSpeech<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinedSpeech")
            .field("speech", &self.speech)
            .field("failures", &self.failures.len())
            .finish_non_exhaustive()
    }
}

/// Joins complete pieces, each with its media type, into bytes that play as a single file.
///
/// # Errors
///
/// `unexpected_reply` if the pieces have formats that cannot be joined.
#[cfg(feature = "turns")]
pub(crate) fn join(pieces: impl IntoIterator<Item = AudioPiece>) -> Result<Bytes> {
    let (mut joiner, mut whole) = (Joiner::default(), BytesMut::new());
    for piece in pieces {
        whole.extend_from_slice(&joiner.add(&piece)?);
    }
    joiner.correct(&mut whole);
    Ok(whole.freeze())
}

/// Joins parts of one format.
#[derive(Debug, Default)]
struct Joiner {
    mime: Option<Box<str>>,
    format: Option<AudioFormat>,
    wav: Option<wav::Joined>,
}

impl Joiner {
    /// The bytes to append for this part.
    fn add(&mut self, piece: &AudioPiece) -> Result<Bytes> {
        let labelled = AudioFormat::from_mime(&piece.mime);
        // The bytes are more reliable than the label, except that raw samples may look like any format.
        let shown =
            AudioFormat::from_bytes(&piece.bytes).filter(|_| labelled != Some(AudioFormat::Pcm));
        let format = shown.or(labelled);
        let is_first = self.mime.is_none();
        if !is_first && format != self.format {
            let name = |format: Option<AudioFormat>| {
                format.map_or("an unknown format", AudioFormat::as_str)
            };
            let why = format!(
                "audio in {}, which cannot follow a sentence's in {}",
                name(format),
                name(self.format)
            );
            return Err(refused(piece, &why));
        }
        let bytes = match format {
            Some(AudioFormat::Mp3) => mp3::frames(&piece.bytes),
            Some(AudioFormat::Wav) => {
                wav::Joined::add(&mut self.wav, &piece.bytes).map_err(|why| refused(piece, why))?
            }
            // Samples and frames are appended unchanged.
            Some(AudioFormat::Pcm | AudioFormat::Aac) => piece.bytes.clone(),
            // Few players support more than one stream in an Ogg or FLAC file.
            Some(AudioFormat::Flac | AudioFormat::Opus) | None if is_first => piece.bytes.clone(),
            Some(AudioFormat::Flac | AudioFormat::Opus) | None => {
                let why = format!(
                    "audio in {}, of which only one sentence can be in a file: choose mp3, wav, aac or pcm",
                    piece.mime
                );
                return Err(refused(piece, &why));
            }
        };
        if is_first {
            self.mime =
                Some(format.map_or_else(|| piece.mime.clone(), |format| format.mime().into()));
            self.format = format;
        }
        Ok(bytes)
    }

    /// Completes the header of the whole.
    fn correct(&self, whole: &mut [u8]) {
        for (at, bytes) in self.corrections() {
            let place = usize::try_from(at).ok().and_then(|at| whole.get_mut(at..at + bytes.len()));
            if let Some(place) = place {
                place.copy_from_slice(&bytes);
            }
        }
    }

    /// Patches to the header once the length is known: offsets and bytes.
    fn corrections(&self) -> Vec<(u64, [u8; 4])> {
        self.wav.as_ref().map(wav::Joined::sizes).unwrap_or_default()
    }
}

/// The refusal of a sentence's audio, as it is returned.
fn refused(piece: &AudioPiece, returned: &str) -> Error {
    if piece.is_foreign {
        return foreign_fault(returned);
    }
    Error::new(ErrorKind::UnexpectedReply, SPEECH, format!("the service sent {returned}"))
}
