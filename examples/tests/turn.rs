//! The example `turn` as a process: its output, the stored messages, its exit code.

#![allow(clippy::unwrap_used, reason = "clippy only knows the functions marked as tests")]

mod running;

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use turnwire_fakes::{Fake, FakeStore, Script};

use running::{assert_one_error_line, clean, run, told};

const KEY: &str = "sk-this-must-never-be-shown";
const USER: &str = "user-of-the-test";

/// The example with an empty environment and empty standard input.
fn turn<const N: usize>(args: [&str; N]) -> Command {
    let mut command = clean("turn");
    command.args(args).stdin(Stdio::null());
    command
}

fn started(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// A model that replies in pieces, and names a workspace; and a store.
struct Services {
    llm: Fake,
    store: FakeStore,
}

impl Services {
    fn start(reply: Script) -> Self {
        let llm = Fake::spawn_thread().unwrap();
        let choice = json!({
            "index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": "좋은 날"},
        });
        let name = json!({
            "id": "n", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice],
        });
        llm.script("gpt-4o-mini whole", Script::body(name));
        llm.script("gpt-4o-mini stream", reply);
        Services { llm, store: FakeStore::spawn_thread().unwrap() }
    }

    /// The example, configured through its environment to use them.
    fn turn<const N: usize>(&self, args: [&str; N]) -> Command {
        let login = self.store.login(USER);
        let mut command = turn(args);
        command.env("OPENAI_BASE_URL", self.llm.base_url()).env("OPENAI_API_KEY", KEY);
        command.env("TURNWIRE_STORE_URL", self.store.url()).env("TURNWIRE_USER_ID", USER);
        command.env("TURNWIRE_ACCESS_TOKEN", login.access);
        command.env("TURNWIRE_REFRESH_TOKEN", login.refresh);
        command
    }

    /// The stored texts, in the order of saving.
    fn texts(&self) -> Vec<String> {
        let stored = self.store.stored();
        let texts = stored.messages.iter().map(|row| row.message.get("msgContent"));
        texts.map(|text| text.and_then(Value::as_str).unwrap().to_owned()).collect()
    }
}

/// The example with a file for its conversations.
fn turn_in<const N: usize>(file: &Path, args: [&str; N]) -> Command {
    let mut command = turn(args);
    command.env("TURNWIRE_STORE_FILE", file);
    command
}

#[test]
fn without_settings_it_replies_saves_and_shows_when_what_ran() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = turn(["오늘 기분이 어때요?"]);
    let (code, stdout, stderr) = run(command.current_dir(&folder));
    assert_eq!(code, 0, "{stderr}");
    let (reply, rest) = stdout.split_once("\n\n").unwrap();
    assert!(reply.ends_with("오프라인 서비스예요."), "{stdout}");
    let lines: Vec<&str> = rest.lines().collect();
    assert!(lines[0].starts_with("workspace: 오늘의 기분 ("), "{stdout}");
    assert_eq!(lines[1], "saved: USER 오늘 기분이 어때요?");
    assert_eq!(lines[2], format!("saved: AI   {reply}"));
    for stage in ["sentiment", "reply", "workspace name", "start session", "save AI's message"] {
        assert!(lines.iter().any(|line| line.starts_with(stage)), "{stage}: {stdout}");
    }
    assert!(!stdout.contains("failed") && stdout.contains("first token after"), "{stdout}");
    assert_eq!(stderr.lines().count(), 2, "{stderr}");
    let file = folder.path().canonicalize().unwrap().join("var/chat.db");
    for way in ["OPENAI_API_KEY", "--local-llm", "TURNWIRE_STORE_URL", file.to_str().unwrap()] {
        assert!(stderr.contains(way), "{stderr}");
    }
    assert!(file.is_file());
}

#[test]
fn the_output_in_the_readme_is_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let (_, stdout, _) = run(turn(["오늘 기분이 어때요?"]).current_dir(&folder));
    let readme = include_str!("../../README.md");
    let shown = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next());
    assert_eq!(shape(&stdout), shape(shown.unwrap()));
}

