//! How is a private key kept under a password? PBES2 (RFC 8018, 6.2), as OpenSSL 3.0 reads it.
//!
//! Not with scrypt, which OpenSSL refuses at the usual cost for the memory that it takes.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{AES_256, AES_256_KEY_LEN, DecryptionContext};
use aws_lc_rs::cipher::{PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::pbkdf2;
use pkcs8::EncryptedPrivateKeyInfoRef;
use zeroize::Zeroizing;

use crate::der;
use crate::error::IssueError;

/// What OWASP asks of PBKDF2 with HMAC-SHA-256.
pub(super) const ROUNDS: NonZeroU32 = match NonZeroU32::new(600_000) {
    Some(rounds) => rounds,
    None => NonZeroU32::MAX,
};

const PBES2: &[u64] = &[1, 2, 840, 113549, 1, 5, 13];
const PBKDF2: &[u64] = &[1, 2, 840, 113549, 1, 5, 12];
const HMAC_SHA256: &[u64] = &[1, 2, 840, 113549, 2, 9];
const AES_256_CBC: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 1, 42];

/// EncryptedPrivateKeyInfo (RFC 5958, 3).
pub(super) fn encrypt(
    pkcs8: &[u8],
    password: &str,
    rounds: NonZeroU32,
) -> Result<Vec<u8>, IssueError> {
    let salt: [u8; 16] = rand::random();
    let mut key = Zeroizing::new([0; AES_256_KEY_LEN]);
    let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
    pbkdf2::derive(algorithm, rounds, &salt, password.as_bytes(), &mut *key);
    let (vector, ciphertext) = seal(&*key, pkcs8).map_err(|_| IssueError::Signing {
        reason: "AES-256-CBC failed".to_owned(),
    })?;
    let scheme = identifier(PBES2, &parameters(&salt, rounds, &vector));
    let data = der::value(der::OCTET_STRING, ciphertext);
    Ok(der::sequence([scheme, data]))
}

/// Opens an EncryptedPrivateKeyInfo, whoever wrote it.
pub(super) fn decrypt(der: &[u8], password: &str) -> Result<Zeroizing<Vec<u8>>, IssueError> {
    let unreadable = |reason| IssueError::KeyUnreadable { reason };
    let info = EncryptedPrivateKeyInfoRef::try_from(der);
    let info = info.map_err(|_| unreadable("it is not encrypted as PKCS#8 has it"))?;
    let key = info.decrypt(password);
    let key = key.map_err(|_| unreadable("the password does not open it"))?;
    Ok(Zeroizing::new(key.as_bytes().to_vec()))
}

/// The initialisation vector and the ciphertext.
fn seal(key: &[u8], plain: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Unspecified> {
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, key)?)?;
    // Grown beforehand, so that no copy of the key is left behind by a reallocation.
    let mut data = Vec::with_capacity(plain.len() + 16);
    data.extend_from_slice(plain);
    match key.encrypt(&mut data)? {
        DecryptionContext::Iv128(vector) => Ok((vector.as_ref().to_vec(), data)),
        _ => Err(Unspecified),
    }
}

fn parameters(salt: &[u8], rounds: NonZeroU32, vector: &[u8]) -> Vec<u8> {
    let derivation = der::sequence([
        der::value(der::OCTET_STRING, salt),
        der::integer(&rounds.get().to_be_bytes()),
        identifier(HMAC_SHA256, &der::NULL),
    ]);
    let cipher = identifier(AES_256_CBC, &der::value(der::OCTET_STRING, vector));
    der::sequence([identifier(PBKDF2, &derivation), cipher])
}

fn identifier(oid: &[u64], parameters: &[u8]) -> Vec<u8> {
    der::sequence([der::oid(oid).as_slice(), parameters])
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::cipher::PaddedBlockDecryptingKey;

    use super::*;
    use crate::der::Element;

    #[test]
    fn the_password_opens_what_it_closed() {
        let rounds = NonZeroU32::new(7).unwrap();
        let der = encrypt(b"the key", "secret", rounds).unwrap();
        let fields = Element::only(&der).unwrap().children().unwrap();
        let scheme = fields[0].children().unwrap()[1].children().unwrap();
        let salt = scheme[0].children().unwrap()[1].children().unwrap()[0].content;
        let vector = scheme[1].children().unwrap()[1].content;
        let mut key = [0; 32];
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            rounds,
            salt,
            b"secret",
            &mut key,
        );
        let key = UnboundCipherKey::new(&AES_256, &key).unwrap();
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).unwrap();
        let context = DecryptionContext::Iv128(<[u8; 16]>::try_from(vector).unwrap().into());
        let mut data = fields[1].content.to_vec();
        assert_eq!(key.decrypt(&mut data, context).unwrap(), b"the key");
    }
}
