//! The server's answers, read over a bare socket.

use std::time::Instant as Clock;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// Sends requests on one connection; gives all bytes until the server has nothing more to say.
async fn talk(requests: &str) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut socket = TcpStream::connect(listener.local_addr()?).await?;
    let serving = tokio::spawn(serve(listener));
    socket.write_all(requests.as_bytes()).await?;
    socket.shutdown().await?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await?;
    serving.abort();
    Ok(answer)
}

fn post(path: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{{}}")
}

#[tokio::test]
async fn the_path_tells_the_body_and_a_connection_serves_many() {
    let chat = post("/openai/chunked/0/3/v1/chat/completions");
    let events = post("/events-escaped/large/0/2/chat/stream");
    let answers = talk(&(chat + &events)).await.unwrap();
    let (chat, events) = answers.split_once("0\r\n\r\n").unwrap();
    for answer in [chat, events] {
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("content-type: text/event-stream"), "{answer}");
    }
    // The opening, three pieces of text, the finish, the usage and the mark of the end.
    assert_eq!(chat.matches("data: ").count(), 7);
    assert_eq!(chat.matches("\r\ndata: ").count(), 7, "each event is an HTTP chunk");
    assert!(chat.contains("data: [DONE]\n\n"));
    // The workspace, two pieces of text and the end, in one HTTP chunk.
    assert_eq!(events.matches("data: ").count(), 4);
    assert_eq!(events.matches("\r\ndata: ").count(), 1);
    assert!(events.contains(r#"{"type": "done"}"#));
}

#[tokio::test]
async fn a_paced_body_comes_an_event_at_a_time() {
    let began = Clock::now();
    let answer = talk(&post("/constant/packet/10/5/v1/chat/completions")).await.unwrap();
    assert_eq!(answer.matches("data: ").count(), 9);
    assert!(began.elapsed() >= Duration::from_millis(80), "it took {:?}", began.elapsed());
}

#[tokio::test]
async fn the_base_tells_what_a_reader_must_find() {
    let answer = talk("GET /tools/packet/20/100 HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let (_, json) = answer.split_once("\r\n\r\n").unwrap();
    let body = Body::new(Shape::Tools, 100, SEED);
    let facts: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(facts["chunks"], 100);
    assert_eq!(facts["events"], body.ends.len());
    assert_eq!(facts["text_bytes"], body.text_bytes);
}

#[tokio::test]
async fn an_unknown_path_is_answered_with_a_hint() {
    for path in [
        "/",
        "/openai/large/0",
        "/none/large/0/5/v1/x",
        "/openai/none/0/5/v1/x",
        "/openai/large/0/5",
    ] {
        let answer = talk(&post(path)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
        assert!(answer.contains("{shape}/{framing}/{pace_ms}/{count}"), "{answer}");
    }
}

#[test]
fn a_plan_reads_its_own_path() {
    let plan = Plan { shape: Shape::Moving, framing: Framing::Packet, pace_ms: 20, count: 100 };
    assert_eq!(plan.path(), "/moving/packet/20/100");
    assert_eq!(Plan::from_path("/moving/packet/20/100/v1/models"), Some((plan, "v1/models")));
}
