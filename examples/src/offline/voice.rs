//! A voice without a network: espeak-ng speaks, and ffmpeg encodes, behind the wire format of OpenAI's speech.

use std::io::Error;
use std::process::{Command, Stdio};

use turnwire::OpenAi;
use turnwire::speech::OpenAiSpeaker;
use turnwire_fakes::Fake;

use crate::terminal::Failure;

/// A running voice. Dropping it closes its port.
#[derive(Debug)]
pub struct Voice {
    service: Fake,
}

impl Voice {
    /// Starts it on a thread of its own, as espeak-ng takes some time for each sentence.
    ///
    /// # Errors
    ///
    /// When one of the programs is not installed, or the loopback interface has no free port.
    pub fn start() -> Result<Self, Failure> {
        for (program, version) in [("espeak-ng", "--version"), ("ffmpeg", "-version")] {
            let mut found = Command::new(program);
            found.arg(version).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            if let Err(error) = found.status() {
                let why =
                    format!("{program}: {error}; install it, such as with `apt install {program}`");
                return Err(Failure::Local(
                    "there is no espeak voice",
                    Error::new(error.kind(), why),
                ));
            }
        }
        let service = Fake::builder().real_voice().spawn_thread();
        let failed = |error| Failure::Local("the offline voice did not start", error);
        Ok(Voice { service: service.map_err(failed)? })
    }

    /// Its speaker.
    ///
    /// # Errors
    ///
    /// When its client cannot be built.
    pub fn speaker(&self) -> Result<OpenAiSpeaker, Failure> {
        let client = OpenAi::builder().base_url(self.service.base_url()).api_key("none").no_proxy();
        Ok(OpenAiSpeaker::new(client.build()?))
    }
}
