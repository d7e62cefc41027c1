//! Secrets in every encoding, and ordinary words that must stay.

use proptest::prelude::*;

use super::*;

const SECRETS: [&str; 6] = [
    "sk-proj-0123456789abcdef",
    "p@ss/w:rd=",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg",
    "비밀번호-é-😀",
    "a%2Fb\"c\\d&e",
    "with some space",
];

fn of(secret: &str) -> Redactor {
    let mut redactor = Redactor::default();
    redactor.add(secret);
    redactor
}

fn percent(text: &str, upper: bool) -> String {
    let digit = |d: u8| char::from_digit(d.into(), 16).unwrap();
    let hex = |b: u8| format!("%{}{}", digit(b >> 4), digit(b & 15));
    text.bytes().map(hex).map(|e| if upper { e.to_uppercase() } else { e }).collect()
}

/// The secret, escaped in every way.
fn escaped(secret: &str) -> Vec<String> {
    let json = |text: &str| Value::from(text).to_string().trim_matches('"').to_owned();
    let escapes = |text: &str| -> String {
        text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
    };
    let some = secret.replace('-', "\\u002d").replace('/', "\\/");
    let html = secret.replace('&', "&amp;").replace('"', "&quot;").replace('/', "&#x2F;");
    let dashed = secret.replace('-', "&#45;").replace('=', "&#61;");
    vec![
        secret.to_owned(),
        secret.to_uppercase(),
        secret.to_lowercase(),
        json(secret),
        json(&json(secret)),
        json(&json(&json(secret))),
        escapes(secret),
        escapes(secret).to_uppercase().replace("\\U", "\\u"),
        json(&escapes(secret)),
        some,
        html,
        dashed,
        percent(secret, true),
        percent(secret, false),
        percent(&percent(secret, true), true),
        secret.replace('%', "%25").replace(' ', "+"),
        secret.bytes().map(|b| format!("\\x{b:02x}")).collect(),
        secret.bytes().map(|b| format!("\\{b:03o}")).collect(),
        secret.bytes().map(|b| format!("{b:02x}")).collect(),
        secret.chars().map(|c| format!("&#{};", u32::from(c))).collect(),
        format!("{secret:?}").trim_matches('"').to_owned(),
        format!("{:?}", format!("{secret:?}").trim_matches('"')).trim_matches('"').to_owned(),
    ]
}

/// The secret in Base64, next to other text.
fn in_base64(secret: &str) -> Vec<String> {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
    let mut all = Vec::new();
    for before in ["", "u", "me", "Bearer ", "user:", "user-1:"] {
        for after in ["", "!", ":x"] {
            let text = format!("{before}{secret}{after}");
            let encoded =
                [STANDARD.encode(&text), URL_SAFE.encode(&text), URL_SAFE_NO_PAD.encode(&text)];
            all.push(percent(&encoded[0], true));
            all.push(encoded[0].replace('=', "\\u003d").replace('/', "\\/"));
            all.extend(encoded);
        }
    }
    all
}

#[test]
fn a_secret_goes_in_every_encoding() {
    for secret in SECRETS {
        let redactor = of(secret);
        for encoded in escaped(secret) {
            let shown = redactor.scrub(&format!("it says «{encoded}» here"));
            assert_eq!(shown, "it says «[redacted]» here", "{secret} as {encoded}");
        }
        for encoded in in_base64(secret) {
            let shown = redactor.scrub(&format!("it says «{encoded}» here"));
            // The neighbouring text stays, except at most one character that encodes bits of both.
            let beside = shown.len() - "it says «[redacted]» here".len();
            let most = if encoded.starts_with('%') { 3 * 16 } else { 16 + 10 };
            assert!(shown.contains(REDACTED) && beside <= most, "{secret} as {encoded}: {shown}");
        }
    }
}

#[test]
fn a_secret_goes_that_is_broken_by_lines_tags_or_what_does_not_show() {
    let redactor = of("sk-proj-0123456789abcdef");
    for gap in [
        "\n",
        "\r\n  ",
        "<wbr>",
        "</b><i class='a'>",
        "\u{200b}",
        "\u{ad}",
        "\u{a0}",
        "\u{200d}",
        "\u{2060}",
        "\x1b[1;31m",
        "\\033[0m",
        "\0",
        "\\n",
        "%0A",
        "&#8203;",
        "&lt;b&gt;",
    ] {
        for at in [4, 10, 20] {
            let (start, end) = "sk-proj-0123456789abcdef".split_at(at);
            let shown = redactor.scrub(&format!("key {start}{gap}{end} here"));
            assert_eq!(shown, "key [redacted] here", "{gap:?} at {at}");
        }
    }
    let wide: String = "sk-proj-0123456789abcdef".chars().map(|c| format!("{c}\0")).collect();
    assert_eq!(redactor.scrub(&wide), "[redacted]\0");
    let mut word = of("backend");
    assert_eq!(word.scrub("back end, backends"), "back end, backends");
    word.add("0123456789");
    assert_eq!(word.scrub("at 01:23 45 67 89"), "at 01:23 45 67 89");
}

