//! The store's tokens: JWTs (RFC 7519) signed with HS256, and what is wrong with one that comes in.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use serde::Deserialize;
use serde_json::{Value, json};

/// The secret that signs, as a store's settings hold it: in Base64.
const SECRET: &str = "dHVybndpcmUgZmFrZSBzdG9yZTogbm90IGEgc2VjcmV0IGF0IGFsbA==";

/// The life of a token of each kind, in milliseconds.
pub(crate) const ACCESS_LIFE_MS: i64 = 30 * 60 * 1000;
pub(crate) const REFRESH_LIFE_MS: i64 = 24 * 60 * 60 * 1000;

/// The claims of a token.
#[derive(Deserialize)]
struct Claims {
    category: String,
    member: Member,
    /// In seconds since 1970.
    exp: f64,
}

#[derive(Deserialize)]
struct Member {
    #[serde(rename = "memUUID")]
    mem_uuid: String,
}

/// The purpose of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Access,
    Refresh,
}

/// The state of a token now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    Good {
        user: String,
    },
    Expired {
        user: String,
    },
    /// Missing, not signed by this store, or of the other kind.
    Worthless,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Access => "access",
            Kind::Refresh => "refresh",
        }
    }
}

/// A token for `user` that ends at `ends_ms` (epoch milliseconds). `number` tells it from others of the same moment.
pub(crate) fn issue(kind: Kind, user: &str, now_ms: i64, ends_ms: i64, number: u64) -> String {
    let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let claims = json!({
        "category": kind.word(),
        "member": {"memUUID": user},
        "jti": number.to_string(),
        "iat": now_ms.div_euclid(1000),
        // In seconds, as the standard has it; a fraction is allowed, and loses nothing.
        "exp": ends_ms as f64 / 1000.0,
    });
    let signed = format!("{}.{}", part(json!({"alg": "HS256", "typ": "JWT"})), part(claims));
    let signature = hmac::sign(&key(), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Looks at the value of a header that carries a token: `Bearer …`.
pub(crate) fn judge(header: Option<&str>, kind: Kind, now_ms: i64) -> Standing {
    let token = header.and_then(|value| value.strip_prefix("Bearer "));
    let Some(claims) = token.and_then(claims) else { return Standing::Worthless };
    let user = claims.member.mem_uuid;
    match claims.category == kind.word() {
        false => Standing::Worthless,
        true if claims.exp * 1000.0 <= now_ms as f64 => Standing::Expired { user },
        true => Standing::Good { user },
    }
}

/// The claims of a token, if this store signed it.
fn claims(token: &str) -> Option<Claims> {
    let (signed, signature) = token.rsplit_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    hmac::verify(&key(), signed.as_bytes(), &signature).ok()?;
    let (_, claims) = signed.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

fn key() -> hmac::Key {
    let secret = STANDARD.decode(SECRET).expect("the constant above is Base64");
    hmac::Key::new(hmac::HMAC_SHA256, &secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(token: &str) -> String {
        format!("Bearer {token}")
    }

    #[test]
    fn a_token_is_good_until_it_ends() {
        let token = bearer(&issue(Kind::Access, "user-1", 0, 1500, 1));
        let user = "user-1".to_owned();
        assert_eq!(judge(Some(&token), Kind::Access, 1499), Standing::Good { user: user.clone() });
        assert_eq!(judge(Some(&token), Kind::Access, 1500), Standing::Expired { user });
        assert_eq!(judge(Some(&token), Kind::Refresh, 0), Standing::Worthless);
    }

    #[test]
    fn a_token_that_was_tampered_with_is_worthless() {
        let token = issue(Kind::Access, "user-1", 0, 1500, 1);
        let forged = token.replacen("ey", "eY", 1);
        assert_eq!(token.split('.').count(), 3);
        for header in [None, Some(token.clone()), Some(bearer(&forged)), Some(bearer(""))] {
            assert_eq!(judge(header.as_deref(), Kind::Access, 0), Standing::Worthless);
        }
    }
}
