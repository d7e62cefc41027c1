//! The example `speak` as a process: its file, its error line, its exit code.

#![allow(clippy::unwrap_used, reason = "clippy only knows the functions marked as tests")]

mod running;

use std::path::Path;
use std::process::{Command, Stdio};

use turnwire_fakes::speech::{GOOGLE, mp3, text_of, wav};
use turnwire_fakes::{Fake, FakeChat, Script};

use running::{assert_one_error_line, clean, run};

const KEY: &str = "sk-this-must-never-be-shown";
const TEXT: &str = "**안녕하세요.** 오늘은 3.5도예요!";

fn speak(folder: &Path, args: &[&str]) -> Command {
    let mut command = clean("speak");
    command.args(args).current_dir(folder).stdin(Stdio::null());
    command
}

#[test]
fn every_speaker_writes_a_file() {
    let fake = Fake::spawn_thread().unwrap();
    let chat = FakeChat::spawn_thread().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (speaker, url) in
        [("google", fake.url()), ("openai", fake.base_url()), ("service", chat.fake().url())]
    {
        let args = [TEXT, "-o", "out.mp3", "--speaker", speaker, "--base-url", &url];
        let tokens = [
            ("OPENAI_API_KEY", KEY),
            ("TURNWIRE_ACCESS_TOKEN", KEY),
            ("TURNWIRE_REFRESH_TOKEN", KEY),
        ];
        let (code, stdout, stderr) = run(speak(folder.path(), &args).envs(tokens));
        assert_eq!((code, stderr.as_str()), (0, ""), "{speaker}");
        let file = std::fs::read(folder.path().join("out.mp3")).unwrap();
        assert_eq!(stdout, format!("out.mp3: {} bytes of audio/mpeg\n", file.len()));
        assert_eq!(text_of(&file), "안녕하세요.오늘은 3.5도예요!", "{speaker}");
    }
    let requests = fake.requests();
    assert_eq!(requests.len(), 4);
    let bearer = format!("Bearer {KEY}");
    assert_eq!(requests[0].header("authorization"), None, "Google gets no key");
    assert_eq!(requests[2].header("authorization"), Some(bearer.as_str()));
    let requests = chat.fake().requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].header("refreshtoken"), Some(bearer.as_str()));
}

#[cfg(unix)]
#[test]
fn a_voice_that_is_not_installed_is_one_line_of_error_that_says_what_to_install() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = speak(folder.path(), &[TEXT, "-o", "out.mp3", "--speaker", "espeak"]);
    let (code, stdout, stderr) = run(command.env("PATH", folder.path()));
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert_one_error_line(&stderr, "apt install espeak-ng");
    assert!(!folder.path().join("out.mp3").exists());
}

#[test]
fn the_ending_names_the_format_and_options_are_passed_on() {
    let fake = Fake::spawn_thread().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = fake.base_url();
    let args = [
        "네.",
        "-o",
        "a.wav",
        "--speaker",
        "openai",
        "--base-url",
        &url,
        "--voice",
        "nova",
        "--speed",
        "1.5",
    ];
    let (code, _, stderr) = run(&mut speak(folder.path(), &args));
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(std::fs::read(folder.path().join("a.wav")).unwrap(), wav("네."));
    let sent = fake.requests()[0].json().unwrap();
    assert_eq!((sent["voice"].as_str(), sent["speed"].as_f64()), (Some("nova"), Some(1.5)));
}

#[test]
fn a_failure_is_one_line_and_leaves_the_file_that_was_there() {
    let fake = Fake::spawn_thread().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let before = folder.path().join("out.mp3");
    std::fs::write(&before, mp3("before")).unwrap();
    fake.script(GOOGLE, Script::pass());
    fake.script(GOOGLE, Script::error(403, "captcha"));
    let url = fake.url();
    let (code, stdout, stderr) =
        run(&mut speak(folder.path(), &[TEXT, "-o", "out.mp3", "--base-url", &url]));
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert_one_error_line(&stderr, "permission_denied");
    assert_eq!(std::fs::read(&before).unwrap(), mp3("before"));

    let (code, _, stderr) =
        run(&mut speak(folder.path(), &[TEXT, "-o", "a.wav", "--base-url", &url]));
    assert_eq!(code, 1);
    assert_one_error_line(&stderr, "Google Translate sends MP3");
    let (code, _, stderr) = run(&mut speak(folder.path(), &["😀", "--base-url", &url]));
    assert_eq!(code, 1);
    assert_one_error_line(&stderr, "no text to speak");
    let (code, _, stderr) =
        run(&mut speak(folder.path(), &[TEXT, "-o", "no/folder.mp3", "--base-url", &url]));
    assert_eq!(code, 1);
    assert_one_error_line(&stderr, "no/folder.mp3");
}

#[test]
fn wrong_usage_is_told_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    for args in
        [&["hi", "-o", "a.txt"][..], &[], &["hi", "--speaker", "parrot"], &["hi", "--timeout", "0"]]
    {
        let (code, stdout, stderr) = run(&mut speak(folder.path(), args));
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}: {stderr}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