/// The lines without times, bars and ids, and those of the stages in one order.
fn shape(output: &str) -> Vec<String> {
    let is_kept = |c: &char| !c.is_ascii_digit() && !['█', '░', '·', '.'].contains(c);
    let without_id = |line: &str| match line.strip_prefix("workspace: ") {
        Some(rest) => format!("workspace: {}", rest.split(" (").next().unwrap_or_default()),
        None => line.chars().filter(is_kept).collect(),
    };
    let lines = output.trim_end().lines().map(without_id);
    // Units change with the times.
    let words = lines.map(|line| {
        line.split_whitespace()
            .filter(|word| !["ms", "s", "µs"].contains(word))
            .collect::<Vec<_>>()
            .join(" ")
    });
    let mut lines: Vec<String> = words.collect();
    lines.sort();
    lines
}

#[test]
fn a_second_run_continues_the_last_conversation_and_the_history_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chat.db");
    let (code, stdout, stderr) = run(&mut turn_in(&file, ["오늘 기분이 어때요?"]));
    assert_eq!(code, 0, "{stderr}");
    let (_, rest) = stdout.split_once("workspace: 오늘의 기분 (").unwrap();
    let id = rest.split(')').next().unwrap().to_owned();
    for workspace in ["last", &id] {
        let (code, stdout, stderr) =
            run(&mut turn_in(&file, ["그럼 뭘 할까요?", "--workspace", workspace]));
        assert_eq!(code, 0, "{stderr}");
        assert!(stdout.contains(&format!("workspace: 오늘의 기분 ({id})\n")), "{stdout}");
        assert!(stdout.contains("\nhistory "), "the model got the messages before: {stdout}");
    }

    let (code, stdout, stderr) = run(&mut turn_in(&file, ["--history"]));
    assert_eq!((code, stderr.lines().count()), (0, 1), "{stderr}");
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(lines[0], format!("workspace: 오늘의 기분 ({id})"));
    assert!(lines[1].ends_with(" USER 오늘 기분이 어때요?"), "{stdout}");
    assert!(lines[3].ends_with(" USER 그럼 뭘 할까요?"), "{stdout}");
    assert_eq!(lines.len(), 7, "{stdout}");

    let mut other = turn(["--history", "--json", "--store"]);
    let (_, stdout, _) = run(other.arg(&file).env("TURNWIRE_STORE_FILE", "elsewhere.db"));
    let first: Value = serde_json::from_str(stdout.lines().next().unwrap()).unwrap();
    assert_eq!((&first["msgWorkspaceId"], stdout.lines().count()), (&json!(id), 6));
}

#[test]
fn a_conversation_that_does_not_exist_is_one_line_of_error_before_any_reply() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chat.db");
    for (workspace, code, why) in
        [("last", 2, "no conversation yet"), ("nope", 1, "no workspace \"nope\"")]
    {
        for command in [
            &mut turn_in(&file, ["hi", "--workspace", workspace]),
            &mut turn_in(&file, ["--history", "--workspace", workspace]),
        ] {
            let (ended, stdout, stderr) = run(command);
            assert_eq!((ended, stdout.as_str()), (code, ""), "{stderr}");
            let last = stderr.lines().last().unwrap();
            assert!(last.starts_with("error: ") && last.contains(why), "{stderr}");
        }
    }
    let (code, stdout, stderr) = run(&mut turn_in(folder.path(), ["hi"]));
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert!(stderr.lines().last().unwrap().contains("name a file in it"), "{stderr}");
}

#[test]
fn real_services_get_the_turn_and_the_label_goes_to_the_model() {
    let services = Services::start(Script::chat(["다행", "이에요"]));
    let (code, stdout, stderr) = run(&mut services.turn(["오늘 정말 행복해요", "--system", "S"]));
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(stdout.starts_with("다행이에요\n\nworkspace: 좋은 날 (workspace-"), "{stdout}");
    let requests = services.llm.requests();
    let asked = requests.iter().filter_map(|request| request.json());
    let asked = asked.filter(|json| json["stream"] == true).collect::<Vec<_>>();
    assert_eq!(
        asked[0]["messages"][0],
        json!({"role": "system", "content": "S\n\n사용자의 감정: 기쁨"})
    );
    let stored = services.store.stored();
    let [user, ai] = &stored.messages[..] else { panic!("{stored:?}") };
    assert_eq!(user.message["msgContent"], "오늘 정말 행복해요");
    assert_eq!(ai.message["msgContent"], "다행이에요");
    assert_eq!(ai.message["parentMsgId"], user.message["msgId"]);
    assert_eq!(stored.counted(&stored.workspaces[0].workspace_id), 2);
}

