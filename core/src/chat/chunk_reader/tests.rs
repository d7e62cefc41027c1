//! Chunks that fit a shape read as they do when each is parsed in full.

mod bodies;

use std::fmt::Debug;

use proptest::prelude::*;
use serde_json::Value;

use self::bodies::{ODDITIES, literals, string, written};
use super::*;
use crate::chat::accumulate::Accumulator;
use crate::sse::decode_text;

/// Reads chunks with shapes and without: the results, and the replies accumulated from them, must be equal.
#[track_caller]
fn assert_reads_alike(chunks: &[impl AsRef<[u8]>]) {
    let (mut reader, mut reference) = (ChunkReader::default(), ChunkReader::default());
    let (mut whole, mut expected_whole) = (Accumulator::default(), Accumulator::default());
    for data in chunks {
        let (data, json) = (data.as_ref(), &*decode_text(data.as_ref()));
        let expected = reference.parse(json);
        if let Ok(chunk) = &expected {
            expected_whole.add(chunk, &mut ());
        }
        // As in a stream: the next event follows.
        let stream = [data, b"\n\ndata: {"].concat();
        let mut literals = LiteralBuffer::default();
        let known = reader.length_of_known(&stream, &mut literals);
        let read = match known == Some(data.len()) && reader.filling(&literals).is_some() {
            true => Ok(Read::Filling(reader.filling(&literals).unwrap())),
            false => reader.read(json, &mut literals),
        };
        match &read {
            Ok(Read::Filling(filling)) => {
                whole.add_filling(filling);
                assert_eq!(debug(&Ok(filling.to_chunk())), debug(&expected), "{json}");
                let has_content = expected.as_ref().is_ok_and(|c| c.fields().has_content());
                assert_eq!(filling.has_content(), has_content, "{json}");
            }
            Ok(Read::Chunk(chunk)) => whole.add(chunk, &mut ()),
            Err(_) => {}
        }
        let read = read.map(Read::into_chunk);
        if let (Ok(chunk), Ok(expected)) = (&read, &expected) {
            assert_eq!(lazy(chunk), lazy(expected), "{json}");
        }
        assert_eq!(debug(&read), debug(&expected), "{json}");
        assert_eq!(format!("{:?}", whole.reply()), format!("{:?}", expected_whole.reply()));
        assert_eq!(whole.bytes(), expected_whole.bytes());
    }
}

/// A chunk with all its fields, or the error.
fn debug(read: &Result<ChatChunk, Unreadable>) -> String {
    format!("{read:?}")
}

/// The values that a chunk has without its fields.
fn lazy(chunk: &ChatChunk) -> impl PartialEq + Debug {
    let head = (chunk.id(), chunk.created(), chunk.model());
    let calls =
        chunk.tool_calls().map(|call| (call.index(), call.id(), call.name(), call.arguments()));
    (
        chunk.text(),
        chunk.reasoning(),
        calls.collect::<Vec<_>>(),
        head,
        chunk.finish_reason(),
        chunk.usage(),
    )
}

/// Reads chunks, and returns for each whether it was parsed in full.
fn parsed_in_full(chunks: impl IntoIterator<Item = String>) -> Vec<bool> {
    let mut reader = ChunkReader::default();
    let chunks = chunks.into_iter();
    chunks.map(|json| !fits(&mut reader, &json)).collect()
}

/// Reads a chunk; true if it has the shape of the one before.
fn fits(reader: &mut ChunkReader, json: &str) -> bool {
    matches!(reader.read(json, &mut LiteralBuffer::default()).unwrap(), Read::Filling(_))
}

fn chunk(text: &str, rest: &str) -> String {
    format!(
        r#"{{"id":"c","choices":[{{"index":0,"delta":{{"content":{text}}}{rest}}}],"obfuscation":"x"}}"#
    )
}

