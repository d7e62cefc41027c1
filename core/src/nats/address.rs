//! The addresses of a broker: URLs whose secrets are taken out before anything is shown.

use url::Url;

use crate::credentials::Secret;

/// The port of NATS.
const PORT: u16 = 4222;

/// The address of one server.
#[derive(Clone)]
pub(super) struct Address {
    /// `nats://host:port` or `tls://host:port`, without secrets.
    pub(super) url: String,
    pub(super) is_tls: bool,
    pub(super) login: Option<UrlLogin>,
}

/// The login in a URL.
#[derive(Clone)]
pub(super) enum UrlLogin {
    Token(Secret),
    User(String, Secret),
}

/// The addresses in a setting, or the reason why it is unusable, without secrets.
pub(super) fn parse(setting: &str) -> Result<Vec<Address>, String> {
    let parts = setting.split(',').map(str::trim).filter(|part| !part.is_empty());
    let addresses = parts.map(parse_one).collect::<Result<Vec<_>, _>>()?;
    if addresses.is_empty() {
        return Err("the broker's URL is empty: name it as `nats://host:4222`".to_owned());
    }
    Ok(addresses)
}

fn parse_one(part: &str) -> Result<Address, String> {
    let unusable = |why: &str| format!("the broker's URL {why}: name it as `nats://host:4222`");
    let with_scheme = match part.contains("://") {
        true => part.to_owned(),
        false => format!("nats://{part}"),
    };
    // The reason of a parser may quote the URL.
    let url = Url::parse(&with_scheme).map_err(|_| unusable("is no URL"))?;
    let is_tls = match url.scheme() {
        "nats" => false,
        "tls" => true,
        other => {
            return Err(unusable(&format!("has the scheme `{other}`, and not `nats` or `tls`")));
        }
    };
    let host =
        url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| unusable("has no host"))?;
    let text =
        |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
    let login = match (url.username(), url.password()) {
        ("", None) => None,
        (token, None) => Some(UrlLogin::Token(text(token).into())),
        (user, Some(password)) => Some(UrlLogin::User(text(user), text(password).into())),
    };
    let shown = format!("{}://{host}:{}", url.scheme(), url.port().unwrap_or(PORT));
    Ok(Address { url: shown, is_tls, login })
}

/// The addresses for errors and logs.
pub(super) fn shown(addresses: &[Address]) -> String {
    let urls: Vec<&str> = addresses.iter().map(|address| address.url.as_str()).collect();
    urls.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(url: &str) -> (String, String) {
        match parse(url).unwrap().remove(0).login {
            None => Default::default(),
            Some(UrlLogin::Token(token)) => ("token".into(), token.expose().into()),
            Some(UrlLogin::User(user, password)) => (user, password.expose().into()),
        }
    }

    #[test]
    fn urls_are_read_with_defaults_and_shown_without_their_logins() {
        for (url, shown_as) in [
            ("localhost", "nats://localhost:4222"),
            ("nats://a:1, tls://u:p@b , c:3", "nats://a:1,tls://b:4222,nats://c:3"),
            ("nats://secret@[::1]:7", "nats://[::1]:7"),
        ] {
            assert_eq!(shown(&parse(url).unwrap()), shown_as);
        }
        assert_eq!(login("nats://u:p%40%3A@h"), ("u".into(), "p@:".into()));
        assert_eq!(login("nats://t%2F@h"), ("token".into(), "t/".into()));
        assert_eq!(login("tls://h"), Default::default());
        assert!(parse("tls://h").unwrap()[0].is_tls && !parse("h").unwrap()[0].is_tls);
    }

    #[test]
    fn an_unusable_url_is_refused_without_its_text() {
        for url in ["", " , ", "http://u:hunter2@h", "nats://u:hunter2@", "nats://u:hunter2@h:port"]
        {
            let why = parse(url).err().unwrap();
            assert!(why.contains("nats://host:4222") && !why.contains("hunter2"), "{why}");
        }
    }
}
