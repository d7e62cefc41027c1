//! Chunks at random, most of them of one shape.

use proptest::prelude::*;

/// Parts of a string literal, most of them valid.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z 안😀]{0,12}",
        2 => Just("\\ud83d\\ude00\\uc548".to_owned()),
        2 => "\\\\[\"\\\\/bfnrt]",
        1 => "\\\\u[0-9a-f]{4}",
        1 => "\\\\u[dD][89a-fA-F][0-9a-f]{2}",
    ]
}

pub(super) fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        30 => prop::collection::vec(part(), 0..4).prop_map(|parts| format!("\"{}\"", parts.concat())),
        1 => "\"[\\\\\u{1}]?(\\\\u12)?x\"",
        1 => Just("null".to_owned()),
        1 => Just("7".to_owned()),
    ]
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => "[1-9][0-9]{0,4}",
        4 => "[1-9][0-9]{17,21}",
        4 => "-?[0-9]\\.[0-9]{1,3}([eE][+-]?[0-9]{1,2})?",
        1 => prop::sample::select(vec!["0", "-0", "-3", "007", "1.", "1e999", "NaN", "null", "\"3\""])
            .prop_map(str::to_owned),
    ]
}

/// The literals of one chunk.
pub(super) fn literals() -> impl Strategy<Value = (Vec<String>, Vec<String>, Option<u8>)> {
    let strings = prop::collection::vec(string(), 5);
    let numbers = prop::collection::vec(number(), 5);
    (strings, numbers, prop::option::weighted(0.1, 0..ODDITIES))
}

/// The number of oddities that [`written`] knows.
pub(super) const ODDITIES: u8 = 19;

/// A chunk of a service's style with these literals, and perhaps something odd.
pub(super) fn written(
    style: u8,
    moves: u8,
    literals: &(Vec<String>, Vec<String>, Option<u8>),
) -> String {
    let (strings, numbers, odd) = literals;
    let moved = |bit: u8| moves & 1 << bit != 0;
    let string = |at: usize, bit: u8| match moved(bit) {
        true => strings[at].as_str(),
        false => "\"x\"",
    };
    let number = |at: usize, bit: u8| if moved(bit) { numbers[at].as_str() } else { "5" };
    let text = &strings[0];
    let delta = match style % 7 {
        0 | 1 => format!(r#"{{"content":{text}}}"#),
        2 => format!(r#"{{"role":"assistant","content":{text},"mood":{}}}"#, number(4, 0)),
        3 => format!(r#"{{"content":null,"reasoning_content":{text}}}"#),
        4 => format!(r#"{{"content":"","reasoning":{text}}}"#),
        5 => {
            format!(
                r#"{{"tool_calls":[{{"index":0,"type":"function","function":{{"arguments":{text}}}}}]}}"#
            )
        }
        _ => format!(r#"{{"content":{text},"refusal":null,"tool_calls":null}}"#),
    };
    let usage = match style / 7 % 3 {
        0 => "null".to_owned(),
        1 => format!(
            r#"{{"prompt_tokens":3,"completion_tokens":{},"total_tokens":{}}}"#,
            number(0, 1),
            number(1, 1)
        ),
        _ => format!(
            r#"{{"total_tokens":{},"completion_tokens_details":{{"reasoning_tokens":{}}},"cost":{}}}"#,
            number(0, 1),
            number(1, 1),
            number(2, 2)
        ),
    };
    let extra = match style / 21 % 3 {
        0 => String::new(),
        1 => format!(r#","p":{}"#, string(1, 3)),
        _ => format!(r#","timings":{{"n":{},"deep":[{{"a":{}}},[]]}}"#, number(3, 3), string(1, 4)),
    };
    let (id, created, pad) = (string(2, 5), number(4, 6), string(3, 7));
    let json = format!(
        r#"{{"id":{id},"object":"chat.completion.chunk","created":{created},"model":"m","choices":[{{"index":0,"delta":{delta},"finish_reason":null,"seen":{}}}],"usage":{usage}{extra},"obfuscation":{pad}}}"#,
        number(3, 0)
    );
    match odd {
        None => json,
        Some(0) => json.replace("\"finish_reason\":null", "\"finish_reason\":\"stop\""),
        Some(1) => json.replace("\"index\":0,\"delta\"", "\"index\":1,\"delta\""),
        Some(2) => json.replace("\"model\":\"m\"", "\"model\":\"n\""),
        Some(3) => json.replace("\"model\"", "\"error\":{},\"model\""),
        Some(4) => json.replace("\"model\"", "\"error\":{\"message\":\"broken\"},\"model\""),
        Some(5) => json.replace("\"model\"", &format!("\"message\":{text},\"model\"")),
        Some(6) => json.replace("\"seen\":", "\"seen\":1,\"seen\":"),
        Some(7) => json.replace("\"delta\":{", "\"delta\":{\"content\":\"twice\","),
        Some(8) => json.replace("\"seen\":", &format!("\"message\":{delta},\"seen\":")),
        Some(9) => {
            json.replace("\"seen\":", "\"logprobs\":{\"content\":[]},\"list\":[1],\"seen\":")
        }
        Some(10) => json.replace("\"model\"", &format!("\"__proto__\":{{\"a\":{text}}},\"model\"")),
        Some(11) => json.replace("{\"index\":0,\"type\"", "{\"index\":1,\"id\":\"a\",\"type\""),
        Some(12) => format!(" {json}\n"),
        Some(13) => json.replace("\"usage\":{", "\"usage\":{\"x\":{\"y\":2},"),
        Some(14) => json.replace("\"usage\"", "\"us\\u0061ge\""),
        Some(15) => json.replace("\"delta\":{", &format!("\"delta\":{{\"x\":{text},")),
        Some(16) => json.replace("\"seen\":", &format!("\"list\":[{text}],\"seen\":")),
        Some(17) => json.replace(&format!("\"content\":{text}"), &format!("\"content\":[{text}]")),
        Some(_) => json.trim_end_matches('}').to_owned(),
    }
}
