//! Large answers of a chat service and a chat store: reading one needs a few times its own size, for any content. Alone
//! in its process, because it counts the process's memory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use futures::StreamExt;
use turnwire::config::{Limits, RetryPolicy};
use turnwire::conversation::WorkspaceStatus;
use turnwire::{ChatService, ChatStore, TurnRequest};
use turnwire_suite::memory::{self, Counting};

/// The size of an answer.
const SIZE: usize = 2 * 1024 * 1024;

/// The allowed peak memory of reading, as a multiple of the answer's size.
const TIMES: usize = 7;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// An answer that its server generates while sending: a start, a repeated middle, and an end.
#[derive(Clone, Copy)]
struct Answer {
    content_type: &'static str,
    start: &'static str,
    middle: &'static str,
    end: &'static str,
}

impl Answer {
    fn json(start: &'static str, middle: &'static str, end: &'static str) -> Self {
        Answer { content_type: "application/json", start, middle, end }
    }

    fn events(start: &'static str, middle: &'static str, end: &'static str) -> Self {
        Answer { content_type: "text/event-stream", start, middle, end }
    }

    /// A server on its own port that sends this answer to each request.
    fn serve(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // A client may have gone.
                let _ = self.answer(stream.unwrap());
            }
        });
        url
    }

    fn answer(self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        let mut line = String::new();
        while reader.read_line(&mut line)? > 2 {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        reader.read_exact(&mut vec![0; length])?;
        let mut stream = reader.into_inner();
        let Answer { content_type, start, middle, end } = self;
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\nconnection: close\r\n\r\n"
        )?;
        stream.write_all(start.as_bytes())?;
        let block = middle.repeat(32 * 1024 / middle.len());
        for _ in 0..SIZE / block.len() {
            stream.write_all(block.as_bytes())?;
        }
        stream.write_all(end.as_bytes())
    }
}

/// Peak memory of a read, beyond the memory in use before.
async fn measured(name: &str, read: impl Future<Output = ()>) {
    let before = memory::held();
    memory::forget_peak();
    read.await;
    let taken = (memory::peak() - before).unsigned_abs();
    assert!(taken <= TIMES * SIZE, "{name} takes {} MiB", taken / 1024 / 1024);
}

fn service(answer: Answer) -> ChatService {
    let limits = Limits::new().event(2 * SIZE).reply(2 * SIZE);
    let retry = RetryPolicy::never();
    let builder = ChatService::builder(answer.serve()).no_proxy().limits(limits).retry(retry);
    builder.tokens("access", "refresh").fallback(false).build().unwrap()
}

fn store(answer: Answer) -> ChatStore {
    let limits = Limits::new().reply(2 * SIZE);
    let retry = RetryPolicy::never();
    let builder = ChatStore::builder(answer.serve()).no_proxy().limits(limits).retry(retry);
    builder.tokens("access", "refresh").build().unwrap()
}

async fn streamed(name: &str, answer: Answer) {
    let service = service(answer);
    measured(name, async {
        // Other tests check its result.
        if let Ok(turn) = service.stream(TurnRequest::new("a")).await {
            let _ = turn.finish().await;
        }
    })
    .await;
}

async fn whole(name: &str, answer: Answer) {
    let service = service(answer);
    measured(name, async { drop(service.send(TurnRequest::new("a")).await) }).await;
}

