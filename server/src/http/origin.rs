//! Which web pages may use the server: its own, and those that are configured.

use axum::http::{HeaderMap, HeaderValue, header};

/// What a request's `Origin` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// None: not a browser, or a browser's plain read of its own origin. A token is needed anyway.
    Absent,
    /// The server's own.
    Own,
    /// Another one that is configured.
    Allowed(HeaderValue),
    /// Any other, `null` included.
    Foreign,
}

impl Origin {
    /// Judges a request.
    #[must_use]
    pub fn of(headers: &HeaderMap, allowed: &[String], public_url: Option<&str>) -> Self {
        let Some(value) = headers.get(header::ORIGIN) else { return Self::Absent };
        let Some(origin) = value.to_str().ok().filter(|origin| !origin.is_empty()) else { return Self::Foreign };
        let Some(authority) = authority(origin) else { return Self::Foreign };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        if host.is_some_and(|host| host.eq_ignore_ascii_case(authority)) {
            return Self::Own;
        }
        let same = |other: &str| other.trim_end_matches('/').eq_ignore_ascii_case(origin);
        if public_url.is_some_and(same) {
            return Self::Own;
        }
        if allowed.iter().any(|other| same(other)) { Self::Allowed(value.clone()) } else { Self::Foreign }
    }
}

fn authority(origin: &str) -> Option<&str> {
    let (scheme, rest) = origin.split_once("://")?;
    let plain = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    (plain && !rest.is_empty() && !rest.contains(['/', '@', '?', '#'])).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(origin: Option<&str>) -> Origin {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("chat.local:7300"));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        Origin::of(&headers, &["https://web.example".into()], Some("https://chat.example/"))
    }

    #[test]
    fn only_own_and_configured_pages_get_in() {
        assert_eq!(of(None), Origin::Absent);
        assert_eq!(of(Some("http://chat.local:7300")), Origin::Own);
        assert_eq!(of(Some("https://CHAT.local:7300")), Origin::Own);
        assert_eq!(of(Some("https://chat.example")), Origin::Own);
        assert_eq!(of(Some("https://web.example")), Origin::Allowed(HeaderValue::from_static("https://web.example")));
        for foreign in [
            "null",
            "",
            "http://chat.local",
            "http://evil.example",
            "http://chat.local:7300.evil.example",
            "http://chat.local:7300@evil.example",
            "file://",
            "chrome-extension://chat.local:7300",
            "https://web.example.evil.example",
        ] {
            assert_eq!(of(Some(foreign)), Origin::Foreign, "{foreign}");
        }
    }
}
