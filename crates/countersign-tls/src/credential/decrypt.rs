//! How is an encrypted key opened?
//!
//! PKCS#8 under PBES2 (RFC 8018, section 6.2), and the older way of OpenSSL, whose one round of MD5
//! protects little: who can should write such a key again.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, KeyIvInit};
use aes::{Aes128, Aes192, Aes256};
use cbc::Decryptor;
use data_encoding::HEXUPPER_PERMISSIVE;
use des::TdesEde3;
use md5::{Digest, Md5};
use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{Decode, Tag, Tagged};
use pkcs8::{EncryptedPrivateKeyInfoRef, pkcs5};
use rustls::pki_types::PrivateKeyDer;
use zeroize::Zeroizing;

use crate::pem::{LegacyKey, plain_key};
use crate::{CredentialError, Password};

/// Opens EncryptedPrivateKeyInfo (RFC 5958, section 3).
pub(super) fn pkcs8(
    der: &[u8],
    password: &Password,
) -> Result<PrivateKeyDer<'static>, CredentialError> {
    let encrypted = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| unknown())?;
    let scheme = &encrypted.encryption_algorithm;
    let data = encrypted.encrypted_data.as_bytes();
    let opened = scheme
        .decrypt(password.expose(), data)
        .map_err(|error| refusal(&error, scheme))?;
    match is_sequence(&opened) {
        true => Ok(PrivateKeyDer::Pkcs8(opened.into())),
        false => Err(CredentialError::KeyPassword),
    }
}

/// What pkcs8 does not know it does not read either.
fn unknown() -> CredentialError {
    CredentialError::KeyEncryption {
        scheme: "something other than PBES2".to_owned(),
    }
}

fn refusal(error: &pkcs5::Error, scheme: &pkcs5::EncryptionScheme) -> CredentialError {
    let unsupported = |scheme: String| CredentialError::KeyEncryption { scheme };
    match error {
        pkcs5::Error::NoPbes1CryptSupport => unsupported(format!("PBES1 ({})", scheme.oid())),
        pkcs5::Error::UnsupportedAlgorithm { oid }
        | pkcs5::Error::AlgorithmParametersInvalid { oid } => unsupported(oid.to_string()),
        _ => CredentialError::KeyPassword,
    }
}

/// Opens a key below a `DEK-Info` header.
pub(super) fn legacy(
    key: LegacyKey,
    password: &Password,
) -> Result<PrivateKeyDer<'static>, CredentialError> {
    let (cipher, vector) = key.dek_info.split_once(',').unwrap_or((&key.dek_info, ""));
    let vector = HEXUPPER_PERMISSIVE.decode(vector.trim().as_bytes());
    let vector = vector.map_err(|_| CredentialError::Pem)?;
    let open = match cipher.trim() {
        "AES-128-CBC" => open::<Decryptor<Aes128>>,
        "AES-192-CBC" => open::<Decryptor<Aes192>>,
        "AES-256-CBC" => open::<Decryptor<Aes256>>,
        "DES-EDE3-CBC" => open::<Decryptor<TdesEde3>>,
        other => {
            return Err(CredentialError::KeyEncryption {
                scheme: other.escape_debug().to_string(),
            });
        }
    };
    let der = open(password, &vector, key.data).ok_or(CredentialError::KeyPassword)?;
    plain_key(&key.label, der).ok_or(CredentialError::KeyUnusable)
}

fn open<C: KeyIvInit + BlockModeDecrypt>(
    password: &Password,
    vector: &[u8],
    mut data: Vec<u8>,
) -> Option<Vec<u8>> {
    let salt = vector.get(..8)?;
    let key = derive(password, salt, C::key_size());
    let cipher = C::new_from_slices(&key, vector).ok()?;
    let len = cipher.decrypt_padded::<Pkcs7>(&mut data).ok()?.len();
    data.truncate(len);
    is_sequence(&data).then_some(data)
}

/// Whether it is one sequence from its first byte to its last, as every key is: one wrong password in 256 leaves what
/// looks like padding, and something before it.
fn is_sequence(opened: &[u8]) -> bool {
    AnyRef::from_der(opened).is_ok_and(|any| any.tag() == Tag::Sequence)
}

/// OpenSSL's `EVP_BytesToKey` with MD5 and one round.
fn derive(password: &Password, salt: &[u8], len: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::new());
    let mut last = Vec::new();
    while key.len() < len {
        let digest = Md5::new()
            .chain_update(&last)
            .chain_update(password.expose())
            .chain_update(salt);
        last = digest.finalize().to_vec();
        key.extend_from_slice(&last);
    }
    key.truncate(len);
    key
}

#[cfg(test)]
mod tests {
    use pkcs8::der::Encode;
    use pkcs8::der::asn1::OctetStringRef;
    use pkcs8::pkcs5::pbes2;

    use super::*;

    #[test]
    fn a_wrong_password_is_told_as_one_whatever_it_leaves() {
        let scheme = pbes2::Parameters::generate_pbkdf2_sha256_aes128cbc(1, &[7; 8], [9; 16]);
        let scheme = scheme.unwrap();
        let key = [&[0x30, 46][..], &[0; 46]].concat();
        let data = scheme.encrypt("changeit", &key).unwrap();
        let sealed = EncryptedPrivateKeyInfoRef {
            encryption_algorithm: scheme.clone().into(),
            encrypted_data: OctetStringRef::new(&data).unwrap(),
        };
        let sealed = sealed.to_der().unwrap();
        let opened = pkcs8(&sealed, &"changeit".into()).unwrap();
        assert_eq!(opened.secret_der(), key);
        let mut padded = 0;
        for number in 0..2000 {
            let wrong = format!("changed-{number}");
            padded += u32::from(scheme.decrypt(&wrong, &data).is_ok());
            let error = pkcs8(&sealed, &wrong.as_str().into()).unwrap_err();
            assert_eq!(error, CredentialError::KeyPassword, "{wrong}");
        }
        assert!(padded > 0);
    }

    /// `openssl enc -aes-256-cbc -md md5 -k changeit -S 0102030405060708 -P`.
    #[test]
    fn the_key_of_the_older_way_is_derived_as_openssl_does() {
        let key = derive(&"changeit".into(), &[1, 2, 3, 4, 5, 6, 7, 8], 32);
        assert_eq!(
            HEXUPPER_PERMISSIVE.encode(&key),
            "ADEA38067CD4060A485B36FABDF11C05FCD595D172964B0A329CEE451A31B7CC"
        );
    }
}
