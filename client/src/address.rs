//! What people paste to find a server: a host, an address, or an invite link.

use std::str::FromStr;

use confab_protocol::{Cause, Error, Fingerprint, InviteCode};
use reqwest::Url;

/// The port of a server, unless the address says another.
pub const DEFAULT_PORT: u16 = 7300;

/// Where a server is, and the invitation that the link carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Scheme, host and port, without a slash at the end: `http://192.168.1.7:7300`.
    pub base: String,
    /// The code of `…/join/CODE`.
    pub invite: Option<InviteCode>,
    /// That of the server's certificate, from the part of a link after `#`.
    pub fingerprint: Option<Fingerprint>,
}

impl FromStr for Address {
    type Err = Error;

    /// Takes `host`, `host:port`, `http://host`, `https://host`, each also with `/join/CODE`, and
    /// `confab://join/HOST:PORT/CODE`. After each there may be `#FINGERPRINT`: the server speaks TLS with that certificate.
    ///
    /// A bare host gets [`DEFAULT_PORT`]; a URL with a scheme means what it says.
    fn from_str(text: &str) -> Result<Self, Error> {
        let (text, fingerprint) = match text.trim().split_once('#') {
            // What else a page of a browser has there is not for us.
            Some((text, fragment)) => (text, fragment.parse::<Fingerprint>().ok()),
            None => (text.trim(), None),
        };
        let scheme = if fingerprint.is_some() { "https" } else { "http" };
        if let Some(rest) = strip_scheme(text, "confab://join/") {
            return from_join_link(rest, scheme, fingerprint);
        }
        let bare = strip_scheme(text, "http://").is_none() && strip_scheme(text, "https://").is_none();
        if bare && text.contains("://") {
            return Err(Error::bad_request(
                "An address begins with http://, https:// or confab://, or is just a host.",
            )
            .because(Cause::Address));
        }
        let mut url = if bare { parse(&format!("{scheme}://{text}"))? } else { parse(text)? };
        if bare && !names_port(text) {
            url.set_port(Some(DEFAULT_PORT)).map_err(|()| no_address())?;
        }
        let invite = match url.path().strip_prefix("/join/") {
            Some(code) => Some(code.trim_end_matches('/').parse().map_err(|_| no_invite())?),
            None => None,
        };
        if url.scheme() == "http" && fingerprint.is_some() {
            url.set_scheme("https").map_err(|()| no_address())?;
        }
        Ok(Self { base: base(&url), invite, fingerprint })
    }
}

impl Address {
    /// What the calls that sign in take: the address, and the certificate to insist on.
    #[must_use]
    pub fn entry(&self) -> String {
        match &self.fingerprint {
            Some(fingerprint) => format!("{}#{fingerprint}", self.base),
            None => self.base.clone(),
        }
    }
}

/// `HOST:PORT/CODE`. Such a link has no scheme of its own: port 443 says https, as everywhere.
fn from_join_link(rest: &str, scheme: &str, fingerprint: Option<Fingerprint>) -> Result<Address, Error> {
    let (host, code) = rest.split_once('/').ok_or_else(no_invite)?;
    let scheme = if host.ends_with(":443") { "https" } else { scheme };
    let mut url = parse(&format!("{scheme}://{host}"))?;
    if !names_port(host) {
        url.set_port(Some(DEFAULT_PORT)).map_err(|()| no_address())?;
    }
    let invite = code.trim_end_matches('/').parse().map_err(|_| no_invite())?;
    Ok(Address { base: base(&url), invite: Some(invite), fingerprint })
}

fn strip_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let head = text.get(..scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
}

fn parse(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|_| no_address())?;
    let plain =
        url.host_str().is_some_and(|host| !host.is_empty()) && url.username().is_empty() && url.password().is_none();
    if plain { Ok(url) } else { Err(no_address()) }
}

/// Whether the host part ends with `:port`. `Url` cannot tell `host:80` from `host`.
fn names_port(text: &str) -> bool {
    let host = text.split(['/', '?', '#']).next().unwrap_or_default();
    let after_ipv6 = host.rsplit_once(']').map_or(host, |(_, after)| after);
    after_ipv6.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

/// Scheme, host and port. The port is always written, because people compare addresses by looking.
fn base(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or(DEFAULT_PORT);
    format!("{}://{}:{port}", url.scheme(), url.host_str().unwrap_or_default())
}

fn no_address() -> Error {
    Error::bad_request("That is not an address. Try something like 192.168.1.7, chat.example.org or an invite link.")
        .because(Cause::Address)
}

fn no_invite() -> Error {
    Error::bad_request("The invite link is not complete. Ask for it again.").because(Cause::InviteLink)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_people_paste() {
        let cases = [
            ("host", "http://host:7300", None),
            ("  192.168.1.7 ", "http://192.168.1.7:7300", None),
            ("host:80", "http://host:80", None),
            ("host:7301/", "http://host:7301", None),
            ("host/join/abc", "http://host:7300", Some("abc")),
            ("host:99/join/abc/", "http://host:99", Some("abc")),
            ("http://host", "http://host:80", None),
            ("HTTPS://Chat.Example.org/join/abc?x=1", "https://chat.example.org:443", Some("abc")),
            ("http://127.0.0.1:41234/join/x-Y_1", "http://127.0.0.1:41234", Some("x-Y_1")),
            ("[::1]", "http://[::1]:7300", None),
            ("[::1]:8000", "http://[::1]:8000", None),
            ("confab://join/host:7300/abc", "http://host:7300", Some("abc")),
            ("confab://join/host/abc", "http://host:7300", Some("abc")),
            ("confab://join/host:443/abc", "https://host:443", Some("abc")),
        ];
        for (text, base, invite) in cases {
            let address: Address = text.parse().expect(text);
            assert_eq!(address.base, base, "{text}");
            assert_eq!(address.invite.as_ref().map(InviteCode::as_str), invite, "{text}");
            assert_eq!(address.fingerprint, None);
        }
    }

    #[test]
    fn a_fingerprint_means_tls() {
        let hex = "3f9a".repeat(16);
        let cases =
            ["confab://join/host:7300/abc", "https://host:7300/join/abc", "host/join/abc", "http://host:7300/join/abc"];
        for link in cases {
            let address: Address = format!("{link}#{hex}").parse().expect(link);
            assert_eq!(address.base, "https://host:7300", "{link}");
            assert_eq!(address.invite.as_ref().map(InviteCode::as_str), Some("abc"), "{link}");
            assert_eq!(address.fingerprint.map(|fingerprint| fingerprint.to_string()), Some(hex.clone()), "{link}");
            assert_eq!(address.entry().parse::<Address>().unwrap().entry(), format!("https://host:7300#{hex}"));
        }
        let page: Address = "http://host:7300/#top".parse().unwrap();
        assert_eq!((page.entry().as_str(), page.fingerprint), ("http://host:7300", None));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            " ",
            "http://",
            "ftp://host",
            "user@host",
            "http://u:p@host",
            "a b",
            "confab://join/host",
            "host/join/",
            "x:y:z",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text:?} gave {:?}", text.parse::<Address>());
        }
    }
}
