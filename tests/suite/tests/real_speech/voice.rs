//! A reply spoken by espeak-ng, sentence by sentence, and played as one file.

use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use futures::{StreamExt, stream};
use turnwire::speech::{AudioFormat, AudioStream, OpenAiSpeaker, Speaker, SpeechRequest, Spoken};
use turnwire::{ChatRequest, OpenAi, Speech};
use turnwire_fakes::{Fake, Script};

use super::players::{decoded, mpg123_plays, seconds};

const REPLY: [&str; 6] = [
    "안녕하세요, 오늘 하루는 어떻게 보내셨나요?",
    "저는 이야기를 들을 준비가 되어 있어요.",
    "Please tell me about 3.5 things that made you smile today!",
    "아침에 산책을 하셨다면 정말 잘하셨어요.",
    "따뜻한 차를 한 잔 드시면서 천천히 쉬어 보세요.",
    "내일은 더 좋은 날이 될 거예요.",
];

fn fake() -> (Fake, OpenAi) {
    let fake = Fake::builder().real_voice().spawn_thread().unwrap();
    let llm = OpenAi::builder().base_url(fake.base_url()).no_proxy().build().unwrap();
    (fake, llm)
}

/// The parts of the reply, each from its own request.
async fn parts(speech: &Speech) -> Vec<Bytes> {
    let spoken: Vec<_> = speech.say(REPLY.join(" ")).collect().await;
    let parts: Vec<_> = spoken
        .into_iter()
        .map(|spoken| match spoken.unwrap() {
            Spoken::Audio(piece) => piece,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>(), REPLY);
    parts.into_iter().map(|part| part.bytes).collect()
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Plays the parts, and all of them as one file, whose length must be within 2 % of their sum.
fn played(folder: &Path, ending: &str, parts: &[Bytes], whole: &Path) -> (Vec<Vec<u8>>, Vec<u8>) {
    let parts: Vec<_> = parts
        .iter()
        .enumerate()
        .map(|(n, part)| decoded(&written(folder, &format!("part-{n}.{ending}"), part)))
        .collect();
    let (sum, whole) = (seconds(&parts.concat()), decoded(whole));
    let length = seconds(&whole);
    println!("{ending}: {length:.3} s as one, {sum:.3} s in parts");
    assert!(parts.iter().all(|part| seconds(part) > 1.0), "each part is a sentence");
    assert!((length / sum - 1.0).abs() < 0.02, "{ending}: {length} s as one, {sum} s in parts");
    (parts, whole)
}

#[tokio::test]
async fn an_mp3_of_a_reply_plays_as_one_in_order() {
    let (_fake, llm) = fake();
    let folder = tempfile::tempdir().unwrap();
    let speech = Speech::new(OpenAiSpeaker::new(llm));
    let path = folder.path().join("reply.mp3");
    let parts = parts(&speech).await;
    speech.say(REPLY.join(" ")).joined().write_to_file(&path).await.unwrap();
    let (sounds, whole) = played(folder.path(), "mp3", &parts, &path);
    assert!((mpg123_plays(&path) / seconds(&whole) - 1.0).abs() < 0.02);

    // In order: each part begins where the previous ones end.
    let mut at = 0;
    for (n, sound) in sounds.iter().enumerate() {
        let place = loudness(whole.get(at..).unwrap());
        let likeness = alike(&loudness(sound), &place);
        assert!(likeness > 0.95, "part {n} is not at {} s: {likeness}", seconds(&whole[..at]));
        at += sound.len();
    }
}

#[tokio::test]
async fn a_wav_of_a_reply_is_the_samples_of_its_parts() {
    let (_fake, llm) = fake();
    let folder = tempfile::tempdir().unwrap();
    let speech = Speech::new(OpenAiSpeaker::new(llm).format(AudioFormat::Wav));
    let path = folder.path().join("reply.wav");
    let parts = parts(&speech).await;
    speech.say(REPLY.join(" ")).joined().write_to_file(&path).await.unwrap();
    let samples: Vec<u8> = parts.iter().flat_map(|part| part[44..].to_vec()).collect();
    // espeak-ng does not know the size when it writes to a pipe, and ffmpeg warns about it.
    let sized = parts.iter().map(|part| {
        let size = |bytes: usize| u32::try_from(bytes).unwrap().to_le_bytes();
        let (riff, data) = (size(part.len() - 8), size(part.len() - 44));
        [&part[..4], &riff, &part[8..40], &data, &part[44..]].concat().into()
    });
    played(folder.path(), "wav", &sized.collect::<Vec<Bytes>>(), &path);
    assert_eq!(std::fs::read(&path).unwrap()[44..], samples);
}

#[tokio::test]
async fn aac_and_pcm_play_as_one() {
    let (_fake, llm) = fake();
    for format in [AudioFormat::Aac, AudioFormat::Pcm] {
        let folder = tempfile::tempdir().unwrap();
        let speech = Speech::new(OpenAiSpeaker::new(llm.clone()).format(format));
        let parts = parts(&speech).await;
        let whole = speech.say(REPLY.join(" ")).joined().whole().await.unwrap();
        if format == AudioFormat::Pcm {
            assert_eq!(whole, parts.concat());
            continue;
        }
        let path = written(folder.path(), format!("reply.{format}").as_str(), &whole);
        played(folder.path(), format.as_str(), &parts, &path);
    }
}

#[tokio::test]
async fn a_sentence_can_be_spoken_in_every_format() {
    let (_fake, llm) = fake();
    let folder = tempfile::tempdir().unwrap();
    for format in AudioFormat::ALL.into_iter().filter(|format| *format != AudioFormat::Pcm) {
        let speech = Speech::new(OpenAiSpeaker::new(llm.clone()).format(format));
        let path = folder.path().join(format!("a.{format}"));
        let mut joined = speech.say(REPLY[0]).joined();
        joined.write_to_file(&path).await.unwrap();
        assert_eq!(joined.content_type(), Some(format.mime()));
        assert!(seconds(&decoded(&path)) > 2.0, "{format}");
    }
}

#[tokio::test]
async fn a_reply_is_spoken_while_a_model_writes_it() {
    let (fake, llm) = fake();
    let tokens: Vec<String> = REPLY.join(" ").chars().map(String::from).collect();
    fake.script("gpt", Script::chat(tokens));
    let stream = llm.chat_stream(ChatRequest::new("gpt").user("안녕")).await.unwrap();
    let text = stream.map(|chunk| chunk.unwrap().text().to_owned());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reply.mp3");
    let mut joined = Speech::new(OpenAiSpeaker::new(llm)).speak(text).joined();
    joined.write_to_file(&path).await.unwrap();
    assert!(joined.failures().is_empty());
    assert!(seconds(&decoded(&path)) > 12.0 && mpg123_plays(&path) > 12.0);
    let inputs = fake.requests_for("gpt-4o-mini-tts");
    let inputs: Vec<_> =
        inputs.iter().map(|r| r.json().unwrap()["input"].as_str().unwrap().to_owned()).collect();
    assert_eq!(inputs, REPLY);
}

/// A voice that generates complete files: with ID3 tags at both ends, and a frame with the length.
struct Studio(PathBuf);

#[turnwire::async_trait]
impl Speaker for Studio {
    async fn speak(&self, request: SpeechRequest) -> turnwire::Result<AudioStream> {
        let sound = |ending: &str| self.0.join(format!("{}.{ending}", request.text.len()));
        let run = |program: &str, arguments: &[&str]| {
            assert!(Command::new(program).args(arguments).status().unwrap().success());
        };
        let [wav, mp3] = ["wav", "mp3"].map(sound).map(|path| path.to_str().unwrap().to_owned());
        run("espeak-ng", &["-v", "ko", "-w", &wav, &request.text]);
        run(
            "ffmpeg",
            &[
                "-v",
                "error",
                "-y",
                "-i",
                &wav,
                "-metadata",
                "title=A",
                "-write_id3v1",
                "1",
                "-b:a",
                "64k",
                &mp3,
            ],
        );
        let bytes = std::fs::read(mp3).unwrap();
        assert!(bytes.starts_with(b"ID3") && bytes[bytes.len() - 128..].starts_with(b"TAG"));
        assert!(bytes.windows(4).any(|four| four == b"Info" || four == b"Xing"));
        Ok(AudioStream::new("audio/mpeg", stream::iter([Ok(bytes.into())])))
    }
}

#[tokio::test]
async fn whole_files_of_mp3_with_tags_and_lengths_play_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let speech = Speech::new(Studio(folder.path().to_owned())).in_flight(1);
    let parts = parts(&speech).await;
    let path = folder.path().join("reply.mp3");
    speech.say(REPLY.join(" ")).joined().write_to_file(&path).await.unwrap();
    let (_, whole) = played(folder.path(), "mp3", &parts, &path);
    assert!((mpg123_plays(&path) / seconds(&whole) - 1.0).abs() < 0.02);
}

/// Loudness of each 50 ms.
fn loudness(samples: &[u8]) -> Vec<f64> {
    let sample = |pair: &[u8]| f64::from(i16::from_le_bytes([pair[0], pair[1]]));
    samples
        .chunks_exact(2400)
        .map(|part| part.chunks_exact(2).map(|pair| sample(pair).abs()).sum())
        .collect()
}

/// Correlation of two loudness curves, 1 at most, over the length of the first.
fn alike(first: &[f64], second: &[f64]) -> f64 {
    let sum =
        |f: fn(f64, f64) -> f64| -> f64 { first.iter().zip(second).map(|(a, b)| f(*a, *b)).sum() };
    sum(|a, b| a * b) / (sum(|a, _| a * a) * sum(|_, b| b * b)).sqrt()
}
