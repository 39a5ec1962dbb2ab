use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PSS_SHA256,
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use zeroize::Zeroizing;

use super::jwk::{Jwk, KeyError, Members};
use super::{AccessToken, document};

/// A private key that signs tokens: ES256 with one on P-256, PS256 with RSA.
///
/// ```
/// use countersign_oauth::TokenSigner;
/// use countersign_pki::{Key, KeyKind};
///
/// let key = Key::generate(KeyKind::P256)?;
/// let signer = TokenSigner::from_pkcs8(key.pkcs8_der())?;
/// assert_eq!(signer.public().algorithm().as_str(), "ES256");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TokenSigner {
    key: Key,
    public: Jwk,
    /// The header of its tokens, in base64url.
    header: String,
}

enum Key {
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl TokenSigner {
    /// The key in PKCS#8, DER.
    ///
    /// # Errors
    ///
    /// It is of another kind, or an RSA key below 2048 bits.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let key = Key::from_pkcs8(der)?;
        let public = Jwk::new(key.members()?, None)?;
        let header = BASE64URL_NOPAD.encode(document::write_header(&public).as_bytes());
        Ok(Self {
            key,
            public,
            header,
        })
    }

    /// The key in PKCS#8, as PEM: what stands between `BEGIN PRIVATE KEY` and its end, and nothing else is read.
    ///
    /// # Errors
    ///
    /// There is none, or two, and as [`from_pkcs8`](Self::from_pkcs8).
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let mut parts = pem.split("-----BEGIN PRIVATE KEY-----").skip(1);
        let (Some(key), None) = (parts.next(), parts.next()) else {
            return Err(KeyError::Malformed);
        };
        let (text, _) = key
            .split_once("-----END PRIVATE KEY-----")
            .ok_or(KeyError::Malformed)?;
        let letters: Zeroizing<Vec<u8>> = Zeroizing::new(
            text.bytes()
                .filter(|byte| !byte.is_ascii_whitespace())
                .collect(),
        );
        let der = BASE64.decode(&letters).map(Zeroizing::new);
        Self::from_pkcs8(&der.map_err(|_| KeyError::Malformed)?)
    }

    /// Its public half.
    pub fn public(&self) -> &Jwk {
        &self.public
    }

    /// `token` as a signed JWT (RFC 9068).
    ///
    /// # Errors
    ///
    /// [`KeyError::Signing`]: the library did not sign.
    pub fn sign(&self, token: &AccessToken) -> Result<String, KeyError> {
        self.sign_body(document::write_claims(token).as_bytes())
    }

    fn sign_body(&self, body: &[u8]) -> Result<String, KeyError> {
        let mut text = format!("{}.{}", self.header, BASE64URL_NOPAD.encode(body));
        let signature = self.key.sign(text.as_bytes())?;
        text.push('.');
        BASE64URL_NOPAD.encode_append(&signature, &mut text);
        Ok(text)
    }
}

impl Key {
    fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        if let Ok(key) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der) {
            return Ok(Self::P256(key));
        }
        let rsa = RsaKeyPair::from_pkcs8(der);
        rsa.map(Self::Rsa).map_err(|_| KeyError::Kind)
    }

    fn members(&self) -> Result<Members, KeyError> {
        match self {
            Self::P256(key) => Members::of_p256(key.public_key().as_ref()),
            Self::Rsa(key) => {
                let public = key.public_key();
                let encoded = |octets: &[u8]| BASE64URL_NOPAD.encode(octets);
                Ok(Members::Rsa {
                    n: encoded(public.modulus().big_endian_without_leading_zero()),
                    e: encoded(public.exponent().big_endian_without_leading_zero()),
                })
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        match self {
            Self::P256(key) => key
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec()),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PSS_SHA256, &random, message, &mut signature)
                    .map(|()| signature)
            }
        }
        .map_err(|_| KeyError::Signing)
    }
}

/// Its public half alone.
impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let public = self.public.id();
        write!(f, "TokenSigner({public})")
    }
}
