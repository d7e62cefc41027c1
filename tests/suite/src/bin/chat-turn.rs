//! A turn by the Rust client of chat services: its events as lines of JSON. `chat-turn URL REQUEST`

use std::io::{Write, stdout};

use serde::Deserialize;
use turnwire::TurnRequest;
use turnwire::blocking::ChatService;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request {
    message: String,
    workspace_id: String,
    message_id: String,
    reply_id: String,
    access_token: String,
    refresh_token: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let url = words.next().ok_or("the URL is missing")?;
    let asked: Request = serde_json::from_str(&words.next().ok_or("the request is missing")?)?;
    let request = TurnRequest::new(asked.message)
        .workspace(asked.workspace_id)
        .message_id(asked.message_id)
        .reply_id(asked.reply_id)
        .tokens(asked.access_token, asked.refresh_token);
    for event in ChatService::new(url)?.stream(request)? {
        writeln!(stdout(), "{}", event?.to_json())?;
    }
    Ok(())
}
