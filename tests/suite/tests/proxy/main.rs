//! Proxies: from the environment by default, another or none if configured.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod handshake;

use std::process::Command;

use turnwire::ChatRequest;
use turnwire::chat::OpenAiBuilder;
use turnwire_fakes::{Fake, ReservedPort, Script};

/// A service that does not exist, so that only a proxy can answer for it.
const SERVICE: &str = "http://api.invalid/v1";

/// The relevant variables.
const VARIABLES: [&str; 9] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "REQUEST_METHOD",
];

fn ask(base_url: &str, settings: OpenAiBuilder) -> turnwire::Result<String> {
    let stream =
        settings.base_url(base_url).build_blocking()?.chat_stream(ChatRequest::new("m"))?;
    Ok(stream.finish()?.text().to_owned())
}

fn fake(says: &str) -> Fake {
    let fake = Fake::spawn_thread().unwrap();
    fake.script("m", Script::chat([says]));
    fake
}

/// Answer of the service at `base_url` to a process with these variables: the text of the reply, or of the error. The
/// environment belongs to a process, so this program starts itself again.
fn asked_with(base_url: &str, variables: &[(&str, &str)]) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "asks_as_its_environment_says", "--nocapture"]);
    for name in VARIABLES {
        child.env_remove(name);
    }
    child.envs(variables.iter().copied()).env("TURNWIRE_TEST_BASE_URL", base_url);
    let output = String::from_utf8(child.output().unwrap().stdout).unwrap();
    let answer = output.split_once("answer<").and_then(|(_, rest)| rest.split_once(">answer"));
    answer.expect(&output).0.to_owned()
}

/// The child of the tests below.
#[test]
#[allow(clippy::print_stdout, reason = "its parent reads it")]
fn asks_as_its_environment_says() {
    let Ok(base_url) = std::env::var("TURNWIRE_TEST_BASE_URL") else { return };
    let settings = || turnwire::OpenAi::builder().retry(turnwire::config::RetryPolicy::never());
    let answer = ask(&base_url, settings()).unwrap_or_else(|error| format!("{error} | {error:?}"));
    println!("answer<{answer}>answer");
}

#[test]
fn a_given_proxy_is_asked() {
    let proxy = fake("안녕");
    let url = format!(" {}\n", proxy.url());
    for url in [proxy.url(), url, proxy.address().to_string()] {
        assert_eq!(ask(SERVICE, turnwire::OpenAi::builder().proxy(url)).unwrap(), "안녕");
    }
    assert_eq!(proxy.requests()[0].header("host"), Some("api.invalid"));
    assert_eq!(proxy.requests()[0].header("proxy-authorization"), None);
}

#[test]
fn a_proxy_s_credentials_are_sent_to_it() {
    let proxy = fake("안녕");
    let url = proxy.url().replace("//", "//me:p%40ss-word@");
    assert_eq!(ask(SERVICE, turnwire::OpenAi::builder().proxy(url)).unwrap(), "안녕");
    let sent = proxy.requests()[0].header("proxy-authorization").map(str::to_owned);
    assert_eq!(sent.as_deref(), Some("Basic bWU6cEBzcy13b3Jk"));
}

#[test]
fn a_proxy_that_cannot_be_used_is_refused_without_showing_it() {
    let service = fake("straight");
    for url in [
        "",
        " ",
        "htp://me:secret-1@127.0.0.1:9",
        "ftp://me:secret-1@127.0.0.1",
        "nonsense://secret-1",
        "http://",
        "socks5://",
        "http://me:secret-1@[",
        "http://127.0.0.1:9 9",
    ] {
        let settings = turnwire::OpenAi::builder().proxy(url);
        let error = ask(&service.base_url(), settings).unwrap_err();
        assert_eq!(error.code(), "config", "{url}");
        assert!(error.to_string().contains("proxy"), "{error}");
        assert!(!format!("{error} {error:?}").contains("secret-1"), "{error:?}");
    }
    assert!(service.requests().is_empty(), "nothing went past the proxy");
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let nobody = ReservedPort::new().unwrap();
    let address = nobody.address();
    for scheme in ["http", "socks5", "socks4"] {
        let url = format!("{scheme}://me:secret-1@{address}");
        let retry = turnwire::config::RetryPolicy::never();
        let settings = turnwire::OpenAi::builder().proxy(url).retry(retry);
        let error = ask("http://127.0.0.1:1/v1", settings).unwrap_err();
        assert_eq!(error.code(), "connect");
        let proxy = format!("through the proxy {scheme}://{address}/");
        assert!(error.to_string().contains(&proxy), "{error}");
        assert!(error.to_string().contains("refused"), "{error}");
        assert!(!format!("{error} {error:?}").contains("secret-1"), "{error:?}");
    }
}