#[test]
fn what_only_looks_like_the_template_is_parsed_in_full() {
    let plain = || chunk(r#""a""#, "");
    for other in [
        chunk("\"b\nc\"", ""),
        chunk(r#""b\x""#, ""),
        chunk(r#""b","content":"c""#, ""),
        chunk(r#""b","cont\u0065nt":"c""#, ""),
        chunk(r#""b","role":"user""#, ""),
        chunk("null", ""),
        chunk("7", ""),
        chunk(r#"["b"]"#, ""),
        chunk(r#""""#, r#","finish_reason":"stop""#),
        chunk(r#""b""#, "").replace(r#""x""#, r#""y","usage":{"total_tokens":3},"z":"""#),
        chunk(r#""b""#, "").replace(r#""x""#, r#"7"#),
        chunk(r#""b""#, "").replace(r#""id":"c""#, r#""id":7"#),
        format!("{} ", plain()),
        plain().trim_end_matches('}').to_owned(),
        r#"{"error":{"message":"no"}}"#.to_owned(),
    ] {
        let again = other.replace("\"b\"", "\"e\"").replace("\"c\"]", "\"f\"]");
        assert_reads_alike(&[plain(), other.clone(), chunk(r#""z""#, ""), plain(), other, again]);
    }
}

#[test]
fn a_creation_time_of_zero_is_not_the_reply_s() {
    let at = |time: &str| chunk("\"a\"", "").replacen('{', &format!("{{\"created\":{time},"), 1);
    assert_reads_alike(&[at("-0.0"), at("0.0"), at("7"), at("8")]);
}

#[test]
fn fields_that_may_report_an_error_are_no_holes() {
    let status = |code: &str| {
        let base = format!("{{\"base_resp\":{{\"status_code\":{code}}},");
        chunk("\"a\"", "").replacen('{', &base, 1)
    };
    assert_reads_alike(&[status("0"), status("0.0"), status("0"), status("1008")]);
}

#[test]
fn several_texts_in_one_chunk_are_each_read() {
    let chunk = |content: &str, reasoning: &str, arguments: &str| {
        format!(
            r#"{{"choices":[{{"index":0,"delta":{{"content":"{content}","reasoning":"{reasoning}","tool_calls":[
              {{"index":1,"function":{{"arguments":"{arguments}"}}}}]}}}}]}}"#
        )
    };
    let texts = [
        ("a", "", ""),
        ("", r#"\"b"#, ""),
        ("", "", r"{\n"),
        ("", "", ""),
        ("c", "", r"\t"),
        ("d", "e", "f"),
    ];
    let chunks = texts.map(|(content, reasoning, arguments)| chunk(content, reasoning, arguments));
    assert_reads_alike(&chunks);
    assert_eq!(parsed_in_full(chunks), [true, false, false, false, false, false]);
}

#[test]
fn pieces_that_accumulate_by_rules_of_their_own_are_parsed_in_full() {
    let text = || chunk(r#""a","some_text":"b""#, "");
    assert_reads_alike(&[text(), text(), text()]);
    let call = |id: &str, arguments: &str| {
        format!(
            r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":0,"id":"{id}","function":{{"arguments":"{arguments}"}}}}]}}}}]}}"#
        )
    };
    assert_reads_alike(&[call("z", "{"), call("a", "}"), call("a", "{}"), call("a", "")]);
}

#[test]
fn padding_before_the_text_is_not_mistaken() {
    let chunk = |pad: &str, text: &str| {
        format!(r#"{{"obfuscation":"{pad}","choices":[{{"delta":{{"content":"{text}"}}}}]}}"#)
    };
    assert_reads_alike(&[chunk("p", "a"), chunk("p", "b"), chunk("q", "c"), chunk("c", "q")]);
}

#[test]
fn a_complete_message_after_texts_that_began_with_an_empty_one_repeats_them() {
    let message = r#"{"choices":[{"index":0,"message":{"content":"ab"}}]}"#.to_owned();
    assert_reads_alike(&[chunk(r#""""#, ""), chunk(r#""a""#, ""), chunk(r#""b""#, ""), message]);
}

#[test]
fn escapes_keep_the_shape() {
    let texts = [r"\n", r#"\"a\\"#, r"\uc548\ub155", r"\ud83d\ude00", r"\/"];
    let chunks = texts.map(|text| chunk(&format!("\"{text}\""), ""));
    assert_eq!(parsed_in_full(chunks), [true, false, false, false, false]);
}

#[test]
fn the_end_of_a_chunk_is_found_in_its_line_alone() {
    let known = |json: &str, rest: &str| {
        let (mut reader, mut literals) = (ChunkReader::default(), LiteralBuffer::default());
        fits(&mut reader, json);
        assert!(fits(&mut reader, json));
        reader.length_of_known(format!("{json}{rest}").as_bytes(), &mut literals)
    };
    let json = chunk("\"a\"", "");
    for rest in ["", "\n\n", "\r\n\r\ndata: {", " \n\n", "}"] {
        assert_eq!(known(&json, rest), Some(json.len()), "{rest:?}");
    }
    // An event joins its lines with line breaks: as bytes of a stream they are lines without a field's name.
    assert_eq!(known(&json.replace(',', ",\n"), "\n\n"), None);
    assert_eq!(known(&json.replace(',', ",\r"), "\n\n"), None);
}

#[test]
fn literals_that_move_are_learnt_once() {
    let moving = |n: usize| {
        let (second, total) = (n / 3, n + 9);
        format!(
            r#"{{"id":"c{n}","created":{},"choices":[{{"index":0,"delta":{{"role":"assistant","content":" a"}}}}],
              "usage":{{"prompt_tokens":9,"completion_tokens":{n},"total_tokens":{total},"cost":{n}.5}},
              "timings":{{"per_second":{n}.25}},"p":"{n}"}}"#,
            1764660000 + second
        )
    };
    let parsed = parsed_in_full((1..20).map(moving));
    // The first two show all that moves but the time, which moves at the third.
    assert_eq!(parsed[..3], [true, true, true]);
    assert_eq!(parsed[3..], [false; 16]);
}

#[test]
fn arguments_and_reasoning_are_literals_as_well() {
    let reasoning = |n: usize| {
        format!(
            r#"{{"choices":[{{"index":0,"delta":{{"content":null,"reasoning_content":"{n}"}}}}]}}"#
        )
    };
    let arguments = |n: usize| {
        format!(
            r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":1,"function":{{"arguments":"\"{n}"}}}}]}}}}]}}"#
        )
    };
    for chunks in [(0..4).map(reasoning).collect::<Vec<_>>(), (0..4).map(arguments).collect()] {
        assert_reads_alike(&chunks);
        assert_eq!(parsed_in_full(chunks), [true, false, false, false]);
    }
}

