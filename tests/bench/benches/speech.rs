//! The wait for the first audio of a reply: sentences that are spoken as they come, beside speech after the text. And what
//! cancelling and cutting take.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures::StreamExt;
use turnwire::speech::{SentenceCutter, Speaker, SpeechRequest, Spoken};
use turnwire::{ChatRequest, GoogleTranslateSpeaker, OpenAi, Speech};
use turnwire_bench::{arguments, median};
use turnwire_fakes::speech::GOOGLE;
use turnwire_fakes::{Fake, Script};

const ROUNDS: usize = 3;

/// The delays of the services, in milliseconds.
const FIRST_TOKEN: u64 = 400;
const TOKEN: u64 = 25;
const SPEECH: u64 = 1500;

const REPLY: [&str; 6] = [
    "오늘 하루도 정말 고생 많으셨어요.",
    "마음이 무거우셨다니 저도 마음이 쓰이네요.",
    "그럴 때는 따뜻한 차 한 잔이 도움이 될 수 있어요.",
    "잠시 창밖을 보면서 천천히 숨을 쉬어 보세요.",
    "괜찮으시다면 무슨 일이 있었는지 들려주시겠어요?",
    "저는 언제든지 이야기를 들을 준비가 되어 있어요.",
];

fn main() -> Result<()> {
    if !arguments().is_empty() {
        bail!("this benchmark takes no options");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(first_audio())?;
    runtime.block_on(cancelling())?;
    cutting();
    Ok(())
}

struct Services {
    _fake: Fake,
    llm: OpenAi,
    speaker: GoogleTranslateSpeaker,
}

fn services() -> Result<Services> {
    let fake = Fake::spawn_thread()?;
    let text = REPLY.join(" ");
    // Two characters a token, which is about what Korean takes.
    let tokens: Vec<String> =
        text.chars().collect::<Vec<_>>().chunks(2).map(String::from_iter).collect();
    let script = tokens
        .iter()
        .fold(Script::new().wait_ms(FIRST_TOKEN).role("assistant"), |script, token| {
            script.text(token.as_str()).wait_ms(TOKEN)
        });
    fake.script("gpt", script.finish("stop").done());
    fake.script(GOOGLE, Script::pass().wait_ms_before_headers(SPEECH));
    let llm = OpenAi::builder().base_url(fake.base_url()).no_proxy().build()?;
    let speaker = GoogleTranslateSpeaker::new("ko").base_url(fake.url()).no_proxy();
    Ok(Services { _fake: fake, llm, speaker })
}

async fn first_audio() -> Result<()> {
    let mut waits: [Vec<f64>; 3] = Default::default();
    for _ in 0..ROUNDS {
        let services = services()?;
        waits[0].push(as_it_comes(&services).await?.as_secs_f64());
        waits[1].push(after_the_text(&services, false).await?.as_secs_f64());
        waits[2].push(after_the_text(&services, true).await?.as_secs_f64());
    }
    let [ours, whole, part] = waits.map(median);
    println!(
        "first audio of a reply of {} sentences: first token after {FIRST_TOKEN} ms, then one every {TOKEN} ms;\n\
         speech takes {SPEECH} ms a request; median of {ROUNDS} rounds\n",
        REPLY.len()
    );
    println!("{:58} {:>8} {:>8}", "", "wait s", "ratio");
    let row = |title: &str, wait: f64| println!("{title:58} {wait:>8.2} {:>7.1}×", wait / ours);
    row("sentence by sentence, while the text comes", ours);
    row("text, then speech: the file of all its parts, as gtts", whole);
    row("text, then speech: its first part, played as it comes", part);
    println!("\nThe bar is 3× between the first two.\n");
    Ok(())
}

async fn as_it_comes(services: &Services) -> Result<Duration> {
    let started = Instant::now();
    let reply = services.llm.chat_stream(ChatRequest::new("gpt").user("안녕")).await?;
    let text = reply.map(|chunk| chunk.map(|chunk| chunk.text().to_owned()).unwrap_or_default());
    let mut speech = Speech::new(services.speaker.clone()).speak(text);
    match speech.next().await.context("no audio")?? {
        Spoken::Audio(_) => Ok(started.elapsed()),
        other => bail!("not spoken: {other:?}"),
    }
}

async fn after_the_text(services: &Services, plays_parts: bool) -> Result<Duration> {
    let started = Instant::now();
    let reply =
        services.llm.chat_stream(ChatRequest::new("gpt").user("안녕")).await?.finish().await?;
    let mut audio = services.speaker.speak(SpeechRequest::new(reply.text())).await?;
    if plays_parts {
        audio.next().await.context("no audio")??;
    } else {
        audio.collect().await?;
    }
    Ok(started.elapsed())
}

/// From dropping a speech until the service has seen every one of its requests end.
async fn cancelling() -> Result<()> {
    let fake = Fake::spawn_thread()?;
    fake.script(GOOGLE, Script::new().wait_ms_before_headers(60_000));
    let mut waits = Vec::new();
    for _ in 0..20 {
        fake.reset();
        fake.script(GOOGLE, Script::new().wait_ms_before_headers(60_000));
        let speaker = GoogleTranslateSpeaker::new("ko").base_url(fake.url()).no_proxy();
        let mut speech = Speech::new(speaker).in_flight(4).say(REPLY.join(" "));
        tokio::select! {
            _ = speech.next() => bail!("nothing is spoken"),
            _ = fake.wait_for(|log| log.requests.len() == 4) => {}
        }
        let dropped = Instant::now();
        drop(speech);
        fake.wait_for(|log| log.requests.iter().all(|r| r.client_closed_at_ms.is_some())).await;
        waits.push(dropped.elapsed().as_secs_f64() * 1e3);
    }
    let longest = waits.iter().copied().fold(0.0, f64::max);
    println!(
        "cancelling: 4 speech requests are closed at the service {:.1} ms after the drop (longest of 20: {longest:.1} ms;\n\
         the bar is 100 ms)\n",
        median(waits)
    );
    Ok(())
}

/// Costs of the cutter for texts that have no sentences, or nothing else.
fn cutting() {
    println!("cutting into sentences, one core\n{:36} {:>10} {:>10}", "", "1 MB, s", "10 MB, s");
    for (title, piece) in [
        ("Korean, no punctuation", "가나다라마바사아자차 "),
        ("one endless word", "가나다라마바사아자차"),
        ("marks on one letter", "\u{301}"),
        ("abbreviations", "a. b. "),
        ("Korean sentences", "오늘 하루도 정말 고생 많으셨어요. "),
    ] {
        let time = |megabytes: usize| {
            let block = piece.repeat(100_000 / piece.len());
            let mut cutter = SentenceCutter::new();
            let started = Instant::now();
            for _ in 0..10 * megabytes {
                cutter.push(&block);
                while cutter.next_sentence().is_some() {}
            }
            started.elapsed().as_secs_f64()
        };
        println!("{title:36} {:>10.3} {:>10.3}", time(1), time(10));
    }
}
