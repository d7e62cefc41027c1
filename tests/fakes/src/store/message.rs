//! The demands of the store on a message.

use serde_json::Value;

/// The longest text of a message, in code points.
const LONGEST: usize = 2000;

/// The message's id and its workspace's; or what its validation says.
pub(crate) fn check(message: &Value) -> Result<(&str, &str), String> {
    let text = |name: &str| {
        let text = message[name].as_str().filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| format!("{name}: must not be blank"))
    };
    let one_of = |name: &str, words: [&str; 2]| match text(name)? {
        word if words.contains(&word) => Ok(()),
        word => Err(format!("{name}: {word} is neither {} nor {}", words[0], words[1])),
    };
    let id = text("msgId")?;
    one_of("msgSenderRole", ["USER", "AI"])?;
    text("msgContent")?;
    match &message["msgSentAt"] {
        Value::Number(ms) if ms.is_i64() || ms.is_u64() => {}
        Value::String(text) if is_iso_8601(text) => {}
        _ => return Err("msgSentAt: must be epoch milliseconds or ISO 8601".into()),
    }
    text("msgSenderUUID")?;
    one_of("msgType", ["T", "V"])?;
    match &message["parentMsgId"] {
        Value::Null | Value::String(_) => {}
        _ => return Err("parentMsgId: must be an id or null".into()),
    }
    Ok((id, text("msgWorkspaceId")?))
}

/// Checks that the row has room for the message; an error is the database's.
pub(crate) fn fits(message: &Value) -> Result<(), String> {
    let length = message["msgContent"].as_str().map_or(0, |text| text.chars().count());
    match length <= LONGEST {
        true => Ok(()),
        false => Err("Data too long for column 'msg_content' at row 1".into()),
    }
}

/// `2025-12-02T07:20:00`, with more after it or not.
fn is_iso_8601(text: &str) -> bool {
    let shape = b"dddd-dd-ddTdd:dd:dd";
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'd' => byte.is_ascii_digit(),
        other => byte == other,
    };
    text.len() >= shape.len() && text.as_bytes().iter().zip(shape).all(fits)
}
