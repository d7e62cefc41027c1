//! Output to a terminal or a pipe.

use std::io::{self, ErrorKind, Write};
use std::thread;
use std::time::Duration;

/// The interval at which a full pipe is tried again.
const PAUSE: Duration = Duration::from_millis(2);

/// Waits for a pipe that has no room. A parent process on Node (`npx`, `npm run`) leaves its pipes in non-blocking mode.
pub(super) struct Patient<W>(pub(super) W);

impl<W: Write> Patient<W> {
    fn wait<T>(&mut self, mut act: impl FnMut(&mut W) -> io::Result<T>) -> io::Result<T> {
        loop {
            match act(&mut self.0) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
                ended => return ended,
            }
        }
    }
}

impl<W: Write> Write for Patient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wait(|to| to.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.wait(Write::flush)
    }
}

/// The text on one line, with control characters escaped: a service's words must not control the terminal, nor change
/// the direction of its text.
pub(super) fn visible(text: &str) -> String {
    let steers =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match steers(c) {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pipe with room for a few bytes at every other attempt.
    #[derive(Default)]
    struct Narrow {
        has_room: bool,
        written: Vec<u8>,
    }

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.has_room = !self.has_room;
            match self.has_room {
                false => Err(ErrorKind::WouldBlock.into()),
                true => self.written.write(bytes.get(..3).unwrap_or(bytes)),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_pipe_without_room_is_waited_for() {
        let mut pipe = Patient(Narrow::default());
        pipe.write_all(b"all of it").unwrap();
        assert_eq!(pipe.0.written, b"all of it");
    }
}
