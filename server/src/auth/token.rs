//! Opaque bearer tokens: 256 random bits, of which the server keeps only the SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use confab_protocol::InviteCode;
use confab_protocol::account::Secret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::store::TokenHash;

/// A new session token.
///
/// # Errors
/// When the operating system has no randomness to give.
pub fn generate() -> Result<Secret, getrandom::Error> {
    random::<32>().map(Secret)
}

/// A new invitation code: 128 bits, since it travels in links and is looked up, not compared.
///
/// # Errors
/// When the operating system has no randomness to give.
pub fn invite_code() -> Result<InviteCode, getrandom::Error> {
    let code = random::<16>()?;
    Ok(code.parse().unwrap_or_else(|_| InviteCode::generate()))
}

/// The form in which a token is kept and looked up.
#[must_use]
pub fn hash(token: &str) -> TokenHash {
    TokenHash(Sha256::digest(token.as_bytes()).into())
}

/// Whether two secrets are the same, in a time that tells nothing about where they differ.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    hash(a).0.ct_eq(&hash(b).0).into()
}

fn random<const N: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_and_differ() {
        let (a, b) = (generate().unwrap(), generate().unwrap());
        assert_eq!(a.0.len(), 43);
        assert_ne!(a, b);
        assert!(same(&a.0, &a.0) && !same(&a.0, &b.0));
    }
}
