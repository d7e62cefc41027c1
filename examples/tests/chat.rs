//! The example `chat` as a process: its output, its error line, its exit code.

#![allow(clippy::unwrap_used, reason = "clippy only knows the functions marked as tests")]

mod running;

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use turnwire_fakes::{Fake, Script};

use running::{assert_one_error_line, clean, run, told};

const KEY: &str = "sk-this-must-never-be-shown";

/// The example with an empty environment and empty standard input.
fn chat<const N: usize>(args: [&str; N]) -> Command {
    let mut command = clean("chat");
    command.args(args).stdin(Stdio::null());
    command
}

/// The example, configured through its environment to use a fake.
fn chat_with<const N: usize>(fake: &Fake, args: [&str; N]) -> Command {
    let mut command = chat(args);
    command.env("OPENAI_BASE_URL", fake.base_url()).env("OPENAI_API_KEY", KEY);
    command
}

fn fake(script: Script) -> Fake {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("*", script);
    fake
}

fn started(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn without_settings_it_answers_in_the_language_of_the_message_and_says_that_it_is_no_model() {
    for (message, answers) in [
        ("안녕하세요", ["안녕하세요!", "저는 모델이 아니라"]),
        ("Hello, how are you?", ["Hello!", "I am not a model"]),
    ] {
        let (code, stdout, stderr) = run(&mut chat([message]));
        assert_eq!(code, 0, "{stderr}");
        assert!(answers.iter().all(|part| stdout.contains(part)), "{stdout}");
        assert!(stdout.ends_with('\n') && stdout.lines().count() == 1, "{stdout:?}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        for way in ["OPENAI_API_KEY", "OPENAI_BASE_URL", "cargo xtask local-llm"] {
            assert!(stderr.contains(way), "{stderr}");
        }
    }
}

#[test]
fn blank_settings_count_as_none() {
    let mut command = chat(["hi"]);
    command.env("OPENAI_API_KEY", " ").env("OPENAI_BASE_URL", "");
    // Nor is a proxy used.
    command.env("HTTP_PROXY", "http://127.0.0.1:9").env("ALL_PROXY", "http://127.0.0.1:9");
    let (code, stdout, stderr) = run(&mut command);
    assert_eq!((code, stdout.contains("not a model")), (0, true), "{stderr}");
}

#[test]
fn a_real_service_gets_what_the_options_say() {
    let fake = fake(Script::chat(["좋", "아요"]));
    let args = ["--model", "big", "--system", "Be kind.", "안녕", "--base-url", &fake.base_url()];
    let (code, stdout, stderr) = run(chat(args).env("OPENAI_API_KEY", KEY));
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, "좋아요\n", ""));
    let request = fake.requests().remove(0);
    assert_eq!(request.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    let body = json!({
        "model": "big", "stream": true, "stream_options": {"include_usage": true},
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "안녕"},
        ],
    });
    assert_eq!(request.json(), Some(body));
}