#[test]
fn the_environment_s_proxy_is_asked_for_its_scheme() {
    let proxy = fake("proxied");
    let url = proxy.url();
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        assert_eq!(asked_with(SERVICE, &[(name, &url)]), "proxied", "{name}");
    }
    assert_eq!(asked_with(SERVICE, &[("HTTP_PROXY", " "), ("ALL_PROXY", &url)]), "proxied");
    assert_eq!(asked_with(SERVICE, &[("http_proxy", ""), ("HTTP_PROXY", &url)]), "proxied");
    let service = fake("straight");
    let base = service.base_url();
    assert_eq!(asked_with(&base, &[("HTTPS_PROXY", &url), ("http_proxy", " ")]), "straight");
    assert_eq!(asked_with(&base, &[]), "straight");
    let error = ask(SERVICE, turnwire::OpenAi::builder().no_proxy()).unwrap_err();
    assert_eq!(error.code(), "connect");
}

/// A CGI program gets a request's header `Proxy` as `HTTP_PROXY`.
#[test]
fn a_cgi_program_does_not_believe_its_client_s_proxy() {
    let (proxy, service) = (fake("proxied"), fake("straight"));
    let cgi = ("REQUEST_METHOD", "POST");
    assert_eq!(asked_with(&service.base_url(), &[("HTTP_PROXY", &proxy.url()), cgi]), "straight");
    assert_eq!(asked_with(&service.base_url(), &[("http_proxy", &proxy.url()), cgi]), "proxied");
}

#[test]
fn a_variable_that_cannot_be_used_is_named_and_not_shown() {
    for (name, value) in [
        ("HTTP_PROXY", "htp://me:secret-1@proxy"),
        ("http_proxy", "http://me:secret-1@["),
        ("ALL_PROXY", "http://me:secret-1@proxy:0"),
    ] {
        let answer = asked_with(SERVICE, &[(name, value)]);
        assert!(answer.contains(": config: ") && answer.contains(name), "{answer}");
        assert!(!answer.contains("secret-1"), "{answer}");
    }
}

#[test]
fn a_service_that_needs_no_proxy_is_asked_itself() {
    let (proxy, service) = (fake("proxied"), fake("straight"));
    let port = service.address().port();
    let (here, other) = (format!("127.0.0.1:{port}"), format!("127.0.0.1:{}", port ^ 1));
    for (no_proxy, expected) in [
        ("*", "straight"),
        (" * ", "straight"),
        ("example.com, *", "straight"),
        ("127.0.0.1", "straight"),
        ("127.0.0.0/8", "straight"),
        ("example.com 127.0.0.1", "straight"),
        (here.as_str(), "straight"),
        ("", "proxied"),
        (" , ", "proxied"),
        ("localhost", "proxied"),
        ("0.0.1", "proxied"),
        ("128.0.0.0/8", "proxied"),
        (other.as_str(), "proxied"),
    ] {
        for name in ["NO_PROXY", "no_proxy"] {
            let variables = [("http_proxy", &*proxy.url()), (name, no_proxy)];
            assert_eq!(asked_with(&service.base_url(), &variables), expected, "{no_proxy:?}");
        }
    }
    // An unused proxy may be unusable.
    let unusable = [("HTTP_PROXY", "nonsense://x"), ("NO_PROXY", "*")];
    assert_eq!(asked_with(&service.base_url(), &unusable), "straight");
}
