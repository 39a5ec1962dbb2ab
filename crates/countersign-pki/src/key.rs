//! With which key? A [`Key`]: a private key of any kind that a certificate here may be for.
//!
//! It comes from the operating system's randomness, from a file, or from a [`Seed`](crate::Seed). It
//! prints nothing, and the bytes it keeps are wiped when the last copy of it goes.

mod encrypted;
mod material;
mod pkcs8;

use std::fmt;
use std::sync::Arc;

use rcgen::PublicKeyData;
use zeroize::{Zeroize, Zeroizing};

use crate::error::IssueError;
use crate::pem;

pub(crate) use material::Material;

/// The kinds of key that can be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyKind {
    /// ECDSA on P-256 with SHA-256: small, quick, and read by everything.
    #[default]
    P256,
    /// ECDSA on P-384 with SHA-384.
    P384,
    /// ECDSA on P-521 with SHA-512. Few TLS servers take it from a client.
    P521,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// RSA of 2048 bits; certificates are signed with PKCS#1 v1.5 and SHA-256.
    Rsa2048,
    /// RSA of 3072 bits.
    Rsa3072,
    /// RSA of 4096 bits. Making one takes a second or more.
    Rsa4096,
}

/// A private key. Copies share it.
///
/// ```
/// use countersign_pki::{Key, KeyKind};
///
/// let key = Key::generate(KeyKind::Ed25519)?;
/// assert_eq!(key.kind(), Some(KeyKind::Ed25519));
/// assert_eq!(Key::from_pem(&key.pem())?.public_key_der(), key.public_key_der());
/// assert!(key.encrypted_pem("a password")?.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Key(Arc<Inner>);

struct Inner {
    kind: Option<KeyKind>,
    material: Material,
    /// PKCS#8, version 1.
    pkcs8: Zeroizing<Vec<u8>>,
    public_key: Vec<u8>,
}

impl Key {
    /// Makes a new key from the operating system's randomness.
    ///
    /// # Errors
    /// [`IssueError::Signing`] if the cryptographic library refuses.
    pub fn generate(kind: KeyKind) -> Result<Self, IssueError> {
        let (material, pkcs8) = material::generate(kind)?;
        Ok(Self::new(Some(kind), material, pkcs8))
    }

    /// Reads the first private key of a PEM text: PKCS#8 of either version (RFC 5958), SEC 1
    /// (RFC 5915) or PKCS#1 (RFC 8017), not encrypted.
    ///
    /// An RSA key of a length that cannot sign here, or one on another curve that names its public
    /// half, is read too: a certificate can be made for it, but not with it.
    ///
    /// # Errors
    /// [`IssueError::KeyUnreadable`].
    pub fn from_pem(text: &str) -> Result<Self, IssueError> {
        let (label, der) = pem::private_key(text).ok_or(IssueError::KeyUnreadable {
            reason: "there is no PEM block of an unencrypted private key",
        })?;
        let form = pkcs8::Form::of_label(&label);
        form.and_then(|form| Self::from_form(form, &der))
            .ok_or(IssueError::KeyUnreadable {
                reason: "it is not a private key in PKCS#8, SEC 1 or PKCS#1",
            })
    }

    /// The kind; none for an RSA key of another length and for a key on another curve.
    pub fn kind(&self) -> Option<KeyKind> {
        self.0.kind
    }

    /// PKCS#8 version 1 in PEM: the form that OpenSSL, curl, Python, Java and Go all read. Version 2,
    /// which carries the public key of an Ed25519 key too, is not read by OpenSSL before 3.5.
    pub fn pem(&self) -> Zeroizing<String> {
        Zeroizing::new(pem::encode("PRIVATE KEY", self.pkcs8_der()))
    }

    /// The same as bytes.
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.0.pkcs8
    }

    /// PKCS#8, encrypted under a password (PBES2 of RFC 8018: PBKDF2 with HMAC-SHA-256 and 600,000
    /// rounds, AES-256 in CBC mode), in PEM. This takes a good part of a second, on purpose.
    ///
    /// # Errors
    /// [`IssueError::Signing`] if the cryptographic library refuses.
    pub fn encrypted_pem(&self, password: &str) -> Result<String, IssueError> {
        let der = encrypted::encrypt(self.pkcs8_der(), password, encrypted::ROUNDS)?;
        Ok(pem::encode("ENCRYPTED PRIVATE KEY", &der))
    }

    /// The public half: a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
    pub fn public_key_der(&self) -> &[u8] {
        &self.0.public_key
    }

    /// Whether it signs the same bytes the same way each time: Ed25519 (RFC 8032), RSA with
    /// PKCS#1 v1.5, and P-256 from a [`Seed`](crate::Seed) (RFC 6979).
    pub fn is_deterministic(&self) -> bool {
        self.0.material.is_deterministic()
    }

    pub(crate) fn material(&self) -> &Material {
        &self.0.material
    }

    /// A P-256 key with this private scalar, whose signatures are deterministic.
    pub(crate) fn p256_of(scalar: &[u8]) -> Option<Self> {
        let (material, pkcs8) = material::p256(scalar)?;
        Some(Self::new(Some(KeyKind::P256), material, pkcs8))
    }

    /// The same key, whose signatures are deterministic if it is one for P-256.
    pub(crate) fn repeating(self) -> Self {
        let scalar = self.p256_scalar();
        scalar.and_then(Self::p256_of).unwrap_or(self)
    }

    /// A P-384 key with this private scalar. Its own signatures are not deterministic.
    pub(crate) fn p384_of(scalar: &[u8]) -> Option<Self> {
        let pkcs8 = material::p384(scalar)?;
        Self::from_form(pkcs8::Form::Pkcs8, &pkcs8)
    }

    /// The Ed25519 key with these 32 bytes (RFC 8032, 5.1.5).
    pub(crate) fn ed25519_of(seed: &[u8]) -> Option<Self> {
        Self::from_form(pkcs8::Form::Pkcs8, &pkcs8::ed25519(seed))
    }

    fn from_form(form: pkcs8::Form, der: &[u8]) -> Option<Self> {
        let found = pkcs8::read(form, der)?;
        let (kind, material) = material::load(&found)?;
        Some(Self::new(kind, material, found.pkcs8))
    }

    fn new(kind: Option<KeyKind>, material: Material, pkcs8: Zeroizing<Vec<u8>>) -> Self {
        let public_key = material.subject_public_key_info();
        Self(Arc::new(Inner {
            kind,
            material,
            pkcs8,
            public_key,
        }))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Material::Native(pair) = &mut self.material {
            pair.zeroize();
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.0.kind).finish()
    }
}
