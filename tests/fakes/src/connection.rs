//! One connection: requests in, replies out, until one side closes it.

use std::sync::Arc;

use serde_json::Value;
use tokio::net::TcpStream;

use crate::control;
use crate::llm;
use crate::openai::Reply;
use crate::play::play;
use crate::program::{Asked, Program};
use crate::record::Outcome;
use crate::request::{Inbox, ReadError, Request};
use crate::script::{Act, Script};
use crate::service::Call;
use crate::state::{Arrival, Recorder};

pub(crate) async fn serve(stream: TcpStream, mut arrival: Arrival) {
    let mut inbox = Inbox::default();
    let mut recorder = Recorder::new(arrival.shared.clone(), None);
    loop {
        let (program, next_recorder) = match inbox.next(&stream).await {
            Ok(request) => respond_to(&request, &mut arrival),
            Err(ReadError::Malformed(why)) => not_http(&why, &arrival),
            Err(ReadError::Closed) => return recorder.client_closed(),
        };
        recorder = next_recorder;
        // Read the client's side meanwhile: a stalled or blocked reply would otherwise not
        // notice that the client has gone. A client that closes only its sending half
        // counts as gone, as for most servers.
        let outcome = tokio::select! {
            biased;
            () = inbox.until_client_leaves(&stream) => Outcome::ClientClosed,
            outcome = play(&stream, &program, &recorder) => outcome,
        };
        if outcome == Outcome::Complete && program.keep_alive {
            recorder.ended(outcome);
            continue;
        }
        // Before updating the record, as a test that waits for the record may check the socket next.
        match outcome {
            Outcome::Reset => reset(stream),
            Outcome::Complete | Outcome::Truncated | Outcome::ClientClosed => close(stream),
        }
        return recorder.ended(outcome);
    }
}

fn respond_to(request: &Request, arrival: &mut Arrival) -> (Program, Recorder) {
    let shared = arrival.shared.clone();
    if control::is_control(request) {
        arrival.count(false);
        let script = control::answer(&shared, request);
        let program = Program::new(&script, &asked(None, request, None));
        return (program, Recorder::new(shared, None));
    }
    arrival.count(true);
    let json: Option<Value> = serde_json::from_slice(&request.body).ok();
    let seq = shared.next_seq();
    let asked = asked(Some(seq), request, json.as_ref());
    let call = Call { request, json: json.as_ref(), reply_id: &asked.reply.id };
    let scripted = shared.admit(seq, arrival.number, &call);
    let answer = || shared.service().answer(&call);
    let script = match scripted {
        None => Arc::new(answer()),
        Some(script) => match script.act {
            Act::Nothing => match shared.service().fit(&call, &script) {
                Some(fitting) => Arc::new(fitting),
                None => script,
            },
            Act::Commit => {
                answer();
                script
            }
            Act::Pass => Arc::new(script.over(answer())),
        },
    };
    (Program::new(&script, &asked), Recorder::new(shared, Some(seq)))
}

fn not_http(why: &str, arrival: &Arrival) -> (Program, Recorder) {
    let request = Request {
        method: String::new(),
        path: String::new(),
        query: None,
        headers: Vec::new(),
        body: Vec::new(),
        keep_alive: false,
    };
    let script = Script::error(400, &format!("This is not an HTTP/1.1 request: {why}"));
    let program = Program::new(&script, &asked(None, &request, None));
    (program, Recorder::new(arrival.shared.clone(), None))
}

fn asked(seq: Option<u64>, request: &Request, json: Option<&Value>) -> Asked {
    let field = |name| json.and_then(|json| json.get(name));
    let number = seq.map_or_else(|| "control".to_owned(), |seq| seq.to_string());
    Asked {
        request_id: format!("req_{number}"),
        reply: Reply {
            id: format!("chatcmpl-{number}"),
            model: field("model").and_then(Value::as_str).unwrap_or("fake").to_owned(),
            include_usage: llm::include_usage(field("stream_options")),
        },
        head_only: request.method == "HEAD",
        keep_alive: request.keep_alive,
    }
}

/// Ends the connection with a FIN.
fn close(stream: TcpStream) {
    // With unread bytes the kernel would send a reset instead.
    let mut unread = [0; 4096];
    while matches!(stream.try_read(&mut unread), Ok(1..)) {}
    drop(stream);
}

/// Ends the connection with a RST.
fn reset(stream: TcpStream) {
    stream.set_zero_linger().expect("an open socket can be told not to linger");
    drop(stream);
}