#[test]
fn a_start_of_a_secret_goes_where_the_text_was_cut() {
    for secret in SECRETS {
        let redactor = of(secret);
        for encoded in escaped(secret) {
            // Four bytes of a secret count as the secret; each byte is at most this long when escaped.
            let most = encoded.len().div_ceil(secret.chars().count()) + 6;
            for cut in ((4 * most).min(encoded.len())..=encoded.len()).step_by(3) {
                let text = [b"key ", &encoded.as_bytes()[..cut]].concat();
                assert_eq!(redactor.scrub_start(&text), "key [redacted]", "{encoded} at {cut}");
            }
        }
        for cut in 4..secret.len() {
            let shown = redactor.scrub_start(&secret.as_bytes()[..cut]);
            assert_eq!(shown, REDACTED, "{secret} at {cut}");
        }
    }
}

#[test]
fn what_is_no_secret_stays() {
    let cases: &[(&str, &str, &str)] = &[
        (
            "content-type",
            "application/json; charset=utf-8",
            "application/json in utf-8 of the application",
        ),
        ("cookie", "theme=dark; lang=ko-KR; consent=accepted", "theme dark, accepted, ko-KR"),
        ("user-agent", "my-app/1.2.3 (linux; x64)", "my-app/1.2.3 (linux; x64)"),
        (
            "openai-organization",
            "org-0123456789abcdef",
            "no such organization: org-0123456789abcdef",
        ),
        ("x-team", "backend", "the backend is down"),
        ("x-team", "Payments-Team-7", "Payments-Team-7 has no quota"),
        ("api-version", "2024-10-01-preview", "unsupported api-version 2024-10-01-preview"),
        ("x-model", "gpt-4o-mini", "no model gpt-4o-mini"),
        ("x-region", "eu-west-1", "eu-west-1 is overloaded"),
        ("authorization", "Bearer ollama", "ollama cannot load the model"),
        ("authorization", "Bearer sk-no-key-required", "sk-no-key-required is no key"),
        ("authorization", "Bearer undefined", "the model undefined is undefined"),
        ("authorization", "Bearer YOUR_API_KEY", "replace YOUR_API_KEY by your key"),
        ("authorization", "Bearer secretary", "secretaries and Secretary"),
        ("authorization", "Basic dXNlcjpwYXNzd29yZA==", "wrong user or password"),
        ("x-api-key", "abc", "abc"),
        ("extendlogin", "true", "true"),
        (
            "idempotency-key",
            "0199a1b2-0123-4567-89ab-cdef01234567",
            "0199a1b2-0123-4567-89ab-cdef01234567",
        ),
    ];
    for (name, value, text) in cases {
        let mut redactor = Redactor::default();
        redactor.add_value(name, value);
        assert_eq!(redactor.scrub(text), *text, "{name}: {value}");
    }
    let none = Redactor::default();
    for text in [
        "Bearer authentication is required",
        "send the header Authorization: Bearer <token>",
        "invalid bearer token",
        "100% sure & \\ done; 5 % 2 = 1 &c;",
        "keys begin with sk-proj-",
    ] {
        assert_eq!(none.scrub(text), text);
        assert_eq!(of("sk-proj-0123456789abcdef").scrub(text), text);
    }
}

#[test]
fn what_is_secret_in_a_value_goes() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("authorization", "Bearer sk-abc/def", &["sk-abc/def"]),
        ("Authorization", "sk-secret", &["sk-secret"]),
        (
            "authorization",
            "Basic bWU6aHVudGVyMjI=",
            &["bWU6aHVudGVyMjI=", "hunter22", "me:hunter22"],
        ),
        (
            "proxy-authorization",
            "Digest username=\"me\", response=\"6629fae49393a053\"",
            &["6629fae49393a053"],
        ),
        ("cookie", "session=deadbeefcafe; theme=dark", &["deadbeefcafe"]),
        ("cookie", "x=0123456789; y=\"quoted-0123456\"", &["0123456789", "quoted-0123456"]),
        ("x-api-key", "correct horse", &["correct horse"]),
        ("X-Custom-Token", "abcdef", &["abcdef"]),
        ("x-upstream", "Basic basic-0123456789", &["basic-0123456789"]),
        ("x-forwarded", "0123456789abcdef", &["0123456789abcdef"]),
        ("x-anything", "sk-secret", &["sk-secret"]),
        ("code", "base-query-0123456789", &["base-query-0123456789"]),
        ("sig", "a1b2c3d4", &["a1b2c3d4"]),
        (
            "refreshtoken",
            "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJlLW9m",
            &["eyJzdWIiOiJ1c2VyLTEifQ", "c2lnbmF0dXJlLW9m"],
        ),
    ];
    for (name, value, secrets) in cases {
        let mut redactor = Redactor::default();
        redactor.add_value(name, value);
        for secret in *secrets {
            let shown = redactor.scrub(&format!("no {secret}, sorry"));
            assert_eq!(shown, "no [redacted], sorry", "{name}: {value}");
        }
    }
}

