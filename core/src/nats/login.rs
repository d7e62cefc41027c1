//! The login with a credentials file, which is read again for each connection: a rotated one is used without a restart.

use std::fs;
use std::path::Path;

use async_nats::{Auth, AuthError, ConnectOptions};
use nkeys::KeyPair;

/// Options that log in with this file.
pub(super) fn with_file(path: &Path) -> ConnectOptions {
    let path = path.to_owned();
    ConnectOptions::with_auth_callback(move |nonce| {
        let auth = auth(&path, &nonce).map_err(AuthError::new);
        async move { auth }
    })
}

/// The answer to a server's nonce, or the reason why there is none, without secrets.
fn auth(path: &Path, nonce: &[u8]) -> Result<Auth, String> {
    let (jwt, key) = read(path)?;
    let signature = key.sign(nonce).map_err(|_| "the seed cannot sign".to_owned())?;
    let mut auth = Auth::new();
    auth.jwt = Some(jwt);
    auth.signature = Some(signature);
    Ok(auth)
}

/// The JWT and the key in a credentials file.
pub(super) fn read(path: &Path) -> Result<(String, KeyPair), String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string());
    let parts = text.and_then(|text| parse(&text).map_err(str::to_owned));
    parts.map_err(|why| format!("the credentials file {} cannot be read: {why}", path.display()))
}

fn parse(text: &str) -> Result<(String, KeyPair), &'static str> {
    let mut blocks = blocks(text);
    let jwt = blocks.next().ok_or("it has no JWT")?;
    let seed = blocks.next().ok_or("it has no seed")?;
    // The reason of a parser is left out: nothing of a seed belongs in an error.
    let key = KeyPair::from_seed(seed).map_err(|_| "its seed is none of NATS")?;
    Ok((jwt.to_owned(), key))
}

/// The lines that follow a line such as `-----BEGIN NATS USER JWT-----`.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    std::iter::from_fn(move || {
        lines.find(|line| line.starts_with("---") && line.contains("BEGIN"))?;
        lines.next().filter(|line| !line.starts_with("---"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(jwt: &str, seed: &str) -> String {
        format!(
            "-----BEGIN NATS USER JWT-----\r\n{jwt}\r\n------END NATS USER JWT------\r\n\n\
             **** IMPORTANT ****\nNKEY Seed printed below can be used to sign.\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n\n****\n"
        )
    }

    #[test]
    fn a_file_has_its_token_and_the_key_of_its_seed() {
        let user = KeyPair::new_user();
        let (jwt, key) = parse(&file("a.b-c_d=", &user.seed().unwrap())).unwrap();
        assert_eq!((jwt.as_str(), key.public_key()), ("a.b-c_d=", user.public_key()));
    }

    #[test]
    fn an_unusable_file_is_refused_without_its_secrets() {
        let seedless = "-----BEGIN NATS USER JWT-----\nhunter2\n";
        for (text, remedy) in [
            ("", "no JWT"),
            (seedless, "no seed"),
            (&file("hunter2", "hunter2"), "its seed"),
            (&file("hunter2", "------"), "no seed"),
        ] {
            let why = parse(text).err().unwrap();
            assert!(why.contains(remedy) && !why.contains("hunter2"), "{why}");
        }
        let absent = read(Path::new("absent/user.creds")).err().unwrap();
        assert!(absent.contains("absent/user.creds"), "{absent}");
    }
}