#[test]
fn chunks_with_nothing_in_common_are_not_compared_for_ever() {
    let other = |n: usize| chunk("\"a\"", "").replace("\"c\"", &format!("\"c\",\"model\":\"{n}\""));
    let mut reader = ChunkReader::default();
    let has_shape: Vec<_> = (0..100)
        .map(|n| {
            fits(&mut reader, &other(n));
            reader.shape.is_some()
        })
        .collect();
    assert!(has_shape[..PATIENCE as usize].iter().all(|has| *has));
    assert_eq!(has_shape[PATIENCE as usize..].iter().filter(|has| **has).count(), 11);
    // A stream that settles down is fast again.
    let settled = (0..40).map(|_| fits(&mut reader, &other(7)));
    assert!(settled.skip(PATIENCE as usize + 1).all(|fits| fits));
}

#[test]
fn literals_that_move_are_learnt_after_a_long_part_without_a_shape() {
    let mut reader = ChunkReader::default();
    for _ in 0..=PATIENCE {
        fits(&mut reader, r#"{"id":"c","choices":[{"index":0,"delta":{"refusal":"no"}}]}"#);
    }
    let moving = |n: usize| chunk("\"a\"", "").replace("\"c\"", &format!("\"c\",\"created\":{n}"));
    let has_fit = (0..80).map(|n| fits(&mut reader, &moving(n)));
    assert!(has_fit.skip(2 * PATIENCE as usize).all(|fits| fits));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_reader_with_shapes_reads_as_one_without(
        style in any::<u8>(),
        moves in any::<u8>(),
        oddity in prop::option::weighted(0.6, 0..ODDITIES),
        mut chunks in prop::collection::vec(literals(), 1..12),
    ) {
        // Most streams are odd in one way, or not at all.
        chunks.iter_mut().for_each(|(_, _, odd)| *odd = odd.or(oddity));
        let chunks: Vec<_> = chunks.iter().map(|chunk| written(style, moves, chunk)).collect();
        assert_reads_alike(&chunks);
    }

    /// A byte of most chunks is replaced by one that is invalid UTF-8, or part of a character.
    #[test]
    fn bytes_that_are_no_text_read_as_their_replacement(
        style in any::<u8>(),
        moves in prop_oneof![Just(0), any::<u8>()],
        mut chunks in prop::collection::vec(literals(), 4..10),
        places in prop::collection::vec((any::<prop::sample::Index>(), 0x80..=0xFFu8), 10),
    ) {
        chunks.iter_mut().for_each(|(_, _, odd)| *odd = None);
        let chunks = chunks.iter().zip(places).enumerate().map(|(n, (chunk, (place, byte)))| {
            let mut data = written(style, moves, chunk).into_bytes();
            // The shape is learnt from intact chunks; a text is damaged more often than the rest.
            if n > 2 {
                let text = chunk.0[0].as_bytes();
                let start = data.windows(text.len()).position(|part| part == text).unwrap();
                let at = if n % 2 == 0 { place.index(data.len()) } else { start + place.index(text.len()) };
                data[at] = byte;
            }
            data
        });
        assert_reads_alike(&chunks.collect::<Vec<_>>());
    }

    /// The reference: Rust's own lossy decoding of UTF-16, of the whole text.
    #[test]
    fn text_cut_between_any_code_units_is_whole(
        pieces in prop::collection::vec(
            prop::collection::vec(prop::sample::select(vec![0x5C, 0x61, 0xC548, 0xD83D, 0xDE00]), 0..4), 0..12)
    ) {
        let (mut reader, mut text) = (ChunkReader::default(), String::new());
        for units in &pieces {
            let piece: String = units.iter().map(|unit: &u16| format!("\\u{unit:04x}")).collect();
            let mut literals = LiteralBuffer::default();
            let read = reader.read(&chunk(&format!("\"{piece}\""), ""), &mut literals);
            text.push_str(read.unwrap().into_chunk().text());
        }
        text.extend(reader.left_over().iter().map(ChatChunk::text));
        prop_assert_eq!(text, String::from_utf16_lossy(&pieces.concat()));
    }

    /// Chunks of any fields and values, in any order of fields.
    #[test]
    fn chunks_of_any_values_read_alike(
        names in prop::sample::subsequence(
            vec!["id", "created", "usage", "p", "obfuscation", "error", "object", "model"], 0..8).prop_shuffle(),
        values in prop::collection::vec(
            prop::sample::select(vec!["1", "2", "\"a\"", "\"b\"", "null", "[1]", "[\"c\"]", "{}", "{\"total_tokens\":1}",
                "{\"total_tokens\":2}", "{\"q\":3}", "true"]), 32),
        texts in prop::collection::vec(string(), 4),
    ) {
        let chunks: Vec<_> = texts.iter().enumerate().map(|(n, text)| {
            let fields = names.iter().zip(&values[n * 8..]);
            let fields: String = fields.map(|(name, value)| format!("\"{name}\":{value},")).collect();
            format!(r#"{{{fields}"choices":[{{"index":0,"delta":{{"content":{text}}}}}]}}"#)
        }).collect();
        assert_reads_alike(&chunks);
    }
}

#[test]
fn the_paths_of_holes_lead_to_their_literals() {
    let json = |n: usize| {
        written(
            7 * 2 + 21 * 2 + 4,
            0xFF,
            &(
                (0..5).map(|at| format!("\"{n}{at}\"")).collect(),
                (0..5).map(|at| format!("{n}{at}")).collect(),
                None,
            ),
        )
    };
    let mut reader = ChunkReader::default();
    for n in 1..4 {
        fits(&mut reader, &json(n));
    }
    let mut literals = LiteralBuffer::default();
    let json = json(7);
    let Read::Filling(filling) = reader.read(&json, &mut literals).unwrap() else {
        panic!("it fits")
    };
    let value: Value = serde_json::from_str(&json).unwrap();
    let mut count = 0;
    for (path, literal) in filling.shape().paths().zip(filling.literals()) {
        let path: Vec<Value> = serde_json::from_str(&path).unwrap();
        let found = path.iter().try_fold(&value, |value, step| match step {
            Value::String(name) => value.get(name),
            place => value.get(place.as_u64()? as usize),
        });
        let found = found.unwrap_or_else(|| panic!("{path:?}"));
        assert_eq!(
            found.as_str().map_or(found.to_string(), str::to_owned),
            literal.text,
            "{path:?}"
        );
        count += 1;
    }
    assert!(count >= 10, "{count} holes");
}
