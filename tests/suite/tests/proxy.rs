//! Proxies: the environment's by default, another or none when told so.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::process::Command;

use turnwire::{ChatRequest, OpenAiBuilder};
use turnwire_fakes::{Fake, Script};

/// A service that does not exist, so that only a proxy can answer for it.
const SERVICE: &str = "http://api.invalid/v1";

fn ask(settings: OpenAiBuilder) -> turnwire::Result<String> {
    let stream = settings.base_url(SERVICE).build_blocking()?.chat_stream(ChatRequest::new("m"))?;
    Ok(stream.finish()?.text().to_owned())
}

fn proxy() -> Fake {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::chat(["안녕"]));
    fake
}

#[test]
fn a_given_proxy_is_asked() {
    let proxy = proxy();
    assert_eq!(ask(turnwire::OpenAi::builder().proxy(proxy.url())).unwrap(), "안녕");
    assert_eq!(proxy.requests()[0].header("host"), Some("api.invalid"));
}

#[test]
fn a_proxy_that_is_no_url_is_refused_without_showing_it() {
    let error = ask(turnwire::OpenAi::builder().proxy("http://user:secret-1@[")).unwrap_err();
    assert_eq!(error.code(), "config");
    assert!(!format!("{error} {error:?}").contains("secret-1"));
}

/// The environment belongs to a process, so this test runs itself once more with another one.
#[test]
fn the_environment_s_proxy_is_asked_unless_told_otherwise() {
    const CHILD: &str = "TURNWIRE_TEST_PROXY";
    if std::env::var_os(CHILD).is_some() {
        assert_eq!(ask(turnwire::OpenAi::builder()).unwrap(), "안녕");
        let error = ask(turnwire::OpenAi::builder().no_proxy()).unwrap_err();
        assert_eq!(error.code(), "connect");
        return;
    }
    let proxy = proxy();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_environment_s_proxy_is_asked_unless_told_otherwise"])
        .env(CHILD, "1")
        .env("HTTP_PROXY", proxy.url())
        .env("http_proxy", proxy.url())
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .status();
    assert!(status.unwrap().success());
    assert_eq!(proxy.requests().len(), 1);
}
