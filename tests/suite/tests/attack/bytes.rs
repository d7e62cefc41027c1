//! Streams of odd chunks with damaged bytes: each ends, with a reply only if the service reported it complete, and with
//! the same result for every split of the bytes.

use std::convert::Infallible;

use bytes::Bytes;
use futures::{StreamExt, stream};
use turnwire::ChatStream;
use turnwire_suite::random::Random;
use turnwire_suite::streams::chunks;

use super::attack;

/// Pieces of streams from hostile and careless services.
const ODD: &[&[u8]] = &[
    b"data: [DONE]\n\n",
    b"data:[DONE]",
    b"data: null\n\n",
    b"data: {}\n\n",
    b"data: []\n\n",
    b"data: {\"error\":{\"message\":\"no\",\"code\":429}}\n\n",
    b"data: {\"choices\":[{\"index\":1e8,\"delta\":{}}]}\n\n",
    b"data: {\"choices\":[{\"index\":\"__proto__\",\"delta\":{}}]}\n\n",
    b"event: error\ndata: overloaded\n\n",
    b": ping\n\n",
    b"\n\n",
    b"\r",
    b"\r\r",
    b"\0",
    b"\xEF\xBB\xBF",
    b"\xFF",
    b"\xE2\x82",
    b"\\ud83d",
    b"\"",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"{\"choices\":[",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"\"finish_reason\":\"stop\"",
    b"<html>",
    b"id: \0\n",
    b"retry: 99999999999999999999\n",
];

#[test]
fn damaged_streams_end_and_are_never_whole_by_mistake() {
    attack("damaged streams", |random| {
        let body = damaged(random);
        let whole = outcome(&[&body]);
        let pieces = split(random, &body);
        assert_eq!(outcome(&pieces), whole, "the pieces decide: {}", body.escape_ascii());
        if whole.is_ok() {
            let says_so = |what: &[u8]| body.windows(what.len()).any(|window| window == what);
            assert!(says_so(b"DONE") || says_so(b"finish_reason"), "{}", body.escape_ascii());
        }
    });
}

fn damaged(random: &mut Random) -> Vec<u8> {
    let mut body = Vec::new();
    for chunk in chunks(random) {
        body.extend_from_slice(format!("data: {chunk}\n\n").as_bytes());
    }
    if !random.once_in(3) {
        body.extend_from_slice(b"data: [DONE]\n\n");
    }
    for _ in 0..random.below(4) {
        let at = random.below(body.len().max(1));
        let to = (at + random.below(12)).min(body.len());
        match random.below(5) {
            0 => body.truncate(at),
            1 => drop(body.drain(at..to)),
            2 => body.extend_from_within(at..to),
            3 if at < body.len() => body[at] ^= 1 << random.below(8),
            _ => drop(body.splice(at..at, random.one_of(ODD).iter().copied())),
        }
    }
    body
}

fn split<'b>(random: &mut Random, body: &'b [u8]) -> Vec<&'b [u8]> {
    let longest = *random.one_of(&[1, 2, 7, 64, 1024]);
    let mut pieces = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (piece, more) = rest.split_at((random.below(longest) + 1).min(rest.len()));
        pieces.push(piece);
        rest = more;
    }
    pieces
}

/// The reply's JSON, or the error's code and the text before it.
fn outcome(pieces: &[&[u8]]) -> Result<String, (&'static str, Option<String>)> {
    let pieces: Vec<_> =
        pieces.iter().map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece))).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut chunks = ChatStream::from_bytes(stream::iter(pieces));
        while let Some(chunk) = chunks.next().await {
            if let Err(error) = chunk {
                assert!(!error.to_string().is_empty() && chunks.next().await.is_none());
                return Err((error.code(), error.partial().map(str::to_owned)));
            }
        }
        let reply = chunks.into_reply().unwrap();
        Ok(serde_json::to_string(&reply).unwrap())
    })
}
