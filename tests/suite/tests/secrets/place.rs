//! Places of an answer that may hold a secret.

use turnwire::config::Limits;
use turnwire_fakes::Script;

use super::encoding::Encoded;

/// Retained length of an error's body in these tests, in bytes.
pub(super) const ERROR_BODY: usize = 2000;

pub(super) fn limits() -> Limits {
    Limits::new().error_body(ERROR_BODY)
}

fn body(status: u16, body: String) -> Script {
    Script::new().status(status).header("content-type", "application/json").send(body)
}

fn page(status: u16, body: String) -> Script {
    Script::new().status(status).header("content-type", "text/html").send(body)
}

/// Error responses of any service, each with a name.
pub(super) fn failures(encoded: &Encoded) -> Vec<(&'static str, Script)> {
    let e = &encoded.text;
    let mut all = vec![
        ("message", body(400, format!(r#"{{"error":{{"message":"no {e}, sorry"}}}}"#))),
        ("flat message", body(404, format!(r#"{{"success":false,"message":"no {e}"}}"#))),
        ("bare error", body(403, format!(r#"{{"error":"{e}"}}"#))),
        (
            "fields",
            body(
                422,
                format!(r#"{{"error":{{"message":"a","type":"{e}","code":"{e}","param":"{e}"}}}}"#),
            ),
        ),
        ("key", body(400, format!(r#"{{"{e}":1}}"#))),
        (
            "key of an error",
            body(400, format!(r#"{{"error":{{"message":"a","{e}":{{"{e}":[1]}}}}}}"#)),
        ),
        ("detail", body(422, format!(r#"{{"detail":[{{"loc":["{e}"],"msg":"{e}"}}]}}"#))),
        ("list", body(400, format!(r#"[{{"error":{{"message":"{e}"}}}}]"#))),
        ("text", body(400, format!("cannot take {e} here"))),
        ("page", page(502, format!("<html><title>502</title><p title='{e}'>for {e}</p></html>"))),
        ("broken JSON", body(500, format!(r#"{{"error":{{"message":"{e}"#))),
        ("page of a success", page(200, format!("<html>hello {e}</html>"))),
        ("cut page", page(200, format!("<html>hello {e}"))),
        ("broken body", page(500, format!("hello {e}")).truncate()),
    ];
    if encoded.fits_header() {
        let echoed = |name: &str| {
            Script::error(400, "no").header(name, e.clone()).header("x-should-retry", "false")
        };
        all.extend([
            ("request id", echoed("x-request-id")),
            ("header", echoed("x-echo")),
            ("header with a scheme", echoed("authorization")),
            ("cookie", echoed("set-cookie")),
            (
                "redirect",
                Script::new()
                    .status(307)
                    .header("location", format!("http://o.example/{e}?{e}={e}")),
            ),
            ("encoding", Script::new().header("content-encoding", e.clone()).send("a")),
        ]);
    }
    all
}

/// A body that the limit cuts inside the secret; at least this much of it is sent.
pub(super) fn cuts(encoded: &Encoded) -> Vec<Script> {
    let e = &encoded.text;
    // The maximum length of an escaped byte of a secret; four of them are searched for.
    let shortest = (e.len() / 2).max(12).min(e.len());
    let cut = |kept: usize| format!("{}{e} and more", "x".repeat(ERROR_BODY - kept));
    [shortest, e.len().saturating_sub(1).max(shortest)].map(|kept| body(400, cut(kept))).into()
}
