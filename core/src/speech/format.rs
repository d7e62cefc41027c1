//! Audio formats.

/// An audio format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AudioFormat {
    /// MPEG audio, layer III.
    Mp3,
    /// Opus in Ogg.
    Opus,
    /// AAC in ADTS frames.
    Aac,
    /// FLAC.
    Flac,
    /// Samples with a RIFF header.
    Wav,
    /// Raw samples: 16 bits, little-endian, one channel, 24 kHz.
    Pcm,
}

impl AudioFormat {
    /// Every format.
    pub const ALL: [AudioFormat; 6] =
        [Self::Mp3, Self::Opus, Self::Aac, Self::Flac, Self::Wav, Self::Pcm];

    /// The name in requests, which is also the usual file extension.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Opus => "opus",
            Self::Aac => "aac",
            Self::Flac => "flac",
            Self::Wav => "wav",
            Self::Pcm => "pcm",
        }
    }

    /// The media type (RFC 3003 for MP3, RFC 7845 for Opus).
    pub fn mime(self) -> &'static str {
        match self {
            Self::Mp3 => "audio/mpeg",
            Self::Opus => "audio/ogg",
            Self::Aac => "audio/aac",
            Self::Flac => "audio/flac",
            Self::Wav => "audio/wav",
            Self::Pcm => "audio/pcm",
        }
    }

    /// The format with this name or file extension, such as `mp3`.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// The format of this media type; its parameters are ignored.
    pub fn from_mime(mime: &str) -> Option<Self> {
        let essence = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Some(match essence.as_str() {
            "audio/mpeg" | "audio/mp3" | "audio/x-mp3" | "audio/mpeg3" => Self::Mp3,
            "audio/ogg" | "audio/opus" | "application/ogg" => Self::Opus,
            "audio/aac" | "audio/aacp" | "audio/x-aac" => Self::Aac,
            "audio/flac" | "audio/x-flac" => Self::Flac,
            "audio/wav" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => Self::Wav,
            "audio/pcm" | "audio/l16" => Self::Pcm,
            _ => return None,
        })
    }

    /// The format detected from a file's first bytes. Raw samples cannot be detected.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [b'I', b'D', b'3', ..] => Some(Self::Mp3),
            [b'R', b'I', b'F', b'F', ..] => Some(Self::Wav),
            [b'O', b'g', b'g', b'S', ..] => Some(Self::Opus),
            [b'f', b'L', b'a', b'C', ..] => Some(Self::Flac),
            // The same sync word: in ADTS the two layer bits are 0, which MPEG audio leaves unused.
            [0xff, second, ..] if second & 0xf6 == 0xf0 => Some(Self::Aac),
            [0xff, second, ..] if second & 0xe6 == 0xe2 => Some(Self::Mp3),
            _ => None,
        }
    }
}

impl std::fmt::Display for AudioFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_media_types_lead_back() {
        for format in AudioFormat::ALL {
            assert_eq!(AudioFormat::from_name(format.as_str()), Some(format));
            assert_eq!(AudioFormat::from_mime(format.mime()), Some(format));
        }
        assert_eq!(AudioFormat::from_mime("Audio/MPEG; charset=binary"), Some(AudioFormat::Mp3));
        assert_eq!(AudioFormat::from_mime("text/html"), None);
    }

    #[test]
    fn first_bytes_tell_the_format() {
        let told = AudioFormat::from_bytes;
        assert_eq!(told(&[0xff, 0xf3, 0x84, 0xc4]), Some(AudioFormat::Mp3));
        assert_eq!(told(&[0xff, 0xfb, 0x90, 0x00]), Some(AudioFormat::Mp3));
        assert_eq!(told(&[0xff, 0xf1, 0x50, 0x80]), Some(AudioFormat::Aac));
        assert_eq!(told(b"RIFF\0\0\0\0WAVE"), Some(AudioFormat::Wav));
        assert_eq!(told(b"{}"), None);
    }
}
