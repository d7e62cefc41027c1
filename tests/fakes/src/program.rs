//! A compiled script: every piece serialised and framed, the steps reduced to a few
//! operations. Loops cost nothing here, which permits high rates.

use std::time::Duration;

use http::StatusCode;

use crate::openai::Reply;
use crate::script::{Framing, Script};
use crate::step::Step;

/// The parts of the request that the reply depends on.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) request_id: String,
    pub(crate) reply: Reply,
    /// `HEAD`: the head of the reply, and no body.
    pub(crate) head_only: bool,
    pub(crate) keep_alive: bool,
}

#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) before_head: Duration,
    pub(crate) head: Vec<u8>,
    pub(crate) ops: Vec<Op>,
    /// The end of the body when the operations have run out.
    pub(crate) end: &'static [u8],
    pub(crate) coalesce: usize,
    pub(crate) keep_alive: bool,
}

#[derive(Debug)]
pub(crate) enum Op {
    Write(Vec<u8>),
    Wait(Duration),
    Hold(String),
    Loop { times: u64, ops: Vec<Op> },
    Stall,
    Reset,
    Truncate,
}

impl Program {
    pub(crate) fn new(script: &Script, asked: &Asked) -> Self {
        // A 204 or 304 has no body, so no length header; unless the script sends one
        // nevertheless.
        let bodiless = matches!(script.status, 204 | 304) && script.steps.is_empty();
        let keep_alive = script.keep_alive
            && asked.keep_alive
            && matches!(script.framing, Framing::Chunked | Framing::Length);
        let chunked = script.framing == Framing::Chunked && !bodiless;

        let mut pieces = Pieces {
            reply: &asked.reply,
            chunked,
            split: script.split.map(|split| split.get()),
            split_wait: Duration::from_millis(script.split_wait_ms),
        };
        let mut ops = pieces.ops(&script.steps);
        let framing = match script.framing {
            _ if bodiless => None,
            Framing::Chunked => Some(("transfer-encoding", "chunked".to_owned())),
            Framing::Length => Some(("content-length", body_length(&ops).to_string())),
            Framing::Close | Framing::Raw => None,
        };
        let head = match script.framing {
            Framing::Raw => Vec::new(),
            _ => head(script, asked, bodiless, framing, keep_alive),
        };
        let mut end: &[u8] = if chunked { b"0\r\n\r\n" } else { b"" };
        if asked.head_only {
            ops.clear();
            end = b"";
        }
        Self {
            before_head: Duration::from_millis(script.wait_ms_before_headers),
            head,
            ops,
            end,
            coalesce: script.coalesce,
            keep_alive,
        }
    }
}

fn head(
    script: &Script,
    asked: &Asked,
    bodiless: bool,
    framing: Option<(&'static str, String)>,
    keep_alive: bool,
) -> Vec<u8> {
    let reason = StatusCode::from_u16(script.status).ok().and_then(|code| code.canonical_reason());
    let plain = script.status != 200 || matches!(script.steps.first(), Some(Step::Json(_)));
    let kind = if plain { "application/json" } else { "text/event-stream; charset=utf-8" };

    let defaults = [
        (!bodiless).then(|| ("content-type", kind.to_owned())),
        Some(("x-request-id", asked.request_id.clone())),
        framing,
        (!keep_alive).then(|| ("connection", "close".to_owned())),
    ];
    let given = |name: &str| script.headers.iter().any(|(have, _)| have.eq_ignore_ascii_case(name));

    let mut head = format!("HTTP/1.1 {} {}\r\n", script.status, reason.unwrap_or("Unknown"));
    let mut line = |name: &str, value: &str| {
        head.push_str(name);
        head.push_str(": ");
        head.push_str(value);
        head.push_str("\r\n");
    };
    for (name, value) in defaults.into_iter().flatten().filter(|(name, _)| !given(name)) {
        line(name, &value);
    }
    for (name, value) in &script.headers {
        line(name, value);
    }
    head.push_str("\r\n");
    head.into_bytes()
}

struct Pieces<'a> {
    reply: &'a Reply,
    chunked: bool,
    split: Option<usize>,
    split_wait: Duration,
}

impl Pieces<'_> {
    fn ops(&mut self, steps: &[Step]) -> Vec<Op> {
        let mut ops = Vec::with_capacity(steps.len());
        for step in steps {
            self.step(step, &mut ops);
        }
        ops
    }

    fn step(&mut self, step: &Step, ops: &mut Vec<Op>) {
        let text = match step {
            Step::SendHex(bytes) => return self.write(bytes, ops),
            Step::WaitMs(ms) => return ops.push(Op::Wait(Duration::from_millis(*ms))),
            Step::Repeat { times, steps } => {
                let body = self.ops(steps);
                return ops.push(Op::Loop { times: *times, ops: body });
            }
            Step::Drip { text, bytes, wait_ms } => {
                for (index, piece) in text.as_bytes().chunks(bytes.get()).enumerate() {
                    if index > 0 {
                        ops.push(Op::Wait(Duration::from_millis(*wait_ms)));
                    }
                    self.write(piece, ops);
                }
                return;
            }
            Step::Hold(name) => return ops.push(Op::Hold(name.clone())),
            Step::Stall => return ops.push(Op::Stall),
            Step::Reset => return ops.push(Op::Reset),
            Step::Truncate => return ops.push(Op::Truncate),
            Step::Send(text) => text.clone(),
            Step::Json(value) => value.to_string(),
            Step::Sse(value) => event(&value.to_string()),
            Step::Role(role) => event(&self.reply.role(role)),
            Step::Text(text) => event(&self.reply.text(text)),
            Step::Finish(reason) => event(&self.reply.finish(reason)),
            Step::Usage(prompt, completion) => event(&self.reply.usage(*prompt, *completion)),
            Step::Done => event("[DONE]"),
            Step::Comment(text) => format!(": {text}\n\n"),
        };
        self.write(text.as_bytes(), ops);
    }

    fn write(&self, bytes: &[u8], ops: &mut Vec<Op>) {
        // Without bytes there is no piece: an empty HTTP chunk would end the body.
        for (index, piece) in bytes.chunks(self.split.unwrap_or(usize::MAX)).enumerate() {
            if index > 0 && !self.split_wait.is_zero() {
                ops.push(Op::Wait(self.split_wait));
            }
            ops.push(Op::Write(if self.chunked { chunk(piece) } else { piece.to_vec() }));
        }
    }
}

fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

fn chunk(piece: &[u8]) -> Vec<u8> {
    let mut framed = format!("{:x}\r\n", piece.len()).into_bytes();
    framed.extend_from_slice(piece);
    framed.extend_from_slice(b"\r\n");
    framed
}

fn body_length(ops: &[Op]) -> u64 {
    ops.iter().fold(0, |sum, op| match op {
        Op::Write(bytes) => sum + bytes.len() as u64,
        Op::Loop { times, ops } => sum + times.saturating_mul(body_length(ops)),
        Op::Wait(_) | Op::Hold(_) | Op::Stall | Op::Reset | Op::Truncate => sum,
    })
}