/// Twenty thousand pieces of audio: the total of allocations is linear in their size, not quadratic.
async fn many_pieces_of_audio() {
    let piece = "data: {\"type\":\"audio\",\"audioBase64\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"mime\":\"audio/mpeg\"}\n\n";
    let service = service(Answer::events("", piece, "data: {\"type\":\"done\"}\n\n"));
    for is_kept in [false, true] {
        let mut turn = service.stream(TurnRequest::new("a")).await.unwrap();
        let (before, mut kept, mut pieces) = (memory::allocated(), Vec::new(), 0);
        while let Some(event) = turn.next().await {
            pieces += 1;
            kept.extend(Some(event.unwrap()).filter(|_| is_kept));
        }
        let taken = memory::allocated() - before;
        assert!(pieces > 20_000 && taken < 50 * SIZE, "{pieces} pieces take {taken} bytes");
        let audio = turn.into_answer().unwrap().audio.unwrap();
        assert_eq!(audio.len(), 24 * (pieces - 1));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn an_answer_takes_a_few_times_its_size_whatever_is_in_it() {
    many_pieces_of_audio().await;
    let events = Answer::events;
    streamed(
        "an event of an unknown type",
        events("data: {\"type\":\"x\",\"a\":[0", ",[]", "]}\n\n"),
    )
    .await;
    streamed(
        "a workspace of lists",
        events("data: {\"type\":\"workspace\",\"workspaceId\":[0", ",[]", "]}\n\n"),
    )
    .await;
    streamed(
        "an error of objects",
        events("data: {\"type\":\"error\",\"message\":[0", ",{}", "]}\n\n"),
    )
    .await;
    streamed(
        "content of lists",
        events("data: {\"type\":\"content\",\"content\":[0", ",[]", "]}\n\n"),
    )
    .await;
    streamed("many keys", events("data: {\"a\":0", ",\"type\":\"x\"", "}\n\n")).await;
    streamed(
        "one text",
        events(
            "data: {\"type\":\"content\",\"content\":\"",
            "abc",
            "\"}\n\ndata: {\"type\":\"done\"}\n\n",
        ),
    )
    .await;
    streamed(
        "one text of escapes",
        events(
            "data: {\"type\":\"content\",\"content\":\"",
            "\\u0041",
            "\"}\n\ndata: {\"type\":\"done\"}\n\n",
        ),
    )
    .await;
    streamed("bare text", events("a", "bcd", "e")).await;
    streamed("comments", events(": ", "a\n: ", "\n\n")).await;
    streamed(
        "many small texts",
        events(
            "",
            "data: {\"type\":\"content\",\"content\":\"\"}\n\n",
            "data: {\"type\":\"done\"}\n\n",
        ),
    )
    .await;
    streamed(
        "an answer in place of a stream",
        Answer::json("{\"reply\":\"a\",\"x\":[0", ",[]", "]}"),
    )
    .await;

    whole("a field of nobody", Answer::json("{\"reply\":\"a\",\"x\":[0", ",[]", "]}")).await;
    whole("an error of lists", Answer::json("{\"reply\":\"a\",\"error\":[0", ",[]", "]}")).await;
    whole(
        "a workspace of objects",
        Answer::json("{\"reply\":\"a\",\"workspaceId\":[0", ",{}", "]}"),
    )
    .await;
    whole("a long reply", Answer::json("{\"reply\":\"", "abc", "\"}")).await;
    whole("long audio", Answer::json("{\"reply\":\"a\",\"audioBase64\":\"", "AAAA", "\"}")).await;

    let data = |middle| Answer::json("{\"success\":true,\"data\":[0", middle, "]}");
    let object = |middle| Answer::json("{\"success\":true,\"data\":{\"a\":[0", middle, "]}}");
    let lists = store(data(",[]"));
    measured("a count", async { drop(lists.count_message("w").await) }).await;
    measured("a started session", async { drop(lists.start_session("w", "u").await) }).await;
    let session = store(object(",[]"));
    measured("a session", async { drop(session.active_session("w").await) }).await;
    let created = store(object(",[]"));
    measured("a new workspace", async { drop(created.create_workspace("u", "n").await) }).await;
    let listed =
        store(Answer::json("{\"data\":[{\"workspaceId\":\"a\"}", ",{\"workspaceId\":\"a\"}", "]}"));
    measured("workspaces", async {
        drop(listed.workspaces("u", WorkspaceStatus::Active).await);
    })
    .await;
    let message = ",{\"msgId\":\"\",\"msgSenderRole\":\"USER\",\"msgContent\":\"\",\"msgSentAt\":0,\
                   \"msgSenderUUID\":\"\",\"msgType\":\"T\",\"msgWorkspaceId\":\"\"}";
    let history = store(Answer::json("{\"data\":[", message.split_at(1).1, ""));
    measured("a history that breaks off", async { drop(history.history("w").await) }).await;
    let first = message.split_at(1).1;
    let start: &'static str = String::leak(format!("{{\"data\":[{first}"));
    let history = store(Answer::json(start, message, "]}"));
    measured("a history", async { assert!(history.history("w").await.unwrap().len() > 10_000) })
        .await;
}