#[test]
fn text_is_shown_while_the_service_is_still_at_work() {
    let fake = fake(Script::new().role("assistant").text("early").stall());
    let mut child = started(&mut chat_with(&fake, ["hi"]));
    let mut shown = [0; 5];
    child.stdout.as_mut().unwrap().read_exact(&mut shown).unwrap();
    assert_eq!((&shown, child.try_wait().unwrap()), (b"early", None));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_was_received_and_ends_with_130() {
    for early in ["early", ""] {
        let fake = fake(Script::new().role("assistant").text(early).stall());
        let mut child = started(&mut chat_with(&fake, ["hi"]));
        let mut shown = vec![0; early.len()];
        child.stdout.as_mut().unwrap().read_exact(&mut shown).unwrap();
        fake.wait_for_blocking(|log| {
            log.requests.iter().any(|request| request.headers_sent_at_ms.is_some())
        });
        let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(interrupt.unwrap().success());
        let (code, rest, stderr) = told(child.wait_with_output().unwrap());
        let line_break = if early.is_empty() { "" } else { "\n" };
        assert_eq!((code, rest.as_str(), stderr.as_str()), (130, line_break, ""));
    }
}

#[test]
fn a_truncated_reply_is_one_line_of_error_below_what_came() {
    let fake = fake(Script::new().role("assistant").text("half of ").text("it").truncate());
    let (code, stdout, stderr) = run(&mut chat_with(&fake, ["hi"]));
    assert_eq!((code, stdout.as_str()), (1, "half of it\n"));
    assert_one_error_line(&stderr, "truncated");
}

#[test]
fn a_wrong_key_is_one_line_of_error_that_does_not_show_the_key() {
    let fake = fake(Script::error(401, &format!("Incorrect API key provided: {KEY}.\nSee docs.")));
    for args in [["hi", "--no-stream"], ["hi", "--json"]] {
        let (code, stdout, stderr) = run(&mut chat_with(&fake, args));
        assert_eq!((code, stdout.as_str()), (1, ""));
        assert_one_error_line(&stderr, "HTTP 401");
        assert!(!stderr.contains(KEY), "{stderr}");
    }
}

#[test]
fn a_service_that_hangs_is_left_after_the_timeout() {
    let begun = Script::new().role("assistant").text("early");
    let alive = begun.clone().repeat(600, |body| body.comment("ping").wait_ms(100));
    for (script, limit, early, code) in [
        (Script::new().wait_ms_before_headers(60_000), "0.5", "", "headers_timeout"),
        // Long enough for the text, and for each ping, to arrive in time even on a busy computer.
        (begun.stall(), "2", "early\n", "idle_timeout"),
        (alive, "2", "early\n", "content_timeout"),
    ] {
        let fake = fake(script);
        let begun = Instant::now();
        let (exit_code, stdout, stderr) = run(&mut chat_with(&fake, ["hi", "--timeout", limit]));
        assert_eq!((exit_code, stdout.as_str()), (1, early));
        assert_one_error_line(&stderr, code);
        // The service would have gone on for a minute, or for ever.
        assert!(begun.elapsed() < Duration::from_secs(50), "{:?}", begun.elapsed());
    }
    let fake = fake(Script::new().wait_ms_before_headers(60_000));
    let (_, _, stderr) = run(&mut chat_with(&fake, ["hi", "--no-stream", "--timeout", "0.5"]));
    assert_one_error_line(&stderr, "total_timeout");
}

#[test]
fn json_is_the_chunks_as_they_came_one_a_line() {
    let multiline = "data: {\"choices\": [],\ndata: \"odd\": 1}\n\n";
    let script = Script::new().role("assistant").text("a\n").send(multiline).text("b");
    let fake = fake(script.finish("stop").usage(3, 2).done());
    let (code, stdout, stderr) = run(&mut chat_with(&fake, ["hi", "--json"]));
    assert_eq!((code, stderr.as_str()), (0, ""));
    let chunks: Vec<Value> =
        stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(chunks.len(), 6, "{stdout}");
    let texts = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str());
    assert_eq!(texts.collect::<String>(), "a\nb");
    assert_eq!((&chunks[2]["odd"], &chunks[5]["usage"]["total_tokens"]), (&json!(1), &json!(5)));
}

#[test]
fn a_whole_reply_can_be_asked_for() {
    let fake = Fake::spawn_thread().unwrap();
    let (code, stdout, stderr) = run(&mut chat_with(&fake, ["echo this", "--no-stream"]));
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, "echo this\n", ""));
    assert_eq!(fake.requests()[0].json().unwrap().get("stream"), None);

    let (code, stdout, _) = run(&mut chat_with(&fake, ["echo this", "--no-stream", "--json"]));
    assert_eq!((code, stdout.lines().count()), (0, 1));
    let reply: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(reply["choices"][0]["message"]["content"], "echo this");
}

#[test]
fn without_a_message_the_standard_input_is_read() {
    let fake = Fake::spawn_thread().unwrap();
    let mut command = chat_with(&fake, []);
    let mut child = started(command.stdin(Stdio::piped()));
    child.stdin.take().unwrap().write_all("두 줄로\n쓴 말\n".as_bytes()).unwrap();
    let (code, stdout, stderr) = told(child.wait_with_output().unwrap());
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, "두 줄로\n쓴 말\n", ""));
    let body = fake.requests()[0].json().unwrap();
    assert_eq!(body["messages"][0]["content"], "두 줄로\n쓴 말");
}

#[test]
fn wrong_usage_ends_with_2() {
    for args in [vec![], vec![" "], vec!["hi", "there"], vec!["hi", "--timeout", "0"]] {
        let (code, stdout, stderr) = run(chat([]).args(&args));
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}: {stderr}");
        assert!(stderr.starts_with("error: "), "{stderr}");
    }
}

#[test]
fn a_reader_that_has_enough_ends_the_call_quietly() {
    let script = Script::new().role("assistant").text("first");
    let fake =
        fake(script.repeat(600, |body| body.wait_ms(20).text(" more")).finish("stop").done());
    let mut child = started(&mut chat_with(&fake, ["hi"]));
    child.stdout.take().unwrap().read_exact(&mut [0; 5]).unwrap();
    let (code, _, stderr) = told(child.wait_with_output().unwrap());
    assert_eq!((code, stderr.as_str()), (0, ""));
    fake.wait_for_blocking(|log| log.requests[0].client_closed_at_ms.is_some());
}
