//! Integers of a host that are wider than those of core: they would become floats, which changes the caller's data.

/// The path of the first integer beyond 64 bits in valid JSON, such as `payload.rows[2].id`.
pub(super) fn first(json: &str) -> Option<String> {
    let bytes = json.as_bytes();
    let mut path: Vec<Step<'_>> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let begin = at;
        at += 1;
        match byte {
            b'{' => path.push(Step::Key("")),
            b'[' => path.push(Step::Index(0)),
            b'}' | b']' => drop(path.pop()),
            b',' => {
                if let Some(Step::Index(index)) = path.last_mut() {
                    *index += 1;
                }
            }
            b'"' => {
                at = end_of_string(bytes, at);
                let is_key = bytes.get(at..).is_some_and(is_before_colon);
                if let (true, Some(Step::Key(key))) = (is_key, path.last_mut()) {
                    *key = json.get(begin + 1..at - 1).unwrap_or_default();
                }
            }
            b'-' | b'0'..=b'9' => {
                let rest = bytes.get(at..).unwrap_or_default();
                let is_number =
                    |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
                at += rest.iter().take_while(|byte| is_number(byte)).count();
                if is_wide(json.get(begin..at).unwrap_or_default()) {
                    return Some(path.iter().map(Step::to_string).collect::<String>().split_off(1));
                }
            }
            _ => {}
        }
    }
    None
}

/// A step of a path: a field of an object, or an item of a list.
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl std::fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Step::Key(key) => write!(f, ".{key}"),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// The index after the closing quote of a string.
fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn is_before_colon(rest: &[u8]) -> bool {
    rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

fn is_wide(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    digits.len() > 18
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && number.parse::<i64>().is_err()
        && number.parse::<u64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::first;

    #[test]
    fn the_path_of_an_integer_beyond_64_bits_is_found_and_nothing_else() {
        for (json, path) in [
            (
                r#"{"payload":{"a":1,"rows":[[],{"id":18446744073709551616}]}}"#,
                Some("payload.rows[1].id"),
            ),
            (r#"{"p" : [1, 2,-9223372036854775809]}"#, Some("p[2]")),
            (r#"{"a\"b":{"c":99999999999999999999}}"#, Some(r#"a\"b.c"#)),
            (r#"{"p":[18446744073709551615,-9223372036854775808]}"#, None),
            (r#"{"p":[18446744073709551616.0,1e30,0.12345678901234567890]}"#, None),
            (r#"{"p":"99999999999999999999","\\":{"99999999999999999999":"\\"}}"#, None),
        ] {
            assert_eq!(first(json).as_deref(), path, "{json}");
        }
    }
}