#[test]
fn tokens_that_nobody_announced_go_as_well() {
    let redactor = Redactor::default();
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln";
    assert_eq!(redactor.scrub(&format!("issued {jwt}, ok")), "issued [redacted], ok");
    assert_eq!(
        redactor.scrub("Authorization: Bearer fresh-0123456789"),
        "Authorization: Bearer [redacted]"
    );
    let fields = r#"{"accessToken": "fresh-0123456789", "refresh_token":'fresh-9876543210', "token": "hello"}"#;
    let shown = r#"{"accessToken": "[redacted]", "refresh_token":'[redacted]', "token": "hello"}"#;
    assert_eq!(redactor.scrub(fields), shown);
    let count = "max_tokens: 1234567890, token 0123456789";
    assert_eq!(redactor.scrub(count), count);
    assert_eq!(
        redactor.scrub(r#"{"a":"BEARER\u0020fresh-0123456789"}"#),
        r#"{"a":"BEARER\u0020[redacted]"}"#
    );
}

#[test]
fn json_stays_json_and_its_keys_and_numbers_are_looked_at() {
    let redactor = of("sk-abc/def");
    let body = r#"{"error":{"message":"no sk-abc\/def and sk\u002dabc/def"},"sk-abc/def":1}"#;
    let expected = r#"{"error":{"message":"no [redacted] and [redacted]"},"[redacted]":1}"#;
    assert_eq!(redactor.scrub(body), expected);
    assert_eq!(redactor.scrub(r#"{"a": 1}"#), r#"{"a": 1}"#, "untouched where it may be");
    let numbers = of("1234567890").scrub_body(br#"{"1234567890":[{"a":1234567890}],"b":12}"#);
    assert_eq!(numbers, r#"{"[redacted]":[{"a":"[redacted]"}],"b":12}"#);
}

/// Applies the encoding with this number.
fn encode(text: &str, step: usize) -> String {
    use base64::Engine;
    let json = |text: &str| {
        let quoted = Value::from(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    };
    match step {
        0 => json(text),
        1 => percent(text, true),
        2 => percent(text, false),
        3 => text.chars().map(|c| format!("&#{};", u32::from(c))).collect(),
        4 => text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect(),
        5 => text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;"),
        6 => text.bytes().map(|b| format!("\\x{b:02x}")).collect(),
        7 => text.bytes().map(|b| format!("\\{b:03o}")).collect(),
        _ => base64::engine::general_purpose::STANDARD.encode(text),
    }
}

proptest! {
    #[test]
    fn no_chain_of_encodings_hides_a_secret(
        secret in prop_oneof!["[!-~]{12,40}", "[ -~가-힣é😀]{12,20}", "[%&\\\\;#a-f0-9]{12,30}"],
        steps in prop::collection::vec(0usize..8, 0..3),
        in_base64: bool,
    ) {
        let secret = secret.trim();
        prop_assume!(policy::is_worth_guarding(secret) && !policy::is_word(secret));
        let inner = if in_base64 { encode(secret, 8) } else { secret.to_owned() };
        let encoded = steps.iter().fold(inner, |text, step| encode(&text, *step));
        let shown = of(secret).scrub(&format!("key «{encoded}» here"));
        prop_assert_eq!(shown, "key «[redacted]» here", "{:?}", encoded);
    }

    #[test]
    fn no_text_panics_and_text_without_secrets_stays(bytes in prop::collection::vec(any::<u8>(), 0..80), text in "[a-z %&\\\\<>]{0,40}") {
        let redactor = of("sk-proj-0123456789abcdef");
        redactor.scrub_start(&bytes);
        redactor.scrub_body(&bytes);
        prop_assert_eq!(redactor.scrub(&text), text);
    }
}
