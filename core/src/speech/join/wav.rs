//! WAV: one header, and the samples of every part after it.

use bytes::{BufMut, Bytes, BytesMut};

/// Size value for an unknown length.
const UNKNOWN: u32 = u32::MAX;

/// The parts joined so far.
#[derive(Debug)]
pub(super) struct Joined {
    /// The body of the `fmt ` chunk, the same in all parts.
    format: Bytes,
    samples: u64,
}

impl Joined {
    /// The bytes to append for this part; the error describes the fault of the part.
    pub(super) fn add(joined: &mut Option<Self>, file: &Bytes) -> Result<Bytes, &'static str> {
        let (format, samples) = read(file).ok_or("audio that is not readable as WAV")?;
        let mut out = BytesMut::new();
        let joined = joined.get_or_insert_with(|| {
            out.put_slice(&header(&format));
            Joined { format: format.clone(), samples: 0 }
        });
        if joined.format != format {
            return Err(
                "WAV that differs from the first sentence's in its sampling rate or sample format",
            );
        }
        joined.samples += samples.len() as u64;
        out.put_slice(&samples);
        Ok(out.freeze())
    }

    /// Offsets of the sizes in the header, and their final values.
    pub(super) fn sizes(&self) -> Vec<(u64, [u8; 4])> {
        let after_format = 20 + self.format.len() as u64;
        let size = |bytes: u64| u32::try_from(bytes).unwrap_or(UNKNOWN).to_le_bytes();
        vec![(4, size(after_format + self.samples)), (after_format + 4, size(self.samples))]
    }
}

fn header(format: &[u8]) -> Bytes {
    let mut header = BytesMut::new();
    header.put_slice(b"RIFF");
    header.put_u32_le(UNKNOWN);
    header.put_slice(b"WAVEfmt ");
    header.put_u32_le(u32::try_from(format.len()).unwrap_or(UNKNOWN));
    header.put_slice(format);
    header.put_slice(b"data");
    header.put_u32_le(UNKNOWN);
    header.freeze()
}

/// The bodies of the `fmt ` and `data` chunks. A size larger than the file means an unknown length.
fn read(file: &Bytes) -> Option<(Bytes, Bytes)> {
    let mut at = 12;
    let mut format = None;
    if file.get(..4)? != b"RIFF" || file.get(8..12)? != b"WAVE" {
        return None;
    }
    loop {
        let name = file.get(at..at + 4)?;
        let size = u32::from_le_bytes(*file.get(at + 4..)?.first_chunk()?) as usize;
        let body = file.slice(at + 8..(at + 8).saturating_add(size).min(file.len()));
        match (name, format) {
            (b"fmt ", _) if size >= 16 => format = Some(body),
            (b"data", Some(format)) => return Some(cut_to_samples(format, body)),
            (_, before) => format = before,
        }
        // Chunks begin at even offsets.
        at += 8 + size + size % 2;
    }
}

/// Drops a truncated last sample, which would shift the samples of the next part.
fn cut_to_samples(format: Bytes, samples: Bytes) -> (Bytes, Bytes) {
    let block =
        format.get(12..14).map_or(1, |b| b.iter().rev().fold(0, |n, b| (n << 8) | usize::from(*b)));
    let whole = samples.len() - samples.len() % block.max(1);
    let samples = samples.slice(..whole);
    (format, samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(rate: u32, extra: &[u8], samples: &[u8], size: u32) -> Bytes {
        let mut file = b"RIFF\xff\xff\xff\xffWAVE".to_vec();
        file.extend_from_slice(extra);
        file.extend_from_slice(b"fmt \x10\0\0\0\x01\0\x01\0");
        file.extend_from_slice(&rate.to_le_bytes());
        file.extend_from_slice(&(2 * rate).to_le_bytes());
        file.extend_from_slice(b"\x02\0\x10\0data");
        file.extend_from_slice(&size.to_le_bytes());
        file.extend_from_slice(samples);
        file.into()
    }

    #[test]
    fn parts_get_one_header_and_its_sizes_in_the_end() {
        let mut joined = None;
        let first = wav(22_050, b"LIST\x03\0\0\0abc\0", b"1234", 4);
        let mut whole = Joined::add(&mut joined, &first).unwrap().to_vec();
        // This part has an unknown length and ends in the middle of a sample.
        whole.extend_from_slice(
            &Joined::add(&mut joined, &wav(22_050, b"", b"56789", UNKNOWN)).unwrap(),
        );
        for (at, size) in joined.unwrap().sizes() {
            whole[at as usize..][..4].copy_from_slice(&size);
        }
        let mut expected = wav(22_050, b"", b"12345678", 8).to_vec();
        expected[4..8].copy_from_slice(&44u32.to_le_bytes());
        assert_eq!(whole, expected);
    }

    #[test]
    fn parts_that_differ_are_refused() {
        let mut joined = None;
        Joined::add(&mut joined, &wav(22_050, b"", b"12", 2)).unwrap();
        assert!(Joined::add(&mut joined, &wav(24_000, b"", b"12", 2)).is_err());
        assert!(Joined::add(&mut joined, &Bytes::from_static(b"RIFF")).is_err());
    }
}
