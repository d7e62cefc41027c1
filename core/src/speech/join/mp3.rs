//! MP3 as a sequence of frames, without the parts that describe a single file: tags, and the frame with its length.

use bytes::Bytes;

/// The audio frames of a file, to which those of another file can be appended.
pub(super) fn frames(file: &Bytes) -> Bytes {
    let start = after_tags(file);
    let rest = file.get(start..).unwrap_or_default();
    let rest = rest.get(..rest.len() - length_of_end_tags(rest)).unwrap_or_default();
    let start = Frame::read(rest)
        .filter(|frame| frame.is_length_frame(rest))
        .map_or(0, |frame| frame.length);
    let mut end = start;
    while let Some(frame) = rest.get(end..).and_then(Frame::read) {
        if rest.len() - end < frame.length {
            // A truncated frame would swallow the beginning of the next part.
            return file.slice_ref(rest.get(start..end).unwrap_or_default());
        }
        end += frame.length;
    }
    // Bytes that are not a frame are left to the decoder, which resynchronises by itself.
    file.slice_ref(rest.get(start..).unwrap_or_default())
}

/// The end of the ID3v2 tags at the beginning (id3.org, "ID3 tag version 2.4.0", section 3).
fn after_tags(file: &[u8]) -> usize {
    let mut start = 0;
    while let Some(length) = file.get(start..).and_then(length_of_tag) {
        start = (start + length).min(file.len());
    }
    start
}

fn length_of_tag(file: &[u8]) -> Option<usize> {
    let [b'I', b'D', b'3', version, _, flags, size @ ..] = file.first_chunk::<10>()? else {
        return None;
    };
    // A byte that is invalid in a size shows that this is not a tag.
    if *version == 0xff || size.iter().any(|byte| *byte >= 0x80) {
        return None;
    }
    let size = size.iter().fold(0, |size, byte| (size << 7) | usize::from(*byte));
    let footer = if flags & 0x10 == 0 { 0 } else { 10 };
    Some(10 + size + footer)
}

/// The length of the trailing tags: ID3v1, and APE before it.
fn length_of_end_tags(file: &[u8]) -> usize {
    let id3 = file
        .len()
        .checked_sub(128)
        .filter(|at| file.get(*at..).is_some_and(|tag| tag.starts_with(b"TAG")));
    let before = id3.unwrap_or(file.len());
    let footer = before.checked_sub(32).and_then(|at| file.get(at..before));
    let ape = match footer {
        Some(
            [
                b'A',
                b'P',
                b'E',
                b'T',
                b'A',
                b'G',
                b'E',
                b'X',
                _,
                _,
                _,
                _,
                a,
                b,
                c,
                d,
                _,
                _,
                _,
                flags,
                ..,
            ],
        ) => {
            let size = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
            // The top bit of the flags, which are little-endian as well, is in a later byte.
            size + if *flags & 0x80 == 0 { 0 } else { 32 }
        }
        _ => 0,
    };
    (file.len() - before + ape).min(file.len())
}

/// A frame of MPEG audio, layer III (ISO/IEC 11172-3, section 2.4.1, and 13818-3).
#[derive(Clone, Copy, Debug)]
struct Frame {
    /// Length in bytes, including the header.
    length: usize,
    /// Offset of the audio data, after the side information.
    sound: usize,
}

