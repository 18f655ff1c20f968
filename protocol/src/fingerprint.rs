//! How a server's certificate is named where people compare and copy it: in invite links, in announcements, on a page.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The SHA-256 of a certificate in DER, as `openssl x509 -fingerprint -sha256` has it. Written as 64 lower-case hexadecimal
/// digits; read with colons and in upper case too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
#[schemars(with = "String", extend("pattern" = "^[0-9a-f]{64}$"))]
pub struct Fingerprint([u8; 32]);

/// A text that is no fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 64 hexadecimal digits, with or without colons")]
pub struct InvalidFingerprint;

impl From<[u8; 32]> for Fingerprint {
    fn from(sha256: [u8; 32]) -> Self {
        Self(sha256)
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let mut digits = text.trim().bytes().filter(|byte| *byte != b':').map(|byte| char::from(byte).to_digit(16));
        let mut next = || digits.next().flatten().and_then(|digit| u8::try_from(digit).ok()).ok_or(InvalidFingerprint);
        let mut sha256 = [0; 32];
        for byte in &mut sha256 {
            *byte = next()? << 4 | next()?;
        }
        if digits.next().is_some() { Err(InvalidFingerprint) } else { Ok(Self(sha256)) }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = InvalidFingerprint;

    fn try_from(text: String) -> Result<Self, InvalidFingerprint> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_in_which_people_copy_it() {
        let plain = "00ff3a".to_owned() + &"5c".repeat(29);
        let fingerprint: Fingerprint = plain.parse().unwrap();
        assert_eq!(fingerprint.to_string(), plain);
        let pairs: Vec<&str> = (0..64).step_by(2).map(|at| &plain[at..at + 2]).collect();
        assert_eq!(pairs.join(":").to_uppercase().parse(), Ok(fingerprint), "as openssl prints it");
        assert_eq!(format!(" {plain}\n").parse(), Ok(fingerprint));
        let wrong = ["", "5c", &plain[1..], &format!("{plain}0"), &plain.replace('3', "g"), &plain.replace('3', "é")];
        for text in wrong {
            assert_eq!(text.parse::<Fingerprint>(), Err(InvalidFingerprint), "{text:?}");
        }
    }
}
