//! `NO_PROXY`: the services that are reached without a proxy.
//!
//! The rules are those on which curl and Python's clients agree. Where they differ, the rule that uses the proxy less
//! often applies, because it keeps a key from a third party. `tests/vectors/http/no_proxy.json` is the table of cases.

use std::net::IpAddr;

use url::{Host, Url};

/// The services that are reached without a proxy.
#[derive(Clone, Debug, Default)]
pub(super) struct NoProxy {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq)]
enum Entry {
    All,
    /// An address, or all addresses with the same prefix.
    Net {
        address: IpAddr,
        bits: u8,
        port: Option<u16>,
    },
    /// A name and all its subdomains, in lower case and without leading or trailing dots.
    Name {
        name: String,
        port: Option<u16>,
    },
}

impl NoProxy {
    /// Parses a list whose entries are separated by commas or white space. An invalid entry covers no service.
    pub(super) fn parse(list: &str) -> Self {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace());
        NoProxy { entries: entries.filter_map(Entry::parse).collect() }
    }

    /// Returns true if the service at `url` is reached without a proxy.
    pub(super) fn covers(&self, url: &Url) -> bool {
        let Some(host) = url.host() else { return false };
        let at = url.port_or_known_default();
        let is_port = |port: &Option<u16>| port.is_none() || *port == at;
        let address = match host {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(IpAddr::V6(address).to_canonical()),
            Host::Domain(_) => None,
        };
        self.entries.iter().any(|entry| match entry {
            Entry::All => true,
            Entry::Net { address: net, bits, port } => {
                is_port(port) && address.is_some_and(|address| shares(*net, address, *bits))
            }
            Entry::Name { name, port } => match &host {
                Host::Domain(host) => is_port(port) && is_below(host.trim_end_matches('.'), name),
                _ => false,
            },
        })
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Entry::All);
        }
        if let Some((net, bits)) = text.split_once('/') {
            let address = address(net)?;
            let bits = bits.parse().ok().filter(|bits| *bits <= width(address))?;
            return Some(Entry::Net { address, bits, port: None });
        }
        if let Some(address) = address(text) {
            return Some(Entry::Net { address, bits: width(address), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (text, None),
        };
        if let Some(address) = address(host) {
            return Some(Entry::Net { address, bits: width(address), port });
        }
        // Normalised as in a URL: in lower case, and in ASCII.
        let name = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
        match Host::parse(name.trim_matches('.')).ok()? {
            Host::Domain(name) => Some(Entry::Name { name, port }),
            _ => None,
        }
    }
}

/// Parses an address, with or without brackets; an IPv4-mapped IPv6 address equals its IPv4 address.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address: IpAddr = bare.unwrap_or(text).parse().ok()?;
    (bare.is_none() || address.is_ipv6()).then(|| address.to_canonical())
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Returns true if two addresses of one family share this prefix.
fn shares(one: IpAddr, other: IpAddr, bits: u8) -> bool {
    let (one, other, width) = match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (one.to_bits().into(), other.to_bits().into(), 32),
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits(), other.to_bits(), 128u32),
        _ => return false,
    };
    // A shift by all bits would overflow; then there are no bits to compare.
    (one ^ other).checked_shr(width.saturating_sub(bits.into())).unwrap_or(0) == 0
}

fn is_below(host: &str, name: &str) -> bool {
    host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Case {
        no_proxy: String,
        direct: Vec<String>,
        proxied: Vec<String>,
    }

    #[test]
    fn the_table_of_cases_holds() {
        let table = include_str!("../../../tests/vectors/http/no_proxy.json");
        let cases: Vec<Case> = serde_json::from_str(table).unwrap();
        assert!(cases.len() > 30);
        for Case { no_proxy, direct, proxied } in cases {
            let list = NoProxy::parse(&no_proxy);
            let covers = |url: &String| list.covers(&Url::parse(url).unwrap());
            for url in &direct {
                assert!(covers(url), "{no_proxy:?} covers {url}: {list:?}");
            }
            for url in &proxied {
                assert!(!covers(url), "{no_proxy:?} does not cover {url}: {list:?}");
            }
        }
    }
}