/// Bit rates in kbit/s by index, for MPEG-1, and for MPEG-2 and 2.5.
const BITRATES: [[usize; 14]; 2] = [
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

impl Frame {
    fn read(bytes: &[u8]) -> Option<Self> {
        let [0xff, second, third, fourth] = *bytes.first_chunk::<4>()? else { return None };
        let (version, layer) = ((second >> 3) & 3, (second >> 1) & 3);
        if second & 0xe0 != 0xe0 || version == 1 || layer != 1 {
            return None;
        }
        let is_mpeg1 = version == 3;
        let bitrate = usize::from(third >> 4).checked_sub(1)?;
        let bitrate = BITRATES.get(usize::from(!is_mpeg1))?.get(bitrate)?;
        let rate = [44_100, 48_000, 32_000].get(usize::from((third >> 2) & 3))?;
        // MPEG-2 halves the rates of MPEG-1, and 2.5 halves them again.
        let (rate, samples) = match version {
            3 => (*rate, 1152),
            2 => (rate / 2, 576),
            _ => (rate / 4, 576),
        };
        let padding = usize::from((third >> 1) & 1);
        let is_mono = fourth >> 6 == 3;
        let side = match (is_mpeg1, is_mono) {
            (true, false) => 32,
            (true, true) | (false, false) => 17,
            (false, true) => 9,
        };
        let checksum = if second & 1 == 0 { 2 } else { 0 };
        let length = samples / 8 * bitrate * 1000 / rate + padding;
        Some(Frame { length, sound: 4 + checksum + side })
    }

    /// Returns true if the frame has no audio, only the length of the file (a Xing, LAME or Fraunhofer header).
    fn is_length_frame(&self, bytes: &[u8]) -> bool {
        let at = |place: usize| bytes.get(place..place + 4).unwrap_or_default();
        matches!(at(self.sound), b"Xing" | b"Info")
            || matches!(at(4 + 32), b"VBRI" | b"Xing" | b"Info")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of MPEG-2, 24 kHz, 64 kbit/s, one channel: 192 bytes.
    fn frame(text: &str) -> Vec<u8> {
        let mut frame = vec![0xff, 0xf3, 0x84, 0xc4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        frame.extend_from_slice(text.as_bytes());
        frame.resize(192, 0);
        frame
    }

    fn kept(file: Vec<u8>) -> Bytes {
        frames(&Bytes::from(file))
    }

    #[test]
    fn frames_alone_stay_as_they_are() {
        let sound = [frame("a"), frame("b")].concat();
        assert_eq!(kept(sound.clone()), sound);
        assert_eq!(kept(b"no mp3 at all".to_vec()), &b"no mp3 at all"[..]);
        assert_eq!(kept(Vec::new()), &b""[..]);
    }

    #[test]
    fn tags_and_the_frame_of_the_length_are_left_out() {
        let sound = [frame("a"), frame("b")].concat();
        let id3v2 = [&b"ID3\x04\0\0\0\0\x01\x02"[..], &[7; 130]].concat();
        let id3v1 = [&b"TAG"[..], &[1; 125]].concat();
        for info in [frame("Info"), frame("Xing")] {
            let file = [id3v2.clone(), id3v2.clone(), info, sound.clone(), id3v1.clone()].concat();
            assert_eq!(kept(file), sound);
        }
    }

    #[test]
    fn a_frame_that_is_cut_short_is_left_out() {
        let file = [frame("a"), frame("b")[..100].to_vec()].concat();
        assert_eq!(kept(file), frame("a"));
    }

    #[test]
    fn lengths_are_those_of_the_standard() {
        let length = |header: [u8; 4]| Frame::read(&header).map(|frame| frame.length);
        assert_eq!(length([0xff, 0xfb, 0x90, 0x00]), Some(417), "MPEG-1, 44.1 kHz, 128 kbit/s");
        assert_eq!(length([0xff, 0xfb, 0x92, 0x00]), Some(418), "with padding");
        assert_eq!(length([0xff, 0xf3, 0x84, 0xc4]), Some(192), "MPEG-2, 24 kHz, 64 kbit/s");
        assert_eq!(length([0xff, 0xe3, 0x18, 0xc4]), Some(72), "MPEG-2.5, 8 kHz, 8 kbit/s");
        assert_eq!(length([0xff, 0xf1, 0x50, 0x80]), None, "AAC");
        assert_eq!(length([0xff, 0xfb, 0x00, 0x00]), None, "of free bit rate");
    }
}
