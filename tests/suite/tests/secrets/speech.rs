//! Speakers, with services that echo their requests.

use turnwire::OpenAi;
use turnwire::config::CallOptions;
use turnwire::speech::{OpenAiSpeaker, Speaker, SpeechRequest};
use turnwire_fakes::Fake;

use super::encoding::encodings;
use super::place::failures;
use super::{TOKENS, assert_hidden, shown};

#[tokio::test]
async fn no_echo_of_a_key_shows() {
    let fake = Fake::start().await.unwrap();
    for secret in TOKENS {
        let llm = OpenAi::builder().base_url(fake.base_url()).api_key(secret).no_proxy();
        let llm = llm.build().unwrap().with(CallOptions::new().max_retries(0));
        let speaker = OpenAiSpeaker::new(llm).model("m");
        assert_hidden(&format!("{speaker:?}"), &[secret], "settings");
        for encoded in encodings(secret) {
            for (place, script) in failures(&encoded) {
                fake.reset();
                for key in ["m", "speech", "m speech"] {
                    fake.script(key, script.clone());
                }
                let spoken = match speaker.speak(SpeechRequest::new("안녕")).await {
                    Ok(audio) => audio.collect().await.map(drop),
                    Err(error) => Err(error),
                };
                if let Err(error) = spoken {
                    let place = format!("{secret} {} in {place}", encoded.name);
                    assert_hidden(&shown(&error), &[secret, &encoded.hidden], &place);
                }
            }
        }
    }
}
