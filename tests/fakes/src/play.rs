//! Writes a program to a connection, and reports each byte as it is sent.

use std::io;

use tokio::net::TcpStream;

use crate::program::{Op, Program};
use crate::record::Outcome;
use crate::state::Recorder;

/// Writes the reply. A client that leaves silently is not detected here but by the concurrent reader of the
/// connection.
pub(crate) async fn play(stream: &TcpStream, program: &Program, recorder: &Recorder) -> Outcome {
    let (coalesce, held) = (program.coalesce, Vec::new());
    let mut wire = Wire { stream, recorder, coalesce, held, owes_turn: false };
    match wire.play(program).await {
        Ok(outcome) => outcome,
        Err(_) => Outcome::ClientClosed,
    }
}

struct Wire<'a> {
    stream: &'a TcpStream,
    recorder: &'a Recorder,
    coalesce: usize,
    /// Pieces that wait for more, so that all go into one TCP write.
    held: Vec<u8>,
    /// Something was written, and the task has not yielded since.
    owes_turn: bool,
}

impl Wire<'_> {
    async fn play(&mut self, program: &Program) -> io::Result<Outcome> {
        if !program.before_head.is_zero() {
            tokio::time::sleep(program.before_head).await;
        }
        if !program.head.is_empty() {
            self.write(&program.head).await?;
            self.recorder.head_sent();
        }
        // A stack instead of recursion: no allocation for each turn of a loop.
        let mut stack = vec![Frame { ops: &program.ops, next: 0, turns_left: 0 }];
        while let Some(frame) = stack.last_mut() {
            let Some(op) = frame.ops.get(frame.next) else {
                if frame.turns_left == 0 {
                    stack.pop();
                } else {
                    frame.turns_left -= 1;
                    frame.next = 0;
                }
                continue;
            };
            frame.next += 1;
            match op {
                Op::Write(bytes) => self.piece(bytes).await?,
                Op::Wait(time) => {
                    self.flush().await?;
                    tokio::time::sleep(*time).await;
                }
                Op::Hold(name) => {
                    self.flush().await?;
                    self.recorder.released(name).await;
                }
                Op::Loop { times, ops } if *times > 0 && !ops.is_empty() => {
                    stack.push(Frame { ops, next: 0, turns_left: times - 1 });
                }
                Op::Loop { .. } => {}
                Op::Stall => {
                    self.flush().await?;
                    return std::future::pending().await;
                }
                Op::Reset => {
                    self.flush().await?;
                    return Ok(Outcome::Reset);
                }
                Op::Truncate => {
                    self.flush().await?;
                    return Ok(Outcome::Truncated);
                }
            }
        }
        self.piece(program.end).await?;
        self.flush().await?;
        Ok(Outcome::Complete)
    }

    async fn piece(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.coalesce == 0 {
            return self.write(bytes).await;
        }
        self.held.extend_from_slice(bytes);
        if self.held.len() >= self.coalesce {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> io::Result<()> {
        let mut held = std::mem::take(&mut self.held);
        self.write(&held).await?;
        held.clear();
        self.held = held;
        Ok(())
    }

    async fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            // A socket that accepts everything never makes this task wait: without a yield, neither
            // a leaving client nor a client on this same thread would be polled. Before a write
            // and not after it: a client that leaves on the last byte has received the whole reply.
            if std::mem::take(&mut self.owes_turn) {
                tokio::task::yield_now().await;
            }
            match self.stream.try_write(bytes) {
                Ok(count) => {
                    self.recorder.wrote(count);
                    bytes = bytes.get(count..).unwrap_or_default();
                    self.owes_turn = true;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.recorder.blocked();
                    self.stream.writable().await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

struct Frame<'a> {
    ops: &'a [Op],
    next: usize,
    turns_left: u64,
}
