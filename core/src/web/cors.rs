//! Cross-origin requests: the pages that may call the routes with credentials.

use http::Uri;

/// The request headers that a page may send.
const ALLOWED: &str = "Authorization, RefreshToken, Content-Type";

/// The response headers that a page may read.
const EXPOSED: &str = "Authorization, RefreshToken, Token-Expired";

/// The time in seconds for which a browser may remember a preflight. Browsers have limits of their own, of 2 h and more.
const MAX_AGE: &str = "7200";

/// The origins whose pages may call the routes.
#[derive(Debug)]
pub(super) struct Origins(Vec<String>);

/// The CORS part of a reply.
#[derive(Clone, Debug)]
pub(super) struct Cors {
    /// Origins are configured, so that a reply differs by origin.
    varies: bool,
    /// The request's origin, if it is allowed.
    origin: Option<String>,
}

impl Origins {
    /// Checks origins, and brings them into the form in which browsers send them.
    pub(super) fn read(given: Vec<String>) -> Result<Self, String> {
        given.iter().map(|origin| normal(origin)).collect::<Result<_, _>>().map(Origins)
    }

    /// The CORS part of the replies to a request of this origin.
    pub(super) fn of(&self, origin: Option<&str>) -> Cors {
        let allowed = origin.filter(|origin| self.0.iter().any(|known| known == origin));
        Cors { varies: !self.0.is_empty(), origin: allowed.map(str::to_owned) }
    }
}

impl Cors {
    /// The headers of every reply.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let vary = self.varies.then(|| ("Vary", "Origin".to_owned()));
        let origin = self.origin.iter().flat_map(|origin| {
            [
                ("Access-Control-Allow-Origin", origin.clone()),
                ("Access-Control-Allow-Credentials", "true".to_owned()),
                ("Access-Control-Expose-Headers", EXPOSED.to_owned()),
            ]
        });
        vary.into_iter().chain(origin)
    }

    /// The further headers of the reply to a preflight.
    pub(super) fn preflight(
        &self,
        method: &'static str,
    ) -> impl Iterator<Item = (&'static str, String)> {
        self.origin.iter().flat_map(move |_| {
            [
                ("Access-Control-Allow-Methods", method),
                ("Access-Control-Allow-Headers", ALLOWED),
                ("Access-Control-Max-Age", MAX_AGE),
            ]
            .map(|(name, value)| (name, value.to_owned()))
        })
    }
}

/// The origin as browsers send it: in lower case, without a slash at its end, and without the scheme's own port.
fn normal(given: &str) -> Result<String, String> {
    let refused = || {
        format!(
            "`{given}` is no origin: name a scheme, a host and if need be a port, such as https://chat.example"
        )
    };
    if given == "*" {
        let why = "`*` allows no page, since browsers refuse it for requests with credentials: name each origin";
        return Err(why.to_owned());
    }
    let uri: Uri = given.parse().map_err(|_| refused())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(refused());
    };
    let is_bare = uri.path() == "/" && uri.query().is_none() && !given.contains(['#', '@']);
    if !is_bare || !given.trim_end_matches('/').ends_with(authority.as_str()) {
        return Err(refused());
    }
    let scheme = scheme.to_ascii_lowercase();
    let authority = authority.as_str().to_ascii_lowercase();
    let own = if scheme == "https" { ":443" } else { ":80" };
    let is_web = scheme == "https" || scheme == "http";
    let authority = authority.strip_suffix(own).filter(|_| is_web).unwrap_or(&authority);
    Ok(format!("{scheme}://{authority}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_compared_in_the_form_of_browsers() {
        for (given, sent) in [
            ("https://chat.example", "https://chat.example"),
            ("HTTPS://Chat.Example/", "https://chat.example"),
            ("https://chat.example:443", "https://chat.example"),
            ("http://localhost:80", "http://localhost"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("tauri://localhost", "tauri://localhost"),
        ] {
            let origins = Origins::read(vec![given.to_owned()]).unwrap();
            assert!(origins.of(Some(sent)).headers().any(|(_, value)| value == sent), "{given}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for given in [
            "",
            "*",
            "null",
            "chat.example",
            "localhost:3000",
            "/",
            "https://",
            "https://a/b",
            "https://a?b",
            "https://a#b",
            "https://user@a",
            "https://a b",
            "https://*.example, https://b",
        ] {
            assert!(Origins::read(vec![given.to_owned()]).is_err(), "{given}");
        }
    }
}
