//! The redirects that are followed. Credentials and bodies never leave their origin.

use http::header::LOCATION;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::redact::shown;

/// The most redirects that are followed.
const HOPS: usize = 5;

/// The target of a redirect.
pub(super) enum Redirect {
    /// The same origin and method: follow it.
    Follow(Url),
    /// A target that the request must not follow, with the reason.
    Refuse(String),
}

/// The redirect in a response, if it is one.
///
/// 307 and 308 keep method and body (RFC 9110, section 15.4). 301, 302 and 303 turn a POST into a GET, which no service
/// intends, so they are followed only for requests without a body.
pub(super) fn redirect(
    from: &Url,
    method: &Method,
    hops: usize,
    status: StatusCode,
    headers: &HeaderMap,
) -> Option<Redirect> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    // Some services send it in raw UTF-8, which the URL parser encodes.
    let location = headers.get(LOCATION).and_then(|l| str::from_utf8(l.as_bytes()).ok());
    let location = location.filter(|location| !location.is_empty());
    let Some(location) = location else {
        return Some(Redirect::Refuse("redirect without a location".into()));
    };
    let Ok(mut to) = from.join(location) else {
        return Some(Redirect::Refuse("redirect to a location that is not a URL".into()));
    };
    // Credentials come only from the client, and a fragment is never sent. This fails only for a URL without a host.
    let _ = to.set_username("").and_then(|()| to.set_password(None));
    to.set_fragment(None);
    let keeps_method = matches!(status.as_u16(), 307 | 308) || *method == Method::GET;
    Some(if to.origin() != from.origin() {
        Redirect::Refuse(format!("redirect to another origin, {}", shown(&to)))
    } else if !keeps_method {
        let to = shown(&to);
        Redirect::Refuse(format!("redirect by {} to {to}, which drops the body", status.as_u16()))
    } else if hops >= HOPS {
        Redirect::Refuse(format!("more than {HOPS} redirects, the last to {}", shown(&to)))
    } else {
        Redirect::Follow(to)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(
        method: &Method,
        status: u16,
        location: &str,
        hops: usize,
    ) -> Option<Result<String, String>> {
        let from: Url = "http://api.example.com/v1/chat".parse().unwrap();
        let headers = HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]);
        let status = StatusCode::from_u16(status).unwrap();
        redirect(&from, method, hops, status, &headers).map(|r| match r {
            Redirect::Follow(url) => Ok(url.to_string()),
            Redirect::Refuse(why) => Err(why),
        })
    }

    #[test]
    fn the_same_origin_is_followed_and_another_is_not() {
        for status in [307, 308] {
            let same = ask(&Method::POST, status, "/v2/chat", 0);
            assert_eq!(same, Some(Ok("http://api.example.com/v2/chat".into())));
            for other in
                ["https://api.example.com/", "http://evil.example/", "http://api.example.com:81/"]
            {
                assert!(matches!(ask(&Method::POST, status, other, 0), Some(Err(_))), "{other}");
            }
        }
    }

    #[test]
    fn a_location_may_be_in_utf_8() {
        let to = ask(&Method::POST, 307, "/한국", 0);
        assert_eq!(to, Some(Ok("http://api.example.com/%ED%95%9C%EA%B5%AD".into())));
    }

    #[test]
    fn a_post_is_not_turned_into_a_get() {
        for status in [301, 302, 303] {
            assert!(matches!(ask(&Method::POST, status, "/x", 0), Some(Err(_))), "{status}");
            assert!(matches!(ask(&Method::GET, status, "/x", 0), Some(Ok(_))), "{status}");
        }
    }

    #[test]
    fn loops_and_missing_locations_are_refused() {
        assert!(matches!(ask(&Method::POST, 307, "/x", 5), Some(Err(_))));
        assert!(matches!(ask(&Method::POST, 307, "", 0), Some(Err(_))));
        assert_eq!(ask(&Method::POST, 304, "/x", 0), None);
    }
}