#[test]
fn a_turn_goes_on_in_a_workspace() {
    let services = Services::start(Script::chat(["둘"]));
    services.store.add_workspace("w", USER);
    for message in ["처음", "다음"] {
        let (code, stdout, stderr) = run(&mut services.turn([message, "--workspace", "w"]));
        assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
        assert!(
            stdout.contains(&format!("workspace: w (w)\nsaved: USER {message}\nsaved: AI   둘\n"))
        );
    }
    assert_eq!(services.texts(), ["처음", "둘", "다음", "둘"]);
    let asked = services.llm.requests().pop().unwrap().json().unwrap();
    let said = asked["messages"].as_array().unwrap().iter().skip(1);
    let said: Vec<&str> = said.map(|message| message["content"].as_str().unwrap()).collect();
    assert_eq!(said, ["처음", "둘", "다음"]);
}

#[test]
fn text_is_shown_while_the_model_is_still_at_work() {
    let services = Services::start(Script::new().role("assistant").text("early").stall());
    let mut child = started(&mut services.turn(["hi"]));
    let mut shown = [0; 5];
    child.stdout.as_mut().unwrap().read_exact(&mut shown).unwrap();
    assert_eq!((&shown, child.try_wait().unwrap()), (b"early", None));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_130_and_what_was_received_is_saved() {
    let services = Services::start(Script::new().role("assistant").text("early").stall());
    let mut child = started(&mut services.turn(["hi"]));
    child.stdout.as_mut().unwrap().read_exact(&mut [0; 5]).unwrap();
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    let (code, _, stderr) = told(child.wait_with_output().unwrap());
    assert_eq!((code, stderr.as_str()), (130, ""));
    assert_eq!(services.texts(), ["hi", "early"]);
}

#[test]
fn a_reader_that_has_enough_ends_the_turn_quietly_and_what_it_saw_is_saved() {
    let script = Script::new().role("assistant").text("first");
    let script = script.repeat(600, |body| body.wait_ms(20).text(" more")).finish("stop").done();
    let services = Services::start(script);
    let mut child = started(&mut services.turn(["hi"]));
    child.stdout.take().unwrap().read_exact(&mut [0; 5]).unwrap();
    let (code, _, stderr) = told(child.wait_with_output().unwrap());
    assert_eq!((code, stderr.as_str()), (0, ""));
    let texts = services.texts();
    assert!(texts[0] == "hi" && texts[1].starts_with("first"), "{texts:?}");
}

#[test]
fn a_truncated_reply_is_one_line_of_error_and_what_came_is_saved() {
    let script =
        Script::new().role("assistant").text("half of ").text("it").wait_ms(200).truncate();
    let services = Services::start(script);
    let (code, stdout, stderr) = run(&mut services.turn(["hi"]));
    assert!(code == 1 && stdout.starts_with("half of it\n\n"), "{stdout}");
    assert!(stdout.contains("reply: failed: "), "{stdout}");
    assert_one_error_line(&stderr, "truncated");
    assert_eq!(services.texts(), ["hi", "half of it"]);
}

#[test]
fn messages_that_the_store_refuses_are_one_line_of_error_below_the_reply() {
    let services = Services::start(Script::chat(["네"]));
    services.store.fake().script("save", FakeStore::refusal(400, "no room today"));
    let (code, stdout, stderr) = run(&mut services.turn(["hi"]));
    assert!(code == 1 && stdout.starts_with("네\n"), "{stdout}");
    assert!(stdout.contains("save user's message: failed: "), "{stdout}");
    assert_one_error_line(&stderr, "2 messages are not saved: ");
    assert!(stderr.contains("no room today"), "{stderr}");
    assert!(!stdout.contains(KEY) && !stderr.contains(KEY));
}

#[test]
fn a_model_that_hangs_is_left_after_the_timeout() {
    let services = Services::start(Script::new().role("assistant").text("early").stall());
    // Long enough for the text to arrive in time even on a busy computer.
    let (code, _, stderr) = run(&mut services.turn(["hi", "--timeout", "2"]));
    assert_eq!(code, 1);
    assert_one_error_line(&stderr, "timeout");
    assert_eq!(services.texts(), ["hi", "early"]);
}

#[test]
fn json_is_the_events_and_then_what_was_saved_one_a_line() {
    let services = Services::start(Script::chat(["a\n", "b"]));
    let (code, stdout, stderr) = run(&mut services.turn(["hi", "--json"]));
    assert_eq!((code, stderr.as_str()), (0, ""));
    let lines: Vec<Value> =
        stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let content = lines.iter().filter_map(|line| line["content"].as_str()).collect::<String>();
    assert_eq!(content, "a\nb");
    let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
    assert_eq!((of("workspace"), of("content"), of("done")), (1, 2, 1));
    let last = &lines[4];
    assert_eq!(
        (&last["saved"][1]["msgContent"], &last["timeline"]["pieces"]),
        (&json!("a\nb"), &json!(2))
    );
}

#[test]
fn the_timeline_is_written_as_a_picture() {
    let services = Services::start(Script::chat(["네"]));
    let directory = std::env::temp_dir().join(format!("turnwire-turn-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("timeline.svg");
    let (code, _, stderr) = run(&mut services.turn(["hi", "--svg", path.to_str().unwrap()]));
    assert_eq!((code, stderr.as_str()), (0, ""));
    let picture = std::fs::read_to_string(&path).unwrap();
    assert!(picture.starts_with("<svg ") && picture.contains(">first token "), "{picture}");
    let nowhere = directory.join("missing").join("timeline.svg");
    let (code, stdout, stderr) =
        run(&mut services.turn(["hi", "--svg", nowhere.to_str().unwrap()]));
    assert!(code == 1 && stdout.contains("saved: AI   네"), "{stdout}");
    assert_one_error_line(&stderr, "picture");
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn wrong_usage_ends_with_2() {
    let both = vec!["hi", "--local-llm", "--base-url", "http://127.0.0.1:1"];
    for args in [vec![], vec![" "], vec!["hi", "there"], vec!["hi", "--history"], both] {
        let (code, stdout, stderr) = run(turn([]).args(&args));
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}: {stderr}");
        assert!(stderr.starts_with("error: "), "{stderr}");
    }
    let services = Services::start(Script::chat(["네"]));
    let (code, _, stderr) = run(services.turn(["hi"]).env_remove("TURNWIRE_USER_ID"));
    assert_eq!(code, 2);
    assert_one_error_line(&stderr, "TURNWIRE_USER_ID");
    assert!(services.llm.requests().is_empty());
}

#[test]
fn speech_that_wrote_no_file_is_an_error_below_the_reply() {
    let services = Services::start(Script::chat(["안녕하세요."]));
    services.llm.script("gpt-4o-mini-tts", Script::error(400, "no voice today"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("said.mp3");
    let mut command = services.turn(["안녕", "--speaker", "openai", "--speak"]);
    let (code, stdout, stderr) = run(command.arg(&file));
    assert!(code == 1 && stdout.starts_with("안녕하세요.\n\nworkspace: "), "{stdout}");
    assert_one_error_line(&stderr, "the speech was not written");
    assert!(stdout.contains("no voice today") && !file.exists(), "{stdout}");
    assert_eq!(services.texts().len(), 2, "both messages are saved all the same");
}

#[test]
fn the_reply_is_spoken_into_a_file() {
    let services = Services::start(Script::chat(["안녕하세", "요. 산책할", "까요?"]));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("said.mp3");
    let mut command = services.turn(["안녕", "--speaker", "openai", "--speak"]);
    let (code, out, err) = run(command.arg(&file));
    assert_eq!(code, 0, "{err}");
    let said = turnwire_fakes::speech::text_of(&std::fs::read(&file).unwrap());
    assert_eq!(said, "안녕하세요.산책할까요?");
    assert!(out.contains("said.mp3"), "{out}");
    let (code, ..) = run(&mut services.turn(["안녕", "--speaker", "openai"]));
    assert_eq!(code, 2, "--speaker alone says nothing");
}
