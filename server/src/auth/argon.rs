//! argon2 with memory that goes back to the system.
//!
//! The C library serves an allocation of 19 MiB from the system once, learns from it, and keeps the following ones in the
//! heap of whichever thread asked: after fifty sign-ins the idle server had 200 MB. Above 32 MiB it never learns, so each
//! hash reserves that much; pages that are not touched cost nothing.

use argon2::password_hash::{
    Decimal, Ident, Output, ParamsString, PasswordHash, PasswordHasher, Result as HashResult, Salt,
};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// More than what glibc keeps in a heap of its own (`DEFAULT_MMAP_THRESHOLD_MAX`).
const RESERVED: usize = 33 << 20;

/// Hashes and, by way of `PasswordVerifier`, checks. Its parameters are those of new hashes.
pub struct Hasher(pub Params);

impl PasswordHasher for Hasher {
    type Params = Params;

    fn hash_password_customized<'a>(
        &self,
        password: &[u8],
        algorithm: Option<Ident<'a>>,
        version: Option<Decimal>,
        params: Params,
        salt: impl Into<Salt<'a>>,
    ) -> HashResult<PasswordHash<'a>> {
        let algorithm = algorithm.map_or(Ok(Algorithm::Argon2id), Algorithm::try_from)?;
        let version = version.map_or(Ok(Version::V0x13), Version::try_from)?;
        let salt = salt.into();
        let mut salt_bytes = [0; Salt::MAX_LENGTH];
        let salt_bytes = salt.decode_b64(&mut salt_bytes)?;
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let mut memory = Vec::with_capacity(params.block_count().max(RESERVED / Block::SIZE));
        memory.resize(params.block_count(), Block::new());
        let described = ParamsString::try_from(&params)?;
        let hasher = Argon2::new(algorithm, version, params);
        let hash = Output::init_with(length, |out| {
            Ok(hasher.hash_password_into_with_memory(password, salt_bytes, out, &mut memory)?)
        })?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: described,
            salt: Some(salt),
            hash: Some(hash),
        })
    }

    fn hash_password<'a>(&self, password: &[u8], salt: impl Into<Salt<'a>>) -> HashResult<PasswordHash<'a>> {
        self.hash_password_customized(password, None, None, self.0.clone(), salt)
    }
}
