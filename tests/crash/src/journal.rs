//! The journal: processes append lines to one file, and the system keeps the appends in order.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};

/// One line of the journal: a process and its report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) writer: String,
    pub(crate) event: Event,
    pub(crate) conversation: String,
    pub(crate) id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The outbox has accepted the record as durable.
    Durable,
    /// The outbox has accepted the record in memory only.
    InMemory,
    /// A delivery begins.
    Begin,
    /// The delivery has succeeded.
    Delivered,
    /// The delivery has failed.
    Failed,
    /// The one-time action for a delivered record.
    Counted,
}

const WORDS: [(Event, &str); 6] = [
    (Event::Durable, "durable"),
    (Event::InMemory, "in-memory"),
    (Event::Begin, "begin"),
    (Event::Delivered, "delivered"),
    (Event::Failed, "failed"),
    (Event::Counted, "counted"),
];

/// A process's writer of the journal.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    file: Arc<File>,
    writer: String,
}

impl Journal {
    pub(crate) fn open(directory: &Path, writer: &str) -> Result<Self> {
        let path = directory.join("journal");
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = Arc::new(file.with_context(|| format!("opening {}", path.display()))?);
        Ok(Journal { file, writer: writer.to_owned() })
    }

    /// Writes a line.
    ///
    /// # Panics
    /// When writing fails, since the run cannot be checked then.
    pub(crate) fn note(&self, event: Event, conversation: &str, id: &str) {
        let word = WORDS.iter().find(|(known, _)| *known == event).map_or("", |(_, word)| word);
        // A forked child uses its parent's writer.
        let process = std::process::id();
        let line = format!("{}/{process} {word} {conversation} {id}\n", self.writer);
        let written = (&*self.file).write(line.as_bytes());
        assert!(written.is_ok_and(|bytes| bytes == line.len()), "the journal cannot be written");
    }
}

/// Reads the journal of a run, without a line that is being written: a reader may see the part of it that fits in the page.
pub(crate) fn read(directory: &Path) -> Result<Vec<Line>> {
    let text = std::fs::read_to_string(directory.join("journal")).context("reading the journal")?;
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let read = |line: &str| {
        let mut words = line.split(' ').map(str::to_owned);
        let (Some(writer), Some(word), Some(conversation), Some(id)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            bail!("a torn line in the journal: {line:?}");
        };
        let event = WORDS.iter().find(|(_, known)| *known == word).map(|(event, _)| *event);
        let event = event.with_context(|| format!("an unknown event in the journal: {line:?}"))?;
        Ok(Line { writer, event, conversation, id })
    };
    whole.lines().map(read).collect()
}
